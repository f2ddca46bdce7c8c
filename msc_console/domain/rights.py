"""Who may do and see what: the roles as one table. Contract, "user layering by function" (R23).

What the table does not name is denied. Central asks it through `central.access`, a laptop before each command.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from .terms import Op, Role


class Right(StrEnum):
    READ = "read"
    """Receive the rows that the role's sight and the person's groups give."""
    SEND = "send"
    """Hand in ops, each of which is then judged by its own right."""
    TOKENS = "tokens"
    """Own service tokens for scripts."""
    OVERSEE = "oversee"
    """See the accounts of the own function and end their sessions (`domain.accounts`)."""
    ACCOUNTS = "accounts"
    """Make and change accounts, switch them off, revoke devices."""
    AUDIT = "audit"
    """Read and check the audit trail."""
    EXPORT = "export"
    """Have what is shown written to a file."""
    PRIVACY = "privacy"
    """Erase and export what is kept of a customer's person, and declare incidents."""
    QUARANTINE = "quarantine"
    """See acts that central has put aside, and settle them."""
    RESET = "reset"
    """Ask for, or approve, that somebody sets the second factor up anew."""
    CREATE = "create"
    TAKE = "take"
    WORK = "work"
    NOTE = "note"
    REPLY = "reply"
    ASSIGN = "assign"
    """Give any ticket in scope to anyone, and move it, without holding it."""
    OVERRIDE = "override"
    """Set a priority that the matrix does not give, with a reason."""
    ESCALATE = "escalate"
    ACKNOWLEDGE = "acknowledge"
    """Answer an escalation to the own tier."""
    PROXY = "proxy"
    """Record the answer of a tier that has no accounts."""
    CONTACT = "contact"
    SYSTEM = "system"


class TokenScope(StrEnum):
    """What a service token may be made for: a part of what its owner may."""

    CHANGES = "changes"
    """Read the rows of the owner's scope, of tickets the public side."""
    INTERNAL = "internal"
    """Internal entries, escalations and conflicts too."""
    CUSTOMERS = "customers"
    """Contacts with their addresses, and organisations too."""


class Kind(StrEnum):
    """Kinds of groups (`scope`): what a role may receive at all. Which of a kind, the person's own row says."""

    COMMON = "common"
    KNOWLEDGE = "kb"
    CUSTOMERS = "customers"
    QUEUE = "queue"
    OWN = "own"
    TIER = "tier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What of the rows a reader may see. `name` tells one kind of view from another: a cursor holds for one alone."""

    name: str
    kinds: frozenset[Kind]
    internal: bool = True
    """Internal entries, escalations and conflicts; without it public entries alone."""
    hidden: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Entity -> fields that are left out of every document; each has a default to stand for it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role's row of the table."""

    rights: frozenset[Right]
    sight: Sight


_DESK = frozenset({Right.READ, Right.SEND})
_FRONT = _DESK | {
    Right.CREATE,
    Right.TAKE,
    Right.WORK,
    Right.NOTE,
    Right.REPLY,
    Right.ESCALATE,
    Right.PROXY,
    Right.CONTACT,
}
_LEAD = _FRONT | {
    Right.ASSIGN,
    Right.OVERRIDE,
    Right.TOKENS,
    Right.OVERSEE,
    Right.RESET,
    Right.EXPORT,
    Right.QUARANTINE,
}
_OFFICE = frozenset({Right.OVERSEE, Right.ACCOUNTS, Right.AUDIT, Right.QUARANTINE})
"""Administration: contract, "user layering", manager and technical support."""

_INSIDE = frozenset({Kind.COMMON, Kind.KNOWLEDGE, Kind.OWN})
_IMPORTED = frozenset({"source"})
"""What an import kept as given: nobody has sifted it for personal data."""

WHOLE = Sight(name="whole", kinds=_INSIDE | {Kind.QUEUE, Kind.CUSTOMERS})
QUALITY = Sight(
    name="quality",
    kinds=_INSIDE | {Kind.QUEUE, Kind.CUSTOMERS},
    hidden={"ticket": _IMPORTED, "contact": frozenset({"addresses"})},
)
"""Interactions are read and scored; nobody is rung up."""
WORKFORCE = Sight(name="workforce", kinds=_INSIDE - {Kind.OWN})
"""People and hours; no tickets."""
TECHNICAL = Sight(name="technical", kinds=_INSIDE | {Kind.QUEUE}, hidden={"ticket": _IMPORTED})
LEVEL = Sight(name="level", kinds=_INSIDE | {Kind.TIER}, hidden={"ticket": _IMPORTED})
"""What was escalated to the own tier, or was given to the person."""
_UNSAID = {
    "ticket": frozenset({"source", "watchers", "tags", "priority_reason", "hold_reason", "clocks"}),
    "entry": frozenset({"changes", "data", "delivery_note"}),
    "person": frozenset({"skills"}),
}
"""Words of the house for itself; a clock says what it is paused for."""
REPORTS = Sight(name="reports", kinds=frozenset({Kind.COMMON}), internal=False, hidden={"person": _UNSAID["person"]})
"""The customer's own people: who and what there is at the centre, which reports name; no queue's tickets."""
NOTHING = Sight(name="nothing", kinds=frozenset())

GRANTS: Mapping[Role, Grant] = {
    Role.AGENT: Grant(_FRONT, WHOLE),
    Role.AGENT_B2B: Grant(_FRONT, WHOLE),
    Role.EOS: Grant(_FRONT, WHOLE),
    Role.SUPERVISOR: Grant(_LEAD, WHOLE),
    Role.MANAGER: Grant(_LEAD | _OFFICE | {Right.PRIVACY}, WHOLE),
    Role.QA: Grant(_DESK | {Right.EXPORT}, QUALITY),
    Role.WFM: Grant(_DESK | {Right.EXPORT}, WORKFORCE),
    Role.DUKTEK: Grant(_DESK | _OFFICE | {Right.CREATE, Right.NOTE, Right.TOKENS, Right.EXPORT}, TECHNICAL),
    Role.RESOLVER: Grant(_DESK | {Right.NOTE, Right.ACKNOWLEDGE, Right.ESCALATE}, LEVEL),
    Role.CUSTOMER: Grant(_DESK, REPORTS),
    Role.SYSTEM: Grant(frozenset(Right), WHOLE),
}
"""Role -> what it may do and see."""

_NONE = Grant(frozenset(), NOTHING)

SCOPE_RIGHTS: Mapping[TokenScope, frozenset[Right]] = {TokenScope.CHANGES: frozenset({Right.READ})}
"""Scope of a service token -> the rights it carries; the others only widen what is seen."""

OP_RIGHT: dict[Op, frozenset[Right]] = {
    Op.TICKET_CREATE: frozenset({Right.CREATE}),
    Op.TICKET_TAKE: frozenset({Right.TAKE}),
    Op.TICKET_RELEASE: frozenset({Right.TAKE}),
    Op.TICKET_ASSIGN: frozenset({Right.TAKE, Right.ASSIGN}),
    Op.TICKET_MOVE: frozenset({Right.WORK, Right.ASSIGN}),
    Op.TICKET_SET: frozenset({Right.WORK}),
    Op.TICKET_HOLD: frozenset({Right.WORK}),
    Op.TICKET_RESUME: frozenset({Right.WORK}),
    Op.TICKET_RESOLVE: frozenset({Right.WORK}),
    Op.TICKET_CLOSE: frozenset({Right.WORK}),
    Op.TICKET_REOPEN: frozenset({Right.WORK}),
    Op.TICKET_CANCEL: frozenset({Right.WORK}),
    Op.ENTRY_NOTE: frozenset({Right.NOTE}),
    Op.ENTRY_REPLY: frozenset({Right.REPLY}),
    Op.ENTRY_CALL: frozenset({Right.WORK}),
    Op.ENTRY_TIME: frozenset({Right.NOTE}),
    Op.ESCALATION_RAISE: frozenset({Right.ESCALATE}),
    Op.ESCALATION_ACK: frozenset({Right.ACKNOWLEDGE, Right.PROXY}),
    Op.ESCALATION_RETURN: frozenset({Right.ACKNOWLEDGE, Right.PROXY}),
    Op.CONTACT_CREATE: frozenset({Right.CONTACT}),
    Op.CONFLICT_RESOLVE: frozenset({Right.WORK, Right.NOTE}),
    Op.OP_WITHDRAW: frozenset({Right.CREATE, Right.WORK, Right.NOTE}),
    Op.SYSTEM_DELIVER: frozenset({Right.SYSTEM}),
}
"""Op kind -> the rights of which one is enough. A kind that is absent is not built in this version."""


def granted(role: Role) -> Grant:
    """A role's row; a role of a newer peer may and sees nothing."""
    return GRANTS.get(role, _NONE)


def narrowed(sight: Sight, scopes: frozenset[TokenScope]) -> Sight:
    """What a service token of these scopes sees of its owner's `sight`."""
    kinds = sight.kinds if TokenScope.CUSTOMERS in scopes else sight.kinds - {Kind.CUSTOMERS}
    name = ".".join((sight.name, "token", *sorted(scopes)))
    if TokenScope.INTERNAL in scopes:
        return replace(sight, name=name, kinds=kinds)
    hidden = {
        entity: sight.hidden.get(entity, frozenset()) | _UNSAID.get(entity, frozenset())
        for entity in {*sight.hidden, *_UNSAID}
    }
    return Sight(name=name, kinds=kinds, internal=False, hidden=hidden)


def sees_tickets(role: Role) -> bool:
    """Whether a role receives any tickets."""
    return not granted(role).sight.kinds.isdisjoint({Kind.QUEUE, Kind.OWN, Kind.TIER})


def has(role: Role, right: Right) -> bool:
    """Whether a role holds a right."""
    return right in granted(role).rights


def may(role: Role, op: Op) -> bool:
    """Whether a role may ask for an op at all; the rules of the op may still refuse it."""
    return not OP_RIGHT.get(op, frozenset()).isdisjoint(granted(role).rights)
