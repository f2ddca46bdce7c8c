"""The desk's end of the conversation: the cache as the sync's disk, the session's tokens, who may talk to central."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from .. import clock
from ..digest import Digest
from ..store import aside, digest, feed, index, outbox, sealing, settings
from ..store.feed import SET_UP
from ..store.opening import Cache
from ..store.replica import Replica
from ..sync.verdict import Mended
from ..sync.wire import Envelope, Line, PushReply, Tokens
from ..sync.wire_envelopes import read
from . import offline
from .places import held, holder
from .seat import INCARNATION, ME, STATE, Unlocked

__all__ = ["CacheDisk", "CacheTokens", "Watch", "held", "holder"]

log = logging.getLogger("msc.desk")

SAME_TIME = timedelta(seconds=1)
SAME_OFFSET = timedelta(milliseconds=100)
"""Answers of central closer than this say nothing new about its clock; on the way they take as long."""
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
        nonce: Path | None = None,
    ) -> None:
        """`nonce`: the file beside the cache that names its incarnation."""
        self._cache = cache
        self._nonce = nonce
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
        return [read(envelope) for envelope in sealed]

    def seal_all(self) -> None:
        """Seal what waits: the signing key goes with the session, and sealed work can travel without it."""
        with self._cache.write() as conn:
            inc = settings.get(conn, INCARNATION)
            sealing.seal_all(conn, self._unlocked.signer, self._unlocked.device, inc, clock.now())

    def settle(self, reply: PushReply) -> None:
        """See `Disk`."""
        with self._cache.write() as conn:
            settled = self._replica.settle(conn, reply.results, clock.now())
        if settled.targets:
            self._on_change(frozenset(settled.targets))

    def apply(self, lines: Sequence[Line], cursor: str, *, up_to_date: bool) -> None:
        """See `Disk`. A page that says nothing new costs no write: most are such, on a link where each is a flush."""
        with self._cache.read() as conn:
            if not lines and self._replica.told(conn, cursor, clock.now()):
                return
        news = False
        try:
            with self._cache.write() as conn:
                applied = self._replica.apply_page(conn, lines, cursor, clock.now(), up_to_date=up_to_date)
                changed = {entity for part in (applied.put, applied.gone) for entity, ids in part.items() if ids}
                news = not changed.isdisjoint({"person", "queue", *SET_UP})
                if news:
                    self._on_world()  # what waits is foreseen in the world as this page makes it
                    for target in outbox.targets(conn):
                        self._replica.refold(conn, target)
        finally:
            if news:
                self._on_world()  # it may have been read from what was not committed in the end, or before it was
        self._on_change(frozenset(applied.targets))

    def cursor(self) -> str:
        """See `Disk`."""
        with self._cache.read() as conn:
            return feed.position(conn).cursor

    def reset_cursor(self, generation: str) -> None:
        """See `Disk`."""
        with self._cache.write() as conn:
            feed.reset(conn, generation)
            for target in outbox.targets(conn):  # with what is offered again
                self._replica.refold(conn, target)

    def rekey(self) -> None:
        """See `Disk`."""
        new_incarnation(self._cache, self._nonce)

    def quarantined(self) -> Sequence[str]:
        """See `Disk`."""
        with self._cache.read() as conn:
            return aside.ids(conn)

    def counts(self) -> tuple[int, int]:
        """See `Disk`."""
        with self._cache.read() as conn:
            return outbox.counts(conn)

    def next_hold(self) -> datetime | None:
        """See `Disk`."""
        with self._cache.read() as conn:
            return outbox.next_wake(conn, clock.now())

    def note_time(self, server_time: datetime, now: datetime) -> None:
        """See `Disk`. What was heard within the same second, and says the same, is not written again."""
        with self._cache.read() as conn:
            offset, last = settings.server_time(conn)
        near = last is not None and timedelta() <= server_time - last < SAME_TIME
        if near and abs(server_time - now - offset) < SAME_OFFSET:
            return
        with self._cache.write() as conn:
            settings.hear_time(conn, server_time, now)

    def digests(self, cut: datetime) -> Mapping[str, Digest]:
        """See `Disk`."""
        with self._cache.read() as conn:
            return digest.sums(conn, cut)

    def buckets(self, entity: str, cut: datetime) -> Sequence[Digest]:
        """See `Disk`."""
        with self._cache.read() as conn:
            return digest.buckets(conn, entity, cut)

    def mend(self, entity: str, parts: Sequence[int], lines: Sequence[Line], cut: datetime) -> Mended:
        """See `Disk`."""
        if entity in SET_UP:
            return self._mend_set_up(entity, lines)
        theirs = {line.id: int(line.d["ver"]) for line in lines if line.t == "put" and isinstance(line.d, dict)}
        with self._cache.write() as conn:
            found = digest.differences(conn, entity, parts, theirs, cut)
            at = feed.position(conn)
            fresh = [line for line in lines if line.id in found.missing | found.wrong]
            gone = [Line(t="leave", entity=entity, id=id, seq=at.seq) for id in sorted(found.extra)]
            digest.doubt(conn, entity, found.wrong)
            applied = self._replica.apply_page(conn, [*fresh, *gone], at.cursor, clock.now())
            index.sweep(conn, entity)
        if applied.put.keys() & {"person", "queue"}:
            self._on_world()
        self._on_change(frozenset(applied.targets))
        return Mended(
            missing=len(found.missing), extra=len(found.extra), wrong=len(found.wrong), kept=len(found.covered)
        )

    def shed(self, cut: datetime) -> None:
        """See `Disk`."""
        with self._cache.write() as conn:
            at = feed.position(conn)
            gone = [Line(t="leave", entity="ticket", id=id, seq=at.seq) for id in digest.outgrown(conn, cut)]
            applied = self._replica.apply_page(conn, gone, at.cursor, clock.now()) if gone else None
        if applied is not None:
            self._on_change(frozenset(applied.targets))

    def _mend_set_up(self, part: str, lines: Sequence[Line]) -> Mended:
        """A part of the set-up as central has it, whatever is here."""
        told = next((line.d for line in lines if line.t == "put"), None)
        if told is None:
            return Mended()
        with self._cache.write() as conn:
            held = settings.set_up(conn, part)
            settings.keep_set_up(conn, part, told)
            self._on_world()
            for target in outbox.targets(conn):
                self._replica.refold(conn, target)
        self._on_world()
        return Mended(wrong=1) if held else Mended(missing=1)

    def load_state(self) -> dict[str, Any] | None:
        """See `Disk`."""
        with self._cache.read() as conn:
            found: dict[str, Any] | None = settings.get(conn, STATE)
        return found

    def save_state(self, state: dict[str, Any]) -> None:
        """See `Disk`."""
        with self._cache.write() as conn:
            settings.put(conn, STATE, state)


def new_incarnation(cache: Cache, nonce: Path | None) -> None:
    """Give this copy of the cache an incarnation of its own: its chain starts anew.

    A crash between the two writes leaves them different, and the next start makes another one.
    """
    fresh = uuid4().hex
    if nonce is not None:
        nonce.write_text(fresh, "utf-8")
    with cache.write() as conn:
        settings.put(conn, INCARNATION, fresh)


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


def keep_tokens(cache: Cache, tokens: Tokens, *, pin: bool = False) -> None:
    """Store central's tokens, its description of the person and the pass for working without it. `pin`: they came
    after password and code."""
    kept = {"access": tokens.access, "refresh": tokens.refresh, "until": tokens.refresh_until}
    with cache.write() as conn:
        settings.put(conn, TOKENS, kept)
        if tokens.person:
            settings.put(conn, ME, tokens.person)
        offline.keep(conn, tokens.offline, pin=pin)


def forget_tokens(cache: Cache) -> None:
    """Sign out of central: nothing here can speak for the person any more."""
    with cache.write() as conn:
        settings.put(conn, TOKENS, {})


WATCH_SECONDS = 0.25


class Watch:
    """Tells a console that another process (a CLI command, another window) has written to the cache."""

    def __init__(self, cache: Cache, on_write: Callable[[], None]) -> None:
        self._cache = cache
        self._on_write = on_write

    def run(self, stop: threading.Event) -> None:
        """Look four times a second until `stop` is set. This thread only reads, so every commit shows to it.

        A look that fails (the cache is busy, a screen is going away) is made up for by the next.
        """
        seen: int | None = None
        while True:
            try:
                now = self._cache.version()
                if seen is not None and now != seen:
                    self._on_write()
                seen = now
            except Exception as error:
                log.warning("the watch looked in vain: %s", type(error).__name__)
            if stop.wait(WATCH_SECONDS):
                return
