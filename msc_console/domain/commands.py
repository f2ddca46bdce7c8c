"""What a person may ask for, and what comes of it: the values that `decide` takes and gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .model import Address, Contact, Entry, Hop, Organisation, Person, Ticket
from .model import Conflict as ConflictRecord
from .policy import Duty, Policy
from .terms import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What the author saw: the row's confirmed version and owner epoch, and the own pending claim it stands on."""

    ver: int = 0
    epoch: int = 0
    claim: str | None = None
    """Op id of a pending act by the same author that raises the epoch: a take, an assignment, work on a free ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One act of one person on one thing. `target` is a ticket's id, or a contact's for `contact.*`."""

    id: str
    kind: str
    version: int = 1
    actor: str
    target: str
    basis: Basis = Basis()
    before: Mapping[str, Any] = field(default_factory=dict)
    """Field -> the value the author saw, in the wire's plain types."""
    args: Mapping[str, Any] = field(default_factory=dict)
    deps: tuple[str, ...] = ()
    cause: str | None = None
    made_at: datetime
    seen_at: datetime | None = None
    """Server time that the laptop had last seen: `made_at` can't count from before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a command stands before: the one ticket it names with what hangs on it, or the contact.

    `entries` are those that count for clocks, oldest first; the rest of the timeline is not needed to decide.
    """

    ticket: Ticket | None = None
    hops: tuple[Hop, ...] = ()
    entries: tuple[Entry, ...] = ()
    contact: Contact | None = None
    organisation: Organisation | None = None
    conflict: ConflictRecord | None = None
    """The conflict that `conflict.resolve` names."""
    answered: Result | None = None
    """Central's answer so far to the op that `op.withdraw` names; None while it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The frozen world around a decision. `now` is the command's own recorded time, never a clock read here."""

    actor: Person
    now: datetime
    policy: Policy = field(default_factory=Policy)
    roster: tuple[Duty, ...] = ()
    zone_offset_minutes: int = 420
    """The site's offset from UTC, for hours of duty (WIB: +7 h)."""
    final: bool = False
    """True on central, whose answer is the last word; a laptop's answer is provisional."""
    claims: Mapping[str, int] = field(default_factory=dict)
    """Op id of an applied claim -> the owner epoch it was given."""
    own_raises: int = 0
    """Versions by which the author's own earlier acts have raised the ticket since the command's basis."""
    holder_seen_at: datetime | None = None
    """When central last heard of the ticket's holder; unknown on a laptop."""
    persons: Mapping[str, Person] = field(default_factory=dict)
    queues: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """The new values that a command brings about. None or empty = untouched."""

    ticket: Ticket | None = None
    entry: Entry | None = None
    revised: Entry | None = None
    """An older entry whose delivery changed."""
    hops: tuple[Hop, ...] = ()
    contact: Contact | None = None
    conflict: ConflictRecord | None = None
    """A conflict that the act closed."""
    withdrawn: str | None = None
    """An op that will never be applied."""
    address: Address | None = None
    """Where a reply goes: central's alone, no entry carries it (a resolver has no business with addresses)."""
    claimed: bool = False
    """The act raised the owner epoch: what its author does next may stand on it (`Basis.claim`)."""
    merged: bool = False
    """Others had changed other fields since the author looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A three-way difference that no rule may settle: base, mine, theirs, for each field."""

    kind: str
    fields: Mapping[str, tuple[Any, Any, Any]]
    """Field -> (before, mine, theirs)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a command can't be. `reason` is a stable key (`i18n` has its sentence), `data` fills the sentence."""

    code: Result
    reason: str
    data: Mapping[str, Any] = field(default_factory=dict)


Outcome = Effects | Conflict | Refusal
