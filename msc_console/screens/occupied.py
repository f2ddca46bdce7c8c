"""Another console of the same person is open on this laptop: who is there, and how to look without writing."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from ..i18n import _
from ..widgets.hints import HintLine
from ..widgets.paint import Tone, line_of
from ..widgets.text_line import TextLine
from .base import TooSmall
from .shell import Shell


class OccupiedScreen(Screen[None]):
    """Says who is there; `b` opens this one for reading only."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("b", "look", show=False, id="occupied.look")]
    DEFAULT_CSS = """
    OccupiedScreen {
        align: center middle;
        & > .box { width: 64; height: auto; padding: 1 2; border: round $warning; }
        & Static { margin: 1 0; }
    }
    """

    def __init__(self, who: str) -> None:
        super().__init__()
        self._who = who

    def compose(self) -> ComposeResult:
        """The box."""
        told = _("Another console is open here: {who}. Close it there, or look on here without changing anything.")
        with Vertical(classes="box"):
            yield TextLine([(_("This desk is taken"), Tone.STRONG)])
            yield Static(Content(told.format(who=line_of(self._who or "?", 40))))
            yield HintLine([("b", _("look only"), True), ("^q", _("quit"), True)])
        yield TooSmall()

    def action_look(self) -> None:
        """Opens for reading only."""
        shell = self.app
        assert isinstance(shell, Shell)
        shell.look_only()
