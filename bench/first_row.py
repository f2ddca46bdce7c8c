"""From the start of the process to the first ticket on the screen, against a Textual app with one `Static`."""

import json
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic

from .bare import MARK
from .figures import RUNS, Figure, against, fact, interleaved, missing, of
from .laptop import Laptop, laptop, program
from .terminal import Silent, terminal

ROW = b"MSC-0"
"""What every row of the filled cache begins with."""
GATE = 1.5
BASE = "one Static"


def first(command: Sequence[str], env: Mapping[str, str], mark: bytes) -> float:
    """Milliseconds until `mark` is on the screen."""
    with terminal(command, env) as screen:
        return 1000 * (screen.wait_for(mark) - screen.begun)


def imported_before(place: Laptop) -> list[str]:
    """Heavy packages that the console asked for before its first row."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "asked.json"
        with terminal([sys.executable, "-m", "bench.probe", str(file)], place.env) as screen:
            shown = screen.wait_for(ROW)
            screen.signal(signal.SIGUSR1)
            until = monotonic() + 5
            while not screen.ended() and monotonic() < until:
                screen.read(0.05)
        asked: dict[str, float] = json.loads(file.read_text("ascii"))
    return sorted(name for name, at in asked.items() if at <= shown)


def measure() -> Iterator[Figure]:
    """The console and the bare app in turn; then what the console had loaded."""
    with laptop() as place:
        try:
            first(program(), place.env, ROW)
        except Silent as silent:
            yield missing("first row", str(silent)[-300:])
            return
        static = [sys.executable, "-m", "bench.bare", "static"]
        found = interleaved(
            {
                BASE: lambda: first(static, place.env, MARK.encode()),
                "console": lambda: first(program(), place.env, ROW),
            },
            RUNS,
        )
        yield of(BASE, found[BASE], "ms")
        yield against("first row, 10k tickets", found["console"], BASE, found[BASE], "ms", GATE)
        early = imported_before(place)
        yield fact("nothing heavy before the first row", not early, " ".join(early))
