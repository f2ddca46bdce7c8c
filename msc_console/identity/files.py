"""A file that only this user may read, replaced so that a crash leaves the old one or the new one, whole."""

import os
import secrets
import sys
from pathlib import Path

from ..config import private_folder


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
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    if sys.platform != "win32":
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable. Windows can't open folders; NTFS journals the rename by itself."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
