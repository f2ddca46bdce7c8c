"""Another password in place of one that others were told: typed twice, never shown, and the sign-in goes on with it."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Label, Static

from ..errors import MscError
from ..i18n import _
from ..messages import sentence
from ..widgets.hints import HintLine
from ..widgets.paint import Tone
from ..widgets.secret_line import SecretLine
from ..widgets.text_line import TextLine
from .base import HEIGHTS, WIDTHS, TooSmall

if TYPE_CHECKING:
    from ..desk.opening import SigningIn


class OwnPasswordScreen(Screen[bool]):
    """Closes with True once both lines hold a password that may do, with False when the person goes back. `why`: what
    central said of the one before."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False, id="own_password.back"),
        Binding("down", "app.focus_next", show=False, id="own_password.next"),
        Binding("up", "app.focus_previous", show=False, id="own_password.previous"),
    ]
    DEFAULT_CSS = """
    OwnPasswordScreen {
        align: center middle;
        & > .box { width: 64; height: auto; padding: 1 2; border: round $primary; }
        & #why { margin-top: 1; }
        & Label { margin-top: 1; color: $text-muted; }
        & Input { background: $boost; }
        & #told { height: auto; margin-top: 1; min-height: 3; }
    }
    """

    def __init__(self, flow: "SigningIn", why: MscError | None = None) -> None:
        super().__init__()
        self._flow, self._why = flow, why

    def compose(self) -> ComposeResult:
        """The box."""
        reason = _("Others were told this password. Choose one of your own; this laptop opens with it, too.")
        with Vertical(classes="box"):
            yield TextLine([(_("A password of your own"), Tone.STRONG)])
            yield Static(Content(reason), id="why")
            yield Label(Content(_("New password")))
            yield SecretLine(id="new")
            yield Label(Content(_("New password, again")))
            yield SecretLine(id="again")
            yield Static(id="told", markup=False)
            yield HintLine([("Enter", _("go on"), True), ("Esc", _("back"), True), ("^q", _("quit"), True)])
        yield TooSmall()

    def on_mount(self) -> None:
        """The first line has the focus."""
        self.query_one("#new", Input).focus()
        if self._why is not None:
            self._tell(self._why)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on."""
        event.stop()
        new, again = (self.query_one(id, Input) for id in ("#new", "#again"))
        if event.input is new or not new.value or not again.value:
            (again if new.value else new).focus()
            return
        try:
            self._flow.own_password(new.value, again.value)
        except MscError as error:
            self._tell(error)
            new.value = again.value = ""
            new.focus()
        else:
            self.dismiss(True)

    def _tell(self, error: MscError) -> None:
        self.query_one("#told", Static).update(Content(sentence(error.key, error.data)))

    def action_back(self) -> None:
        """Back to the former password."""
        self.dismiss(False)
