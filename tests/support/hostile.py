"""An app that shows every hostile vector in every kind of widget: `python -m tests.support.hostile safe|bare`.

`bare` goes without the filter; it shows that a test which watches the terminal would notice. `q` ends it.
"""

import sys
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.content import Content
from textual.filter import LineFilter
from textual.widgets import Button, DataTable, Input, Label, OptionList, Static, TextArea

from msc_console.widgets.safe import SafeFilter

VECTORS = [
    "\x1b]52;c;UFdORUQ=\x1b\\",
    "\x1b]2;PWNED\x1b\\",
    "\x1b]8;;http://e.test\x1b\\LINK\x1b]8;;\x1b\\",
    "\x1bP+q544e\x1b\\",
    "\x1b[6n",
    "\x9b31mPWNED",
    "\x9d0;t\x9c",
    "a\u202eb",
    "\u2066x\u2069",
    "\u200b\ufeff",
    "\U000e0041x",
    "\x7f",
    "[/]",
    "[/var/log]",
    "[@click=app.quit]x",
]
DANGEROUS = VECTORS[:11]
"""Those that a terminal would act on, or that lie to the eye; the others must not crash the app."""


class HostileApp(App[None]):
    """Content and markup-free text of every widget that tickets are shown in."""

    CSS = "* { height: auto; } Input, DataTable, TextArea { height: 3; }"
    BINDINGS: ClassVar = [("q", "quit", "Quit")]
    AUTO_FOCUS = None

    def __init__(self, safe: bool) -> None:
        super().__init__()
        self.safe = safe

    def get_line_filters(self) -> list[LineFilter]:
        """The product's filter, where it is on."""
        filters = list(super().get_line_filters())
        return [*filters, SafeFilter()] if self.safe else filters

    def compose(self) -> ComposeResult:
        """All vectors on one line a widget: thirty rows show them all."""
        yield Static("\n".join(VECTORS), markup=False)
        text = " ".join(VECTORS)
        yield Label(Content(text))
        yield Button(Content(text))
        yield OptionList(Content(text))
        yield Input(text)
        yield TextArea(text)
        yield DataTable[Content]()
        yield Static("READY")

    def on_mount(self) -> None:
        """The toast and the table get theirs when there is something to put it in."""
        table = self.query_one(DataTable)
        table.add_columns("a", "b")
        table.add_rows([(Content(vector), Content(vector)) for vector in VECTORS[:2]])
        self.notify("\n".join(VECTORS), markup=False)


if __name__ == "__main__":
    HostileApp(safe=sys.argv[1] == "safe").run()
