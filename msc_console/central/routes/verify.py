"""The self-check of laptops: digests of what they should hold, and the rows behind a difference."""

from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody

from ...clock import iso
from ...domain.rights import Right
from ...records import ENTITIES
from ...sync.wire import NDJSON, Digested, Line, VerifyAsk, VerifyReply, VerifyRowsAsk
from .. import verify as verifying
from ..cursors import CursorExpired
from ..problems import ProblemError
from ..service import service_of, session_of
from ..world import SET_UP
from . import with_right

Asked = Request[Any, Any, Any]
_encoder = msgspec.json.Encoder()


@post(
    "/v1/verify",
    summary="Digests of what the caller should hold",
    **with_right(Right.READ, "sync", 410, 413, load="bootstrap"),
)
def verify(request: Asked, data: JSONBody[VerifyAsk]) -> VerifyReply:
    """Counted in the same read as the position of `cursor`; nothing is counted while there is news behind it."""
    service, session, now = service_of(request), session_of(request), service_of(request).now()
    try:
        found = verifying.sums(service.central, session.person, data.cursor, set(data.buckets), now)
    except CursorExpired:
        raise ProblemError("cursor_expired", resnapshot=True) from None
    if found is None:
        return VerifyReply(up_to_date=False, server_time=iso(now))
    told = {
        entity: Digested(item.whole.rows, item.whole.hex, [(part.rows, part.hex) for part in item.buckets])
        for entity, item in found.items()
    }
    return VerifyReply(up_to_date=True, server_time=iso(now), entities=told)


@post(
    "/v1/verify/rows",
    summary="The caller's rows of some buckets",
    media_type=NDJSON,
    **with_right(
        Right.READ,
        "sync",
        410,
        413,
        reply=ResponseSpec(Line, media_type=NDJSON, generate_examples=False, description="As of `GET /v1/changes`."),
        load="bootstrap",
    ),
)
def verify_rows(request: Asked, data: JSONBody[VerifyRowsAsk]) -> Response[bytes]:
    """All rows of the entity in these buckets that the caller should hold, as they are now."""
    service, session, now = service_of(request), session_of(request), service_of(request).now()
    if data.entity not in ENTITIES and data.entity not in SET_UP:
        raise ProblemError("invalid_request", fields=["entity"])
    try:
        lines, current = verifying.rows(service.central, session.person, data.cursor, data.entity, data.buckets, now)
    except CursorExpired:
        raise ProblemError("cursor_expired", resnapshot=True) from None
    end = Line(t="end", cursor=data.cursor, rows=len(lines), up_to_date=current, server_time=iso(now))
    return Response(_encoder.encode_lines([*lines, end]), media_type=NDJSON)


handlers = [verify, verify_rows]
