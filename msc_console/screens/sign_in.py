"""Signing in: password, then code, judged by central; offline the password alone opens this laptop's vault."""

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Label, Static

from ..config import Home, Settings
from ..desk import Desk
from ..errors import MscError, Unreachable
from ..i18n import _
from ..messages import sentence
from ..widgets.hints import HintLine
from ..widgets.paint import Line, Tone
from ..widgets.secret_line import SecretLine
from ..widgets.text_line import TextLine
from .base import HEIGHTS, WIDTHS, TooSmall
from .shell import Shell, as_error


class SignInScreen(Screen[None]):
    """Login and password, then the one-time code. Nothing typed here is ever shown or kept."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "take_over", show=False, id="sign_in.take_over"),
        Binding("escape", "back", show=False, id="sign_in.back"),
        Binding("down", "app.focus_next", show=False, id="sign_in.next"),
        Binding("up", "app.focus_previous", show=False, id="sign_in.previous"),
    ]
    DEFAULT_CSS = """
    SignInScreen {
        align: center middle;
        & > .box { width: 64; height: auto; padding: 1 2; border: round $primary; }
        & Label { margin-top: 1; color: $text-muted; }
        & Input { background: $boost; }
        & #told { height: auto; margin-top: 1; min-height: 3; }
        & #code-part { height: auto; display: none; }
        &.coding #code-part { display: block; }
        &.coding #password-part { display: none; }
        & #password-part { height: auto; }
        & #enrolment-part { height: auto; display: none; }
        &.enrolling #enrolment-part { display: block; }
        &.coding #enrolment-part { display: none; }
    }
    """

    def __init__(self, home: Home, chosen: Settings, login: str = "", why: MscError | None = None) -> None:
        super().__init__()
        self._home, self._chosen, self._login, self._why = home, chosen, login, why
        self._flow: Any = None
        self._working = False
        self._can_take_over = False

    def compose(self) -> ComposeResult:
        """The box."""
        with Vertical(classes="box"):
            yield TextLine([(_("Managed service centre"), Tone.STRONG)])
            yield TextLine(self._where())
            with Vertical(id="password-part"):
                yield Label(Content(_("Login")))
                yield Input(self._login, id="login", compact=True, max_length=64)
                yield Label(Content(_("Password")))
                yield SecretLine(id="password")
            with Vertical(id="enrolment-part"):
                yield Label(Content(_("Code for this laptop")))
                yield Input(id="enrolment", compact=True, max_length=64)
            with Vertical(id="code-part"):
                yield Label(Content(_("Code from the authenticator, or a recovery code")))
                yield Input(id="code", compact=True, max_length=32)
            yield Static(id="told", markup=False)
            yield HintLine(self._hints())
        yield TooSmall()

    def _where(self) -> Line:
        if self._chosen.central is None:
            return [(_("No central is set: only unlocking works."), Tone.WARN)]
        return [(Content(self._chosen.central).plain, Tone.DIM)]

    def _hints(self) -> list[tuple[str, str, bool]]:
        take_over = [("^t", _("take the session over"), True)] if self._can_take_over else []
        back = [("Esc", _("back"), True)] if self._flow is not None else []
        return [("Enter", _("sign in"), True), *take_over, *back, ("^q", _("quit"), True)]

    def on_mount(self) -> None:
        """The first empty line has the focus."""
        self.query_one("#password" if self._login else "#login", Input).focus()
        if self._why is not None and self._why.key != "signed_out":
            self._tell(self._why)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on."""
        event.stop()
        if self._working:
            return
        if event.input.id == "login":
            self.query_one("#password", Input).focus()
        elif event.input.id in ("password", "enrolment"):
            self._begin()
        else:
            self._finish(take_over=False)

    def _begin(self) -> None:
        login = self.query_one("#login", Input).value.strip().lower()
        password = self.query_one("#password", Input).value
        if not login or not password:
            self.query_one("#login" if not login else "#password", Input).focus()
            return
        home, chosen = self._home, self._chosen
        enrolment = self.query_one("#enrolment", Input).value.strip()

        def work() -> None:
            from ..desk.opening import SigningIn, unlock

            flow = SigningIn(home, chosen, login, device_name(), enrolment=enrolment)
            if chosen.central is not None:
                try:
                    flow.password(password)
                except Unreachable as error:
                    if not home.person(login).vault.exists():
                        raise error from error
                else:
                    if flow.needs_setup:
                        self._soon(self._set_up, flow, flow.seed())
                    else:
                        self._soon(self._ask_code, flow)
                    return
            unlock(home, login, password)
            self._soon(self._sit_down, login, True)

        self._start(work, _("Looking at the password ..."))

    def _finish(self, *, take_over: bool) -> None:
        code = self.query_one("#code", Input).value.strip().replace(" ", "")
        if not code or self._flow is None:
            return
        flow = self._flow

        def work() -> None:
            flow.code(code, take_over=take_over)
            self._soon(self._sit_down, flow.login, False)

        self._start(work, _("Looking at the code ..."))

    def _start(self, work: Any, told: str) -> None:
        self._working = True
        self.query_one("#told", Static).update(Content(told))

        def guarded() -> None:
            try:
                work()
            except Exception as error:
                self._soon(self._failed, as_error(error))

        self.app.run_worker(guarded, thread=True, group="sign-in", exit_on_error=False)

    def _soon(self, what: Any, *values: Any) -> None:
        """Calls a handler on the app's own thread."""
        self.call_later(what, *values)

    def _ask_code(self, flow: Any) -> None:
        self._working, self._flow = False, flow
        self.add_class("coding")
        told = _("The password is right. Now the code.")
        off = round(abs(flow.clock_off.total_seconds()))
        if off >= CLOCK_TOLD_SECONDS:
            told += " " + sentence("clock_here", {"seconds": off})
        self.query_one("#told", Static).update(Content(told))
        self.query_one(HintLine).show(self._hints())
        self.query_one("#code", Input).focus()

    def _set_up(self, flow: Any, seed: Any) -> None:
        from .setting_up import AuthenticatorScreen, RecoveryScreen

        def confirmed(codes: list[str] | None) -> None:
            if codes is None:
                flow.close()
                self._begin_anew()
            else:
                self.app.push_screen(RecoveryScreen(codes), lambda _none: self._sit_down(flow.login, False))

        self._working = False
        self.query_one("#told", Static).update("")
        self.app.push_screen(AuthenticatorScreen(flow, seed), confirmed)

    def _failed(self, error: MscError) -> None:
        self._working = False
        self._tell(error)
        if error.key in ("enrolment_needed", "enrolment_wrong"):
            self.add_class("enrolling")
            field = self.query_one("#enrolment", Input)
            field.value = ""
            field.focus()
            return
        self._can_take_over = error.key == "session_active"
        self.query_one(HintLine).show(self._hints())
        if self._flow is None:
            field = self.query_one("#password", Input)
            field.value = ""
        else:
            field = self.query_one("#code", Input)
            if not self._can_take_over:
                field.value = ""
        field.focus()

    def _tell(self, error: MscError) -> None:
        text = sentence(error.key, error.data, self._chosen.zone)
        self.query_one("#told", Static).update(Content(text))

    def _sit_down(self, login: str, offline: bool) -> None:
        from ..desk.opening import sit_down

        self._working = False
        try:
            desk: Desk = sit_down(self._home, self._chosen, login)
        except MscError as error:
            self._failed(error)
            return
        shell = self.app
        assert isinstance(shell, Shell)
        shell.seat(desk)
        if offline:
            shell.tell(_("Unlocked without central. What you do leaves as soon as central can be reached."))

    def action_take_over(self) -> None:
        """Ends the session on the other device and goes on here."""
        if self._can_take_over and not self._working:
            self._finish(take_over=True)

    def action_back(self) -> None:
        """From the code back to the password; from there nowhere."""
        if not self._working and self._flow is not None:
            self._flow.close()
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._flow = None
        self._can_take_over = False
        self.remove_class("coding")
        self.query_one("#code", Input).value = ""
        self.query_one("#password", Input).value = ""
        self.query_one("#told", Static).update("")
        self.query_one(HintLine).show(self._hints())
        self.query_one("#password", Input).focus()


CLOCK_TOLD_SECONDS = 60
"""From here on it is said that this laptop's clock is off."""


def device_name() -> str:
    """What people see of this laptop in a list of devices."""
    import socket

    return socket.gethostname()[:64]
