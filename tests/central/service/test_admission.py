"""Gates, lanes and buckets: nothing leaks, whatever way a request ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msc_console.central.admission import Admission, Buckets, Full, Gate, Loads
from msc_console.central.problems import ProblemError


def whole(admission: Admission) -> bool:
    """Every permit is back, nobody waits, no lane is left."""
    loads, gates = admission.loads, admission.gates
    free = (gates["live"].free, gates["bootstrap"].free) == (loads.live, loads.bootstrap)
    return free and not gates["live"].waiting and not gates["bootstrap"].waiting and not admission._lanes


async def refused(admission: Admission, kind: str, device: str, lane: str = "pull") -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        await admission.admit(kind, device, lane)
    assert 1 <= int(caught.value.headers["Retry-After"]) <= admission.loads.longest_wait
    return caught.value


@pytest.mark.protocol("P-123")
async def test_who_comes_first_is_served_first_and_who_is_too_many_hears_it_at_once() -> None:
    gate, order = Gate(1, 2, 5), []

    async def one(name: str) -> None:
        await gate.take()
        order.append(name)

    await gate.take()
    tasks = [asyncio.create_task(one(name)) for name in "ab"]
    await asyncio.sleep(0)
    with pytest.raises(Full):
        await gate.take()
    gate.drop()
    gate.drop()
    await asyncio.gather(*tasks)
    assert order == ["a", "b"]


@pytest.mark.protocol("P-123", "P-124")
async def test_the_two_gates_know_nothing_of_each_other() -> None:
    admission = Admission(Loads(live=1, live_queue=0, bootstrap=1, bootstrap_queue=0))
    first = await admission.admit("bootstrap", "d1", "pull")
    assert (await refused(admission, "bootstrap", "d2")).code == "unavailable"
    second = await admission.admit("live", "d2", "pull")
    assert (await refused(admission, "live", "d3")).code == "unavailable"
    first.drop()
    second.drop()
    second.drop()
    assert whole(admission)


@pytest.mark.protocol("P-125")
async def test_a_device_has_one_push_and_one_pull_under_way() -> None:
    admission = Admission(Loads(device_queue=0))
    push, pull = await admission.admit("live", "d1", "push"), await admission.admit("live", "d1", "pull")
    assert (await refused(admission, "live", "d1", "push")).code == "too_fast"
    assert (await refused(admission, "live", "d1", "pull")).code == "too_fast"
    other = await admission.admit("live", "d2", "push")
    for permit in (push, pull, other):
        permit.drop()
    assert whole(admission)


@pytest.mark.protocol("P-125")
async def test_a_device_that_waits_for_itself_holds_nobody_else_up() -> None:
    admission = Admission(Loads(live=2, live_queue=0))
    first = await admission.admit("live", "d1", "pull")
    second = asyncio.create_task(admission.admit("live", "d1", "pull"))
    await asyncio.sleep(0)
    other = await admission.admit("live", "d2", "pull")
    first.drop()
    (await second).drop()
    other.drop()
    assert whole(admission)


@pytest.mark.protocol("P-123")
async def test_waiting_has_an_end() -> None:
    admission = Admission(Loads(live=1, patience=0.01))
    held = await admission.admit("live", "d1", "pull")
    assert (await refused(admission, "live", "d2")).code == "unavailable"
    held.drop()
    assert whole(admission)


@pytest.mark.protocol("P-126")
async def test_whoever_rests_holds_no_permit() -> None:
    admission = Admission(Loads(live=1, live_queue=0))
    permit = await admission.admit("live", "d1", "pull")
    async with permit.resting():
        assert whole(admission)
        (await admission.admit("live", "d2", "pull")).drop()
    assert not whole(admission)
    permit.drop()
    assert whole(admission)


@pytest.mark.protocol("P-126")
async def test_a_rest_that_ends_at_a_full_gate_is_a_refusal_and_no_leak() -> None:
    admission = Admission(Loads(live=1, live_queue=0))
    permit = await admission.admit("live", "d1", "pull")
    with pytest.raises(ProblemError):
        async with permit.resting():
            other = await admission.admit("live", "d2", "pull")
    permit.drop()
    other.drop()
    assert whole(admission)


@pytest.mark.protocol("P-125")
def test_a_bucket_fills_again_and_belongs_to_one_device() -> None:
    now = 100.0
    buckets = Buckets(2.0, 3.0, lambda: now)
    assert [buckets.spend("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert buckets.spend("b") == 0.0
    now += 0.5
    assert [buckets.spend("a") for _ in range(2)] == [0.0, 0.5]
    now += 3600
    assert [bool(buckets.spend("a")) for _ in range(4)] == [False, False, False, True]


@pytest.mark.protocol("P-125")
async def test_a_device_beyond_its_bucket_is_told_so() -> None:
    admission = Admission(Loads(burst=1, rate=0.1), monotonic=lambda: 5.0)
    (await admission.admit("live", "d1", "pull")).drop()
    assert (await refused(admission, "live", "d1")).code == "too_fast"
    assert whole(admission)


@pytest.mark.protocol("P-123")
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["done", "crash", "cancel", "rest"])), max_size=25))
def test_no_permit_is_lost_however_requests_end(plan: list[tuple[int, str]]) -> None:
    async def play() -> None:
        admission = Admission(Loads(live=2, live_queue=6, device_queue=1, patience=0.02))
        tasks = [asyncio.create_task(_request(admission, f"d{device}", end)) for device, end in plan]
        for place, (_, end) in enumerate(plan):
            await asyncio.sleep(0)
            if end == "cancel":
                tasks[place].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert whole(admission)

    asyncio.run(play())


async def _request(admission: Admission, device: str, end: str) -> None:
    async with _admitted(lambda: admission.admit("live", device, "pull")) as permit:
        await asyncio.sleep(0)
        if end == "crash":
            raise RuntimeError
        if end == "rest":
            async with permit.resting():
                await asyncio.sleep(0)
        await asyncio.sleep(0)


@asynccontextmanager
async def _admitted(admit: Callable) -> AsyncIterator:  # type: ignore[type-arg]
    permit = await admit()
    try:
        yield permit
    finally:
        permit.drop()
