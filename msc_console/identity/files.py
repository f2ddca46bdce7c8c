"""A file that only this user may read, replaced so that a crash leaves the old one or the new one, whole."""

import os
import secrets
import sys
import threading
from pathlib import Path

from ..config import private_folder

HELD_TRIES, HELD_SECONDS = 8, 0.008


def write_private(path: Path, content: bytes) -> None:
    """Replace the file at `path` by `content`, durable when this returns. On POSIX its mode is 0600."""
    private_folder(path.parent)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    # The mode is given at creation: the file is at no moment open to others, whatever the umask.
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _replace(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    if sys.platform != "win32":
        _sync_folder(path.parent)


def _replace(fresh: Path, path: Path) -> None:
    """Put `fresh` in the place of `path`. On Windows a virus scanner or an indexer may hold either for a moment:
    `HELD_TRIES` tries, each after twice the time, about two seconds in all; then PermissionError."""
    for n in range(HELD_TRIES if sys.platform == "win32" else 0):
        try:
            fresh.replace(path)
        except PermissionError:
            threading.Event().wait(HELD_SECONDS * 2**n)
        else:
            return
    fresh.replace(path)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable. Windows can't open folders; NTFS journals the rename by itself."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
