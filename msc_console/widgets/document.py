"""Reading: headed text on the Line API, with the light Markdown of the knowledge base."""

from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip

from msc_console.i18n import N_

from .markdown_lines import lines_of
from .paint import Line, fit
from .painted import MOVES, Painted


class Document(Painted, can_focus=True, inherit_bindings=False):
    """A text that scrolls. `show` takes Markdown, `show_lines` spans that are laid out already."""

    MOVES: ClassVar[frozenset[str]] = MOVES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "turn_lines(1)", N_("Line down"), show=False, id="document.down"),
        Binding("up,k", "turn_lines(-1)", N_("Line up"), show=False, id="document.up"),
        Binding("pagedown,ctrl+d,space", "turn(1)", N_("Page down"), show=False, id="document.page_down"),
        Binding("pageup,ctrl+u", "turn(-1)", N_("Page up"), show=False, id="document.page_up"),
        Binding("g,home", "ends(0)", N_("To the top"), show=False, id="document.top"),
        Binding("G,end", "ends(-1)", N_("To the end"), show=False, id="document.end"),
    ]

    DEFAULT_CSS = "Document { scrollbar-gutter: stable; }"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._text = ""
        self._given: list[Line] | None = None
        self._lines: list[Line] = []

    def show(self, text: str) -> None:
        """Shows a text (raw Markdown) from its top."""
        self._text, self._given = text, None
        self._lay_out(top=True)

    def show_lines(self, lines: list[Line]) -> None:
        """Shows lines; they are cut at the width, never wrapped."""
        self._given = lines
        self._lay_out(top=True)

    def render_line(self, y: int) -> Strip:
        """One painted line."""
        index, width = self.scroll_offset.y + y, self.scrollable_content_region.width
        line = self._lines[index] if index < len(self._lines) else []
        return self.strip(fit(line, width), width)

    def on_resize(self) -> None:
        """Wraps for the new width."""
        self._lay_out(top=False)

    def action_turn_lines(self, lines: int) -> None:
        """Scrolls by lines."""
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False)

    def action_turn(self, pages: int) -> None:
        """Scrolls by pages."""
        self.action_turn_lines(pages * max(self.size.height - 1, 1))

    def action_ends(self, end: int) -> None:
        """To the top (0) or the end (-1)."""
        self.scroll_to(y=0 if end == 0 else self.max_scroll_y, animate=False)

    def _lay_out(self, *, top: bool) -> None:
        width = self.scrollable_content_region.width
        if not width:
            return
        self._lines = lines_of(self._text, width) if self._given is None else self._given
        self.virtual_size = Size(width, len(self._lines))
        if top:
            self.scroll_to(y=0, animate=False, force=True)
        self.refresh()
