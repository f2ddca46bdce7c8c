"""Who waits for news: long polls sleep here until the head of the feed has moved, or sessions have ended.

Own commits wake them at once (`notify`); those of other processes, and the end of sessions, are found by reading
`feed_head` and the mark of `endings` every 250 ms, and only while somebody waits. No NOTIFY, no triggers.
"""

import asyncio
import logging
from collections.abc import Callable

import anyio.to_thread

log = logging.getLogger("msc.central")

POLL_SECONDS = 0.25


class HeadWatch:
    """Wakes the waiters of one event loop. `read` returns the feed's newest seq and the mark of `endings`; it is called
    in a thread."""

    def __init__(self, read: Callable[[], tuple[int, str]]) -> None:
        self._read = read
        self._head = 0
        self.ended = ""
        """The mark that was read last. Whoever finds another one than before they knew a caller looks at the caller
        again."""
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
                head, ended = await anyio.to_thread.run_sync(self._read)
                self._advance(head)
                if ended != self.ended:
                    self.ended = ended
                    self._wake()
            except Exception as error:
                log.warning("can't read the feed's head: %s", type(error).__name__)
            await asyncio.sleep(POLL_SECONDS)

    def notify(self, seq: int) -> None:
        """Says from any thread that this process has committed up to `seq`."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._advance, seq)

    async def wait(self, after: int, seconds: float, ended: str) -> int:
        """The head, as soon as it is above `after`, sessions have ended since `ended`, or `seconds` have passed."""
        self._waiters += 1
        self._needed.set()
        try:
            async with asyncio.timeout(seconds):
                while self._head <= after and self.ended == ended and not self.stopped:
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
            self._wake()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
