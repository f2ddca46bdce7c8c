"""The audit trail: a hash chain of records that are added and never changed (`trail` has the rule of the chain).

What is told during a writing transaction is chained and written as its last statement, with what it is about: there is
no act without its record and no record of an act that was rolled back. Records name ids and fields, never values of
persons, so nothing in them ever has to be erased.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from .. import clock, seal
from ..trail import BEGINNING, Record, link
from . import sql

PENDING = "msc_audit"
"""Option of a writing connection (`db.Central.write`): the records that its transaction has told so far."""
OP = "op"
"""The act of a record that keeps central's verdict on an op."""
PAGE = 1_000
"""Most records of one page."""
ACTS = frozenset(
    {
        "audit.read", "central.backup", "central.restore", "channel.off", "channel.on", "contact.erase",
        "contact.export", "device.code_wrong", "device.enrolment", "device.new", "device.revoke", "device.wipe",
        "export", "import", "incident.report", "op", "op.erase", "person.add", "person.disable", "person.enable",
        "person.enrol", "person.erase", "person.offboard", "person.password", "person.role", "person.sessions_end",
        "person.unnamed", "quarantine.again", "quarantine.dismiss", "recovery.make", "recovery.use",
        "recovery_key.make", "reset.approve", "reset.ask", "retention.acts", "retention.sessions",
        "retention.tickets", "session.code_wrong", "session.end", "session.many_codes_wrong",
        "session.password_wrong", "session.refresh_reused", "session.start", "spool.bring", "token.create",
        "token.revoke", "totp.begin", "totp.confirm", "totp.leave",
    }
)  # fmt: skip
"""Every act that is recorded, beside `centre.ENTITY`: a change of the set-up file's entities. Each has a test."""

_LOCK = 7_237_202
"""PostgreSQL advisory lock: the end of the chain, until the commit."""
_ADD = sql.insert("audit", Record.__slots__)
_ABOUT = sql.insert("audit_about", ("about", "seq"))
_UNSOUGHT = frozenset({"kind", "result", "reason", "body"})
"""Words of a verdict on an op that no reading asks for by `about`; `body` is a hash."""
_LAST = text("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
_COLUMNS = ", ".join(Record.__slots__)
_MATCHING = {
    "by": "actor = :by",
    "act": "(act = :act OR act LIKE :acts)",
    "since": "at >= :since",
    "about": "seq IN (SELECT seq FROM audit_about WHERE about = :mark) AND data LIKE :about",
}
"""What narrows a reading down -> its condition."""
_OLD = text("SELECT at, actor, act, data FROM audit_before ORDER BY id")

Told = tuple[int, str, str, str]
"""at (UTC milliseconds), actor, act, canonical JSON of the data."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Which records are read; empty = all. `act`: also the first words of one (`session`); `since`: UTC milliseconds;
    `about`: an id that the data names. Without `%`, which LIKE would read as anything."""

    by: str = ""
    act: str = ""
    since: int = 0
    about: str = ""

    def told(self) -> dict[str, Any]:
        """What was asked for, by name."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}


ALL = Sought()


def add(conn: Connection, at: datetime, actor: str, act: str, data: Mapping[str, Any] | None = None) -> None:
    """Says that `actor` (a person's id or `system`) did `act` at `at`. `data`: ids, counts and names of fields."""
    _pending(conn).append((clock.to_ms(at), actor, act, seal.canonical(dict(data or {})).decode()))


def verdicts(conn: Connection, at: datetime, answered: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Central's answers to ops, each by its actor."""
    moment = clock.to_ms(at)
    _pending(conn).extend((moment, actor, OP, seal.canonical(data).decode()) for actor, data in answered)


def _pending(conn: Connection) -> list[Told]:
    found: list[Told] = conn.get_execution_options()[PENDING]
    return found


@contextmanager
def attempt(conn: Connection) -> Iterator[None]:
    """A savepoint: what is told within it is forgotten with it."""
    told = _pending(conn)
    before = len(told)
    try:
        with conn.begin_nested():
            yield
    except BaseException:
        del told[before:]
        raise


def close(conn: Connection) -> None:
    """Chains and writes what the transaction has told: its last statement, since the end of the chain is locked."""
    told = _pending(conn)
    if told:
        _note(conn, _write(conn, told))
        told.clear()


def _write(conn: Connection, told: Sequence[Told]) -> list[dict[str, Any]]:
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    seq, prev = head(conn)
    rows = []
    for at, actor, act, data in told:
        seq += 1
        prev = link(prev, seq, at, actor, act, data)
        rows.append({"seq": seq, "at": at, "actor": actor, "act": act, "data": data, "hash": prev})
    sql.many(conn, _ADD, rows)
    return rows


def mark(word: str) -> int:
    """How an id or word stands in `audit_about`: 64 bits, which are compared with the data itself afterwards."""
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big", signed=True)


def _note(conn: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """What the records are about."""
    found = [
        {"about": about, "seq": row["seq"]} for row in rows for about in sorted(_marks(str(row["act"]), row["data"]))
    ]
    sql.many(conn, _ABOUT, found)


def _marks(act: str, data: str) -> set[int]:
    found: Mapping[str, Any] = json.loads(data)
    values = [value for name, value in found.items() if act != OP or name not in _UNSOUGHT]
    words = [word for value in values for word in (value if isinstance(value, list) else [value])]
    return {mark(word) for word in words if isinstance(word, str) and word}


def head(conn: Connection) -> tuple[int, str]:
    """The number and the hash of the newest record."""
    found = conn.execute(_LAST).first()
    return (int(found.seq), str(found.hash)) if found is not None else (0, BEGINNING)


def after(conn: Connection, seq: int, most: int = PAGE, sought: Sought = ALL) -> list[Record]:
    """The next records behind a number."""
    return _read(conn, "ORDER BY seq", seq, most, sought)


def newest(conn: Connection, most: int = PAGE, sought: Sought = ALL) -> list[Record]:
    """The newest records, the oldest of them first."""
    return _read(conn, "ORDER BY seq DESC", 0, most, sought)[::-1]


def _read(conn: Connection, order: str, seq: int, most: int, sought: Sought) -> list[Record]:
    told = sought.told()
    told |= {"acts": f"{sought.act}.%", "about": f'%"{sought.about}"%', "mark": mark(sought.about)}
    return [Record(**row) for row in sql.rows(conn, text(reading(order, sought)), after=seq, most=most, **told)]


def reading(order: str, sought: Sought) -> str:
    """The statement that reads what is sought."""
    where = " AND ".join(["seq > :after", *(_MATCHING[name] for name in sought.told())])
    return f"SELECT {_COLUMNS} FROM audit WHERE {where} {order} LIMIT :most"


def every(conn: Connection) -> Iterator[Record]:
    """All records, page by page."""
    seq = 0
    while page := after(conn, seq):
        yield from page
        seq = page[-1].seq


def index(conn: Connection) -> None:
    """Part of a migration: what the records of before are about."""
    seq = 0
    while page := after(conn, seq):
        _note(conn, [{"seq": row.seq, "act": row.act, "data": row.data} for row in page])
        seq = page[-1].seq


def adopt(conn: Connection) -> None:
    """Part of a migration: rows of before the chain become its first records, and from now on none may be changed."""
    old = conn.execute(_OLD).all()
    _write(conn, [(row.at, row.actor, row.act, seal.canonical(json.loads(row.data)).decode()) for row in old])
    conn.exec_driver_sql("DROP TABLE audit_before")
    for statement in _GUARDS[conn.dialect.name]:
        conn.exec_driver_sql(statement)


_REFUSAL = "audit records are never changed"
_FUNCTION = f"""CREATE OR REPLACE FUNCTION audit_unchanged() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"""
_TRIGGER = """CREATE TRIGGER audit_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_unchanged()"""
_GUARDS = {
    "sqlite": [
        f"CREATE TRIGGER audit_no_{act.lower()} BEFORE {act} ON audit BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        for act in ("UPDATE", "DELETE")
    ],
    "postgresql": [_FUNCTION, _TRIGGER],
}
"""Refusals of the database itself: a mistake can't change the trail. Whoever means to takes them away first, and is
found by the chain and its checkpoints."""
