"""What stands beside a ticket: its clocks, what it is about, whose it is, and where it was escalated to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

from textual.geometry import Size
from textual.strip import Strip

from msc_console.domain.clocks import elapsed, remaining
from msc_console.domain.model import Article, Clock, Contact, Hop, Named, Organisation, Service, Ticket
from msc_console.domain.terms import HopState, Party
from msc_console.i18n import _, duration_short, target_short, when
from msc_console.text import clean

from . import words
from .paint import Line, Tone, bar, fit, line_of, pad, wrap
from .painted import Painted

LABEL = 12
"""Cells of the names at the left."""
CODE = 8
"""Cells of an article's code."""
BAR = 8
SOON = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A ticket with what is known of its surroundings. `names`: id or key -> name, of persons and queues."""

    ticket: Ticket
    hops: tuple[Hop, ...] = ()
    contact: Contact | None = None
    organisation: Organisation | None = None
    service: Service | None = None
    articles: tuple[Article, ...] = ()
    """Of the knowledge base, the likeliest first."""
    pending: bool = False
    """Acts that central has not answered are in the figures: they carry `~`."""
    names: Mapping[str, str] = field(default_factory=dict)


def render_panel(about: About, width: int, now: datetime, zone: tzinfo) -> list[Line]:
    """The panel in lines of exactly `width` cells, as it stands at `now`; as many lines as it takes."""
    sections = [
        [_clock(clock, now, about.pending) for clock in _shown(about.ticket.clocks)],
        _subject_matter(about, width),
        _whose(about, width),
        [line for hop in about.hops for line in _hop(hop, about.names, now, zone, width)],
        _knowledge(about.articles, width),
    ]
    lines: list[Line] = []
    for section in sections:
        if section and lines:
            lines.append([])
        lines += section
    return [fit(line, width) for line in lines]


def _shown(clocks: Iterable[Clock]) -> list[Clock]:
    """The customer's clocks, and the provider's where it says something else."""
    clocks = tuple(clocks)
    customer = {clock.metric: clock for clock in clocks if clock.party == Party.CUSTOMER}
    return [
        clock
        for clock in clocks
        if clock.party == Party.CUSTOMER
        or clock.metric not in customer
        or (clock.due, clock.paused_at) != (customer[clock.metric].due, customer[clock.metric].paused_at)
    ]


def _clock(clock: Clock, now: datetime, pending: bool) -> Line:
    name = words.metric_word(clock.metric) if clock.party == Party.CUSTOMER else _("\u2026 ours")
    label = (f" {pad(name, LABEL)}", Tone.DIM)
    left, sure = remaining(clock, now), "~" if pending else ""
    target = target_short(clock.target)
    if clock.cancelled_at is not None:
        return [label, (_("\u2014 ended with the ticket"), Tone.DIM)]
    if clock.fulfilled_at is not None:
        used = _("{used} of {target}").format(used=duration_short(elapsed(clock, now)) + sure, target=target)
        return [label, (f"\u2713 {used}", Tone.GOOD) if left >= timedelta(0) else (f"\u2717 {used}", Tone.LATE)]
    paused = "\u2016" if clock.paused_at else ""
    if left <= timedelta(0):
        late = _("late {time}").format(time=duration_short(-left) + sure)
        return [label, (f"{late} {paused or '!!'}", Tone.LATE)]
    tone = Tone.DIM if paused else Tone.WARN if left < SOON else Tone.PLAIN
    share = 1 - left / clock.target if clock.target else 1.0
    return [label, (f"{bar(share, BAR)} {paused or ' '}{duration_short(left)}{sure} / {target}", tone)]


def _subject_matter(about: About, width: int) -> list[Line]:
    ticket, service = about.ticket, about.service
    place = [
        service.name if service else ticket.service,
        _name(service.components if service else (), ticket.component),
    ]
    reason = f" \u00b7 {ticket.priority_reason}" if ticket.priority_reason else ""
    priority = f"{words.priority_mark(ticket.priority)} {words.priority_word(ticket.priority)}{reason}"
    rows = [
        (_("Service"), " \u203a ".join(part for part in place if part)),
        (_("Category"), _name(service.categories if service else (), ticket.category)),
        (_("Urgency"), words.level_word(ticket.urgency)),
        (_("Impact"), words.level_word(ticket.impact)),
        (_("Priority"), priority),
        (_("Queue"), about.names.get(ticket.queue, ticket.queue)),
        (_("Tags"), ", ".join(ticket.tags)),
        *((name, value) for name, value in ticket.references.items()),
    ]
    return [line for name, value in rows if value for line in _pair(name, value, width)]


def _whose(about: About, width: int) -> list[Line]:
    ticket, organisation, contact = about.ticket, about.organisation, about.contact
    lines: list[Line] = []
    name = organisation.name if organisation else ticket.organisation_name
    if name:
        lines.append([(f" {line_of(name, width - 2)}", Tone.STRONG)])
    if organisation and (organisation.b2b or organisation.contract):
        contract = _("contract {name}").format(name=organisation.contract) if organisation.contract else ""
        facts = " \u00b7 ".join(part for part in ("B2B" if organisation.b2b else "", contract) if part)
        lines.append([(f" {line_of(facts, width - 2)}", Tone.DIM)])
    person = contact.name if contact else ticket.contact_name
    if person:
        lines.append([(f" {line_of(person, width - 2)}", Tone.STRONG)])
    for address in contact.addresses if contact else ():
        lines += _pair(words.channel_word(address.channel), address.value, width)
    return lines


def _knowledge(articles: Iterable[Article], width: int) -> list[Line]:
    lines: list[Line] = [[(f" {_('Knowledge')}", Tone.STRONG)]]
    for one in articles:
        code = pad(line_of(one.code, CODE - 2), CODE)
        lines.append([(f" {code}", Tone.ACCENT), (line_of(one.title, width - CODE - 2), Tone.PLAIN)])
    return lines if len(lines) > 1 else []


def _hop(hop: Hop, names: Mapping[str, str], now: datetime, zone: tzinfo, width: int) -> list[Line]:
    head = f" \u21e7 {pad(words.tier_short(hop.tier), LABEL - 3)}"
    match hop.state:
        case HopState.ACKNOWLEDGED:
            since = when(hop.acked_at or hop.raised_at, zone, now)
            text = _("acknowledged {time}, {name}").format(time=since, name=_person(hop.acked_by, names))
        case HopState.RETURNED:
            since = when(hop.returned_at or hop.raised_at, zone, now)
            text = _("returned {time}, {name}").format(time=since, name=_person(hop.returned_by, names))
        case _:
            text = _("waiting since {time}").format(time=when(hop.raised_at, zone, now))
    tone = Tone.WARN if hop.state == HopState.OPEN else Tone.PLAIN
    first, *rest = wrap(text, width - LABEL - 2)
    more = hop.outcome if hop.state == HopState.RETURNED and hop.outcome else hop.reason
    rest += wrap(clean(more, line=True), width - LABEL - 2)
    return [[(head + " ", Tone.DIM), (first, tone)], *([(" " * (LABEL + 1), Tone.DIM), (text, tone)] for text in rest)]


def _pair(name: str, value: str, width: int) -> list[Line]:
    """A name and its value; a long value goes on below itself."""
    first, *rest = wrap(clean(value, line=True, cap=400), width - LABEL - 2)
    lines: list[Line] = [[(f" {pad(clean(name, line=True), LABEL - 1)} ", Tone.DIM), (first, Tone.PLAIN)]]
    return [*lines, *([(" " * (LABEL + 1), Tone.DIM), (text, Tone.PLAIN)] for text in rest)]


def _name(known: tuple[Named, ...], key: str | None) -> str:
    return next((item.name for item in known if item.key == key), key or "")


def _person(id: str | None, names: Mapping[str, str]) -> str:
    return clean(names.get(id or "", id or "?"), line=True)


class SidePanel(Painted):
    """The panel as a widget. Whoever owns it moves its time with `tick`."""

    DEFAULT_CSS = "SidePanel { scrollbar-gutter: stable; }"

    def __init__(self, *, zone: tzinfo, now: datetime, **options: Any) -> None:
        super().__init__(**options)
        self._zone = zone
        self._now = now
        self._about: About | None = None
        self._lines: list[Line] = []

    def show(self, about: About) -> None:
        """Shows a ticket, or the same one as it stands now."""
        self._about = about
        self._lay_out()

    def tick(self, now: datetime) -> None:
        """Shows the clocks as they stand at `now`."""
        self._now = now
        self._lay_out()

    def render_line(self, y: int) -> Strip:
        """One painted line."""
        index = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        line = self._lines[index] if index < len(self._lines) else []
        return self.strip(fit(line, width), width)

    def on_resize(self) -> None:
        """Lays out for the new width."""
        self._lay_out()

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        if self._about is None or not width:
            return
        self._lines = render_panel(self._about, width, self._now, self._zone)
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()
