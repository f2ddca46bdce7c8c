"""How much central does at once. Beyond it a request is refused before it is begun, and told when to come again.

Two gates, so that new laptops never keep the others from working: *live* (push, changes, status) and *bootstrap*
(first pages, snapshots). In front of them each device has one push and one pull under way and a bucket of requests.
All of this belongs to one event loop; each process counts for itself.
"""

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from .. import clock
from .problems import ProblemError

DEVICES_KEPT = 10_000


@dataclass(frozen=True, kw_only=True)
class Loads:
    """How much at once, of each kind; made for two cores and 300 laptops that come back in one second."""

    live: int = 8
    live_queue: int = 128
    """Requests that may wait for their turn; each longer than that is refused."""
    bootstrap: int = 3
    bootstrap_queue: int = 32
    patience: float = 5.0
    """Seconds that a request waits for its turn."""
    device_queue: int = 2
    """Requests of one device and lane that may wait behind the one under way."""
    rate: float = 50.0
    burst: float = 300.0
    """Requests per second of one device in the long run, and at once after silence."""
    longest_wait: int = 20
    """Most seconds of a `Retry-After`."""
    streams: int = 1000
    """Open streams of pokes."""


class Full(Exception):
    """No turn in time, or too many wait already."""


class Gate:
    """At most `most` at once, `queue` in line behind them for at most `patience` seconds, in the order they came."""

    def __init__(self, most: int, queue: int, patience: float) -> None:
        self._free = most
        self._queue = queue
        self._patience = patience
        self._line: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._line)

    @property
    def free(self) -> int:
        """How many could come in at once."""
        return self._free

    async def take(self) -> None:
        """A turn, to be given back with `drop`. Raises Full; whoever is cancelled in line leaves nothing behind."""
        if self._free > 0:
            self._free -= 1
            return
        if len(self._line) >= self._queue:
            raise Full
        turn = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            async with asyncio.timeout(self._patience):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.drop()  # the turn came in the same moment
            elif turn in self._line:
                self._line.remove(turn)
            if isinstance(error, TimeoutError):
                raise Full from None
            raise

    def drop(self) -> None:
        """Gives a turn back: to the first in line, if there is one."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Buckets:
    """Requests per device: `burst` at once, `rate` per second in the long run. The longest silent are forgotten."""

    def __init__(self, rate: float, burst: float, monotonic: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        self._kept: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, device: str) -> float:
        """Takes one request from the bucket: 0 when there was one, else the seconds until there is."""
        now = self._monotonic()
        left, at = self._kept.pop(device, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        wait = 0.0 if left >= 1 else (1 - left) / self._rate
        self._kept[device] = (left if wait else left - 1, now)
        if len(self._kept) > DEVICES_KEPT:
            self._kept.popitem(last=False)
        return wait


class Permit:
    """The right of one request to be worked on. Giving it back twice, or without having had it, changes nothing."""

    def __init__(self, admission: "Admission", kind: str, lane: str) -> None:
        self._admission = admission
        self._kind = kind
        self._lane = lane
        self._held = False

    async def take(self) -> None:
        """Waits for the device's lane, then for the gate. Raises ProblemError 429 or 503."""
        if not self._held:
            await self._admission.enter(self._kind, self._lane)
            self._held = True

    def drop(self) -> None:
        """The work is done, or never began."""
        if self._held:
            self._held = False
            self._admission.leave(self._kind, self._lane)

    @asynccontextmanager
    async def resting(self) -> AsyncIterator[None]:
        """Whoever only waits holds no permit; afterwards it is taken anew."""
        self.drop()
        yield
        await self.take()


class Admission:
    """The gates, lanes and buckets of one process."""

    def __init__(
        self,
        loads: Loads | None = None,
        *,
        monotonic: Callable[[], float] = clock.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        self.loads = loads or Loads()
        patience = self.loads.patience
        self.gates = {
            "live": Gate(self.loads.live, self.loads.live_queue, patience),
            "bootstrap": Gate(self.loads.bootstrap, self.loads.bootstrap_queue, patience),
        }
        self._lanes: dict[str, Gate] = {}
        self._buckets = Buckets(self.loads.rate, self.loads.burst, monotonic)
        self._rng = rng or random.Random()

    async def admit(self, kind: str, device: str, lane: str) -> Permit:
        """A permit of `kind` (live, bootstrap) for one request of a device's `lane` (push, pull).

        Raises ProblemError 429 when the device asks too often, 503 when central has enough to do; both with a
        `Retry-After` that differs from one caller to the next.
        """
        wait = self._buckets.spend(device)
        if wait:
            raise self._refusal("too_fast", 1 + int(wait))
        permit = Permit(self, kind, f"{lane} {device}")
        await permit.take()
        return permit

    async def enter(self, kind: str, lane: str) -> None:
        """For `Permit` alone."""
        gate = self._lanes.setdefault(lane, Gate(1, self.loads.device_queue, self.loads.patience))
        try:
            await gate.take()
        except BaseException as error:
            self._forget(lane)
            if isinstance(error, Full):
                raise self._refusal("too_fast", 2) from None
            raise
        try:
            await self.gates[kind].take()
        except BaseException as error:
            self._leave_lane(lane)
            if isinstance(error, Full):
                raise self.busy(kind) from None
            raise

    def leave(self, kind: str, lane: str) -> None:
        """For `Permit` alone."""
        self.gates[kind].drop()
        self._leave_lane(lane)

    def busy(self, kind: str) -> ProblemError:
        """503: come again within a time that grows with the line at the gate."""
        gate = self.gates[kind]
        return self._refusal("unavailable", 2 + gate.waiting // 8)

    def _leave_lane(self, lane: str) -> None:
        self._lanes[lane].drop()
        self._forget(lane)

    def _forget(self, lane: str) -> None:
        """A lane in which nobody is needs no place in memory."""
        if self._lanes[lane].free and not self._lanes[lane].waiting:
            del self._lanes[lane]

    def _refusal(self, code: str, within: int) -> ProblemError:
        seconds = self._rng.randint(1, max(1, min(within, self.loads.longest_wait)))
        return ProblemError(code, headers={"Retry-After": str(seconds)}, retry_after=seconds)
