"""The audit trail, for those who may read it, and what others tell it."""

import re
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.params import JSONBody, Parameter
from sqlalchemy import Connection

from ... import clock, trail
from ...domain.rights import Right
from ...sync.office import AuditPage, AuditRecord, ExportTold
from .. import audit, sql, tokens
from ..audit import Sought
from ..problems import ProblemError
from ..service import service_of, session_of
from . import with_right

Asked = Request[Any, Any, Any]
NAME = r"^[A-Za-z0-9._-]{1,80}$"
"""A login, an id, a number: nothing that canonical JSON would escape. (An underscore matches any letter: no harm.)"""
ACT = r"^[a-z0-9._-]{1,80}$"
_NUMBER = re.compile(r"(?:MSC-)?0*([1-9][0-9]{0,15})", re.IGNORECASE)


@get(
    "/v1/audit",
    summary="Records of the audit trail",
    **with_right(Right.AUDIT, "office"),
)
def records(
    request: Asked,
    after: Annotated[int | None, Parameter(ge=0, le=2**53)] = None,
    limit: Annotated[int, Parameter(ge=1, le=audit.PAGE)] = audit.PAGE,
    by: Annotated[str | None, Parameter(pattern=NAME)] = None,
    act: Annotated[str | None, Parameter(pattern=ACT)] = None,
    since: Annotated[str | None, Parameter(max_length=40, description="RFC 3339")] = None,
    about: Annotated[str | None, Parameter(pattern=NAME)] = None,
) -> AuditPage:
    """Those behind number `after`, or the newest. `by`: login or id; `act`: the whole or its first words; `about`: an
    id, a login or a ticket's number. Each page that is read is an act that is recorded itself."""
    service = service_of(request)
    with service.central.write() as conn:
        sought = Sought(
            by=_id_of(conn, by or ""), act=act or "", since=_since(since), about=_id_of(conn, about or "", tickets=True)
        )
        told: dict[str, Any] = {"newest": limit} if after is None else {"after": after}
        audit.add(conn, service.now(), session_of(request).person.id, "audit.read", told | sought.told())
    with service.central.read() as conn:
        found = audit.newest(conn, limit, sought) if after is None else audit.after(conn, after, limit, sought)
        site = sql.meta(conn, "site_id")
    return AuditPage([msgspec.convert(trail.as_document(record), AuditRecord) for record in found], site)


def _since(told: str | None) -> int:
    try:
        return clock.to_ms(clock.parse(told)) if told else 0
    except ValueError:
        raise ProblemError("invalid_request", fields=["since"]) from None


def _id_of(conn: Connection, name: str, *, tickets: bool = False) -> str:
    """The id of whom or what a name means; a name that means nothing here is an id itself."""
    if name and (found := tokens.one(conn, "SELECT id FROM person WHERE login = :name", name=name)):
        return str(found["id"])
    if tickets and (number := _NUMBER.fullmatch(name)):
        found = tokens.one(conn, "SELECT id FROM ticket WHERE number = :number", number=int(number[1]))
        return str(found["id"]) if found else name
    return name


@post(
    "/v1/exports",
    summary="What left a laptop as a file",
    **with_right(Right.EXPORT, "office", 413, status=204),
)
def exported(request: Asked, data: JSONBody[ExportTold]) -> None:
    """Kept in the trail, told before the file is written. A repeat bears the same id."""
    service, session = service_of(request), session_of(request)
    try:
        made = clock.parse(data.made_at)
    except ValueError:
        raise ProblemError("invalid_request", fields=["made_at"]) from None
    told = {"export": data.id, "what": data.what, "form": data.form, "rows": data.rows, "made_at": clock.iso(made)}
    if session.device is not None:
        told["device"] = session.device["id"]
    with service.central.write() as conn:
        audit.add(conn, service.now(), session.person.id, "export", told)


handlers = [records, exported]
