"""How often a login or an address may try: counted by name, whether or not the name exists.

One-time codes are counted in the database (`auth`); this is the throttle before the password, in this process's memory.
"""

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from ipaddress import IPv6Network, ip_address, ip_network

FREE_TRIES = 5
ADDRESS_FAILURES = 20
LONGEST_WAIT = 15 * 60
NAMES_KEPT = 10_000


def delay(failed: int, free: int = FREE_TRIES) -> int:
    """Seconds to wait after `failed` wrong tries in a row: none for the first few, then 1, 2, 4 ... 900."""
    if failed < free:
        return 0
    return min(LONGEST_WAIT, 1 << min(failed - free, 10))


@dataclass
class _Count:
    failed: int = 0
    until: float = 0.0


class Throttle:
    """Failures per name with growing waits. The oldest names are forgotten first, so memory is bounded."""

    def __init__(self, free: int = FREE_TRIES) -> None:
        self._free = free
        self._counts: OrderedDict[str, _Count] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, name: str, at: float) -> int:
        """Starts a try at `at` (monotonic seconds): 0 = go on, else the seconds to wait.

        The try counts as failed until `succeeded` says otherwise, so that parallel tries can't slip past the limit.
        """
        with self._lock:
            count = self._counts.setdefault(name, _Count())
            self._counts.move_to_end(name)
            if len(self._counts) > NAMES_KEPT:
                self._counts.popitem(last=False)
            if at < count.until:
                return max(1, round(count.until - at))
            if count.failed and at - count.until > LONGEST_WAIT:
                count.failed = 0
            count.failed += 1
            count.until = at + delay(count.failed, self._free)
            return 0

    def succeeded(self, name: str) -> None:
        """The try was right: the name starts afresh."""
        with self._lock:
            self._counts.pop(name, None)

    def failed(self, name: str) -> int:
        """Wrong tries in a row so far, as this process counted them."""
        with self._lock:
            count = self._counts.get(name)
            return count.failed if count is not None else 0


def subscriber(address: str) -> str:
    """Whom an address counts for: an IPv6 address for its /64, which one subscriber has whole; all else for itself."""
    try:
        found = ip_network((ip_address(address), 64), strict=False)
    except ValueError:
        return address
    return str(found) if isinstance(found, IPv6Network) else address


class Window:
    """At most `most` failures per address's `subscriber` within `seconds`: many persons may sit behind one."""

    def __init__(self, most: int = ADDRESS_FAILURES, seconds: int = 60) -> None:
        self._most = most
        self._seconds = seconds
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, address: str, at: float) -> int:
        """As `Throttle.begin`: 0 = go on, else the seconds to wait."""
        name = subscriber(address)
        with self._lock:
            times = self._times.setdefault(name, deque())
            self._times.move_to_end(name)
            if len(self._times) > NAMES_KEPT:
                self._times.popitem(last=False)
            while times and at - times[0] >= self._seconds:
                times.popleft()
            if len(times) >= self._most:
                return max(1, round(times[0] + self._seconds - at))
            times.append(at)
            return 0

    def succeeded(self, address: str) -> None:
        """One try was right and doesn't count; the failures of others do."""
        with self._lock:
            if times := self._times.get(subscriber(address)):
                times.pop()
