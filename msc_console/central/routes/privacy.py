"""Customers' persons: what is kept of one, and its erasure."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from ...domain.rights import Right
from ...sync.office import Erased, PersonData
from .. import privacy
from ..service import service_of, session_of
from . import with_right

Asked = Request[Any, Any, Any]


@get(
    "/v1/contacts/{contact:str}/data",
    summary="All that is kept of a customer's person",
    **with_right(Right.PRIVACY, "office", 404),
)
def data(request: Asked, contact: FromPath[str]) -> PersonData:
    """The contact, and their tickets with all that hangs on them. The audit trail keeps who asked."""
    service = service_of(request)
    found = privacy.export(service.central, contact[:80], session_of(request).person.id, service.now())
    return PersonData(**found)


@post(
    "/v1/contacts/{contact:str}/erase",
    summary="Erase a customer's person",
    **with_right(Right.PRIVACY, "office", 404, 409),
)
def erase(request: Asked, contact: FromPath[str]) -> Erased:
    """Here and, by the feed, on the laptops, with every word of their tickets. 409 while one of these is not closed."""
    service = service_of(request)
    gone = privacy.erase(service.central, contact[:80], session_of(request).person.id, service.now())
    return Erased(gone.tickets, gone.entries, gone.ops)


handlers = [data, erase]
