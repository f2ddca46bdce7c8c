"""To a ticket by what people call it."""

from textual.app import ComposeResult
from textual.widgets import Input

from ..errors import MscError
from ..i18n import _
from ..widgets.paint import Tone, fit
from ..widgets.text_line import TextLine
from .base import Modal


class Jump(Modal[str]):
    """A number (`4211`), an alias (`~K7Q-14`) or the start of an id; gives the ticket's id."""

    DEFAULT_CSS = "Jump { & .box { width: 64; } }"

    def content(self) -> ComposeResult:
        """A line to type into, and one that says what is wrong."""
        yield Input(placeholder=_("number, ~alias or start of the id"), compact=True, max_length=40)
        yield TextLine(id="wrong")

    def on_mount(self) -> None:
        """Title; the line has the focus."""
        self.title_box(_("Go to ticket"))
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Closes with the ticket, or says why there is none."""
        event.stop()
        try:
            found = self.shell.desk.find_ticket(event.value)
        except MscError as error:
            told = self.shell.words_of(error)
            self.query_one("#wrong", TextLine).show(fit([(told, Tone.LATE)], 60))
            return
        self.dismiss(found.id)
