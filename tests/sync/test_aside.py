"""What central had put aside is asked after: seldom, and only while there is some."""

from itertools import pairwise

import pytest

from msc_console.sync.driver import ASK_EVERY
from msc_console.sync.wire import OpResult

from .fakes import World

STATUS = "/v1/ops/status"


@pytest.fixture
def world() -> World:
    found = World()
    found.central.verdicts = {"a": "quarantined"}
    found.disk.write("a", "b")
    return found


@pytest.mark.protocol("P-079")
def test_a_new_answer_is_taken_as_the_first_would_have_been(world: World) -> None:
    world.run(ASK_EVERY * 2.5, lambda: False)
    assert world.disk.answered["a"].result == "quarantined"
    world.central.results["a"] = OpResult("a", "applied", 7)
    world.run(ASK_EVERY * 3, lambda: world.disk.answered["a"].result == "applied")
    assert world.disk.answered["a"].seq == 7


@pytest.mark.protocol("P-079")
def test_it_is_asked_once_a_minute_at_most_and_not_at_all_without_need(world: World) -> None:
    world.run(600, lambda: False)
    times = [at for at, path in world.central.seen if path == STATUS]
    assert len(times) > 3
    assert min(later - at for at, later in pairwise(times)) >= ASK_EVERY
    world.central.results["a"] = OpResult("a", "invalid", reason="dismissed")
    world.run(200, lambda: False)
    asked = world.central.count(STATUS)
    world.run(600, lambda: False)
    assert world.central.count(STATUS) == asked


@pytest.mark.protocol("P-079")
@pytest.mark.parametrize("fault", ["lost", "500", "401", "cut", "503"])
def test_a_question_that_gets_no_answer_is_asked_again_and_stops_nothing(world: World, fault: str) -> None:
    world.central.plan = [None, None, None, fault]  # hello, push, changes
    world.run(ASK_EVERY * 0.5, lambda: world.central.count(STATUS) == 1)
    world.central.results["a"] = OpResult("a", "applied", 7)
    world.run(ASK_EVERY * 4, lambda: world.disk.answered["a"].result == "applied")
    assert world.disk.answered["a"].result == "applied"
