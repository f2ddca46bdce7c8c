"""Memory of a console at rest with 10k tickets in its cache, against an empty Textual app (Linux)."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .figures import Figure, against, interleaved, missing
from .first_row import ROW
from .laptop import laptop, program
from .terminal import Silent, terminal

RUNS = 3
BASE = "empty Textual app"


def resident(command: Sequence[str], env: Mapping[str, str], mark: bytes | None) -> float:
    """MiB once the program has come to rest."""
    with terminal(command, env) as screen:
        if mark is not None:
            screen.wait_for(mark)
        screen.settle(1.5, 10.0)
        return screen.resident()


def measure() -> Iterator[Figure]:
    """Both in turn."""
    if not Path("/proc/self/status").exists():
        yield missing("memory", "no /proc on this system")
        return
    with laptop() as place:
        try:
            found = interleaved(
                {
                    BASE: lambda: resident([sys.executable, "-m", "bench.bare", "empty"], place.env, None),
                    "console": lambda: resident(program(), place.env, ROW),
                },
                RUNS,
            )
        except Silent as silent:
            yield missing("memory", str(silent)[-300:])
            return
    yield against("console, 10k tickets", found["console"], BASE, found[BASE], "MiB")
