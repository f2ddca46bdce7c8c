"""W1, a first sync, whole and resumed at half; W2, a pull of what changed; W4, a round without news.

The first sync runs in a process of its own each time, so that its memory is the laptop's alone.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter

from ..figures import Figure, fact, of
from ..office import fill, served
from .news import bare, change, tickets
from .peer import documents
from .people import LONG, Seat, sign_in, timed
from .stage import BARE, Run, none, per, person

NOTES = 1
IDLE_TICKETS = 200
KIB = 1024


@dataclass(frozen=True, slots=True)
class First:
    """One first sync: seconds, seconds until tickets could be worked on, rows held, peak memory in MiB."""

    seconds: float
    usable: float
    rows: int
    memory: float


def first(seat: Seat, most: float = LONG) -> First:
    """Syncs for at most so many seconds, by the console's own driver."""
    worker = seat.sit()
    shown: list[float] = []

    def changed(ids: frozenset[str]) -> None:
        if ids and not shown:
            shown.append(perf_counter())

    talker = worker.talker(changed)
    begun = perf_counter()
    status = talker.run_until_quiet(most, patient=most < LONG)
    seconds = perf_counter() - begun
    if status.problem is not None and most == LONG:
        raise RuntimeError(f"sync ended in {status.problem}")
    try:
        return First(seconds, (shown[0] if shown else perf_counter()) - begun, worker.rows(), _peak())
    finally:
        worker.close()


def _peak() -> float:
    """MiB. `ru_maxrss` would be the parent's, whose peak a process inherits from before its exec (getrusage(2))."""
    try:
        status = Path("/proc/self/status").read_text("utf-8")
    except OSError:
        return 0.0
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / KIB


def apart(seat: Seat, most: float = LONG) -> First:
    """`first` in a new process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(first, seat, most).result()


def measure(run: Run) -> Iterator[Figure]:
    """W1 on each database; the peer's turns lie between ours."""
    for kind in run.kinds:
        for count in run.size.bootstrap:
            yield from _bootstrap(run, kind, count)


def measure_delta(run: Run) -> Iterator[Figure]:
    """W2 on each database."""
    for kind in run.kinds:
        yield from _delta(run, kind)


def measure_idle(run: Run) -> Iterator[Figure]:
    """W4 on each database."""
    for kind in run.kinds:
        yield from _idle(run, kind)


def _bootstrap(run: Run, kind: str, count: int) -> Iterator[Figure]:
    title = f"W1 first sync, {count:,} tickets, {kind}"
    with run.central(kind) as (place, folder):
        fill(place.central, count, NOTES)
        rows = documents(place.central, person(place.central, "budi"))
        sent = sum(row["_id"].startswith(("ticket:", "entry:")) for row in rows)
        ours: list[First] = []
        theirs, theirs_first, plain, resumed = [], [], [], []
        database = f"w1-{kind.lower()}-{count}"
        if run.peer is not None:
            run.peer.ask("load", db=database, file=run.peer.file(rows))
        with served(place) as url:
            seat = sign_in(place, url, "budi", folder)
            for _ in range(run.size.runs):
                seat.clear()
                ours.append(apart(seat))
                if run.peer is not None:
                    found = run.peer.ask("cold", db=database, name=database)
                    theirs.append(found["ms"] * 1000 / len(rows))
                    theirs_first.append(found["first"])
                plain.append(bare(rows, folder) * 1e6 / sent)
            half = median(one.seconds for one in ours) / 2
            seat.clear()
            begun = apart(seat, half)
            rest = apart(seat)
            resumed = [begun.seconds + rest.seconds]
    each = [one.seconds * 1e6 / sent for one in ours]
    speed = f"{sent * 1e6 / median(each) / sent:,.0f} rows/s, {sent:,} rows, indexed, SQLCipher"
    yield per(title, each, theirs, "us/row", gate=1.0, note=speed)
    yield per(f"{title}, upserts", each, plain, "us/row", to=BARE)
    yield per(f"{title}, usable after", [one.usable * 1000 for one in ours], theirs_first, "ms")
    yield of(f"{title}, peak memory", [one.memory for one in ours], "MiB", "the laptop's process")
    yield per(
        f"{title}, resumed at half", resumed, [one.seconds for one in ours], "s", to="the whole", gate=1.5,
        note=f"{begun.rows:,} rows were there",
    )  # fmt: skip
    yield none(f"{title}, rows lost", sum(abs(sent - one.rows) for one in (*ours, rest)))


def _delta(run: Run, kind: str) -> Iterator[Figure]:
    size = run.size
    with run.central(kind) as (place, folder):
        fill(place.central, size.changed, NOTES)
        database = f"w2-{kind.lower()}"
        me = person(place.central, "budi")
        rows = documents(place.central, me)
        if run.peer is not None:
            run.peer.ask("load", db=database, file=run.peer.file(rows))
            run.peer.ask("cold", db=database, name=database)
        ids = tickets(place.central)
        ours, theirs, plain = [], [], []
        with served(place) as url:
            worker = sign_in(place, url, "budi", folder).sit()
            worker.sync()
            for turn in range(size.runs):
                change(place.central, ids)
                ours.append(timed(worker.sync)[0] * 1e6 / (2 * len(ids)))
                if run.peer is not None:
                    named = [row["_id"] for row in rows if row["_id"].startswith(("ticket:", "entry:"))][: 2 * len(ids)]
                    run.peer.ask("change", db=database, ids=named, value=f"v{turn}")
                    found = run.peer.ask("pull", db=database, name=database)
                    theirs.append(found["ms"] * 1000 / found["docs"])
                plain.append(bare(documents(place.central, me)[-2 * len(ids) :], folder) * 1e6 / (2 * len(ids)))
            held = worker.rows()
            wanted = len(ids) * (2 + NOTES + size.runs)
            worker.close()
    speed = f"{1e6 / median(ours):,.0f} rows/s, {2 * len(ids):,} rows of {len(ids):,} tickets"
    yield per(f"W2 what changed, {kind}", ours, theirs, "us/row", gate=1.0, note=speed)
    yield per(f"W2 what changed, {kind}, upserts", ours, plain, "us/row", to=BARE)
    yield none(f"W2 rows lost, {kind}", abs(wanted - held))


def _idle(run: Run, kind: str) -> Iterator[Figure]:
    with run.central(kind) as (place, folder):
        fill(place.central, IDLE_TICKETS, NOTES)
        database = f"w4-{kind.lower()}"
        if run.peer is not None:
            rows = documents(place.central, person(place.central, "budi"))
            run.peer.ask("load", db=database, file=run.peer.file(rows))
            run.peer.ask("cold", db=database, name=database)
        with served(place) as url:
            worker = sign_in(place, url, "budi", folder).sit()
            worker.sync()
            rounds = [timed(worker.sync)[0] * 1000 for _ in range(run.size.rounds)]
            idle = run.peer.ask("idle", db=database, name=database, times=run.size.rounds)["ms"] if run.peer else []
            worker.close()
    yield per(f"W4 round without news, {kind}", rounds, idle, "ms", gate=1.0, note="greeting, outbox, one page")
    yield fact(f"W4 round under 10 ms, {kind}", median(rounds) < 10, f"median {median(rounds):.1f} ms")
