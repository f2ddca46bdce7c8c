"""Hears of news, in a thread of its own so that a push never waits for it: by central's stream, else by the long poll.

It only pokes; the driver pulls. A stream that something on the way cuts or holds back gives way to the long poll, and
is tried again after a while.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from random import Random
from typing import Protocol

from .. import clock
from .backoff import delay
from .faults import Broken, Declined, Fault
from .moves import Source
from .pages import Page
from .ports import Clock
from .stream import Word
from .wire import STREAM, WAIT_SECONDS, Bye

log = logging.getLogger("msc.sync")

LOOK_AGAIN = 0.1
"""Seconds until the driver is asked again whether there is something to listen for."""
UNMOVED = 30.0
"""Seconds after which news that the driver did not take in is announced once more."""
TOO_QUICK = 1.0
"""An empty answer sooner than this: somebody on the way does not wait."""
SLOW_DOWN = 10.0
QUICK_CLOSE = 10.0
"""A stream that ends sooner without a goodbye was cut by somebody on the way."""
QUICK_CLOSES = 3
POLLING = 600.0
"""Seconds of long polls before the stream is tried again."""
JITTER_MOST = 2.0
"""Seconds that central may ask a listener to spread its pull over."""
_NO_STREAM = frozenset({404, 405, 406, 501})


class Ear(Protocol):
    """The driver, as the listener knows it."""

    def listen_from(self) -> str | None: ...

    def poke(self, source: Source = ...) -> None: ...


class Way(Protocol):
    """The transport, as the listener knows it."""

    @property
    def features(self) -> frozenset[str]:
        """What the central that was last greeted can do."""
        ...

    def changes(self, cursor: str, limit: int, wait: int = 0, timeout: float | None = None) -> Page: ...

    def stream(self) -> Iterator[Sequence[Word]]:
        """What central says, piece by piece as it arrives; an empty piece is a ping. Ends when central closes."""
        ...


class Listener:
    """Has central speak up when there is news after the cursor that the driver has reached."""

    def __init__(
        self,
        ear: Ear,
        transport: Way,
        *,
        times: Clock = clock,
        rng: Random | None = None,
        wait: int = WAIT_SECONDS,
    ) -> None:
        self._ear = ear
        self._transport = transport
        self._clock = times
        self._rng = rng or Random()
        self._wait = wait
        self._failures = 0
        self._told: tuple[str, float] | None = None
        self._seq: int | None = None
        self._quick = 0
        self._polls_until = float("-inf")

    def once(self, stop: threading.Event | None = None) -> float:
        """One stream or one poll at most; seconds to pause before the next."""
        cursor, begun = self._ear.listen_from(), self._clock.monotonic()
        if cursor is None:
            return LOOK_AGAIN
        try:
            if STREAM in self._transport.features and begun >= self._polls_until:
                return self._listen(begun, stop or threading.Event())
            return self._poll(cursor, begun)
        except (Broken, Declined) as error:
            # The driver finds out what it is, and says so; here only patience.
            self._failures += 1
            self._ear.poke(Source.CENTRAL)
            return max(error.retry_after or 0.0, delay(self._failures, self._rng))
        except Exception as error:  # the tokens can't be read, for instance: news must still come once they can
            log.error("listening failed: %s", type(error).__name__)
            self._failures += 1
            return delay(self._failures, self._rng)

    # -- the stream

    def _listen(self, begun: float, stop: threading.Event) -> float:
        """Hears a stream to its end. Raises what is not the stream's own trouble."""
        heard = False
        try:
            for words in self._transport.stream():
                heard, self._failures = True, 0
                for word in words:
                    if isinstance(word, Bye):
                        return self._farewell(word)
                self._hear(words, stop)
                if stop.is_set():
                    return 0.0
        except Broken as error:
            if error.kind is Fault.TIMEOUT:
                # Silence at once: held back on the way. Silence later: the laptop slept, or the line is gone.
                return 0.0 if heard else self._poll_instead()
            if error.kind not in (Fault.CUT, Fault.NOT_OURS):
                raise
        except Declined as error:
            if error.problem.status not in _NO_STREAM:
                raise
            return self._poll_instead()
        self._quick = self._quick + 1 if self._clock.monotonic() - begun < QUICK_CLOSE else 0
        if self._quick >= QUICK_CLOSES:
            return self._poll_instead()
        return delay(max(1, self._quick), self._rng)

    def _hear(self, words: Sequence[Word], stop: threading.Event) -> None:
        """A poke for the newest head, after a random part of the jitter that central asked for.

        The head of a new stream is news too unless it is the one heard last, whichever of the two is higher: central
        may have been restored.
        """
        heads = [word for word in words if not isinstance(word, Bye)]
        if heads and heads[-1].seq != self._seq:
            self._seq = heads[-1].seq
            stop.wait(self._rng.uniform(0, self._jitter(heads[-1].jitter_ms)))
            self._ear.poke(Source.CENTRAL)

    def _farewell(self, bye: Bye) -> float:
        """Central ended the stream: not the fault of anybody on the way."""
        self._quick = 0
        if bye.code == "replaced":  # another window of this laptop listens: two must not push each other out in turn
            return SLOW_DOWN
        if bye.code == "stopping":
            return 1.0 + self._rng.uniform(0, 1.0 + self._jitter(bye.jitter_ms))
        self._ear.poke(Source.CENTRAL)  # the session: the driver renews it, or says what is wrong
        return delay(1, self._rng)

    def _poll_instead(self) -> float:
        self._quick = 0
        self._polls_until = self._clock.monotonic() + POLLING
        return 0.0

    @staticmethod
    def _jitter(told_ms: int) -> float:
        return min(max(0, told_ms) / 1000, JITTER_MOST)

    # -- the long poll

    def _poll(self, cursor: str, begun: float) -> float:
        if self._told is not None and self._told[0] == cursor and begun < self._told[1] + UNMOVED:
            return LOOK_AGAIN
        page = self._transport.changes(cursor, 1, self._wait)
        self._failures = 0
        if page.lines or page.cursor != cursor:
            self._told = (cursor, self._clock.monotonic())
            self._ear.poke(Source.CENTRAL)
            return LOOK_AGAIN
        return SLOW_DOWN if self._clock.monotonic() - begun < TOO_QUICK else 0.0

    # -- the thread

    def run(self, stop: threading.Event) -> None:
        """Listen until `stop` is set; a poll or stream under way ends with its own next word."""
        while not stop.is_set():
            pause = self.once(stop)
            if pause > 0:
                stop.wait(pause)

    def start(self, stop: threading.Event) -> threading.Thread:
        """`run` in a daemon thread: a poll that central still holds never keeps the program from ending."""
        thread = threading.Thread(target=self.run, args=(stop,), name="msc-listener", daemon=True)
        thread.start()
        return thread
