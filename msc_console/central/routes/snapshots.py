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
from ..guards import permit_of
from ..problems import ProblemError
from ..service import service_of, session_of
from . import with_right

ZSTD = "application/zstd"
PATIENCE = 10.0
"""Seconds until a manifest is given without the further part that was asked for."""
LOOK = 0.05
"""Seconds between two looks for one."""

Asked = Request[Any, Any, Any]


@post(
    "/v1/snapshots",
    summary="Begin a first pull in parts",
    **with_right(Right.READ, "sync", threaded=False, load="bootstrap"),
)
async def begin(request: Asked) -> Snapshot:
    """The manifest of a snapshot for the reader: shared with others of the same groups, or cut anew. Its first parts
    are there; the others follow while it isn't `whole`."""
    service, person = service_of(request), session_of(request).person
    id = await anyio.to_thread.run_sync(service.snapshots.begin, person)
    return await _manifest(request, id, 0)


@get(
    "/v1/snapshots/{snapshot:str}",
    summary="What of a snapshot is there",
    **with_right(Right.READ, "sync", 410, threaded=False, load="bootstrap"),
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
    summary="A part of a snapshot",
    media_type=ZSTD,
    **with_right(Right.READ, "sync", 404, 410, load="bootstrap"),
)
def part(request: Asked, snapshot: FromPath[str], part: FromPath[int]) -> Response[bytes]:
    """One zstd frame of NDJSON: `put` lines, and an `end` line with their number. It can be fetched again."""
    body = service_of(request).snapshots.part(session_of(request).person, snapshot, part)
    return Response(body, media_type=ZSTD)


@get(
    "/v1/tickets/{ticket:str}/timeline",
    summary="What belongs to one ticket",
    media_type=NDJSON,
    **with_right(Right.READ, "sync", 404, scripts=True),
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
