"""A lost telephone, a forgotten password: one person asks that somebody's is set back, another approves.

Neither is the person concerned. From the approval on all their sessions are over.

- Second factor: their recovery codes are of no use; they sign in with the password and set an authenticator up anew.
  A password alone opens nothing meanwhile: the laptop must be one of theirs, or be let in by a code.
- Password: whoever approves is told one to begin with, once. With it and a code a sign-in takes another, nothing else
  (`Auth`). Neither of the two may have fewer rights over people than the person: both resets together are an account.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, text

from .. import records
from ..clock import iso_ms, to_ms
from ..domain.accounts import outranks
from ..domain.model import Person
from ..errors import NotFound
from ..sync.wire_accounts import Reset, Resets
from . import audit, notices, recovery_codes, second_factor, spoken, sql, tokens
from .passwords import Passwords
from .problems import ProblemError

GOOD_FOR = timedelta(hours=8)
"""A request waits for its second person for a shift."""
TOTP, PASSWORD = "totp", "password"
PASSWORD_SIZE = 16
"""Random bytes of a password to begin with."""


@dataclass(frozen=True, slots=True)
class Starting:
    """A password to begin with, and its hash."""

    password: str
    hash: str


def starting(passwords: Passwords) -> Starting:
    """A new one. Takes its time: not in a transaction."""
    made = spoken.new(PASSWORD_SIZE)
    return Starting(made, passwords.hash(made))


def ask(conn: Connection, login: str, by: Person, now: datetime, what: str = TOTP) -> Reset:
    """Asks for a reset of `login`; the one that waits already is given again. NotFound, ProblemError `reset_own`,
    `account_above`, `invalid_request`."""
    if what not in (TOTP, PASSWORD):
        raise ProblemError("invalid_request", fields=["what"])
    person = tokens.one(conn, "SELECT * FROM person WHERE login = :login", login=login) if sql.storable(login) else None
    if person is None or not person["active"] or (what == PASSWORD and person["password_hash"] is None):
        raise NotFound("person_unknown", login=login)
    if person["id"] == by.id:
        raise ProblemError("reset_own")
    _may(by, person, what)
    for found in waiting(conn, now).resets:
        if (found.login, found.what) == (login, what):
            return found
    row = {
        "id": tokens.new_id(),
        "person": person["id"],
        "asked_by": by.id,
        "asked_at": to_ms(now),
        "expires_at": to_ms(now + GOOD_FOR),
        "what": what,
    }
    conn.execute(sql.insert("reset", tuple(row)), row)
    audit.add(conn, now, by.id, "reset.ask", {"person": person["id"], "reset": row["id"], "what": what})
    notices.to_leads(conn, now, _NOTICES[what][0], person, by=by.login)
    until = iso_ms(row["expires_at"])
    return Reset(id=str(row["id"]), login=login, state="asked", asked_by=by.login, expires_at=until, what=what)


def approve(conn: Connection, id: str, by: Person, now: datetime, made: Starting | None = None) -> Reset:
    """The second person's word; of a password `made` counts. NotFound `reset_unknown`, ProblemError `reset_own`,
    `reset_alone`, `account_above`."""
    found = {row.id: row for row in waiting(conn, now).resets}.get(id)
    if found is None:
        raise NotFound("reset_unknown")
    row = tokens.by_id(conn, "reset", id)
    if row["person"] == by.id:
        raise ProblemError("reset_own")
    if row["asked_by"] == by.id:
        raise ProblemError("reset_alone")
    for lead in (by, records.from_row(Person, tokens.by_id(conn, "person", row["asked_by"]))):
        _may(lead, tokens.by_id(conn, "person", row["person"]), found.what)
    done = conn.execute(
        text("UPDATE reset SET approved_by = :by, approved_at = :at WHERE id = :id AND approved_by IS NULL"),
        {"by": by.id, "at": to_ms(now), "id": id},
    )
    if done.rowcount != 1:
        raise NotFound("reset_unknown")
    if found.what == PASSWORD:
        assert made is not None
        statement = text("UPDATE person SET password_hash = :hash, must_change = 1 WHERE id = :id")
        conn.execute(statement, {"hash": made.hash, "id": row["person"]})
        found = msgspec.structs.replace(found, password=made.password)
    else:
        second_factor.set_back(conn, row["person"])
        recovery_codes.forget(conn, row["person"])
    tokens.end(conn, row["person"], now)
    people = {"asked_by": row["asked_by"], "person": row["person"], "reset": id, "what": found.what}
    audit.add(conn, now, by.id, "reset.approve", people)
    notices.tell(conn, now, [row["person"]], _NOTICES[found.what][1], asked=found.asked_by, approved=by.login)
    return msgspec.structs.replace(found, state="approved")


_NOTICES = {TOTP: ("reset_asked", "reset_done"), PASSWORD: ("password_reset_asked", "password_reset_done")}
"""What is reset -> what the leads hear of the request, and its person of the reset."""


def _may(lead: Person, person: tokens.Row, what: str) -> None:
    """Of a password: whoever gives one could be its person, so they have to be allowed as much already."""
    whom = records.from_row(Person, person)
    if what == PASSWORD and not outranks(lead, whom.role):
        raise ProblemError("account_above", role=str(whom.role))


def waiting(conn: Connection, now: datetime) -> Resets:
    """What waits for a second person, the oldest first."""
    rows = conn.execute(
        text(
            "SELECT r.id, r.what, p.login, a.login AS asked_by, r.expires_at FROM reset r "
            "JOIN person p ON p.id = r.person JOIN person a ON a.id = r.asked_by "
            "WHERE r.approved_by IS NULL AND r.expires_at > :at ORDER BY r.asked_at"
        ),
        {"at": to_ms(now)},
    )
    return Resets(
        resets=[
            Reset(
                id=row.id,
                login=row.login,
                state="asked",
                asked_by=row.asked_by,
                expires_at=iso_ms(row.expires_at),
                what=row.what,
            )
            for row in rows
        ]
    )
