"""Delays grow to five minutes, are spread, honour the server, and five idle requests in ten seconds are enough."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console.sync.backoff import LONGEST, RETRY_AFTER_LONGEST, SHORTEST, Guard, Pace, delay
from msc_console.sync.sizes import Sizes
from msc_console.sync.state import EngineState
from msc_console.sync.wire import Limits

from .fakes import BEGIN


@given(st.integers(1, 10_000), st.integers())
@pytest.mark.protocol("P-009")
def test_a_delay_stays_between_its_bounds(failures: int, seed: int) -> None:
    assert SHORTEST <= delay(failures, Random(seed)) <= LONGEST


@pytest.mark.protocol("P-009")
def test_delays_grow_and_are_spread() -> None:
    rng = Random(1)
    means = [sum(delay(n, rng) for _ in range(400)) / 400 for n in (1, 4, 7, 12)]
    assert means == sorted(means)
    assert 100 < means[-1] < 200
    late = [delay(12, rng) for _ in range(400)]
    assert min(late) < 30
    assert max(late) > 270


@given(st.floats(0, 1e9), st.integers())
@pytest.mark.protocol("P-008")
def test_retry_after_is_a_floor_that_haste_does_not_lift(asked: float, seed: int) -> None:
    pace = Pace()
    pace.fail(100.0, Random(seed), "busy", retry_after=asked)
    pace.hasten()
    assert pace.at == 100.0 + min(asked, RETRY_AFTER_LONGEST)


@given(st.integers(0, 40), st.floats(0, 3600), st.integers())
@pytest.mark.protocol("P-009")
def test_a_server_that_names_a_time_is_not_kept_waiting(failures: int, asked: float, seed: int) -> None:
    """However often it failed before: a crowd that doubles its delays leaves central idle between its last tries."""
    pace, rng = Pace(), Random(seed)
    for _ in range(failures):
        pace.fail(100.0, rng, "unreachable")
    pace.fail(100.0, rng, "busy", retry_after=asked)
    assert 0 <= pace.at - 100.0 - asked <= 1 + asked * 0.1 + 1e-9
    assert pace.failures == failures + 1


@pytest.mark.protocol("P-009")
def test_haste_ends_a_backoff_of_our_own() -> None:
    pace = Pace()
    for _ in range(9):
        pace.fail(100.0, Random(1), "unreachable")
    assert pace.waits(100.0)
    pace.hasten()
    assert not pace.waits(100.0)
    assert pace.problem == "unreachable", "trying again is not yet success"
    pace.ok()
    assert pace.problem is None


@given(st.lists(st.floats(0, 4), max_size=60))
@pytest.mark.protocol("P-009")
def test_the_guard_bounds_any_rhythm(pauses: list[float]) -> None:
    guard, now, sent = Guard(), 0.0, []
    for pause in pauses:
        now += pause
        if guard.opens_at(now) is None:
            guard.note(now)
            sent.append(now)
    assert all(later - earlier >= 9.99 for earlier, later in zip(sent, sent[5:], strict=False))


@pytest.mark.protocol("P-009")
def test_progress_opens_the_guard() -> None:
    guard = Guard()
    for _ in range(5):
        guard.note(1.0)
    assert guard.opens_at(2.0) == 11.0
    guard.progress()
    assert guard.opens_at(2.0) is None


@pytest.mark.protocol("P-076")
def test_sizes_halve_to_one_and_grow_back_to_the_limits() -> None:
    sizes = Sizes()
    sizes.offer(Limits(push_ops=40, push_bytes=1 << 30, page_rows=10_000))
    assert (sizes.ops, sizes.page, sizes.octets) == (40, 500, 256 * 1024)
    steps = 0
    while sizes.shrink(push=True, page=True):
        steps += 1
    assert (sizes.ops, sizes.page, steps) == (1, 10, 6)
    for _ in range(10):
        sizes.push_grows()
        sizes.page_grows()
    assert (sizes.ops, sizes.page) == (40, 500)


@pytest.mark.protocol("P-009")
def test_a_state_survives_and_a_damaged_one_begins_anew() -> None:
    state = EngineState("g1", 3, BEGIN, None)
    assert EngineState.load(state.dump()) == state
    for damaged in (None, {}, {"failures": "many"}, {"next_at": "yesterday"}, {"next_at": 5}):
        assert EngineState.load(damaged) == EngineState()
