"""How threads wake the conversation. A wake-up may be lost without harm: the engine looks at the store anyway."""

import threading

from .moves import Source


class Signals:
    """Pokes from any thread, taken by the one that drives the engine."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sources: list[Source] = []

    def poke(self, source: Source) -> None:
        """Wake the driver. Never blocks for long, whatever the driver is doing."""
        with self._changed:
            if source not in self._sources:
                self._sources.append(source)
            self._changed.notify_all()

    def take(self) -> list[Source]:
        """The sources since the last call."""
        with self._changed:
            sources, self._sources = self._sources, []
            return sources

    def wait(self, seconds: float) -> None:
        """Until poked, or until `seconds` have passed."""
        with self._changed:
            if not self._sources:
                self._changed.wait(max(0.0, seconds))
