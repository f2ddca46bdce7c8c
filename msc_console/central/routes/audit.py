"""The audit trail, for those who may read it."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.params import Parameter
from sqlalchemy import text

from ... import trail
from ...domain.rights import Right
from ...sync.office import AuditPage, AuditRecord
from .. import audit
from ..guards import signed_in
from ..problems import described
from ..service import service_of, session_of

Asked = Request[Any, Any, Any]


@get(
    "/v1/audit",
    guards=[signed_in],
    sync_to_thread=True,
    opt={"protocol": "pull", "right": Right.AUDIT},
    responses=described(400, 401, 403, 426, 503),
    security=[{"access": []}],
    summary="Records of the audit trail",
    tags=["office"],
)
def records(
    request: Asked,
    after: Annotated[int | None, Parameter(ge=0, le=2**53)] = None,
    limit: Annotated[int, Parameter(ge=1, le=audit.PAGE)] = audit.PAGE,
) -> AuditPage:
    """Those behind number `after`, or the newest. Beginning to read is an act that is recorded itself."""
    service = service_of(request)
    if not after:
        told = {"newest": limit} if after is None else {"after": 0}
        with service.central.write() as conn:
            audit.add(conn, service.now(), session_of(request).person.id, "audit.read", told)
    with service.central.read() as conn:
        found = audit.newest(conn, limit) if after is None else audit.after(conn, after, limit)
        site = str(conn.execute(text("SELECT value FROM meta WHERE key = 'site_id'")).scalar_one())
    return AuditPage([msgspec.convert(trail.as_document(record), AuditRecord) for record in found], site)


handlers = [records]
