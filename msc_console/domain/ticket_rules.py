"""Rules of the ticket itself: create, take, release, assign, move, set, and its states."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from . import acting, clocks
from .acting import act, invalid, refuse, three_way, ticket_of
from .commands import Command, Conflict, Context, Effects, Outcome, Refusal, Situation
from .model import Contact, Hop, Ticket
from .priority import priority
from .rights import Right, has
from .shapes import SETTABLE
from .terms import Channel, EntryKind, HopState, Level, Op, Priority, Result, State, SubKind, TicketKind, Tier, term
from .workflow import ACTIVE, HELD, HOLD_PARTY, allows

SUBJECT_MAX = 200
"""Characters of a subject."""

_ALIAS = re.compile(r"~[A-Z0-9]{3}-[1-9][0-9]{0,8}")
_LISTS: dict[str, Any] = {
    "kind": TicketKind,
    "sub_kind": SubKind,
    "urgency": Level,
    "impact": Level,
    "priority": Priority,
    "channel": Channel,
}
_MAY_BE_EMPTY = frozenset({"sub_kind", "service", "component", "category", "contact", "organisation"})
"""Fields that `ticket.set` may take a value away from."""


def create(command: Command, situation: Situation, context: Context) -> Outcome:
    """A new ticket for a contact. With `take`, its author holds it from the start."""
    args = {name: value for name, value in command.args.items() if value is not None}
    if situation.ticket is not None:
        return invalid("ticket_exists")
    if bad := _bad_values(args) or _bad_subject(args.get("subject")):
        return bad
    if not args.get("queue"):
        return invalid("queue_missing")
    if context.queues and args["queue"] not in context.queues:
        return invalid("queue_unknown", queue=args["queue"])
    if args.get("contact") and situation.contact is None and context.final:
        return invalid("contact_unknown", contact=args["contact"])
    if "alias" in args and not _ALIAS.fullmatch(args["alias"]):
        return invalid("value_unknown", field="alias", value=args["alias"])
    if args.get("take") and not has(context.actor.role, Right.TAKE):
        return refuse(Result.FORBIDDEN, "no_right", role=str(context.actor.role), kind=str(Op.TICKET_TAKE))
    at, _ = acting.counted_at(command, context)
    contact_at = min(_time(args.get("contact_at")) or at, at)
    urgency, impact = Level(args.get("urgency", "medium")), Level(args.get("impact", "medium"))
    contact = situation.contact
    fresh = Ticket(
        id=command.target,
        alias=args.get("alias"),
        kind=TicketKind(args.get("kind", "incident")),
        sub_kind=SubKind(args["sub_kind"]) if args.get("sub_kind") else None,
        subject=args["subject"],
        contact=args.get("contact"),
        **(_customer(contact) if contact else {"contact_name": args.get("contact_name", "")}),
        service=args.get("service"),
        component=args.get("component"),
        category=args.get("category"),
        queue=args["queue"],
        urgency=urgency,
        impact=impact,
        priority=priority(urgency, impact),
        channel=Channel(args.get("channel", "phone")),
        contact_at=contact_at,
        created_at=at,
        updated_at=at,
    )
    data: dict[str, Any] = {"created": True}
    if fresh.channel == Channel.PHONE and has(context.actor.role, Right.REPLY):
        data["call"] = {"direction": "in"}
    effects = act(
        command,
        replace(situation, ticket=fresh, entries=()),
        context,
        claims=bool(args.get("take")),
        body=args.get("body", ""),
        contact=fresh.contact,
        channel=fresh.channel,
        data=data,
    )
    return _opened(effects, fresh, context)


def _opened(effects: Effects, fresh: Ticket, context: Context) -> Effects:
    """The opening entry also says which state and priority the clocks start from."""
    assert effects.ticket is not None
    assert effects.entry is not None
    opening = {
        "state": [None, str(effects.ticket.state)],
        "priority": [None, str(fresh.priority)],
        "queue": [None, fresh.queue],
    }
    entry = replace(effects.entry, changes={**effects.entry.changes, **opening})
    ticket = clocks.timed(effects.ticket, (entry,), context.policy)
    return replace(effects, ticket=ticket, entry=entry, merged=False)


def take(command: Command, situation: Situation, context: Context) -> Outcome:
    """Central alone grants a claim: a free ticket, or one whose holder has been silent past the claim's end."""
    ticket = ticket_of(situation)
    if ticket.owner == command.actor:
        return invalid("already_yours")
    if not _workable(ticket):
        return invalid("not_workable", state=ticket.state)
    if ticket.owner is not None and not acting.lapsed(ticket, context):
        return acting.held_by_other(ticket, context)
    if no := acting.fence(command, ticket, context):
        return no
    return act(command, situation, context, claims=True)


def release(command: Command, situation: Situation, context: Context) -> Outcome:
    """Give a ticket back to its queue. The epoch stays: nobody has claimed it. Where central takes it from its holder
    the epoch rises, so that what they still do on it is fenced."""
    ticket = ticket_of(situation)
    if ticket.owner is None:
        return invalid("not_held")
    free: dict[str, Any] = {"owner": None, "owned_at": None, "claim_until": None}
    if has(context.actor.role, Right.SYSTEM):
        free["owner_epoch"] = ticket.owner_epoch + 1
    elif isinstance(no := acting.claim(command, situation, context), Refusal):
        return no
    return act(command, situation, context, changes=free)


def assign(command: Command, situation: Situation, context: Context) -> Outcome:
    """Give a ticket to a person: a holder gives away their own, a supervisor any in scope."""
    ticket, owner = ticket_of(situation), command.args.get("owner")
    person = context.persons.get(owner or "")
    if person is None or not person.active or not has(person.role, Right.TAKE):
        return invalid("assignee_unknown", owner=owner)
    if ticket.owner == owner:
        return invalid("already_theirs", owner_name=person.name)
    if not _workable(ticket):
        return invalid("not_workable", state=ticket.state)
    if not has(context.actor.role, Right.ASSIGN):
        if isinstance(no := acting.claim(command, situation, context), Refusal):
            return no
    else:
        wanted = three_way(command, ticket, {"owner": owner})
        if isinstance(wanted, Conflict):
            return wanted
    at, _ = acting.counted_at(command, context)
    changes: dict[str, Any] = {
        "owner": owner,
        "owned_at": at,
        "owner_epoch": ticket.owner_epoch + 1,
        "claim_until": context.now + context.policy.claim,
    }
    if ticket.state == State.NEW:
        changes["state"] = State.OPEN
    effects = act(command, situation, context, changes=changes, data={"reason": command.args.get("reason")})
    return replace(effects, claimed=True)


def move(command: Command, situation: Situation, context: Context) -> Outcome:
    """To another queue, where it is free. The customer's clocks go on."""
    ticket, queue = ticket_of(situation), command.args.get("queue")
    if not queue or (context.queues and queue not in context.queues):
        return invalid("queue_unknown", queue=queue)
    if not _workable(ticket):
        return invalid("not_workable", state=ticket.state)
    if not has(context.actor.role, Right.ASSIGN) and isinstance(
        no := acting.claim(command, situation, context), Refusal
    ):
        return no
    wanted = three_way(command, ticket, {"queue": queue})
    if isinstance(wanted, Conflict):
        return wanted
    if not wanted:
        return invalid("already_there", queue=queue)
    free = {"owner": None, "owned_at": None, "claim_until": None}
    return act(command, situation, context, changes={**wanted, **free}, data={"reason": command.args.get("reason")})


def set_fields(command: Command, situation: Situation, context: Context) -> Outcome:
    """Classify: any of `SETTABLE`. The priority follows the matrix (R2) unless a right and a reason say otherwise."""
    args = dict(command.args)
    reason = args.pop("priority_reason", None)
    if not args:
        return invalid("nothing_to_set")
    if unknown := sorted(set(args) - SETTABLE):
        return invalid("field_unknown", fields=unknown)
    if hole := next((name for name, value in args.items() if value is None and name not in _MAY_BE_EMPTY), None):
        return invalid("value_unknown", field=hole, value=None)
    if args.get("contact") and situation.contact is None and context.final:
        return invalid("contact_unknown", contact=args["contact"])
    if bad := _bad_values(args) or ("subject" in args and _bad_subject(args["subject"])) or None:
        return bad
    claims = acting.claim(command, situation, context)
    if isinstance(claims, Refusal):
        return claims
    ticket = ticket_of(situation)
    if "priority" in args:
        if not has(context.actor.role, Right.OVERRIDE):
            return refuse(Result.FORBIDDEN, "no_override")
        if not reason:
            return invalid("reason_missing")
    wanted = three_way(command, ticket, {name: _value(name, value) for name, value in args.items()})
    if isinstance(wanted, Conflict):
        return wanted
    if not wanted and not claims:
        return invalid("nothing_to_set")
    if wanted.get("contact") and situation.contact is not None:
        wanted |= _customer(situation.contact)
    if "priority" in wanted:
        wanted["priority_reason"] = reason
    elif {"urgency", "impact"} & set(wanted):
        urgency, impact = wanted.get("urgency", ticket.urgency), wanted.get("impact", ticket.impact)
        if ticket.priority_reason is None and priority(urgency, impact) != ticket.priority:
            wanted["priority"] = priority(urgency, impact)
    return act(command, situation, context, changes=wanted, claims=claims)


def hold(command: Command, situation: Situation, context: Context) -> Outcome:
    """Wait for somebody, with a reason; which clocks stop is the policy's."""
    state, reason = term(State, command.args.get("state", "")), command.args.get("reason")
    if state not in HELD:
        return invalid("hold_state", state=state)
    if not reason:
        return invalid("reason_missing")
    party = command.args.get("waiting_party") or HOLD_PARTY[state]
    if party != HOLD_PARTY[state]:
        return invalid("hold_party", state=state, party=party)
    return _enter(
        command,
        situation,
        context,
        state,
        {"waiting_party": HOLD_PARTY[state], "hold_reason": reason},
        data={"reason": reason},
    )


def resume(command: Command, situation: Situation, context: Context) -> Outcome:
    """Back to work: the paused time is credited to what remains."""
    return _enter(command, situation, context, State.OPEN, {})


def resolve(command: Command, situation: Situation, context: Context) -> Outcome:
    """Solved, with the solution in words. Open escalations end with it."""
    solution = command.args.get("solution")
    if not solution:
        return invalid("solution_missing")
    hops = _ended(command, situation, context)
    return _enter(command, situation, context, State.RESOLVED, _back(hops), body=solution, hops=hops)


def close(command: Command, situation: Situation, context: Context) -> Outcome:
    return _enter(command, situation, context, State.CLOSED, {})


def reopen(command: Command, situation: Situation, context: Context) -> Outcome:
    """Within the policy's window the same clock goes on; later it takes a new, linked ticket.

    Nobody can take a ticket that is solved, so one whose holder has gone silent is taken in this act.
    """
    ticket = ticket_of(situation)
    at, _ = acting.counted_at(command, context)
    solved = ticket.resolved_at or ticket.closed_at
    if solved is not None and at - solved > context.policy.reopen_window:
        return invalid("reopen_window", days=context.policy.reopen_window.days)
    if ticket.owner not in (None, command.actor) and acting.lapsed(ticket, context):
        situation = replace(situation, ticket=replace(ticket, owner=None))
    return _enter(command, situation, context, State.OPEN, {}, data={"reason": command.args.get("reason")})


def cancel(command: Command, situation: Situation, context: Context) -> Outcome:
    reason = command.args.get("reason")
    if not reason:
        return invalid("reason_missing")
    hops = _ended(command, situation, context)
    return _enter(command, situation, context, State.CANCELLED, _back(hops), data={"reason": reason}, hops=hops)


def _enter(
    command: Command,
    situation: Situation,
    context: Context,
    state: State,
    changes: dict[str, Any],
    *,
    body: str = "",
    data: dict[str, Any] | None = None,
    hops: tuple[Hop, ...] = (),
) -> Outcome:
    """One transition of the workflow: claim, three-way test on the state, the table, effects.

    A state that someone else has reached in the meantime stays; the author's words are kept on the timeline.
    """
    ticket = ticket_of(situation)
    claims = acting.claim(command, situation, context)
    if isinstance(claims, Refusal):
        return claims
    seen = command.before.get("state")
    moved = "state" in command.before and seen != ticket.state
    if moved and ticket.state != state:
        return Conflict(kind="state", fields={"state": (seen, str(state), str(ticket.state))})
    if moved:
        return act(command, situation, context, claims=claims, body=body, data=data)
    if not allows(Op(command.kind), ticket.state, state):
        return invalid("transition", state=str(ticket.state), target=str(state))
    return act(
        command,
        situation,
        context,
        changes={"state": state, **changes},
        claims=claims,
        body=body,
        kind=EntryKind.CHANGE,
        data=data,
        hops=hops,
    )


def _ended(command: Command, situation: Situation, context: Context) -> tuple[Hop, ...]:
    """Open hops, closed by the act that ends the ticket."""
    at, _ = acting.counted_at(command, context)
    return tuple(
        replace(hop, state=HopState.RETURNED, returned_by=command.actor, returned_at=at)
        for hop in situation.hops
        if hop.state != HopState.RETURNED
    )


def _back(hops: tuple[Hop, ...]) -> dict[str, Any]:
    """With its last hop ended the ticket is no higher tier's any more."""
    return {"tier": Tier.L0} if hops else {}


def _workable(ticket: Ticket) -> bool:
    return ticket.state in ACTIVE


def _bad_subject(subject: Any) -> Refusal | None:
    if not isinstance(subject, str) or not subject.strip():
        return invalid("subject_missing")
    return invalid("too_long", limit=SUBJECT_MAX) if len(subject) > SUBJECT_MAX else None


def _bad_values(args: Any) -> Refusal | None:
    """A word outside a closed list is refused here, so that no unknown urgency is ever computed with."""
    for name, kind in _LISTS.items():
        value = args.get(name)
        if value is not None and value not in list(kind):
            return invalid("value_unknown", field=name, value=value)
    return None


def _customer(contact: Contact) -> dict[str, Any]:
    """What a ticket says of its contact beside the id."""
    return {
        "contact_name": contact.name,
        "organisation": contact.organisation,
        "organisation_name": contact.organisation_name,
    }


def _value(name: str, value: Any) -> Any:
    return _LISTS[name](value) if name in _LISTS and value is not None else value


def _time(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
