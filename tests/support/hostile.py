"""An app that shows every hostile vector in every kind of widget: `python -m tests.support.hostile safe|bare|calm`.

`bare` goes without the filter; it shows that a test which watches the terminal would notice. `calm` shows letters
alone. `q` ends it.
"""

import sys
from collections.abc import Sequence
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.content import Content
from textual.filter import LineFilter
from textual.widgets import Button, DataTable, Input, Label, OptionList, Static, TextArea

from msc_console.widgets.safe import SafeFilter

from .vectors import FEW, SHOWN

VECTORS = FEW
DANGEROUS = VECTORS[:11]
"""Those that a terminal would act on, or that lie to the eye; the others must not crash the app."""
LINES = [text.replace("\n", "") for text in SHOWN]


class HostileApp(App[None]):
    """Content and markup-free text of every widget that tickets are shown in."""

    CSS = "* { height: auto; } Input, TextArea { height: 3; } DataTable { height: 80; }"
    BINDINGS: ClassVar = [("q", "quit", "Quit")]
    AUTO_FOCUS = None

    def __init__(self, safe: bool, lines: Sequence[str] = LINES) -> None:
        super().__init__()
        self.safe = safe
        self.lines = lines

    def get_line_filters(self) -> list[LineFilter]:
        """The product's filter, where it is on."""
        filters = list(super().get_line_filters())
        return [*filters, SafeFilter()] if self.safe else filters

    def compose(self) -> ComposeResult:
        """All vectors on one line a widget: eighty columns and a tall screen show them all."""
        yield Static("READY")
        yield Static("\n".join(self.lines), markup=False)
        text = " ".join(self.lines)
        yield Label(Content(text))
        yield Button(Content(text))
        yield OptionList(Content(text))
        yield Input(text)
        yield Input(placeholder=text)
        yield TextArea(text)
        yield DataTable[Content]()
        framed = Static(Content(text))
        framed.border_title = Content(self.lines[0])  # type: ignore[assignment]
        framed.tooltip = Content(text)
        yield framed

    def on_mount(self) -> None:
        """The toast and the table get theirs when there is something to put it in."""
        table = self.query_one(DataTable)
        table.add_columns("a", "b")
        table.add_rows([(Content(vector), Content(vector)) for vector in self.lines])
        self.notify("\n".join(self.lines), markup=False)


if __name__ == "__main__":
    HostileApp(sys.argv[1] != "bare", ["huruf"] * len(LINES) if sys.argv[1] == "calm" else LINES).run()
