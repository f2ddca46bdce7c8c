"""The last net below every widget: no painted line carries a control character, whatever path its text took.

Textual passes ESC, C1 and bidi controls of any text to the terminal. The app returns this filter from
`get_line_filters`; what it deletes has no width, so the layout stays.
"""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from ..text import BAD


class SafeFilter(LineFilter):
    """Deletes the characters of `text.BAD` from every segment."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments; only those that held something bad are rebuilt."""
        return [
            Segment(BAD.sub("", text), segment.style, segment.control) if not text.isprintable() else segment
            for segment in segments
            for text in (segment.text,)
        ]
