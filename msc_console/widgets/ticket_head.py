"""The top of a ticket and its preview below the queue: pure renderers of frozen values."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from textual.strip import Strip

from msc_console.domain.clocks import remaining
from msc_console.domain.model import Entry, Ticket
from msc_console.domain.terms import Party, Priority, State
from msc_console.i18n import _, duration_short

from . import words
from .paint import Line, Tone, fit, line_of, spread, width_of
from .painted import Painted
from .side_panel import About
from .timeline_lines import lines_of


def state_spans(ticket: Ticket, *, short: bool = False) -> Line:
    """Priority and state in words, e.g. `P1! CRITICAL  open`; `short` leaves the priority to its mark."""
    pressing = Tone.LATE if ticket.priority == Priority.CRITICAL else Tone.PLAIN
    word = words.priority_word(ticket.priority)
    party = str(ticket.waiting_party) if ticket.waiting_party and ticket.state == State.WAITING_LEVEL else None
    if short:
        state = words.state_short(ticket.state, party)
        return [(words.priority_mark(ticket.priority), pressing), (f"  {state}", Tone.STRONG)]
    return [
        (f"{words.priority_mark(ticket.priority)} {word.upper() if pressing is Tone.LATE else word}", pressing),
        (f"  {words.state_word(ticket.state, party)}", Tone.STRONG),
    ]


def holder_text(ticket: Ticket, name: str, now: datetime) -> str:
    """Who holds the ticket and for how long the claim still runs; a holder gone silent is said so."""
    if ticket.owner is None:
        return _("free")
    held = _("held by {name}").format(name=line_of((name or ticket.owner).split()[0], 20))
    if ticket.claim_until is None:
        return held
    left = ticket.claim_until - now
    told = duration_short(left) if left.total_seconds() > 0 else _("silent")
    return f"{held} ({told})"


def render_head(about: About, label: str, width: int, now: datetime) -> list[Line]:
    """One line from 100 cells on; below that a second one tells the clocks, as there is no panel beside."""
    ticket = about.ticket
    name = about.names.get(ticket.owner or "", "")
    right: Line = [*state_spans(ticket), (f"  {holder_text(ticket, name, now)} ", Tone.PLAIN)]
    left: Line = [(f" {line_of(label, 20)}  ", Tone.STRONG), (line_of(ticket.subject, width), Tone.PLAIN)]
    if width >= 100:
        return [fit(spread(left, right, width), width)]
    clocks: Line = [(" ", Tone.PLAIN), *_clocks(about, now)]
    if width_of(clocks) + width_of(right) > width:
        right = [*state_spans(ticket, short=True), (f"  {holder_text(ticket, name, now)} ", Tone.PLAIN)]
    return [fit(left, width), fit(spread(clocks, right, width), width)]


def _clocks(about: About, now: datetime) -> Line:
    """The customer's clocks in a few words each."""
    spans: Line = []
    for clock in about.ticket.clocks:
        if clock.party != Party.CUSTOMER or clock.cancelled_at is not None:
            continue
        left = remaining(clock, now)
        name = words.metric_word(clock.metric)
        if clock.fulfilled_at is not None:
            spans.append((f"{name} {'✓' if left.total_seconds() >= 0 else '✗'}  ", Tone.GOOD))
            continue
        late = left.total_seconds() <= 0
        text = _("late {time}").format(time=duration_short(-left)) if late else duration_short(left)
        mark = "‖" if clock.paused_at else "~" if about.pending else ""
        spans.append((f"{name} {text}{mark}  ", Tone.LATE if late else Tone.PLAIN))
    return spans


def render_preview(
    about: About, label: str, entries: Sequence[Entry], width: int, height: int, zone: tzinfo
) -> list[Line]:
    """A ticket in `height` lines: what it is, then the last of what happened."""
    ticket, service = about.ticket, about.service
    parts = [service.name if service else ticket.service, ticket.component and _named(about, ticket.component)]
    place = " › ".join(line_of(part, 40) for part in parts if part)
    levels = f"{words.level_word(ticket.urgency)} × {words.level_word(ticket.impact)} = "
    right: Line = [(f"{place}   {levels}", Tone.DIM), *state_spans(ticket)[:1], (" ", Tone.PLAIN)]
    left: Line = [(f"  {line_of(label, 20)}  ", Tone.STRONG), (line_of(ticket.subject, width), Tone.PLAIN)]
    lines = [fit(spread(left, right, width) if width >= 100 else left, width)]
    told: list[Line] = []
    for entry in reversed(entries):
        room = height - 1 - len(told)
        if room < 2 and told:
            break
        told = [*_top(lines_of(entry, width, zone, about.names), room, width), *told]
    return [*lines, *told]


def _top(lines: Sequence[Line], room: int, width: int) -> Sequence[Line]:
    """The first `room` lines; the last of them says that there is more."""
    if len(lines) <= room:
        return lines
    *kept, last = lines[:room]
    end = list(last)
    while end and not end[-1][0].strip():
        end.pop()
    if end:
        end[-1] = (end[-1][0].rstrip(), end[-1][1])
    return [*kept, [*(fit(end, width - 2) if width_of(end) > width - 2 else end), (" …", Tone.DIM)]]


def _named(about: About, key: str) -> str:
    known = about.service.components if about.service else ()
    return next((item.name for item in known if item.key == key), key)


class TicketHead(Painted):
    """The top of the ticket as a widget."""

    DEFAULT_CSS = "TicketHead { height: 2; overflow: hidden; }"

    def __init__(self, *, now: datetime, **options: Any) -> None:
        super().__init__(**options)
        self._now = now
        self._shown: tuple[About, str] | None = None

    def show(self, about: About, label: str) -> None:
        """Shows a ticket, or the same one as it stands now."""
        self._shown = (about, label)
        self.refresh()

    def tick(self, now: datetime) -> None:
        """Shows clocks and claim as they stand at `now`."""
        self._now = now
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One painted line."""
        width = self.size.width
        lines = render_head(*self._shown, width, self._now) if self._shown else []
        return self.strip(lines[y] if y < len(lines) else fit([], width), width)
