"""Accounts: the authenticator's set-up, the own recovery codes, new laptops, and resets by two persons."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody

from ...domain.rights import Right
from ...sync.wire_accounts import (
    Account,
    AuthenticatorLeft,
    Confirm,
    Confirmed,
    Enrolment,
    EnrolmentAsk,
    NoticesSeen,
    RecoveryAsk,
    RecoveryCodes,
    Reset,
    ResetAsk,
    Resets,
    Seed,
)
from .. import enrolling, own_account, resets
from ..guards import bearer
from ..problems import described
from ..service import service_of, session_of
from . import with_right

Asked = Request[Any, Any, Any]
_SETUP: dict[str, Any] = {
    "status_code": 200,
    "sync_to_thread": True,
    "opt": {"protocol": "pull"},
    "security": [{"setup": []}],
    "tags": ["account"],
}


@post("/v1/totp/setup", summary="A seed for the authenticator", responses=described(400, 401, 409, 426, 503), **_SETUP)
def setup(request: Asked) -> Seed:
    """Under the token of a first step that said `setup`. Refused once an authenticator counts."""
    service = service_of(request)
    return service.auth.seed(bearer(request), service.now())


@post(
    "/v1/totp/confirm",
    summary="Two codes of it, and the session begins",
    responses=described(400, 401, 409, 413, 426, 503),
    **_SETUP,
)
def confirm(request: Asked, data: JSONBody[Confirm]) -> Confirmed:
    """Both codes are used up. The recovery codes are told this once."""
    service = service_of(request)
    return service.auth.confirm(bearer(request), data, service.now())


@get("/v1/account", summary="How the caller gets in", **with_right(Right.READ, "account"))
def account(request: Asked) -> Account:
    """With the notices that the caller has not seen yet."""
    return own_account.look(service_of(request).auth, session_of(request))


@post(
    "/v1/account/seen",
    summary="Notices that were seen",
    **with_right(Right.READ, "account", 413, status=204),
)
def seen(request: Asked, data: JSONBody[NoticesSeen]) -> None:
    """They are not told again."""
    service = service_of(request)
    own_account.seen(service.auth, session_of(request), data, service.now())


@post(
    "/v1/account/recovery",
    summary="New recovery codes",
    **with_right(Right.READ, "account", 413, 429),
)
def recovery(request: Asked, data: JSONBody[RecoveryAsk]) -> RecoveryCodes:
    """For whoever shows the password again; the former codes end."""
    service = service_of(request)
    return own_account.new_recovery_codes(service.auth, session_of(request), data.password, service.now())


@post(
    "/v1/account/authenticator",
    summary="Leave the authenticator, for another",
    **with_right(Right.READ, "account", 413, 429, status=204),
)
def leave_authenticator(request: Asked, data: JSONBody[AuthenticatorLeft]) -> None:
    """Password and a code; then all sessions end, and the next sign-in sets the new one up."""
    service = service_of(request)
    own_account.leave_authenticator(service.auth, session_of(request), data, service.now())


@post(
    "/v1/enrolments",
    summary="A code for a new laptop",
    **with_right(Right.ACCOUNTS, "account", 404, 413),
)
def enrol(request: Asked, data: JSONBody[EnrolmentAsk]) -> Enrolment:
    """Good once, within 15 minutes, for the person named. A former unused code of theirs ends."""
    service = service_of(request)
    with service.central.write() as conn:
        return enrolling.make(conn, data.login[:200], session_of(request).person.id, service.now())


@get("/v1/resets/waiting", summary="Resets that wait", **with_right(Right.RESET, "account"))
def waiting(request: Asked) -> Resets:
    """For a second person to approve."""
    service = service_of(request)
    with service.central.read() as conn:
        return resets.waiting(conn, service.now())


@post(
    "/v1/resets",
    summary="Ask that a second factor or a password is set back",
    **with_right(Right.RESET, "account", 404, 413),
)
def ask_reset(request: Asked, data: JSONBody[ResetAsk]) -> Reset:
    """Nothing changes before another person approves."""
    service = service_of(request)
    with service.central.write() as conn:
        return resets.ask(conn, data.login[:200], session_of(request).person, service.now(), data.what)


@post(
    "/v1/resets/{reset:str}/approve",
    summary="Approve a reset that another has asked for",
    **with_right(Right.RESET, "account", 404),
)
def approve(request: Asked, reset: FromPath[str]) -> Reset:
    """All sessions of the person concerned end, and the next sign-in sets an authenticator up, or takes a password in
    place of the one that is told here once."""
    service = service_of(request)
    made = resets.starting(service.auth.passwords)
    with service.central.write() as conn:
        return resets.approve(conn, reset, session_of(request).person, service.now(), made)


handlers = [setup, confirm, account, seen, recovery, leave_authenticator, enrol, waiting, ask_reset, approve]
