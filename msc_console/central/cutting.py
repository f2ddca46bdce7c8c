"""What a first pull holds, as packed parts: the set-up first, then open tickets with their timelines, the newest first,
customers, and closed tickets by age without timelines.

A part is NDJSON of `put` lines and an `end` line that counts them, in one zstd frame. All parts of a cut are read in
one transaction.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, text

from .. import clock, packing, records
from ..domain.scope import KEEP_CLOSED
from ..domain.terms import HopState, Visibility
from ..sync.wire import PART_BYTES, Line
from . import sql
from . import world as setup
from .delta import OF_TICKET, Reader
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


@dataclass(frozen=True, slots=True)
class Audience:
    """What readers of one shared cut have in common: their groups without their own, and the kind of view."""

    groups: frozenset[str]
    public: bool

    @classmethod
    def of(cls, reader: Reader) -> "Audience":
        """The audience that a reader belongs to."""
        return cls(frozenset(group for group in reader.groups if not group.startswith("own:")), reader.public)

    def digest(self, generation: str) -> str:
        """The same for the same audience of the same generation."""
        told = "|".join((generation, "public" if self.public else "whole", *sorted(self.groups)))
        return hashlib.sha256(told.encode()).hexdigest()

    def named(self, kind: str) -> list[str]:
        """The names within the groups of a kind (`queue`, `tier`)."""
        return sorted(group.partition(":")[2] for group in self.groups if group.startswith(f"{kind}:"))


def shared(conn: Connection, audience: Audience, now: datetime) -> Iterator[Cut]:
    """The parts for every reader of an audience. The set-up ends a part of its own."""
    yield from _parts(_rows_of_setup(conn, audience))
    open_, over = _tickets(conn, audience, now)
    yield from _parts(_with_timelines(conn, open_, audience.public))
    yield from _parts(_rows_of(conn, _CUSTOMERS, audience))
    yield from _parts(_bare(conn, over))


def own(conn: Connection, reader: Reader, now: datetime) -> Iterator[Cut]:
    """The parts for one reader alone: the open tickets they hold, and what they hold outside their queues."""
    audience = Audience.of(reader)
    found = conn.execute(_OWNED, {"me": reader.person.id, "since": clock.to_ms(now - KEEP_CLOSED)}).all()
    queues = set(audience.named("queue"))
    open_ = [row.id for row in found if row.closed_at is None]
    over = [row.id for row in found if row.closed_at is not None and row.queue not in queues]
    yield from _parts(_with_timelines(conn, open_, audience.public))
    yield from _parts(_bare(conn, over))


def timeline(conn: Connection, ticket: str, public: bool) -> list[bytes]:
    """What belongs to one ticket beside the ticket itself, as lines."""
    return [row.line for row in _belongings(conn, [ticket], public)]


_OWNED = text(
    "SELECT id, queue, closed_at FROM ticket WHERE owner = :me AND (closed_at IS NULL OR closed_at >= :since) "
    "ORDER BY updated_at DESC, id"
)
_IN_QUEUES = sql.listed(
    "SELECT id, updated_at, closed_at FROM ticket WHERE queue IN :ids AND (closed_at IS NULL OR closed_at >= :since)"
)
_AT_TIERS = sql.listed(
    "SELECT id, updated_at, closed_at FROM ticket WHERE (closed_at IS NULL OR closed_at >= :since) "
    f"AND id IN (SELECT ticket FROM hop WHERE tier IN :ids AND state <> '{HopState.RETURNED.value}')"
)
_DOCUMENTS = sql.listed("SELECT DISTINCT entity, id FROM change_group WHERE group_id IN :ids AND entity IN :documents")


def _tickets(conn: Connection, audience: Audience, now: datetime) -> tuple[list[str], list[str]]:
    """Ids of the tickets of the audience's groups, as `domain.scope` says: open ones and those that are over."""
    since = clock.to_ms(now - KEEP_CLOSED)
    found: dict[str, tuple[int, int | None]] = {}
    for statement, names in ((_IN_QUEUES, audience.named("queue")), (_AT_TIERS, audience.named("tier"))):
        if names:
            for id, updated, closed in conn.execute(statement, {"ids": names, "since": since}):
                found[id] = (updated, closed)
    open_ = sorted((-updated, id) for id, (updated, closed) in found.items() if closed is None)
    over = sorted((-closed, id) for id, (_, closed) in found.items() if closed is not None)
    return [id for _, id in open_], [id for _, id in over]


def _rows_of_setup(conn: Connection, audience: Audience) -> Iterator[Row]:
    kept = [name for name in FIXED if name not in records.ENTITIES]
    statement = _DOCUMENTS.bindparams(bindparam("documents", expanding=True))
    refs = conn.execute(statement, {"ids": sorted(audience.groups), "documents": kept}).all()
    for entity in sorted({entity for entity, _ in refs}):
        ids = sorted(id for of, id in refs if of == entity)
        for id, document in setup.documents(conn, entity, ids).items():
            yield Row(entity, _encode(Line(t="put", entity=entity, id=id, d=document)))
    yield from _rows_of(conn, _SETUP, audience)


def _rows_of(conn: Connection, entities: Iterable[str], audience: Audience) -> Iterator[Row]:
    """All rows of entities whose groups are fixed, where these are the audience's."""
    for entity in entities:
        if audience.groups & FIXED[entity]:
            last = ""
            statement = sql.select(entity, "id > :last", f" ORDER BY id LIMIT {BATCH}")
            while rows := conn.execute(statement, {"last": last}).all():
                yield from _encoded(entity, rows)
                last = rows[-1].id


def _with_timelines(conn: Connection, ids: Sequence[str], public: bool) -> Iterator[Row]:
    for some in _batches(ids):
        yield from _bare(conn, some)
        yield from _belongings(conn, some, public)


def _bare(conn: Connection, ids: Sequence[str]) -> Iterator[Row]:
    """Tickets in the order of `ids`."""
    statement = sql.select("ticket", "id IN :ids")
    for some in _batches(ids):
        rows = {row.id: row for row in conn.execute(statement, {"ids": some})}
        yield from _encoded("ticket", [rows[id] for id in some])


def _belongings(conn: Connection, ids: Sequence[str], public: bool) -> Iterator[Row]:
    """What comes and goes with tickets; the customer's own people get public entries alone (`delta`)."""
    for entity in OF_TICKET:
        if not public:
            statement = sql.select(entity, "ticket IN :ids")
            yield from _encoded(entity, conn.execute(statement, {"ids": list(ids)}).all())
        elif entity == "entry":
            statement = sql.select(entity, "ticket IN :ids AND visibility = :seen")
            binds = {"ids": list(ids), "seen": Visibility.PUBLIC.value}
            yield from _encoded(entity, conn.execute(statement, binds).all())


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _encoded(entity: str, rows: Iterable[Any]) -> Iterator[Row]:
    """Rows of the database as lines, as `records.row_to_wire` has them: JSON that is stored as text goes as it is."""
    names, turned = _shape(entity)
    for row in rows:
        document = {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for name, turn in turned:
            if name in document:
                document[name] = turn(document[name])
        if extra := document.pop(records.EXTRA, None):
            document.update(json.loads(extra))
        yield Row(entity, _encode(Line(t="put", entity=entity, id=document["id"], d=document)))


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
