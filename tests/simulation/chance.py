"""Where a simulated centre takes its time and its randomness from: one seed, one clock that only the world moves."""

import random
import secrets
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import uuid_utils

from msc_console import clock

BEGIN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
MONO = 1000.0
"""What the monotonic clock reads at the beginning."""
_V7, _V4 = 0x7 << 76 | 0x2 << 62, 0x4 << 76 | 0x2 << 62


class Chance:
    """Time and randomness of one history. `skew` is the wall clock's error of whoever acts now."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"ids {seed}")
        self.ms = 0
        self.skew = timedelta()

    def now(self) -> datetime:
        """The wall clock of whoever acts now."""
        return BEGIN + timedelta(milliseconds=self.ms) + self.skew

    def monotonic(self) -> float:
        """Seconds; the same for everybody."""
        return MONO + self.ms / 1000

    @contextmanager
    def seen_by(self, skew: timedelta) -> Iterator[None]:
        """Within the block the wall clock errs by `skew`."""
        before, self.skew = self.skew, skew
        try:
            yield
        finally:
            self.skew = before

    def uuid7(self, *_: Any) -> uuid.UUID:
        random_part = self._rng.getrandbits(74)
        high, low = random_part >> 62, random_part & (1 << 62) - 1
        return uuid.UUID(int=(clock.to_ms(self.now()) & (1 << 48) - 1) << 80 | _V7 | high << 64 | low)

    def uuid4(self) -> uuid.UUID:
        bits = self._rng.getrandbits(122)
        return uuid.UUID(int=bits >> 74 << 80 | _V4 | (bits >> 62 & 0xFFF) << 64 | bits & (1 << 62) - 1)

    def token_bytes(self, size: int | None = None) -> bytes:
        return self._rng.randbytes(size or 32)

    def token_hex(self, size: int | None = None) -> str:
        return self.token_bytes(size).hex()

    def token_urlsafe(self, size: int | None = None) -> str:
        import base64

        return base64.urlsafe_b64encode(self.token_bytes(size)).rstrip(b"=").decode()

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Every clock and every source of randomness that the product asks is this one, until the block ends."""
        fakes: dict[Callable[..., Any], Callable[..., Any]] = {
            clock.now: self.now,
            clock.monotonic: self.monotonic,
            uuid_utils.uuid7: self.uuid7,
            uuid.uuid4: self.uuid4,
            secrets.token_bytes: self.token_bytes,
            secrets.token_hex: self.token_hex,
            secrets.token_urlsafe: self.token_urlsafe,
        }
        rooms = [module for name, module in sys.modules.items() if name.startswith("msc_console")]
        found = [
            (module, name, fakes[value])
            for module in (*rooms, secrets, uuid, uuid_utils)
            for name, value in list(vars(module).items())
            if isinstance(value, Callable) and _known(value, fakes)  # type: ignore[arg-type]
        ]
        patches = [patch.object(module, name, fake) for module, name, fake in found]
        for item in patches:
            item.start()
        try:
            yield
        finally:
            for item in reversed(patches):
                item.stop()


def _known(value: Any, fakes: dict[Callable[..., Any], Callable[..., Any]]) -> bool:
    try:
        return value in fakes
    except TypeError:  # an unhashable callable
        return False
