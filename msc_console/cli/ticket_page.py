"""A ticket as a page of plain lines, and as one document."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..domain.clocks import elapsed, remaining
from ..domain.model import Clock, Hop, Service
from ..domain.terms import HopState, Party
from ..i18n import _, duration_short, local, target_short, when
from ..records import to_wire
from ..text import clean
from ..widgets import words
from ..widgets.op_words import op_word
from ..widgets.timeline_lines import day_line, lines_of
from .output import pairs, terminal_width

if TYPE_CHECKING:
    from ..desk.reading import Reading, TicketView
    from ..store.outbox import OutboxOp

WIDTH = 100
"""Cells of the timeline where nobody looks, and the most of them."""


def page(desk: "Reading", view: "TicketView") -> str:
    """Head, facts, clocks, escalations, own acts that wait, timeline."""
    names, zone, now = names_of(desk, view), desk.settings.zone, desk.now()
    ticket = view.ticket
    title = f"{view.label}  {clean(ticket.subject, line=True)}"
    blocks = [title, pairs(_facts(desk, view, names)), pairs(_clocks(view, now))]
    blocks += [pairs(_hops(view.hops, names, zone, now)), pairs(_acts(view.acts, zone, now))]
    blocks.append("\n".join(_timeline(desk, view, names)))
    return "\n\n".join(block for block in blocks if block)


def document(view: "TicketView") -> dict[str, Any]:
    """The ticket's wire document with its label and everything around it."""
    from .sync_rows import act_document

    found = to_wire(view.ticket) | {"label": view.label}
    found["holder"] = to_wire(view.owner) if view.owner else None
    found["customer"] = to_wire(view.contact) if view.contact else None
    found["entries"] = [to_wire(entry) for entry in view.entries]
    found["hops"] = [to_wire(hop) for hop in view.hops]
    found["acts"] = [act_document(act, view.label) for act in view.acts]
    return found


def names_of(desk: "Reading", view: "TicketView") -> dict[str, str]:
    """Ids and keys in people's words."""
    names = {queue.key: queue.name for queue in desk.queue_list()}
    for service in desk.services():
        names[service.key] = service.name
        names |= {part.key: part.name for part in (*service.components, *service.categories)}
    names |= {person.id: person.name for person in desk.people()}
    if view.contact is not None:
        names[view.contact.id] = view.contact.name
    return names


def _facts(desk: "Reading", view: "TicketView", names: dict[str, str]) -> Iterator[tuple[str, str]]:
    ticket, zone = view.ticket, desk.settings.zone
    reason = f" ({ticket.hold_reason})" if ticket.hold_reason else ""
    yield _("State"), words.state_word(ticket.state, ticket.waiting_party) + reason
    yield _("Priority"), _priority(view)
    yield _("Holder"), view.owner.name if view.owner else ticket.owner or "-"
    yield _("Customer"), " \u00b7 ".join(part for part in (ticket.organisation_name, ticket.contact_name) if part)
    for address in view.contact.addresses if view.contact else ():
        yield f"  {words.channel_word(address.channel)}", address.value
    yield _("Queue"), names.get(ticket.queue, ticket.queue)
    yield _("Kind"), " \u203a ".join(words.kind_word(kind) for kind in (ticket.kind, ticket.sub_kind) if kind)
    yield _("Service"), _service(desk.services(), ticket.service, ticket.component)
    yield _("Category"), names.get(ticket.category or "", ticket.category or "")
    yield _("Channel"), words.channel_word(ticket.channel)
    yield _("Tags"), ", ".join(ticket.tags)
    yield _("Created"), when(ticket.created_at, zone)


def _priority(view: "TicketView") -> str:
    ticket = view.ticket
    mark = f"{words.priority_mark(ticket.priority)} {words.priority_word(ticket.priority)}"
    levels = f"{words.level_word(ticket.urgency)} \u00d7 {words.level_word(ticket.impact)}"
    return f"{mark} ({ticket.priority_reason or levels})"


def _service(services: list[Service], key: str | None, component: str | None) -> str:
    found = next((service for service in services if service.key == key), None)
    parts = found.components if found else ()
    inner = next((part.name for part in parts if part.key == component), component)
    return " \u203a ".join(part for part in (found.name if found else key, inner) if part)


def _clocks(view: "TicketView", now: datetime) -> Iterator[tuple[str, str]]:
    sure = "~" if view.acts else ""
    for clock in view.ticket.clocks:
        if clock.party == Party.CUSTOMER:
            yield words.metric_word(clock.metric), _clock(clock, now, sure)


def _clock(clock: Clock, now: datetime, sure: str) -> str:
    left, target = remaining(clock, now), target_short(clock.target)
    if clock.cancelled_at is not None:
        return _("ended with the ticket")
    if clock.fulfilled_at is not None:
        used = _("{used} of {target}").format(used=duration_short(elapsed(clock, now)) + sure, target=target)
        return used if left >= timedelta(0) else _("missed: {used}").format(used=used)
    if left < timedelta(0):
        return _("late {time}").format(time=duration_short(-left) + sure)
    time = _("{left} left of {target}").format(left=duration_short(left) + sure, target=target)
    return _("paused, {time}").format(time=time) if clock.paused_at else time


def _hops(hops: Any, names: dict[str, str], zone: str, now: datetime) -> Iterator[tuple[str, str]]:
    for hop in hops:
        yield words.tier_word(hop.tier), hop_text(hop, names, zone, now)


def hop_text(hop: Hop, names: dict[str, str], zone: str, now: datetime) -> str:
    """Where an escalation stands, and why."""
    match hop.state:
        case HopState.ACKNOWLEDGED:
            who, time = (
                names.get(hop.acked_by or "", hop.acked_by or "?"),
                when(hop.acked_at or hop.raised_at, zone, now),
            )
            text = _("acknowledged {time}, {name}").format(time=time, name=who)
        case HopState.RETURNED:
            time = when(hop.returned_at or hop.raised_at, zone, now)
            who = names.get(hop.returned_by or "", hop.returned_by or "?")
            text = _("returned {time}, {name}").format(time=time, name=who)
        case _:
            text = _("waiting since {time}").format(time=when(hop.raised_at, zone, now))
    more = hop.outcome if hop.state == HopState.RETURNED and hop.outcome else hop.reason
    return f"{text} \u00b7 {more}"


def _acts(acts: Any, zone: str, now: datetime) -> Iterator[tuple[str, str]]:
    from .sync_rows import standing

    act: OutboxOp
    for act in acts:
        made = when(act.command.made_at, zone, now)
        yield _("Waits"), f"{op_word(act.kind)} \u00b7 {made} \u00b7 {standing(act, zone)}"


def _timeline(desk: "Reading", view: "TicketView", names: dict[str, str]) -> Iterator[str]:
    from zoneinfo import ZoneInfo

    zone, day = ZoneInfo(desk.settings.zone), None
    width = min(terminal_width() or WIDTH, WIDTH)
    for entry in view.entries:
        new = local(entry.at, zone).date()
        lines = lines_of(entry, width, zone, names)
        if new != day:
            lines = [day_line(new, width), *lines]
        day = new
        for line in lines:
            yield "".join(text for text, _tone in line).rstrip()
