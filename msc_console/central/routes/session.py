"""Signing in and out."""

from typing import Any

from litestar import Request, delete, post, put
from litestar.params import JSONBody

from ...domain.rights import Right
from ...sync.wire import Code, DeviceAsk, DeviceStanding, PasswordChange, Pending, Refresh, SignIn, Tokens
from ..guards import bearer, signed_in
from ..problems import described
from ..service import service_of, session_of

BODY = 8 * 1024
"""Most bytes of a body here."""

Asked = Request[Any, Any, Any]


@post(
    "/v1/session",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=BODY,
    opt={"protocol": "pull"},
    responses=described(400, 401, 413, 426, 429, 503),
    summary="Sign in, first step: the password",
    tags=["session"],
)
def sign_in(request: Asked, data: JSONBody[SignIn]) -> Pending:
    """A device key that is new here is registered, once the password was right, and given its three letters."""
    service = service_of(request)
    address = request.client.host if request.client else ""
    return service.auth.sign_in(data, address, service.now())


@post(
    "/v1/session/code",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=BODY,
    opt={"protocol": "pull"},
    responses=described(400, 401, 409, 413, 426, 429, 503),
    security=[{"pending": []}],
    summary="Sign in, second step: the one-time code",
    tags=["session"],
)
def code(request: Asked, data: JSONBody[Code]) -> Tokens:
    """The bearer token is the one that the first step gave. A code is good once; `take_over` ends the other session."""
    service = service_of(request)
    return service.auth.code(bearer(request), data, service.now())


@post(
    "/v1/session/refresh",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=BODY,
    opt={"protocol": "pull"},
    responses=described(400, 401, 413, 426, 503),
    summary="New tokens for a refresh token and the device's proof",
    tags=["session"],
)
def refresh(request: Asked, data: JSONBody[Refresh]) -> Tokens:
    """Asking again within 30 s gives the same tokens; a later reuse ends the session."""
    service = service_of(request)
    return service.auth.refresh(data, service.now())


@delete(
    "/v1/session",
    guards=[signed_in],
    sync_to_thread=True,
    request_max_body_size=BODY,
    opt={"protocol": "pull", "right": Right.READ},
    responses=described(400, 401, 426, 503),
    security=[{"access": []}],
    summary="Sign out",
    tags=["session"],
)
def sign_out(request: Asked) -> None:
    """Ends this session: its tokens are of no use from now on."""
    service = service_of(request)
    service.auth.sign_out(session_of(request), service.now())


@put(
    "/v1/session/password",
    guards=[signed_in],
    status_code=204,
    sync_to_thread=True,
    request_max_body_size=BODY,
    opt={"protocol": "pull", "right": Right.READ},
    responses=described(400, 401, 413, 426, 429, 503),
    security=[{"access": []}],
    summary="A new password for the one who is signed in",
    tags=["session"],
)
def password(request: Asked, data: JSONBody[PasswordChange]) -> None:
    """The old password is asked for again; the person's other sessions end."""
    service = service_of(request)
    service.auth.change_password(session_of(request), data, service.now())


@post(
    "/v1/device",
    status_code=200,
    sync_to_thread=True,
    request_max_body_size=BODY,
    opt={"protocol": "pull"},
    responses=described(400, 401, 413, 426, 429, 503),
    summary="How the calling device stands, and the order to wipe itself when it was revoked",
    tags=["session"],
)
def device(request: Asked, data: JSONBody[DeviceAsk]) -> DeviceStanding:
    """Needs no session: a laptop that was revoked has none. The device's key speaks for it."""
    service = service_of(request)
    return service.auth.standing(data, request.client.host if request.client else "", service.now())


handlers = [sign_in, code, refresh, sign_out, password, device]
