"""The tables of the cache as SQLModel classes: what each migrated file must look like, column by column.

They define and are compared with a migrated file by a test; nothing needs them at run time before the first frame.
Full-text tables and the generated column `ticket.due_order` stand in the migrations alone.
"""

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Table(SQLModel, registry=registry()):
    """Base of the cache's tables, apart from central's: both have a `ticket`."""

    metadata = MetaData()


class Canary(Table, table=True):
    """Readable only with the right key."""

    v: str = Field(primary_key=True)


class Ticket(Table, table=True):
    n: int = Field(primary_key=True)
    id: str = Field(unique=True)
    number: int | None = None
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
    owned_at: int | None = None
    claim_until: int | None = None
    channel: str
    contact_at: int
    created_at: int
    updated_at: int
    resolved_at: int | None = None
    closed_at: int | None = None
    reopened: int
    tags: str
    watchers: str
    references: str
    source: str | None = None
    clocks: str
    next_due: int | None = None
    extra: str | None = None


class Entry(Table, table=True):
    n: int = Field(primary_key=True)
    id: str = Field(unique=True)
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
    made_at: int
    received_at: int | None = None
    at: int
    late: int
    clamped: int
    delivery: str
    delivered_at: int | None = None
    delivery_note: str | None = None
    changes: str
    data: str
    supersedes: str | None = None
    extra: str | None = None


class Hop(Table, table=True):
    id: str = Field(primary_key=True)
    ticket: str
    ver: int
    from_tier: str
    tier: str
    state: str
    reason: str
    raised_by: str
    raised_at: int
    asked: str
    acked_by: str | None = None
    acked_at: int | None = None
    proxy: str | None = None
    lease_until: int | None = None
    returned_by: str | None = None
    returned_at: int | None = None
    outcome: str | None = None
    extra: str | None = None


class Conflict(Table, table=True):
    """An act that central could not apply, until a person has settled it."""

    id: str = Field(primary_key=True)
    ticket: str
    ver: int
    kind: str
    act: str
    author: str
    author_name: str
    made_at: int
    received_at: int | None = None
    args: str
    fields: str
    theirs_by: str
    theirs_at: int | None = None
    epoch: int
    state: str
    choice: str | None = None
    resolved_by: str | None = None
    resolved_at: int | None = None
    extra: str | None = None


class Contact(Table, table=True):
    n: int = Field(primary_key=True)
    id: str = Field(unique=True)
    ver: int
    name: str
    organisation: str | None = None
    organisation_name: str
    language: str
    addresses: str
    created_at: int
    erased_at: int | None = None
    extra: str | None = None


class Organisation(Table, table=True):
    id: str = Field(primary_key=True)
    ver: int
    name: str
    b2b: int
    contract: str | None = None
    extra: str | None = None


class Person(Table, table=True):
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


class Queue(Table, table=True):
    id: str = Field(primary_key=True)
    ver: int
    key: str
    name: str
    kind: str
    tier: str
    extra: str | None = None


class Service(Table, table=True):
    id: str = Field(primary_key=True)
    ver: int
    key: str
    name: str
    components: str
    categories: str
    extra: str | None = None


class Article(Table, table=True):
    n: int = Field(primary_key=True)
    id: str = Field(unique=True)
    ver: int
    code: str
    language: str
    title: str
    body: str
    service: str | None = None
    category: str | None = None
    state: str
    revision: int
    updated_at: int
    review_at: int | None = None
    extra: str | None = None


class Base(Table, table=True):
    """Central's document of a row that own acts cover."""

    entity: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    target: str
    ver: int
    away: int
    doc: str


class Act(Table):
    """The columns that outbox and journal share."""

    n: int = Field(primary_key=True)
    id: str = Field(unique=True)
    kind: str
    version: int
    actor: str
    target: str
    basis: str
    before: str
    args: str
    deps: str
    cause: str | None = None
    made_at: int
    seen_at: int | None = None
    hold_until: int | None = None
    next_at: int | None = None
    state: str
    inc: str | None = None
    counter: int | None = None
    envelope: str | None = None
    result: str | None = None
    acked_seq: int | None = None
    acked_ver: int | None = None
    attempts: int
    predicted: str | None = None
    claim: int | None = None


class Outbox(Act, table=True):
    """Acts that central has not settled."""


class Journal(Act, table=True):
    """Acts that are over."""

    done_at: int


class Chain(Table, table=True):
    """The head of a device's chain of sealed acts."""

    device: str = Field(primary_key=True)
    inc: str = Field(primary_key=True)
    counter: int
    link: str


class Cursor(Table, table=True):
    """How far the feed is read: one row."""

    id: int = Field(primary_key=True)
    cursor: str
    generation: str
    seq: int


class Stale(Table, table=True):
    """Rows that have to come again."""

    entity: str = Field(primary_key=True)
    id: str = Field(primary_key=True)


class Draft(Table, table=True):
    target: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    body: str
    data: str
    updated_at: int


class Setting(Table, table=True):
    key: str = Field(primary_key=True)
    value: str


class Clock(Table, table=True):
    """The difference to central's clock: one row."""

    id: int = Field(primary_key=True)
    offset: int
    server_at: int | None = None


class Seen(Table, table=True):
    """When the person last had a ticket before them."""

    ticket: str = Field(primary_key=True)
    at: int


class Thin(Table, table=True):
    """Closed tickets without their timeline."""

    ticket: str = Field(primary_key=True)
    wanted: int
