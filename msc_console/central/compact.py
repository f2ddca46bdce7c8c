"""Compaction of the feed: of each row only the newest line per group stays, and old `leave`s and `del`s go.

Pages are state-based, so a line that a newer one of the same group and row follows says nothing to anybody. A `leave`
or `del` is needed by whoever held the row, so it stays for `KEEP`; then it goes, and the *horizon* rises to its number:
a cursor below it is void (`cursors.Desk.open`). What belongs to a ticket that has left a group, or has been closed for
`KEEP_CLOSED`, says nothing to the group either: were the ticket to come back, it would bring all of it along anew.
Numbers stay what they were: given without gaps and in the order of commits, never given twice; those of removed lines
are spent.

The work is a row of short transactions beside the writers: what is decided from a read of before stays true, because a
line that has a newer one never becomes the newest again. Two processes may do it at the same time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from .. import clock
from ..domain.scope import COMMON, KEEP_CLOSED
from . import sql
from .access import OF_TICKET
from .db import Central

KEEP = timedelta(days=90)
"""How long a `leave` or `del` is kept: a laptop that was away for longer may have to start again."""
PORTION = 500
"""Most feed rows that one transaction removes."""
READ = 20_000
"""Most rows that one read looks out for removal."""
EVERY = timedelta(hours=6)
"""How often a serving central goes through its feed."""
FIRST = timedelta(minutes=5)
"""How long after its start a process goes through it for the first time."""

_GROUPS = text("SELECT DISTINCT group_id FROM change_group ORDER BY group_id")
_OLDER = text(
    "SELECT seq, entity, id, newest, oldest FROM ("
    "SELECT seq, entity, id, max(seq) OVER (PARTITION BY entity, id) AS newest, "
    "min(coalesce(since, seq)) OVER (PARTITION BY entity, id) AS oldest "
    "FROM change_group WHERE group_id = :group_id) AS lines WHERE seq < newest ORDER BY seq LIMIT :most"
)
_TOLD = text(
    "SELECT g.seq, g.entity, g.id FROM change_group g JOIN change c ON c.seq = g.seq "
    "WHERE g.group_id = :group_id AND g.effect <> 'put' AND c.at < :before AND g.seq < :below "
    "ORDER BY g.seq LIMIT :most"
)
_NEWEST = text("SELECT max(seq) FROM change_group WHERE group_id = :group_id")
_PARTED = {
    part: text(
        f"SELECT g.seq, g.entity, g.id FROM change_group g JOIN {part} p ON p.id = g.id "
        "JOIN ticket t ON t.id = p.ticket "
        f"WHERE g.group_id = :group_id AND g.entity = '{part}' AND (t.closed_at < :before OR p.ticket NOT IN "
        "(SELECT h.id FROM change_group h WHERE h.group_id = :group_id AND h.entity = 'ticket' AND h.effect = 'put')) "
        "ORDER BY g.seq LIMIT :most"
    )
    for part in OF_TICKET
}
_UNHEARD = text(
    "SELECT c.seq FROM change c LEFT JOIN (SELECT DISTINCT seq FROM change_group) AS g ON g.seq = c.seq "
    "WHERE g.seq IS NULL AND c.seq <= :top ORDER BY c.seq LIMIT :most"
)
_REMOVE = text("DELETE FROM change_group WHERE group_id = :group_id AND seq = :seq AND entity = :entity AND id = :id")
_STANDS = text(
    "UPDATE change_group SET since = :oldest WHERE group_id = :group_id AND seq = :newest AND entity = :entity "
    "AND id = :id AND coalesce(since, seq) > :oldest"
)
_RISE = text("UPDATE feed_head SET horizon = :seq WHERE id = 1 AND horizon < :seq")
_FORGET = text("DELETE FROM change WHERE seq = :seq")
_TOP = text("SELECT seq FROM feed_head WHERE id = 1")
_ALL = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Removed:
    """What one transaction, or a whole run, took out of the feed."""

    superseded: int = 0
    parted: int = 0
    """Lines of what belongs to tickets that the group has no more."""
    told: int = 0
    """`leave` and `del` lines older than `KEEP`."""
    changes: int = 0
    """Changes that nobody hears of any more."""

    def __add__(self, other: "Removed") -> "Removed":
        return Removed(
            superseded=self.superseded + other.superseded,
            parted=self.parted + other.parted,
            told=self.told + other.told,
            changes=self.changes + other.changes,
        )


def run(central: Central, now: datetime) -> Removed:
    """Goes through the whole feed once."""
    return sum(steps(central, now), Removed())


def steps(central: Central, now: datetime) -> Iterator[Removed]:
    """The same in portions: each step is one transaction of at most `PORTION` rows, committed when it is handed out."""
    with central.read() as conn:
        groups = [str(group) for group in conn.execute(_GROUPS).scalars()]
    for group in groups:
        while older := _read(central, _OLDER, group_id=group):
            for part in _portions(older):
                yield _supersede(central, group, part)
        for part_of in OF_TICKET:
            old = clock.to_ms(now - KEEP_CLOSED)
            while parted := _read(central, _PARTED[part_of], group_id=group, before=old):
                for part in _portions(parted):
                    yield _forget_parted(central, group, part)
    before = clock.to_ms(now - KEEP)
    for group in groups:
        below = _ALL
        if group == COMMON:  # its newest line stays: it tells whether a copy of the set-up is still good (`world.load`)
            with central.read() as conn:
                below = int(conn.execute(_NEWEST, {"group_id": group}).scalar() or 0)
        while told := _read(central, _TOLD, group_id=group, before=before, below=below):
            for part in _portions(told):
                yield _forget_told(central, group, part)
    with central.read() as conn:
        top = int(conn.execute(_TOP).scalar_one())
    while unheard := _read(central, _UNHEARD, top=top):
        for part in _portions(unheard):
            with central.write() as conn:
                conn.execute(_FORGET, [{"seq": row["seq"]} for row in part])
            yield Removed(changes=len(part))


def step(central: Central, now: datetime) -> Removed:
    """A beat of a serving central: at most one transaction, and nothing at all until the next run is due.

    Where the run stands is kept in `central.memory`; a process that ends in the middle begins anew without harm.
    """
    pace: _Pace = central.memory.setdefault("compact", _Pace(now + FIRST))
    if pace.under_way is None:
        if now < pace.due:
            return Removed()
        pace.under_way = steps(central, now)
    removed = next(pace.under_way, None)
    if removed is None:
        pace.under_way, pace.due = None, now + EVERY
        return Removed()
    return removed


@dataclass(slots=True)
class _Pace:
    due: datetime
    under_way: Iterator[Removed] | None = None


def _read(central: Central, statement: Any, **binds: Any) -> Sequence[Mapping[str, Any]]:
    with central.read() as conn:
        return sql.rows(conn, statement, most=READ, **binds)


def _portions(rows: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    for start in range(0, len(rows), PORTION):
        yield rows[start : start + PORTION]


def _supersede(central: Central, group: str, part: Sequence[Mapping[str, Any]]) -> Removed:
    """Removes lines that newer ones follow; these then stand for the time since the oldest."""
    rows = [dict(row) | {"group_id": group} for row in part]
    newest = {(row["entity"], row["id"]): row for row in rows}
    with central.write() as conn:
        _many(conn, _STANDS, newest.values(), ("group_id", "newest", "entity", "id", "oldest"))
        _many(conn, _REMOVE, rows, ("group_id", "seq", "entity", "id"))
    return Removed(superseded=len(rows))


def _forget_parted(central: Central, group: str, part: Sequence[Mapping[str, Any]]) -> Removed:
    rows = [dict(row) | {"group_id": group} for row in part]
    with central.write() as conn:
        _many(conn, _REMOVE, rows, ("group_id", "seq", "entity", "id"))
    return Removed(parted=len(rows))


def _forget_told(central: Central, group: str, part: Sequence[Mapping[str, Any]]) -> Removed:
    rows = [dict(row) | {"group_id": group} for row in part]
    with central.write() as conn:
        _many(conn, _REMOVE, rows, ("group_id", "seq", "entity", "id"))
        conn.execute(_RISE, {"seq": max(row["seq"] for row in rows)})
    return Removed(told=len(rows))


def _many(conn: Connection, statement: Any, rows: Any, names: tuple[str, ...]) -> None:
    sql.many(conn, statement, [{name: row[name] for name in names} for row in rows])
