"""The lock: by key, or when nobody has touched the console for a while. A flag decides what is shown, not the stack.

While it is set no screen is pushed, popped or switched to, nothing is told, and of the app's actions only leaving
works: whatever a ticket's text or a late thread asks for, the lock stays. The keys are forgotten as by `msc lock`; the
password opens them again, also without central. What is shown under the lock is a mode of its own.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Label, Static

from .. import clock
from ..config import Home
from ..errors import MscError
from ..i18n import _
from ..widgets.hints import HintLine
from ..widgets.paint import Tone
from ..widgets.text_line import TextLine
from .acting import Acting
from .base import HEIGHTS, WIDTHS, TooSmall
from .shell import Shell, as_error

if TYPE_CHECKING:
    from ..desk.conversing import Conversation

MODE = "locked"
TOUCHES = (events.Key, events.Paste, events.MouseDown, events.MouseScrollDown, events.MouseScrollUp)
WORKS = frozenset({"leave", "how_to_leave", "focus_next", "focus_previous"})
"""The app's actions that work under the lock."""


class Locking(Acting):
    """The locking half of the console."""

    home: Home
    locked = False
    _conversation: "Conversation | None" = None
    _under = "queue"
    """The mode that the lock covers."""

    def __init__(self) -> None:
        super().__init__()
        self.touched()

    # -- coming and going

    def touched(self) -> None:
        """Somebody is there. Both clocks count: one stands still while a laptop sleeps, the other can be set."""
        self._last_touch = (clock.monotonic(), clock.now())

    def idle(self) -> timedelta:
        """How long nobody has been there."""
        steady, wall = self._last_touch
        return max(timedelta(seconds=clock.monotonic() - steady), clock.now() - wall)

    async def on_event(self, event: events.Event) -> None:
        """Keys, pastes and the mouse's buttons and wheel are a person's; what moves by itself is none."""
        if isinstance(
            event, (events.Key, events.Paste, events.MouseDown, events.MouseScrollDown, events.MouseScrollUp)
        ):
            self.touched()
        await super().on_event(event)

    def lock_when_idle(self) -> None:
        """Locks when nobody has been there for as long as site and laptop permit."""
        if not self.locked and self.seated is not None and self.idle() >= self.lock_after():
            self.do_app_lock()

    def lock_after(self) -> timedelta:
        """The shorter of the site's word and the laptop's."""
        return timedelta(minutes=min(self.settings.lock_minutes, self.reading.world.lock_minutes))

    def do_app_lock(self) -> None:
        """Hides everything at once, then forgets the keys."""
        if self.locked or self.seated is None or self.current_mode in ("sign_in", "occupied"):
            return
        self._under = self.current_mode
        self.switch_mode(MODE)
        self.locked = True
        self.told = ""
        self.flush_drafts()
        login = self.reading.unlocked.login

        def forget() -> None:
            from ..desk.opening import end_session

            end_session(self.home, login)

        self.in_thread(forget, lambda _none: None, group="lock", failed=lambda _error: None)

    def unlocked(self) -> None:
        """The password was right: everything is as it was."""
        self.locked = False
        self.touched()
        self.switch_mode(self._under)
        if self._conversation is not None:
            self._conversation.signed_in()

    def action_lock(self) -> None:
        """`Ctrl+L`."""
        self.do_app_lock()

    def flush_drafts(self) -> None:
        """Keeps what is being written."""
        raise NotImplementedError

    # -- what a flag forbids

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Under the lock hardly anything."""
        return (not self.locked or action in WORKS) and super().check_action(action, parameters)

    def switch_mode(self, mode: str) -> Any:
        """Under the lock it is kept for later."""
        if self.locked:
            self._under = mode
            return _nothing()
        return super().switch_mode(mode)

    def push_screen(self, *args: Any, **more: Any) -> Any:
        """Nothing comes over the lock."""
        return _nothing() if self.locked else super().push_screen(*args, **more)

    def pop_screen(self) -> Any:
        """Nothing takes the lock away."""
        return _nothing() if self.locked else super().pop_screen()

    def switch_screen(self, screen: Any) -> Any:
        """Nothing takes its place."""
        return _nothing() if self.locked else super().switch_screen(screen)

    def notify(self, message: str, *, markup: bool = False, **more: Any) -> None:
        """Nothing is told to whoever stands before it; and never is a message mark-up."""
        if not self.locked:
            super().notify(message, **more, markup=False)

    def tell(self, text: str, *, warn: bool = False, seconds: float = 8.0) -> None:
        """Nothing is told to whoever stands before it."""
        if not self.locked:
            super().tell(text, warn=warn, seconds=seconds)


def _nothing() -> AwaitComplete:
    """What is waited for where nothing happens."""
    return AwaitComplete()


class LockScreen(Screen[None]):
    """Who has locked, and a line for the password; nothing of anybody's work."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "blank", show=False, id="lock.blank")]
    DEFAULT_CSS = """
    LockScreen {
        align: center middle;
        & > .box { width: 64; height: auto; padding: 1 2; border: round $primary; }
        & Label { margin-top: 1; color: $text-muted; }
        & Input { background: $boost; }
        & #told { height: auto; margin-top: 1; min-height: 3; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._working = False

    @property
    def _app(self) -> Locking:
        assert isinstance(self.app, Locking)
        return self.app

    def compose(self) -> ComposeResult:
        """The box."""
        login = self._app.reading.unlocked.login
        with Vertical(classes="box"):
            yield TextLine([(_("Locked"), Tone.STRONG)])
            yield Label(Content(_("Password of {login}").format(login=login)))
            yield Input(id="password", password=True, compact=True)
            yield Static(Content(_("Unsent work and what you were writing are safe.")), id="told")
            yield HintLine([("Enter", _("unlock"), True), ("^q", _("quit"), True)])
        yield TooSmall()

    def on_screen_resume(self) -> None:
        """An empty line has the focus."""
        self._tell(_("Unsent work and what you were writing are safe."))
        self.action_blank()

    def action_blank(self) -> None:
        """Empties the line."""
        field = self.query_one("#password", Input)
        field.value = ""
        field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter looks at the password."""
        event.stop()
        password = event.value
        if self._working or not password:
            return
        self._working = True
        self._tell(_("Looking at the password ..."))
        app = self._app
        home, login = app.home, app.reading.unlocked.login

        def work() -> None:
            from ..desk.opening import unlock

            try:
                unlock(home, login, password)
            except Exception as error:
                self.call_later(self._failed, as_error(error))
            else:
                self.call_later(self._done)

        self.app.run_worker(work, thread=True, group="lock", exit_on_error=False)

    def _failed(self, error: MscError) -> None:
        self._working = False
        shell = self.app
        assert isinstance(shell, Shell)
        self._tell(shell.words_of(error))
        self.action_blank()

    def _done(self) -> None:
        self._working = False
        self.action_blank()
        self._app.unlocked()

    def _tell(self, words: str) -> None:
        self.query_one("#told", Static).update(Content(words))
