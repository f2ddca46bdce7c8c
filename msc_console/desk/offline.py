"""The pass for working with central gone, as the cache keeps it: stored with central's tokens, judged at unlocking."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from .. import clock
from ..identity import offline_pass
from ..identity.offline_pass import Pass, PassRefused
from ..identity.vault import mode_of
from ..store import settings
from ..store.opening import Cache, Connection

if TYPE_CHECKING:
    from ..identity.custody import Custody
    from ..identity.vault import Secrets
    from .seat import Seat

PASS, PINNED, HIGHEST, LATEST = "offline_pass", "centre_key", "pass_counter", "latest_ms"
"""Settings of the cache: the signed pass, central's public key, the highest counter, the time of the last unlocking."""


@dataclass(frozen=True, slots=True)
class _Kept:
    doc: str
    sig: str
    key: str


def keep(conn: Connection, signed: offline_pass.Signed | None, *, pin: bool) -> None:
    """Store a pass that came with tokens. `pin`: they came after password and code, so central's key is believed; else
    a pass of another key, an unreadable one or an older one is passed over."""
    if signed is None:
        return
    pinned = signed.key if pin else settings.get(conn, PINNED)
    try:
        given = offline_pass.read(signed, pinned or "")
    except PassRefused:
        return
    if given.counter < counter(conn) and not pin:
        return
    settings.put(conn, PASS, {"doc": signed.doc, "sig": signed.sig, "key": signed.key})
    settings.put(conn, HIGHEST, given.counter)
    settings.put(conn, PINNED, pinned)


def kept(conn: Connection) -> Pass:
    """The pass of this laptop. PassRefused `missing` or `forged`."""
    found = settings.get(conn, PASS)
    if found is None:
        raise PassRefused("missing")
    return offline_pass.read(_Kept(**found), settings.get(conn, PINNED) or "")


def kept_or_none(cache: Cache) -> Pass | None:
    """The pass of this laptop, None without one that central signed."""
    with cache.read() as conn:
        try:
            return kept(conn)
        except PassRefused:
            return None


def counter(conn: Connection) -> int:
    """The counter of the newest pass; 0 before the first."""
    return int(settings.get(conn, HIGHEST, 0))


def pinned_key(conn: Connection) -> str:
    """Central's public key as it was at the sign-in, hex; empty before."""
    return str(settings.get(conn, PINNED) or "")


def admit(
    cache: Cache, keys: "Custody", secret: "Secrets", device_now: datetime | None = None
) -> tuple[Pass, datetime]:
    """The pass and until when the laptop may be open under it; remembers the time and the counter. PassRefused."""
    at = device_now or clock.now()
    with cache.write() as conn:
        given = kept(conn)
        offset, _ = settings.server_time(conn)
        now = at + offset
        until = offline_pass.judge(
            given,
            person=secret.person,
            device=secret.device,
            mode=keys.mode or "",
            now=now,
            latest=latest(conn),
            highest=max(keys.highest(), counter(conn)),
        )
        settings.put(conn, LATEST, clock.to_ms(now))
    keys.remember(given.counter)
    return given, until - offset


def may_go_on(desk: "Seat", *, online: bool) -> bool:
    """Whether an open desk may stay open: its session answers and, with central gone, the pass is not over."""
    if not desk.unlocked.signer.answers():
        return False
    if online:
        return True
    given = kept_or_none(desk.cache)  # without one the session's own end is near enough
    return given is None or desk.now() < given.ends(mode_of(desk.home.vault) or "")


def latest(conn: Connection) -> datetime | None:
    """The highest time that this cache has ever held: of central's clock, of an unlocking, of an act."""
    row = conn.execute(
        "SELECT max(ifnull((SELECT server_at FROM clock), 0), ifnull((SELECT max(made_at) FROM outbox), 0))"
    ).fetchone()
    found = max(int(row[0]), int(settings.get(conn, LATEST, 0)))
    return clock.from_ms(found) if found else None
