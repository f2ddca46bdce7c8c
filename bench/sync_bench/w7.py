"""W7: from one console's act to another console's screen, with many consoles open at their own caches."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

from msc_console.desk.conversing import Conversation
from msc_console.sync.status import SyncStatus

from ..figures import Figure, against, missing, of, percentile
from ..office import fill, served
from .news import WORDS, tickets
from .people import Seat, Worker, sign_in
from .stage import POUCH, Run
from .w5 import logins

PATIENCE = 30.0
TICKETS = 20


@dataclass(slots=True)
class Screen:
    """An open console: its desk, its standing conversation, and when each ticket last changed under it."""

    worker: Worker
    talk: Conversation = field(init=False)
    wanted: str = ""
    seen: threading.Event = field(default_factory=threading.Event)
    ready: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.talk = Conversation(self.worker.desk, self._status, self._changed)

    def _status(self, status: SyncStatus) -> None:
        if status.last_sync is not None and status.working is None:
            self.ready.set()

    def _changed(self, ids: frozenset[str]) -> None:
        if self.wanted in ids:
            self.seen.set()


def measure(run: Run) -> Iterator[Figure]:
    """The first database and the peer."""
    for kind in run.kinds:
        yield from _on(run, kind)


def _on(run: Run, kind: str) -> Iterator[Figure]:
    size = run.size
    title = f"W7 act to another's screen, {kind}"
    with run.central(kind, logins(size.screens)) as (place, folder):
        fill(place.central, TICKETS, 1)
        ids = tickets(place.central)
        with served(place) as url:
            seats: list[Seat] = [sign_in(place, url, name, folder) for name in logins(size.screens)]
            screens = [Screen(seat.sit()) for seat in seats]
            try:
                for screen in screens:
                    screen.worker.sync()
                    screen.talk.start()
                for screen in screens:
                    screen.ready.wait(PATIENCE)
                threading.Event().wait(1.0)
                ours, late = [], 0
                for n in range(size.writes):
                    took = _act(screens[n % len(screens)], screens[(n + 1) % len(screens)], ids[n % len(ids)])
                    ours.append(PATIENCE * 1000 if took is None else took * 1000)
                    late += took is None
            finally:
                for screen in screens:
                    screen.talk.stop()
                    screen.worker.close()
    if late == len(ours):
        yield missing(title, "nothing arrived")
        return
    theirs = (
        run.peer.ask("live", db=f"w7-{kind.lower()}", clients=size.screens, writes=size.writes)["ms"]
        if run.peer
        else []
    )
    for name, pick in (("p50", percentile(0.5)), ("p95", percentile(0.95))):
        note = f"{size.screens} consoles in one process, {late} of {len(ours)} never came"
        if theirs:
            yield against(f"{title}, {name}", ours, POUCH, theirs, "ms", pick=pick, note=note)
        else:
            yield of(f"{title}, {name}", [pick(ours)], "ms", note)
    yield Figure(
        name=f"{title}, p95 under 1 s", value=percentile(0.95)(ours), unit="ms", ok=percentile(0.95)(ours) < 1000,
    )  # fmt: skip


def _act(writer: Screen, reader: Screen, ticket: str) -> float | None:
    """A note by one; seconds until the other's console is told of the ticket, None when it never was."""
    reader.seen.clear()
    reader.wanted = ticket
    begun = perf_counter()
    writer.worker.desk.note(ticket, WORDS)
    writer.talk.poke()
    return perf_counter() - begun if reader.seen.wait(PATIENCE) else None
