"""Who waits for news: long polls sleep here until the head of the feed has moved.

Own commits wake them at once (`notify`); those of other processes are found by reading `feed_head` every 250 ms, and
only while somebody waits. No NOTIFY, no triggers: the feed's head is the one truth.
"""

import asyncio
import logging
from collections.abc import Callable

import anyio.to_thread

log = logging.getLogger("msc.central")

POLL_SECONDS = 0.25


class HeadWatch:
    """Wakes the waiters of one event loop. `read_head` returns the feed's newest seq; it is called in a thread."""

    def __init__(self, read_head: Callable[[], int]) -> None:
        self._read_head = read_head
        self._head = 0
        self._moved = asyncio.Event()
        self._needed = asyncio.Event()
        self._waiters = 0
        self.stopped = False
        """The process is ending: nobody should wait any more."""
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self) -> None:
        """Polls until cancelled. A failing read (a database restart) is tried again at the next tick."""
        self._loop = asyncio.get_running_loop()
        while True:
            await self._needed.wait()
            try:
                self._advance(await anyio.to_thread.run_sync(self._read_head))
            except Exception as error:
                log.warning("can't read the feed's head: %s", type(error).__name__)
            await asyncio.sleep(POLL_SECONDS)

    def notify(self, seq: int) -> None:
        """Says from any thread that this process has committed up to `seq`."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._advance, seq)

    async def wait(self, after: int, seconds: float) -> int:
        """The head, as soon as it is above `after` or when that many `seconds` have passed."""
        self._waiters += 1
        self._needed.set()
        try:
            async with asyncio.timeout(seconds):
                while self._head <= after and not self.stopped:
                    await self._moved.wait()
        except TimeoutError:
            pass
        finally:
            self._waiters -= 1
            if not self._waiters:
                self._needed.clear()
        return self._head

    def stop(self) -> None:
        """Wakes everybody for good: the process is ending and long polls should answer now. On the loop's thread."""
        self.stopped = True
        self._moved.set()

    def _advance(self, head: int) -> None:
        if head > self._head:
            self._head = head
            self._moved.set()
            self._moved = asyncio.Event()
