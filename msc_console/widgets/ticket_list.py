"""The queue: a list of any length on the Line API, of which only the rows around the viewport are ever read.

The cursor stands on a ticket, not on a position: when rows change it stays on its ticket, and on the next one when
that leaves. A key repaints two lines; a painted line is kept until its row, its width or its marks change.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.strip import Strip

from msc_console.domain.rows import QueueRow
from msc_console.i18n import _

from .list_keys import LIST_KEYS
from .list_messages import OfList, OnTicket
from .paint import Tone, fit
from .painted import MOVES, Painted
from .queue_row import Columns, render_heads, render_row
from .row_window import Key, RowSource, RowWindow

_KEPT_STRIPS = 1000
_READ_ON = 0.04
"""Seconds between two pages that are read ahead: a frame comes first."""


class TicketList(Painted, can_focus=True, inherit_bindings=False):
    """One view of a queue with a line of column names above it.

    `now` is the time that deadlines are shown for; whoever owns the list moves it with `tick`.
    """

    empty = ""
    """What an empty view says of itself, where that is more than "nothing"."""
    MOVES: ClassVar[frozenset[str]] = MOVES
    BINDINGS: ClassVar[list[BindingType]] = LIST_KEYS

    class Opened(OnTicket):
        """A person asked for the ticket under the cursor."""

    class Highlighted(OnTicket):
        """The cursor came to another ticket."""

    class Marked(OfList):
        """The set of marked tickets changed."""

    def __init__(self, source: RowSource | None = None, *, now: datetime, **options: Any) -> None:
        super().__init__(**options)
        self._now = now
        self._window = RowWindow(source) if source else None
        self._cursor = 0
        self._marks: dict[str, Key] = {}
        self._last_mark: Key | None = None
        self._strips: dict[tuple[str, bool, bool], tuple[QueueRow, Strip]] = {}
        self._columns = Columns.of(80)
        self._telling = self._reading_on = False
        self._own_keys: dict[str, str] | None = None
        self._moving, self._times = "", 0

    @property
    def count(self) -> int:
        """Rows of the view."""
        return self._window.count if self._window else 0

    @property
    def cursor(self) -> int:
        """Position of the cursor; 0 in an empty view."""
        return self._cursor

    @property
    def row(self) -> QueueRow | None:
        """The row under the cursor."""
        return self._window.row(self._cursor) if self._window else None

    @property
    def cursor_id(self) -> str | None:
        """The ticket under the cursor."""
        return self.row.id if self.row else None

    @property
    def marked(self) -> tuple[str, ...]:
        """Marked tickets in the order in which they were marked."""
        return tuple(self._marks)

    @property
    def targets(self) -> tuple[str, ...]:
        """What a verb works on: the marked tickets, else the one under the cursor."""
        return self.marked or ((self.cursor_id,) if self.cursor_id else ())

    @property
    def visible_rows(self) -> list[QueueRow]:
        """The rows in view."""
        return [row for row in self._seen() if row is not None]

    def show(self, source: RowSource, cursor: str | None = None) -> None:
        """Shows another view; the cursor goes to ticket `cursor` where the view holds it. Marks are dropped."""
        before = self.cursor_id
        self._window = window = RowWindow(source)
        self._forget_marks()
        self._strips.clear()
        self._cursor = (window.find(cursor) if cursor else None) or 0
        self._sized()
        self._reveal(centre=True)
        self.refresh()
        self._tell(before)

    def go_to(self, ticket_id: str) -> bool:
        """Puts the cursor on a ticket; False when the view doesn't hold it."""
        index = self._window.find(ticket_id) if self._window else None
        if index is None:
            return False
        self._move(index)
        return True

    def tick(self, now: datetime) -> None:
        """Shows deadlines as they stand at `now`."""
        self._now = now
        self._strips.clear()
        self.refresh()

    def clear_marks(self) -> None:
        """Takes every mark away."""
        if self._marks:
            self._forget_marks()
            self.refresh()
            self.post_message(self.Marked(self))

    def changed(self, ids: Iterable[str]) -> None:
        """Reads again what the viewport holds after tickets `ids` changed, came or left.

        The cursor keeps its ticket and its line of the screen. At the top of the list the scroll stays at the top,
        so that what has just become pressing is seen.
        """
        window = self._window
        if window is None:
            return
        before, old, scroll = self.cursor_id, self._cursor, self.scroll_offset.y
        seen = self._seen()
        successors = [row.id for row in (*window.rows[max(old - window.first, 0) :], *reversed(window.rows))]
        window.reload()
        found = window.find(before) if before else None
        if found is None:
            still = (window.index_of(id) for id in successors)
            found = next((index for index in still if index is not None), min(old, window.count - 1))
        self._cursor = max(found, 0)
        self._drop_marks(ids)
        self._sized()
        if scroll:
            self._scroll(self._cursor - (old - scroll))
        if scroll == 0 or not scroll <= old < scroll + self._height:
            self._reveal()
        self._load()
        self._repaint(seen, scroll, old)
        self._tell(before)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of `crop`, in the layout for the width of the moment."""
        width = self.scrollable_content_region.width
        if width != self._columns.width:
            self._columns = Columns.of(width)
            self._strips.clear()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One painted line: the column names, then rows."""
        width = self._columns.width
        if y == 0:
            return self.strip(render_heads(self._columns), width)
        index = self.scroll_offset.y + y - 1
        row = self._window.row(index) if self._window else None
        if row is None:
            text = (self.empty or _("Nothing here.")) if y == 1 and not self.count else ""
            return self.strip(fit([(f"   {text}", Tone.DIM)], width), width)
        return self._painted(row, cursor=index == self._cursor)

    def _painted(self, row: QueueRow, *, cursor: bool) -> Strip:
        marked, width = row.id in self._marks, self._columns.width
        kept = self._strips.get((row.id, cursor, marked))
        if kept is not None and (kept[0] is row or kept[0] == row):
            return kept[1]
        spans = render_row(row, self._columns, self._now, cursor=cursor, marked=marked)
        strip = self.strip(spans, width, cursor=cursor)
        if len(self._strips) > _KEPT_STRIPS:
            self._strips.clear()
        self._strips[row.id, cursor, marked] = (row, strip)
        return strip

    def restyled(self) -> None:
        """Drops lines painted in the theme or focus that was."""
        self._strips.clear()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Reads what came into view."""
        self._load()
        super().watch_scroll_y(old_value, new_value)

    def on_mount(self) -> None:
        """Says where the cursor stands."""
        self._sized()
        self._tell(None)

    def on_resize(self) -> None:
        """Keeps the cursor in view."""
        self._sized()
        self._load()
        self._reveal()

    def on_focus(self) -> None:
        """Other keys may be in force than when it had the focus last."""
        self._own_keys = None

    async def on_key(self, event: events.Key) -> None:
        """Does what a key of this list's own asks for without its way up to the app; a move and its repeats at once."""
        if self._own_keys is None:
            active = self.screen.active_bindings
            self._own_keys = {key: one.binding.action for key, one in active.items() if one.node is self}
        action = self._own_keys.get(event.key, "")
        moving = action.startswith(("step(", "turn("))
        if not moving or action != self._moving:
            self._moved()
        if moving:
            if not self._times:
                self.call_later(self._moved)
            self._moving, self._times = action, self._times + 1
        elif action:
            await self.run_action(action)
        if action:
            event.stop()

    def _moved(self) -> None:
        """Makes the move that keys have asked for, as often as they have."""
        times, self._times = self._times, 0
        if times:
            name, _bracket, by = self._moving[:-1].partition("(")
            self.action_step(int(by) * times) if name == "step" else self.action_turn(float(by), times)

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a double click opens."""
        self._moved()
        index = self.scroll_offset.y + event.y - 1
        if event.y < 1 or index >= self.count:
            return
        self._move(index)
        if event.chain == 2:
            self.action_open()

    def action_step(self, rows: int) -> None:
        """Moves the cursor by `rows`."""
        self._move(self._cursor + rows)

    def action_jump(self, index: int) -> None:
        """Moves the cursor to a position; -1 is the last."""
        self._move(index if index >= 0 else self.count - 1)

    def action_turn(self, pages: float, times: int = 1) -> None:
        """Moves cursor and viewport by a share of its height, `times` over."""
        rows = times * int(pages * max(self._height - 1, 2))
        target = self.scroll_offset.y + rows
        self._scroll(target)
        self._move(self._cursor + rows)

    def action_mark(self) -> None:
        """Marks the ticket under the cursor, or takes its mark away."""
        row = self.row
        if row is None:
            return
        if self._marks.pop(row.id, None) is None:
            self._marks[row.id] = row.key
            self._last_mark = row.key
        self._line(self._cursor)
        self.post_message(self.Marked(self))

    def action_mark_range(self) -> None:
        """Marks everything from the ticket marked last to the cursor."""
        row, window = self.row, self._window
        if row is None or window is None:
            return
        for id in window.between(self._last_mark or row.key, row.key):
            self._marks.setdefault(id, row.key)
        self._last_mark = row.key
        self.refresh()
        self.post_message(self.Marked(self))

    def action_open(self) -> None:
        """Asks for the ticket under the cursor."""
        if self.cursor_id:
            self.post_message(self.Opened(self, self.cursor_id))

    @property
    def _height(self) -> int:
        """Rows that fit under the column names."""
        return max(self.size.height - 1, 1)

    def _sized(self) -> None:
        """Gives the scroll bar its length."""
        size = Size(self.size.width, self.count + 1)
        if size != self.virtual_size:
            self.virtual_size = size

    def _scroll(self, y: int) -> None:
        self.scroll_to(y=max(y, 0), animate=False, force=True)

    def _load(self) -> None:
        """Reads the rows of the viewport; where that showed that positions had drifted, nothing moves on the screen."""
        if self._window is None or self._height <= 1:
            return
        top = self.scroll_offset.y
        self._shift(self._window.ensure(top, min(top + self._height, self._window.count)))
        if not self._reading_on:
            self._reading_on = True
            self.set_timer(_READ_ON, self._read_on)

    def _read_on(self) -> None:
        """Reads rows ahead, a page at a time while nothing else is to be done; then paints the page below for later."""
        self._reading_on = False
        window = self._window
        if window is not None and window.behind:
            self._shift(window.read_ahead())
            self._reading_on = True
            self.set_timer(_READ_ON, self._read_on)
        elif window is not None and self._columns.width == self.scrollable_content_region.width:
            below = self.scroll_offset.y + self._height
            for row in filter(None, map(window.row, range(below, below + self._height))):
                self._painted(row, cursor=False)

    def _shift(self, moved: int) -> None:
        if moved:
            self._cursor += moved
            self._sized()
            self._scroll(self.scroll_offset.y + moved)

    def _move(self, index: int) -> None:
        """Puts the cursor on a position and the position in view."""
        window = self._window
        if window is None or not window.count:
            return
        before, old = self.cursor_id, self._cursor
        index = min(max(index, 0), window.count - 1)
        moved = window.ensure(index, index + 1)
        self._shift(moved)
        self._cursor = min(max(index + moved, 0), window.count - 1)
        self._reveal()
        self._line(old + moved)
        self._line(self._cursor)
        self._tell(before)

    def _reveal(self, *, centre: bool = False) -> None:
        """Scrolls as little as brings the cursor into view; `centre`: to the middle where it was out of view."""
        top, height = self.scroll_offset.y, self._height
        if top <= self._cursor < top + height:
            return
        if centre:
            self._scroll(self._cursor - height // 2)
        else:
            self._scroll(self._cursor if self._cursor < top else self._cursor - height + 1)

    def _line(self, index: int) -> None:
        """Repaints one row; a line out of sight would have all be painted between it and the list."""
        if 0 <= index - self.scroll_offset.y < self._height:
            self.refresh_line(index + 1)

    def _seen(self) -> list[QueueRow | None]:
        top = self.scroll_offset.y
        return [self._window.row(index) if self._window else None for index in range(top, top + self._height)]

    def _repaint(self, seen: list[QueueRow | None], scroll: int, old: int) -> None:
        """Repaints the lines that differ from what was `seen`."""
        top = self.scroll_offset.y
        if top != scroll:
            self.refresh()
            return
        for line, (was, now) in enumerate(zip(seen, self._seen(), strict=False)):
            if was != now or (old != self._cursor and top + line in (old, self._cursor)):
                self._line(top + line)

    def _drop_marks(self, ids: Iterable[str]) -> None:
        """Takes the marks of changed tickets that have left the view."""
        gone = [id for id in self._marks.keys() & set(ids) if self._window and not self._window.holds(id)]
        for id in gone:
            del self._marks[id]
        if gone:
            self.post_message(self.Marked(self))

    def _forget_marks(self) -> None:
        self._marks.clear()
        self._last_mark = None

    def _tell(self, before: str | None) -> None:
        """Says so when the cursor stands on another ticket than `before`; of keys that come together, once."""
        if self.cursor_id and self.cursor_id != before and not self._telling:
            self._telling = self.call_later(self._tell_now)

    def _tell_now(self) -> None:
        self._telling = False
        if self.cursor_id:
            self.post_message(self.Highlighted(self, self.cursor_id))
