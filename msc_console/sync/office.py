"""Messages of the routes for administrators: accounts, devices, the audit trail, personal data. As in `wire`, times are
ISO 8601 UTC and a field that is not known is passed over."""

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
