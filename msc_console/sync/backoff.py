"""When to try again: exponential delays with full jitter, `Retry-After`, and the guard against fast loops.

All times are monotonic seconds; the wall clock may jump without effect.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

BASE = 1.0
LONGEST = 300.0
SHORTEST = 0.25
RETRY_AFTER_LONGEST = 3600.0
"""A server that asks for more is asked again after this anyway."""
TOLERANCE = 0.001
"""A timer that fires this much early counts as due, so that rounding can't make a loop of tiny waits."""
NEVER = float("-inf")


def delay(failures: int, rng: Random) -> float:
    """Seconds before the next try after `failures` failures in a row (from 1): full jitter below a doubling ceiling."""
    ceiling = min(LONGEST, BASE * 2.0 ** min(failures - 1, 16))
    return max(SHORTEST, rng.uniform(0, ceiling))


@dataclass(slots=True)
class Pace:
    """One lane's patience: how often it failed in a row, why, and when it may try again."""

    failures: int = 0
    at: float = NEVER
    """Not before."""
    floor: float = NEVER
    """Not before, whatever a person does: central asked for it by `Retry-After`."""
    problem: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    def fail(
        self,
        mono: float,
        rng: Random,
        problem: str | None,
        data: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Count a failure and set the next try. `retry_after`: seconds, from the server, which knows better than any
        doubling when there will be room."""
        self.failures += 1
        self.problem, self.data = problem, data or {}
        if retry_after is None:
            self.at = mono + delay(self.failures, rng)
        else:
            self.hold(mono, rng, retry_after)

    def hold(self, mono: float, rng: Random, retry_after: float) -> None:
        """Wait as the server asked, in seconds, though nothing failed."""
        asked = min(max(retry_after, 0.0), RETRY_AFTER_LONGEST)
        self.floor = mono + asked
        # Spread: everybody who was told the same second would come back in the same second.
        self.at = self.floor + rng.uniform(0, 1 + asked * 0.1)

    def ok(self) -> None:
        """The lane works."""
        self.failures, self.problem, self.data = 0, None, {}
        self.at = self.floor = NEVER

    def hasten(self) -> None:
        """Something new to do: try now, unless the server asked for patience."""
        self.failures, self.at = 0, self.floor

    def waits(self, mono: float) -> bool:
        return self.at > mono + TOLERANCE


@dataclass(slots=True)
class Guard:
    """Bounds requests that achieve nothing: at most `most` within `window` seconds, whatever wakes the engine."""

    most: int = 5
    window: float = 10.0
    _at: deque[float] = field(default_factory=deque)

    def opens_at(self, mono: float) -> float | None:
        """The moment from which another request is allowed; None when it is allowed now."""
        if len(self._at) < self.most:
            return None
        opens = self._at[-self.most] + self.window
        return opens if opens > mono + TOLERANCE else None

    def note(self, mono: float) -> None:
        """A request leaves."""
        self._at.append(mono)
        while len(self._at) > self.most:
            self._at.popleft()

    def progress(self) -> None:
        """A request achieved something."""
        self._at.clear()
