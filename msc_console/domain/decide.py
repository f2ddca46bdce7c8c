"""The one function that says what a command does. It runs twice: on the laptop at once, on central for good.

Order inside: is the kind built, rights, the shape of the arguments, is the thing there, then the kind's own rule:
fence, three-way test on `before`, transition and required fields, effects. It never raises for bad input and never
reads a clock.
"""

from collections.abc import Callable

from . import conflict_rules, contact_rules, entry_rules, escalation_rules, ticket_rules
from .acting import invalid, refuse
from .commands import Command, Context, Outcome, Situation
from .rights import may
from .shapes import misshapen
from .terms import Op, Result

Rule = Callable[[Command, Situation, Context], Outcome]


def _settle(command: Command, situation: Situation, context: Context) -> Outcome:
    """`conflict.resolve`: what was refused is asked again by the whole order of this module."""
    return conflict_rules.resolve(command, situation, context, decide)


RULES: dict[Op, Rule] = {
    Op.TICKET_CREATE: ticket_rules.create,
    Op.TICKET_TAKE: ticket_rules.take,
    Op.TICKET_RELEASE: ticket_rules.release,
    Op.TICKET_ASSIGN: ticket_rules.assign,
    Op.TICKET_MOVE: ticket_rules.move,
    Op.TICKET_SET: ticket_rules.set_fields,
    Op.TICKET_HOLD: ticket_rules.hold,
    Op.TICKET_RESUME: ticket_rules.resume,
    Op.TICKET_RESOLVE: ticket_rules.resolve,
    Op.TICKET_CLOSE: ticket_rules.close,
    Op.TICKET_REOPEN: ticket_rules.reopen,
    Op.TICKET_CANCEL: ticket_rules.cancel,
    Op.ENTRY_NOTE: entry_rules.note,
    Op.ENTRY_REPLY: entry_rules.reply,
    Op.ENTRY_CALL: entry_rules.call,
    Op.ENTRY_TIME: entry_rules.time,
    Op.ESCALATION_RAISE: escalation_rules.raise_hop,
    Op.ESCALATION_ACK: escalation_rules.acknowledge,
    Op.ESCALATION_RETURN: escalation_rules.give_back,
    Op.CONTACT_CREATE: contact_rules.create,
    Op.CONFLICT_RESOLVE: _settle,
    Op.OP_WITHDRAW: conflict_rules.withdraw,
    Op.SYSTEM_DELIVER: entry_rules.deliver,
}
"""Op kind -> its rule. The kinds of the registry that are absent are answered `unsupported`."""

MERGING = frozenset({Op.ENTRY_NOTE, Op.ENTRY_CALL, Op.ENTRY_TIME, Op.ESCALATION_ACK, Op.CONTACT_CREATE, Op.OP_WITHDRAW})
"""Kinds that never wait for an earlier op of the same ticket that is stuck: they add, and change no state."""

_NEEDS_NO_TICKET = frozenset({Op.TICKET_CREATE, Op.CONTACT_CREATE, Op.OP_WITHDRAW})


def decide(situation: Situation, command: Command, context: Context) -> Outcome:
    """What `command` does to `situation`, seen from `context`."""
    rule = RULES.get(command.kind) if command.version == 1 else None  # type: ignore[call-overload]
    if rule is None:
        return refuse(Result.UNSUPPORTED, "op_unsupported", kind=command.kind, version=command.version)
    kind = Op(command.kind)
    if not context.actor.active or context.actor.id != command.actor:
        return refuse(Result.FORBIDDEN, "actor_inactive")
    if not may(context.actor.role, kind):
        return refuse(Result.FORBIDDEN, "no_right", role=str(context.actor.role), kind=command.kind)
    if bad := misshapen(command, kind):
        return bad
    if kind not in _NEEDS_NO_TICKET and situation.ticket is None:
        return invalid("ticket_unknown")
    outcome: Outcome = rule(command, situation, context)
    return outcome
