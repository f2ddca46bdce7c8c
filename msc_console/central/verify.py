"""What a laptop should hold, as digests: a self-check of the feed, read at one moment with the laptop's position.

Counted is what a reader receives (`delta`), and of tickets closed so long ago that they leave the laptops nothing.
The timeline of closed tickets is left out, since a laptop may fetch it on demand or not at all.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, String, TextClause, bindparam, text

from .. import clock, digest, records
from ..digest import Digest
from ..domain.model import Person
from ..domain.scope import KEEP_CLOSED, own_group, queue_group, tier_group
from ..domain.terms import Visibility
from ..sync.wire import Line
from . import changes, delta, feed
from .cursors import Desk
from .db import Central
from .delta import OF_TICKET, Reader
from .scope import FIXED

_MINE = (
    "(t.queue IN :queues OR t.owner IN :owners OR EXISTS "
    "(SELECT 1 FROM hop h WHERE h.ticket = t.id AND h.state <> 'returned' AND h.tier IN :tiers))"
)
_LISTS = ("queues", "owners", "tiers")


class Sum(NamedTuple):
    """The digest of an entity's rows, and of its buckets where they were asked for."""

    whole: Digest
    buckets: Sequence[Digest] = ()


def sums(
    central: Central, person: Person, cursor: str, buckets: Collection[str], now: datetime
) -> dict[str, Sum] | None:
    """Entity -> what a laptop of `person` that has read up to `cursor` should hold; None when there is news behind it.

    CursorExpired when the cursor is void.
    """
    with central.read() as conn:
        reader = Reader.of(person)
        if not _at_head(conn, reader, cursor):
            return None
        found = {}
        for entity in records.ENTITIES:
            pairs = list(_pairs(conn, reader, entity, now))
            parts = digest.spread(pairs) if entity in buckets else ()
            found[entity] = Sum(digest.whole(pairs), parts)
        return found


def rows(
    central: Central, person: Person, cursor: str, entity: str, buckets: Collection[int], now: datetime
) -> tuple[list[Line], bool]:
    """The reader's rows of an entity that are in some buckets, as puts; and whether the cursor stands at the end.

    CursorExpired when the cursor is void.
    """
    with central.read() as conn:
        reader = Reader.of(person)
        current = _at_head(conn, reader, cursor)
        wanted = set(buckets)
        ids = [id for id, _ in _pairs(conn, reader, entity, now) if digest.bucket_of(id) in wanted]
        lines = delta.lines(conn, reader, {(entity, id): (0, "put") for id in ids}, now)
        return [line for line in lines if line.t == "put"], current


def _at_head(conn: Connection, reader: Reader, cursor: str) -> bool:
    head = feed.head(conn)
    place = Desk(conn, head.generation, reader.person.id, "public" if reader.public else "whole").open(
        cursor, head.horizon
    )
    return changes.at_head(conn, reader, place, head.seq)


def _pairs(conn: Connection, reader: Reader, entity: str, now: datetime) -> Iterator[tuple[str, int]]:
    """(id, version) of all rows of an entity that are the reader's."""
    if entity == "ticket" or entity in OF_TICKET:
        statement = _statement(entity, reader.public)
        if statement is not None:
            binds: dict[str, Any] = {name: _named(reader, name) for name in _LISTS}
            if entity == "ticket":
                binds["cut"] = clock.to_ms(now - KEEP_CLOSED)
            for id, ver in conn.execute(statement, binds):
                yield id, ver
    elif not reader.groups.isdisjoint(FIXED.get(entity, frozenset())):
        for id, ver in conn.execute(text(f'SELECT id, ver FROM "{entity}"')):
            yield id, ver


def _statement(entity: str, public: bool) -> TextClause | None:
    """The pairs of tickets or of a part of them; None for a part that a reader of this kind never gets."""
    if entity == "ticket":
        told = f"SELECT t.id, t.ver FROM ticket t WHERE (t.closed_at IS NULL OR t.closed_at >= :cut) AND {_MINE}"
    elif public and entity != "entry":
        return None
    else:
        told = (
            f"SELECT p.id, p.ver FROM {entity} p JOIN ticket t ON t.id = p.ticket WHERE t.closed_at IS NULL AND {_MINE}"
        )
        told += f" AND p.visibility = '{Visibility.PUBLIC}'" if public else ""
    return text(told).bindparams(*(bindparam(name, expanding=True, type_=String()) for name in _LISTS))


def _named(reader: Reader, kind: str) -> list[str]:
    """The keys of the reader's groups of one kind."""
    prefix = {"queues": queue_group(""), "owners": own_group(""), "tiers": tier_group("")}[kind]
    return sorted(group.removeprefix(prefix) for group in reader.groups if group.startswith(prefix))
