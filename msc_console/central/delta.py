"""Feed positions as lines for one reader: state-based, each row as it is now, and only what is theirs to see."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from .. import records
from ..sync.wire import Line
from . import access, sql
from . import world as setup
from .access import OF_TICKET, Reader

Ref = tuple[str, str]
"""(entity, id)."""


def lines(conn: Connection, reader: Reader, news: Mapping[Ref, tuple[int, str]], now: datetime) -> list[Line]:
    """The lines of feed rows: `news` gives each row's newest (seq, effect), in feed order.

    A `put` of a row that the reader may not see any more says nothing: its `leave` stands further on in the feed.
    """
    found = _documents(conn, [ref for ref, (_, effect) in news.items() if effect != "del"])
    tickets = {id for entity, id in news if entity == "ticket"}
    tickets |= {row["ticket"] for (entity, _), row in found.items() if entity in OF_TICKET}
    visible = visible_tickets(conn, reader, tickets, now)
    out: list[Line] = []
    for (entity, id), (seq, effect) in news.items():
        row = found.get((entity, id))
        if effect == "del" or (row is None and entity not in OF_TICKET and effect == "put"):
            out.append(Line(t="del", entity=entity, id=id, seq=seq))
        elif row is not None and access.sees(reader, entity, row, visible):
            out.append(Line(t="put", entity=entity, id=id, seq=seq, d=_document(reader, entity, row)))
        elif effect == "leave":
            out.append(Line(t="leave", entity=entity, id=id, seq=seq))
    return out


def visible_tickets(conn: Connection, reader: Reader, ids: Iterable[str], now: datetime) -> set[str]:
    """Those of `ids` that belong to one of the reader's groups now."""
    return {
        row.id
        for some in sql.portions(ids)
        for row in access.scoped_query(conn, reader, "ticket", "r.id", now, "r.id IN :ids", ids=some)
    }


def gone(conn: Connection, reader: Reader, refs: Iterable[Ref], now: datetime) -> list[Ref]:
    """Those of `refs` that the reader may not hold any more; a ticket's timeline goes with it and isn't named."""
    asked = [ref for ref in refs if ref[0] not in OF_TICKET]
    visible = visible_tickets(conn, reader, (id for entity, id in asked if entity == "ticket"), now)
    return [
        (entity, id) for entity, id in asked if (id not in visible if entity == "ticket" else not reader.fixed(entity))
    ]


def _documents(conn: Connection, refs: Iterable[Ref]) -> dict[Ref, Mapping[str, Any]]:
    """The rows of refs that are there."""
    by_entity: dict[str, list[str]] = {}
    for entity, id in refs:
        by_entity.setdefault(entity, []).append(id)
    found: dict[Ref, Mapping[str, Any]] = {}
    for entity, ids in by_entity.items():
        if entity in records.ENTITIES:
            statement = sql.select(entity, "id IN :ids")
            found |= {(entity, row["id"]): row for row in sql.by_ids(conn, statement, ids)}
        else:
            found |= {(entity, id): row for id, row in setup.documents(conn, entity, ids).items()}
    return found


def _document(reader: Reader, entity: str, row: Mapping[str, Any]) -> dict[str, Any]:
    kind = records.ENTITIES.get(entity)
    return dict(row) if kind is None else access.shown(reader.sight, entity, records.row_to_wire(kind, row))
