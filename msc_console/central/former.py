"""Somebody who has left is erased: a pseudonym stands wherever their name was copied, and nothing lets them in again.

The row changes in one transaction: login and name become the pseudonym, so the login is free, and credentials, seeds,
codes, sessions, notices, tokens and names of laptops go. What they did stays theirs by id, and laptops' keys stay, so
that every act still verifies. Copies of the name (entries, conflicts, answers to others) follow in portions by the
tick, and by the feed on laptops; `person.former` says which name is still looked for. Words that people typed are not
searched: a name in a note goes with the note's ticket (`retention`).
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from .. import records
from ..clock import to_ms
from ..domain.model import Conflict, Entry, Person
from ..domain.workflow import ACTIVE
from ..sync.wire import OpResult
from ..sync.wire_people import Former
from . import audit, erasure, recovery_codes, sql, writing
from .db import Central
from .privacy import nobody
from .problems import ProblemError

AT_ONCE = 500
"""Most entries of one portion."""
NAMES = ("by", "owner_name", "author_name")
"""Keys of an answer's data that hold a name."""

_HOLDS = sql.listed(
    "SELECT (SELECT count(*) FROM device WHERE person = :id AND state = 'active') + "
    "(SELECT count(*) FROM service_token WHERE owner = :id AND revoked_at IS NULL) + "
    "(SELECT count(*) FROM ticket WHERE owner = :id AND state IN :ids)"
)
_ENTRIES = text("SELECT count(*) FROM entry WHERE author = :id")
_BARE = text(
    "UPDATE person SET password_hash = NULL, totp_secret = NULL, totp_pending = NULL, totp_step = 0, failed = 0, "
    "locked_until = NULL, extra = NULL, erased_at = :at, former = :former WHERE id = :id"
)
_GONE = [
    text(statement)
    for statement in (
        "DELETE FROM session_token WHERE person = :id",
        "DELETE FROM service_token WHERE owner = :id",
        "DELETE FROM enrolment WHERE person = :id",
        "DELETE FROM reset WHERE person = :id",
        "DELETE FROM notice WHERE person = :id",
        "UPDATE device SET name = '' WHERE person = :id",
    )
]
_TOLD = text("SELECT id, data FROM notice WHERE data LIKE :mark")
_TELL = text("UPDATE notice SET data = :data WHERE id = :id")
_UNDER_WAY = text("SELECT id, name, former FROM person WHERE former IS NOT NULL ORDER BY id LIMIT 1")
_NAMED = text(
    "SELECT id, ticket FROM entry WHERE (author = :id AND author_name <> :name) "
    "OR (data LIKE :about AND data NOT LIKE :done) ORDER BY id"
)
_CONFLICTS = text(
    "SELECT id FROM conflict c WHERE (author = :id AND author_name <> :name) OR (theirs_by = :former AND EXISTS "
    "(SELECT 1 FROM entry e WHERE e.ticket = c.ticket AND e.author = :id))"
)
_ANSWERS = text(
    "SELECT op_id, result FROM op o WHERE result LIKE :mark AND EXISTS "
    "(SELECT 1 FROM entry e WHERE e.ticket = o.target AND e.author = :id)"
)
_ANSWER = text("UPDATE op SET result = :result WHERE op_id = :op_id")
_DONE = text("UPDATE person SET former = NULL WHERE id = :id")


def bare(conn: Connection, whom: Person, by: Person, now: datetime) -> tuple[Person, Former]:
    """Takes a locked person's name and every way in, in the caller's transaction, which has to write and announce the
    person that is returned. ProblemError 409 `erase_not_offboarded`, `erase_in_file`."""
    if whom.active or conn.execute(_HOLDS, {"id": whom.id, "ids": sorted(ACTIVE)}).scalar_one():
        raise ProblemError("erase_not_offboarded", login=whom.login)
    if whom.login in json.loads(sql.meta(conn, "centre_logins") or "[]"):
        raise ProblemError("erase_in_file", login=whom.login)
    entries = int(conn.execute(_ENTRIES, {"id": whom.id}).scalar_one())
    conn.execute(_BARE, {"id": whom.id, "at": to_ms(now), "former": whom.name})
    for statement in _GONE:
        conn.execute(statement, {"id": whom.id})
    recovery_codes.forget(conn, whom.id)
    name = nobody(whom.id)
    for row in sql.rows(conn, _TOLD, mark=f"%{json.dumps(whom.login)}%"):
        data = {key: name if value == whom.login else value for key, value in json.loads(row["data"]).items()}
        conn.execute(_TELL, {"id": row["id"], "data": json.dumps(data, sort_keys=True)})
    audit.add(conn, now, by.id, "person.erase", {"person": whom.id, "entries": entries})
    return replace(whom, login=name, name=name, queues=(), skills={}), Former(
        was=whom.login, login=name, entries=entries
    )


def step(central: Central, now: datetime) -> int:
    """A portion of the copies of one erased name; how many. The last one also takes conflicts and answers, and says so
    in the audit."""
    with central.read() as conn:
        rows = sql.rows(conn, _UNDER_WAY)
        if not rows:
            return 0
        found = rows[0]
        waiting: list[tuple[str, str]] = central.memory.setdefault("former", {}).get(found["id"], [])
        if not waiting:
            waiting = [(row.id, row.ticket) for row in conn.execute(_NAMED, _marks(found))]
    if waiting:
        _entries(central, found, waiting[:AT_ONCE], now)
        central.memory["former"][found["id"]] = waiting[AT_ONCE:]
        return len(waiting[:AT_ONCE])
    return _rest(central, found, now)


def _marks(found: Mapping[str, Any]) -> dict[str, str]:
    return {
        "id": found["id"], "name": found["name"], "about": f'%"author":"{found["id"]}"%',
        "done": f'%"author_name":"{found["name"]}"%',
    }  # fmt: skip


def _entries(central: Central, found: Mapping[str, Any], some: list[tuple[str, str]], now: datetime) -> None:
    with central.write() as conn:
        tickets = erasure.locked(central, conn, {ticket for _id, ticket in some})
        rows = sql.by_ids(conn, sql.select("entry", "id IN :ids"), [id for id, _ticket in some])
        changed = [_renamed(records.from_row(Entry, row), found) for row in rows]
        spoken = [entry.id for entry, row in zip(changed, rows, strict=True) if entry.body != row["body"]]
        sql.many(conn, sql.upsert("entry"), [writing.entry_row(entry) for entry in changed])
        erasure.bodies(conn, spoken)
        erasure.no_snapshots(conn)
        erasure.announce(conn, tickets, erasure.parts_of((), changed), now)


def _renamed(entry: Entry, found: Mapping[str, Any]) -> Entry:
    """With the pseudonym: as the author, as the author of the act that was in conflict, and in the line of the
    program's own making that says whose act was kept as a note (`conflict_rules.told`)."""
    id, name, former = found["id"], found["name"], found["former"]
    entry = replace(entry, ver=entry.ver + 1, author_name=name if entry.author == id else entry.author_name)
    if entry.data.get("author") == id:
        entry = replace(entry, data={**entry.data, "author_name": name})
    first, *more = entry.body.split("\n")
    return replace(entry, body="\n".join([first.replace(f" · {former} · ", f" · {name} · ", 1), *more]))


def _rest(central: Central, found: Mapping[str, Any], now: datetime) -> int:
    id, name, former = found["id"], found["name"], found["former"]
    with central.write() as conn:
        ids = conn.execute(_CONFLICTS, {"id": id, "name": name, "former": former}).scalars().all()
        kept = [records.from_row(Conflict, row) for row in sql.by_ids(conn, sql.select("conflict", "id IN :ids"), ids)]
        tickets = erasure.locked(central, conn, {conflict.ticket for conflict in kept})
        changed = [
            replace(
                conflict, ver=conflict.ver + 1,
                author_name=name if conflict.author == id else conflict.author_name,
                theirs_by=name if conflict.theirs_by == former else conflict.theirs_by,
            )
            for conflict in kept
        ]  # fmt: skip
        sql.many(conn, sql.upsert("conflict"), [records.to_row(conflict) for conflict in changed])
        mark = f"%{msgspec.json.encode(former).decode()}%"
        answers = [
            {"op_id": row["op_id"], "result": told}
            for row in sql.rows(conn, _ANSWERS, id=id, mark=mark)
            if (told := _answer(row["result"], former, name)) != row["result"]
        ]
        sql.many(conn, _ANSWER, answers)
        conn.execute(_DONE, {"id": id})
        erasure.no_snapshots(conn)
        erasure.announce(conn, tickets, erasure.parts_of(changed, ()), now)
        audit.add(conn, now, "system", "person.unnamed", {"person": id, "conflicts": len(changed), "ops": len(answers)})
    central.memory["former"].pop(id, None)
    return len(changed) + len(answers)


def _answer(stored: str, former: str, name: str) -> str:
    answer = msgspec.json.decode(stored, type=OpResult)
    data = {key: name if key in NAMES and value == former else value for key, value in answer.data.items()}
    return msgspec.json.encode(msgspec.structs.replace(answer, data=data)).decode()
