"""A ticket's timeline on the Line API: wrapped once for a width, painted line by line.

Read at its end, it stays at its end when something happens; read elsewhere, it stays where it is.
"""

from collections.abc import Iterable
from datetime import date, tzinfo
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip

from msc_console.domain.model import Entry
from msc_console.i18n import N_, _, local

from .act_words import Names
from .paint import Line, Tone, fit
from .painted import MOVES, Painted
from .timeline_lines import day_line, lines_of, unread_line


class Timeline(Painted, can_focus=True, inherit_bindings=False):
    """The entries of one ticket, oldest first. Times are shown in `zone`."""

    MOVES: ClassVar[frozenset[str]] = MOVES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "scroll_rows(1)", N_("Line down"), show=False, id="timeline.down"),
        Binding("up", "scroll_rows(-1)", N_("Line up"), show=False, id="timeline.up"),
        Binding("pagedown", "turn(1.0)", N_("Page down"), show=False, id="timeline.page_down"),
        Binding("pageup", "turn(-1.0)", N_("Page up"), show=False, id="timeline.page_up"),
        Binding("ctrl+d", "turn(0.5)", N_("Half a page down"), show=False, id="timeline.half_down"),
        Binding("ctrl+u", "turn(-0.5)", N_("Half a page up"), show=False, id="timeline.half_up"),
        Binding("g,home", "ends(0)", N_("First entry"), show=False, id="timeline.first"),
        Binding("G,end", "ends(-1)", N_("Last entry"), show=False, id="timeline.last"),
    ]

    DEFAULT_CSS = "Timeline { scrollbar-gutter: stable; }"

    def __init__(self, *, zone: tzinfo, **options: Any) -> None:
        super().__init__(**options)
        self._zone = zone
        self._entries: tuple[Entry, ...] = ()
        self._names: Names = {}
        self._wrapped: dict[str, tuple[Entry, list[Line]]] = {}
        self._lines: list[Line] = []
        self._strips: dict[int, Strip] = {}
        self._width = 0
        self._follows = True
        self._first_unread: str | None = None
        self._empty = ""
        self._fresh = False
        """Shown and not laid out yet: it begins at what is unread."""

    @property
    def follows(self) -> bool:
        """Whether the end is in view, so that new entries come into view by themselves."""
        return self._follows

    def show(self, entries: Iterable[Entry], names: Names, first_unread: str | None = None) -> None:
        """Shows another ticket from its end, or from the entry `first_unread` (its id) where that comes earlier."""
        self._empty = _("Nothing has happened yet.")
        self._wrapped.clear()
        self._follows = self._fresh = True
        self._first_unread = first_unread
        self.update_entries(entries, names)

    def update_entries(self, entries: Iterable[Entry], names: Names) -> None:
        """Shows the same ticket as it stands now; the scroll stays, or follows the end."""
        if names != self._names:
            self._wrapped.clear()
        self._entries, self._names = tuple(entries), dict(names)
        self._lay_out()

    def render_line(self, y: int) -> Strip:
        """One painted line."""
        index = self.scroll_offset.y + y
        if index >= len(self._lines):
            text = self._empty if index == 0 else ""
            return self.strip(fit([(f"  {text}", Tone.DIM)], self._width), self._width)
        strip = self._strips.get(index)
        if strip is None:
            strip = self._strips[index] = self.strip(self._lines[index], self._width)
        return strip

    def restyled(self) -> None:
        """Drops lines painted in the theme that was."""
        self._strips.clear()

    def on_resize(self) -> None:
        """Wraps for the new width."""
        if self.scrollable_content_region.width != self._width:
            self._wrapped.clear()
        self._lay_out()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Notes whether the end is in view."""
        super().watch_scroll_y(old_value, new_value)
        self._follows = new_value >= self.max_scroll_y

    def action_scroll_rows(self, lines: int) -> None:
        """Scrolls by lines."""
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False)

    def action_turn(self, pages: float) -> None:
        """Scrolls by a share of the height."""
        self.action_scroll_rows(int(pages * max(self.size.height - 1, 2)))

    def action_ends(self, end: int) -> None:
        """To the first (0) or the last (-1) line."""
        self.scroll_to(y=0 if end == 0 else self.max_scroll_y, animate=False)

    def _lay_out(self) -> None:
        width = self._width = self.scrollable_content_region.width
        if not width:
            return
        follows, day = self._follows, None
        self._lines, wrapped = [], {}
        unread: int | None = None
        for entry in self._entries:
            day = self._day(entry, day)
            if entry.id == self._first_unread:
                unread = len(self._lines)
                self._lines.append(unread_line(width))
            kept = self._wrapped.get(entry.id)
            lines = kept[1] if kept and kept[0] == entry else lines_of(entry, width, self._zone, self._names)
            wrapped[entry.id] = (entry, lines)
            self._lines += lines
        self._wrapped = wrapped
        self._strips.clear()
        self.virtual_size = Size(width, len(self._lines))
        if follows:
            end = self.max_scroll_y
            y = end if unread is None or not self._fresh else min(unread, end)
            self.scroll_to(y=y, animate=False, force=True)
            self._follows = y >= end
        self._fresh = False
        self.refresh()

    def _day(self, entry: Entry, day: date | None) -> date:
        """Adds the line of a new day; gives the entry's day."""
        new = local(entry.at, self._zone).date()
        if new != day:
            self._lines.append(day_line(new, self._width))
        return new
