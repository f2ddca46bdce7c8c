"""The long poll, in a thread of its own so that a push never waits for it. It only pokes; the driver pulls the page."""

import logging
import threading
from random import Random
from typing import Protocol

from .. import clock
from .backoff import delay
from .faults import Broken, Declined
from .moves import Source
from .ports import Clock, Transport
from .wire import WAIT_SECONDS

log = logging.getLogger("msc.sync")

LOOK_AGAIN = 0.1
"""Seconds until the driver is asked again whether there is something to listen for."""
UNMOVED = 30.0
"""Seconds after which news that the driver did not take in is announced once more."""
TOO_QUICK = 1.0
"""An empty answer sooner than this: somebody on the way does not wait."""
SLOW_DOWN = 10.0


class Ear(Protocol):
    """The driver, as the listener knows it."""

    def listen_from(self) -> str | None: ...

    def poke(self, source: Source = ...) -> None: ...


class Listener:
    """Asks central to speak up when there is news after the cursor that the driver has reached."""

    def __init__(
        self,
        ear: Ear,
        transport: Transport,
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

    def once(self) -> float:
        """One poll at most; seconds to pause before the next."""
        cursor, begun = self._ear.listen_from(), self._clock.monotonic()
        if cursor is None:
            return LOOK_AGAIN
        if self._told is not None and self._told[0] == cursor and begun < self._told[1] + UNMOVED:
            return LOOK_AGAIN
        try:
            page = self._transport.changes(cursor, 1, self._wait)
        except (Broken, Declined) as error:
            # The driver finds out what it is, and says so; here only patience.
            self._failures += 1
            self._ear.poke(Source.CENTRAL)
            return max(error.retry_after or 0.0, delay(self._failures, self._rng))
        except Exception as error:  # the tokens can't be read, for instance: news must still come once they can
            log.error("listening failed: %s", type(error).__name__)
            self._failures += 1
            return delay(self._failures, self._rng)
        self._failures = 0
        if page.lines or page.cursor != cursor:
            self._told = (cursor, self._clock.monotonic())
            self._ear.poke(Source.CENTRAL)
            return LOOK_AGAIN
        return SLOW_DOWN if self._clock.monotonic() - begun < TOO_QUICK else 0.0

    def run(self, stop: threading.Event) -> None:
        """Listen until `stop` is set; a poll under way ends with its own wait."""
        while not stop.is_set():
            pause = self.once()
            if pause > 0:
                stop.wait(pause)

    def start(self, stop: threading.Event) -> threading.Thread:
        """`run` in a daemon thread: a poll that central still holds never keeps the program from ending."""
        thread = threading.Thread(target=self.run, args=(stop,), name="msc-listener", daemon=True)
        thread.start()
        return thread
