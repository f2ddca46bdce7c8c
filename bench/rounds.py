"""`python -m bench.rounds --minutes N [--deep]`: random histories again and again until the time is up.

Every round runs one of the files below with a fresh Hypothesis seed, so that each round sees histories that no round
before it saw. What they cover today:

- the fold: any sequence of acts, news, answers, losses and kills on a laptop leaves the view equal to base and
  pending acts (`test_fold_property`, its long form with `--deep`);
- the conversation: faults at each request, dead processes, clocks that jump; everything leaves once and arrives
  (`test_simulation`), back-off and guards hold in any rhythm (`test_backoff`), pages cut anywhere are refused;
- the feed: threads that write, push and take at the same moment leave no gap and no double (`test_feed`), every page
  size gives the same cache (`test_changes`), on each database that is there;
- the rules: any shift keeps clocks honest, no argument makes a rule raise (`test_clocks`), sealed ops (`test_seal`).

A failing round prints its seed and the command that plays it again. Exit code 1 when any failed, 2 when a file could
not be run at all.
"""

import argparse
import itertools
import os
import re
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).parent.parent
PLAYED = (
    "tests/store/test_fold_property.py",
    "tests/sync/test_simulation.py",
    "tests/central/ledger/test_feed.py",
    "tests/sync/test_backoff.py",
    "tests/central/ledger/test_changes.py",
    "tests/domain/test_clocks.py",
    "tests/sync/test_pages.py",
    "tests/store/test_outbox.py",
    "tests/store/test_reads.py",
    "tests/widgets/test_row_window.py",
    "tests/test_seal.py",
    "tests/test_records.py",
)
OUTLINE = 60
"""Lines of a failing round that are printed."""
FAILED, BROKEN = 1, 2
_EXAMPLES = re.compile(r"- (\d+) passing, (\d+) failing")
_CI = ("CI", "TF_BUILD", "GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "TRAVIS")
"""Where Hypothesis finds one of these it repeats the same examples for ever: the opposite of a soak."""


@dataclass(slots=True)
class Tally:
    """What the rounds came to."""

    rounds: Counter[str] = field(default_factory=Counter)
    examples: int = 0
    """As Hypothesis counts them; it is silent about those of a state machine that a test runs by itself."""
    failures: list[str] = field(default_factory=list)
    """Commands that play the failing rounds again."""
    broken: set[str] = field(default_factory=set)


def command(file: str, seed: int, deep: bool) -> list[str]:
    """How pytest plays one file with one seed."""
    return [
        sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header", "--durations=0",
        "--hypothesis-show-statistics", f"--hypothesis-seed={seed}", "-m", "" if deep else "not deep", file,
    ]  # fmt: skip


def play(file: str, seed: int, deep: bool, seconds: float | None, tally: Tally) -> None:
    """One round. A round that is cut off because the time is up counts for nothing."""
    words = command(file, seed, deep)
    env = {name: value for name, value in os.environ.items() if name not in _CI}
    try:
        done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return
    tally.rounds[file] += 1
    tally.examples += sum(int(good) + int(bad) for good, bad in _EXAMPLES.findall(done.stdout))
    if done.returncode == FAILED:
        part = "" if deep else "-m 'not deep' "
        again = f"python -m pytest --hypothesis-seed={seed} {part}{file}"
        tally.failures.append(again)
        print(f"FAILED with seed {seed}: {again}")
        print("\n".join(done.stdout.splitlines()[-OUTLINE:]), flush=True)
    elif done.returncode:
        tally.broken.add(file)
        print(f"could not be run: {file}\n{(done.stdout + done.stderr)[-1500:]}", flush=True)


def soak(files: Sequence[str], minutes: float, deep: bool) -> Tally:
    """Rounds over `files` until the time is up; at least one."""
    tally, end = Tally(), monotonic() + 60 * minutes
    for file in itertools.cycle(files):
        left = end - monotonic()
        if (left <= 0 and tally.rounds) or tally.broken >= set(files):
            return tally
        if file in tally.broken:
            continue
        seed = secrets.randbelow(2**32)
        before = tally.rounds.total()
        play(file, seed, deep, max(left, 60.0), tally)
        if tally.rounds.total() == before:
            return tally
        print(
            f"{file}  seed {seed}  {tally.examples} examples so far  {max(0, end - monotonic()):.0f} s left", flush=True
        )
    return tally


def main(argv: Sequence[str] | None = None) -> int:
    """Soak and tell."""
    words = argparse.ArgumentParser(prog="python -m bench.rounds", description=__doc__.splitlines()[0])
    words.add_argument("--minutes", type=float, default=10.0, help="how long; 10 by default")
    words.add_argument("--deep", action="store_true", help="the long forms too")
    words.add_argument("--only", action="append", metavar="TEXT", help="files whose path holds TEXT")
    asked = words.parse_args(argv)
    files = [file for file in PLAYED if not asked.only or any(text in file for text in asked.only)]
    if not files:
        words.error(f"no file of: {', '.join(PLAYED)}")
    tally = soak(files, asked.minutes, asked.deep)
    rounds = tally.rounds.total()
    print(
        f"{rounds} seeds tried over {len(tally.rounds)} files, {tally.examples} examples,"
        f" {len(tally.failures)} failures"
    )
    print("\n".join(tally.failures), end="\n" if tally.failures else "")
    return FAILED if tally.failures else BROKEN if tally.broken else 0


if __name__ == "__main__":
    sys.exit(main())
