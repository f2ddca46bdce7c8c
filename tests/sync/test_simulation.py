"""Random faults, pokes, crashes and clocks from one seed: the promises hold in every history that Hypothesis finds."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msc_console.sync import moves as m
from msc_console.sync.engine import Engine
from msc_console.sync.faults import Fault
from msc_console.sync.moves import Source

from .fakes import DiskFull, World
from .test_engine import facts, hello, pushed, refused

FAULTS = [
    "lost", "timeout", "reply_lost", "reply_late", "cut", "portal", "redirect", "wrong_type", "gateway",
    "401", "404", "409", "410", "413", "429", "500", "503",
]  # fmt: skip
pytestmark = pytest.mark.slow
plans = st.lists(st.sampled_from([None, *FAULTS]), max_size=14)
writes = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 40)), max_size=5)
DAY = timedelta(days=1)


def sign_in_as_often_as_asked(world: World) -> None:
    """Two 401 in a row end a session; each plan holds a few such pairs at most."""
    for _ in range(8):
        if world.driver.status.problem == "signed_out":
            world.driver.poke(Source.SIGNED_IN)
            world.run(9000, world.calm)


@settings(max_examples=60, deadline=None)
@given(plans, writes, st.lists(st.booleans(), max_size=10), st.integers(0, 2**16))
@pytest.mark.protocol("P-062", "P-087")
def test_after_any_faults_everything_leaves_once_and_arrives(
    plan: list[str | None], acts: list[tuple[int, int]], disk: list[bool], seed: int
) -> None:
    world = World(seed)
    world.central.feed = [(f"row-{n}", {"n": n}) for n in range(700)]
    world.central.plan = list(plan)
    world.disk.faults = [DiskFull() if bad else None for bad in disk]
    for n, (second, size) in enumerate(sorted(acts)):

        def write(n: int = n, size: int = size) -> None:
            world.disk.write(*(f"w{n}-{k}" for k in range(size)))
            world.driver.poke()

        world.signals.script.append((1000.0 + second, write))
    world.run(9000, lambda: world.clock.mono > 1301 and world.calm())
    sign_in_as_often_as_asked(world)
    assert world.calm()
    assert len(world.central.effects) == sum(size for _, size in acts)
    assert set(world.central.effects.values()) <= {1}
    assert world.disk.rows == world.central.rows


@settings(max_examples=40, deadline=None)
@given(plans, st.integers(0, 200), st.lists(st.integers(1, 400), min_size=1, max_size=4), st.integers(0, 2**16))
@pytest.mark.protocol("P-062", "P-084")
def test_processes_that_die_anywhere_lose_and_double_nothing(
    plan: list[str | None], size: int, lives: list[int], seed: int
) -> None:
    """A process dies before its n-th request is answered; the next one goes on from the same disk."""

    class Killed(BaseException):
        pass

    world = World(seed)
    world.disk.write(*(f"op{n}" for n in range(size)))
    world.central.feed = [(f"row-{n}", {"n": n}) for n in range(50)]
    world.central.plan = list(plan)
    answer = world.central.handle
    for life in lives:
        left = life % 7

        def dying(request):  # type: ignore[no-untyped-def]
            nonlocal left
            reply = answer(request)
            left -= 1
            if left <= 0:
                raise Killed
            return reply

        world.central.handle = dying  # type: ignore[method-assign]
        world.start_again()
        try:
            world.run(400, world.calm)
        except Killed:
            world.clock.wall_jump += DAY * (left % 3 - 1)
    world.central.handle = answer  # type: ignore[method-assign]
    world.start_again()
    world.driver.poke()
    world.run(9000, world.calm)
    sign_in_as_often_as_asked(world)
    assert world.calm()
    assert set(world.central.effects.values()) <= {1}
    assert len(world.central.effects) == size


answers = st.one_of(
    st.sampled_from([m.Failed(fault) for fault in Fault]),
    st.builds(refused, st.sampled_from([400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 503])),
    st.builds(refused, st.sampled_from([429, 503]), st.just("busy"), st.floats(1, 50)),
)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.integers())
@pytest.mark.protocol("P-008", "P-009", "P-010")
def test_the_engine_keeps_its_promises_whatever_it_hears(data: st.DataObject, seed: int) -> None:
    """Any answers, pokes and pauses: bounded idle requests, no push after 426, `Retry-After` kept, rests that end."""
    engine, now, floor = Engine(Random(seed)), 0.0, 0.0
    idle: list[float] = []
    shut, fresh = False, 0
    action = engine.step(m.Start(), facts(now))
    for _ in range(40):
        if isinstance(action, (m.Greet, m.Send, m.Pull, m.Refresh)):
            assert now >= floor - 0.01, "patience that central asked for"
            idle.append(now)
            assert len(idle) < 6 or idle[-1] - idle[-6] >= 9.99, "a loop without progress"
        if isinstance(action, (m.Push, m.Send)):
            assert not shut, "a push after 426"
        good: list[m.Event]
        match action:
            case m.Greet():
                version = data.draw(st.sampled_from(["1.0", "1.1"]))
                good = [hello(data.draw(st.sampled_from(["g1", "g2"])), version=version)]
            case m.Push():
                good = [m.Sealed(0), m.Sealed(1)]
            case m.Send():
                fresh += 1
                words = ["deferred", "gap", "forked", "new_word", "applied", "conflict"]
                good = [pushed((f"op{fresh - 1}", data.draw(st.sampled_from(words))), expected=3), refused(426)]
            case m.Pull():
                good = [
                    m.Pulled(0, True, False),
                    m.Pulled(0, False, True),
                    m.Pulled(5, False, False),
                    m.Pulled(9, True, False),
                ]
            case m.Reset():
                good = [m.WasReset()]
            case m.Rekey():
                good = [m.Rekeyed()]
            case m.Refresh():
                good = [m.Refreshed()]
            case m.Rest(until):
                assert until is None or until > now
                now = max(now, until or now) if data.draw(st.booleans()) else now
                good = [m.Tick(), *(m.Poked(source) for source in Source)]
            case m.Stop():
                return
        resting = isinstance(action, m.Rest)
        local = isinstance(action, (m.Push, m.Reset, m.Rekey))
        event = data.draw(st.sampled_from(good) if resting or data.draw(st.booleans()) else answers)
        if local and isinstance(event, m.Refused):
            event = m.Failed(Fault.DISK_FULL)
        if isinstance(event, m.Refused) and event.retry_after is not None and event.problem.status in (429, 503):
            floor = max(floor, now + event.retry_after)
        if isinstance(event, m.Refused) and event.problem.status == 426:
            shut = True
        if isinstance(event, m.Greeted):
            shut = False
        settled = isinstance(event, m.Pushed) and event.reply.results[0].result in ("applied", "conflict")
        if settled or (isinstance(event, m.Pulled) and event.rows > 0 and event.moved):
            idle.clear()
        now += data.draw(st.sampled_from([0.0, 0.01, 0.5]))
        if data.draw(st.integers(0, 4)) == 0 and not resting:
            assert engine.step(m.Poked(), facts(now)) == action, "a poke never changes the action under way"
        action = engine.step(event, facts(now))
