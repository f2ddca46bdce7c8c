"""What a first pull holds, as packed parts: the set-up first, then open tickets with their timelines, the newest first,
customers, and closed tickets by age without timelines.

A part is NDJSON of `put` lines and an `end` line that counts them, in one zstd frame. All parts of a cut are read in
one transaction.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam

from .. import clock, packing, records
from ..domain.rights import Sight
from ..domain.scope import own_group, queue_group
from ..sync.wire import PART_BYTES, Line
from . import access, sql
from . import world as setup
from .access import OF_TICKET, Reader, View
from .scope import FIXED

PART_ROWS = 5_000
"""Rows after which a part ends."""
PIECE = 256 * 1024
"""Bytes of lines that are packed at a time."""
_FULL = PART_BYTES // 2
"""Packed bytes after which a part ends: one more row fits whatever it holds."""
_RAW = 16 * 1024 * 1024
BATCH = 1_000
"""Tickets that are read at a time."""
_SETUP = ("person", "queue", "service", "article")
_CUSTOMERS = ("organisation", "contact")
_encode = msgspec.json.Encoder().encode
_iso = lru_cache(maxsize=4096)(clock.iso_ms)


class Cut(NamedTuple):
    """A finished part."""

    entities: tuple[str, ...]
    rows: int
    sha256: str
    body: bytes


class Row(NamedTuple):
    """One `put` line as JSON."""

    entity: str
    line: bytes


def audience_of(reader: Reader) -> View:
    """What readers of one shared cut have in common: their groups without their own, and the kind of view."""
    return View(frozenset(group for group in reader.groups if not group.startswith(own_group(""))), reader.sight)


def digest(audience: View, generation: str) -> str:
    """The same for the same audience of the same generation."""
    told = "|".join((generation, audience.sight.name, *sorted(audience.groups)))
    return hashlib.sha256(told.encode()).hexdigest()


def shared(conn: Connection, audience: View, now: datetime) -> Iterator[Cut]:
    """The parts for every reader of an audience. The set-up ends a part of its own."""
    yield from _parts(_rows_of_setup(conn, audience, now))
    found = access.scoped_query(conn, audience, "ticket", "r.id, r.updated_at, r.closed_at", now).all()
    open_ = sorted((-row.updated_at, row.id) for row in found if row.closed_at is None)
    over = sorted((-row.closed_at, row.id) for row in found if row.closed_at is not None)
    yield from _parts(_with_timelines(conn, audience, [id for _, id in open_], now))
    yield from _parts(_rows_of(conn, _CUSTOMERS, audience, now))
    yield from _parts(_bare(conn, audience, [id for _, id in over], now))


def own(conn: Connection, reader: Reader, now: datetime) -> Iterator[Cut]:
    """The parts for one reader alone: the open tickets they hold, and what they hold outside their queues."""
    mine = View(reader.groups & {own_group(reader.person.id)}, reader.sight)
    newest = " ORDER BY r.updated_at DESC, r.id"
    found = access.scoped_query(conn, mine, "ticket", "r.id, r.queue, r.closed_at", now, tail=newest).all()
    queues = set(reader.named(queue_group("")))
    open_ = [row.id for row in found if row.closed_at is None]
    over = [row.id for row in found if row.closed_at is not None and row.queue not in queues]
    yield from _parts(_with_timelines(conn, mine, open_, now))
    yield from _parts(_bare(conn, mine, over, now))


def timeline(conn: Connection, reader: Reader, ticket: str, now: datetime) -> list[bytes]:
    """What belongs to one ticket beside the ticket itself, as lines."""
    return [row.line for row in _belongings(conn, reader, [ticket], now)]


_DOCUMENTS = sql.listed("SELECT DISTINCT entity, id FROM change_group WHERE group_id IN :ids AND entity IN :documents")


def _rows_of_setup(conn: Connection, audience: View, now: datetime) -> Iterator[Row]:
    kept = [name for name in FIXED if name not in records.ENTITIES]
    statement = _DOCUMENTS.bindparams(bindparam("documents", expanding=True))
    refs = conn.execute(statement, {"ids": sorted(audience.groups), "documents": kept}).all()
    for entity in sorted({entity for entity, _ in refs}):
        ids = sorted(id for of, id in refs if of == entity)
        for id, document in setup.documents(conn, entity, ids).items():
            yield Row(entity, _encode(Line(t="put", entity=entity, id=id, d=document)))
    yield from _rows_of(conn, _SETUP, audience, now)


def _rows_of(conn: Connection, entities: Iterable[str], audience: View, now: datetime) -> Iterator[Row]:
    """All rows of entities whose groups are fixed, where these are the audience's."""
    for entity in entities:
        last, tail = "", f" ORDER BY r.id LIMIT {BATCH}"
        while rows := access.scoped_query(
            conn, audience, entity, _columns(entity), now, "r.id > :last", tail, last=last
        ).all():
            yield from _encoded(entity, rows, audience.sight)
            last = rows[-1].id


def _with_timelines(conn: Connection, audience: View, ids: Sequence[str], now: datetime) -> Iterator[Row]:
    for some in _batches(ids):
        yield from _bare(conn, audience, some, now)
        yield from _belongings(conn, audience, some, now)


def _bare(conn: Connection, audience: View, ids: Sequence[str], now: datetime) -> Iterator[Row]:
    """Tickets in the order of `ids`."""
    for some in _batches(ids):
        found = access.scoped_query(conn, audience, "ticket", _columns("ticket"), now, "r.id IN :ids", ids=list(some))
        rows = {row.id: row for row in found}
        yield from _encoded("ticket", [rows[id] for id in some], audience.sight)


def _belongings(conn: Connection, audience: View, ids: Sequence[str], now: datetime) -> Iterator[Row]:
    """What comes and goes with tickets."""
    for entity in OF_TICKET:
        found = access.scoped_query(conn, audience, entity, _columns(entity), now, "r.ticket IN :ids", ids=list(ids))
        yield from _encoded(entity, found.all(), audience.sight)


@cache
def _columns(entity: str) -> str:
    return ", ".join(f'r."{name}"' for name in records.columns(records.ENTITIES[entity]))


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _encoded(entity: str, rows: Iterable[Any], sight: Sight) -> Iterator[Row]:
    """Rows of the database as lines, as `records.row_to_wire` has them: JSON that is stored as text goes as it is."""
    names, turned = _shape(entity)
    for row in rows:
        document = {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for name, turn in turned:
            if name in document:
                document[name] = turn(document[name])
        if extra := document.pop(records.EXTRA, None):
            document.update(json.loads(extra))
        yield Row(entity, _encode(Line(t="put", entity=entity, id=row.id, d=access.shown(sight, entity, document))))


@cache
def _shape(entity: str) -> tuple[tuple[str, ...], list[tuple[str, Callable[[Any], Any]]]]:
    kind = records.ENTITIES[entity]
    turns: dict[str, Callable[[Any], Any]] = {"time": _iso, "flag": bool, "json": _raw}
    return records.columns(kind), [
        (name, turns[shape]) for name, shape in records.shapes(kind).items() if shape in turns
    ]


def _raw(stored: str) -> Any:
    return json.loads(stored) if "\n" in stored else msgspec.Raw(stored.encode())


def _parts(rows: Iterator[Row]) -> Iterator[Cut]:
    """Rows packed into parts; nothing for no rows."""
    import zstandard

    packer: Any = None
    for row in rows:
        if packer is None:
            packer = zstandard.ZstdCompressor(level=packing.LEVEL).compressobj()
            entities: set[str] = set()
            piece, body, count, raw = bytearray(), bytearray(), 0, 0
        entities.add(row.entity)
        piece += row.line
        piece += b"\n"
        count += 1
        if len(piece) >= PIECE:
            raw += len(piece)
            body += packer.compress(bytes(piece)) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
            piece.clear()
        if count >= PART_ROWS or raw >= _RAW or len(body) >= _FULL:
            yield _ended(packer, entities, piece, body, count)
            packer = None
    if packer is not None:
        yield _ended(packer, entities, piece, body, count)


def _ended(packer: Any, entities: set[str], piece: bytearray, body: bytearray, count: int) -> Cut:
    piece += _encode(Line(t="end", rows=count))
    whole = bytes(body) + packer.compress(bytes(piece)) + packer.flush()
    return Cut(tuple(sorted(entities)), count, hashlib.sha256(whole).hexdigest(), whole)
