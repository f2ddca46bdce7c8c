"""What a signed-in person does with the own account: new recovery codes, another authenticator, reading notices."""

from datetime import datetime

from ..sync.wire_accounts import Account, AuthenticatorLeft, NoticesSeen, RecoveryCodes
from . import audit, notices, recovery_codes, second_factor, tokens
from .auth import Auth
from .problems import ProblemError


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
    auth.prove(session, password)
    with auth.central.write() as conn:
        return RecoveryCodes(recovery=recovery_codes.make(conn, session.person.id, now))


def leave_authenticator(auth: Auth, session: tokens.Session, ask: AuthenticatorLeft, now: datetime) -> None:
    """The person goes to another telephone: password and a code, and the next sign-in sets the new one up. All sessions
    and recovery codes end. ProblemError as a sign-in's two steps."""
    auth.prove(session, ask.password)
    person = session.person.id
    with auth.central.write() as conn:
        judged = auth.judge(conn, person, ask.code, now)
        if not isinstance(judged, ProblemError):
            judged.use(conn, now)
            second_factor.set_back(conn, person)
            recovery_codes.forget(conn, person)
            tokens.end(conn, person, now)
            audit.add(conn, now, person, "totp.leave", {"device": session.device["id"]})
            notices.tell(conn, now, [person], "authenticator_left")
            return
    raise judged
