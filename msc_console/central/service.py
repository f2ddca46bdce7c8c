"""What the routes share: the open database, the sign-in, who waits for news, and the clock they are all told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from litestar.connection import ASGIConnection

from .. import clock
from ..sync.wire import PING_SECONDS, WAIT_SECONDS
from . import endings, feed, sql
from .admission import Admission, Loads
from .auth import Auth
from .checkpoints import Anchors
from .db import Central
from .limits import ADDRESS_FAILURES, FREE_TRIES, Throttle, Window
from .masterkey import MasterKey
from .passwords import Passwords
from .pokes import Pokes
from .snapshots import Snapshots
from .tokens import Session
from .watch import HeadWatch


@dataclass(kw_only=True)
class Settings:
    """How a central serves. Tests hand in cheap passwords, their own clock and no tick."""

    key: MasterKey
    passwords: Passwords = field(default_factory=Passwords)
    now: Callable[[], datetime] = clock.now
    monotonic: Callable[[], float] = clock.monotonic
    tick_seconds: float | None = 1.0
    """How often central's own acts are looked for; None = never in this process."""
    wait_seconds: float = WAIT_SECONDS
    ping_seconds: float = PING_SECONDS
    """A stream is never silent for longer; its session is looked at as often."""
    address_failures: int = ADDRESS_FAILURES
    """Wrong sign-ins per minute from one address."""
    loads: Loads = field(default_factory=Loads)
    """How much at once, in this process."""
    anchors: Anchors = field(default_factory=Anchors)
    """Where checkpoints of the audit trail go."""
    describe: bool = False
    """Whether the API's description (OpenAPI) is served."""
    workers: int = 1
    """Processes that share the work. Each counts wrong tries by itself, so each allows a share of them."""


class Service:
    """One central at work. `Litestar.state.service` holds it."""

    def __init__(self, central: Central, settings: Settings) -> None:
        self.central = central
        self.settings = settings
        self.now = settings.now
        self.auth = Auth(
            central,
            settings.key,
            settings.passwords,
            monotonic=settings.monotonic,
            logins=Throttle(max(1, FREE_TRIES // settings.workers)),
            addresses=Window(max(1, settings.address_failures // settings.workers)),
        )
        self.admission = Admission(settings.loads)
        self.watch = HeadWatch(self._watched)
        self.pokes = Pokes(self.watch, self._moved, settings.workers)
        self.snapshots = Snapshots(central, settings.now)

    def head(self) -> int:
        """The newest seq of the feed."""
        with self.central.read() as conn:
            return feed.head(conn).seq

    def _watched(self) -> tuple[int, str]:
        with self.central.read() as conn:
            return feed.head(conn).seq, endings.mark(conn)

    def _moved(self, groups: frozenset[str], after: int, upto: int) -> frozenset[str]:
        """Those of `groups` in which the feed has rows in (after, upto]."""
        if not groups:
            return groups
        with self.central.read() as conn:
            found = conn.execute(_MOVED, {"ids": sorted(groups), "after": after, "upto": upto})
            return frozenset(found.scalars())


_MOVED = sql.listed(
    "SELECT DISTINCT group_id FROM change_group WHERE group_id IN :ids AND seq > :after AND seq <= :upto"
)


def service_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Service:
    """The service that a request came to."""
    service: Service = connection.app.state.service
    return service


def ended_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """`HeadWatch.ended` of just before the guard `signed_in` looked at the caller."""
    ended: str = connection.state.ended
    return ended


def session_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Session:
    """Who calls, as the guard `signed_in` found out."""
    session: Session = connection.state.session
    return session
