"""Passwords at rest: argon2id, a few at a time, the same work for a login that doesn't exist.

Parameters: 64 MiB, 3 passes, 1 lane (measured at 126 ms on two cores); at most four hashes at once, 256 MiB.
Length rules follow NIST SP 800-63B: at least 15 characters, no composition rules; 1024 bytes is the cap before hashing.
What is hashed is NFC, as in the laptop's vault: keyboards differ in how they write the same letter.
"""

import os
import threading
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST_CHARACTERS = 15
MOST_BYTES = 1024
AT_ONCE = 4


@dataclass(frozen=True)
class Kdf:
    """One set of argon2id costs. `name` is kept with the site, so that a production site never runs on test costs."""

    name: str
    memory_kib: int
    time: int
    lanes: int = 1


PRODUCTION = Kdf("production", memory_kib=64 * 1024, time=3)
TEST = Kdf("test", memory_kib=64, time=1)


def kdf_of_environment() -> Kdf:
    """`MSC_KDF=test` chooses the test costs; anything else is production."""
    return TEST if os.environ.get("MSC_KDF") == "test" else PRODUCTION


def refuse_unfit(password: str) -> None:
    """Raises UsageError when a new password is too short or too long."""
    if len(_bytes(password)) > MOST_BYTES:
        raise UsageError("password_too_long", most=MOST_BYTES)
    if len(nfc(password)) < LEAST_CHARACTERS:
        raise UsageError("password_too_short", least=LEAST_CHARACTERS)


def nfc(password: str) -> str:
    """The one way to write this password."""
    return unicodedata.normalize("NFC", password)


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


class Passwords:
    """Hashes and verifies under one cost policy. Safe from any thread."""

    def __init__(self, kdf: Kdf = PRODUCTION) -> None:
        self.kdf = kdf
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher

        return PasswordHasher(time_cost=self.kdf.time, memory_cost=self.kdf.memory_kib, parallelism=self.kdf.lanes)

    @cached_property
    def _dummy(self) -> str:
        """A hash that no password opens: what an unknown login is verified against."""
        return self._hasher.hash(os.urandom(32))

    def hash(self, password: str) -> str:
        """The PHC string of a password that `refuse_unfit` let pass."""
        with self._slots:
            return self._hasher.hash(_bytes(nfc(password)))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` opens `stored`. None (no such login, no password yet) costs the same and is never right.

        A stored hash cheaper than this policy is never right either: nobody gets in by weakening a row.
        """
        from argon2.exceptions import InvalidHashError, VerificationError

        if len(_bytes(password)) > MOST_BYTES:
            return False
        known = stored if stored is not None and self._strong(stored) else None
        for written in dict.fromkeys((nfc(password), password)):  # hashes of before were made of what was typed
            with self._slots:
                try:
                    self._hasher.verify(known or self._dummy, _bytes(written))
                except (VerificationError, InvalidHashError):
                    continue
            return known is not None
        return False

    def outdated(self, stored: str, password: str) -> bool:
        """Whether a hash was made with other costs than today's, or perhaps of `password` as it was typed, and should
        be made anew at this sign-in."""
        return self._hasher.check_needs_rehash(stored) or password != nfc(password)

    def _strong(self, stored: str) -> bool:
        from argon2 import Type, extract_parameters
        from argon2.exceptions import InvalidHashError

        try:
            found = extract_parameters(stored)
        except InvalidHashError:
            return False
        enough = found.memory_cost >= self.kdf.memory_kib and found.time_cost >= self.kdf.time
        return found.type is Type.ID and enough
