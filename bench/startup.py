"""Cold starts of the command line against `python -c pass`."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

from .figures import RUNS, Figure, against, interleaved, missing, of, seconds
from .laptop import laptop, program

BASE = "python -c pass"
GATES: Mapping[str, tuple[list[str], float]] = {
    "msc --version": (["--version"], 7.0),
    "msc --help": (["--help"], 7.0),
    "msc ticket list": (["ticket", "list"], 12.0),
}
"""Name -> (words, most times the base)."""


def measure() -> Iterator[Figure]:
    """Every command in turn, on a laptop with an unlocked session."""
    with laptop() as place:

        def run(command: Sequence[str]) -> float:
            return seconds(lambda: subprocess.run(command, env=place.env, stdout=subprocess.DEVNULL, check=True))

        able, broken = {}, {}
        for name, (words, _gate) in GATES.items():
            tried = subprocess.run([*program(), *words], env=place.env, capture_output=True, text=True, check=False)
            if tried.returncode or not tried.stdout:
                broken[name] = (tried.stderr.strip().splitlines() or ["nothing was printed"])[-1][:160]
            else:
                able[name] = [*program(), *words]
        variants = {BASE: [sys.executable, "-c", "pass"]} | able
        found = interleaved({name: lambda c=c: run(c) for name, c in variants.items()}, 2 * RUNS + 1)  # type: ignore[misc]
    yield of(BASE, [1000 * value for value in found[BASE]], "ms")
    for name, (_words, gate) in GATES.items():
        if name in broken:
            yield missing(name, broken[name])
        else:
            yield against(name, [1000 * v for v in found[name]], BASE, [1000 * v for v in found[BASE]], "ms", gate)
