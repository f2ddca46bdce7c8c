"""A ticket as one line of the queue: a pure function of a frozen row, the columns and the time.

What a row says is always a word or a mark as well as a tone, and no column runs into the next.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from rich.cells import cell_len

from msc_console.domain.rows import QueueRow
from msc_console.domain.terms import Priority
from msc_console.i18n import _, duration_short

from . import words
from .paint import Line, Span, Tone, bar, fit, line_of, pad

TIME = 7
"""Cells of `duration_short`."""
SOON = timedelta(minutes=30)
NARROW, MID, WIDE = 72, 92, 140
"""Least width of a list for each layout. A list beside the views of a 120-column screen still has its channel."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells of each column of a list of `width` cells; 0 = not shown. Customer and subject share what is left.

    `gap` blanks stand between the columns up to the state, one after it.
    """

    width: int
    marks: int
    number: int
    priority: int
    bar: int
    time: int
    state: int
    holder: int
    channel: int
    customer: int
    gap: int

    @property
    def deadline(self) -> int:
        """Cells of bar, mark and time together."""
        return self.bar + (1 if self.gap == 1 else 2) + self.time if self.bar else self.time + 1

    @property
    def text(self) -> int:
        """Cells left for customer and subject."""
        fixed = self.marks + self.number + self.priority + self.deadline + 3 * self.gap
        fixed += sum(size + 1 for size in (self.state, self.holder, self.channel, self.customer) if size)
        return max(self.width - fixed, 0)

    @staticmethod
    @lru_cache(64)
    def of(width: int) -> "Columns":
        """The layout for a list of `width` cells: tiny, narrow (80x24), middle (120x34) or wide."""
        if width < NARROW:
            return Columns(width, 3, 10, 3, 0, TIME + 1, 0, 0, 0, 0, 1)
        if width < MID:
            return Columns(width, 3, 10, 3, 8, TIME, 11, 8, 0, 0, 1)
        if width < WIDE:
            return Columns(width, 4, 10, 3, 8, TIME + 1, 11, 8, 6, 0, 2)
        return Columns(width, 4, 10, 3, 12, TIME + 1, 20, 14, 12, 28, 2)


def render_heads(columns: Columns) -> Line:
    """The line of column names above the rows."""
    gap = " " * columns.gap
    text = " " * columns.marks + pad(_("Number"), columns.number) + gap + pad(_("P"), columns.priority) + gap
    text += pad(_("Due"), columns.deadline) + gap
    for name, size in ((_("State"), columns.state), (_("Holder"), columns.holder), (_("Chn"), columns.channel)):
        text += pad(name, size) + " " if size else ""
    if columns.customer:
        text += pad(_("Customer"), columns.customer) + " " + _("Subject")
    else:
        text += _("Customer \u00b7 Subject")
    return fit([(text, Tone.DIM)], columns.width)


def render_row(row: QueueRow, columns: Columns, now: datetime, *, cursor: bool = False, marked: bool = False) -> Line:
    """`row` in exactly `columns.width` cells, as it stands at `now`."""
    gap: Span = (" " * columns.gap, Tone.PLAIN)
    pressing = row.priority == Priority.CRITICAL
    spans: Line = [
        *_marks(row, columns.marks, cursor=cursor, marked=marked),
        (pad(line_of(row.label, columns.number), columns.number), Tone.STRONG if row.mine else Tone.PLAIN),
        gap,
        (pad(words.priority_mark(row.priority), columns.priority), Tone.LATE if pressing else Tone.PLAIN),
        gap,
        *_deadline(row, columns, now),
        gap,
    ]
    if columns.state:
        spans += [(pad(_state(row, columns.state), columns.state), Tone.PLAIN), (" ", Tone.PLAIN)]
    if columns.holder:
        spans += [(pad(_holder(row, columns.holder), columns.holder), _holder_tone(row)), (" ", Tone.PLAIN)]
    if columns.channel:
        long = words.channel_word(row.channel)
        channel = long if columns.channel >= 12 else words.channel_short(row.channel)
        spans += [(pad(channel, columns.channel), Tone.DIM), (" ", Tone.PLAIN)]
    return fit([*spans, *_about(row, columns)], columns.width)


def _marks(row: QueueRow, cells: int, *, cursor: bool, marked: bool) -> Line:
    """Cursor, mark, refused or waiting for central: packed to the left, so that one mark never touches the number."""
    spans: Line = []
    if cursor:
        spans.append(("\u258c", Tone.ACCENT))
    if marked:
        spans.append(("\u2713", Tone.GOOD))
    if row.attention:
        spans.append(("!", Tone.LATE))
    elif row.pending:
        spans.append(("\u2022", Tone.WARN))
    return fit(spans, cells)


def _deadline(row: QueueRow, columns: Columns, now: datetime) -> Line:
    left = row.left if row.left is not None else row.due - now if row.due is not None else None
    sure = "~" if row.pending else ""
    if left is None:
        return fit([("\u2014" + sure, Tone.DIM)], columns.deadline)
    paused = "\u2016" if row.left is not None else ""
    if left <= timedelta(0):
        return fit([(_late(left, columns.deadline, sure, paused), Tone.LATE)], columns.deadline)
    tone = Tone.DIM if paused else Tone.WARN if left < SOON else Tone.PLAIN
    time = (pad(duration_short(left) + sure, columns.time), tone)
    if not columns.bar:
        return [(paused or " ", Tone.DIM), time]
    room = columns.deadline - columns.bar - columns.time
    used = bar(1 - left / row.target, columns.bar) if row.target else " " * columns.bar
    return [(used, tone), (pad(paused, room, right=True), Tone.DIM), time]


def _late(left: timedelta, cells: int, sure: str, paused: str) -> str:
    """`late 1h 20m !!`, in fewer words where the column is narrow; a paused clock has the pause for the alarm."""
    span = duration_short(-left) + sure
    sign = paused or "!!"
    full = _("late {time}").format(time=span)
    for text in (f"{full} {sign}", f"{full}{sign}", f"{sign}{span}"):
        if len(text) <= cells:
            return text
    return f"{sign}{span}"


def _state(row: QueueRow, cells: int) -> str:
    long = words.state_word(row.state, row.waiting_party)
    return long if cells >= 20 and len(long) <= cells else words.state_short(row.state, row.waiting_party)


def _holder(row: QueueRow, cells: int) -> str:
    """Who holds it, by the first name where the whole doesn't fit."""
    if row.owner is None:
        return "\u2014"
    name = line_of(row.owner_name or row.owner, 4 * cells)
    return name if cell_len(name) <= cells or not name.strip() else name.split()[0]


def _holder_tone(row: QueueRow) -> Tone:
    return Tone.DIM if row.owner is None else Tone.STRONG if row.mine else Tone.PLAIN


def _about(row: QueueRow, columns: Columns) -> Line:
    room = columns.text
    subject = line_of(row.subject, room)
    if columns.customer:
        customer = pad(line_of(row.customer, columns.customer), columns.customer)
        return [(customer, Tone.PLAIN), (" ", Tone.PLAIN), (subject, Tone.PLAIN)]
    if not row.customer:
        return [(subject, Tone.PLAIN)]
    return [(line_of(row.customer, room), Tone.PLAIN), (f" \u00b7 {subject}", Tone.PLAIN)]
