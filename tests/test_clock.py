"""One grain, one zone, one way to write a moment down."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from msc_console import clock

MOMENTS = st.datetimes(
    datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=7))])
)


@given(MOMENTS)
def test_every_form_of_a_moment_says_the_same(moment: datetime) -> None:
    ms = clock.to_ms(moment)
    whole = clock.from_ms(ms)
    assert timedelta(0) <= moment - whole < timedelta(milliseconds=1)
    assert clock.to_ms(whole) == ms
    assert clock.iso_ms(ms) == clock.iso(whole) == clock.iso(moment)
    assert clock.ms_iso(clock.iso(moment)) == ms
    assert clock.parse(moment.isoformat()) == whole
    assert clock.parse(clock.iso(moment)).tzinfo is UTC


def test_the_text_has_three_decimals_and_z() -> None:
    assert clock.iso(datetime(2026, 11, 24, 9, 12, tzinfo=timezone(timedelta(hours=7)))) == "2026-11-24T02:12:00.000Z"
    assert clock.iso_ms(1) == "1970-01-01T00:00:00.001Z"


@time_machine.travel(datetime(2026, 11, 24, 2, 12, 0, 123987, tzinfo=UTC), tick=False)
def test_now_is_whole_milliseconds_in_utc() -> None:
    assert clock.now() == datetime(2026, 11, 24, 2, 12, 0, 123000, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_the_other_clock_never_goes_back() -> None:
    assert clock.monotonic() <= clock.monotonic()


@pytest.mark.parametrize("text", ["2026-11-24T02:12:00.000", "2026-11-24", "kemarin", "", "2026-13-01T00:00:00Z"])
def test_a_moment_without_a_zone_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        clock.parse(text)
    with pytest.raises(ValueError):
        clock.ms_iso(text)


def test_naive_datetimes_are_refused() -> None:
    for write in (clock.iso, clock.to_ms):
        with pytest.raises(ValueError, match="without a zone"):
            write(datetime(2026, 1, 1))
