"""What can go wrong for a person, and the exit code that a script sees.

An error carries a stable key and data, no sentence: `messages.sentence` has the words in the person's language.
"""

from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """Exit codes of `msc`; documented in the manual and never renumbered."""

    OK = 0
    """Done; also when the act is kept in the outbox and central has not answered yet."""
    FAILED = 1
    """It went wrong for a reason that no other code names."""
    USAGE = 2
    """The command line, or a settings file, can't be understood."""
    UNREACHABLE = 3
    """Central is needed now and can't be reached, or `--wait` ran out."""
    NOT_ALLOWED = 4
    """Signed out, or the person has no right to it."""
    CONFLICT = 5
    """Somebody else was faster: what was seen is no longer so."""
    INTERRUPTED = 130
    """Ended by Ctrl+C."""


class MscError(Exception):
    """An error that a person is told about. `key` is stable (snake_case); `data` fills its sentence."""

    exit = Exit.FAILED

    def __init__(self, key: str, **data: Any) -> None:
        super().__init__(key)
        self.key = key
        self.data = data

    def __str__(self) -> str:
        """For logs and tracebacks alone; people get `messages.sentence`."""
        return " ".join([self.key, *(f"{name}={value!r}" for name, value in self.data.items())])


class UsageError(MscError):
    """Words or settings that can't be understood."""

    exit = Exit.USAGE


class NotFound(MscError):
    """The thing named is not there, or is outside the person's scope: the two look alike on purpose."""


class Unreachable(MscError):
    """Central can't be reached, or what answers is not our central."""

    exit = Exit.UNREACHABLE


class NotAllowed(MscError):
    """Signed out, or a right is missing."""

    exit = Exit.NOT_ALLOWED


class ConflictError(MscError):
    """The ground moved between looking and acting."""

    exit = Exit.CONFLICT
