"""What every rule shares: who holds the ticket, the three-way test, and the one way to build effects."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from . import clocks
from .commands import Command, Conflict, Context, Effects, Refusal, Situation
from .model import Entry, Hop, Ticket
from .terms import Channel, Delivery, EntryKind, Result, State, Visibility
from .workflow import ACTIVE


def refuse(code: Result, reason: str, **data: Any) -> Refusal:
    return Refusal(code=code, reason=reason, data=data)


def invalid(reason: str, **data: Any) -> Refusal:
    return refuse(Result.INVALID, reason, **data)


def ticket_of(situation: Situation) -> Ticket:
    """The ticket that `decide` has already found to be there."""
    assert situation.ticket is not None
    return situation.ticket


def held_by_other(ticket: Ticket, context: Context) -> Refusal:
    """Someone else holds it: who, since when, under which epoch."""
    holder = context.persons.get(ticket.owner or "")
    return refuse(
        Result.FENCED,
        "held",
        owner=ticket.owner,
        owner_name=holder.name if holder else "",
        since=plain(ticket.owned_at),
        epoch=ticket.owner_epoch,
    )


def fence(command: Command, ticket: Ticket, context: Context) -> Refusal | None:
    """Stale ownership: the epoch the author stood on must be the current one (design, ownership).

    A command that stands on an own pending claim passes only if that claim was applied and its epoch still holds.
    """
    if command.basis.claim is not None:
        stood_on = context.claims.get(command.basis.claim)
    else:
        stood_on = command.basis.epoch
    if stood_on == ticket.owner_epoch:
        return None
    if ticket.owner is not None and ticket.owner != command.actor:
        return held_by_other(ticket, context)
    return refuse(Result.FENCED, "changed_hands", epoch=ticket.owner_epoch, owner=ticket.owner)


def late(command: Command, ticket: Ticket, context: Context) -> bool:
    """Whether an act that is never fenced was made under an ownership that has ended since.

    An own claim that central has not applied gave no ownership: then the epoch counts that central had confirmed.
    """
    stood_on = context.claims.get(command.basis.claim or "", command.basis.epoch)
    return stood_on != ticket.owner_epoch


def claim(command: Command, situation: Situation, context: Context) -> Refusal | bool:
    """Whether the author may change the ticket: True = the act takes a free ticket, False = already theirs."""
    ticket = ticket_of(situation)
    if ticket.owner is not None and ticket.owner != command.actor:
        return held_by_other(ticket, context)
    return fence(command, ticket, context) or ticket.owner is None


def lapsed(ticket: Ticket, context: Context) -> bool:
    """The holder has been silent past the claim's end, so that the ticket is offered again.

    Central judges by its own clock and by when it last heard of the holder; a laptop's answer is provisional.
    """
    if ticket.claim_until is None:
        return True
    until = ticket.claim_until
    if context.holder_seen_at is not None:
        until = max(until, context.holder_seen_at + context.policy.claim)
    return context.now > until


def three_way(command: Command, ticket: Ticket, wanted: Mapping[str, Any]) -> Conflict | dict[str, Any]:
    """Fields of `wanted` that still have to change, or the conflict.

    A field may change when its current value is what the author saw (`before`); one that already has the wanted
    value needs nothing; anything else is for a person to settle, with base, mine and theirs.
    """
    todo: dict[str, Any] = {}
    clashes: dict[str, tuple[Any, Any, Any]] = {}
    for name, mine in wanted.items():
        theirs = getattr(ticket, name)
        base = command.before.get(name)
        if theirs == mine:
            continue
        if theirs == base:
            todo[name] = mine
        else:
            clashes[name] = (base, mine, theirs)
    return Conflict(kind="same_field", fields=clashes) if clashes else todo


def counted_at(command: Command, context: Context) -> tuple[datetime, bool]:
    """The time at which an act counts, and whether it had to be moved: `made_at` held within
    [server time the laptop had last seen, receive time]."""
    at = command.made_at
    if command.seen_at is not None:
        at = max(at, command.seen_at)
    at = min(at, context.now)
    return at, at != command.made_at


def act(
    command: Command,
    situation: Situation,
    context: Context,
    *,
    changes: Mapping[str, Any] | None = None,
    claims: bool = False,
    kind: EntryKind = EntryKind.CHANGE,
    body: str = "",
    visibility: Visibility = Visibility.INTERNAL,
    channel: Channel | None = None,
    contact: str | None = None,
    delivery: Delivery = Delivery.NONE,
    data: Mapping[str, Any] | None = None,
    hops: tuple[Hop, ...] = (),
    late: bool = False,
) -> Effects:
    """Effects of an act on one ticket: the changed ticket, its one timeline entry, its clocks.

    `changes` are new field values; with `claims` the author also becomes the holder, which raises the owner epoch.
    """
    before = ticket_of(situation)
    at, clamped = counted_at(command, context)
    values: dict[str, Any] = dict(changes or {})
    if claims:
        values |= {"owner": command.actor, "owned_at": at, "owner_epoch": before.owner_epoch + 1}
        if before.state == State.NEW:
            values.setdefault("state", State.OPEN)
    if values.get("state", before.state) != before.state:
        values |= _state_marks(values["state"], before, at)
    if values.get("owner", before.owner) == command.actor:
        values["claim_until"] = context.now + context.policy.claim
    after = replace(before, **values, updated_at=max(before.updated_at, at))
    entry = Entry(
        id=command.id,
        ticket=before.id,
        kind=kind,
        act=command.kind,
        author=command.actor,
        author_name=context.actor.name,
        contact=contact,
        body=body,
        visibility=visibility,
        channel=channel,
        made_at=command.made_at,
        received_at=context.now if context.final else None,
        at=at,
        late=late,
        clamped=clamped,
        delivery=delivery,
        changes=_differences(before, after),
        data=dict(data or {}),
    )
    if entry.changes or clocks.counts(entry) or not clocks.under(before, context.policy):
        after = clocks.timed(after, (*situation.entries, entry), context.policy)
    merged = before.ver - context.own_raises > command.basis.ver > 0
    return Effects(ticket=after, entry=entry, hops=hops, claimed=claims, merged=merged)


_SILENT = frozenset({"updated_at", "claim_until", "owned_at", "clocks", "next_due", "resolved_at", "closed_at"})


def _differences(before: Ticket, after: Ticket) -> dict[str, list[Any]]:
    """Field -> (old, new) in the wire's plain types, of the fields that a reader of the timeline asks about."""
    found = {}
    for name in Ticket.__dataclass_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if old != new and name not in _SILENT:
            found[name] = [plain(old), plain(new)]
    return found


def _state_marks(state: State, before: Ticket, at: datetime) -> dict[str, Any]:
    """Fields that follow from entering a state."""
    marks: dict[str, Any] = {}
    if state in (State.RESOLVED, State.CLOSED, State.CANCELLED, State.OPEN):
        marks |= {"waiting_party": None, "hold_reason": None}
    if state == State.RESOLVED:
        marks["resolved_at"] = at
    elif state in (State.CLOSED, State.CANCELLED):
        marks["closed_at"] = at
    elif state in ACTIVE and before.state not in ACTIVE:
        marks |= {"resolved_at": None, "closed_at": None, "reopened": before.reopened + 1}
    return marks


def plain(value: Any) -> Any:
    """A field's value in the wire's plain types."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, str) else value
