"""A short list to choose from: views, articles, escalations, acts, commands, contacts. Painted line by line.

Unlike the ticket list it holds all its items; it is meant for hundreds, not for a queue.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from msc_console.i18n import N_, _

from .paint import Line, Tone, fit, spread
from .painted import MOVES, Painted


@dataclass(frozen=True, slots=True)
class Item:
    """One line. Without an `id` it is a heading, which the cursor passes over."""

    id: str
    left: Line
    right: Line = field(default_factory=list)


class PickList(Painted, can_focus=True, inherit_bindings=False):
    """Items with a cursor on one of them. The cursor stays on its item when the items change."""

    MOVES: ClassVar[frozenset[str]] = MOVES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "step(1)", N_("Next line"), show=False, id="pick.down"),
        Binding("up,k", "step(-1)", N_("Previous line"), show=False, id="pick.up"),
        Binding("pagedown,ctrl+d", "step(10)", N_("Page down"), show=False, id="pick.page_down"),
        Binding("pageup,ctrl+u", "step(-10)", N_("Page up"), show=False, id="pick.page_up"),
        Binding("g,home", "jump(0)", N_("First line"), show=False, id="pick.first"),
        Binding("G,end", "jump(-1)", N_("Last line"), show=False, id="pick.last"),
        Binding("enter", "choose", N_("Choose"), show=False, id="pick.choose"),
    ]

    DEFAULT_CSS = "PickList { scrollbar-gutter: stable; }"

    class Highlighted(Message):
        """The cursor came to another item."""

        def __init__(self, picks: "PickList", item_id: str) -> None:
            super().__init__()
            self.picks, self.item_id = picks, item_id

        @property
        def control(self) -> "PickList":
            """The list it happened in."""
            return self.picks

    class Chosen(Highlighted):
        """A person chose the item under the cursor."""

    def __init__(self, items: Sequence[Item] = (), *, empty: str = "", **options: Any) -> None:
        super().__init__(**options)
        self._items = tuple(items)
        self._empty = empty
        self._cursor = self._selectable(0, 1)

    @property
    def cursor_id(self) -> str | None:
        """Id of the item under the cursor."""
        return self._items[self._cursor].id if 0 <= self._cursor < len(self._items) else None

    @property
    def count(self) -> int:
        """Items that can be chosen."""
        return sum(bool(item.id) for item in self._items)

    def show(self, items: Sequence[Item], cursor: str | None = None) -> None:
        """Shows other items; the cursor goes to item `cursor`, else stays on its item, else on its line."""
        before = self.cursor_id
        self._items = tuple(items)
        at = self._index(cursor) if cursor else None
        if at is None and before:
            at = self._index(before)
        if at is None:
            at = self._selectable(min(max(self._cursor, 0), len(self._items) - 1), 1)
        self._cursor = at
        self._sized()
        self._reveal()
        self.refresh()
        self._tell(before)

    def render_line(self, y: int) -> Strip:
        """One painted item."""
        width = self.scrollable_content_region.width
        index = self.scroll_offset.y + y
        if index >= len(self._items):
            text = (self._empty or _("Nothing here.")) if not self._items and y == 0 else ""
            return self.strip(fit([(f"  {text}", Tone.DIM)], width), width)
        item, here = self._items[index], index == self._cursor
        head: Line = [("\u258c " if here else "  ", Tone.ACCENT)]
        right = [*item.right, (" ", Tone.PLAIN)] if item.right else []
        line = spread([*head, *item.left], right, width) if right else [*head, *item.left]
        return self.strip(fit(line, width), width, cursor=here)

    def on_mount(self) -> None:
        """Says where the cursor stands."""
        self._sized()
        self._tell(None)

    def on_resize(self) -> None:
        """Keeps the cursor in view."""
        self._sized()
        self._reveal()

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor and chooses."""
        index = self.scroll_offset.y + event.y
        if index < len(self._items) and self._items[index].id:
            self._move(index)
            self.action_choose()

    def action_step(self, lines: int) -> None:
        """Moves the cursor by `lines`, over headings."""
        way = 1 if lines > 0 else -1
        target = min(max(self._cursor + lines, 0), len(self._items) - 1)
        found = self._selectable(target, way)
        self._move(found if found >= 0 else self._cursor)

    def action_jump(self, index: int) -> None:
        """To the first (0) or the last (-1) item."""
        self._move(self._selectable(0, 1) if index == 0 else self._selectable(len(self._items) - 1, -1))

    def action_choose(self) -> None:
        """Chooses the item under the cursor."""
        if self.cursor_id:
            self.post_message(self.Chosen(self, self.cursor_id))

    def _index(self, id: str) -> int | None:
        return next((at for at, item in enumerate(self._items) if item.id == id), None)

    def _selectable(self, start: int, way: int) -> int:
        """The nearest item from `start` that can be chosen, first in direction `way`; -1 when there is none."""
        size = len(self._items)
        for step in (way, -way):
            at = start
            while 0 <= at < size:
                if self._items[at].id:
                    return at
                at += step
        return -1

    def _move(self, index: int) -> None:
        if index < 0 or index == self._cursor:
            return
        before, old, self._cursor = self.cursor_id, self._cursor, index
        self._reveal()
        self.refresh_line(old)
        self.refresh_line(index)
        self._tell(before)

    def _sized(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._items))

    def _reveal(self) -> None:
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if self._cursor < top:
            # Headings right above the first item come into view with it.
            self.scroll_to(y=self._cursor if any(item.id for item in self._items[: self._cursor]) else 0, animate=False)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False)

    def _tell(self, before: str | None) -> None:
        if self.cursor_id and self.cursor_id != before:
            self.post_message(self.Highlighted(self, self.cursor_id))
