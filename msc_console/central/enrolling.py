"""Codes that let a new laptop in: 128 bits, for one person, good once within 15 minutes.

Where the site asks for one, a device key that central doesn't know is registered with a code alone. Whether the code
is good is answered before the password is looked at, so no answer tells whether a password was right.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from ..clock import iso, to_ms
from ..errors import NotFound, UsageError
from ..sync.wire_accounts import Enrolment
from . import audit, spoken, sql, tokens
from .centre import EnrolmentPolicy
from .db import Central
from .system import ACTOR

SIZE = 16
GOOD_FOR = timedelta(minutes=15)


def required(conn: Connection) -> bool:
    """Whether this site asks for a code; one that says nothing does."""
    return sql.meta(conn, "site_enrolment") != EnrolmentPolicy.OPEN


def make(conn: Connection, login: str, made_by: str, now: datetime) -> Enrolment:
    """A code for `login`, whose former unused ones end. NotFound `person_unknown`."""
    person = tokens.one(conn, "SELECT id, active FROM person WHERE login = :login", login=login)
    if person is None or not person["active"]:
        raise NotFound("person_unknown", login=login)
    code, until = spoken.new(SIZE), now + GOOD_FOR
    conn.execute(text("DELETE FROM enrolment WHERE person = :p AND used_at IS NULL"), {"p": person["id"]})
    row = {
        "hash": spoken.digest(code, SIZE),
        "person": person["id"],
        "made_by": made_by,
        "made_at": to_ms(now),
        "expires_at": to_ms(until),
    }
    conn.execute(sql.insert("enrolment", tuple(row)), row)
    audit.add(conn, now, made_by, "device.enrolment", {"person": person["id"]})
    return Enrolment(login=login, code=code, expires_at=iso(until))


def good(conn: Connection, code: str, login: str, now: datetime) -> bool:
    """Whether `code` would let a new laptop of `login` in."""
    hashed = spoken.digest(code, SIZE)
    if hashed is None:
        return False
    statement = (
        "SELECT 1 FROM enrolment e JOIN person p ON p.id = e.person "
        "WHERE e.hash = :hash AND p.login = :login AND e.used_at IS NULL AND e.expires_at > :at"
    )
    return tokens.one(conn, statement, hash=hashed, login=login, at=to_ms(now)) is not None


def use(conn: Connection, code: str, device: str, now: datetime) -> bool:
    """Uses the code up for a new device; False where another was faster or its time is over."""
    done = conn.execute(
        text(
            "UPDATE enrolment SET used_at = :at, device = :device "
            "WHERE hash = :hash AND used_at IS NULL AND expires_at > :at"
        ),
        {"at": to_ms(now), "device": device, "hash": spoken.digest(code, SIZE)},
    )
    return done.rowcount == 1


def first(url: str, login: str, now: datetime) -> Enrolment:
    """A code from whoever holds the database: the way in of the first laptop."""
    central = Central.open(url)
    try:
        with central.write() as conn:
            return make(conn, login, ACTOR, now)
    except NotFound as unknown:
        raise UsageError(unknown.key, **unknown.data) from None
    finally:
        central.close()
