"""Every table of central as a class: what the migrations must come to (a test compares the two).

Rows are read and written at driver level (`sql`, `records`); these classes serve single acts and tools, and nothing
on the way of a request imports them. Times are UTC milliseconds, lists and documents JSON text.
"""

from sqlalchemy import BigInteger
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Table(SQLModel, registry=registry()):
    """Central's own set of tables: a laptop's have the same names."""


def _big(*, key: bool = False) -> int:
    """A column of 64 bits."""
    return Field(sa_type=BigInteger, primary_key=key)  # type: ignore[no-any-return]


def _big_or_none() -> int | None:
    return Field(default=None, sa_type=BigInteger)  # type: ignore[no-any-return]


class MetaRow(Table, table=True):
    """Settings of the site: site_id, site_name, site_zone, cursor_secret and those of other rooms."""

    __tablename__ = "meta"

    key: str = Field(primary_key=True)
    value: str


class FeedHeadRow(Table, table=True):
    """The one row that every writing transaction ends with."""

    __tablename__ = "feed_head"

    id: int = Field(primary_key=True)
    generation: str
    seq: int = _big()
    number: int = _big()


class ChangeRow(Table, table=True):
    """One changed row on the feed."""

    __tablename__ = "change"

    seq: int = _big(key=True)
    entity: str
    id: str
    ver: int
    op_id: str | None = None
    at: int = _big()


class ChangeGroupRow(Table, table=True):
    """Who hears of it. `till`: last seq of its op."""

    __tablename__ = "change_group"

    group_id: str = Field(primary_key=True)
    seq: int = _big(key=True)
    entity: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    effect: str
    till: int = _big()


class TicketRow(Table, table=True):
    __tablename__ = "ticket"

    id: str = Field(primary_key=True)
    number: int | None = _big_or_none()
    alias: str | None = None
    ver: int
    kind: str
    sub_kind: str | None = None
    subject: str
    contact: str | None = None
    contact_name: str
    organisation: str | None = None
    organisation_name: str
    service: str | None = None
    component: str | None = None
    category: str | None = None
    queue: str
    tier: str
    state: str
    waiting_party: str | None = None
    hold_reason: str | None = None
    urgency: str
    impact: str
    priority: str
    priority_reason: str | None = None
    owner: str | None = None
    owner_epoch: int
    owned_at: int | None = _big_or_none()
    claim_until: int | None = _big_or_none()
    channel: str
    contact_at: int = _big()
    created_at: int = _big()
    updated_at: int = _big()
    resolved_at: int | None = _big_or_none()
    closed_at: int | None = _big_or_none()
    reopened: int
    tags: str
    watchers: str
    references: str
    source: str | None = None
    clocks: str
    next_due: int | None = _big_or_none()
    extra: str | None = None


class EntryRow(Table, table=True):
    """`clocked`: 1 when it counts for clocks."""

    __tablename__ = "entry"

    id: str = Field(primary_key=True)
    ticket: str
    ver: int
    kind: str
    act: str
    author: str | None = None
    author_name: str
    contact: str | None = None
    body: str
    visibility: str
    channel: str | None = None
    made_at: int = _big()
    received_at: int | None = _big_or_none()
    at: int = _big()
    late: int
    clamped: int
    delivery: str
    delivered_at: int | None = _big_or_none()
    delivery_note: str | None = None
    changes: str
    data: str
    supersedes: str | None = None
    extra: str | None = None
    clocked: int


class HopRow(Table, table=True):
    __tablename__ = "hop"

    id: str = Field(primary_key=True)
    ticket: str
    ver: int
    from_tier: str
    tier: str
    state: str
    reason: str
    raised_by: str
    raised_at: int = _big()
    asked: str
    acked_by: str | None = None
    acked_at: int | None = _big_or_none()
    proxy: str | None = None
    lease_until: int | None = _big_or_none()
    returned_by: str | None = None
    returned_at: int | None = _big_or_none()
    outcome: str | None = None
    extra: str | None = None


class ContactRow(Table, table=True):
    __tablename__ = "contact"

    id: str = Field(primary_key=True)
    ver: int
    name: str
    organisation: str | None = None
    organisation_name: str
    language: str
    addresses: str
    created_at: int = _big()
    extra: str | None = None


class OrganisationRow(Table, table=True):
    __tablename__ = "organisation"

    id: str = Field(primary_key=True)
    ver: int
    name: str
    b2b: int
    contract: str | None = None
    extra: str | None = None


class PersonRow(Table, table=True):
    """With what signs the person in, never synced."""

    __tablename__ = "person"

    id: str = Field(primary_key=True)
    ver: int
    login: str
    name: str
    role: str
    tier: str
    queues: str
    skills: str
    active: int
    extra: str | None = None
    password_hash: str | None = None
    totp_secret: str | None = None
    totp_step: int = _big()
    failed: int
    locked_until: int | None = _big_or_none()


class QueueRow(Table, table=True):
    __tablename__ = "queue"

    id: str = Field(primary_key=True)
    ver: int
    key: str
    name: str
    kind: str
    tier: str
    extra: str | None = None


class ServiceRow(Table, table=True):
    __tablename__ = "service"

    id: str = Field(primary_key=True)
    ver: int
    key: str
    name: str
    components: str
    categories: str
    extra: str | None = None


class ArticleRow(Table, table=True):
    __tablename__ = "article"

    id: str = Field(primary_key=True)
    ver: int
    code: str
    language: str
    title: str
    body: str
    service: str | None = None
    category: str | None = None
    state: str
    revision: int
    updated_at: int = _big()
    review_at: int | None = _big_or_none()
    extra: str | None = None


class PolicyRow(Table, table=True):
    """`body`: `domain.policy.policy_document`."""

    __tablename__ = "policy"

    version: int = Field(primary_key=True)
    body: str
    made_at: int = _big()


class DutyRow(Table, table=True):
    __tablename__ = "duty"

    id: str = Field(primary_key=True)
    ver: int
    place: int
    persons: str
    tier: str | None = None
    queue: str | None = None
    begins: str
    ends: str


class DeviceRow(Table, table=True):
    """A laptop of one person. `inc`, `last_counter`, `last_link`: the end of its chain."""

    __tablename__ = "device"

    id: str = Field(primary_key=True)
    person: str
    public_key: str
    code: str
    inc: str | None = None
    last_counter: int = _big()
    last_link: str
    state: str
    name: str
    created_at: int = _big()
    last_seen_at: int | None = _big_or_none()


class SessionTokenRow(Table, table=True):
    """`hash`: SHA-256 of the token."""

    __tablename__ = "session_token"

    id: str = Field(primary_key=True)
    person: str
    device: str | None = None
    kind: str
    hash: str
    expires_at: int = _big()
    revoked_at: int | None = _big_or_none()
    family: str | None = None
    replaced_by: str | None = None
    created_at: int = _big()
    last_seen_at: int | None = _big_or_none()


class OpRow(Table, table=True):
    """Every op with its lasting answer; `result` is a `wire.OpResult` as JSON."""

    __tablename__ = "op"

    op_id: str = Field(primary_key=True)
    device: str | None = None
    inc: str | None = None
    counter: int | None = _big_or_none()
    kind: str
    target: str
    actor: str
    body: str
    code: str
    result: str
    seq: int = _big()
    received_at: int = _big()
    envelope: str


class OpBodyRow(Table, table=True):
    """What erasure deletes."""

    __tablename__ = "op_body"

    op_id: str = Field(primary_key=True)
    salt: str
    args: str
    before: str


class ChannelRow(Table, table=True):
    """A way out to customers that is switched on."""

    __tablename__ = "channel"

    channel: str = Field(primary_key=True)
    adapter: str
    target: str
    on_at: int = _big()


class DispatchRow(Table, table=True):
    """A public reply on its way out."""

    __tablename__ = "dispatch"

    entry: str = Field(primary_key=True)
    channel: str
    address: str
    queued_at: int = _big()
    state: str
    attempts: int
    next_at: int | None = _big_or_none()
    note: str | None = None


class AuditRow(Table, table=True):
    """Rows are added, never changed."""

    __tablename__ = "audit"

    id: int | None = Field(default=None, sa_type=BigInteger, primary_key=True)
    at: int = _big()
    actor: str
    act: str
    data: str
