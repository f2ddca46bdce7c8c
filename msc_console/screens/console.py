"""The console: the app around the screens, with the standing conversation with central.

Nothing heavy is loaded before the first row is painted; the rest comes in a thread right after it.
"""

import gc
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.timer import Timer

from .. import clock, commands, keymaps
from ..config import Home, Settings
from ..desk.places import console_lock, holder
from ..desk.places import held as lock_held
from ..desk.reading import CLOCK_OFF, Reading
from ..desk.seat import WIPED
from ..errors import Exit, MscError
from ..i18n import _
from ..messages import sentence
from ..sync.status import SyncStatus
from ..text import clean
from ..widgets.safe import SafeFilter
from ..widgets.status_line import Status
from . import crash, modes
from .base import FITS_CSS, ConsoleScreen
from .leaving import STOP_SECONDS, Leaving
from .shell import TicketsChanged

if TYPE_CHECKING:
    from ..desk.conversing import Conversation

THEMES = ("textual-dark", "textual-light", "ansi-dark", "ansi-light")
LOOK_SECONDS = 2.0
"""How often it is looked whether anybody is there, and the session still open."""
TICK_SECONDS = 10.0
"""How often clocks on the screen move; they show whole minutes."""
TOGETHER_SECONDS = 0.05
"""Changes that come closer than this are shown in one go."""
_NOT_OFFERED = frozenset({"screenshot", "command_palette", "show_help_panel", "suspend_process", "help_quit"})
"""Textual's own actions that would write a customer's words to a file, or show English over the screen."""


SAFE = SafeFilter()
"""One for all: a painted line keeps what a filter made of it, as long as it is the same filter."""


class SyncChanged(TicketsChanged):
    """The conversation with central stands differently."""

    def __init__(self, status: SyncStatus) -> None:
        super().__init__()
        self.status = status


class Console(Leaving):
    """One person's console. Without a desk it starts at the sign-in."""

    ENABLE_COMMAND_PALETTE = False
    TITLE = "msc"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "leave", show=False, priority=True, id=commands.QUIT.id),
        Binding("ctrl+l", "lock", show=False, priority=True, id=commands.LOCK.id),
        Binding("ctrl+c", "how_to_leave", show=False, id="app.interrupt"),
    ]
    CSS = FITS_CSS

    def __init__(
        self, home: Home, chosen: Settings, desk: Reading | None = None, why: MscError | None = None, login: str = ""
    ) -> None:
        self.home, self.settings = home, chosen
        self._locks = ExitStack()
        self._why, self._login = why, login
        self._other = ""
        self.keymap = {}
        self._started_at = clock.now()
        self._conversation: Conversation | None = None
        self._at_risk = 0
        self._password_only = False
        self._pending_ids: set[str] = set()
        self._anything = False
        self._gather: Timer | None = None
        if desk is not None:
            self.seated = desk
            self._take_place()
        # Textual reads it once, while it is being made.
        self.DEFAULT_MODE = "sign_in" if desk is None else "occupied" if self._other else "queue"  # type: ignore[misc]
        super().__init__()
        for mode, maker in modes.makers(self.home, chosen, self._login, why, lambda: self._other).items():
            self.add_mode(mode, maker)

    # -- coming and going

    def on_mount(self) -> None:
        """Keys of the keymap file; the rest after the first frame."""
        try:
            self.keymap = keymaps.read(self.home.laptop / "keys.toml")
        except MscError as error:
            self.tell_error(error)
        self._say_keymap()
        self.call_after_refresh(self._collect)
        if self.seated is not None and not self._other:
            self.call_after_refresh(self._begin)

    def _collect(self) -> None:
        """Garbage is looked for again; what the start made is there to stay and is not looked through each time."""
        gc.freeze()
        gc.enable()

    def _say_keymap(self) -> None:
        self.set_keymap(self.keymap)
        told = [
            _("Key {key} is given twice: {one} and {other}.").format(key=keymaps.shown(key), one=one, other=other)
            for key, one, other in keymaps.clashes(self.keymap)
        ]
        if self.keymap:
            from .bindings import own_ids

            unknown = _("The keymap file names {name}, which is no command.")
            told += [unknown.format(name=clean(id, line=True)) for id in keymaps.unknown(self.keymap, own_ids())]
        if told:
            self.tell("  ".join(told), warn=True, seconds=30)

    def seat(self, desk: Reading) -> None:
        """Somebody has signed in."""
        self.seated = desk
        self._take_place()
        mode = "occupied" if self._other else "queue"
        self.switch_mode(mode)
        if not self._other:
            self.call_after_refresh(self._begin)

    def _take_place(self) -> None:
        """Holds the console's lock, or finds out who does."""
        path = console_lock(self.reading)
        mine = self._locks.enter_context(lock_held(path, self.reading.unlocked.login))
        self._other = "" if mine else holder(path) or "?"

    def look_only(self) -> None:
        """A second console: nothing is written."""
        from ..desk.opening import sit_down

        try:
            self.seated = sit_down(self.home, self.settings, self.reading.unlocked.login, read_only=True)
        except MscError as error:
            self.tell_error(error)
            return
        self.read_only = True
        self.switch_mode("queue")
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """After the first frame: the conversation with central, and what the next screens need."""
        self.set_interval(TICK_SECONDS, self._tick)
        self.set_interval(LOOK_SECONDS, self._look)
        self.in_thread(self._start_talking, self._talks, group="start")
        self._count_risk()

    def _start_talking(self) -> "Conversation":
        from ..desk.conversing import Conversation
        from ..desk.opening import vault_mode
        from . import escalations, forms, knowledge, sync, ticket  # noqa: F401  # loaded while nobody waits for them

        self._password_only = vault_mode(self.home, self.reading.unlocked.login) == "password"
        talk = Conversation(self.desk, self._status, self._news, talks=not self.read_only)
        talk.start()
        return talk

    def _talks(self, conversation: "Conversation") -> None:
        self._conversation = conversation
        conversation.poke()
        self.frame_all()

    def on_unmount(self) -> None:
        """The conversation ends with the console."""
        if self._conversation is not None:
            self._conversation.stop(STOP_SECONDS)
        self._locks.close()

    # -- what Textual would do

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The last net below every widget."""
        return [*super().get_line_filters(), SAFE]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Some of Textual's actions are not for this product."""
        return action not in _NOT_OFFERED and super().check_action(action, parameters)

    def _fatal_error(self) -> None:
        """A crash leaves a reference on the screen and no locals anywhere."""
        self._exit_renderables.append(crash.report(self.home))
        self._close_messages_no_wait()

    # -- going places

    def go(self, mode: str) -> None:
        """To another main screen."""
        if mode != self.current_mode:
            self.switch_mode(mode)

    def open_ticket(self, ticket: str, compose: str | None = None, insert: str = "") -> None:
        """Shows a ticket, with the composer open where asked."""
        from .ticket import TicketScreen

        if self.after_lock(partial(self.open_ticket, ticket, compose, insert)):
            return
        try:
            self.reading.find_ticket(ticket)
        except MscError as error:
            self.tell_error(error)
            return
        self.open_ticket_id = ticket
        if self.current_mode != "ticket":
            self.ticket_from = self.current_mode
        self.wanted = (compose, insert)
        self.go("ticket")
        screen = self.screen_stack[0]
        if isinstance(screen, TicketScreen) and screen.is_mounted:
            self.wanted = (None, "")
            screen.show(ticket, compose, insert)  # else it shows the ticket as soon as it is there

    def do_go_jump(self) -> None:
        """Opens a ticket by number, alias or the start of its id."""
        from .jump import Jump

        self.push_screen(Jump(), lambda id: self.open_ticket(id) if id else None)

    def do_app_palette(self) -> None:
        """Everything there is to do here."""
        from .palette import Palette

        screen = self.screen
        if isinstance(screen, ConsoleScreen):
            live = screen.available()
            reasons = {command.id: self.words_of(why) for command, why in live if why is not None}
            self.push_screen(Palette(live, self.keymap, reasons), partial(self._picked, screen))

    @staticmethod
    def _picked(screen: ConsoleScreen, id: str | None) -> None:
        if id:
            screen.action_act(id)

    def do_app_help(self) -> None:
        """The keys that work here."""
        from .palette import Help

        screen = self.screen
        if isinstance(screen, ConsoleScreen):
            own = [found.binding for found in screen.active_bindings.values() if found.node is screen.focused]
            self.push_screen(Help(screen.place()[0], screen.available(), own, self.keymap))

    def do_app_theme(self) -> None:
        """The next of the themes."""
        at = THEMES.index(self.theme) if self.theme in THEMES else 0
        self.theme = THEMES[(at + 1) % len(THEMES)]

    # -- news

    def _status(self, status: SyncStatus) -> None:
        self.post_message(SyncChanged(status))

    def _news(self, ids: frozenset[str]) -> None:
        self.post_message(TicketsChanged(ids))

    def on_sync_changed(self, message: SyncChanged) -> None:
        """Shown in the status line, and on the sync screen."""
        before, self.sync_status = self.sync_status, message.status
        if message.status.problem in WIPED:  # there is nothing left to show
            self.exit(return_code=int(Exit.NOT_ALLOWED), message=sentence(message.status.problem, message.status.data))
            return
        if message.status.signed_out and not before.signed_out and not self.locked:
            key = keymaps.shown(keymaps.keys_of(commands.LOCK, self.keymap))
            told = _("Central has ended your session. {key}, password and code begin another. Your work is kept.")
            self.tell(told.format(key=key), warn=True, seconds=60)
        self.frame_all()

    def on_tickets_changed(self, message: TicketsChanged) -> None:
        """Gathered for a moment, then shown on every screen."""
        self._pending_ids |= message.ids
        self._anything |= not message.ids
        if self._gather is None:
            self._gather = self.set_timer(TOGETHER_SECONDS, self._show_changes)

    def _show_changes(self) -> None:
        ids = frozenset() if self._anything else frozenset(self._pending_ids)
        self._gather, self._anything = None, False
        self._pending_ids.clear()
        for stack in list(self._screen_stacks.values()):
            for screen in stack:
                if isinstance(screen, ConsoleScreen) and screen.is_mounted:
                    screen.changed(ids)
        self._count_risk()

    def _count_risk(self) -> None:
        self.in_thread(self.reading.at_risk, self._risk, group="counts", failed=lambda _error: None)

    def _risk(self, count: int) -> None:
        if count != self._at_risk:
            self._at_risk = count
            self.frame_all()

    def _look(self) -> None:
        if not self.lock_when_idle():
            self.lock_when_over()

    def _tick(self) -> None:
        screen = self.screen_stack[0] if self.screen_stack else None
        if isinstance(screen, ConsoleScreen) and screen.is_mounted:
            screen.tick()

    def poke(self) -> None:
        """Has the sync look for something to send."""
        if self._conversation is not None:
            self._conversation.poke()

    def status_of(self, place: str, count: int | None, unsure: int = 0) -> Status:
        """The top line's value for a screen that shows `place`."""
        me, sync = self.reading.person, self.sync_status
        pending, attention = self.reading.counts()
        return Status(
            person=me.name,
            role=str(me.role),
            tier=str(me.tier),
            place=place,
            count=count,
            unsure=unsure,
            at_risk=self._at_risk,
            offline_since=None if sync.online else sync.since or self._started_at,
            connecting=sync.since is None and self.settings.central is not None,
            signed_out=sync.signed_out,
            pending=pending,
            refused=attention,
            onlooker=self.read_only,
            note=_("clock off") if abs(self.reading.clock_offset()) >= CLOCK_OFF else "",
            weak=_("password only") if self._password_only else "",
        )
