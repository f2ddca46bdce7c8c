"""`python -m bench.bootstrap [--tickets N] [--runs N]`: a first pull into an empty encrypted cache, then what changed.

One ticket in ten is open and has five entries; the others are closed. Figures of one process:
seconds until the first tickets can be worked on, until all rows are there, until all of them are in the index; rows a
second beside an upsert of the same rows into a plain SQLite file; peak memory.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from msc_console import clock, records
from msc_console.central import feed, sql
from msc_console.central.db import Central
from msc_console.central.system import SYSTEM
from msc_console.desk.conversing import driver
from msc_console.desk.seat import new_id
from msc_console.domain.commands import Command, Context, Effects, Situation
from msc_console.domain.decide import decide
from msc_console.domain.model import Entry, Ticket
from msc_console.domain.scope import queue_group
from msc_console.domain.terms import EntryKind, Op, State
from msc_console.sync.status import SyncStatus

from . import figures
from .figures import Figure, of
from .office import office, served
from .sync_bench.news import bare, change
from .sync_bench.people import LONG, Seat, sign_in

TICKETS = 100_000
OPEN = 10
"""One in so many is open."""
ENTRIES = 5
CHANGED = 5_000
CHUNK = 5_000
PAD = "Pembubuhan meterai elektronik gagal di tahap stempel, saldo kuota sudah terpotong. "


@dataclass(frozen=True, slots=True)
class Pulled:
    """Seconds until usable, until all rows were there, until the index was whole; rows; peak MiB."""

    usable: float
    rows: float
    index: float
    count: int
    memory: float


def fill(central: Central, tickets: int) -> list[str]:
    """Rows by bulk SQL, announced in chunks; the ids of the open tickets, the newest first."""
    now = clock.now()
    first = _model(now)
    group = frozenset({queue_group("triage")})
    open_: list[str] = []
    for start in range(0, tickets, CHUNK):
        rows, entries = [], []
        for n in range(start, min(start + CHUNK, tickets)):
            made = now - timedelta(minutes=tickets - n)
            ticket = replace(
                first, id=new_id(), number=n + 1, ver=1, subject=f"Stempel gagal {n}: {PAD}"[:180],
                contact_name=f"Andi Prasetyo {n}", organisation_name=f"Bank Sagara cabang {n % 400}",
                created_at=made, contact_at=made, updated_at=made,
            )  # fmt: skip
            if n % OPEN:
                ended = now - timedelta(days=80) * (n / tickets)
                ticket = replace(ticket, state=State.CLOSED, resolved_at=ended, closed_at=ended, updated_at=ended)
            else:
                open_.append(ticket.id)
                entries += [_entry(ticket.id, k, made) for k in range(ENTRIES)]
            rows.append(records.to_row(ticket))
        with central.write() as conn:
            sql.many(conn, sql.insert("ticket", records.columns(Ticket)), rows)
            names = (*records.columns(Entry), "clocked")
            sql.many(conn, sql.insert("entry", names), [row | {"clocked": 0} for row in entries])
            refs = [("ticket", row["id"]) for row in rows] + [("entry", row["id"]) for row in entries]
            changes = [feed.Change(entity=entity, id=id, ver=1, put_groups=group) for entity, id in refs]
            feed.announce(conn, changes, at=now)
    return open_[::-1]


def _model(now: object) -> Ticket:
    """A ticket as the rules make one, clocks and all."""
    at = clock.now()
    args = {"subject": "x", "queue": "triage", "channel": "phone", "urgency": "high"}
    command = Command(id=new_id(), kind=Op.TICKET_CREATE, actor=SYSTEM.id, target=new_id(), args=args, made_at=at)
    made = decide(Situation(), command, Context(actor=SYSTEM, now=at, queues=frozenset({"triage"})))
    if not isinstance(made, Effects) or made.ticket is None:
        raise RuntimeError(f"not made: {made}")
    return made.ticket


def _entry(ticket: str, k: int, at: object) -> dict[str, object]:
    entry = Entry(
        id=new_id(), ticket=ticket, ver=1, kind=EntryKind.NOTE, act=Op.ENTRY_NOTE, author=SYSTEM.id, author_name="Rina",
        body=f"Log POS: {k} kali 504. {PAD}", made_at=at, received_at=at, at=at,  # type: ignore[arg-type]
    )  # fmt: skip
    return records.to_row(entry)


def pull(seat: Seat) -> Pulled:
    """One first pull by the console's own driver."""
    worker = seat.sit()
    shown: list[float] = []
    whole: list[float] = []

    def changed(ids: frozenset[str]) -> None:
        if ids and not shown:
            shown.append(perf_counter() - begun)

    def said(status: SyncStatus) -> None:
        if status.last_sync is not None and not whole:
            whole.append(perf_counter() - begun)

    talker = driver(worker.desk, worker.way, said, changed)
    begun = perf_counter()
    status = talker.run_until_quiet(LONG)
    ended = perf_counter() - begun
    if status.problem is not None:
        raise RuntimeError(f"sync ended in {status.problem}")
    try:
        return Pulled(shown[0], whole[0], ended, worker.rows(), _peak())
    finally:
        worker.close()


def _peak() -> float:
    """MiB; what `getrusage` tells of a process is never less than its parent's."""
    status = Path("/proc/self/status")
    told = status.read_text("utf-8") if status.exists() else "VmHWM: 0 kB"
    return next(int(line.split()[1]) / 1024 for line in told.splitlines() if line.startswith("VmHWM"))


def apart(seat: Seat) -> Pulled:
    """`pull` in a new process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(pull, seat).result()


def measure(tickets: int = TICKETS, runs: int = 3, changed: int = CHANGED) -> Iterator[Figure]:
    """First pulls and then rounds of changes."""
    with office() as place, TemporaryDirectory(prefix="msc-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        open_ = fill(place.central, tickets)
        rows = tickets + len(open_) * ENTRIES
        plain = bare(_documents(place.central), folder)
        with served(place) as url:
            seat = sign_in(place, url, "budi", folder)
            found: list[Pulled] = []
            for _ in range(runs):
                seat.clear()
                found.append(apart(seat))
            title = f"first pull, {tickets:,} tickets"
            yield of(f"{title}, usable", [one.usable for one in found], "s", "the first run cuts the snapshot")
            yield of(f"{title}, all rows", [one.rows for one in found], "s", f"{rows:,} rows")
            yield of(f"{title}, index whole", [one.index for one in found], "s")
            yield of(f"{title}, peak memory", [one.memory for one in found], "MiB")
            for label, seconds in (("rows", [one.rows for one in found]), ("index too", [one.index for one in found])):
                yield figures.against(
                    f"{title}, {label}", [rows / one for one in seconds], "a bare SQLite upsert", [rows / plain],
                    "rows/s",
                )  # fmt: skip
            yield figures.fact(f"{title}, nothing lost", all(one.count == rows for one in found))
            yield from _delta(place.central, seat, open_[:changed])


def _delta(central: Central, seat: Seat, ids: Sequence[str]) -> Iterator[Figure]:
    worker = seat.sit()
    worker.sync()
    speeds = []
    for _ in range(5):
        change(central, ids)
        begun = perf_counter()
        worker.sync()
        speeds.append(2 * len(ids) / (perf_counter() - begun))
    worker.close()
    yield of(f"pull of {len(ids):,} changed tickets", speeds, "rows/s", f"{2 * len(ids):,} rows, index kept")


def _documents(central: Central) -> list[dict[str, object]]:
    """Tickets and entries as `bare` takes them."""
    with central.read() as conn:
        return [
            {"_id": f"{entity}:{row['id']}", **records.row_to_wire(records.ENTITIES[entity], row)}
            for entity in ("ticket", "entry")
            for row in sql.rows(conn, sql.select(entity, "1 = 1"))
        ]


def main(argv: Sequence[str] | None = None) -> int:
    """Take the figures."""
    words = argparse.ArgumentParser(prog="python -m bench.bootstrap", description=__doc__.splitlines()[0])
    words.add_argument("--tickets", type=int, default=TICKETS)
    words.add_argument("--runs", type=int, default=3)
    asked = words.parse_args(argv)
    taken = []
    for figure in measure(asked.tickets, asked.runs):
        print(figure.line(), flush=True)
        taken.append(figure)
    return 1 if figures.summary(taken) else 0


if __name__ == "__main__":
    sys.exit(main())
