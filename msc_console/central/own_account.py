"""What a signed-in person does with the own account: new recovery codes, reading notices."""

from datetime import datetime

from ..sync.wire_accounts import Account, NoticesSeen, RecoveryCodes
from . import notices, recovery_codes, tokens
from .auth import Auth
from .problems import ProblemError, too_many_tries


def look(auth: Auth, session: tokens.Session) -> Account:
    """How the caller gets in, and what they have not seen yet."""
    with auth.central.read() as conn:
        person = session.person
        return Account(
            login=person.login,
            recovery_left=recovery_codes.left(conn, person.id),
            notices=notices.unseen(conn, person.id),
        )


def seen(auth: Auth, session: tokens.Session, ask: NoticesSeen, now: datetime) -> None:
    """The caller has seen these notices."""
    with auth.central.write() as conn:
        notices.seen(conn, session.person.id, ask.notices[: notices.MOST], now)


def new_recovery_codes(auth: Auth, session: tokens.Session, password: str, now: datetime) -> RecoveryCodes:
    """Ten new codes for whoever shows the password again. ProblemError `credentials_wrong`, 429."""
    _prove(auth, session, password)
    with auth.central.write() as conn:
        return RecoveryCodes(recovery=recovery_codes.make(conn, session.person.id, now))


def _prove(auth: Auth, session: tokens.Session, password: str) -> None:
    """The caller knows the password, not only how to use an open console; wrong ones count for the login."""
    person = session.person
    if wait := auth.logins.begin(person.login, auth.monotonic()):
        raise too_many_tries(wait)
    with auth.central.read() as conn:
        stored = tokens.by_id(conn, "person", person.id)["password_hash"]
    if not auth.passwords.verify(stored, password):
        raise ProblemError("credentials_wrong")
    auth.logins.succeeded(person.login)
