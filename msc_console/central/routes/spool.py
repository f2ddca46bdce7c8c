"""What another person left unsent on a laptop, brought by whoever signed in there next."""

from typing import Any

from litestar import Request, post
from litestar.params import JSONBody

from ...domain.rights import Right
from ...sync.wire import SPOOL_LENGTH, Spooled, SpoolReply
from .. import spool
from ..service import service_of, session_of
from . import with_right

FRAME = 1024


@post(
    "/v1/spool",
    summary="Acts of another person that their laptop sealed to central at a sign-out",
    request_max_body_size=SPOOL_LENGTH + FRAME,
    **with_right(Right.SEND, "sync", 413, protocol="push", load="live"),
)
def bring(request: Request[Any, Any, Any], data: JSONBody[Spooled]) -> SpoolReply:
    """Judged as their own device's push would be; the same again, from either, changes nothing. The reply tells only
    how many they were."""
    service = service_of(request)
    found, results = spool.take(service.central, service.settings.key, data.sealed, session_of(request), service.now())
    service.watch.notify(max((result.seq for result in results), default=0))
    return SpoolReply(count=len(found.ops))


handlers = [bring]
