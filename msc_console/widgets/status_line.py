"""The top line: who sits here, where, how much of the shift is left, and how it stands with central."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from textual.strip import Strip

from msc_console.i18n import _, duration_short, local
from msc_console.text import clean

from . import words
from .paint import Line, Span, Tone, count_word, line_of, spread, width_of
from .painted import Painted


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the top line tells. Names are raw; `offline_since` None = online."""

    person: str
    role: str
    tier: str
    place: str
    """Queue or view that is shown."""
    count: int | None = None
    """Tickets in it."""
    unsure: int = 0
    """Those of them that rest on own acts which central has not confirmed."""
    shift: str = ""
    shift_left: timedelta | None = None
    at_risk: int = 0
    """Own tickets whose target is about to be missed."""
    offline_since: datetime | None = None
    connecting: bool = False
    """Central has not been tried yet: neither online nor offline."""
    signed_out: bool = False
    """Central answers, but has ended the session: nothing comes or goes."""
    pending: int = 0
    """Acts that wait for central."""
    refused: int = 0
    """Acts that central refused or that conflict."""
    onlooker: bool = False
    """This console only looks on, and talks with nobody: another one of this person works."""
    note: str = ""
    """Something lasting that the person must know."""
    weak: str = ""
    """What is less than it could be and not for the person to mend now: a cache under a password alone."""


def render_status(status: Status, width: int, zone: tzinfo) -> Line:
    """The line in exactly `width` cells: in full where it fits, else shorter; what needs a person goes last."""
    for detail in (3, 2, 1):
        left = _left(status, detail)
        for shown in (status, replace(status, weak="")) if status.weak else (status,):
            right = _right(shown, zone, detail)
            if width_of(left) + 2 + width_of(right) <= width:
                return spread(left, right, width)
    right = _right(replace(status, weak=""), zone, 0)
    while width_of(right) > width and len(right) > 2:
        right = right[2:]
    return spread(_left(status, 1), right, width)


def _left(status: Status, detail: int) -> Line:
    person = line_of(status.person, 40)
    count = "" if status.count is None else f" {count_word(status.count, status.unsure)}"
    place = line_of(status.place, 40) + count
    if detail == 3:
        role = f"{words.role_word(status.role)} {words.tier_word(status.tier)}"
        return [(f" {person}", Tone.STRONG), (f" \u00b7 {role} \u00b7 {place}", Tone.PLAIN)]
    return [
        (f" {(person.split() or [''])[0]}", Tone.STRONG),
        (f" \u00b7 {words.tier_word(status.tier)} \u00b7 {place}", Tone.PLAIN),
    ]


def _right(status: Status, zone: tzinfo, detail: int) -> Line:
    parts: list[Span] = []
    if status.note and detail > 1:
        parts.append((clean(status.note, line=True), Tone.WARN))
    if status.weak:
        parts.append((clean(status.weak, line=True), Tone.DIM))
    if status.shift_left is not None and detail:
        left = duration_short(status.shift_left)
        if detail == 3 and status.shift:
            text = _("{shift}, {time} left").format(shift=clean(status.shift, line=True), time=left)
        else:
            text = _("{time} left").format(time=left)
        parts.append((text, Tone.PLAIN))
    if status.at_risk or detail == 3:
        tone = Tone.LATE if status.at_risk else Tone.DIM
        parts.append((_("SLA at risk {n}").format(n=status.at_risk), tone))
    if status.onlooker:
        parts.append((f"\u25cb {_('look only')}", Tone.WARN))
    elif status.connecting:
        parts.append(("\u25cc " + _("connecting"), Tone.DIM))
    elif status.signed_out:
        parts.append(("\u25cb " + _("signed out"), Tone.WARN))
    elif status.offline_since is None:
        parts.append((f"\u25cf {_('online')}", Tone.GOOD))
    else:
        since = _("offline {time}").format(time=f"{local(status.offline_since, zone):%H:%M}")
        parts.append((f"\u25cb {since}", Tone.WARN))
    if status.pending or detail == 3:
        parts.append((_("queued {n}").format(n=status.pending), Tone.WARN if status.pending else Tone.DIM))
    if status.refused or detail == 3:
        parts.append((_("refused {n}").format(n=status.refused), Tone.LATE if status.refused else Tone.DIM))
    gap = "   " if detail == 3 else "  "
    spaced = [span for part in parts for span in (part, (gap, Tone.PLAIN))]
    return [*spaced[:-1], (" ", Tone.PLAIN)]


class StatusLine(Painted):
    """The top line as a widget."""

    DEFAULT_CSS = "StatusLine { height: 1; overflow: hidden; }"

    def __init__(self, status: Status, *, zone: tzinfo, **options: Any) -> None:
        super().__init__(**options)
        self._status = status
        self._zone = zone

    def show(self, status: Status) -> None:
        """Tells the new state; paints only when it differs."""
        if status != self._status:
            self._status = status
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The painted line."""
        width = self.size.width
        return self.strip(render_status(self._status, width, self._zone), width)
