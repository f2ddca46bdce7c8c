"""Snapshots cut step by step: the real code in threads that move only when they are told to, one at a time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from msc_console.central import cutting


class _Ended(BaseException):
    """The process that cut is gone."""


class _Job:
    """One cut under way. It stands still before each part."""

    def __init__(self, work: Callable[..., None], args: tuple[Any, ...]) -> None:
        self._go, self._still = threading.Semaphore(0), threading.Semaphore(0)
        self._killed = False
        self.over = False
        self._thread = threading.Thread(target=self._run, args=(work, args), daemon=True)
        self._thread.start()

    def step(self) -> None:
        """Go on to the next part, or to the end."""
        self._go.release()
        self._still.acquire()

    def kill(self) -> None:
        self._killed = True
        while not self.over:
            self.step()
        self._thread.join()

    def pause(self) -> None:
        """Called by the thread itself."""
        self._still.release()
        self._go.acquire()
        if self._killed:
            raise _Ended

    def _run(self, work: Callable[..., None], args: tuple[Any, ...]) -> None:
        _here.job = self
        self._go.acquire()
        try:
            if not self._killed:
                work(*args)
        except _Ended:
            pass
        finally:
            self.over = True
            self._still.release()


_here = threading.local()


class Cutter:
    """In place of the pool of threads of `central.snapshots.Snapshots`."""

    def __init__(self) -> None:
        self._jobs: list[_Job] = []

    def submit(self, work: Callable[..., None], *args: Any) -> None:
        self._jobs.append(_Job(work, args))

    def step(self) -> bool:
        """Every cut under way goes one part further. False when there is none."""
        for job in self._jobs:
            job.step()
        found, self._jobs = bool(self._jobs), [job for job in self._jobs if not job.over]
        return found

    def kill(self) -> None:
        """The process is gone, and with it what it was cutting."""
        for job in self._jobs:
            job.kill()
        self._jobs = []

    def shutdown(self, **_: Any) -> None:
        self.kill()


@contextmanager
def stepwise() -> Iterator[None]:
    """Within the block every cut stands still before each of its parts."""
    shared = cutting.shared

    def halting(*args: Any) -> Iterator[cutting.Cut]:
        for cut in shared(*args):
            _here.job.pause()
            yield cut

    with patch.object(cutting, "shared", halting):
        yield
