"""Service tokens of the person who calls: made, listed, ended."""

from typing import Any

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody

from ...domain.rights import Right
from ...sync.wire import TokenAsk, TokenList, TokenMade
from .. import scripts
from ..service import service_of, session_of
from . import with_right

Asked = Request[Any, Any, Any]


@post(
    "/v1/tokens",
    summary="Make a token for a script",
    **with_right(Right.TOKENS, "tokens", 413, status=201),
)
def create(request: Asked, data: JSONBody[TokenAsk]) -> TokenMade:
    """The token is told this once. It may do a part of what its owner may, from the given address ranges alone."""
    service = service_of(request)
    return scripts.create(service.central, session_of(request).person, data, service.now())


@get(
    "/v1/tokens",
    summary="The caller's tokens for scripts",
    **with_right(Right.TOKENS, "tokens"),
)
def listed(request: Asked) -> TokenList:
    """Living and dead ones, the newest first, without their secrets."""
    return TokenList(tokens=scripts.listed(service_of(request).central, session_of(request).person))


@delete(
    "/v1/tokens/{token:str}",
    summary="End a token for a script",
    **with_right(Right.TOKENS, "tokens", 404, status=204),
)
def revoke(request: Asked, token: FromPath[str]) -> None:
    """It is refused from the next request on, and a request that waits ends."""
    service = service_of(request)
    scripts.revoke(service.central, session_of(request).person, token, service.now())


handlers = [create, listed, revoke]
