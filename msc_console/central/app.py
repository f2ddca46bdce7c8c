"""The API as a Litestar application. Messages are msgspec Structs: one definition validates and describes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from litestar import HttpMethod, Litestar, Response, route
from litestar.datastructures import MutableScopeHeaders, State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import Message, Scope
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from .. import __version__
from ..clock import iso
from ..errors import MscError
from . import compact, problems, tick
from .checkpoints import Keeper
from .compression import PackedReplies, PackedRequests
from .db import Central
from .guards import PermitsBack, speaks
from .routes import (
    accounts,
    audit,
    people,
    privacy,
    quarantine,
    scripts,
    session,
    site,
    snapshots,
    spool,
    stream,
    sync,
    verify,
)
from .service import Service, Settings

SERVER_TIME = "MSC-Server-Time"
SCHEMA = "/v1/schema"
SMALL_BODY = 16 * 1024
CHECKPOINT_LOOK = 30.0
"""Seconds between two looks whether a checkpoint is due."""

ROUTES: Sequence[HTTPRouteHandler] = [
    *site.handlers,
    *session.handlers,
    *scripts.handlers,
    *accounts.handlers,
    *people.handlers,
    *sync.handlers,
    *spool.handlers,
    *stream.handlers,
    *snapshots.handlers,
    *verify.handlers,
    *audit.handlers,
    *privacy.handlers,
    *quarantine.handlers,
]

log = logging.getLogger("msc.central")


def create_app(central: Central, settings: Settings) -> Litestar:
    """The application over an open, migrated database. It owns neither the database nor the process.

    Who may come to it, and what every reply bears beside its own, is `gate.Gate`'s.
    """
    service = Service(central, settings)

    async def stamp(message: Message, _scope: Scope) -> None:
        """Puts central's time on every reply, errors included."""
        if message["type"] == "http.response.start":
            MutableScopeHeaders.from_message(message)[SERVER_TIME] = iso(service.now())

    @asynccontextmanager
    async def at_work(_app: Litestar) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(service.watch.run()), asyncio.create_task(service.pokes.run())]
        if settings.tick_seconds is not None:
            tasks.append(asyncio.create_task(_ticking(service, settings.tick_seconds)))
            tasks.append(asyncio.create_task(_checkpointing(service)))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await anyio.to_thread.run_sync(service.snapshots.close)

    return Litestar(
        route_handlers=[*_options(ROUTES), *ROUTES],
        guards=[speaks],
        middleware=[PermitsBack(), PackedReplies(), PackedRequests()],
        before_send=[stamp],
        lifespan=[at_work],
        state=State({"service": service}),
        request_max_body_size=SMALL_BODY,
        exception_handlers={
            problems.ProblemError: problems.on_problem,
            HTTPException: problems.on_http,
            OperationalError: problems.on_busy,
            PoolExhausted: problems.on_busy,
            MscError: problems.on_msc_error,
            RecursionError: problems.on_unreadable,
            UnicodeDecodeError: problems.on_unreadable,
            Exception: problems.on_crash,
        },
        openapi_config=_description() if settings.describe else None,
        logging_config=None,
    )


def _options(handlers: Sequence[HTTPRouteHandler]) -> Iterator[HTTPRouteHandler]:
    """What answers OPTIONS where an address takes several methods: the framework's own answer knows the first alone."""
    methods: dict[str, set[str]] = {}
    for handler in handlers:
        for path in handler.paths:
            methods.setdefault(path, set()).update(handler.http_methods)
    for path, found in methods.items():
        if len(found) > 1:
            yield _allows(path, ", ".join(sorted({*found, "OPTIONS"})))


def _allows(path: str, methods: str) -> HTTPRouteHandler:
    @route(path, http_method=HttpMethod.OPTIONS, status_code=204, sync_to_thread=False, include_in_schema=False)
    def options() -> Response[None]:
        return Response(None, status_code=204, headers={"Allow": methods})

    return options


def _description() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="msc-console central",
        version=__version__,
        path=SCHEMA,
        render_plugins=[JsonRenderPlugin()],
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "access": SecurityScheme(type="http", scheme="bearer", description="An access token"),
                "setup": SecurityScheme(
                    type="http", scheme="bearer", description="The token for an authenticator's set-up"
                ),
                "pending": SecurityScheme(type="http", scheme="bearer", description="The token of the first step"),
            }
        ),
    )


async def _ticking(service: Service, seconds: float) -> None:
    """Central's own acts: what is due is done, and whatever goes wrong is tried again at the next beat."""
    while True:
        try:
            service.watch.notify(await anyio.to_thread.run_sync(tick.tick, service.central, service.now()))
            await anyio.to_thread.run_sync(compact.step, service.central, service.now())
        except Exception:
            log.exception("tick failed")
        await asyncio.sleep(seconds)


async def _checkpointing(service: Service) -> None:
    """Beside the tick: a host that takes its time must not hold up replies."""
    keeper = Keeper(service.settings.anchors, service.settings.key)
    while True:
        try:
            await anyio.to_thread.run_sync(keeper.step, service.central, service.now())
        except Exception:
            log.exception("checkpoint failed")
        await asyncio.sleep(CHECKPOINT_LOOK)


def openapi(app: Litestar) -> dict[str, Any]:
    """The description that the app serves, as plain values."""
    return app.openapi_schema.to_schema()
