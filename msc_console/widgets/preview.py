"""The preview below the queue as a widget. What draws it is loaded with the first ticket that it shows."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from textual.strip import Strip

from .paint import Line, fit
from .painted import Painted

if TYPE_CHECKING:
    from msc_console.domain.model import Entry

    from .side_panel import About


class Preview(Painted):
    """The preview as a widget."""

    DEFAULT_CSS = "Preview { height: 7; overflow: hidden; }"

    def __init__(self, *, zone: tzinfo, **options: Any) -> None:
        super().__init__(**options)
        self._zone = zone
        self._shown: tuple[About, str, Sequence[Entry]] | None = None

    def show(self, about: "About", label: str, entries: "Sequence[Entry]") -> None:
        """Shows a ticket with the last of its timeline."""
        self._shown = (about, label, entries)
        self.refresh()

    def clear(self) -> None:
        """Shows nothing."""
        self._shown = None
        self.refresh()

    def render_lines(self, crop: Any) -> list[Strip]:
        """The lines of `crop`, laid out once for all of them."""
        lines: list[Line] = []
        if self._shown is not None:
            from .ticket_head import render_preview

            lines = render_preview(*self._shown, self.size.width, self.size.height, self._zone)
        self._laid_out = lines
        return super().render_lines(crop)

    _laid_out: list[Line] = []  # noqa: RUF012  # never mutated, only replaced

    def render_line(self, y: int) -> Strip:
        """One painted line."""
        width = self.size.width
        return self.strip(fit(self._laid_out[y] if y < len(self._laid_out) else [], width), width)
