"""Files in a person's folder that processes agree by: who talks to central, who has the console."""

from pathlib import Path

from ..locking import held
from .seat import Seat

__all__ = ["console_lock", "held", "holder", "lock_path"]


def lock_path(desk: Seat) -> Path:
    """The lock of whoever talks to central for this person."""
    return desk.home.folder / "sync.lock"


def console_lock(desk: Seat) -> Path:
    """The lock of this person's console: a second one opens read-only."""
    return desk.home.folder / "console.lock"


def holder(path: Path) -> str:
    """What the holder of a lock wrote into it: who and the process id; empty when nobody ever did."""
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""
