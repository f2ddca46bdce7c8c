"""`python -m bench.run [--only NAME]... [--gate]`: figures as JSON lines, and a summary for people on standard error.

Each line: name, value, unit, ratio_to, ratio, gate, ok, n, min, median, max, note. With `--gate` the exit code is 1
when a gate was missed; without it nothing fails by time.
"""

import argparse
import compileall
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path

import msc_console

from . import figures
from .figures import Figure

PARTS = ("startup", "first_row", "keys", "memory", "identity", "ledger", "sync")
"""Modules of this folder with a `measure`, the ones that a person waits for first."""
_POSIX = ("startup", "first_row", "keys", "memory")


def measures() -> Mapping[str, Callable[[], Iterator[Figure]]]:
    """Name -> what takes its figures."""
    return {name: lambda name=name: import_module(f".{name}", __package__).measure() for name in PARTS}  # type: ignore[misc]


def _installed() -> None:
    """An install compiles modules and catalogues; a checkout that was just changed must not pay for either."""
    for folder in (Path(msc_console.__file__).parent, Path(__file__).parent):
        compileall.compile_dir(folder, quiet=2)
    subprocess.run([sys.executable, "-m", "tools.catalogue", "compile"], check=True, stdout=subprocess.DEVNULL)


def main(argv: Sequence[str] | None = None) -> int:
    """Take the figures that are asked for; all by default."""
    words = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__.splitlines()[0])
    words.add_argument("--only", action="append", choices=PARTS, metavar="NAME", help=f"one of {', '.join(PARTS)}")
    words.add_argument("--gate", action="store_true", help="exit code 1 when a gate was missed")
    asked = words.parse_args(argv)
    _installed()
    taken: list[Figure] = []
    for name, measure in measures().items():
        if asked.only and name not in asked.only:
            continue
        if sys.platform == "win32" and name in _POSIX:
            found = iter([figures.missing(name, "needs a pty and a session, neither is there on Windows")])
        else:
            found = measure()
        for figure in found:
            print(figure.line(), flush=True)
            taken.append(figure)
    missed = figures.summary(taken)
    return 1 if asked.gate and missed else 0


if __name__ == "__main__":
    sys.exit(main())
