"""The wall clock, and the one way to write a moment down. No other module reads the time of day.

In code a moment is an aware `datetime` in UTC; in SQL it is integer milliseconds since 1970-01-01T00:00Z; on the wire
it is RFC 3339 text with exactly three decimals and `Z`. Milliseconds are the grain everywhere: finer parts are dropped.
"""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def now() -> datetime:
    """This moment in UTC, whole milliseconds."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def monotonic() -> float:
    """Seconds on a clock that never goes back; only differences mean something."""
    return time.monotonic()


def to_ms(moment: datetime) -> int:
    """`moment` in milliseconds since the epoch. ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment without a zone: {moment}")
    return (moment - EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """The moment `ms` milliseconds after the epoch, in UTC."""
    return EPOCH + timedelta(milliseconds=ms)


def iso(moment: datetime) -> str:
    """`moment` as `2026-11-24T09:12:00.000Z`. ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment without a zone: {moment}")
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat(timespec="milliseconds")[:-6] + "Z"


@lru_cache(maxsize=4096)  # one push, or page, names the same moments again and again
def parse(text: str) -> datetime:
    """RFC 3339 text with any offset as a moment in UTC. ValueError for other text or a missing offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a moment without a zone: {text}")
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def iso_ms(ms: int) -> str:
    """`iso` straight from SQL's milliseconds."""
    return iso(EPOCH + timedelta(milliseconds=ms))


def ms_iso(text: str) -> int:
    """SQL's milliseconds straight from wire text; errors as `parse`."""
    return to_ms(datetime.fromisoformat(text))
