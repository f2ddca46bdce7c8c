"""`python -m bench.soak --minutes N --seed S`: shifts of a simulated centre, one seed after the other.

Each seed is a random history over the real central, the real laptops and every fault that `tests.simulation` knows;
after each step and at the end its promises (P1 to P20 of the design) are looked at. A history that breaks one is made
shorter and written to `--traces`, where `tests/simulation/test_traces.py` plays it again.

Prints JSON: seeds tried, steps, acts, faults by kind (0: it never struck), central's answers, violations. Exit code 1
when there was one.
"""

import argparse
import json
import logging
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from tests.simulation.play import TRACES, actions, keep, play, shrink
from tests.simulation.verbs import KINDS

LENGTHS = (60, 150, 400)
"""Actions of a history; the seeds take turns."""
SHRINK_TRIES = 300


@dataclass(slots=True)
class Tally:
    """What the histories came to."""

    seeds: int = 0
    steps: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    violations: list[dict[str, Any]] = field(default_factory=list)

    def told(self, seconds: float) -> dict[str, Any]:
        """As it is printed."""
        return {
            "seconds": round(seconds, 1),
            "seeds": self.seeds,
            "steps": self.steps,
            "acts": self.counts["ops"],
            "killed": self.counts["killed"],
            "actions": _part(self.counts, "action."),
            "faults": {kind: self.counts[f"fault.{kind}"] for kind in KINDS},
            "settled": _part(self.counts, "settled."),
            "answers": _part(self.counts, "answer."),
            "violations": self.violations,
        }


def _part(counts: Counter[str], start: str) -> dict[str, int]:
    return {key.removeprefix(start): counts[key] for key in sorted(counts) if key.startswith(start)}


def soak(first: int, minutes: float, traces: Path) -> Tally:
    """Histories from the seed `first` on until the time is up; at least one."""
    tally, end = Tally(), monotonic() + 60 * minutes
    seed = first
    while not tally.seeds or monotonic() < end:
        history = actions(seed, LENGTHS[seed % len(LENGTHS)])
        played = play(seed, history)
        tally.seeds += 1
        tally.steps += played.done
        tally.counts.update(played.tally)
        if played.broken is not None:
            short = shrink(seed, history[: played.done + 1], played.broken, SHRINK_TRIES)
            path = keep(traces, seed, short, played.broken)
            tally.violations.append(
                {"seed": seed, "what": str(played.broken)[:500], "steps": len(short), "trace": str(path)}
            )
        seed += 1
    return tally


def main(argv: Sequence[str] | None = None) -> int:
    """Soak and tell."""
    words = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__.splitlines()[0])
    words.add_argument("--minutes", type=float, default=10.0, help="how long; 10 by default")
    words.add_argument("--seed", type=int, default=1, help="the first seed; 1 by default")
    words.add_argument("--traces", type=Path, default=TRACES, help="where shrunk histories are written")
    asked = words.parse_args(argv)
    logging.disable(logging.CRITICAL)  # faults are what this is about
    begun = monotonic()
    tally = soak(asked.seed, asked.minutes, asked.traces)
    print(json.dumps(tally.told(monotonic() - begun), indent=1))
    return 1 if tally.violations else 0


if __name__ == "__main__":
    sys.exit(main())
