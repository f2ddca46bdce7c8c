"""First pulls: who shares a cut, where its parts lie, and when it is over.

A cut is made by a thread of the process that was first asked, and is served from the database by any. Its parts are
there to be fetched while later ones are still being cut.
"""

import json
import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from .. import clock
from ..domain.model import Person
from ..sync.wire import Snapshot, SnapshotPart
from . import cutting, feed, sql
from .access import Reader, View
from .cursors import Cursor, Desk
from .cutting import Cut
from .db import Central
from .problems import ProblemError

SHARED = timedelta(minutes=10)
"""How long a cut is given to further readers; the feed closes the gap."""
KEPT = timedelta(hours=1)
"""How long its parts can be fetched."""
STUCK = timedelta(seconds=30)
"""A cut that made no part for so long has lost its process."""
MOST_BYTES = 512 * 1024 * 1024
"""Packed bytes of all parts that are kept; the oldest cuts go first."""
MOST_PARTS = 1_000_000
"""No cut has more: a larger number asks for nothing, and no database need know it."""
CUTTERS = 2
"""Cuts that one process makes at a time."""

log = logging.getLogger("msc.central")

_INSERT = sql.insert("snapshot", ("id", "audience", "generation", "seq", "state", "made_at", "touched_at"))
_PART = text(
    "INSERT INTO snapshot_part (snapshot, person, n, entities, row_count, size, sha256, body) "
    "VALUES (:snapshot, :person, :n, :entities, :row_count, :size, :sha256, :body) "
    "ON CONFLICT (snapshot, person, n) DO NOTHING"
)
_TOUCH = text("UPDATE snapshot SET state = :state, touched_at = :now WHERE id = :id")
_OWN = text("SELECT count(*) FROM snapshot_part WHERE snapshot = :id AND person = :me")
_FRESH = text(
    "SELECT id FROM snapshot WHERE audience = :audience AND made_at >= :since AND seq >= :horizon "
    "AND (state = 'whole' OR (state = 'cutting' AND touched_at >= :alive)) ORDER BY made_at DESC, id LIMIT 1"
)
_ONE = text("SELECT audience, generation, seq, state, made_at, touched_at FROM snapshot WHERE id = :id")
_PARTS = text(
    "SELECT n, row_count, size, sha256, entities FROM snapshot_part "
    "WHERE snapshot = :id AND person IN ('', :me) ORDER BY person DESC, n"
)
_BODY = text("SELECT body FROM snapshot_part WHERE snapshot = :id AND person = :person AND n = :n")


class Snapshots:
    """The first pulls of one central, as one process serves them. Thread-safe."""

    def __init__(self, central: Central, now: Callable[[], datetime]) -> None:
        self._central = central
        self._now = now
        self._pool = ThreadPoolExecutor(CUTTERS, thread_name_prefix="msc-snapshot")

    def close(self) -> None:
        """Begin no further cut, and wait for those under way."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def begin(self, person: Person) -> str:
        """The id of a cut for this reader: one that is shared, or a new one, on its way when this returns.

        What is the reader's own is in it already.
        """
        reader, now = Reader.of(person), self._now()
        audience = cutting.audience_of(reader)
        with self._central.read() as conn:
            head = feed.head(conn)
        with self._central.write() as conn:
            _sweep(conn, now)
            id, new = _found_or_new(conn, cutting.digest(audience, head.generation), head, now)
        if new:
            self._pool.submit(self._cut, id, audience, head.generation)
        if self._has_own(id, person):
            return id
        # Read after the cut's `seq` was set: what happens to these rows later stands on the feed behind it.
        with self._central.read() as conn:
            mine = list(cutting.own(conn, reader, now))
        with self._central.write() as conn:
            for n, cut in enumerate(mine, 1):
                _keep(conn, id, person.id, -n, cut)
        return id

    def manifest(self, person: Person, id: str) -> Snapshot:
        """What of a cut is there for this reader. ProblemError `snapshot_gone` when it is not theirs or is over.

        The set-up comes first, then the reader's own, then what is shared.
        """
        reader = Reader.of(person)
        with self._central.read() as conn:
            seq, state, generation = self._theirs(conn, reader, id)
            found = [
                SnapshotPart(n, rows, size, sha256, json.loads(entities))
                for n, rows, size, sha256, entities in conn.execute(_PARTS, {"id": id, "me": person.id})
            ]
            desk = Desk(conn, generation, person.id, reader.sight.name)
            cursor = desk.seal(Cursor(seq=seq, groups=reader.groups))
        shared = [part for part in found if part.n > 0]
        mine = sorted((part for part in found if part.n < 0), key=lambda part: -part.n)
        head = shared[:1]
        return Snapshot(id, generation, seq, cursor, state == "whole", [*head, *mine, *shared[1:]] if head else [])

    def part(self, person: Person, id: str, n: int) -> bytes:
        """The packed body of a part. Errors as `manifest`; `not_found` for a part that is not there."""
        with self._central.read() as conn:
            self._theirs(conn, Reader.of(person), id)
            if abs(n) > MOST_PARTS:
                raise ProblemError("not_found")
            body = conn.execute(_BODY, {"id": id, "person": "" if n > 0 else person.id, "n": n}).scalar()
        if body is None:
            raise ProblemError("not_found")
        return bytes(body)

    def _has_own(self, id: str, person: Person) -> bool:
        """A part that was named once stays as it is: someone may be on the way to fetch it."""
        with self._central.read() as conn:
            return int(conn.execute(_OWN, {"id": id, "me": person.id}).scalar_one()) > 0

    def _theirs(self, conn: Connection, reader: Reader, id: str) -> tuple[int, str, str]:
        """(seq, state, generation) of a cut whose audience the reader belongs to as of now."""
        row = conn.execute(_ONE, {"id": id}).one_or_none() if sql.storable(id) else None
        now, head = self._now(), feed.head(conn)
        generation = head.generation
        if (
            row is None
            or row.audience != cutting.digest(cutting.audience_of(reader), generation)
            or row.seq < head.horizon
            or row.state == "failed"
            or row.made_at < clock.to_ms(now - KEPT)
            or (row.state == "cutting" and row.touched_at < clock.to_ms(now - STUCK))
        ):
            raise ProblemError("snapshot_gone")
        return int(row.seq), str(row.state), generation

    def _cut(self, id: str, audience: View, generation: str) -> None:
        try:
            with self._central.read() as conn:
                if feed.head(conn).generation != generation:
                    raise ValueError("central was restored meanwhile")
                for n, cut in enumerate(cutting.shared(conn, audience, self._now()), 1):
                    with self._central.write() as writing:
                        _keep(writing, id, "", n, cut)
                        self._touch(writing, id, "cutting")
            with self._central.write() as writing:
                self._touch(writing, id, "whole")
        except Exception:
            log.exception("a snapshot could not be cut")
            with self._central.write() as writing:
                self._touch(writing, id, "failed")

    def _touch(self, conn: Connection, id: str, state: str) -> None:
        conn.execute(_TOUCH, {"id": id, "state": state, "now": clock.to_ms(self._now())})


def _found_or_new(conn: Connection, audience: str, head: feed.Head, now: datetime) -> tuple[str, bool]:
    """The id of a cut, and whether it has still to be made. Its `seq` is never after its read: what comes twice is
    told apart by versions."""
    at = clock.to_ms(now)
    binds = {"audience": audience, "since": clock.to_ms(now - SHARED), "alive": clock.to_ms(now - STUCK)}
    binds["horizon"] = head.horizon  # a cursor below it is void from the start
    if (id := conn.execute(_FRESH, binds).scalar()) is not None:
        return str(id), False
    row = {"id": secrets.token_hex(16), "audience": audience, "generation": head.generation, "seq": head.seq}
    conn.execute(_INSERT, row | {"state": "cutting", "made_at": at, "touched_at": at})
    return str(row["id"]), True


def _keep(conn: Connection, id: str, person: str, n: int, cut: Cut) -> None:
    row = {"snapshot": id, "person": person, "n": n, "entities": json.dumps(cut.entities), "row_count": cut.rows}
    conn.execute(_PART, row | {"size": len(cut.body), "sha256": cut.sha256, "body": cut.body})


def _sweep(conn: Connection, now: datetime) -> None:
    """What is over goes, and the oldest of what is too much."""
    rows = conn.execute(
        text(
            "SELECT s.id, s.made_at, coalesce((SELECT sum(p.size) FROM snapshot_part p WHERE p.snapshot = s.id), 0) "
            "FROM snapshot s ORDER BY s.made_at DESC, s.id"
        )
    ).all()
    total, gone = 0, []
    for id, made_at, size in rows:
        total += int(size)
        if made_at < clock.to_ms(now - KEPT) or total > MOST_BYTES:
            gone.append(id)
    for table, column in (("snapshot_part", "snapshot"), ("snapshot", "id")):
        if gone:
            conn.execute(sql.listed(f"DELETE FROM {table} WHERE {column} IN :ids"), {"ids": gone})
