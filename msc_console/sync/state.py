"""What of the conversation outlives the process."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from .. import clock

SAME_SYNC = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class EngineState:
    """`next_at`: no request before it (wall time), so that restarts don't hammer a central in trouble. `mended`: rows
    that self-checks have put right since this cache began."""

    generation: str = ""
    failures: int = 0
    next_at: datetime | None = None
    last_sync: datetime | None = None
    verified_at: datetime | None = None
    mended: int = 0

    def differs(self, saved: "EngineState") -> bool:
        """Whether it is worth a write beside what is saved: two rounds within a second leave the same time."""
        last, then = self.last_sync, saved.last_sync
        if last is None or then is None or not timedelta() <= last - then < SAME_SYNC:
            return self != saved
        return replace(self, last_sync=then) != saved

    def dump(self) -> dict[str, Any]:
        """Plain JSON types for `Disk.save_state`."""
        return {
            "generation": self.generation,
            "failures": self.failures,
            "next_at": None if self.next_at is None else clock.iso(self.next_at),
            "last_sync": None if self.last_sync is None else clock.iso(self.last_sync),
            "verified_at": None if self.verified_at is None else clock.iso(self.verified_at),
            "mended": self.mended,
        }

    @classmethod
    def load(cls, saved: Mapping[str, Any] | None) -> "EngineState":
        """The state that `dump` gave; a first start when it can't be read."""
        try:
            saved = saved or {}
            next_at, last_sync, verified_at = (saved.get(name) for name in ("next_at", "last_sync", "verified_at"))
            return cls(
                str(saved.get("generation", "")),
                int(saved.get("failures", 0)),
                None if next_at is None else clock.parse(next_at),
                None if last_sync is None else clock.parse(last_sync),
                None if verified_at is None else clock.parse(verified_at),
                int(saved.get("mended", 0)),
            )
        except (TypeError, ValueError):
            return cls()
