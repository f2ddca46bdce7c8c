"""A person sets an authenticator up: a seed that is shown, then two codes of it from different steps.

Nothing here gives a seed away that counts already: with one, beginning is refused, also to whoever holds a token from
before (the fault of CVE-2026-44460 elsewhere was to answer with the live seed).
"""

from datetime import datetime

from sqlalchemy import Connection, text

from ..domain.model import Person
from ..sync.wire_accounts import Confirm, Seed
from . import audit, sql, tokens, totp
from .masterkey import MasterKey
from .problems import ProblemError

KIND = "setup"
"""Kind of the token that a right password gives to a person without an authenticator; good for setting it up alone."""
EARLIER = 4
"""Steps that the codes may be old: the second has to be waited for."""


def begin(conn: Connection, key: MasterKey, person: Person, now: datetime) -> Seed:
    """A new seed that doesn't count yet. ProblemError 409 `totp_set_up_already`."""
    seed = totp.new_seed()
    done = conn.execute(
        text("UPDATE person SET totp_pending = :seed WHERE id = :id AND totp_secret IS NULL"),
        {"seed": totp.seal_seed(key.seeds, person.id, seed), "id": person.id},
    )
    if done.rowcount != 1:
        raise ProblemError("totp_set_up_already")
    audit.add(conn, now, person.id, "totp.begin")
    return Seed(secret=seed, uri=totp.uri(seed, person.login, sql.meta(conn, "site_name")))


def confirm(conn: Connection, key: MasterKey, person: Person, ask: Confirm, now: datetime) -> tokens.Row | ProblemError:
    """The person's row, whose seed counts from now on. A problem is returned: `credentials_wrong` for codes of another
    seed, of one step or in the wrong order, `code_clock` (`seconds`) when the telephone's clock is off."""
    statement = "UPDATE person SET failed = failed WHERE id = :id AND active = 1 RETURNING *"
    row = tokens.one(conn, statement, id=person.id)  # holds the row until the verdict is committed
    if row is None:
        return ProblemError("session_ended")
    if row["totp_secret"] is not None:
        return ProblemError("totp_set_up_already")
    if row["totp_pending"] is None:
        return ProblemError("credentials_wrong")
    seed = totp.open_seed(key.seeds, person.id, row["totp_pending"])
    first, second = (totp.step_within(seed, code, now, EARLIER) for code in (ask.first, ask.second))
    if first is None or second is None:
        far = [totp.far_step(seed, code, now) for code in (ask.first, ask.second)]
        if far[0] and far[1] and far[0] < far[1]:
            return ProblemError("code_clock", seconds=totp.seconds_off(far[1], now))
    if first is None or second is None or first >= second:
        return ProblemError("credentials_wrong")
    conn.execute(
        text(
            "UPDATE person SET totp_secret = totp_pending, totp_pending = NULL, totp_step = :step, failed = 0, "
            "locked_until = NULL WHERE id = :id"
        ),
        {"step": second, "id": person.id},
    )
    audit.add(conn, now, person.id, "totp.confirm")
    return row


def set_back(conn: Connection, person: str) -> None:
    """The person has no authenticator any more, and sets one up at the next sign-in."""
    conn.execute(
        text(
            "UPDATE person SET totp_secret = NULL, totp_pending = NULL, totp_step = 0, failed = 0, locked_until = NULL "
            "WHERE id = :id"
        ),
        {"id": person},
    )
