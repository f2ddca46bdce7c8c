"""A lost telephone: one person asks that somebody's second factor is set back, another approves.

Neither is the person concerned. From the approval on all their sessions are over and their recovery codes are of no
use; they sign in with the password and set an authenticator up anew. A password alone opens nothing meanwhile: the
laptop must be one of theirs, or be let in by a code.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from ..clock import iso_ms, to_ms
from ..domain.model import Person
from ..errors import NotFound
from ..sync.wire_accounts import Reset, Resets
from . import audit, notices, recovery_codes, second_factor, sql, tokens
from .problems import ProblemError

GOOD_FOR = timedelta(hours=8)
"""A request waits for its second person for a shift."""


def ask(conn: Connection, login: str, by: Person, now: datetime) -> Reset:
    """Asks for a reset of `login`; the one that waits already is given again. NotFound, ProblemError `reset_own`."""
    person = tokens.one(conn, "SELECT id, login, active FROM person WHERE login = :login", login=login)
    if person is None or not person["active"]:
        raise NotFound("person_unknown", login=login)
    if person["id"] == by.id:
        raise ProblemError("reset_own")
    for found in waiting(conn, now).resets:
        if found.login == login:
            return found
    row = {
        "id": tokens.new_id(),
        "person": person["id"],
        "asked_by": by.id,
        "asked_at": to_ms(now),
        "expires_at": to_ms(now + GOOD_FOR),
    }
    conn.execute(sql.insert("reset", tuple(row)), row)
    audit.add(conn, now, by.id, "reset.ask", {"person": person["id"], "reset": row["id"]})
    notices.to_leads(conn, now, "reset_asked", person, by=by.login)
    return Reset(id=str(row["id"]), login=login, state="asked", asked_by=by.login, expires_at=iso_ms(row["expires_at"]))


def approve(conn: Connection, id: str, by: Person, now: datetime) -> Reset:
    """The second person's word. NotFound `reset_unknown`, ProblemError `reset_own`, `reset_alone`."""
    found = {row.id: row for row in waiting(conn, now).resets}.get(id)
    if found is None:
        raise NotFound("reset_unknown")
    row = tokens.by_id(conn, "reset", id)
    if row["person"] == by.id:
        raise ProblemError("reset_own")
    if row["asked_by"] == by.id:
        raise ProblemError("reset_alone")
    done = conn.execute(
        text("UPDATE reset SET approved_by = :by, approved_at = :at WHERE id = :id AND approved_by IS NULL"),
        {"by": by.id, "at": to_ms(now), "id": id},
    )
    if done.rowcount != 1:
        raise NotFound("reset_unknown")
    second_factor.set_back(conn, row["person"])
    recovery_codes.forget(conn, row["person"])
    tokens.end(conn, row["person"], now)
    people = {"asked_by": row["asked_by"], "person": row["person"], "reset": id}
    audit.add(conn, now, by.id, "reset.approve", people)
    notices.tell(conn, now, [row["person"]], "reset_done", asked=found.asked_by, approved=by.login)
    return Reset(id=id, login=found.login, state="approved", asked_by=found.asked_by, expires_at=found.expires_at)


def waiting(conn: Connection, now: datetime) -> Resets:
    """What waits for a second person, the oldest first."""
    rows = conn.execute(
        text(
            "SELECT r.id, p.login, a.login AS asked_by, r.expires_at FROM reset r JOIN person p ON p.id = r.person "
            "JOIN person a ON a.id = r.asked_by WHERE r.approved_by IS NULL AND r.expires_at > :at ORDER BY r.asked_at"
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
            )
            for row in rows
        ]
    )
