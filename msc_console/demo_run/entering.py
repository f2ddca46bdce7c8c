"""A person of the demo comes to their desk: session, first sync, console. All by the ways that everybody uses."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .. import clock, config
from ..config import Home, Settings, private_folder
from ..desk.conversing import sync_once
from ..desk.opening import SigningIn, sit_down, unlock
from ..desk.syncing import held
from ..errors import MscError, NotAllowed, Unreachable
from ..i18n import _
from ..identity.errors import SessionRunning
from ..sync.status import SyncStatus
from . import server
from .codes import next_code
from .making import Say, ensure, laptop, open_consoles
from .place import VARIABLE, Demo, Record, WayIn, address

DEVICE = "demo"
SYNC_SECONDS = 60.0


def arrive(demo: Demo, login: str, say: Say) -> tuple[Record, Home]:
    """The whole way: the demo is made if there is none, its central runs unless it was cut, `login` is signed in."""
    record = ensure(demo, say)
    record.way(login)
    try:
        if not demo.cut.exists():
            record = server.start(demo, record)
        return record, enter(demo, record, login, say)
    except BaseException:
        leave(demo)
        raise


def enter(demo: Demo, record: Record, login: str, say: Say) -> Home:
    """The laptop of `login` with an unlocked session and a filled cache.

    Central that was cut on purpose stays cut: then the password opens the vault, if this person has been here before.
    """
    way = record.way(login)
    home = laptop(demo, record, login)
    chosen = config.load(home, environment(record, home))
    if server.running(demo) is None:
        _enter_offline(home, chosen, way, say)
        return home
    if not _synced(home, chosen, way, say):
        _sign_in(demo, home, chosen, way, say)
        _synced(home, chosen, way, say)
    return home


def environment(record: Record, home: Home) -> dict[str, str]:
    """The environment in which `msc` is this laptop's: nothing of the person's own settings but language and zone."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MSC_CENTRAL") and name != "MSC_KEYRING"
    }
    return kept | identity(record, home)


def identity(record: Record, home: Home) -> dict[str, str]:
    """The variables that make a shell this laptop's."""
    ours = {"MSC_HOME": str(home.folder), "MSC_CENTRAL": address(record.port), "MSC_KEYRING": "optional"}
    demo = os.environ.get(VARIABLE)
    return ours | ({VARIABLE: demo} if demo else {})


def console(demo: Demo, record: Record, home: Home, login: str) -> int:
    """Open the console of this laptop and wait for its end; its exit code."""
    # Ctrl+C is the console's business, also in the moments when it does not hold the terminal.
    with _counted(demo, login), _deaf_to_interrupt():
        return subprocess.call([sys.executable, "-P", "-m", "msc_console"], env=environment(record, home))


def leave(demo: Demo) -> None:
    """The last one out stops central."""
    if not open_consoles(demo):
        server.stop(demo)


def _synced(home: Home, chosen: Settings, way: WayIn, say: Say) -> bool:
    """Whether a session was there and central still knows it; then the cache has the newest."""
    try:
        desk = sit_down(home, chosen, way.login)
    except NotAllowed:
        return False
    try:
        say(_("Fetching the tickets of {login} ...").format(login=way.login))
        status = sync_once(desk, SYNC_SECONDS)
        return status is None or not _outside(status)
    finally:
        desk.leave()


def _outside(status: SyncStatus) -> bool:
    """Whether central wants a new sign-in."""
    known = ("signed_out", "token_missing", "token_unknown", "token_expired", "session_ended", "session_superseded")
    return status.problem in (*known, "proof_wrong", "refresh_reused", "device_unknown")


def _sign_in(demo: Demo, home: Home, chosen: Settings, way: WayIn, say: Say) -> None:
    say(_("Signing in as {login} ...").format(login=way.login))
    flow = SigningIn(home, chosen, way.login, DEVICE, mode="password")  # nobody's keyring is touched by a demo
    flow.password(way.password)
    code = next_code(demo, way, clock.now())
    if wait := code.wait(clock.now()).total_seconds():
        say(_("The last code has been used; the next one is good in {seconds} s ...").format(seconds=int(wait) + 1))
        threading.Event().wait(wait)
    try:
        flow.code(code.digits)
    except MscError as error:
        if error.key != "session_active":
            raise
        say(_("{login} is signed in on another device; that session is taken over.").format(login=way.login))
        flow.code(code.digits, take_over=True)


def _enter_offline(home: Home, chosen: Settings, way: WayIn, say: Say) -> None:
    if not home.person(way.login).vault.exists():
        raise Unreachable("demo_cut")
    try:
        sit_down(home, chosen, way.login).leave()
    except NotAllowed:
        say(_("Central is stopped: the password alone opens what is on this laptop ..."))
        with suppress(SessionRunning):  # another process was faster
            unlock(home, way.login, way.password)


@contextmanager
def _counted(demo: Demo, login: str) -> Iterator[None]:
    """This console counts as open for the block, also when it is killed: the system lets go of the lock."""
    path = private_folder(demo.consoles) / f"{login}.{os.getpid()}"
    try:
        with held(path, "console"):
            yield
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def _deaf_to_interrupt() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
