"""What is seen while the console is locked: who has locked it, and a line for the password; nobody's work.

Where the pass for working without central is over, password and code at central open it in the same place.
"""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Label, Static

from ..desk.seat import WIPED
from ..errors import Exit, MscError, NotAllowed, Unreachable
from ..i18n import _
from ..widgets.hints import HintLine
from ..widgets.paint import Tone
from ..widgets.secret_line import SecretLine
from ..widgets.text_line import TextLine
from .asking import Asking
from .base import TooSmall
from .locking import Locking

if TYPE_CHECKING:
    from ..desk.opening import SigningIn


OTHERWISE = ("credentials_wrong", "setup_needs_terminal", "password_must_change")
"""Where central can't be had from here, the next password opens the laptop alone."""


class LockScreen(Asking):
    """The password, and where it is not enough the code."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "take_over", show=False, id="lock.take_over"),
        Binding("escape", "blank", show=False, id="lock.blank"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._flow: SigningIn | None = None
        """The sign-in at central, once the password alone was not enough."""
        self._code = ""
        """The last one that was typed: it also takes a session over."""
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
        self.say(_("Unsent work and what you were writing are safe."))
        self._ask_for(None)

    def action_blank(self) -> None:
        """Empties the line; from the code back to the password, which opens the laptop alone where its pass permits."""
        if self.working:
            return
        if self._flow is not None:
            self._flow.close()
            self._app.needs_code = False
        self._ask_for(None)

    def _ask_for(self, flow: "SigningIn | None") -> None:
        """The code of a sign-in, or the password."""
        self._flow, self._code, self._can_take_over = flow, "", False
        self.set_class(flow is not None, "coding")
        self.query_one(HintLine).show(self._hints())
        for field in self.query(Input):
            field.value = ""
        self.query_one("#code" if flow else "#password", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter looks at what was typed; what is typed meanwhile is for the next time."""
        event.stop()
        given = event.value
        if self.working or not given.strip():
            return
        event.input.value = ""
        if event.input.id == "code":
            self._code = given.replace(" ", "")
            self._finish(take_over=False)
        else:
            self._begin(given)

    def _begin(self, password: str) -> None:
        app = self._app
        home, chosen, login, needs_code = app.home, app.settings, app.reading.unlocked.login, app.needs_code

        def work() -> None:
            from ..desk.opening import SigningIn, unlock
            from ..identity.errors import KeyringRequired
            from ..identity.offline_pass import PassRefused

            refused: MscError | None = None
            with app.keys_turn:
                try:
                    if not needs_code:
                        unlock(home, login, password)
                        self.call_later(self._done)
                        return
                except (PassRefused, KeyringRequired) as closed:
                    if chosen.central is None:
                        raise
                    refused = closed
                flow = SigningIn(home, chosen, login)
                try:
                    flow.password(password)
                    if flow.needs_setup:
                        raise NotAllowed("setup_needs_terminal")
                    if flow.needs_password:
                        raise NotAllowed("password_must_change")
                except MscError as error:
                    flow.close()
                    if not isinstance(error, Unreachable):
                        raise
                    if refused is not None:
                        raise refused from None
                    unlock(home, login, password)
                    self.call_later(self._done)
                    return
            self.call_later(self._asked, flow, refused is None)

        self.start(work, _("Looking at the password ..."), "lock")

    def _finish(self, *, take_over: bool) -> None:
        flow, code, turn = self._flow, self._code, self._app.keys_turn
        assert flow is not None

        def work() -> None:
            with turn:
                flow.code(code, take_over=take_over)
            self.call_later(self._done)

        self.start(work, _("Looking at the code ..."), "lock")

    def _asked(self, flow: "SigningIn", open: bool) -> None:
        """The password was right. `open`: it would open the laptop, too, but not central."""
        self.working = False
        over = _("The password is right. The pass without central is over: now the code.")
        ended = _("The password is right. Now the code; Esc and the password go on without central.")
        self.say(ended if open else over)
        self._ask_for(flow)

    def failed(self, error: MscError) -> None:
        """See `Asking`."""
        self.working = False
        if error.key in WIPED:  # there is nothing left to open
            self.app.exit(return_code=int(Exit.NOT_ALLOWED), message=self._app.words_of(error))
            return
        if error.key in OTHERWISE:
            self._app.needs_code = False
        self.say(self._app.words_of(error))
        self._can_take_over = error.key == "session_active"
        self.query_one(HintLine).show(self._hints())

    def _done(self) -> None:
        self.working = False
        self._ask_for(None)
        self._app.unlocked()

    def action_take_over(self) -> None:
        """Ends the session on the other device and goes on here."""
        if self._can_take_over and not self.working:
            self._finish(take_over=True)
