"""Pokes by server-sent events: something has changed, come and pull. No data ever travels on a stream."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio.to_thread
import msgspec
from litestar import Request, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.response import Stream

from ...domain.rights import Right
from ...sync.wire import Bye, Head
from ..access import Reader
from ..guards import admission_of
from ..pokes import Listening
from ..problems import ProblemError
from ..service import Service, ended_of, service_of, session_of
from ..tokens import Session
from . import with_right

EVENTS = "text/event-stream"
PING = b": ping\n\n"

Asked = Request[Any, Any, Any]


class Event(msgspec.Struct):
    """One event of the stream as a library reads it; `data` is the JSON of a `Head` or, with `bye`, a `Bye`."""

    event: str
    data: str
    id: str = ""


@get(
    "/v1/stream",
    summary="Pokes when something has changed in the caller's scope",
    media_type=EVENTS,
    **with_right(
        Right.READ,
        "sync",
        reply=ResponseSpec(
            Event, media_type=EVENTS, generate_examples=False, description="Events `head` (`Head`) and `bye` (`Bye`)."
        ),
        threaded=False,
    ),
)
async def stream(request: Asked) -> Stream:
    """Begins with the feed's head and goes on until the session ends or central stops. A device has one stream."""
    service, session = service_of(request), session_of(request)
    if service.pokes.count >= service.settings.loads.streams:
        raise service.admission.busy("live")
    head = await anyio.to_thread.run_sync(service.head)
    groups = Reader.of(session.person).groups
    listening = service.pokes.open(session.device["id"], groups, head, ended_of(request))
    events = _events(service, admission_of(request, request.route_handler), listening)
    return Stream(events, media_type=EVENTS, headers={"X-Accel-Buffering": "no"})


async def _events(service: Service, still: Callable[[], Session], listening: Listening) -> AsyncIterator[bytes]:
    pokes, ping = service.pokes, service.settings.ping_seconds
    loop = asyncio.get_running_loop()
    try:
        yield _head(service, listening)
        due = loop.time() + ping
        while True:
            news = await pokes.news(listening, max(0.0, due - loop.time()))
            if service.watch.stopped or listening.replaced:
                yield _bye(service, "replaced" if listening.replaced else "stopping")
                return
            silent = loop.time() >= due
            if listening.look or silent:
                ended = await _looked(still, listening)
                if ended is not None:
                    yield _bye(service, ended)
                    return
            if news:
                yield _head(service, listening)
            elif silent:
                yield PING
            if news or silent:
                due = loop.time() + ping
            if news:
                await asyncio.sleep(pokes.jitter_ms / 1000)  # what comes meanwhile is one poke
    finally:
        pokes.close(listening)


async def _looked(still: Callable[[], Session], listening: Listening) -> str | None:
    """The groups as of now; the code of why the session is over, if it is. A database that is away ends nothing."""
    listening.look = False
    try:
        session = await anyio.to_thread.run_sync(still)
    except ProblemError as problem:
        return problem.code
    except Exception:
        return None
    listening.groups = Reader.of(session.person).groups
    return None


def _head(service: Service, listening: Listening) -> bytes:
    return _event("head", Head(listening.seq, service.pokes.jitter_ms), f"id: {listening.seq}\n")


def _bye(service: Service, code: str) -> bytes:
    return _event("bye", Bye(code, service.pokes.jitter_ms))


def _event(name: str, data: msgspec.Struct, id: str = "") -> bytes:
    return f"{id}event: {name}\ndata: {msgspec.json.encode(data).decode()}\n\n".encode()


handlers = [stream]
