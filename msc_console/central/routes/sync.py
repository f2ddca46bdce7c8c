"""The conversation with laptops: ops in, results and changes out."""

from typing import Annotated, Any

import anyio
import anyio.to_thread
import msgspec
from litestar import Request, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, Parameter, RawBody

from ...clock import iso
from ...domain.rights import Right
from ...sync.wire import (
    CURSOR_LENGTH,
    NDJSON,
    PAGE_ROWS,
    PUSH_BYTES,
    PUSH_OPS,
    WAIT_SECONDS,
    Line,
    Push,
    PushReply,
    StatusAsk,
    StatusReply,
)
from ...sync.wire_envelopes import completed
from .. import ledger
from ..changes import CursorExpired, Page
from ..changes import read as read_changes
from ..guards import admission_of, permit_of
from ..problems import ProblemError
from ..service import Service, ended_of, service_of, session_of
from ..tokens import Session
from . import with_right

FRAME = 16 * 1024
"""What a push may need around its ops."""

Asked = Request[Any, Any, Any]
_encoder = msgspec.json.Encoder()


@post(
    "/v1/push",
    summary="Ops of one device, in the order of their counters",
    request_max_body_size=PUSH_BYTES + FRAME,
    **with_right(Right.SEND, "sync", 413, 415, protocol="push", load="live", packed=True),
)
def push(request: Asked, data: JSONBody[Push], body: RawBody) -> PushReply:
    """Each op gets its own lasting result; sending it again gives the same one. The reply leaves after the commit."""
    service, session = service_of(request), session_of(request)
    if data.device != session.device["id"]:
        raise ProblemError("forbidden", detail="the ops are of another device")
    if len(data.ops) > PUSH_OPS:
        raise ProblemError("too_large", ops=PUSH_OPS)
    now = service.now()
    ops = completed(data.ops, body)
    results = ledger.push(service.central, session.person, session.device, ops, now)
    service.watch.notify(max((result.seq for result in results), default=0))
    return PushReply(server_time=iso(service.now()), results=results)


@post(
    "/v1/ops/status",
    summary="What became of ops",
    request_max_body_size=FRAME,
    **with_right(Right.SEND, "sync", 413, load="live"),
)
def status(request: Asked, data: JSONBody[StatusAsk]) -> StatusReply:
    """Results of the caller's own ops that central knows; the others are absent."""
    service, session = service_of(request), session_of(request)
    if len(data.ops) > PUSH_OPS:
        raise ProblemError("too_large", ops=PUSH_OPS)
    return StatusReply(results=ledger.statuses(service.central, session.person, data.ops))


@get(
    "/v1/changes",
    summary="What changed in the caller's scope since a cursor",
    media_type=NDJSON,
    **with_right(
        Right.READ,
        "sync",
        410,
        reply=ResponseSpec(
            Line, media_type=NDJSON, generate_examples=False, description="One `Line` per line; the last has `t: end`."
        ),
        threaded=False,
        load="first",
        scripts=True,
    ),
)
async def changes(
    request: Asked,
    cursor: Annotated[
        str, Parameter(max_length=CURSOR_LENGTH, description="Of the last page's end line; empty = from the start")
    ] = "",
    limit: Annotated[
        int, Parameter(ge=1, le=PAGE_ROWS, description="Most rows; an op is never cut, so a few more may come")
    ] = PAGE_ROWS,
    wait: Annotated[
        int, Parameter(ge=0, le=WAIT_SECONDS, description="Seconds to wait for news when there is none")
    ] = 0,
) -> Response[bytes]:
    """A page counts only when its end line has arrived. With `wait` an empty page is held back until news comes."""
    service, session = service_of(request), session_of(request)
    still, ended = admission_of(request, request.route_handler), ended_of(request)
    until = anyio.current_time() + min(wait, service.settings.wait_seconds)
    while True:
        page = await anyio.to_thread.run_sync(_read, service, session, cursor, limit)
        left = until - anyio.current_time()
        if page.lines or not page.up_to_date or left <= 0 or service.watch.stopped:
            return Response(_ndjson(service, page), media_type=NDJSON)
        async with permit_of(request).resting():
            await service.watch.wait(page.seq, left, ended)
        # Whoever was signed out or moved meanwhile must not be served on what was true when the wait began.
        ended = service.watch.ended
        session = await anyio.to_thread.run_sync(still)


def _read(service: Service, session: Session, cursor: str, limit: int) -> Page:
    try:
        return read_changes(service.central, session.person, cursor, limit, service.now(), sight=session.sight)
    except CursorExpired:
        raise ProblemError("cursor_expired", resnapshot=True) from None


def _ndjson(service: Service, page: Page) -> bytes:
    end = Line(
        t="end",
        cursor=page.cursor,
        rows=len(page.lines),
        up_to_date=page.up_to_date,
        server_time=iso(service.now()),
    )
    return _encoder.encode_lines([*page.lines, end])


handlers = [push, status, changes]
