"""Ten codes on paper for the day the telephone is lost: 120 bits each, good once, kept as SHA-256.

Using one is told to whoever may set second factors back.
"""

from datetime import datetime

from sqlalchemy import Connection, text

from ..clock import to_ms
from . import audit, notices, spoken, sql, tokens

COUNT = 10
SIZE = 15


def make(conn: Connection, person: str, now: datetime) -> list[str]:
    """New ones for a person; the former are of no use any more."""
    forget(conn, person)
    codes = [spoken.new(SIZE) for _ in range(COUNT)]
    rows = [{"hash": spoken.digest(code, SIZE), "person": person, "made_at": to_ms(now)} for code in codes]
    sql.many(conn, sql.insert("recovery_code", ("hash", "person", "made_at")), rows)
    audit.add(conn, now, person, "recovery.make", {"count": COUNT})
    return codes


def forget(conn: Connection, person: str) -> None:
    """None of the person's codes is good any more."""
    conn.execute(text("DELETE FROM recovery_code WHERE person = :p"), {"p": person})


def unused(conn: Connection, person: str, code: str) -> bool:
    """Whether this is a code of the person that was not used."""
    hashed = spoken.digest(code, SIZE)
    statement = "SELECT 1 FROM recovery_code WHERE hash = :hash AND person = :p AND used_at IS NULL"
    return hashed is not None and tokens.one(conn, statement, hash=hashed, p=person) is not None


def use(conn: Connection, person: tokens.Row, code: str, now: datetime) -> None:
    """Uses an unused code up; the caller holds the person's row, so nobody else can at this moment."""
    conn.execute(
        text("UPDATE recovery_code SET used_at = :at WHERE hash = :hash"),
        {"at": to_ms(now), "hash": spoken.digest(code, SIZE)},
    )
    remaining = left(conn, person["id"])
    audit.add(conn, now, person["id"], "recovery.use", {"left": remaining})
    notices.to_leads(conn, now, "recovery_used", person, left=remaining)


def left(conn: Connection, person: str) -> int:
    """How many of the person's are unused."""
    statement = text("SELECT count(*) FROM recovery_code WHERE person = :p AND used_at IS NULL")
    return int(conn.execute(statement, {"p": person}).scalar_one())
