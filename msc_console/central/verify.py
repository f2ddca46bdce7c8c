"""What a laptop should hold, as digests: a self-check of the feed, read at one moment with the laptop's position.

Counted is what a reader receives (`delta`), and of tickets closed so long ago that they leave the laptops nothing.
The timeline of closed tickets is left out, since a laptop may fetch it on demand or not at all.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from .. import digest, records
from ..digest import Digest
from ..domain.model import Person
from ..sync.wire import Line
from . import access, changes, delta, feed, world
from .access import OF_TICKET, Reader
from .cursors import Desk
from .db import Central
from .world import SET_UP


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
        for entity in SET_UP:
            if (line := _document(conn, reader, entity, now)) is not None:
                pairs = [(entity, digest.version_of(line.d))]
                found[entity] = Sum(digest.whole(pairs), digest.spread(pairs) if entity in buckets else ())
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
        if entity in SET_UP:
            line = _document(conn, reader, entity, now) if digest.bucket_of(entity) in wanted else None
            return [line] if line is not None else [], current
        ids = [id for id, _ in _pairs(conn, reader, entity, now) if digest.bucket_of(id) in wanted]
        lines = delta.lines(conn, reader, {(entity, id): (0, "put") for id in ids}, now)
        return [line for line in lines if line.t == "put"], current


def _document(conn: Connection, reader: Reader, entity: str, now: datetime) -> Line | None:
    """A part of the set-up as the reader was told it last; None when they never were."""
    id = world.newest(conn, entity)
    lines = [] if id is None else delta.lines(conn, reader, {(entity, id): (0, "put")}, now)
    return next((line for line in lines if line.t == "put"), None)


def _at_head(conn: Connection, reader: Reader, cursor: str) -> bool:
    head = feed.head(conn)
    place = Desk(conn, head.generation, reader.person.id, reader.sight.name).open(cursor, head.horizon)
    return changes.at_head(conn, reader, place, head.seq)


def _pairs(conn: Connection, reader: Reader, entity: str, now: datetime) -> Iterator[tuple[str, int]]:
    """(id, version) of all rows of an entity that are the reader's."""
    open_ = "t.closed_at IS NULL" if entity in OF_TICKET else ""
    return ((row.id, row.ver) for row in access.scoped_query(conn, reader, entity, "r.id, r.ver", now, open_))
