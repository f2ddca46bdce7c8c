"""The desk's end of a first pull: the cache as `sync.ports.Intake`."""

from collections.abc import Callable, Sequence

import msgspec

from .. import clock
from ..store import feed, intake, outbox
from ..store.feed import SET_UP, Applied
from ..store.opening import Cache, Connection
from ..store.replica import Replica
from ..sync.ports import Waiting
from ..sync.wire import Line, Snapshot


class CacheIntake:
    """A first pull into this person's cache. Rows that own acts cover are folded as with a page."""

    def __init__(
        self,
        cache: Cache,
        replica: Replica,
        on_change: Callable[[frozenset[str]], None] | None = None,
        on_world: Callable[[], None] | None = None,
    ) -> None:
        self._cache = cache
        self._replica = replica
        self._on_change = on_change or (lambda ids: None)
        self._on_world = on_world or (lambda: None)

    def waiting(self) -> Waiting:
        """See `Intake`."""
        with self._cache.read() as conn:
            due = intake.due(conn)
        return Waiting(due.fresh, next(iter(due.wanted), None), due.index)

    def held(self) -> tuple[Snapshot, frozenset[int]] | None:
        """See `Intake`."""
        with self._cache.read() as conn:
            found = intake.held(conn)
        return None if found is None else (msgspec.convert(found[0], Snapshot), found[1])

    def begin(self, manifest: Snapshot) -> None:
        """See `Intake`."""
        with self._cache.write() as conn:
            intake.begin(conn, msgspec.to_builtins(manifest))

    def renew(self, manifest: Snapshot) -> None:
        """See `Intake`."""
        with self._cache.write() as conn:
            intake.renew(conn, msgspec.to_builtins(manifest))

    def take(self, lines: Sequence[Line], part: int | None) -> None:
        """See `Intake`."""
        self._bring(lines, lambda conn: intake.take(conn, lines, part))

    def finish(self, manifest: Snapshot) -> None:
        """See `Intake`."""
        with self._cache.write() as conn:
            intake.finish(conn, manifest.cursor, manifest.seq)

    def drop(self) -> None:
        """See `Intake`."""
        with self._cache.write() as conn:
            feed.drop_snapshot(conn)

    def fill(self, ticket: str, lines: Sequence[Line]) -> None:
        """See `Intake`."""
        parts = [line for line in lines if line.entity != "ticket"]
        self._bring(parts, lambda conn: intake.fill(conn, ticket, parts))
        self._on_change(frozenset({ticket}))

    def index(self) -> None:
        """See `Intake`."""
        with self._cache.write(comes_again=True) as conn:
            intake.index_some(conn)

    def _bring(self, lines: Sequence[Line], work: Callable[[Connection], Applied]) -> None:
        news = False
        try:
            with self._cache.write(comes_again=True) as conn:
                applied = work(conn)
                self._replica.hear(conn, lines, applied, clock.now())
                news = any(applied.put.get(entity) for entity in ("person", "queue", *SET_UP))
                if news:
                    self._on_world()
                    applied.to_fold |= set(outbox.targets(conn))
                for target in applied.to_fold:
                    self._replica.refold(conn, target)
        finally:
            if news:
                self._on_world()
        self._on_change(frozenset(applied.targets))
