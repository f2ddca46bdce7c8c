"""What the site keeps for so many days and no longer, by class (`[retention]` in `centre.toml`), else for ever.

- `contacts`: persons all of whose tickets have been over for so long, as `privacy` erases them.
- `tickets`: the words of tickets that have been over for so long; their figures stay (`wordless`).
- `acts`: bodies of acts received so long ago; envelope, hash, signature and chain stay and verify (`seal`).
- `sessions`: what is left of sessions, codes, resets, notices and tokens that ended so long ago, and the names of
  revoked laptops; their keys stay, since acts are verified by them.

Central's tick does it, an hour between two runs, a portion of each class at once. What is due is asked of the rows, so
that a crash, a second worker or a late tick change nothing. The audit trail names no values and is kept.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from .. import clock
from ..domain.terms import ConflictState, Result
from . import audit, erasure, privacy, sql, wordless
from .centre import KEPT
from .db import Central
from .ledger import OPEN_ENDED
from .problems import ProblemError

EVERY = timedelta(hours=1)
AT_ONCE = {"contacts": 50, "tickets": 50, "acts": 500, "sessions": 500}
"""Class -> most of one portion; when there are more, the next tick goes on."""
_RUN = "retention_run"
"""Key of what the last run did."""
_ENDED = ", ".join(f"'{state}'" for state in sorted(map(str, privacy.ENDED)))
_WAITING = ", ".join(f"'{code}'" for code in sorted(map(str, OPEN_ENDED | {Result.QUARANTINED})))

_CONTACTS = (
    "SELECT c.id FROM contact c WHERE c.erased_at IS NULL AND c.created_at < :before AND NOT EXISTS (SELECT 1 FROM "
    f"ticket t WHERE t.contact = c.id AND (t.state NOT IN ({_ENDED}) OR t.updated_at >= :before))"
)
_TICKETS = f"SELECT id FROM ticket WHERE state IN ({_ENDED}) AND updated_at < :before AND wordless < ver"
_ACTS = (
    f"SELECT b.op_id AS id FROM op_body b JOIN op o ON o.op_id = b.op_id WHERE b.at < :before "
    f"AND o.code NOT IN ({_WAITING}) "
    f"AND NOT EXISTS (SELECT 1 FROM conflict c WHERE c.id = b.op_id AND c.state = '{ConflictState.OPEN}')"
)
_ENDS = {
    "session_token": ("id", "expires_at"),
    "service_token": ("id", "coalesce(revoked_at, expires_at)"),
    "enrolment": ("hash", "coalesce(used_at, expires_at)"),
    "recovery_code": ("hash", "used_at"),
    "reset": ("id", "coalesce(approved_at, expires_at)"),
    "notice": ("id", "seen_at"),
}
"""Table -> its key, and when a row of it has ended (NULL: it has not)."""
_LAPTOPS = (
    "SELECT id FROM device WHERE state <> 'active' AND name <> '' AND coalesce(last_seen_at, created_at) < :before"
)
_TRACES = [f"SELECT {name} AS id FROM {table} WHERE {ended} < :before" for table, (name, ended) in _ENDS.items()]
_DUE = {"contacts": [_CONTACTS], "tickets": [_TICKETS], "acts": [_ACTS], "sessions": [*_TRACES, _LAPTOPS]}
"""Class -> the statements that find what is due."""


def key(name: str) -> str:
    """Where the database keeps the site's word on a class: days, 0 = for ever."""
    return f"site_retention_{name}"


def policy(conn: Connection) -> dict[str, int]:
    """Class -> days, of those that the site has a word on."""
    found = {name: int(sql.meta(conn, key(name)) or 0) for name in KEPT}
    return {name: days for name, days in found.items() if days}


@dataclass(frozen=True, slots=True)
class Standing:
    """How retention stands. `at`: the end of the last run that had a word to follow; `last`: what it erased; `due`:
    what the next one would erase now. By class; a class without a word is in none of them."""

    days: Mapping[str, int]
    at: datetime | None
    last: Mapping[str, int]
    due: Mapping[str, int]


def standing(conn: Connection, now: datetime) -> Standing:
    """Counts what is due; nothing is changed."""
    days = policy(conn)
    run = json.loads(sql.meta(conn, _RUN) or "{}")
    due = {
        name: sum(
            int(conn.execute(text(f"SELECT count(*) FROM ({found}) AS due"), _before(now, days[name])).scalar_one())
            for found in _DUE[name]
        )
        for name in days
    }
    at = clock.parse(run["at"]) if "at" in run else None
    return Standing(days, at, {name: int(count) for name, count in run.get("done", {}).items()}, due)


@dataclass(slots=True)
class _Pace:
    """Where this process stands. `done`: of the run under way."""

    due: datetime
    done: dict[str, int] = field(default_factory=dict)


def sweep(central: Central, now: datetime) -> int:
    """Erases a portion of what is due; how much."""
    pace: _Pace = central.memory.setdefault("retention", _Pace(now))
    if now < pace.due:
        return 0
    with central.read() as conn:
        days = policy(conn)
    more, total = False, 0
    for name in days:
        found = _portion(central, name, now, days[name])
        done = _SWEEPERS[name](central, found, now) if found else 0
        pace.done[name] = pace.done.get(name, 0) + done
        more, total = more or len(found) >= AT_ONCE[name], total + done
    if not more:
        if days:
            _ran(central, pace.done, now)
        pace.due, pace.done = now + EVERY, {}
    return total


def _ran(central: Central, done: Mapping[str, int], now: datetime) -> None:
    value = json.dumps({"at": clock.iso(now), "done": done})
    put = (
        'INSERT INTO meta ("key", value) VALUES (:key, :value) ON CONFLICT ("key") DO UPDATE SET value = excluded.value'
    )
    with central.write() as conn:
        conn.execute(text(put), {"key": _RUN, "value": value})


def _before(now: datetime, days: int) -> dict[str, Any]:
    return {"before": clock.to_ms(now - timedelta(days=days))}


def _portion(central: Central, name: str, now: datetime, days: int) -> list[tuple[int, str]]:
    """(which statement found it, id)."""
    found: list[tuple[int, str]] = []
    with central.read() as conn:
        for place, statement in enumerate(_DUE[name]):
            asked = _before(now, days) | {"most": AT_ONCE[name] - len(found)}
            ids = conn.execute(text(f"{statement} LIMIT :most"), asked).scalars()
            found += [(place, str(id)) for id in ids]
    return found


def _contacts(central: Central, found: list[tuple[int, str]], now: datetime) -> int:
    gone = 0
    for _place, id in found:
        try:
            privacy.erase(central, id, "system", now)
            gone += 1
        except ProblemError:  # a ticket of theirs has been made or opened meanwhile
            continue
    return gone


def _tickets(central: Central, found: list[tuple[int, str]], now: datetime) -> int:
    with central.write() as conn:
        held = erasure.locked(central, conn, [id for _place, id in found])
        over = {id: ticket for id, ticket in held.items() if ticket.state in privacy.ENDED}
        silent = {id: wordless.silent(one, privacy.nobody(one.contact or id)) for id, one in over.items()}
        taken = wordless.take(conn, over, silent)
        erasure.announce(conn, over, taken.parts, now)
        counts = {"tickets": len(over), "entries": taken.entries, "ops": taken.ops}
        audit.add(conn, now, "system", "retention.tickets", counts)
    return len(over)


def _acts(central: Central, found: list[tuple[int, str]], now: datetime) -> int:
    with central.write() as conn:
        erasure.bodies(conn, [id for _place, id in found])
        audit.add(conn, now, "system", "retention.acts", {"ops": len(found)})
    return len(found)


def _sessions(central: Central, found: list[tuple[int, str]], now: datetime) -> int:
    by_place: dict[int, list[str]] = {}
    for place, id in found:
        by_place.setdefault(place, []).append(id)
    ends = list(_ENDS.items())
    with central.write() as conn:
        for place, ids in by_place.items():
            if place == len(ends):
                statement = "UPDATE device SET name = '' WHERE id IN :ids"
            else:
                table, (name, _ended) = ends[place]
                statement = f"DELETE FROM {table} WHERE {name} IN :ids"
            conn.execute(sql.listed(statement), {"ids": ids})
        audit.add(conn, now, "system", "retention.sessions", {"rows": len(found)})
    return len(found)


_SWEEPERS = {"contacts": _contacts, "tickets": _tickets, "acts": _acts, "sessions": _sessions}
