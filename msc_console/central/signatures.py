"""Signatures of a push, checked beside the reading of its acts.

OpenSSL lets go of the interpreter while it checks one, and that is a sixth of what an op costs: on a machine with a
second core it costs no time at all.
"""

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

from .. import seal

PIECE = 16
"""Signatures that are handed over together: handing over costs as much as a tenth of checking one."""


class Signed(NamedTuple):
    """What was signed and the signature, as hex. `message` is None for what can't have been signed."""

    message: bytes | None
    signature: str


class Checks:
    """Signatures under one public key (hex), asked for by their places from 0."""

    def __init__(self, public_key: str) -> None:
        self._key = public_key
        self._piece: list[Signed] = []
        self._begun: list[tuple[Future[list[bool]], int]] = []

    def add(self, message: bytes | None, signature: str) -> int:
        """One more; its place."""
        self._piece.append(Signed(message, signature))
        place = len(self._begun) + len(self._piece) - 1
        if len(self._piece) == PIECE:
            self.begin()
        return place

    def begin(self) -> None:
        """Check what was added so far."""
        if self._piece:
            found = _threads(os.getpid()).submit(_check, self._key, self._piece)
            self._begun += [(found, number) for number in range(len(self._piece))]
            self._piece = []

    def hold(self, place: int) -> bool:
        """Whether the signature at that place was made with the key. Waits for it."""
        if place >= len(self._begun):
            self.begin()
        found, number = self._begun[place]
        return found.result()[number]


def _check(key: str, piece: Sequence[Signed]) -> list[bool]:
    return [message is not None and seal.verify(key, message, signature) for message, signature in piece]


@cache
def _threads(pid: int) -> ThreadPoolExecutor:
    """Those of the process `pid`, which is this one: a copy of a process has none of its threads."""
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="signatures")
