"""A first pull in parts: which snapshot is being taken, which parts are in, and what is still to be done behind it.

Every function runs inside a transaction of the caller. `thin` names the closed tickets whose timeline is not here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from . import feed, index, settings
from .feed import SNAPSHOT, Applied, FeedLine
from .opening import Connection
from .rows import IN, bind

WANTED_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Due:
    """What waits: a first pull (`fresh`), timelines to fetch, rows to index."""

    fresh: bool
    wanted: tuple[str, ...]
    index: bool


def due(conn: Connection) -> Due:
    """What waits now."""
    wanted = conn.execute("SELECT ticket FROM thin WHERE wanted = 1 ORDER BY ticket LIMIT ?", (WANTED_AT_ONCE,))
    return Due(not feed.position(conn).cursor, tuple(row[0] for row in wanted), not index.complete(conn))


def held(conn: Connection) -> tuple[dict[str, Any], frozenset[int]] | None:
    """The manifest of the snapshot that is being taken, and the parts that are in."""
    kept = settings.get(conn, SNAPSHOT)
    return None if kept is None else (kept["manifest"], frozenset(kept["done"]))


def begin(conn: Connection, manifest: dict[str, Any]) -> None:
    """Take this snapshot from its first part on. Whatever is here already has to come again."""
    feed.mark_stale(conn)
    settings.put(conn, SNAPSHOT, {"manifest": manifest, "done": []})


def renew(conn: Connection, manifest: dict[str, Any]) -> None:
    """The same snapshot, with more parts."""
    kept = settings.get(conn, SNAPSHOT)
    settings.put(conn, SNAPSHOT, kept | {"manifest": manifest})


def take(conn: Connection, lines: Sequence[FeedLine], part: int | None) -> Applied:
    """Rows of a part; with `part` they are its last. The index of tickets and customers is built later."""
    applied = feed.take_rows(conn, lines)
    _mark_thin(conn, [line for line in lines if line.entity == "ticket" and line.d.get("closed_at") is not None])
    index.refresh(conn, "article", applied.put.get("article", ()))
    index.leave_for_later(conn, {"ticket": applied.targets - applied.put["contact"], "contact": applied.put["contact"]})
    if part is not None:
        kept = settings.get(conn, SNAPSHOT)
        settings.put(conn, SNAPSHOT, kept | {"done": [*kept["done"], part]})
    return applied


def finish(conn: Connection, cursor: str, seq: int) -> None:
    """All parts are in: the feed goes on at `cursor`."""
    settings.drop(conn, SNAPSHOT)
    conn.execute('UPDATE "cursor" SET cursor = ?, seq = max(seq, ?)', (cursor, seq))


def fill(conn: Connection, ticket: str, lines: Sequence[FeedLine]) -> Applied:
    """The timeline of a thin ticket has come; without lines central does not give it any more."""
    applied = feed.take_rows(conn, lines)
    index.refresh(conn, "ticket", [ticket])
    conn.execute("DELETE FROM thin WHERE ticket = ?", (ticket,))
    return applied


def want(conn: Connection, ticket: str) -> bool:
    """Ask for the timeline of a ticket if it isn't here; whether it has to be fetched."""
    return conn.execute("UPDATE thin SET wanted = 1 WHERE ticket = ?", (ticket,)).rowcount > 0


def is_thin(conn: Connection, ticket: str) -> bool:
    """Whether the ticket's timeline lies at central alone."""
    return conn.execute("SELECT 1 FROM thin WHERE ticket = ?", (ticket,)).fetchone() is not None


def _mark_thin(conn: Connection, tickets: Collection[Any]) -> None:
    if tickets:
        ids = bind(line.id for line in tickets)
        here = f"SELECT id FROM ticket WHERE id {IN} UNION SELECT id FROM base WHERE entity = 'ticket' AND id {IN}"
        conn.execute(f"INSERT OR IGNORE INTO thin (ticket) {here}", (ids, ids))


def index_some(conn: Connection) -> bool:
    """Index some of what waits, the newest first; whether any is left."""
    return index.catch_up(conn)
