"""Talking with central: one round for a command, a standing conversation for the console.

One process of a person talks at a time (a file lock decides); the others' writes are in the same cache, and the
talker sees them there.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from .. import clock
from ..config import Home, Settings
from ..errors import MscError, NotAllowed, UsageError
from ..sync.ahead import AheadTransport
from ..sync.driver import SyncDriver
from ..sync.listener import Listener
from ..sync.moves import Source
from ..sync.ports import TokenStore
from ..sync.status import SyncStatus, Trouble
from ..sync.transport import HttpTransport
from ..sync.verdict import Verdict
from ..sync.wire import Tokens
from . import Desk, exporting, spool
from .opening import end_session
from .places import lock_path
from .seat import Seat
from .syncing import CacheDisk, CacheTokens, Watch, forget_tokens, held
from .taking import CacheIntake

log = logging.getLogger("msc.desk")

SOON_SECONDS = 2.0
"""Longest that a CLI write waits for central; the rest is done by the next process that talks."""
ROUND_SECONDS = 120.0
SIGN_OUT_SECONDS = 5.0
VERIFY_TRIES = 5
"""How often a comparison that news has crossed is tried again at once."""

Changed = Callable[[frozenset[str]], None]


class NoTokens:
    """Nobody has signed in yet."""

    def access(self) -> str | None:
        return None

    def refresh_token(self) -> str | None:
        return None

    def sign_refresh(self, token: str) -> str:
        return ""

    def save(self, tokens: Tokens) -> None:
        """A sign-in keeps its tokens itself, once there is a cache."""


def transport(chosen: Settings, tokens: TokenStore) -> HttpTransport:
    """The way to central. UsageError `central_unset` when the settings name none."""
    if chosen.central is None:
        raise UsageError("central_unset")
    return AheadTransport(chosen.central, tokens, ca_file=chosen.ca_file)


@contextmanager
def line(desk: Seat) -> Iterator[HttpTransport]:
    """A line to central with the desk's tokens. UsageError as of `transport`."""
    way = transport(desk.settings, CacheTokens(desk.cache, desk.unlocked))
    try:
        yield way
    finally:
        way.close()


def driver(desk: Desk, way: HttpTransport, on_status: Callable[[SyncStatus], None], on_change: Changed) -> SyncDriver:
    """The engine over this desk's cache, going on where the last process left off."""
    disk = CacheDisk(desk.cache, desk.replica, desk.unlocked, on_change, desk.forget_world, desk.home.incarnation)
    intake = CacheIntake(desk.cache, desk.replica, on_change, desk.forget_world)
    return SyncDriver.open(way, disk, on_status, intake=intake)


def sync_once(desk: Desk, seconds: float = ROUND_SECONDS, *, patient: bool = True) -> SyncStatus | None:
    """Push and pull until nothing is left to do. None when another process is talking: it has been left to it.

    Unless `patient`, the first failure ends it.
    """
    with held(lock_path(desk), "cli") as mine:
        if not mine:
            return None
        with line(desk) as way:
            talker = driver(desk, way, lambda status: None, lambda ids: None)
            status = talker.run_until_quiet(seconds, patient=patient)
            if status.problem is None:
                exporting.tell(desk, way)
                if patient:
                    spool.bring(spool.of(desk), way, clock.now())
    _heed(desk, status)
    return status


def _heed(desk: Desk, status: SyncStatus) -> None:
    """A session that central no longer knows may be that of a revoked laptop. Raises `wiping.Wiped`."""
    if status.problem == Trouble.SIGNED_OUT:
        from . import wiping

        wiping.look_from(desk)


def verify_once(desk: Desk, seconds: float = ROUND_SECONDS) -> tuple[SyncStatus, Verdict | None] | None:
    """One round that also compares the cache with central and puts right what differs. None when another process is
    talking; no verdict when the round did not get that far, or central can't compare."""
    with held(lock_path(desk), "cli") as mine:
        if not mine:
            return None
        with line(desk) as way:
            talker = driver(desk, way, lambda status: None, lambda ids: None)
            for _ in range(VERIFY_TRIES):
                talker.want_verify()
                status = talker.run_until_quiet(seconds, patient=False)
                if status.problem is not None or talker.verdict is None or talker.verdict.compared:
                    break
            return talker.status, talker.verdict


def push_soon(desk: Desk) -> SyncStatus | None:
    """What a command does after a write: `SOON_SECONDS` of sync, unless a console of this person is talking."""
    return None if desk.settings.central is None else sync_once(desk, SOON_SECONDS, patient=False)


def trouble(desk: Desk, seconds: float = SOON_SECONDS) -> MscError | None:
    """Why central can't be talked to now; None when it answers."""
    try:
        way = transport(desk.settings, NoTokens())
        try:
            way.hello(seconds)
        finally:
            way.close()
    except MscError as error:
        return error
    return None


def sign_out(desk: Desk, seconds: float = SIGN_OUT_SECONDS) -> int:
    """Send what can be sent, end the session at central and forget its tokens. What is unsent stays in the cache,
    sealed, and lies in the laptop's spool as well: how many acts of it."""
    with suppress(NotAllowed):  # the keys went first: what is open is sealed after the next sign-in
        CacheDisk(desk.cache, desk.replica, desk.unlocked).seal_all()
    if desk.settings.central is not None:
        sync_once(desk, seconds)
    spooled = spool.write(desk, clock.now())
    if desk.settings.central is not None:
        with line(desk) as way, suppress(MscError):  # central ends the session by itself when its time is over
            way.sign_out(seconds)
    forget_tokens(desk.cache)
    return spooled


def lock(home: Home, desk: Seat) -> None:
    """Forget the keys; tokens stay. What is unsent is sealed first, held replies too: it can leave without them."""
    try:
        if isinstance(desk, Desk):
            with suppress(NotAllowed):  # the session has ended already
                CacheDisk(desk.cache, desk.replica, desk.unlocked).seal_all()
    finally:
        end_session(home, desk.unlocked.login)


class Conversation:
    """The console's standing conversation, in threads of its own. Callbacks run on these threads.

    Where another process of this person holds the lock, it is waited for, and its changes show through the watch.
    """

    def __init__(
        self, desk: Desk, on_status: Callable[[SyncStatus], None], on_change: Changed, *, talks: bool = True
    ) -> None:
        """`talks` False only watches: the console that looks on writes nothing."""
        self._desk = desk
        self._talks = talks
        self._on_status = on_status
        self._on_change = on_change
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._driver: SyncDriver | None = None
        self._way: HttpTransport | None = None
        self._asked = False
        self._brought = False

    def start(self) -> None:
        """Begin; returns at once."""
        for name, work in (("msc-sync", self._talk), ("msc-watch", self._watch)):
            thread = threading.Thread(target=work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def poke(self) -> None:
        """There is something to send, or a person asked."""
        if self._driver is not None:
            self._driver.poke(Source.LOCAL)

    def signed_in(self) -> None:
        """The keys are there again."""
        if self._driver is not None:
            self._driver.poke(Source.SIGNED_IN)

    def stop(self, seconds: float = 2.0) -> None:
        """End the conversation; a request under way is left to its own end after `seconds`."""
        self._stop.set()
        self.poke()
        for thread in self._threads:
            thread.join(seconds)

    def _talk(self) -> None:
        if self._desk.settings.central is None or not self._talks:
            return
        while not self._stop.is_set():
            try:
                with held(lock_path(self._desk), "console") as mine:
                    if mine:
                        self._converse()
                        return
            except Exception as error:  # the cache or the lock can't be had now; the desk stays usable meanwhile
                log.error("no conversation: %s", type(error).__name__)
                key = error.key if isinstance(error, MscError) else Trouble.INTERNAL
                self._on_status(SyncStatus(problem=key))
            self._stop.wait(1.0)

    def _converse(self) -> None:
        self._way = transport(self._desk.settings, CacheTokens(self._desk.cache, self._desk.unlocked))
        with ExitStack() as after:
            after.callback(self._way.close)
            self._driver = driver(self._desk, self._way, self._heard, self._on_change)
            Listener(self._driver, self._way).start(self._stop)
            self._driver.run_forever(self._stop)

    def _heard(self, status: SyncStatus) -> None:
        """Passes a status on; at a session's end central is asked once whether this laptop was revoked."""
        if status.problem != Trouble.SIGNED_OUT:
            self._asked = False
            self._bring(status)
        elif not self._asked:
            self._asked = True
            try:
                _heed(self._desk, status)
            except NotAllowed as gone:
                self._stop.set()
                status = SyncStatus(problem=gone.key, data=gone.data)
        self._on_status(status)

    def _bring(self, status: SyncStatus) -> None:
        """Hands on what others left here, once each time that central is back."""
        if status.problem is not None or not status.online:
            self._brought = False
        elif not self._brought and not status.pending and self._way is not None:
            self._brought = True
            spool.bring(spool.of(self._desk), self._way, clock.now())
            exporting.tell(self._desk, self._way)

    def _watch(self) -> None:
        tokens = CacheTokens(self._desk.cache, self._desk.unlocked)
        seen = 0
        wanted: set[str] = set()
        session: str | None = None

        def written() -> None:
            nonlocal seen, session, wanted
            token = tokens.refresh_token()
            if token != session:  # someone has signed in again, perhaps by the command line
                session = token
                if token is not None and self._driver is not None:
                    self._driver.poke(Source.SIGNED_IN)
            newest = self._desk.last_act()
            if newest != seen:  # only an act is news to the sync: its own bookkeeping must not wake it
                seen = newest
                self.poke()
            asked = set(self._desk.wanted())
            if asked - wanted:
                self.poke()
            wanted = asked
            self._on_change(frozenset())

        Watch(self._desk.cache, written).run(self._stop)
