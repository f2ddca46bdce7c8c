"""Making the demo, once: central with its centre and its story, and a laptop for whoever comes."""

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

from .. import clock
from ..config import Home, private_folder, private_umask
from ..desk.syncing import held
from ..errors import MscError
from ..i18n import _, language
from . import server
from .place import Demo, Record, WayIn, address

Say = Callable[[str], None]
"""Tells the person what is being done, a line each."""
FIRST = "agent"
"""Who opens the demo."""
CHANNELS = ("email", "whatsapp", "social")
"""The written channels: what is sent on them lands in Maildirs of the demo."""
WAIT_SECONDS = 120.0
_LOOK_SECONDS = 0.2


def ensure(demo: Demo, say: Say) -> Record:
    """The demo, made now if there is none."""
    private_umask()
    demo.make()
    with _alone(demo):
        record = demo.load()
        if record is None:
            demo.clear()
            record = _make(demo, say)
    return record


def reset(demo: Demo) -> None:
    """Throw the demo away: central, laptops, sessions. MscError `demo_open` while a console is open."""
    if not demo.folder.exists():
        return
    with _alone(demo):
        if open_consoles(demo):
            raise MscError("demo_open")
        server.stop(demo)
        lock_sessions(demo)
        demo.clear()


def laptop(demo: Demo, record: Record, login: str) -> Home:
    """The person's own laptop, made if need be, with this central in its settings."""
    record.way(login)
    home = demo.laptop(login).make()
    line = f'central = "{address(record.port)}"'
    if home.config.exists():
        words = re.sub(r"(?m)^central *=.*$", line, home.config.read_text("utf-8"))
    else:
        words = f'{line}\nlanguage = "{language()}"\nkeyring = "optional"\n'
    home.config.write_text(words, "utf-8")
    return home


def open_consoles(demo: Demo) -> int:
    """How many consoles of the demo are open; what dead ones have left is cleared away."""
    found = 0
    for path in demo.consoles.glob("*"):
        with held(path, "look") as free:
            found += not free
        if free:
            path.unlink(missing_ok=True)
    return found


def lock_sessions(demo: Demo) -> None:
    """End the unlocked session of everybody who has signed in here."""
    from ..desk.opening import end_session

    for folder in (demo.folder / "laptops").glob("*"):
        end_session(Home(folder), folder.name)


@contextmanager
def _alone(demo: Demo) -> Iterator[None]:
    """One process at a time makes or clears the demo; the others wait. MscError `demo_busy`."""
    end, pause = clock.monotonic() + WAIT_SECONDS, threading.Event()
    while True:
        with held(demo.making, "demo") as mine:
            if mine:
                yield
                return
        if clock.monotonic() > end:
            raise MscError("demo_busy")
        pause.wait(_LOOK_SECONDS)


def _make(demo: Demo, say: Say) -> Record:
    from ..central import centre, delivery, masterkey, seed, setup
    from ..central.db import Central

    # The demo has a key of its own, beside its database: that of a real central on this machine is not to be touched.
    os.environ.pop(masterkey.VARIABLE, None)
    private_folder(demo.central)
    now = clock.now()
    say(_("Setting up a small centre: queues, services, people ..."))
    with as_file(files("msc_console.demo") / "centre.toml") as file:
        setup.init(demo.database, centre.load(Path(file)), now)
    say(_("Telling the story of a day: tickets, replies, escalations; passwords for everybody ..."))
    told = seed.seed(demo.database, now)
    central = Central.open(demo.database)
    try:
        for channel in CHANNELS:
            delivery.switch_on(central, channel, demo.sent / channel, now)
    finally:
        central.close()
    people = tuple(
        WayIn(login=way.login, password=way.password, secret=way.enrolment.secret, uri=way.enrolment.uri)
        for way in told.people
    )
    record = Record(made_at=clock.iso(now), port=server.free_port(), people=people)
    demo.save(record)
    return record
