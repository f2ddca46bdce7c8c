"""One painted line: a note under a list, the heading of a pane; and a text that takes the lines it needs."""

from typing import Any

from textual.geometry import Size
from textual.strip import Strip

from .paint import Line, Tone, fit, spread, wrap
from .painted import Painted


class TextLine(Painted):
    """Spans at the left edge, others at the right one; other people's text in them must be cleaned."""

    DEFAULT_CSS = "TextLine { height: 1; overflow: hidden; }"

    def __init__(self, left: Line | None = None, right: Line | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._left, self._right = left or [], right or []

    def show(self, left: Line, right: Line | None = None) -> None:
        """Tells something else; paints only when it differs."""
        if (left, right or []) != (self._left, self._right):
            self._left, self._right = left, right or []
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The painted line."""
        width = self.size.width
        if not self._right:
            return self.strip(fit(self._left, width), width)
        return self.strip(fit(spread(self._left, self._right, width), width), width)


class TextBlock(Painted):
    """One text in as many lines as its width asks for, three at most; other people's text in it must be cleaned."""

    DEFAULT_CSS = "TextBlock { height: auto; max-height: 3; overflow: hidden; }"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._text, self._tone = "", Tone.PLAIN

    def show(self, text: str, tone: Tone) -> None:
        """Tells something else; lays out and paints only when it differs."""
        if (text, tone) != (self._text, self._tone):
            self._text, self._tone = text, tone
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Lines of the text in `width` cells; an empty one keeps its place."""
        return max(len(self._wrapped(width)), 1)

    def render_line(self, y: int) -> Strip:
        """One painted line."""
        width = self.size.width
        lines = self._wrapped(width)
        return self.strip(fit([(f"  {lines[y]}", self._tone)] if y < len(lines) else [], width), width)

    def _wrapped(self, width: int) -> list[str]:
        return wrap(self._text, max(width - 4, 8))
