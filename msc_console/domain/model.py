"""The nouns as frozen values. Times are aware datetimes in UTC, durations are `timedelta`, ids are lower-case UUIDs.

Field names are the SQL column names and the wire's keys: `msc_console.records` derives both from these classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .people import Person as Person
from .people import Queue as Queue
from .terms import (
    Channel,
    Choice,
    ConflictKind,
    ConflictState,
    Delivery,
    EntryKind,
    HopState,
    Level,
    Metric,
    Party,
    Priority,
    State,
    SubKind,
    TicketKind,
    Tier,
    Visibility,
    WaitingParty,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One SLA clock of a ticket as its events stand: a cache, rebuilt from them at will (`clocks.figures`)."""

    metric: Metric
    party: Party
    policy: int
    started_at: datetime
    target: timedelta
    first_due: datetime
    due: datetime
    """Where the clock would run out, credits included; while paused it is the due time as of the pause."""
    credited: timedelta = timedelta(0)
    """All closed pauses and solved times."""
    paused_at: datetime | None = None
    paused_for: str | None = None
    fulfilled_at: datetime | None = None
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One matter of a customer, from the first contact to its closing."""

    id: str
    number: int | None = None
    """Given by central, shown as `MSC-000123`; None until it answered."""
    alias: str | None = None
    """`~K7Q-14`: device code and counter of a ticket made on a laptop."""
    ver: int = 0
    kind: TicketKind = TicketKind.INCIDENT
    sub_kind: SubKind | None = None
    subject: str
    contact: str | None = None
    contact_name: str = ""
    organisation: str | None = None
    organisation_name: str = ""
    service: str | None = None
    component: str | None = None
    category: str | None = None
    queue: str
    tier: Tier = Tier.L0
    state: State = State.NEW
    waiting_party: WaitingParty | None = None
    hold_reason: str | None = None
    urgency: Level = Level.MEDIUM
    impact: Level = Level.MEDIUM
    priority: Priority = Priority.MEDIUM
    priority_reason: str | None = None
    """Why the priority differs from the matrix; None while it is the matrix's."""
    owner: str | None = None
    owner_epoch: int = 0
    """Raised by one with each take, assign, take-over and accepted handover; central alone confirms it."""
    owned_at: datetime | None = None
    claim_until: datetime | None = None
    channel: Channel = Channel.PHONE
    contact_at: datetime
    created_at: datetime
    updated_at: datetime
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    reopened: int = 0
    tags: tuple[str, ...] = ()
    watchers: tuple[str, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    source: Mapping[str, Any] | None = None
    """What an import gave and the product keeps as given; None for tickets made here."""
    clocks: tuple[Clock, ...] = ()
    next_due: datetime | None = None
    """The nearest due time of a running judged clock: an index for queues, None while nothing runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of a ticket's timeline. Append-only; its id is its op's id; `delivery` alone may change."""

    id: str
    ticket: str
    ver: int = 0
    kind: EntryKind
    act: str
    """The op kind that made it."""
    author: str | None = None
    author_name: str = ""
    contact: str | None = None
    body: str = ""
    visibility: Visibility = Visibility.INTERNAL
    channel: Channel | None = None
    made_at: datetime
    received_at: datetime | None = None
    at: datetime
    """The time that counts: `made_at` held between the server time that the laptop had last seen and receipt."""
    late: bool = False
    """Made under an ownership that had ended when central received it."""
    clamped: bool = False
    delivery: Delivery = Delivery.NONE
    delivered_at: datetime | None = None
    delivery_note: str | None = None
    changes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Field -> [old, new] of the ticket, in the wire's plain types."""
    data: Mapping[str, Any] = field(default_factory=dict)
    supersedes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One escalation of a ticket to a tier. Its id is the id of the op that raised it."""

    id: str
    ticket: str
    ver: int = 0
    from_tier: Tier
    tier: Tier
    state: HopState = HopState.OPEN
    reason: str
    raised_by: str
    raised_at: datetime
    asked: tuple[str, ...] = ()
    """Persons on duty for the tier when it was raised; empty = the tier as a whole."""
    acked_by: str | None = None
    acked_at: datetime | None = None
    proxy: str | None = None
    """How a tier without accounts acknowledged: whom was spoken to, and by which way."""
    lease_until: datetime | None = None
    returned_by: str | None = None
    returned_at: datetime | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """An act on a ticket that central could not apply, until a person has settled it. Its id is its op's id.

    It comes and goes with its ticket, so that the author and whoever holds the ticket see the same.
    """

    id: str
    ticket: str
    ver: int = 0
    kind: ConflictKind
    act: str
    """The op kind that was refused."""
    author: str
    author_name: str = ""
    made_at: datetime
    received_at: datetime | None = None
    args: Mapping[str, Any] = field(default_factory=dict)
    """The arguments of the op, its texts made harmless."""
    fields: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Field -> [base, mine, theirs] of the ticket, in the wire's plain types."""
    theirs_by: str = ""
    """Name of who last changed one of the fields, or who holds the ticket."""
    theirs_at: datetime | None = None
    epoch: int = 0
    """Owner epoch of the ticket when the op was refused."""
    state: ConflictState = ConflictState.OPEN
    choice: Choice | None = None
    resolved_by: str | None = None
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A way to reach a contact: a telephone number, a mail address, a handle."""

    channel: Channel
    value: str
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A customer, or somebody who speaks for one."""

    id: str
    ver: int = 0
    name: str
    organisation: str | None = None
    organisation_name: str = ""
    language: str = "id"
    addresses: tuple[Address, ...] = ()
    created_at: datetime
    erased_at: datetime | None = None
    """When what was kept of the person was erased; the name is then none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Whom contacts belong to, and whose contract counts."""

    id: str
    ver: int = 0
    name: str
    b2b: bool = False
    contract: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A component or a category of a service."""

    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """An entry of the catalogue: what customers need help with."""

    id: str
    ver: int = 0
    key: str
    name: str
    components: tuple[Named, ...] = ()
    categories: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article of the knowledge base in one language."""

    id: str
    ver: int = 0
    code: str
    """`PT-017`: what people call it."""
    language: str = "id"
    title: str
    body: str
    service: str | None = None
    category: str | None = None
    state: str = "published"
    revision: int = 1
    updated_at: datetime
    review_at: datetime | None = None
