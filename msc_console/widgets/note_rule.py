"""The rule above the keys: it carries what is told for a moment, so that nothing is ever covered by it."""

from typing import Any

from textual.strip import Strip

from msc_console.text import clean

from .paint import Line, Tone, fit, width_of, wrap
from .painted import Painted

LINES_MOST = 3


def render_rule(text: str, width: int, *, warn: bool = False) -> list[Line]:
    """A rule; with `text` (raw) in it, in as many lines as that takes, at most three."""
    if not text:
        return [[("\u2500" * width, Tone.DIM)]]
    tone = Tone.WARN if warn else Tone.STRONG
    first, *rest = wrap(clean(text, line=True), max(width - 8, 10))[:LINES_MOST]
    mark = "! " if warn else "\u2713 "
    head: Line = [("\u2500\u2500 ", Tone.DIM), (mark, tone), (first, tone), (" ", Tone.PLAIN)]
    head.append(("\u2500" * max(width - width_of(head), 0), Tone.DIM))
    return [head, *([("     ", Tone.PLAIN), (line, tone)] for line in rest)]


class NoteRule(Painted):
    """The rule as a widget."""

    DEFAULT_CSS = "NoteRule { height: 1; overflow: hidden; }"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._text, self._warn = "", False

    def show(self, text: str, *, warn: bool = False) -> None:
        """Tells something; an empty text makes it a plain rule again."""
        if (text, warn) != (self._text, self._warn):
            self._text, self._warn = text, warn
            self.styles.height = len(render_rule(text, self.size.width or 80, warn=warn))
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One painted line."""
        width = self.size.width
        lines = render_rule(self._text, width, warn=self._warn)
        return self.strip(fit(lines[y] if y < len(lines) else [], width), width)
