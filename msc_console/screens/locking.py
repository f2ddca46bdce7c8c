"""The lock: by key, when nobody has touched the console for a while, or when the session is over. A flag decides what
is shown, not the stack.

While it is set no screen is pushed, popped or switched to, nothing is told, and of the app's actions only leaving
works: whatever a ticket's text or a late thread asks for, the lock stays. What the program's own threads wanted to show
comes when it is over. The keys are forgotten as by `msc lock`; the password opens them again, also without central.
What is shown under the lock is a mode of its own (`locked`).
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import events
from textual.await_complete import AwaitComplete

from .. import clock
from ..config import Home
from .acting import Acting

if TYPE_CHECKING:
    from ..desk.conversing import Conversation

MODE = "locked"
TOUCHES = (events.Key, events.Paste, events.MouseDown, events.MouseScrollDown, events.MouseScrollUp)
WORKS = frozenset({"leave", "how_to_leave", "focus_next", "focus_previous"})
"""The app's actions that work under the lock."""
NEVER_SOONER = timedelta(minutes=1)
"""No site and no laptop locks before that."""
LOOKS = 2
"""How often in a row no session must answer: one that is being replaced is away for a moment."""


class Locking(Acting):
    """The locking half of the console."""

    home: Home
    locked = False
    _conversation: "Conversation | None" = None
    _under = "queue"
    """The mode that the lock covers."""

    def __init__(self) -> None:
        super().__init__()
        self._later: list[Callable[[], Any]] = []
        """What is shown when the lock is over, in order."""
        self.needs_code = False
        """Central had ended the session before the lock: the password alone brings it back to nobody."""
        self._missed = 0
        """Looks in a row that found the session gone."""
        self.keys_turn = threading.Lock()
        """Held while keys are forgotten or opened: a slow lock must not end the session of a quick unlock."""
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
        """Keys, pastes and the mouse's buttons and wheel are a person's; what moves by itself is none. The first of
        them after too long does nothing but lock: a laptop may have slept meanwhile."""
        if isinstance(event, TOUCHES):
            if self.lock_when_idle():
                return
            self.touched()
        await super().on_event(event)

    def lock_when_idle(self) -> bool:
        """Locks when nobody has been there for as long as site and laptop permit; whether it did."""
        if self.locked or self.seated is None or self.idle() < NEVER_SOONER or self.idle() < self.lock_after():
            return False
        self.do_app_lock()
        return self.locked

    def lock_when_over(self) -> None:
        """Locks when the session has ended elsewhere, its time is up, or the pass without central is over."""
        if self.locked or self.seated is None:
            return
        desk, online = self.reading, self.sync_status.online

        def look() -> bool:
            from ..desk.offline import may_go_on

            return may_go_on(desk, online=online)

        self.in_thread(look, self._looked, group="session", failed=lambda _error: None)

    def _looked(self, goes_on: bool) -> None:
        self._missed = 0 if goes_on else self._missed + 1
        if self._missed >= LOOKS:
            self.do_app_lock()

    def lock_after(self) -> timedelta:
        """The shorter of the site's word and the laptop's."""
        return timedelta(minutes=min(self.settings.lock_minutes, self.reading.world.lock_minutes))

    def do_app_lock(self) -> None:
        """Hides everything at once, then forgets the keys. What waits goes on its way without them, sealed."""
        if self.locked or self.seated is None or self.current_mode in ("sign_in", "occupied"):
            return
        self._under = self.current_mode
        self.switch_mode(MODE)
        self.locked = True
        self.needs_code = self.sync_status.signed_out
        self.told, self._missed, self.held = "", 0, None
        self.clear_notifications()
        self.flush_drafts()
        home, desk = self.home, self.reading if self.read_only else self.desk

        def forget() -> None:
            from ..desk.conversing import lock

            with self.keys_turn:
                lock(home, desk)

        self.in_thread(forget, lambda _none: self.poke(), group="lock", failed=lambda _error: None)

    def unlocked(self) -> None:
        """The password was right: everything is as it was, and what waited for it comes."""
        self.locked = False
        self.touched()
        self.switch_mode(self._under)
        later, self._later = self._later, []
        for what in later:
            what()
        if self._conversation is not None:
            self._conversation.signed_in()

    def after_lock(self, what: Callable[[], Any]) -> bool:
        """Under the lock `what` is kept until it is over; whether it was."""
        if self.locked:
            self._later.append(what)
        return self.locked

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
        return _nothing() if self.after_lock(partial(self.switch_mode, mode)) else super().switch_mode(mode)

    def push_screen(self, *args: Any, **more: Any) -> Any:
        """Nothing comes over the lock."""
        later = self.after_lock(partial(self.push_screen, *args, **more))
        return _nothing() if later else super().push_screen(*args, **more)

    def pop_screen(self) -> Any:
        """Nothing takes the lock away."""
        return _nothing() if self.after_lock(self.pop_screen) else super().pop_screen()

    def switch_screen(self, screen: Any) -> Any:
        """Nothing takes its place."""
        return _nothing() if self.after_lock(partial(self.switch_screen, screen)) else super().switch_screen(screen)

    def notify(self, message: str, *, markup: bool = False, **more: Any) -> None:
        """Nothing is told to whoever stands before it; and never is a message mark-up."""
        if not self.locked:
            super().notify(message, **more, markup=False)

    def tell(self, text: str, *, warn: bool = False, seconds: float = 8.0) -> None:
        """Nothing is told to whoever stands before it; what went wrong is told when it is over."""
        if not self.locked:
            super().tell(text, warn=warn, seconds=seconds)
        elif warn:
            self.after_lock(partial(self.tell, text, warn=True, seconds=seconds))


def _nothing() -> AwaitComplete:
    """What is waited for where nothing happens."""
    return AwaitComplete()
