"""Customers' persons: what is kept of one, and its erasure."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from ...domain.rights import Right
from ...sync.office import Erased, PersonData
from .. import privacy
from ..guards import signed_in
from ..problems import described
from ..service import service_of, session_of

Asked = Request[Any, Any, Any]
_OF: dict[str, Any] = {
    "status_code": 200,
    "guards": [signed_in],
    "sync_to_thread": True,
    "opt": {"protocol": "pull", "right": Right.PRIVACY},
    "security": [{"access": []}],
    "tags": ["office"],
}


@get(
    "/v1/contacts/{contact:str}/data",
    summary="All that is kept of a customer's person",
    responses=described(400, 401, 403, 404, 426, 503),
    **_OF,
)
def data(request: Asked, contact: FromPath[str]) -> PersonData:
    """The contact, and their tickets with all that hangs on them. The audit trail keeps who asked."""
    service = service_of(request)
    found = privacy.export(service.central, contact[:80], session_of(request).person.id, service.now())
    return PersonData(**found)


@post(
    "/v1/contacts/{contact:str}/erase",
    summary="Erase a customer's person",
    responses=described(400, 401, 403, 404, 409, 426, 503),
    **_OF,
)
def erase(request: Asked, contact: FromPath[str]) -> Erased:
    """Here and, by the feed, on the laptops, with every word of their tickets. 409 while one of these is not closed."""
    service = service_of(request)
    gone = privacy.erase(service.central, contact[:80], session_of(request).person.id, service.now())
    return Erased(gone.tickets, gone.entries, gone.ops)


handlers = [data, erase]
