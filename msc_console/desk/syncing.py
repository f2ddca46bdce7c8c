"""The desk's end of the conversation: the cache as the sync's disk, the session's tokens, who may talk to central."""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import msgspec

from .. import clock
from ..store import feed, outbox, sealing, settings
from ..store.feed import SET_UP
from ..store.opening import Cache
from ..store.replica import Replica
from ..sync.wire import Envelope, Line, PushReply, Tokens
from .seat import INCARNATION, ME, STATE, Unlocked

TOKENS = "tokens"
"""Setting of the cache: central's tokens."""


class CacheDisk:
    """`sync.ports.Disk` over this person's cache."""

    def __init__(
        self,
        cache: Cache,
        replica: Replica,
        unlocked: Unlocked,
        on_change: Callable[[frozenset[str]], None] | None = None,
        on_world: Callable[[], None] | None = None,
    ) -> None:
        self._cache = cache
        self._replica = replica
        self._unlocked = unlocked
        self._on_change = on_change or (lambda ids: None)
        self._on_world = on_world or (lambda: None)

    def batch(self, now: datetime, max_ops: int, max_bytes: int, from_counter: int | None = None) -> Sequence[Envelope]:
        """See `Disk`."""
        with self._cache.read() as conn:
            if from_counter is None and not sealing.has_pushable(conn, now):
                return []
        with self._cache.write() as conn:
            sealed = sealing.seal_batch(
                conn,
                self._unlocked.signer,
                self._unlocked.device,
                settings.get(conn, INCARNATION),
                now,
                max_ops=max_ops,
                max_bytes=max_bytes,
                from_counter=from_counter,
            )
        return msgspec.convert(sealed, list[Envelope])

    def settle(self, reply: PushReply) -> None:
        """See `Disk`."""
        with self._cache.write() as conn:
            settled = self._replica.settle(conn, reply.results, clock.now())
        if settled.targets:
            self._on_change(frozenset(settled.targets))

    def apply(self, lines: Sequence[Line], cursor: str, *, up_to_date: bool) -> None:
        """See `Disk`."""
        with self._cache.write() as conn:
            applied = self._replica.apply_page(conn, lines, cursor, clock.now(), up_to_date=up_to_date)
        if applied.put.keys() & {"person", "queue", *SET_UP}:
            self._on_world()
        self._on_change(frozenset(applied.targets))

    def cursor(self) -> str:
        """See `Disk`."""
        with self._cache.read() as conn:
            return feed.position(conn).cursor

    def reset_cursor(self, generation: str) -> None:
        """See `Disk`."""
        with self._cache.write() as conn:
            feed.reset(conn, generation)

    def counts(self) -> tuple[int, int]:
        """See `Disk`."""
        with self._cache.read() as conn:
            return outbox.counts(conn)

    def next_hold(self) -> datetime | None:
        """See `Disk`."""
        with self._cache.read() as conn:
            return outbox.next_wake(conn, clock.now())

    def note_time(self, server_time: datetime, now: datetime) -> None:
        """See `Disk`."""
        with self._cache.write() as conn:
            settings.hear_time(conn, server_time, now)

    def load_state(self) -> dict[str, Any] | None:
        """See `Disk`."""
        with self._cache.read() as conn:
            found: dict[str, Any] | None = settings.get(conn, STATE)
        return found

    def save_state(self, state: dict[str, Any]) -> None:
        """See `Disk`."""
        with self._cache.write() as conn:
            settings.put(conn, STATE, state)


class CacheTokens:
    """`sync.ports.TokenStore`: the tokens lie in the encrypted cache, where every process of the session finds them."""

    def __init__(self, cache: Cache, unlocked: Unlocked) -> None:
        self._cache = cache
        self._unlocked = unlocked

    def access(self) -> str | None:
        """The access token, fresh or not."""
        return self._kept().get("access")

    def refresh_token(self) -> str | None:
        """The refresh token."""
        return self._kept().get("refresh")

    def sign_refresh(self, token: str) -> str:
        """The device's proof for a refresh token."""
        return self._unlocked.signer.sign_refresh(token)

    def save(self, tokens: Tokens) -> None:
        """Keep new tokens, and who central says this is."""
        keep_tokens(self._cache, tokens)

    def _kept(self) -> dict[str, str]:
        with self._cache.read() as conn:
            found: dict[str, str] = settings.get(conn, TOKENS, {})
        return found


def keep_tokens(cache: Cache, tokens: Tokens) -> None:
    """Store central's tokens and its description of the person."""
    kept = {"access": tokens.access, "refresh": tokens.refresh, "until": tokens.refresh_until}
    with cache.write() as conn:
        settings.put(conn, TOKENS, kept)
        if tokens.person:
            settings.put(conn, ME, tokens.person)


def forget_tokens(cache: Cache) -> None:
    """Sign out of central: nothing here can speak for the person any more."""
    with cache.write() as conn:
        settings.put(conn, TOKENS, {})


@contextmanager
def held(path: Path, who: str) -> Iterator[bool]:
    """Hold the lock file at `path` for the block; False when another process has it. `who` is written into it.

    The operating system lets go of the lock when its holder dies, so no lock is ever stale.
    """
    file = path.open("a+", encoding="utf-8")
    try:
        if not _lock(file):
            yield False
            return
        try:
            file.seek(0)
            file.truncate()
            file.write(f"{who} {os.getpid()}")
            file.flush()
            yield True
        finally:
            _unlock(file)
    finally:
        file.close()


def holder(path: Path) -> str:
    """What the holder of a lock wrote into it: who and the process id; empty when nobody ever did."""
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""


_LOCKED_BYTE = 1 << 30
"""Windows locks bytes against reading too, so the byte lies far behind what is written."""

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> bool:
        file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: IO[str]) -> None:
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _unlock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)


WATCH_SECONDS = 0.25


class Watch:
    """Tells a console that another process (a CLI command, another window) has written to the cache."""

    def __init__(self, cache: Cache, on_write: Callable[[], None]) -> None:
        self._cache = cache
        self._on_write = on_write

    def run(self, stop: threading.Event) -> None:
        """Look four times a second until `stop` is set. This thread only reads, so every commit shows to it."""
        seen = self._cache.version()
        while not stop.wait(WATCH_SECONDS):
            now = self._cache.version()
            if now != seen:
                seen = now
                self._on_write()
