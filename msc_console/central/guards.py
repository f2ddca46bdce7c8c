"""What is checked before a request's body is read: the protocol both sides speak, and who calls."""

from collections.abc import Callable
from typing import Any

import anyio.to_thread
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from ..sync.wire import HEADER, PROTOCOL, PROTOCOL_OLDEST_PULL, PROTOCOL_OLDEST_PUSH
from . import scripts
from .access import authorize
from .admission import Permit
from .problems import ProblemError
from .service import service_of, session_of
from .tokens import Session, authenticate

Connection = ASGIConnection[Any, Any, Any, Any]

OLDEST = {"pull": PROTOCOL_OLDEST_PULL, "push": PROTOCOL_OLDEST_PUSH}
"""A route's `opt["protocol"]` -> the oldest protocol that it understands."""


def speaks(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuses a peer whose protocol is too old or too new, with the range in `data`. No header means protocol 1."""
    use = handler.opt.get("protocol")
    if use is None:
        return
    told = connection.headers.get(HEADER, "1")
    if not (told.isascii() and told.isdigit() and len(told) <= 4):
        raise ProblemError("invalid_request", fields=[HEADER])
    oldest, spoken = OLDEST[use], int(told)
    if not oldest <= spoken <= PROTOCOL:
        code = "protocol_too_old" if spoken < oldest else "protocol_too_new"
        raise ProblemError(code, min=oldest, max=PROTOCOL, got=spoken)


def bearer(connection: Connection) -> str:
    """The token of the Authorization header. Two such headers are refused: proxies disagree about which one counts."""
    told = connection.headers.getall("authorization", [])
    if len(told) != 1:
        raise ProblemError("token_missing" if not told else "token_unknown")
    scheme, _, token = told[0].partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise ProblemError("token_missing")
    return token.strip()


async def signed_in(connection: Connection, handler: BaseRouteHandler) -> None:
    """Finds who calls, or answers 401; they must hold the route's `opt["right"]`, or 403.

    A route that names no right is nobody's, and one without `opt["scripts"]` is not for service tokens.
    """
    connection.state.ended = service_of(connection).watch.ended
    connection.state.session = await anyio.to_thread.run_sync(admission_of(connection, handler))


def admission_of(connection: Connection, handler: BaseRouteHandler) -> Callable[[], Session]:
    """Asks, each time it is called, whether the caller of a request may still make it. ProblemError 401, 403."""
    service, token, right = service_of(connection), bearer(connection), handler.opt.get("right")
    address = connection.client.host if connection.client is not None else ""
    script = token.startswith(scripts.PREFIX)

    def ask() -> Session:
        if script and not handler.opt.get("scripts", False):
            raise ProblemError("forbidden", reason="not_for_scripts")
        now = service.now()
        if script:
            session = scripts.authenticate(service.central, token, address, now)
        else:
            session = authenticate(service.central, token, "access", now)
        authorize(session, right)
        return session

    return ask


async def admitted(connection: Connection, handler: BaseRouteHandler) -> None:
    """Takes the permit of `opt["load"]` (live, bootstrap, or first: bootstrap without a cursor), after `signed_in`.

    `PermitsBack` gives it back when the reply begins, and in any case when the request is over.
    """
    load = handler.opt["load"]
    if load == "first":
        load = "live" if connection.query_params.get("cursor") else "bootstrap"
    admission, device = service_of(connection).admission, session_of(connection).device["id"]
    connection.scope["state"]["permit"] = await admission.admit(load, device, handler.opt["protocol"])


def permit_of(connection: Connection) -> Permit:
    """The permit of a request that passed `admitted`."""
    permit: Permit = connection.scope["state"]["permit"]
    return permit


class PermitsBack(ASGIMiddleware):
    """No request keeps its permit: a slow reader, a crash, a caller who hung up."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        def back() -> None:
            permit = scope["state"].get("permit")
            if permit is not None:
                permit.drop()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                back()
            await send(message)

        try:
            await next_app(scope, receive, watched)
        finally:
            back()
