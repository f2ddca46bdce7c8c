"""Files that a person asked for: new, for their owner alone, whole or not there at all. Nothing is ever opened."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .attachments import safe_name
from .errors import UsageError

SAME = 100
"""Most files of one name in a folder."""
FOREIGN = b"[ZoneTransfer]\r\nZoneId=3\r\n"
"""What Windows reads as "from the internet" (Mark of the Web): Office and the shell then ask before they run it."""


def write_new(path: Path, content: bytes) -> None:
    """A file that wasn't there, readable by its owner alone, durable when this returns.

    UsageError `file_exists`, or `file_unwritable` with nothing left behind.
    """
    _write(path, content, mark=False)


def refuse_taken(*paths: Path) -> None:
    """UsageError `file_exists` for the first that is there: asked before files are begun of which none goes alone."""
    for path in paths:
        if os.path.lexists(path):
            raise UsageError("file_exists", path=str(path))


@contextmanager
def streaming_new(path: Path) -> Iterator[BinaryIO]:
    """As `write_new`, for what is too much for the memory: written beside, under a name of its own, and there as a
    whole once the block ends well. UsageError as of `write_new`; what the block raises leaves nothing."""
    refuse_taken(path)
    part = path.with_name(f".{path.name}.part")
    try:
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except (OSError, ValueError) as error:
        raise UsageError("file_unwritable", path=str(path), detail=_detail(error)) from error
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        refuse_taken(path)
        part.rename(path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise UsageError("file_unwritable", path=str(path), detail=_detail(error)) from error
        raise


def write_foreign(folder: Path, name: str, content: bytes, *, windows: bool = sys.platform == "win32") -> Path:
    """Others' `content` under a safe form of `name`, with a number where that is taken; on Windows marked as foreign.

    Returns where it lies; UsageError as of `write_new`.
    """
    stem, _dot, extension = safe_name(name).rpartition(".")
    for turn in range(1, SAME):
        path = folder / (f"{stem}.{extension}" if turn == 1 else f"{stem}({turn}).{extension}")
        if not os.path.lexists(path):
            _write(path, content, mark=windows)
            return path
    raise UsageError("file_exists", path=str(folder / f"{stem}.{extension}"))


def _write(path: Path, content: bytes, *, mark: bool) -> None:
    """The mark is made before the content, so that no file is there without it."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError as error:
        raise UsageError("file_exists", path=str(path)) from error
    except (OSError, ValueError) as error:
        raise UsageError("file_unwritable", path=str(path), detail=_detail(error)) from error
    try:
        with os.fdopen(handle, "wb") as file:
            if mark:
                Path(f"{path}:Zone.Identifier").write_bytes(FOREIGN)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise UsageError("file_unwritable", path=str(path), detail=_detail(error)) from error
        raise


def _detail(error: OSError | ValueError) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else str(error)
