"""When the driver asks: patience, haste, sleep and wrong clocks."""

from datetime import timedelta

import pytest

from .fakes import World
from .test_driver import paths, world

__all__ = ["world"]


@pytest.mark.protocol("P-008")
def test_retry_after_is_waited_out_even_when_poked(world: World) -> None:
    world.central.plan = [None, "429"]
    for second in (1, 5, 10, 20, 29):
        world.signals.script.append((1000.0 + second, world.driver.poke))
    world.run(120, lambda: len(world.central.seen) > 2)
    refused, again = world.central.seen[1][0], world.central.seen[2][0]
    assert again - refused >= 30


@pytest.mark.protocol("P-009")
def test_backoff_survives_a_restart_and_a_poke_ends_it(world: World) -> None:
    world.central.plan = ["lost"] * 500
    world.run(400)
    assert world.engine.line.failures > 3
    before = len(world.central.seen)
    world.start_again()
    world.run(0.001)
    assert len(world.central.seen) == before, "a restart does not hammer"
    world.central.plan = []
    world.driver.poke()
    world.run(1, world.calm)
    assert world.in_step()


@pytest.mark.protocol("P-009")
def test_offline_tries_thin_out(world: World) -> None:
    world.central.plan = ["lost"] * 5000
    world.run(8 * 3600)
    assert 90 < len(world.central.seen) < 400, "eight hours at up to five minutes each"
    gaps = [b[0] - a[0] for a, b in zip(world.central.seen[10:], world.central.seen[11:], strict=False)]
    assert max(gaps) <= 301


@pytest.mark.protocol("P-009")
def test_a_poke_storm_is_no_request_storm(world: World) -> None:
    world.run(1)
    before = len(world.central.seen)
    for tenth in range(600):
        world.signals.script.append((1001 + tenth / 10, world.driver.poke))
    world.run(60)
    assert len(world.central.seen) - before <= 32
    assert world.driver.status.problem is None, "nothing is wrong, it is just enough"


@pytest.mark.protocol("P-009")
def test_waking_up_greets_anew_and_ends_the_backoff(world: World) -> None:
    world.central.plan = ["lost"] * 500

    def wake() -> None:
        world.clock.wall_jump += timedelta(hours=8)
        world.central.plan = []
        world.engine.line.at = world.clock.mono + 250

    world.signals.script = [(1400.0, wake)]
    world.run(600, world.calm)
    assert world.in_step()
    assert world.clock.mono < 1403


@pytest.mark.protocol("P-004")
def test_waking_up_in_step_greets_anew(world: World) -> None:
    def wake() -> None:
        world.clock.wall_jump += timedelta(hours=8)

    world.signals.script = [(1010.0, wake)]
    world.run(12)
    assert paths(world)[-2:] == ["hello", "changes"]


@pytest.mark.protocol("P-009")
def test_a_wall_clock_set_back_by_a_day_silences_nobody(world: World) -> None:
    world.central.plan = ["lost"] * 100
    world.run(300)
    world.central.plan = []
    world.clock.wall_jump -= timedelta(days=1)
    world.start_again()
    world.run(30, world.calm)
    assert world.in_step()
