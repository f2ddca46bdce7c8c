"""Every table of central as a class: what the migrations must come to (a test compares the two).

Rows are read and written at driver level (`sql`, `records`); these classes serve single acts and tools, and nothing
on the way of a request imports them. Times are UTC milliseconds, lists and documents JSON text.
"""

from sqlmodel import Field

from . import tables_accounts, tables_own
from .tables_base import Table, big, big_or_none

__all__ = ["Table", "tables_accounts", "tables_own"]


class MetaRow(Table, table=True):
    """Settings of the site: site_id, site_name, site_zone, cursor_secret and those of other rooms."""

    __tablename__ = "meta"

    key: str = Field(primary_key=True)
    value: str


class FeedHeadRow(Table, table=True):
    """The one row that every writing transaction ends with. `horizon`: cursors below it are void."""

    __tablename__ = "feed_head"

    id: int = Field(primary_key=True)
    generation: str
    seq: int = big()
    number: int = big()
    horizon: int = big()


class ChangeRow(Table, table=True):
    """One changed row on the feed."""

    __tablename__ = "change"

    seq: int = big(key=True)
    entity: str
    id: str
    ver: int
    op_id: str | None = None
    at: int = big()


class ChangeGroupRow(Table, table=True):
    """Who hears of it. `till`: last seq of its op; `since`: the oldest seq that it stands for, None = its own."""

    __tablename__ = "change_group"

    group_id: str = Field(primary_key=True)
    seq: int = big(key=True)
    entity: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    effect: str
    till: int = big()
    since: int | None = big_or_none()


class TicketRow(Table, table=True):
    """`wordless`: the version at which its words were taken away, 0 = never."""

    __tablename__ = "ticket"

    id: str = Field(primary_key=True)
    number: int | None = big_or_none()
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
    owned_at: int | None = big_or_none()
    claim_until: int | None = big_or_none()
    channel: str
    contact_at: int = big()
    created_at: int = big()
    updated_at: int = big()
    resolved_at: int | None = big_or_none()
    closed_at: int | None = big_or_none()
    reopened: int
    tags: str
    watchers: str
    references: str
    source: str | None = None
    clocks: str
    next_due: int | None = big_or_none()
    extra: str | None = None
    wordless: int


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
    made_at: int = big()
    received_at: int | None = big_or_none()
    at: int = big()
    late: int
    clamped: int
    delivery: str
    delivered_at: int | None = big_or_none()
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
    raised_at: int = big()
    asked: str
    acked_by: str | None = None
    acked_at: int | None = big_or_none()
    proxy: str | None = None
    lease_until: int | None = big_or_none()
    returned_by: str | None = None
    returned_at: int | None = big_or_none()
    outcome: str | None = None
    extra: str | None = None


class ConflictRow(Table, table=True):
    """An act that could not be applied, until a person has settled it."""

    __tablename__ = "conflict"

    id: str = Field(primary_key=True)
    ticket: str
    ver: int
    kind: str
    act: str
    author: str
    author_name: str
    made_at: int = big()
    received_at: int | None = big_or_none()
    args: str
    fields: str
    theirs_by: str
    theirs_at: int | None = big_or_none()
    epoch: int
    state: str
    choice: str | None = None
    resolved_by: str | None = None
    resolved_at: int | None = big_or_none()
    extra: str | None = None


class WithdrawalRow(Table, table=True):
    """An op that its author took back before central knew it."""

    __tablename__ = "withdrawal"

    op_id: str = Field(primary_key=True)
    actor: str = Field(primary_key=True)
    by_op: str
    at: int = big()


class ContactRow(Table, table=True):
    __tablename__ = "contact"

    id: str = Field(primary_key=True)
    ver: int
    name: str
    organisation: str | None = None
    organisation_name: str
    language: str
    addresses: str
    created_at: int = big()
    erased_at: int | None = big_or_none()
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
    """With what signs the person in, never synced. `former`: the name that copies still bear of an erased one."""

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
    totp_step: int = big()
    failed: int
    locked_until: int | None = big_or_none()
    totp_pending: str | None = None
    erased_at: int | None = big_or_none()
    former: str | None = None
    must_change: int


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
    updated_at: int = big()
    review_at: int | None = big_or_none()
    extra: str | None = None


class PolicyRow(Table, table=True):
    """`body`: `domain.policy.policy_document`."""

    __tablename__ = "policy"

    version: int = Field(primary_key=True)
    body: str
    made_at: int = big()


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
