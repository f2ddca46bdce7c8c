"""`python -m bench.memory [--tickets N]`: memory of the console while it pulls everything, and at rest, beside an empty
Textual app (Linux). The console is the real one on a pty, central a process on this machine's loopback."""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from msc_console import clock
from msc_console.config import Home
from msc_console.identity.launch import start_session
from msc_console.store.opening import Cache

from . import figures
from .bootstrap import fill
from .figures import Figure, against, missing, of
from .first_row import ROW
from .laptop import environment, program
from .office import Office, office, served
from .sync_bench.people import sign_in
from .terminal import Silent, Terminal, terminal

TICKETS, SMALL = 100_000, 10_000
RUNS = 3
LOGIN = "rina"
BASE = "empty Textual app"
REST, PEAK, AFTER = 2.8, 5.0, 3.2
"""Gates, in empty Textual apps."""
CALM = 60.0
"""Seconds after a pull within which its memory has to be given back."""
LONG = 600.0


def resident(command: Sequence[str], env: Mapping[str, str], mark: bytes | None) -> float:
    """MiB once the program has come to rest."""
    with terminal(command, env) as screen:
        if mark is not None:
            screen.wait_for(mark)
        screen.settle(1.5, 10.0)
        return screen.resident()


def pulled(env: Mapping[str, str], cache: Cache, tickets: int) -> tuple[float, float, float]:
    """MiB at the peak of a first pull by the console and at the end of `CALM` seconds after it, and what the pull took
    in seconds, the index included. Raises Silent."""
    with terminal(program(), env) as screen:
        begun = monotonic()
        while not _whole(cache, tickets):
            if screen.ended() or monotonic() > begun + LONG:
                raise Silent(f"{_count(cache, 'ticket')} of {tickets} tickets came")
            _read(screen, 1.0)
        took, peak = monotonic() - begun, screen.resident("VmHWM")
        _read(screen, CALM)
        return peak, screen.resident(), took


def _read(screen: Terminal, seconds: float) -> None:
    """Take what the console paints, so that it never waits for its terminal."""
    end = monotonic() + seconds
    while (left := end - monotonic()) > 0:
        screen.read(left)


def _whole(cache: Cache, tickets: int) -> bool:
    return _count(cache, "ticket") >= tickets and _count(cache, "search_ticket") >= tickets


def _count(cache: Cache, table: str) -> int:
    with cache.read() as conn:
        return int(conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def measure(tickets: int = SMALL) -> Iterator[Figure]:
    """The pull, then the rest of a console that finds everything there."""
    if not Path("/proc/self/status").exists():
        yield missing("memory", "no /proc on this system")
        return
    os.environ["MSC_KDF"] = "test"
    with TemporaryDirectory(prefix="msc-bench-", ignore_cleanup_errors=True) as folder, office() as place:
        fill(place.central, tickets)
        try:
            with served(place) as url:
                yield from _measured(Path(folder), place, url, tickets)
        except Silent as silent:
            yield missing("memory", str(silent)[-300:])


def _measured(folder: Path, place: Office, url: str, tickets: int) -> Iterator[Figure]:
    seat = sign_in(place, url, LOGIN, folder)
    worker = seat.sit()
    home = Home(seat.people.folder.parents[1])
    home.current.write_text(LOGIN, "utf-8")
    session = start_session(home, LOGIN, seat.done.secret, clock.now() + timedelta(hours=2))
    try:
        env = environment(home.folder, MSC_CENTRAL=url)
        empty = [resident([sys.executable, "-m", "bench.bare", "empty"], env, None) for _ in range(RUNS)]
        peak, after, took = pulled(env, worker.desk.cache, tickets)
        rest = [resident(program(), env, ROW) for _ in range(RUNS)]
    finally:
        session.lock()
        session.close()
        worker.close()
    name = f"console, {tickets // 1000}k tickets"
    yield against(f"{name}, at rest", rest, BASE, empty, "MiB", gate=REST)
    yield against(f"{name}, peak of the pull", [peak], BASE, empty, "MiB", gate=PEAK)
    yield against(f"{name}, a minute after", [after], BASE, empty, "MiB", gate=AFTER)
    yield of(f"{name}, pulled", [took], "s", "rows and index, by a console that paints meanwhile")


def main(argv: Sequence[str] | None = None) -> int:
    """The figures of one size."""
    words = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__.splitlines()[0])
    words.add_argument("--tickets", type=int, default=TICKETS)
    taken = []
    for figure in measure(words.parse_args(argv).tickets):
        print(figure.line(), flush=True)
        taken.append(figure)
    figures.summary(taken)
    return 0


if __name__ == "__main__":
    sys.exit(main())
