"""The closed lists of the trade. The same strings stand in SQL, on the wire, in the CLI and in the code.

A value that this version does not know (a newer peer sent it) stays plain text and is shown as it is: see `term`.
"""

from enum import StrEnum
from typing import Any, TypeVar

E = TypeVar("E", bound=StrEnum)


def term(kind: type[E], value: str) -> E:
    """`value` as a member of `kind`; a newer peer's word, which the list does not hold, comes back as it is."""
    members: dict[Any, Any] = kind._value2member_map_
    try:
        found: E = members.get(value, value)
    except TypeError:  # no text at all
        return value  # type: ignore[return-value]
    return found


class TicketKind(StrEnum):
    """Contract R1, R26."""

    INCIDENT = "incident"
    SUPPORT_DELIVERY = "support_delivery"
    REQUEST = "request"
    INQUIRY = "inquiry"


class SubKind(StrEnum):
    """Sub-kinds of a request (contract R1)."""

    OP_LEVEL = "op_level"
    DEVOP = "devop"
    FULL_DEV = "full_dev"


class Level(StrEnum):
    """Urgency and impact (contract R2)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Priority(StrEnum):
    """Contract R2. Declared from the most to the least pressing."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class State(StrEnum):
    NEW = "new"
    OPEN = "open"
    WAITING_CUSTOMER = "waiting_customer"
    WAITING_VENDOR = "waiting_vendor"
    WAITING_LEVEL = "waiting_level"
    SCHEDULED = "scheduled"
    RESOLVED = "resolved"
    CLOSED = "closed"
    MERGED = "merged"
    CANCELLED = "cancelled"


class WaitingParty(StrEnum):
    """Whom a held ticket waits for."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    L1 = "l1"
    L2 = "l2"
    PRINCIPAL = "principal"
    BUSINESS_UNIT = "business_unit"
    SCHEDULE = "schedule"


class Tier(StrEnum):
    """Levels of support (contract R8), in the order of escalation."""

    L0 = "l0"
    L1 = "l1"
    L2 = "l2"
    PRINCIPAL = "principal"
    BUSINESS_UNIT = "business_unit"


TIERS = tuple(Tier)


class Channel(StrEnum):
    """Where an interaction comes in or goes out (contract R11)."""

    PHONE = "phone"
    EMAIL = "email"
    WHATSAPP = "whatsapp"
    SOCIAL = "social"
    MONITORING = "monitoring"
    INTERNAL = "internal"


class Role(StrEnum):
    """User layering by function (contract, "The people")."""

    AGENT = "agent"
    AGENT_B2B = "agent_b2b"
    EOS = "eos"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    QA = "qa"
    WFM = "wfm"
    DUKTEK = "duktek"
    RESOLVER = "resolver"
    CUSTOMER = "customer"
    SYSTEM = "system"


class EntryKind(StrEnum):
    """What a line of the timeline is."""

    NOTE = "note"
    REPLY = "reply"
    MESSAGE = "message"
    CALL = "call"
    TIME = "time"
    CHANGE = "change"
    ESCALATION = "escalation"
    IMPORTED = "imported"


class Visibility(StrEnum):
    INTERNAL = "internal"
    PUBLIC = "public"


class Delivery(StrEnum):
    """Where a public reply is on its way to the customer."""

    NONE = "none"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class HopState(StrEnum):
    """An escalation hop: asked, acknowledged, given back."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"


class ConflictKind(StrEnum):
    """Why an act could not be applied although its author may do such things."""

    SAME_FIELD = "same_field"
    TRANSITION = "transition"
    FENCED = "fenced"


class ConflictState(StrEnum):
    """What became of a conflict: `resolved` by its author or set aside, taken back, adopted by the holder, or `erased`
    with the op that it kept."""

    OPEN = "open"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    ADOPTED = "adopted"
    ERASED = "erased"


class Choice(StrEnum):
    """How a person settles a conflict."""

    MINE = "mine"
    THEIRS = "theirs"
    NOTE = "note"
    WITHDRAW = "withdraw"


class Metric(StrEnum):
    RESPONSE = "response"
    RESOLUTION = "resolution"


class Party(StrEnum):
    """Whose clock it is: the customer's (judged) or the provider's (it also stops for vendors and levels)."""

    CUSTOMER = "customer"
    PROVIDER = "provider"


class Op(StrEnum):
    """The op kinds of this version, each the CLI's noun and verb. Never renamed, never reused."""

    TICKET_CREATE = "ticket.create"
    TICKET_TAKE = "ticket.take"
    TICKET_RELEASE = "ticket.release"
    TICKET_ASSIGN = "ticket.assign"
    TICKET_MOVE = "ticket.move"
    TICKET_SET = "ticket.set"
    TICKET_HOLD = "ticket.hold"
    TICKET_RESUME = "ticket.resume"
    TICKET_RESOLVE = "ticket.resolve"
    TICKET_CLOSE = "ticket.close"
    TICKET_REOPEN = "ticket.reopen"
    TICKET_CANCEL = "ticket.cancel"
    TICKET_MERGE = "ticket.merge"
    TICKET_UNMERGE = "ticket.unmerge"
    TICKET_LINK = "ticket.link"
    TICKET_UNLINK = "ticket.unlink"
    TICKET_TAG = "ticket.tag"
    TICKET_UNTAG = "ticket.untag"
    TICKET_WATCH = "ticket.watch"
    TICKET_UNWATCH = "ticket.unwatch"
    ENTRY_NOTE = "entry.note"
    ENTRY_REPLY = "entry.reply"
    ENTRY_CALL = "entry.call"
    ENTRY_TIME = "entry.time"
    ENTRY_SUPERSEDE = "entry.supersede"
    ESCALATION_RAISE = "escalation.raise"
    ESCALATION_ACK = "escalation.ack"
    ESCALATION_RETURN = "escalation.return"
    ESCALATION_RESOLVE = "escalation.resolve"
    CONTACT_CREATE = "contact.create"
    CONTACT_SET = "contact.set"
    CONTACT_MERGE = "contact.merge"
    CONTACT_UNMERGE = "contact.unmerge"
    ORGANISATION_CREATE = "organisation.create"
    ORGANISATION_SET = "organisation.set"
    ARTICLE_CREATE = "article.create"
    ARTICLE_REVISE = "article.revise"
    ARTICLE_PUBLISH = "article.publish"
    ARTICLE_RETIRE = "article.retire"
    ARTICLE_FEEDBACK = "article.feedback"
    CONFLICT_RESOLVE = "conflict.resolve"
    OP_WITHDRAW = "op.withdraw"
    GRANT_GIVE = "grant.give"
    GRANT_ACCEPT = "grant.accept"
    GRANT_RETURN = "grant.return"
    TAKEOVER_TAKE = "takeover.take"
    TAKEOVER_RETURN = "takeover.return"
    SYSTEM_WARN = "system.warn"
    SYSTEM_BREACH = "system.breach"
    SYSTEM_STEP = "system.step"
    SYSTEM_LAPSE = "system.lapse"
    SYSTEM_CLOSE = "system.close"
    SYSTEM_DELIVER = "system.deliver"


class Result(StrEnum):
    """Central's lasting answer to one op."""

    APPLIED = "applied"
    MERGED = "merged"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    FENCED = "fenced"
    INVALID = "invalid"
    FORBIDDEN = "forbidden"
    DEFERRED = "deferred"
    GAP = "gap"
    FORKED = "forked"
    UNSUPPORTED = "unsupported"
    QUARANTINED = "quarantined"
