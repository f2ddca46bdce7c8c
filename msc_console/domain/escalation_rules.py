"""Escalation L0 -> L1 -> L2 -> principal -> business unit: contract R8.

Escalating opens a hop. The ticket keeps its queue and its L0 holder, who keeps the customer.
"""

from dataclasses import replace
from datetime import timedelta

from . import acting
from .acting import act, invalid, refuse, ticket_of
from .commands import Command, Context, Outcome, Refusal, Situation
from .model import Hop
from .policy import duty
from .rights import Right, has
from .terms import TIERS, EntryKind, HopState, Op, Result, State, Tier, WaitingParty, term
from .workflow import allows


def raise_hop(command: Command, situation: Situation, context: Context) -> Outcome:
    """Ask a higher tier, with a reason. The holder asks; a resolver passes on what was escalated to the own tier."""
    tier, reason = term(Tier, command.args.get("tier", "")), command.args.get("reason")
    if tier not in TIERS[1:]:
        return invalid("tier_unknown", tier=tier)
    if not reason:
        return invalid("reason_missing")
    claims: Refusal | bool = False
    if not has(context.actor.role, Right.ACKNOWLEDGE) or has(context.actor.role, Right.WORK):
        claims = acting.claim(command, situation, context)
    elif not _asked(context, situation.hops):
        return refuse(Result.FORBIDDEN, "not_your_tier")
    if isinstance(claims, Refusal):
        return claims
    ticket = ticket_of(situation)
    source = _highest(situation.hops)
    if TIERS.index(tier) <= TIERS.index(source):
        return invalid("tier_not_higher", tier=tier, source=source)
    if not allows(Op.ESCALATION_RAISE, ticket.state, State.WAITING_LEVEL):
        return invalid("transition", state=str(ticket.state), target=str(State.WAITING_LEVEL))
    at, _ = acting.counted_at(command, context)
    local = at + timedelta(minutes=context.zone_offset_minutes)
    hop = Hop(
        id=command.id,
        ticket=ticket.id,
        from_tier=source,
        tier=tier,
        reason=reason,
        raised_by=command.actor,
        raised_at=at,
        asked=duty(local, tier, ticket.queue, context.roster),
    )
    changes = {"state": State.WAITING_LEVEL, "waiting_party": WaitingParty(tier), "hold_reason": reason, "tier": tier}
    return act(
        command,
        situation,
        context,
        changes=changes,
        claims=claims,
        kind=EntryKind.ESCALATION,
        data={"hop": hop.id, "tier": str(tier), "reason": reason},
        hops=(hop,),
    )


def acknowledge(command: Command, situation: Situation, context: Context) -> Outcome:
    """The tier has it: a lease, not an end. Two acks: the first by feed order stands."""
    hop = _find(command, situation)
    if isinstance(hop, Refusal):
        return hop
    if hop.state == HopState.ACKNOWLEDGED:
        holder = context.persons.get(hop.acked_by or "")
        return invalid("already_acknowledged", by=holder.name if holder else hop.acked_by)
    if hop.state == HopState.RETURNED:
        return invalid("hop_returned")
    if no := _may_answer(command, hop, context):
        return no
    at, _ = acting.counted_at(command, context)
    acked = replace(
        hop,
        state=HopState.ACKNOWLEDGED,
        acked_by=command.actor,
        acked_at=at,
        proxy=command.args.get("proxy"),
        lease_until=at + context.policy.ack_lease,
    )
    data = {"hop": hop.id, "tier": str(hop.tier), "proxy": command.args.get("proxy")}
    return act(command, situation, context, kind=EntryKind.ESCALATION, data=data, hops=(acked,))


def give_back(command: Command, situation: Situation, context: Context) -> Outcome:
    """Return a hop with a reason or a solution; when none is left open the ticket is work again."""
    hop, outcome = _find(command, situation), command.args.get("outcome")
    if isinstance(hop, Refusal):
        return hop
    if not outcome:
        return invalid("reason_missing")
    if hop.state == HopState.RETURNED:
        return invalid("hop_returned")
    if no := _may_answer(command, hop, context) or _held_elsewhere(command, situation, context):
        return no
    at, _ = acting.counted_at(command, context)
    back = replace(
        hop,
        state=HopState.RETURNED,
        returned_by=command.actor,
        returned_at=at,
        outcome=outcome,
        proxy=command.args.get("proxy") or hop.proxy,
    )
    left = [item for item in situation.hops if item.id != hop.id and item.state != HopState.RETURNED]
    ticket = ticket_of(situation)
    changes: dict[str, object] = {"tier": _highest((*left,))}
    if not left and ticket.state == State.WAITING_LEVEL:
        changes["state"] = State.OPEN
    elif left and ticket.state == State.WAITING_LEVEL:
        changes["waiting_party"] = WaitingParty(_highest((*left,)))
    data = {"hop": hop.id, "tier": str(hop.tier), "outcome": outcome}
    return act(
        command, situation, context, changes=changes, kind=EntryKind.ESCALATION, body=outcome, data=data, hops=(back,)
    )


def _find(command: Command, situation: Situation) -> Hop | Refusal:
    """The hop that `args.hop` names, or the only one still open."""
    wanted = command.args.get("hop")
    live = [hop for hop in situation.hops if hop.state != HopState.RETURNED]
    if wanted is None:
        return live[0] if len(live) == 1 else invalid("hop_ambiguous" if live else "not_escalated")
    return next((hop for hop in situation.hops if hop.id == wanted), None) or invalid("hop_unknown")


def _may_answer(command: Command, hop: Hop, context: Context) -> Refusal | None:
    """A resolver answers for the own tier; others only by proxy, saying whom they spoke to and how."""
    if has(context.actor.role, Right.ACKNOWLEDGE) and context.actor.tier == hop.tier:
        return None
    if has(context.actor.role, Right.PROXY):
        return None if command.args.get("proxy") else invalid("proxy_missing", tier=str(hop.tier))
    return refuse(Result.FORBIDDEN, "not_your_tier", tier=str(hop.tier))


def _held_elsewhere(command: Command, situation: Situation, context: Context) -> Refusal | None:
    """For a tier without accounts the holder or a supervisor says that it gave the ticket back: it is work again."""
    ticket = ticket_of(situation)
    theirs = has(context.actor.role, Right.ACKNOWLEDGE) or has(context.actor.role, Right.ASSIGN)
    if theirs or ticket.owner in (None, command.actor):
        return None
    return acting.held_by_other(ticket, context)


def _asked(context: Context, hops: tuple[Hop, ...]) -> bool:
    return any(hop.tier == context.actor.tier and hop.state != HopState.RETURNED for hop in hops)


def _highest(hops: tuple[Hop, ...]) -> Tier:
    live = [hop.tier for hop in hops if hop.state != HopState.RETURNED]
    return max(live, key=TIERS.index, default=Tier.L0)
