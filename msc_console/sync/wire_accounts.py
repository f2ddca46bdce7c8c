"""The messages about people's ways into central, once for both sides: authenticators, passwords, new laptops, resets.

As in `wire`: times are RFC 3339 text with milliseconds and `Z`, unknown fields are never an error.
"""

from typing import Any

from msgspec import Struct

from .wire import Tokens


class Seed(Struct, frozen=True):
    """What an authenticator takes, as base32 and as the `otpauth` text of a QR code. Nothing is signed in by it yet."""

    secret: str
    uri: str


class Confirm(Struct, frozen=True):
    """Two codes from different time steps, the earlier one first. `new`: where `Pending` said `change`, the password
    from now on."""

    first: str
    second: str
    new: str = ""


class Confirmed(Struct, frozen=True):
    """The authenticator counts from now on: the session, and the recovery codes, told this once."""

    tokens: Tokens
    recovery: list[str]


class RecoveryAsk(Struct, frozen=True):
    password: str


class RecoveryCodes(Struct, frozen=True):
    """New ones; the former are of no use any more."""

    recovery: list[str]


class Notice(Struct, frozen=True):
    """A word about an account: `data` fills the sentence of `code`."""

    id: str
    at: str
    code: str
    data: dict[str, Any] = {}


class Account(Struct, frozen=True):
    """`GET /v1/account`: how the caller gets in. `recovery_left`: unused codes."""

    login: str
    recovery_left: int
    notices: list[Notice]


class NoticesSeen(Struct, frozen=True):
    notices: list[str]


class EnrolmentAsk(Struct, frozen=True):
    login: str


class AuthenticatorLeft(Struct, frozen=True):
    """`POST /v1/account/authenticator`: the next sign-in sets another up. `code` may be a recovery one."""

    password: str
    code: str


class Enrolment(Struct, frozen=True):
    """A code for one new laptop of one person, good once."""

    login: str
    code: str
    expires_at: str


class ResetAsk(Struct, frozen=True):
    """`what`: `totp` or `password`."""

    login: str
    what: str = "totp"


class Reset(Struct, frozen=True):
    """A request to set somebody's second factor or password back. `state`: `asked` or `approved`. `password`: once, to
    whoever approved that, the one to begin with; it opens nothing but its own change."""

    id: str
    login: str
    state: str
    asked_by: str
    """The login of whoever asked."""
    expires_at: str
    what: str = "totp"
    password: str = ""


class Resets(Struct, frozen=True):
    """Requests that wait for a second person."""

    resets: list[Reset]
