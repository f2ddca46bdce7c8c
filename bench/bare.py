"""The least Textual apps that do something like ours, to measure against: `python -m bench.bare static|list|empty`.

`static` paints one widget, `list` scrolls plain rows from memory by the Line API, `empty` shows nothing.
"""

import sys

from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Static

ROWS = 10_000
MARK = "MSC-000001"
_CURSOR = Style(reverse=True)


class One(App[None]):
    """One `Static`."""

    def compose(self) -> ComposeResult:
        """The text that the harness waits for."""
        yield Static(MARK)


class Rows(ScrollView, can_focus=True):
    """A cursor on lines that are made when they are painted."""

    BINDINGS = [  # noqa: RUF012
        Binding("down", "step(1)"),
        Binding("up", "step(-1)"),
        Binding("pagedown", "page(1)"),
        Binding("pageup", "page(-1)"),
    ]

    def on_mount(self) -> None:
        """The list's length."""
        self.cursor = 0
        self.virtual_size = Size(self.size.width, ROWS)

    def render_line(self, y: int) -> Strip:
        """One row, as wide as the view."""
        at = y + self.scroll_offset.y
        width = self.size.width
        text = f"  MSC-{at + 1:06}  P3   15j    terbuka     Rina     telp  Bank Sagara - Stempel gagal, kuota"
        style = _CURSOR if at == self.cursor else None
        return Strip([Segment(text[:width].ljust(width), style)], width)

    def action_step(self, by: int) -> None:
        """The cursor, and the view where it must follow."""
        old, self.cursor = self.cursor, min(max(self.cursor + by, 0), ROWS - 1)
        top = self.scroll_offset.y
        if not top <= self.cursor < top + self.size.height:
            self.scroll_to(
                y=self.cursor if self.cursor < top else self.cursor - self.size.height + 1, animate=False, force=True
            )
        for line in (old, self.cursor):
            self.refresh_line(line)

    def action_page(self, by: int) -> None:
        """A screen further."""
        self.action_step(by * self.size.height)


class Scrolling(App[None]):
    """The list alone."""

    def compose(self) -> ComposeResult:
        """The list."""
        yield Rows()


if __name__ == "__main__":
    kinds: dict[str, type[App[None]]] = {"static": One, "list": Scrolling, "empty": App}
    kinds[sys.argv[1]]().run()
