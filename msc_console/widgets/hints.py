"""The bottom line: the keys that matter now, in order of use. A key that can't be used now stands in brackets."""

from collections.abc import Sequence
from typing import Any

from textual.strip import Strip

from .paint import Line, Span, Tone, fit, line_of, spread, width_of
from .painted import Painted

Hint = tuple[str, str, bool]
"""Key as shown, label, enabled."""

_GAP = "  "


def render_hints(hints: Sequence[Hint], width: int, tail: Sequence[Hint] = ()) -> Line:
    """As many whole hints as fit in exactly `width` cells; `tail` (help, palette) keeps the right edge."""
    right = _joined(tail, width)
    left: Line = [(" ", Tone.PLAIN), *_joined(hints, width - width_of(right) - 2)]
    return spread(left, right, width) if right else fit(left, width)


def _joined(hints: Sequence[Hint], cells: int) -> Line:
    """The first hints, each whole, that fit in `cells` cells."""
    line: Line = []
    for hint in hints:
        spans = [*([(_GAP, Tone.PLAIN)] if line else []), *_spans(hint)]
        if width_of(line) + width_of(spans) > cells:
            break
        line += spans
    return line


def _spans(hint: Hint) -> list[Span]:
    key, label, enabled = hint
    key, label = line_of(key, 20), line_of(label, 40)
    if not enabled:
        return [(f"({key} {label})", Tone.DIM)]
    return [(key, Tone.STRONG), (f" {label}", Tone.PLAIN)] if label else [(key, Tone.STRONG)]


class HintLine(Painted):
    """The bottom line as a widget."""

    DEFAULT_CSS = "HintLine { height: 1; overflow: hidden; }"

    def __init__(self, hints: Sequence[Hint] = (), tail: Sequence[Hint] = (), **options: Any) -> None:
        super().__init__(**options)
        self._hints = (tuple(hints), tuple(tail))

    def show(self, hints: Sequence[Hint], tail: Sequence[Hint] = ()) -> None:
        """Shows other keys; paints only when they differ."""
        if (tuple(hints), tuple(tail)) != self._hints:
            self._hints = (tuple(hints), tuple(tail))
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The painted line."""
        width = self.size.width
        hints, tail = self._hints
        return self.strip(render_hints(hints, width, tail), width)
