"""Digests of sets of rows, the same on laptop and central: a count, and the sum of a 64-bit hash of (id, version).

A sum doesn't depend on order, so both sides add up what their database gives. It finds rows that are missing, too many
or of another version; a document that was changed under the same version it can't find.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, NamedTuple
from zlib import crc32

BUCKETS = 256
_WORD = (1 << 64) - 1


class Digest(NamedTuple):
    """`rows`: how many; `total`: the sum modulo 2^64 of their hashes, as 16 hex digits on the wire (`hex`)."""

    rows: int
    total: int

    @property
    def hex(self) -> str:
        return f"{self.total:016x}"


NOTHING = Digest(0, 0)


def version_of(document: Any) -> int:
    """What counts as the version of a document that has none (policy, duty, site): 64 bits of its canonical form."""
    from .seal import canonical

    return int.from_bytes(blake2b(canonical(document), digest_size=8).digest(), "big")


def whole(pairs: Iterable[tuple[str, int]]) -> Digest:
    """The digest of (id, version) pairs. A hash is BLAKE2b with 8 bytes, big-endian, over `<id>|<version>`."""
    count = total = 0
    for id, ver in pairs:
        count += 1
        total += int.from_bytes(blake2b(f"{id}|{ver}".encode(), digest_size=8).digest(), "big")
    return Digest(count, total & _WORD)


def bucket_of(id: str) -> int:
    """Which of the `BUCKETS` a row is in, by its id alone: the low byte of CRC-32."""
    return crc32(id.encode()) & (BUCKETS - 1)


def spread(pairs: Iterable[tuple[str, int]]) -> list[Digest]:
    """A digest of each bucket."""
    parts: list[list[tuple[str, int]]] = [[] for _ in range(BUCKETS)]
    for id, ver in pairs:
        parts[bucket_of(id)].append((id, ver))
    return [whole(part) for part in parts]
