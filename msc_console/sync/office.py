"""Messages of the routes for administrators: accounts, devices, the audit trail, personal data. As in `wire`, times are
ISO 8601 UTC and a field that is not known is passed over."""

from typing import Annotated, Any

import msgspec


class AuditRecord(msgspec.Struct, frozen=True):
    """`trail.Record` on the wire; `data` is the very text that was hashed."""

    seq: int
    at: int
    actor: str
    act: str
    data: str
    hash: str


class AuditPage(msgspec.Struct, frozen=True):
    """`GET /v1/audit`: records in the order of their numbers; fewer than asked for = the end."""

    records: list[AuditRecord]
    site: str
    """The site's id, by whose name checkpoints are signed."""


class ExportTold(msgspec.Struct, frozen=True):
    """`POST /v1/exports`: a file that a person has had written. `id` tells repeats; `what`: the verb that made it."""

    id: Annotated[str, msgspec.Meta(pattern="^[0-9a-f-]{36}$")]
    what: Annotated[str, msgspec.Meta(pattern="^[a-z0-9-]{1,40}( [a-z0-9-]{1,40}){0,2}$")]
    form: Annotated[str, msgspec.Meta(pattern="^[a-z]{1,10}$")]
    rows: Annotated[int, msgspec.Meta(ge=0, le=2**40)]
    made_at: str


class PersonData(msgspec.Struct, frozen=True):
    """`GET /v1/contacts/{id}/data`: documents as on the feed; tickets bear `timeline` and `escalations`."""

    made_at: str
    contact: dict[str, Any]
    tickets: list[dict[str, Any]]


class Erased(msgspec.Struct, frozen=True):
    """`POST /v1/contacts/{id}/erase`: how many lost their words; all 0 when it had been done before."""

    tickets: int
    entries: int
    ops: int
