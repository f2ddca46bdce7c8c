"""Rules of the timeline: notes, replies, calls, time spent, and what became of a reply on its way."""

from dataclasses import replace

from . import acting, clocks
from .acting import act, invalid, ticket_of
from .commands import Command, Context, Effects, Outcome, Refusal, Situation
from .model import Address, Contact
from .terms import Channel, Delivery, EntryKind, Visibility, term

WRITTEN = (Channel.EMAIL, Channel.WHATSAPP, Channel.SOCIAL)
"""Channels that carry a written reply, in the order of preference."""
MINUTES_MAX = 24 * 60


def note(command: Command, situation: Situation, context: Context) -> Outcome:
    """An internal note: anyone in scope, always merges, never fenced."""
    if bad := _bad_body(command):
        return bad
    return act(
        command,
        situation,
        context,
        kind=EntryKind.NOTE,
        body=command.args["body"],
        late=acting.late(command, ticket_of(situation), context),
    )


def reply(command: Command, situation: Situation, context: Context) -> Outcome:
    """A public answer to the customer: needs the claim, and a written address to go to."""
    if bad := _bad_body(command):
        return bad
    claims = acting.claim(command, situation, context)
    if isinstance(claims, Refusal):
        return claims
    ticket = ticket_of(situation)
    if ticket.contact is None:
        return invalid("contact_missing")
    address = written_address(situation.contact, command.args.get("channel") or ticket.channel)
    if address is None and (situation.contact is not None or context.final):
        return invalid("no_written_address", contact_name=ticket.contact_name)
    effects = act(
        command,
        situation,
        context,
        claims=claims,
        kind=EntryKind.REPLY,
        body=command.args["body"],
        visibility=Visibility.PUBLIC,
        contact=ticket.contact,
        channel=address.channel if address else None,
        delivery=Delivery.QUEUED,
    )
    return replace(effects, address=address)


def written_address(contact: Contact | None, wish: str | None = None) -> Address | None:
    """Where a reply to `contact` goes: by the wished channel if it is a written one they have, else the first."""
    if contact is None:
        return None
    order = (wish, *WRITTEN) if wish in WRITTEN else WRITTEN
    for channel in order:
        for address in contact.addresses:
            if address.channel == channel:
                return address
    return None


def call(command: Command, situation: Situation, context: Context) -> Outcome:
    """A telephone call with the customer, in or out: it counts as a response at the time it took place."""
    minutes = command.args.get("minutes", 0)
    if command.args.get("direction") not in ("in", "out"):
        return invalid("call_direction")
    if not _whole(minutes):
        return invalid("minutes", limit=MINUTES_MAX)
    data = {"direction": command.args["direction"], "minutes": minutes}
    return act(
        command,
        situation,
        context,
        kind=EntryKind.CALL,
        body=command.args.get("body") or "",
        channel=Channel.PHONE,
        contact=ticket_of(situation).contact,
        data=data,
        late=acting.late(command, ticket_of(situation), context),
    )


def time(command: Command, situation: Situation, context: Context) -> Outcome:
    """Minutes of work spent."""
    minutes = command.args.get("minutes")
    if not _whole(minutes) or not minutes:
        return invalid("minutes", limit=MINUTES_MAX)
    return act(
        command,
        situation,
        context,
        kind=EntryKind.TIME,
        body=command.args.get("body") or "",
        data={"minutes": minutes},
        late=acting.late(command, ticket_of(situation), context),
    )


def deliver(command: Command, situation: Situation, context: Context) -> Outcome:
    """Central alone: what became of a reply on its way. A reply counts as a response when it was handed over."""
    found = next((entry for entry in situation.entries if entry.id == command.args.get("entry")), None)
    state = term(Delivery, command.args.get("state", ""))
    if found is None or found.kind != EntryKind.REPLY:
        return invalid("entry_unknown")
    if state not in (Delivery.SENT, Delivery.DELIVERED, Delivery.READ, Delivery.FAILED):
        return invalid("value_unknown", field="state", value=state)
    if found.delivery == state:
        return invalid("nothing_to_set")
    revised = replace(
        found,
        delivery=state,
        delivered_at=found.delivered_at or (None if state == Delivery.FAILED else context.now),
        delivery_note=command.args.get("note"),
    )
    entries = [revised if entry.id == found.id else entry for entry in situation.entries]
    ticket = clocks.timed(ticket_of(situation), entries, context.policy)
    return Effects(ticket=ticket, revised=revised)


def _bad_body(command: Command) -> Refusal | None:
    body = command.args.get("body")
    return invalid("body_missing") if not isinstance(body, str) or not body.strip() else None


def _whole(minutes: object) -> bool:
    return isinstance(minutes, int) and not isinstance(minutes, bool) and 0 <= minutes <= MINUTES_MAX
