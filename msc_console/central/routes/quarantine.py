"""Acts that central has put aside: for those who settle them."""

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, Parameter

from ...domain.rights import Right
from ...sync.wire_quarantine import Again, Dismissal, Held, HeldPage, Settled
from .. import people, quarantine
from ..service import service_of, session_of
from . import with_right

ID = 80
"""Most characters of an op's id that are looked at."""

Asked = Request[Any, Any, Any]


@get("/v1/quarantine", summary="Acts that were put aside", **with_right(Right.QUARANTINE, "quarantine"))
def listed(
    request: Asked,
    after: Annotated[str, Parameter(max_length=ID)] = "",
    limit: Annotated[int, Parameter(ge=1, le=quarantine.PAGE)] = quarantine.PAGE,
) -> HeldPage:
    """The longest waiting first. A supervisor: of the own queues and people; who may change accounts: all of them. The
    words of an act are for those who see its ticket."""
    service = service_of(request)
    with service.central.read() as conn:
        return quarantine.page(conn, session_of(request).person, after, limit, service.now())


@get("/v1/quarantine/{op:str}", summary="One of them", **with_right(Right.QUARANTINE, "quarantine", 404))
def one(request: Asked, op: FromPath[str]) -> Held:
    """404 once it is settled."""
    service = service_of(request)
    with service.central.read() as conn:
        return quarantine.one(conn, op[:ID], session_of(request).person, service.now())


@post(
    "/v1/quarantine/{op:str}/again",
    summary="Judge it again",
    **with_right(Right.QUARANTINE, "quarantine", 404, 409, 413),
)
def again(request: Asked, op: FromPath[str], data: JSONBody[Again]) -> Settled:
    """As of now, in its author's name, and at most once. Where the author no longer may, whoever asks must be allowed
    the same on a ticket that they see. What fails again stays (`quarantined`)."""
    service, by = service_of(request), session_of(request).person
    done = people.change(
        service.central,
        lambda conn: quarantine.again(service.central, conn, op[:ID], by, service.now()),
        dry_run=data.dry_run,
    )
    service.watch.notify(service.head())
    return done


@post(
    "/v1/quarantine/{op:str}/dismiss",
    summary="Let it go",
    **with_right(Right.QUARANTINE, "quarantine", 404, 409, 413),
)
def dismiss(request: Asked, op: FromPath[str], data: JSONBody[Dismissal]) -> Settled:
    """Its author is told the reason, and tries again or lets it go too."""
    service, by = service_of(request), session_of(request).person
    return people.change(
        service.central,
        lambda conn: quarantine.dismiss(service.central, conn, op[:ID], data.reason, by, service.now()),
        dry_run=data.dry_run,
    )


handlers = [listed, one, again, dismiss]
