"""Signing in: password, then code, judged by central; offline the password alone opens this laptop's vault."""

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
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
from .asking import Asking
from .base import TooSmall
from .shell import Shell


class SignInScreen(Asking):
    """Login and password, then the one-time code. Nothing typed here is ever shown or kept."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "take_over", show=False, id="sign_in.take_over"),
        Binding("escape", "back", show=False, id="sign_in.back"),
        Binding("down", "app.focus_next", show=False, id="sign_in.next"),
        Binding("up", "app.focus_previous", show=False, id="sign_in.previous"),
    ]
    DEFAULT_CSS = """
    SignInScreen {
        & #enrolment-part, & #former-part { display: none; }
        &.enrolling #enrolment-part, &.changed #former-part { display: block; }
        &.coding #enrolment-part, &.coding #former-part { display: none; }
    }
    """

    def __init__(self, home: Home, chosen: Settings, login: str = "", why: MscError | None = None) -> None:
        super().__init__()
        self._home, self._chosen, self._login, self._why = home, chosen, login, why
        self._flow: Any = None
        self._can_take_over = False

    def compose(self) -> ComposeResult:
        """The box."""
        with Vertical(classes="box"):
            yield TextLine([(_("Managed service centre"), Tone.STRONG)])
            yield TextLine(self._where())
            with Vertical(id="password-part", classes="part"):
                yield Label(Content(_("Login")))
                yield Input(self._login, id="login", compact=True, max_length=64)
                yield Label(Content(_("Password")))
                yield SecretLine(id="password")
            with Vertical(id="former-part", classes="part"):
                yield Label(Content(_("Former password, if it was changed elsewhere")))
                yield SecretLine(id="former")
            with Vertical(id="enrolment-part", classes="part"):
                yield Label(Content(_("Code for this laptop")))
                yield Input(id="enrolment", compact=True, max_length=64)
            with Vertical(id="code-part", classes="part"):
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
        if self.working:
            return
        if event.input.id == "login":
            self.query_one("#password", Input).focus()
        elif event.input.id in ("password", "former", "enrolment"):
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
        former = self.query_one("#former", Input).value or None

        def work() -> None:
            from ..desk.opening import SigningIn, unlock

            flow = SigningIn(home, chosen, login, device_name(), enrolment=enrolment)
            if chosen.central is not None:
                try:
                    flow.password(password, former)
                except Unreachable as error:
                    if not home.person(login).vault.exists():
                        raise error from error
                else:
                    seed = flow.seed() if flow.needs_setup else None
                    self.call_later(self._choose if flow.needs_password else self._go_on, flow, seed)
                    return
            unlock(home, login, former or password)
            self.call_later(self._sit_down, login, True)

        self.start(work, _("Looking at the password ..."), "sign-in")

    def _finish(self, *, take_over: bool) -> None:
        code = self.query_one("#code", Input).value.strip().replace(" ", "")
        if not code or self._flow is None:
            return
        flow = self._flow

        def work() -> None:
            flow.code(code, take_over=take_over)
            self.call_later(self._sit_down, flow.login, False)

        self.start(work, _("Looking at the code ..."), "sign-in")

    def _choose(self, flow: Any, seed: Any, why: MscError | None = None) -> None:
        """A password of the person's own first, where others were told this one."""
        from .own_password import OwnPasswordScreen

        def chosen(own: bool | None) -> None:
            if own:
                self._go_on(flow, seed)
            else:
                flow.close()
                self._begin_anew()

        self.working = False
        self.say("")
        self.app.push_screen(OwnPasswordScreen(flow, why), chosen)

    def _go_on(self, flow: Any, seed: Any) -> None:
        self.working = False
        if seed is not None:
            self._set_up(flow, seed)
        else:
            self._ask_code(flow)

    def _ask_code(self, flow: Any) -> None:
        from ..desk.opening import seconds_off

        self._flow = flow
        self.add_class("coding")
        told = _("The password is right. Now the code.")
        if off := seconds_off(flow.clock_off):
            told += " " + sentence("clock_here", {"seconds": off})
        self.say(told)
        self.query_one(HintLine).show(self._hints())
        self.query_one("#code", Input).focus()

    def _set_up(self, flow: Any, seed: Any) -> None:
        from .setting_up import AuthenticatorScreen, RecoveryScreen

        def confirmed(codes: list[str] | MscError | None) -> None:
            if isinstance(codes, MscError):
                self._choose(flow, seed, codes)
            elif codes is None:
                flow.close()
                self._begin_anew()
            else:
                self.app.push_screen(RecoveryScreen(codes), lambda _none: self._sit_down(flow.login, False))

        self.say("")
        self.app.push_screen(AuthenticatorScreen(flow, seed), confirmed)

    def failed(self, error: MscError) -> None:
        """See `Asking`."""
        from ..desk.opening import UNFIT

        self.working = False
        if self._flow is not None and error.key in UNFIT:  # of the new password; the code is unused
            self._choose(self._flow, None, error)
            return
        self._tell(error)
        self.set_class(error.key in ("wrong_password", "wrong_password_left"), "changed")
        self.query_one("#former", Input).value = ""
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
        if error.key == "enrolment_needed":  # the line for it stands here
            text = _("This laptop is new here. Ask technical support or the duty manager for a code.")
        self.say(text)

    def _sit_down(self, login: str, offline: bool) -> None:
        from ..desk.opening import sit_down

        self.working = False
        try:
            desk: Desk = sit_down(self._home, self._chosen, login)
        except MscError as error:
            self.failed(error)
            return
        shell = self.app
        assert isinstance(shell, Shell)
        shell.seat(desk)
        if offline:
            shell.tell(_("Unlocked without central. What you do leaves as soon as central can be reached."))

    def action_take_over(self) -> None:
        """Ends the session on the other device and goes on here."""
        if self._can_take_over and not self.working:
            self._finish(take_over=True)

    def action_back(self) -> None:
        """From the code back to the password; from there nowhere."""
        if not self.working and self._flow is not None:
            self._flow.close()
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._flow = None
        self._can_take_over = False
        self.remove_class("coding")
        self.query_one("#code", Input).value = ""
        self.query_one("#password", Input).value = ""
        self.say("")
        self.query_one(HintLine).show(self._hints())
        self.query_one("#password", Input).focus()


def device_name() -> str:
    """What people see of this laptop in a list of devices."""
    import socket

    return socket.gethostname()[:64]
