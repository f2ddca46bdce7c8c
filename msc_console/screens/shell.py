"""What every screen asks of the app it is in: the desk, the time, acts in threads, the way to other screens.

Threads post facts as messages; the handlers here and in the screens alone touch widgets.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from textual.message import Message

from .. import clock
from ..config import Settings
from ..desk.reading import Reading
from ..errors import MscError
from ..messages import sentence
from ..sync.status import SyncStatus
from ..widgets.row_window import RowSource
from .key_order import KeyOrder

if TYPE_CHECKING:
    from ..desk import Desk
    from ..desk.acts import Done

log = logging.getLogger("msc.console")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one act: `done`, or the error that says why not."""

    label: str
    done: "Done | None" = None
    error: MscError | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A reply that hasn't left: until `until` it can be taken back."""

    op: str
    ticket: str
    label: str
    body: str
    until: datetime


class Performed(Message):
    """Acts of a person have been tried, one or one for each marked ticket."""

    def __init__(self, outcomes: Sequence[Outcome], then: Callable[[Sequence[Outcome]], None] | None) -> None:
        super().__init__()
        self.outcomes, self.then = tuple(outcomes), then


class WasRead(Message):
    """Something was read or computed in a thread."""

    def __init__(self, value: Any, then: Callable[[Any], None]) -> None:
        super().__init__()
        self.value, self.then = value, then


class Failed(Message):
    """Work in a thread ended in an error."""

    def __init__(self, error: MscError, then: Callable[[MscError], None] | None) -> None:
        super().__init__()
        self.error, self.then = error, then


class TicketsChanged(Message):
    """These tickets have changed in the cache; empty = something has."""

    def __init__(self, ids: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.ids = ids


class Shell(KeyOrder):
    """The app as screens see it."""

    settings: Settings
    seated: Reading | None = None
    """Whose desk it is; None before anybody has signed in."""
    read_only = False
    keymap: dict[str, str]
    held: Held | None = None
    sync_status = SyncStatus()
    told = ""
    """What is told at the moment."""
    told_warns = False
    source: RowSource | None = None
    """The view that the queue shows: next and previous go along it."""
    open_ticket_id: str | None = None
    wanted: tuple[str | None, str] = (None, "")
    """What to write on the ticket that is being opened, and words to begin with."""
    ticket_from = "queue"
    """The screen that the ticket was opened from."""

    @property
    def reading(self) -> Reading:
        """What can be read at the desk; all that the first frame needs."""
        assert self.seated is not None
        return self.seated

    @property
    def desk(self) -> "Desk":
        """The whole desk. The rules of acting are loaded when it is first asked for."""
        from ..desk.whole import Desk

        seated = self.reading
        if not isinstance(seated, Desk):
            seated = self.seated = Desk(seated.home, seated.settings, seated.cache, seated.unlocked)
        return seated

    @property
    def zone(self) -> ZoneInfo:
        """The zone that times are shown in."""
        return ZoneInfo(self.settings.zone)

    def now(self) -> datetime:
        """Device time corrected to central's clock."""
        return self.reading.now()

    def go(self, mode: str) -> None:
        """To another main screen."""
        raise NotImplementedError

    def open_ticket(self, ticket: str, compose: str | None = None, insert: str = "") -> None:
        """Shows a ticket (its id), with the composer open for a `reply` or `note` where asked."""
        raise NotImplementedError

    def status_of(self, place: str, count: int | None, unsure: int = 0) -> Any:
        """The top line's value for a screen that shows `place`: `count` rows, `unsure` of them not confirmed."""
        raise NotImplementedError

    def leave(self) -> None:
        """Asks to quit."""
        raise NotImplementedError

    def acted(self, outcomes: Sequence[Outcome]) -> None:
        """Tells the person of acts that were tried, and the sync of acts that were kept."""
        raise NotImplementedError

    def seat(self, desk: Reading) -> None:
        """Somebody has signed in: their desk is shown."""
        raise NotImplementedError

    def look_only(self) -> None:
        """Shows the desk without writing to it."""
        raise NotImplementedError

    def hold_reply(self, held: Held) -> None:
        """A reply was kept that can still be taken back."""
        raise NotImplementedError

    def poke(self) -> None:
        """Has the sync look for something to send."""
        raise NotImplementedError

    def changed_here(self, ids: frozenset[str]) -> None:
        """This process has changed tickets: they are shown anew, and the sync looks for what to send."""
        self.post_message(TicketsChanged(ids))
        self.poke()

    @property
    def leaving(self) -> bool:
        """Whether the console is on its way out: its screens are being taken apart."""
        return not self.is_running or self.return_code is not None

    # -- work in threads

    def perform(
        self,
        acts: "Sequence[tuple[str, Callable[[], Done]]]",
        then: Callable[[Sequence[Outcome]], None] | None = None,
        *,
        group: str,
    ) -> None:
        """Tries acts (label, what to do) one after the other in a thread; then tells, and calls `then`."""

        def work() -> None:
            outcomes = []
            for label, act in acts:
                try:
                    outcomes.append(Outcome(label, done=act()))
                except Exception as error:
                    outcomes.append(Outcome(label, error=as_error(error)))
            self.post_message(Performed(outcomes, then))

        self.keys_wait()
        self._thread(work, group)

    def in_thread(
        self,
        work: Callable[[], Any],
        then: Callable[[Any], None],
        *,
        group: str,
        failed: Callable[[MscError], None] | None = None,
    ) -> None:
        """Runs a read or a quiet write in a thread; hands its value to `then`, an error to `failed`, else a toast."""

        job = [(work, then, failed)]

        def guarded() -> None:
            what, hand, apology = job.pop()  # a finished worker lives on for a while, its screen need not
            try:
                value = what()
            except Exception as error:
                self.post_message(Failed(as_error(error), apology))
            else:
                self.post_message(WasRead(value, hand))

        del work, then, failed

        self._thread(guarded, group)

    def _thread(self, work: Callable[[], None], group: str) -> None:
        # Started by the app's own loop: what is started while a screen is active keeps that screen alive.
        self.call_later(self.run_worker, work, thread=True, group=group, exit_on_error=False)

    def on_performed(self, message: Performed) -> None:
        """Acts were tried."""
        if self.leaving:
            return
        self.acted(message.outcomes)
        if message.then is not None:
            message.then(message.outcomes)
        self.call_later(self.keys_go_on)  # by then the focus is where that has put it

    def on_was_read(self, message: WasRead) -> None:
        """A read came back."""
        if not self.leaving:
            message.then(message.value)

    def on_failed(self, message: Failed) -> None:
        """Work failed: the screen deals with it, or the person is told."""
        if self.leaving:
            return
        if message.then is not None:
            message.then(message.error)
        else:
            self.tell_error(message.error)

    # -- telling

    def tell(self, text: str, *, warn: bool = False, seconds: float = 8.0) -> None:
        """Tells the result of the person's own act for some seconds, where it covers nothing."""
        raise NotImplementedError

    def tell_error(self, error: MscError) -> None:
        """Why something did not work."""
        self.tell(self.words_of(error), warn=True)

    def words_of(self, error: MscError) -> str:
        """An error in the person's words."""
        return sentence(error.key, error.data, self.settings.zone)


def as_error(error: Exception) -> MscError:
    """An error that can be told; what nobody expected is logged under a reference, without anybody's words."""
    if isinstance(error, MscError):
        return error
    reference = uuid4().hex[:8].upper()
    log.error("unexpected %s, reference %s", type(error).__name__, reference)
    return MscError("internal_here", reference=reference)


HELD_TICK = timedelta(seconds=1)


def still_held(held: Held | None, now: datetime | None = None) -> bool:
    """Whether a reply can still be taken back."""
    return held is not None and (now or clock.now()) < held.until
