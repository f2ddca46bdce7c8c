"""The base of every line widget: tones become styles of the theme here and nowhere else."""

from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual.css.styles import RenderStyles
from textual.dom import DOMNode
from textual.scroll_view import ScrollView
from textual.strip import Strip

from .paint import Line, Tone

MOVES = frozenset({"down", "up", "pagedown", "pageup", "home", "end", "ctrl+d", "ctrl+u"})
"""Keys that move within a list or a text and nowhere else."""


class Painted(ScrollView, can_focus=False):
    """A widget that paints spans on the Line API. Its lines are exactly as wide as its content.

    `paint--<tone>` and `paint--cursor` are component classes in all but the declaration: Textual would look up all
    nine on every widget each time that styles are applied, and a line has two or three.
    """

    DEFAULT_CSS = """
    Painted {
        overflow-x: hidden;
        scrollbar-size: 1 1;

        & > .paint--dim { color: $text-muted; }
        & > .paint--strong { text-style: bold; }
        & > .paint--good { color: $text-success; }
        & > .paint--warn { color: $text-warning; }
        & > .paint--late { color: $text-error; text-style: bold; }
        & > .paint--accent { color: $text-accent; }
        & > .paint--internal { color: $text-secondary; }
        & > .paint--cursor { background: $surface-lighten-2; }
        &:focus > .paint--cursor { background: $primary 20%; text-style: bold; }
        &:ansi > .paint--dim { text-style: dim; }
        &:ansi > .paint--cursor { background: ansi_default; text-style: bold; }
        &:ansi:focus > .paint--cursor { background: ansi_default; text-style: reverse; }
    }
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._tones: dict[tuple[str, bool], Style] = {}

    def notify_style_update(self) -> None:
        """Forget styles of the theme or focus that was, and paint anew what was painted in them."""
        if self._tones:
            self._tones.clear()
            self.refresh()
        self._component_styles.clear()
        self.restyled()
        super().notify_style_update()

    def get_component_styles(self, *names: str) -> RenderStyles:
        """Styles of component classes, looked up in the style sheet when they are first asked for."""
        for name in names:
            if name not in self._component_styles:
                node = DOMNode(classes=name)
                node._attach(self)
                self.app.stylesheet.apply(node)
                self._component_styles[name] = node.styles
        return super().get_component_styles(*names)

    def restyled(self) -> None:
        """Called when painted lines hold styles that are no longer right."""

    def strip(self, spans: Line, cells: int, *, cursor: bool = False) -> Strip:
        """`spans`, which fill `cells` cells, as a painted line; `cursor` lays the cursor's ground under it."""
        return Strip([Segment(text, self._style(tone, cursor)) for text, tone in spans], cells)

    def _style(self, tone: str, cursor: bool) -> Style:
        key = (tone, cursor)
        style = self._tones.get(key)
        if style is None:
            if cursor:
                tone = Tone.PLAIN if tone == Tone.DIM else tone  # dim is mixed from the ground, which is another here
                ground = self.get_component_rich_style("paint--cursor")
                style = ground + self.get_component_rich_style(f"paint--{tone}", partial=True)
            else:
                style = self.get_component_rich_style(f"paint--{tone}")
            self._tones[key] = style
        return style
