"""What is seen while the console is locked: who has locked it, and a line for the password; nobody's work.

Where the pass for working without central is over, password and code at central open it in the same place.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Label, Static

from ..errors import MscError, NotAllowed, Unreachable
from ..i18n import _
from ..widgets.hints import HintLine
from ..widgets.paint import Tone
from ..widgets.secret_line import SecretLine
from ..widgets.text_line import TextLine
from .base import HEIGHTS, WIDTHS, TooSmall
from .locking import Locking
from .shell import as_error

if TYPE_CHECKING:
    from ..desk.opening import SigningIn


class LockScreen(Screen[None]):
    """The password, and where it is not enough the code."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "take_over", show=False, id="lock.take_over"),
        Binding("escape", "blank", show=False, id="lock.blank"),
    ]
    DEFAULT_CSS = """
    LockScreen {
        align: center middle;
        & > .box { width: 64; height: auto; padding: 1 2; border: round $primary; }
        & Label { margin-top: 1; color: $text-muted; }
        & Input { background: $boost; }
        & #told { height: auto; margin-top: 1; min-height: 3; }
        & .part { height: auto; }
        & #code-part { display: none; }
        &.coding #code-part { display: block; }
        &.coding #password-part { display: none; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._working = False
        self._flow: SigningIn | None = None
        """The sign-in at central, once the password alone was not enough."""
        self._can_take_over = False

    @property
    def _app(self) -> Locking:
        assert isinstance(self.app, Locking)
        return self.app

    def compose(self) -> ComposeResult:
        """The box."""
        login = self._app.reading.unlocked.login
        with Vertical(classes="box"):
            yield TextLine([(_("Locked"), Tone.STRONG)])
            with Vertical(id="password-part", classes="part"):
                yield Label(Content(_("Password of {login}").format(login=login)))
                yield SecretLine(id="password")
            with Vertical(id="code-part", classes="part"):
                yield Label(Content(_("Code from the authenticator, or a recovery code")))
                yield Input(id="code", compact=True, max_length=32)
            yield Static(id="told", markup=False)
            yield HintLine(self._hints())
        yield TooSmall()

    def _hints(self) -> list[tuple[str, str, bool]]:
        take_over = [("^t", _("take the session over"), True)] if self._can_take_over else []
        back = [("Esc", _("back"), True)] if self._flow is not None else []
        return [("Enter", _("unlock"), True), *take_over, *back, ("^q", _("quit"), True)]

    def on_screen_resume(self) -> None:
        """An empty line has the focus."""
        self._tell(_("Unsent work and what you were writing are safe."))
        self.action_blank()

    def action_blank(self) -> None:
        """Empties the line; from the code back to the password."""
        if self._working:
            return
        if self._flow is not None:
            self._flow.close()
        self._ask_for(None)

    def _ask_for(self, flow: "SigningIn | None") -> None:
        """The code of a sign-in, or the password."""
        self._flow, self._can_take_over = flow, False
        self.set_class(flow is not None, "coding")
        self.query_one(HintLine).show(self._hints())
        for field in self.query(Input):
            field.value = ""
        self.query_one("#code" if flow else "#password", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter looks at what was typed."""
        event.stop()
        given = event.value
        if self._working or not given.strip():
            return
        if event.input.id == "code":
            self._finish(given.replace(" ", ""), take_over=False)
        else:
            self._begin(given)

    def _begin(self, password: str) -> None:
        app = self._app
        home, chosen, login = app.home, app.settings, app.reading.unlocked.login

        def work() -> None:
            from ..desk.opening import SigningIn, unlock
            from ..identity.errors import KeyringRequired
            from ..identity.offline_pass import PassRefused

            try:
                with app.keys_turn:
                    unlock(home, login, password)
            except (PassRefused, KeyringRequired) as refused:
                if chosen.central is None:
                    raise
                flow = SigningIn(home, chosen, login)
                try:
                    flow.password(password)
                except Unreachable:
                    raise refused from None
                if flow.needs_setup:
                    flow.close()
                    raise NotAllowed("setup_needs_terminal") from None
                self.call_later(self._asked, flow)
            else:
                self.call_later(self._done)

        self._start(work, _("Looking at the password ..."))

    def _finish(self, code: str, *, take_over: bool) -> None:
        flow, turn = self._flow, self._app.keys_turn
        assert flow is not None

        def work() -> None:
            with turn:
                flow.code(code, take_over=take_over)
            self.call_later(self._done)

        self._start(work, _("Looking at the code ..."))

    def _start(self, work: Callable[[], None], told: str) -> None:
        self._working = True
        self._tell(told)

        def guarded() -> None:
            try:
                work()
            except Exception as error:
                self.call_later(self._failed, as_error(error))

        self.app.run_worker(guarded, thread=True, group="lock", exit_on_error=False)

    def _asked(self, flow: "SigningIn") -> None:
        self._working = False
        self._tell(_("The password is right. The pass without central is over: now the code."))
        self._ask_for(flow)

    def _failed(self, error: MscError) -> None:
        self._working = False
        self._tell(self._app.words_of(error))
        self._can_take_over = error.key == "session_active"
        self.query_one(HintLine).show(self._hints())
        field = self.query_one("#password" if self._flow is None else "#code", Input)
        if not self._can_take_over:
            field.value = ""
        field.focus()

    def _done(self) -> None:
        self._working = False
        self._ask_for(None)
        self._app.unlocked()

    def action_take_over(self) -> None:
        """Ends the session on the other device and goes on here."""
        code = self.query_one("#code", Input).value.replace(" ", "")
        if self._can_take_over and not self._working and code:
            self._finish(code, take_over=True)

    def _tell(self, words: str) -> None:
        self.query_one("#told", Static).update(Content(words))
