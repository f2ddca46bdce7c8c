"""`python -m bench.sync [--only W3]... [--size quick|small|full] [--quick] [--no-peer] [--database KIND]... [--gate]`

Ten workloads of the conversation with central, real processes on this machine's loopback: figures as JSON lines, and
a summary for people on standard error. Lost, duplicated and silently overwritten acts stand in the same table.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack

from . import figures
from .figures import Figure, missing
from .office import postgres
from .sync_bench import w1, w3, w5, w7, w8, w10
from .sync_bench.peer import NoPeer, peer
from .sync_bench.sizes import SIZES, Size
from .sync_bench.stage import POUCH, Run

KINDS = ("SQLite", "PostgreSQL")
WORKLOADS: Mapping[str, Callable[[Run], Iterator[Figure]]] = {
    "W1": w1.measure,
    "W2": w1.measure_delta,
    "W3": w3.measure,
    "W4": w1.measure_idle,
    "W5": w5.measure_log_in,
    "W6": w5.measure_come_back,
    "W7": w7.measure,
    "W8": w8.measure,
    "W9": w3.measure_bytes,
    "W10": w10.measure,
}
"""Name -> what takes its figures, as the benchmark's description numbers them."""


def taken(
    names: Sequence[str], size: Size, kinds: Sequence[str] = KINDS, *, with_peer: bool = True
) -> Iterator[Figure]:
    """The figures of these workloads; what can't be had on this machine is said and left out."""
    with ExitStack() as after:
        found = list(kinds)
        if "PostgreSQL" in kinds:
            try:
                with postgres():
                    pass
            except OSError as error:
                found.remove("PostgreSQL")
                yield missing("PostgreSQL", str(error))
        other = None
        if with_peer:
            try:
                other = after.enter_context(peer())
            except NoPeer as why:
                yield missing(POUCH, str(why))
        run = Run(size, other, found)
        yield _load("load average before")
        for name in names:
            yield from WORKLOADS[name](run)
        yield _load("load average after")


def _load(name: str) -> Figure:
    if not hasattr(os, "getloadavg"):
        return missing(name, "this system has none")
    return figures.of(name, [os.getloadavg()[0]], "runnable", "of one minute; others' work included")


def measure() -> Iterator[Figure]:
    """All of them as on every day, for `bench.run`."""
    yield from taken(tuple(WORKLOADS), SIZES["small"])


def main(argv: Sequence[str] | None = None) -> int:
    """Take the figures that are asked for."""
    words = argparse.ArgumentParser(prog="python -m bench.sync", description=__doc__.splitlines()[2])
    words.add_argument("--only", action="append", choices=WORKLOADS, help="a workload; all by default")
    words.add_argument("--size", choices=SIZES, default="small")
    words.add_argument("--quick", action="store_true", help="a smoke run: --size quick on SQLite alone")
    words.add_argument("--database", action="append", choices=KINDS, help="both by default")
    words.add_argument("--no-peer", action="store_true", help=f"without {POUCH}")
    words.add_argument("--gate", action="store_true", help="exit code 1 when a gate was missed")
    asked = words.parse_args(argv)
    size = SIZES["quick" if asked.quick else asked.size]
    kinds = asked.database or (KINDS[:1] if asked.quick else KINDS)
    found = []
    for figure in taken(asked.only or tuple(WORKLOADS), size, kinds, with_peer=not asked.no_peer):
        print(figure.line(), flush=True)
        found.append(figure)
    missed = figures.summary(found)
    return 1 if asked.gate and missed else 0


if __name__ == "__main__":
    sys.exit(main())
