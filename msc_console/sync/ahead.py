"""Pages fetched ahead: while the cache takes one in, the next is on its way. Never more than one, and only of a pull
that central has said goes on."""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from .pages import Page
from .transport import HttpTransport


class AheadTransport(HttpTransport):
    """`HttpTransport` for a laptop's one conversation. A page that turns out not to be asked for is thrown away; what
    went wrong with it is told to whoever asks for that page, and only then."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._thread: ThreadPoolExecutor | None = None
        self._next: tuple[str, int, Future[Page]] | None = None

    def changes(self, cursor: str, limit: int, wait: int = 0, timeout: float | None = None) -> Page:
        """The page after `cursor`. The listener's polls (`wait`) pass by."""
        if wait:
            return super().changes(cursor, limit, wait, timeout)
        page = self._fetched(cursor, limit) or super().changes(cursor, limit, timeout=timeout)
        if not page.up_to_date and page.cursor != cursor:
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="msc-ahead")
            job = self._thread.submit(super().changes, page.cursor, limit, 0, timeout)
            self._next = (page.cursor, limit, job)
        return page

    def close(self) -> None:
        """Close the connections; a page on its way is given up."""
        super().close()
        thread, self._thread, self._next = self._thread, None, None
        if thread is not None:
            thread.shutdown(wait=False, cancel_futures=True)

    def _fetched(self, cursor: str, limit: int) -> Page | None:
        """The page that is on its way, if it is this one. Another is waited for: a device has one pull at a time."""
        if self._next is None:
            return None
        (at, size, job), self._next = self._next, None
        if (at, size) == (cursor, limit):
            return job.result()
        wait([job])
        return None
