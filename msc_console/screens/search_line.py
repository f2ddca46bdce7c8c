"""The line to type a search into, below a list."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from ..i18n import _


class SearchLine(Input):
    """Tells each change; Enter and the arrows leave it with what was found, Esc ends the search."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(True)", show=False, id="search.end"),
        Binding("enter,down,up,pagedown", "leave(False)", show=False, id="search.go"),
    ]
    DEFAULT_CSS = "SearchLine { background: $boost; padding: 0 2; }"

    class Typed(Message):
        """Something else is typed."""

        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    class Left(Message):
        """The person left the line; `ended`: the search is over."""

        def __init__(self, ended: bool) -> None:
            super().__init__()
            self.ended = ended

    def __init__(self) -> None:
        super().__init__(placeholder=_("search: words, number, customer"), compact=True, select_on_focus=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tells what is typed now."""
        event.stop()
        self.post_message(self.Typed(event.value))

    def action_leave(self, ended: bool) -> None:
        """Leaves the line."""
        self.post_message(self.Left(ended))
