"""From a key to what it paints: the queue of 10k tickets against the barest list of the same length.

Both programs run side by side and get their keys in turn, so that whatever else the machine does falls on both. Gated
is the first frame, in which the cursor stands on its new row; what follows (the position under the list, the
counts) is told as "settled".
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from time import monotonic

from .figures import Figure, against, missing, percentile
from .first_row import ROW
from .laptop import laptop, program
from .terminal import Painted, Silent, Terminal, terminal

DOWN, PAGE_DOWN = b"\x1b[B", b"\x1b[6~"
QUIET = 0.03
"""Seconds without a byte after which a key counts as answered; less than the console waits with its preview."""
PACE = 0.18
"""Seconds between two keys of a person in a hurry: a preview has been painted by then."""
KEYS = 240
BURSTS = 120
BURST = 12
"""Keys at once, as a key held down over a slow line gives them."""
GATE = 1.3
BASE = "bare list"

PLAYS: Mapping[str, tuple[bytes, int]] = {
    "down": (DOWN, KEYS),
    "page down": (PAGE_DOWN, KEYS),
    f"{BURST} x down at once": (DOWN * BURST, BURSTS),
    f"{BURST} x page down at once": (PAGE_DOWN * BURST, BURSTS),
}


def press(screen: Terminal, keys: bytes) -> Painted | None:
    """One answer; what comes after it (a preview, a clock) is read and not counted."""
    taken = screen.type(keys, QUIET)
    until = monotonic() + PACE
    while (left := until - monotonic()) > 0:
        screen.read(left)
    return taken


def play(ours: Terminal, bare: Terminal, keys: bytes, times: int) -> tuple[list[Painted], list[Painted]]:
    """The same keys to both in turn."""
    found: tuple[list[Painted], list[Painted]] = [], []
    for turn in range(times):
        order = ((ours, found[0]), (bare, found[1]))
        for screen, answers in order if turn % 2 else reversed(order):
            taken = press(screen, keys)
            if taken is not None:
                answers.append(taken)
    return found


def measure() -> Iterator[Figure]:
    """Each kind of key in turn, from the top of the lists downwards."""
    with laptop() as place:
        env = {**place.env, "TEXTUAL_FPS": "120"}
        list_app = [sys.executable, "-m", "bench.bare", "list"]
        with terminal(program(), env) as ours, terminal(list_app, env) as bare:
            try:
                for screen in (ours, bare):
                    screen.wait_for(ROW)
                    screen.settle(1.0, 10.0)
                for name, (keys, times) in PLAYS.items():
                    yield from _figures(name, *play(ours, bare, keys, times))
            except Silent as silent:
                yield missing("key to paint", str(silent)[-300:])


def _figures(name: str, ours: list[Painted], bare: list[Painted]) -> Iterator[Figure]:
    if not ours or not bare:
        yield missing(name, "the key painted nothing")
        return
    parts: Mapping[str, tuple[Callable[[Painted], float], float, float | None]] = {
        "p50": (lambda one: one.first, 0.5, None),
        "p95": (lambda one: one.first, 0.95, GATE),
        "settled p95": (lambda one: one.last, 0.95, None),
    }
    for label, (of, share, gate) in parts.items():
        mine, theirs = [of(one) for one in ours], [of(one) for one in bare]
        yield against(f"{name} {label}", mine, BASE, theirs, "ms", gate, pick=percentile(share))
