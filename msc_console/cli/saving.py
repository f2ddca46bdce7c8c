"""Files that a person asked for: new, for their owner alone, whole or not there at all."""

import os
from pathlib import Path

from ..errors import UsageError


def write_new(path: Path, content: bytes) -> None:
    """A file that wasn't there, readable by its owner alone, durable when this returns.

    UsageError `file_exists`, or `file_unwritable` with nothing left behind.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError as error:
        raise UsageError("file_exists", path=str(path)) from error
    except OSError as error:
        raise UsageError("file_unwritable", path=str(path), detail=error.strerror or "") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise UsageError("file_unwritable", path=str(path), detail=error.strerror or "") from error
        raise
