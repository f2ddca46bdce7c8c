"""Who may do what: roles and rights as one table. Contract, "user layering by function" (R23)."""

from enum import StrEnum

from .terms import Op, Role


class Right(StrEnum):
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


_FRONT = frozenset(
    {
        Right.CREATE,
        Right.TAKE,
        Right.WORK,
        Right.NOTE,
        Right.REPLY,
        Right.ESCALATE,
        Right.PROXY,
        Right.CONTACT,
    }
)
_LEAD = _FRONT | {Right.ASSIGN, Right.OVERRIDE}

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.AGENT: _FRONT,
    Role.AGENT_B2B: _FRONT,
    Role.EOS: _FRONT,
    Role.SUPERVISOR: _LEAD,
    Role.MANAGER: _LEAD,
    Role.QA: frozenset(),
    Role.WFM: frozenset(),
    Role.DUKTEK: frozenset({Right.CREATE, Right.NOTE}),
    Role.RESOLVER: frozenset({Right.NOTE, Right.ACKNOWLEDGE, Right.ESCALATE}),
    Role.CUSTOMER: frozenset(),
    Role.SYSTEM: frozenset(Right),
}

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


def has(role: Role, right: Right) -> bool:
    """Whether a role holds a right; a role of a newer peer holds none."""
    return right in RIGHTS.get(role, frozenset())


def may(role: Role, op: Op) -> bool:
    """Whether a role may ask for an op at all; the rules of the op may still refuse it."""
    return not OP_RIGHT.get(op, frozenset()).isdisjoint(RIGHTS.get(role, frozenset()))
