"""A question before something that can't be taken back: Cancel has the focus, and yes is on another key."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from .base import Modal


class Confirm(Modal[bool]):
    """Yes on `key` (or its button), everything else is no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "app.focus_previous", show=False, id="confirm.previous"),
        Binding("right,down", "app.focus_next", show=False, id="confirm.next"),
    ]
    DEFAULT_CSS = """
    Confirm { & .box { width: 60; } & Horizontal { height: 1; margin-top: 1; } & Button { margin-right: 2; } }
    """

    def __init__(self, heading: str, question: str, *, key: str, yes: str, no: str) -> None:
        super().__init__()
        self._words = (heading, question, yes, no)
        self._key = key

    def content(self) -> ComposeResult:
        """Question, no, yes."""
        _heading, question, yes, no = self._words
        yield Static(Content(question))
        with Horizontal():
            yield Button(Content(no), id="no", compact=True)
            yield Button(Content(f"{self._key}  {yes}"), id="yes", compact=True, variant="error")

    def on_mount(self) -> None:
        """No has the focus."""
        self.title_box(self._words[0])
        self.query_one("#no", Button).focus()
        self._bindings.bind(self._key, "answer(True)", show=False)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button was pressed."""
        event.stop()
        self.action_answer(event.button.id == "yes")

    def action_answer(self, sure: bool) -> None:
        """Closes with the answer."""
        self.dismiss(sure)
