"""One painted line: a note under a list, the heading of a pane."""

from typing import Any

from textual.strip import Strip

from .paint import Line, fit, spread
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
