"""What the routes share: the open database, the sign-in, who waits for news, and the clock they are all told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from litestar.connection import ASGIConnection
from sqlalchemy import text

from .. import clock
from ..sync.wire import WAIT_SECONDS
from .auth import Auth
from .db import Central
from .limits import Throttle, Window
from .masterkey import MasterKey
from .passwords import Passwords
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
    address_failures: int = 20
    """Wrong sign-ins per minute from one address."""


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
            logins=Throttle(),
            addresses=Window(settings.address_failures),
        )
        self.watch = HeadWatch(self.head)

    def head(self) -> int:
        """The newest seq of the feed."""
        with self.central.read() as conn:
            return int(conn.execute(text("SELECT seq FROM feed_head WHERE id = 1")).scalar_one())


def service_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Service:
    """The service that a request came to."""
    service: Service = connection.app.state.service
    return service


def session_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Session:
    """Who calls, as the guard `signed_in` found out."""
    session: Session = connection.state.session
    return session
