"""Pages of tickets in the order of a queue: nearest due time first, tickets without a running clock last.

Read by keyset `(due order, id)`, so a page costs the same at a thousand rows and at a million.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .. import clock
from ..domain.policy import Policy
from ..domain.rows import QueueRow
from .opening import Cache, Connection
from .rows import IN, bind

Key = tuple[int, str]

OPEN = "t.state NOT IN ('resolved', 'closed', 'merged', 'cancelled')"
"""Tickets that somebody still has work with; the text of the partial indexes."""

JUDGED = str(Policy().judged)

_SELECT = """
    SELECT t.id, t.number, t.alias, t.subject, t.contact_name, t.organisation_name, t.priority, t.state,
        t.waiting_party, t.owner, ifnull(p.name, '') AS owner_name, t.channel, t.next_due, t.clocks, t.updated_at,
        t.due_order,
        (SELECT count(*) FROM outbox o WHERE o.target = t.id AND o.state <> 'attention') AS pending,
        (SELECT count(*) FROM outbox o WHERE o.target = t.id AND o.state = 'attention') AS attention
    FROM ticket t {walk} LEFT JOIN person p ON p.id = t.owner
"""


@dataclass(frozen=True, slots=True)
class View:
    """Which tickets a list holds: a condition on `t` and its binds. `key` names it in settings and words."""

    key: str
    where: str = "1"
    binds: tuple[Any, ...] = ()
    walk: bool = False
    """Read along the due order and pass over what doesn't fit, where SQLite would sort all that fits instead."""

    def select(self) -> str:
        """The SELECT of rows up to the view's condition."""
        walk = "INDEXED BY ticket_due" if self.walk else ""
        return f"{_SELECT.format(walk=walk)} WHERE {OPEN} AND {self.where}"


def mine(person: str) -> View:
    """Open tickets that a person holds."""
    return View("mine", "t.owner = ?", (person,))


def unassigned() -> View:
    """Open tickets that nobody holds."""
    return View("unassigned", "t.owner IS NULL")


def queue(key: str) -> View:
    """Open tickets of one queue."""
    return View(f"queue:{key}", "t.queue = ?", (key,))


def my_queues(keys: Iterable[str]) -> View:
    """Open tickets of several queues. Who has none (a resolver) works on all that is in scope."""
    wanted = list(keys)
    return View("queues", f"t.queue {IN}", (bind(wanted),), walk=True) if wanted else View("queues")


def all_open() -> View:
    """Every open ticket in scope."""
    return View("open")


def waiting_customer() -> View:
    """Tickets that wait for the customer."""
    return View("waiting_customer", "t.state = 'waiting_customer'")


def escalated() -> View:
    """Tickets with an escalation that has not come back."""
    return View("escalated", "t.id IN (SELECT ticket FROM hop WHERE state IN ('open', 'acknowledged'))")


def due_before(moment: datetime) -> View:
    """Tickets whose clock runs out before a moment; what is over already is among them."""
    return View("due_soon", "t.due_order < ?", (clock.to_ms(moment),))


def due_soon(now: datetime, within: timedelta = timedelta(hours=2)) -> View:
    """Tickets due within two hours."""
    return due_before(now + within)


def count(conn: Connection, view: View) -> int:
    """Tickets in a view."""
    sql = f"SELECT count(*) FROM ticket t WHERE {OPEN} AND {view.where}"
    return int(conn.execute(sql, view.binds).fetchone()[0])


def waiting(conn: Connection, view: View) -> int:
    """Those of them that rest on own acts which central has not confirmed."""
    mine = "t.id IN (SELECT target FROM outbox WHERE state <> 'attention')"
    sql = f"SELECT count(*) FROM ticket t WHERE {OPEN} AND {view.where} AND {mine}"
    return int(conn.execute(sql, view.binds).fetchone()[0])


def page(conn: Connection, view: View, me: str, after: Key | None, limit: int) -> list[QueueRow]:
    """The first `limit` rows behind `after`, or of the view."""
    beyond = "" if after is None else "AND (t.due_order, t.id) > (?, ?)"
    sql = f"{view.select()} {beyond} ORDER BY t.due_order, t.id LIMIT ?"
    return _rows(conn, sql, (*view.binds, *(after or ()), limit), me)


def before(conn: Connection, view: View, me: str, key: Key | None, limit: int) -> list[QueueRow]:
    """The last `limit` rows before `key`, or of the view, in the view's order."""
    beyond = "" if key is None else "AND (t.due_order, t.id) < (?, ?)"
    sql = f"{view.select()} {beyond} ORDER BY t.due_order DESC, t.id DESC LIMIT ?"
    return _rows(conn, sql, (*view.binds, *(key or ()), limit), me)[::-1]


def around(conn: Connection, view: View, me: str, id: str, limit: int) -> list[QueueRow]:
    """Up to `limit` rows with ticket `id` among them; empty when the view doesn't hold it."""
    own = _rows(conn, f"{view.select()} AND t.id = ?", (*view.binds, id), me)
    if not own:
        return []
    behind = page(conn, view, me, own[0].key, limit - 1)
    above = before(conn, view, me, own[0].key, max(limit - 1 - len(behind), (limit - 1) // 2))
    return [*above, *own, *behind][:limit]


def by_ids(conn: Connection, ids: Sequence[str], me: str) -> list[QueueRow]:
    """Rows of any state in the order of `ids`; those that aren't here are left out."""
    found = {row.id: row for row in _rows(conn, f"{_SELECT.format(walk='')} WHERE t.id {IN}", (bind(ids),), me)}
    return [found[id] for id in ids if id in found]


@dataclass(frozen=True, slots=True)
class TicketSource:
    """One view as a list widget reads it: each call one short read of the cache."""

    cache: Cache
    view: View
    me: str

    def count(self) -> int:
        with self.cache.read() as conn:
            return count(conn, self.view)

    def page(self, after: Key | None, limit: int) -> list[QueueRow]:
        with self.cache.read() as conn:
            return page(conn, self.view, self.me, after, limit)

    def before(self, key: Key | None, limit: int) -> list[QueueRow]:
        with self.cache.read() as conn:
            return before(conn, self.view, self.me, key, limit)

    def around(self, id: str, limit: int) -> list[QueueRow]:
        with self.cache.read() as conn:
            return around(conn, self.view, self.me, id, limit)


def label(number: int | None, alias: str | None, id: str) -> str:
    """What people call a ticket: its number, its alias until central gave one, else the start of its id."""
    if number is not None:
        return f"MSC-{number:06}"
    return alias or id[:8]


def _rows(conn: Connection, sql: str, binds: Sequence[Any], me: str) -> list[QueueRow]:
    return [_row(row, me) for row in conn.execute(sql, binds)]


def _row(row: Any, me: str) -> QueueRow:
    target, left = _bar(row["clocks"], row["next_due"])
    return QueueRow(
        id=row["id"],
        label=label(row["number"], row["alias"], row["id"]),
        subject=row["subject"],
        customer=row["organisation_name"] or row["contact_name"],
        priority=row["priority"],
        state=row["state"],
        waiting_party=row["waiting_party"],
        owner=row["owner"],
        owner_name=row["owner_name"],
        mine=row["owner"] == me,
        channel=row["channel"],
        due=None if row["next_due"] is None else clock.from_ms(row["next_due"]),
        target=target,
        left=left,
        updated_at=clock.from_ms(row["updated_at"]),
        pending=row["pending"],
        attention=row["attention"],
        key=(row["due_order"], row["id"]),
    )


def _bar(clocks: str, next_due: int | None) -> tuple[timedelta | None, timedelta | None]:
    """(whole allowance of the clock that is shown, remaining time if it is paused).

    Shown is the judged clock that runs out next; while none runs, the paused one with the least time left.
    """
    if clocks == "[]":
        return None, None
    alive = [
        item
        for item in json.loads(clocks)
        if item["party"] == JUDGED and "fulfilled_at" not in item and "cancelled_at" not in item
    ]
    running = [item for item in alive if "paused_at" not in item]
    if running and next_due is not None:
        shown = min(running, key=lambda item: abs(clock.ms_iso(item["due"]) - next_due))
        return timedelta(milliseconds=shown["target"]), None
    paused = [
        (clock.ms_iso(item["due"]) - clock.ms_iso(item["paused_at"]), item["target"])
        for item in alive
        if "paused_at" in item
    ]
    if not paused:
        return None, None
    left, target = min(paused)
    return timedelta(milliseconds=target), timedelta(milliseconds=left)
