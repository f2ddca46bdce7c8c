"""A lock between processes: a file of which one byte is held. The system lets go when its holder dies."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def held(path: Path, who: str) -> Iterator[bool]:
    """Hold the lock file at `path` for the block; False when another process has it. `who` is written into it.

    The operating system lets go of the lock when its holder dies, so no lock is ever stale.
    """
    file = path.open("a+", encoding="utf-8")
    try:
        if not _lock(file):
            yield False
            return
        try:
            file.seek(0)
            file.truncate()
            file.write(f"{who} {os.getpid()}")
            file.flush()
            yield True
        finally:
            _unlock(file)
    finally:
        file.close()


_LOCKED_BYTE = 1 << 30
"""Windows locks bytes against reading too, so the byte lies far behind what is written."""

if sys.platform == "win32":

    def _lock(file: IO[str]) -> bool:
        import msvcrt

        file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: IO[str]) -> None:
        import msvcrt

        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _unlock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
