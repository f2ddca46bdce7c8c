"""First pulls in parts, and the timeline of one ticket."""

from typing import Annotated, Any

import anyio
import anyio.to_thread
import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, Parameter

from ...clock import iso
from ...domain.rights import Right
from ...sync.wire import NDJSON, Line, Snapshot
from .. import cutting
from ..access import Reader
from ..delta import visible_tickets
from ..guards import admitted, permit_of, signed_in
from ..problems import ProblemError, described
from ..service import service_of, session_of

ZSTD = "application/zstd"
PATIENCE = 10.0
"""Seconds until a manifest is given without the further part that was asked for."""
LOOK = 0.05
"""Seconds between two looks for one."""

Asked = Request[Any, Any, Any]


@post(
    "/v1/snapshots",
    status_code=200,
    guards=[signed_in, admitted],
    opt={"protocol": "pull", "load": "bootstrap", "right": Right.READ},
    responses=described(400, 401, 403, 426, 429, 503),
    security=[{"access": []}],
    summary="Begin a first pull in parts",
    tags=["sync"],
)
async def begin(request: Asked) -> Snapshot:
    """The manifest of a snapshot for the reader: shared with others of the same groups, or cut anew. Its first parts
    are there; the others follow while it isn't `whole`."""
    service, person = service_of(request), session_of(request).person
    id = await anyio.to_thread.run_sync(service.snapshots.begin, person)
    return await _manifest(request, id, 0)


@get(
    "/v1/snapshots/{snapshot:str}",
    guards=[signed_in, admitted],
    opt={"protocol": "pull", "load": "bootstrap", "right": Right.READ},
    responses=described(400, 401, 403, 410, 426, 429, 503),
    security=[{"access": []}],
    summary="What of a snapshot is there",
    tags=["sync"],
)
async def manifest(
    request: Asked,
    snapshot: FromPath[str],
    have: Annotated[int, Parameter(ge=0, le=1_000_000, description="Parts that the caller knows of")] = 0,
) -> Snapshot:
    """Held back until there are more parts than `have`, it is whole, or ten seconds have passed."""
    return await _manifest(request, snapshot, have)


@get(
    "/v1/snapshots/{snapshot:str}/parts/{part:int}",
    guards=[signed_in, admitted],
    sync_to_thread=True,
    opt={"protocol": "pull", "load": "bootstrap", "right": Right.READ},
    media_type=ZSTD,
    responses=described(400, 401, 403, 404, 410, 426, 429, 503),
    security=[{"access": []}],
    summary="A part of a snapshot",
    tags=["sync"],
)
def part(request: Asked, snapshot: FromPath[str], part: FromPath[int]) -> Response[bytes]:
    """One zstd frame of NDJSON: `put` lines, and an `end` line with their number. It can be fetched again."""
    body = service_of(request).snapshots.part(session_of(request).person, snapshot, part)
    return Response(body, media_type=ZSTD)


@get(
    "/v1/tickets/{ticket:str}/timeline",
    guards=[signed_in],
    sync_to_thread=True,
    opt={"protocol": "pull", "right": Right.READ, "scripts": True},
    media_type=NDJSON,
    responses=described(400, 401, 403, 404, 426, 503),
    security=[{"access": []}],
    summary="What belongs to one ticket",
    tags=["sync"],
)
def timeline(request: Asked, ticket: FromPath[str]) -> Response[bytes]:
    """Entries, escalations and conflicts of a ticket of the reader's groups, as `put` lines and an `end` line."""
    service, session, now = service_of(request), session_of(request), service_of(request).now()
    reader = Reader.of(session.person, session.sight)
    with service.central.read() as conn:
        if not visible_tickets(conn, reader, [ticket], now):
            raise ProblemError("not_found")
        lines = cutting.timeline(conn, reader, ticket, now)
    end = Line(t="end", rows=len(lines), server_time=iso(now))
    return Response(b"\n".join([*lines, msgspec.json.encode(end)]), media_type=NDJSON)


async def _manifest(request: Asked, id: str, have: int) -> Snapshot:
    service, person = service_of(request), session_of(request).person
    until = anyio.current_time() + PATIENCE
    while True:
        found = await anyio.to_thread.run_sync(service.snapshots.manifest, person, id)
        if found.whole or len(found.parts) > have or anyio.current_time() >= until or service.watch.stopped:
            return found
        async with permit_of(request).resting():
            await anyio.sleep(LOOK)


handlers = [begin, manifest, part, timeline]
