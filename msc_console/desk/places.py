"""Files in a person's folder that processes agree by: who talks to central, who has the console."""

from pathlib import Path

from .seat import Seat


def lock_path(desk: Seat) -> Path:
    """The lock of whoever talks to central for this person."""
    return desk.home.folder / "sync.lock"


def console_lock(desk: Seat) -> Path:
    """The lock of this person's console: a second one opens read-only."""
    return desk.home.folder / "console.lock"
