"""Waiting after wrong tries."""

import pytest

from msc_console.central import limits
from msc_console.central.limits import Throttle, Window, delay


@pytest.mark.protocol("P-024")
def test_five_tries_are_free_and_then_the_wait_doubles_to_a_quarter_of_an_hour() -> None:
    assert [delay(failed) for failed in (1, 4, 5, 6, 7, 14, 15, 16, 100)] == [0, 0, 1, 2, 4, 512, 900, 900, 900]


@pytest.mark.protocol("P-024")
def test_a_name_waits_and_a_right_try_clears_it() -> None:
    throttle = Throttle()
    assert [throttle.begin("rina", 0.0) for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    assert throttle.begin("budi", 0.0) == 0
    assert throttle.begin("rina", 1.0) == 0
    assert throttle.begin("rina", 1.5) == 2
    throttle.succeeded("rina")
    assert throttle.begin("rina", 1.5) == 0


@pytest.mark.protocol("P-024")
def test_old_failures_are_forgotten() -> None:
    throttle = Throttle()
    for _ in range(5):
        throttle.begin("rina", 0.0)
    assert throttle.begin("rina", 1.0 + limits.LONGEST_WAIT + 1) == 0
    assert throttle.begin("rina", 1.0 + limits.LONGEST_WAIT + 1) == 0


@pytest.mark.protocol("P-024")
def test_an_address_has_a_window_that_right_tries_dont_fill() -> None:
    window = Window(most=2, seconds=60)
    for _ in range(10):
        assert window.begin("10.0.0.1", 0.0) == 0
        window.succeeded("10.0.0.1")
    assert window.begin("10.0.0.1", 1.0) == 0
    assert window.begin("10.0.0.1", 2.0) == 0
    assert window.begin("10.0.0.1", 3.0) == 58
    assert window.begin("10.0.0.1", 61.0) == 0


@pytest.mark.protocol("P-024")
def test_a_subscribers_addresses_share_a_window() -> None:
    window = Window(most=1, seconds=60)
    assert window.begin("2001:db8:1:2::1", 0.0) == 0
    window.succeeded("2001:db8:1:2:3:4:5:6")
    assert window.begin("2001:db8:1:2::7", 1.0) == 0
    assert window.begin("2001:db8:1:2:3:4:5:6", 2.0) == 59
    assert window.begin("2001:db8:1:3::1", 2.0) == 0
    assert window.begin("no address", 2.0) == 0


@pytest.mark.protocol("P-024")
def test_memory_is_bounded(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(limits, "NAMES_KEPT", 3)
    throttle = Throttle(free=1)
    for name in "abcd":
        throttle.begin(name, 0.0)
    assert throttle.begin("a", 0.0) == 0
    assert throttle.begin("d", 0.0) == 1
