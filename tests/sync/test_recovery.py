"""What breaks on this laptop ends no conversation: chains are begun anew, errors are said and waited out."""

import pytest

from msc_console.errors import MscError
from msc_console.sync import moves as m
from msc_console.sync.engine import Engine
from msc_console.sync.status import Trouble

from .fakes import DiskFull, World


@pytest.fixture
def world() -> World:
    found = World()
    found.central.feed = [(f"row-{n}", {"n": n}) for n in range(3)]
    return found


@pytest.mark.parametrize("error", [MscError("cache_damaged"), ConnectionError("gone"), KeyError("x")])
@pytest.mark.protocol("P-028")
def test_tokens_that_cannot_be_read_are_a_trouble_and_not_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken() -> str:
        raise error

    world.disk.write("a")
    with monkeypatch.context() as patched:
        patched.setattr(world.tokens, "access", broken)
        world.run(600)
        assert world.driver.status.problem == (error.key if isinstance(error, MscError) else Trouble.INTERNAL)
        assert len(world.central.seen) < 40
    world.run(400, world.calm)
    assert world.in_step()


@pytest.mark.protocol("P-028")
def test_a_key_that_is_gone_when_tokens_are_renewed_is_not_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(token: str) -> str:
        raise ConnectionError

    world.disk.write("a")
    world.central.access = set()
    with monkeypatch.context() as patched:
        patched.setattr(world.tokens, "sign_refresh", gone)
        world.run(60)
    world.run(600, world.calm)
    assert world.in_step()


@pytest.mark.protocol("P-075")
def test_an_engine_that_has_lost_its_way_is_replaced(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.disk.write("a")
    lost = 0

    def confused(self: Engine, event: m.Event, facts: m.Facts) -> m.Action:
        nonlocal lost
        lost += 1
        if lost in (3, 4, 5):
            raise ValueError("out of turn")
        return whole(self, event, facts)

    whole = Engine.step
    monkeypatch.setattr(Engine, "step", confused)
    world.run(60, lambda: lost > 5 and world.driver.status.problem is not None)
    assert world.driver.status.problem == Trouble.INTERNAL
    world.run(400, world.calm)
    assert world.central.effects == {"a": 1}


@pytest.mark.protocol("P-075")
def test_a_screen_that_is_gone_does_not_end_the_conversation(world: World) -> None:
    def gone(status: object) -> None:
        raise RuntimeError("no app")

    world.driver._on_status = gone
    world.disk.write("a")
    world.run(60, world.calm)
    assert world.in_step()


@pytest.mark.protocol("P-064")
def test_what_is_left_leaves_in_a_new_chain_where_a_gap_cannot_be_closed(world: World) -> None:
    world.disk.write("a", "b")
    world.driver.run_until_quiet(30)
    world.central.watermark, world.central.results = 0, {}
    del world.disk.journal[1]
    world.disk.write("c")
    world.start_again()
    status = world.driver.run_until_quiet(20)
    assert status.problem is None
    assert (world.central.effects["c"], world.central.inc) == (1, "inc2")
    assert world.in_step()


@pytest.mark.protocol("P-065")
def test_a_copied_laptop_goes_on_in_a_chain_of_its_own(world: World) -> None:
    world.central.watermark = 7
    world.disk.write("a", "b")
    status = world.driver.run_until_quiet(20)
    assert (status.problem, status.pending) == (None, 0)
    assert world.central.effects == {"a": 1, "b": 1}
    assert world.disk.incarnation == 2


@pytest.mark.protocol("P-065")
def test_two_copies_that_take_turns_lose_nothing(world: World) -> None:
    for turn in range(4):
        world.central.former.add(f"inc{world.disk.incarnation}")
        world.disk.write(f"op{turn}")
        world.driver.poke()
        assert world.driver.run_until_quiet(20).problem is None
    assert set(world.central.effects.values()) == {1}
    assert len(world.central.effects) == 4


@pytest.mark.protocol("P-065")
def test_a_disk_that_cannot_begin_a_new_chain_is_asked_again(world: World) -> None:
    world.central.watermark = 7
    world.disk.write("a")
    world.disk.faults = [None, None, DiskFull()]
    world.run(400, world.calm)
    assert world.central.effects == {"a": 1}


@pytest.mark.protocol("P-009", "P-065")
def test_a_central_that_calls_every_chain_forked_is_reported_and_no_loop(world: World) -> None:
    world.central.former.add("*")
    world.disk.write("a")
    world.run(3600)
    assert world.disk.incarnation == 2
    assert world.driver.status.problem == Trouble.FORKED
    assert world.driver.status.pending == 1
    assert world.central.count("/v1/push") < 40
    assert set(world.central.rows) <= set(world.disk.rows)


@pytest.mark.protocol("P-084")
def test_an_unforeseen_error_of_the_store_is_a_trouble_of_the_cache(world: World) -> None:
    world.disk.faults = [RuntimeError("rina@example.com")]
    world.run(600, world.calm)
    assert Trouble.DISK in [said.problem for said in world.said]
    assert world.in_step()
