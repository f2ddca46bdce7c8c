"""Feed positions as lines for one reader: state-based, each row as it is now, and only what is theirs to see."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from .. import clock, records
from ..domain.model import Hop, Person, Ticket
from ..domain.scope import groups_of_person, groups_of_ticket
from ..domain.terms import HopState, Role, Tier, Visibility, term
from ..sync.wire import Line
from . import sql
from . import world as setup
from .scope import FIXED

Ref = tuple[str, str]
"""(entity, id)."""

OF_TICKET = ("hop", "entry", "conflict")
"""Entities that come and go with their ticket."""

_LIVE_HOPS = sql.listed("SELECT ticket, tier FROM hop WHERE ticket IN :ids AND state <> 'returned'")
_TICKET_GROUPS = sql.listed("SELECT id, queue, owner, closed_at FROM ticket WHERE id IN :ids")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, with the groups as of now."""

    person: Person
    groups: frozenset[str]

    @classmethod
    def of(cls, person: Person) -> "Reader":
        return cls(person, groups_of_person(person))

    @property
    def public(self) -> bool:
        """The customer's own people never get internal entries, nor who was asked for help and why."""
        return self.person.role == Role.CUSTOMER


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
        elif row is not None and _sees(reader, entity, row, visible):
            out.append(Line(t="put", entity=entity, id=id, seq=seq, d=_document(entity, row)))
        elif effect == "leave":
            out.append(Line(t="leave", entity=entity, id=id, seq=seq))
    return out


def visible_tickets(conn: Connection, reader: Reader, ids: Iterable[str], now: datetime) -> set[str]:
    """Those of `ids` that belong to one of the reader's groups now."""
    wanted = set(ids)
    hops: dict[str, list[Hop]] = {}
    for row in sql.by_ids(conn, _LIVE_HOPS, wanted):
        hops.setdefault(row["ticket"], []).append(_hop(row["ticket"], row["tier"], now))
    return {
        row["id"]
        for row in sql.by_ids(conn, _TICKET_GROUPS, wanted)
        if not reader.groups.isdisjoint(groups_of_ticket(_ticket(row, now), hops.get(row["id"], ()), now))
    }


def gone(conn: Connection, reader: Reader, refs: Iterable[Ref], now: datetime) -> list[Ref]:
    """Those of `refs` that the reader may not hold any more; a ticket's timeline goes with it and isn't named."""
    asked = [ref for ref in refs if ref[0] not in OF_TICKET]
    visible = visible_tickets(conn, reader, (id for entity, id in asked if entity == "ticket"), now)
    return [
        (entity, id)
        for entity, id in asked
        if (id not in visible if entity == "ticket" else reader.groups.isdisjoint(FIXED.get(entity, frozenset())))
    ]


def _sees(reader: Reader, entity: str, row: Mapping[str, Any], visible: set[str]) -> bool:
    if entity == "ticket":
        return row["id"] in visible
    if reader.public and (
        entity in ("hop", "conflict") or (entity == "entry" and row["visibility"] != Visibility.PUBLIC)
    ):
        return False
    if entity in OF_TICKET:
        return row["ticket"] in visible
    return not reader.groups.isdisjoint(FIXED.get(entity, frozenset()))


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


def _document(entity: str, row: Mapping[str, Any]) -> dict[str, Any]:
    kind = records.ENTITIES.get(entity)
    return dict(row) if kind is None else records.row_to_wire(kind, row)


def _ticket(row: Mapping[str, Any], now: datetime) -> Ticket:
    """As much of a ticket as its groups depend on: whole ones cost more than the page they stand in."""
    closed = row["closed_at"]
    return Ticket(
        id=row["id"],
        subject="",
        queue=row["queue"],
        owner=row["owner"],
        contact_at=now,
        created_at=now,
        updated_at=now,
        closed_at=None if closed is None else clock.from_ms(closed),
    )


def _hop(ticket: str, tier: str, now: datetime) -> Hop:
    known = term(Tier, tier)
    return Hop(
        id="",
        ticket=ticket,
        from_tier=known,
        tier=known,
        state=HopState.OPEN,
        reason="",
        raised_by="",
        raised_at=now,
    )
