"""What it costs to guess a vault's password: argon2id parameters and which of them are acceptable where.

A vault that a password alone opens must resist a thief with a copy of the disk, so production asks for 256 MiB and
four passes. Where a secret of the system's keyring is needed as well, a copy of the disk is of no use, and 64 MiB and
three passes (RFC 9106, second choice) are enough. The test policy exists because a test suite opens hundreds of vaults;
what it makes, production refuses.
"""

import os
import unicodedata
from dataclasses import dataclass
from typing import Any

NAME = "argon2id"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Kdf:
    """argon2id parameters: memory in KiB, passes, lanes."""

    memory_kib: int
    time: int
    parallelism: int

    def covers(self, other: "Kdf") -> bool:
        """True when no parameter is below that of `other`."""
        return self.memory_kib >= other.memory_kib and self.time >= other.time and self.parallelism >= other.parallelism

    def derive(self, password: str, salt: bytes) -> bytes:
        """32 bytes from `password` (NFC, UTF-8). At production cost this takes most of a second: run it in a thread."""
        from argon2.low_level import Type, hash_secret_raw

        return hash_secret_raw(
            unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass"),
            salt,
            time_cost=self.time,
            memory_cost=self.memory_kib,
            parallelism=self.parallelism,
            hash_len=KEY_BYTES,
            type=Type.ID,
        )

    def document(self) -> dict[str, Any]:
        """The header's `kdf` object."""
        return {"name": NAME, "memory_kib": self.memory_kib, "time": self.time, "parallelism": self.parallelism}


@dataclass(frozen=True, slots=True)
class KdfPolicy:
    """`kdf` is used for new vaults that a password alone opens, `with_keyring` for those that need the keyring too.
    They are the least that an existing one may have; `most` bounds a hostile header."""

    name: str
    kdf: Kdf
    with_keyring: Kdf
    most: Kdf = Kdf(memory_kib=1024 * 1024, time=16, parallelism=16)

    def least(self, *, keyring: bool) -> Kdf:
        """The parameters for a vault of either mode."""
        return self.with_keyring if keyring else self.kdf

    def for_rewrap(self, present: Kdf, *, keyring: bool = False) -> Kdf:
        """The parameters of a vault that is written again in its mode: never weaker than it was."""
        least = self.least(keyring=keyring)
        return present if present.covers(least) else least


_CHEAP = Kdf(memory_kib=64, time=1, parallelism=1)
PRODUCTION = KdfPolicy(
    "production",
    Kdf(memory_kib=256 * 1024, time=4, parallelism=4),
    with_keyring=Kdf(memory_kib=64 * 1024, time=3, parallelism=4),
)
TEST = KdfPolicy("test", _CHEAP, with_keyring=_CHEAP)


def policy() -> KdfPolicy:
    """Production, unless `MSC_KDF=test` is set. Vaults made under test stay closed to everyone without it."""
    return TEST if os.environ.get("MSC_KDF") == TEST.name else PRODUCTION
