"""The own account and those of others, asked of central: notices, recovery codes, new laptops, resets."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ..errors import MscError, NotFound
from . import conversing
from .conversing import SOON_SECONDS

if TYPE_CHECKING:
    from ..sync.transport import HttpTransport
    from ..sync.wire_accounts import Account, Enrolment, Notice, Reset
    from .seat import Seat


@contextmanager
def line(desk: "Seat") -> "Iterator[HttpTransport]":
    """A line to central with fresh tokens."""
    with conversing.line(desk) as way:
        way.renew()
        yield way


def look(desk: "Seat") -> "Account":
    """How the person gets in, and what they have not seen yet."""
    with line(desk) as way:
        return way.account()


def notices(desk: "Seat", seconds: float = SOON_SECONDS) -> "list[Notice]":
    """What the person has not seen yet; nothing when central can't say."""
    with conversing.line(desk) as way, suppress(MscError):
        return way.account(seconds).notices
    return []


def seen(desk: "Seat", shown: "list[Notice]") -> None:
    """The person has seen these."""
    from ..sync.wire_accounts import NoticesSeen

    if shown:
        with line(desk) as way:
            way.notices_seen(NoticesSeen([notice.id for notice in shown]))


def new_recovery_codes(desk: "Seat", password: str) -> list[str]:
    """Ten new codes; the former are of no use any more."""
    from ..sync.wire_accounts import RecoveryAsk

    with line(desk) as way:
        return list(way.recovery_codes(RecoveryAsk(password)).recovery)


def leave_authenticator(desk: "Seat", password: str, code: str) -> None:
    """All sessions end, and the next sign-in sets another authenticator up."""
    from ..sync.wire_accounts import AuthenticatorLeft

    with line(desk) as way:
        way.leave_authenticator(AuthenticatorLeft(password, code))


def enrol(desk: "Seat", login: str) -> "Enrolment":
    """A code for a new laptop of somebody."""
    from ..sync.wire_accounts import EnrolmentAsk

    with line(desk) as way:
        return way.enrol(EnrolmentAsk(login))


def waiting_resets(desk: "Seat") -> "list[Reset]":
    """Requests that wait for a second person."""
    with line(desk) as way:
        return list(way.resets().resets)


def ask_reset(desk: "Seat", login: str, what: str) -> "Reset":
    """Asks that somebody's second factor (`totp`) or `password` is set back."""
    from ..sync.wire_accounts import ResetAsk

    with line(desk) as way:
        return way.ask_reset(ResetAsk(login, what))


def approve_reset(desk: "Seat", login: str, what: str) -> "Reset":
    """Approves what another has asked for. NotFound `reset_unknown`."""
    with line(desk) as way:
        for reset in way.resets().resets:
            if (reset.login, reset.what) == (login, what):
                return way.approve_reset(reset.id)
    raise NotFound("reset_unknown")
