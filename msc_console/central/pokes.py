"""Who listens on a stream: woken when the feed has moved in one of their groups, by one small read for all of them.

A poke carries no data, so a spare one costs its listener an empty pull and a missing one costs a wait: whenever it is
not known whom news concerns, everybody is woken.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio.to_thread

from ..domain.scope import COMMON
from .watch import HeadWatch

log = logging.getLogger("msc.central")

KEPT = 256
"""Moves of the feed that are remembered for listeners who are busy."""
LOOK_UP = 5.0
"""Seconds after which the task looks whether anybody still listens."""
JITTER_MS = 2
"""Milliseconds of jitter per listener, up to `JITTER_MOST_MS`."""
JITTER_MOST_MS = 2000

ReadGroups = Callable[[frozenset[str], int, int], frozenset[str]]
"""(groups, after, upto) -> those of the groups in which the feed has rows in (after, upto]. Called in a thread."""


@dataclass(slots=True)
class Listening:
    """One open stream. `seq`: the feed position up to which it has been told, or needs not be told."""

    device: str
    groups: frozenset[str]
    seq: int
    look: bool = False
    """The session should be looked at again."""
    replaced: bool = False
    """The device has opened another stream."""


@dataclass(frozen=True, slots=True)
class _Move:
    after: int
    upto: int
    asked: frozenset[str]
    found: frozenset[str] | None

    def concerns(self, groups: frozenset[str]) -> bool:
        return self.found is None or not groups <= self.asked or not groups.isdisjoint(self.found)


@dataclass(slots=True)
class Pokes:
    """The listeners of one process. Everything happens on the event loop."""

    watch: HeadWatch
    read_groups: ReadGroups
    share: int = 1
    """Processes that share the listeners, for the hint of how many there are."""
    _open: dict[str, Listening] = field(default_factory=dict)
    _moves: deque[_Move] = field(default_factory=lambda: deque(maxlen=KEPT))
    _at: int = 0
    _ended: str = ""
    """The mark of `watch` for which all listeners were told to look."""
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _needed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def count(self) -> int:
        """Open streams."""
        return len(self._open)

    @property
    def jitter_ms(self) -> int:
        """Within how many milliseconds the listeners should spread what they do next."""
        return min(JITTER_MOST_MS, JITTER_MS * max(1, self.count * self.share))

    def open(self, device: str, groups: frozenset[str], seq: int, ended: str) -> Listening:
        """Begins to listen from `seq`; a stream that the device had before is over. `ended`: `watch.ended` of before
        the caller was found to be signed in."""
        if device in self._open:
            self._open[device].replaced = True
        if not self._open:
            self._moves.clear()
            self._at = seq
        listening = self._open[device] = Listening(device, groups, seq, look=ended != self.watch.ended)
        self._needed.set()
        self._wake()
        return listening

    def close(self, listening: Listening) -> None:
        """Ends it. Twice is once."""
        if self._open.get(listening.device) is listening:
            del self._open[listening.device]
        if not self._open:
            self._needed.clear()

    async def news(self, listening: Listening, seconds: float) -> bool:
        """Waits until there is news for it (True), something else to see to, or `seconds` have passed."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    woken = self._woken
                    if self._concerned(listening):
                        return True
                    if listening.look or listening.replaced or self.watch.stopped:
                        return False
                    await woken.wait()
        except TimeoutError:
            return False

    async def run(self) -> None:
        """Follows the feed while anybody listens, until cancelled or the watch is stopped."""
        while not self.watch.stopped:
            await self._needed.wait()
            at = self._at
            head = await self.watch.wait(at, LOOK_UP, self._ended)
            if self.watch.ended != self._ended:
                self._ended = self.watch.ended
                self._look_again()
            if head > at == self._at:
                groups = frozenset[str]().union(*(one.groups for one in self._open.values()))
                move = _Move(at, head, groups, await self._found(groups, at, head))
                if self._at == at:  # else everybody left meanwhile, and others came
                    self._moves.append(move)
                    self._at = head
                    self._wake()
        self._wake()

    async def _found(self, groups: frozenset[str], after: int, upto: int) -> frozenset[str] | None:
        try:
            return await anyio.to_thread.run_sync(self.read_groups, groups, after, upto)
        except Exception as error:
            log.warning("can't read whom the feed's news concerns: %s", type(error).__name__)
            return None

    def _concerned(self, listening: Listening) -> bool:
        """Whether what came after its seq concerns it; its seq moves on in either case."""
        if listening.seq >= self._at:
            return False
        missed = not self._moves or self._moves[0].after > listening.seq
        moves = [move for move in self._moves if move.upto > listening.seq]
        listening.seq = self._at
        told = [move for move in moves if move.concerns(listening.groups)]
        if any(move.found is None or COMMON in move.found for move in told):
            listening.look = True  # rights are common news: the groups may be others from now on
        return missed or bool(told)

    def _look_again(self) -> None:
        for listening in self._open.values():
            listening.look = True
        self._wake()

    def _wake(self) -> None:
        self._woken.set()
        self._woken = asyncio.Event()
