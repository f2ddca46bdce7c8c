"""Central's own heartbeat: what is due is done, as commands of the system. Any number of ticks may run at once."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from .. import clock
from ..domain.terms import Delivery, Result
from ..sync.wire import OpResult
from . import delivery, former, ledger, retention, sql, system, tally
from .db import Central
from .delivery import Message, Undeliverable, Way
from .writing import SETTLE, settled

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Most replies of one tick."""
RETRY = timedelta(seconds=30)
"""Wait before the second try; it doubles with each further one."""
TRIES = 8

_DUE = text(
    "SELECT d.entry, d.channel, d.address, d.queued_at, d.attempts, e.ticket, e.body, e.author_name, e.made_at, "
    "t.number, t.subject FROM dispatch d JOIN entry e ON e.id = d.entry JOIN ticket t ON t.id = e.ticket "
    "JOIN channel c ON c.channel = d.channel "
    "WHERE d.state = 'queued' AND d.next_at <= :now ORDER BY d.next_at, d.entry LIMIT :most"
)
_LATER = text(
    "UPDATE dispatch SET attempts = :attempts, next_at = :next, note = :note WHERE entry = :entry AND state = 'queued'"
)
_DONE = frozenset({Result.APPLIED, Result.MERGED, Result.DUPLICATE})


def tick(central: Central, now: datetime) -> int:
    """Does what is due at `now`; returns the newest feed seq that came of it, 0 for none."""
    tally.close(central, now)
    retention.sweep(central, now)
    former.step(central, now)
    with central.read() as conn:
        due = sql.rows(conn, _DUE, now=clock.to_ms(now), most=AT_ONCE)
        ways = delivery.ways(conn) if due else {}
        site = _site(conn) if due else ""
    return max((_deliver(central, row, ways[row["channel"]], site, now) for row in due), default=0)


def _deliver(central: Central, row: Mapping[str, Any], way: Way, site: str, now: datetime) -> int:
    """One reply: the file first, the record of it after; a crash between the two writes the same file again."""
    queued = clock.from_ms(row["queued_at"])
    if queued + delivery.STALE < way.on_at:
        return _record(central, row, Delivery.FAILED, now, "stale")
    try:
        delivery.send(way, _message(row), site)
    except Undeliverable as error:
        return _record(central, row, Delivery.FAILED, now, error.key)
    except OSError as error:
        return _again(central, row, now, type(error).__name__)
    return _record(central, row, Delivery.SENT, now, None)


def _record(central: Central, row: Mapping[str, Any], state: Delivery, now: datetime, note: str | None) -> int:
    """The command, which ends the dispatch in its own transaction. Nobody else's word may keep a reply going round."""
    command = system.deliver(row["ticket"], row["entry"], state, now, note)
    result: OpResult = ledger.system(central, [command], now)[0]
    if result.result not in _DONE:
        log.warning("delivery not recorded", extra={"entry": row["entry"], "reason": result.reason})
        with central.write() as conn:
            conn.execute(SETTLE, settled(row["entry"], state, result.reason))
    return result.seq


def _again(central: Central, row: Mapping[str, Any], now: datetime, note: str) -> int:
    attempts = int(row["attempts"]) + 1
    if attempts >= TRIES:
        return _record(central, row, Delivery.FAILED, now, "unreachable")
    later = clock.to_ms(now + RETRY * 2 ** (attempts - 1))
    with central.write() as conn:
        conn.execute(_LATER, {"entry": row["entry"], "attempts": attempts, "next": later, "note": note})
    return 0


def _message(row: Mapping[str, Any]) -> Message:
    return Message(
        entry=row["entry"],
        channel=row["channel"],
        address=row["address"],
        ticket_number=row["number"],
        subject=row["subject"],
        body=row["body"],
        author=row["author_name"],
        made_at=clock.from_ms(row["made_at"]),
    )


def _site(conn: Connection) -> str:
    return sql.meta(conn, "site_name") or "msc"
