"""The authenticator of a demo person: the code that central will take next.

A code is good once, and central knows the step of the last one that was used. The demo owns central's database, so it
asks there instead of trying codes out: wrong tries are counted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from ..central.db import Central
from ..central.totp import DRIFT, STEP_MS
from ..clock import from_ms, to_ms
from ..identity.signin import totp_now
from .place import Demo, WayIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Six digits, and when central takes them."""

    digits: str
    good_from: datetime
    good_until: datetime

    def wait(self, now: datetime) -> timedelta:
        """How long until it is good; zero when it is."""
        return max(timedelta(0), self.good_from - now)


def next_code(demo: Demo, way: WayIn, now: datetime) -> Code:
    """The first code of `way` that is not used up: that of now, else the next, which may not be good yet."""
    return code_after(_last_step(demo, way.login), way.secret, now)


def code_after(last: int, secret: str, now: datetime) -> Code:
    """The first code later than step `last` and not of the past."""
    step = max(to_ms(now) // STEP_MS, last + 1)
    return Code(
        digits=totp_now(secret, from_ms(step * STEP_MS)),
        good_from=from_ms((step - DRIFT) * STEP_MS),
        good_until=from_ms((step + DRIFT + 1) * STEP_MS),
    )


def _last_step(demo: Demo, login: str) -> int:
    central = Central.open(demo.database)
    try:
        with central.read() as conn:
            found = conn.execute(text("SELECT totp_step FROM person WHERE login = :login"), {"login": login}).scalar()
        return int(found or 0)
    finally:
        central.close()
