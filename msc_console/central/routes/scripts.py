"""Service tokens of the person who calls: made, listed, ended."""

from typing import Any

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody

from ...domain.rights import Right
from ...sync.wire import TokenAsk, TokenList, TokenMade
from .. import scripts
from ..guards import signed_in
from ..problems import described
from ..service import service_of, session_of

Asked = Request[Any, Any, Any]
_OPT = {"protocol": "pull", "right": Right.TOKENS}


@post(
    "/v1/tokens",
    status_code=201,
    guards=[signed_in],
    sync_to_thread=True,
    opt=_OPT,
    responses=described(400, 401, 403, 413, 426, 503),
    security=[{"access": []}],
    summary="Make a token for a script",
    tags=["tokens"],
)
def create(request: Asked, data: JSONBody[TokenAsk]) -> TokenMade:
    """The token is told this once. It may do a part of what its owner may, from the given address ranges alone."""
    service = service_of(request)
    return scripts.create(service.central, session_of(request).person, data, service.now())


@get(
    "/v1/tokens",
    guards=[signed_in],
    sync_to_thread=True,
    opt=_OPT,
    responses=described(400, 401, 403, 426, 503),
    security=[{"access": []}],
    summary="The caller's tokens for scripts",
    tags=["tokens"],
)
def listed(request: Asked) -> TokenList:
    """Living and dead ones, the newest first, without their secrets."""
    return TokenList(tokens=scripts.listed(service_of(request).central, session_of(request).person))


@delete(
    "/v1/tokens/{token:str}",
    guards=[signed_in],
    sync_to_thread=True,
    opt=_OPT,
    responses=described(400, 401, 403, 404, 426, 503),
    security=[{"access": []}],
    summary="End a token for a script",
    tags=["tokens"],
)
def revoke(request: Asked, token: FromPath[str]) -> None:
    """It is refused from the next request on, and a request that waits ends."""
    service = service_of(request)
    scripts.revoke(service.central, session_of(request).person, token, service.now())


handlers = [create, listed, revoke]
