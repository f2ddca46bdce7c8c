"""Setting an authenticator up: the QR code with its text, two codes, and then the recovery codes, shown once.

Both screens are gone when they are left, and the console is on the terminal's screen without a scrollback.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Label, Static

from .. import authenticator
from ..errors import MscError
from ..i18n import _
from ..messages import sentence
from ..widgets.hints import HintLine
from .base import HEIGHTS, WIDTHS, TooSmall
from .shell import as_error

if TYPE_CHECKING:
    from ..desk.opening import SigningIn
    from ..sync.wire_accounts import Seed


class AuthenticatorScreen(Screen[list[str] | MscError | None]):
    """The seed and two codes of it. Closes with the recovery codes, with None when the person goes back, or with
    what is wrong with the password that they chose."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False, id="authenticator.back"),
        Binding("down", "app.focus_next", show=False, id="authenticator.next"),
        Binding("up", "app.focus_previous", show=False, id="authenticator.previous"),
    ]
    DEFAULT_CSS = """
    AuthenticatorScreen {
        align: center middle;
        & > Horizontal { width: 80; height: 1fr; max-height: 23; }
        & #code { width: auto; height: auto; color: #ffffff; background: #000000; }
        & #words { width: 1fr; height: auto; padding: 0 1 0 2; }
        & #secret { margin: 1 0; }
        & Label { margin-top: 1; color: $text-muted; }
        & Input { background: $boost; }
        & #told { height: auto; margin-top: 1; }
        & > HintLine { width: 80; }
    }
    """

    def __init__(self, flow: "SigningIn", seed: "Seed") -> None:
        super().__init__()
        self._flow, self._seed = flow, seed
        self._working = False

    def compose(self) -> ComposeResult:
        """Code on the left, words and two lines on the right."""
        with Horizontal():
            yield Static(Content("\n".join(authenticator.rows(self._seed.uri))), id="code")
            with Vertical(id="words"):
                yield Static(Content(_("Scan the code with the authenticator on the telephone, or type this in:")))
                yield Static(Content("\n".join(authenticator.grouped(self._seed.secret))), id="secret")
                yield Label(Content(_("The code that it shows now")))
                yield Input(id="first", compact=True, max_length=16)
                yield Label(Content(_("The next code, in half a minute")))
                yield Input(id="second", compact=True, max_length=16)
                yield Static(id="told", markup=False)
        yield HintLine([("Enter", _("set up"), True), ("Esc", _("back"), True), ("^q", _("quit"), True)])
        yield TooSmall()

    def on_mount(self) -> None:
        """The first line has the focus."""
        self.query_one("#first", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on."""
        event.stop()
        first, second = (self.query_one(id, Input).value.replace(" ", "") for id in ("#first", "#second"))
        if event.input.id == "first" or not first or not second:
            self.query_one("#second" if first else "#first", Input).focus()
            return
        if self._working:
            return
        self._working = True
        self.query_one("#told", Static).update(Content(_("Looking at the codes ...")))

        def work() -> None:
            try:
                codes = self._flow.confirm(first, second)
            except Exception as error:
                self.call_later(self._failed, as_error(error))
            else:
                self.call_later(self._confirmed, codes)

        self.app.run_worker(work, thread=True, group="sign-in", exit_on_error=False)

    def _confirmed(self, codes: list[str]) -> None:
        self.dismiss(codes)

    def _failed(self, error: MscError) -> None:
        from ..desk.opening import UNFIT

        self._working = False
        if error.key in UNFIT:
            self.dismiss(error)
            return
        self.query_one("#told", Static).update(Content(sentence(error.key, error.data)))
        for id in ("#second", "#first"):
            field = self.query_one(id, Input)
            field.value = ""
            field.focus()

    def action_back(self) -> None:
        """Back to the password; the seed is of no use."""
        if not self._working:
            self.dismiss(None)


class RecoveryScreen(Screen[None]):
    """Ten codes, until the person has written them down."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "close", show=False, id="recovery.close")]
    DEFAULT_CSS = """
    RecoveryScreen {
        align: center middle;
        & > .box { width: 64; height: auto; padding: 1 2; border: round $primary; }
        & #codes { margin: 1 2; }
    }
    """

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__()
        self._codes = tuple(codes)

    def compose(self) -> ComposeResult:
        """The box."""
        told = _("Recovery codes, each good once in place of a code. Write them down now: they are never shown again.")
        with Vertical(classes="box"):
            yield Static(Content(told))
            yield Static(Content("\n".join(self._codes)), id="codes")
            yield HintLine([("Enter", _("they are written down"), True)])
        yield TooSmall()

    def action_close(self) -> None:
        """On to the desk."""
        self.dismiss(None)
