"""The driver against a central that misbehaves: whatever happens on the way, work leaves once and news arrives."""

import errno
from datetime import timedelta

import httpx
import pytest

from msc_console.errors import NotAllowed
from msc_console.sync.moves import Source
from msc_console.sync.status import Trouble, Working

from .fakes import DiskFull, World, problem


@pytest.fixture
def world() -> World:
    found = World()
    found.central.feed = [(f"row-{n}", {"n": n}) for n in range(3)]
    return found


def paths(world: World) -> list[str]:
    return [path.removeprefix("/v1/") for _, path in world.central.seen]


@pytest.mark.protocol("P-004", "P-075")
def test_reconnect_greets_pushes_then_pulls(world: World) -> None:
    world.disk.write("a", "b")
    status = world.driver.run_until_quiet(30)
    assert paths(world) == ["hello", "push", "changes"]
    assert world.in_step()
    assert (status.online, status.pending, status.problem) == (True, 0, None)
    assert status.last_sync is not None
    assert world.disk.server_time is not None
    working = [said.working for said in world.said if said.working]
    assert list(dict.fromkeys(working)) == [Working.PUSH, Working.PULL]


@pytest.mark.protocol("P-075")
def test_a_long_outbox_leaves_in_batches_before_the_first_pull(world: World) -> None:
    world.disk.write(*(f"op{n}" for n in range(250)))
    world.driver.run_until_quiet(30)
    assert paths(world) == ["hello", "push", "push", "push", "changes"]
    assert set(world.central.effects.values()) == {1}
    assert world.in_step()


@pytest.mark.parametrize(
    "fault",
    ["lost", "timeout", "reply_lost", "reply_late", "cut", "portal", "redirect", "wrong_type", "gateway",
     "401", "409", "410", "413", "429", "500", "503"],
)  # fmt: skip
@pytest.mark.parametrize("place", [0, 1, 2], ids=["hello", "push", "changes"])
@pytest.mark.protocol("P-005", "P-062")
def test_each_fault_at_each_request_is_survived(world: World, fault: str, place: int) -> None:
    world.disk.write("a", "b", "c")
    world.central.plan = [None] * place + [fault]
    world.run(600, world.calm)
    assert world.in_step()
    assert world.central.effects == {"a": 1, "b": 1, "c": 1}
    assert world.driver.status.problem is None
    assert world.driver.status.online


@pytest.mark.protocol("P-005")
def test_an_oversized_page_is_not_taken(world: World) -> None:
    world.central.plan = [None, "oversize"]
    world.run(0.001)
    assert world.disk.rows == {}
    assert world.driver.status.problem == Trouble.NOT_OURS
    world.run(600, world.calm)
    assert world.in_step()


@pytest.mark.protocol("P-005")
def test_a_portal_is_offline_and_said_so(world: World) -> None:
    world.central.plan = ["portal"] * 50
    world.disk.write("a")
    status = world.driver.run_until_quiet(1)
    assert (status.online, status.problem, status.pending) == (False, Trouble.NOT_OURS, 1)
    assert world.disk.rows == {}


@pytest.mark.protocol("P-009")
def test_who_has_no_patience_asks_once(world: World) -> None:
    world.central.plan = ["lost"] * 50
    world.disk.write("a")
    status = world.driver.run_until_quiet(30, patient=False)
    assert (status.online, status.problem, status.pending) == (False, Trouble.UNREACHABLE, 1)
    assert paths(world) == ["hello", "hello"], "one round; a broken connection is tried again at once"


@pytest.mark.protocol("P-028")
def test_an_expired_token_is_renewed_once_and_the_work_goes_on(world: World) -> None:
    world.central.access = set()
    world.disk.write("a")
    status = world.driver.run_until_quiet(30)
    assert paths(world) == ["hello", "push", "session/refresh", "push", "changes"]
    assert status.problem is None
    assert world.in_step()


@pytest.mark.protocol("P-028")
def test_a_session_that_is_over_signs_out_and_keeps_the_outbox(world: World) -> None:
    world.central.access, world.central.refresh = set(), set()
    world.disk.write("a")
    world.signals.script = [(1060.0, world.driver.poke), (1120.0, lambda: world.driver.poke(Source.WAKE))]
    world.run(3600)
    assert paths(world) == ["hello", "push", "session/refresh"], "only a sign-in helps"
    assert world.driver.status.problem == Trouble.SIGNED_OUT
    assert world.driver.status.pending == 1


@pytest.mark.protocol("P-028")
def test_signing_in_again_resumes_within_the_same_run(world: World) -> None:
    world.central.access, world.central.refresh = set(), set()
    world.disk.write("a")

    def sign_in() -> None:
        world.central.access, world.tokens.tokens = {"a9"}, ("a9", "r9")
        world.driver.poke(Source.SIGNED_IN)

    world.signals.script.append((1100.0, sign_in))
    world.run(200, world.calm)
    assert world.in_step()


@pytest.mark.protocol("P-028")
def test_a_superseded_session_is_named_and_not_renewed(world: World) -> None:
    world.central.refuse_push = lambda push: problem(401, "session_superseded")
    world.disk.write("a")
    status = world.driver.run_until_quiet(30)
    assert paths(world) == ["hello", "push"]
    assert status.problem == "session_superseded"


@pytest.mark.protocol("P-028")
def test_a_locked_device_key_counts_as_signed_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(token: str) -> str:
        raise NotAllowed("locked")

    monkeypatch.setattr(world.tokens, "sign_refresh", locked)
    world.central.access = set()
    assert world.driver.run_until_quiet(30).problem == Trouble.SIGNED_OUT


@pytest.mark.protocol("P-010")
def test_426_on_a_push_stops_pushing_but_not_pulling_until_central_changes(world: World) -> None:
    world.central.refuse_push = lambda push: problem(426, "protocol_too_old", min=2, max=3)
    world.disk.write("a")
    world.run(3000)
    assert world.central.count("/v1/push") < world.central.count("/v1/hello"), "it asks before it tries again"
    assert world.central.count("/v1/push") < 25, "ever more rarely"
    assert world.disk.rows == world.central.rows
    assert (world.driver.status.problem, world.driver.status.pending) == (Trouble.TOO_OLD, 1)
    world.central.refuse_push = lambda push: None  # as when the last of its processes has been replaced
    world.run(400, world.calm)
    assert world.central.effects == {"a": 1}


@pytest.mark.protocol("P-010")
def test_a_hello_beyond_our_protocol_stops_pushes_before_the_first(world: World) -> None:
    world.central.too_old_below = 2
    world.disk.write("a")
    status = world.driver.run_until_quiet(30)
    assert paths(world) == ["hello", "changes"]
    assert (status.problem, status.pending, status.online) == (Trouble.TOO_OLD, 1, True)


@pytest.mark.protocol("P-089")
def test_another_generation_pulls_everything_again_and_keeps_the_outbox(world: World) -> None:
    world.driver.run_until_quiet(30)
    world.disk.write("a")
    world.disk.held_until = world.clock.now() + timedelta(hours=1)
    world.central.generation = "g2"
    world.central.feed = [("other", {"n": 9})]
    world.disk.rows.clear()  # the store drops what the new generation does not bring
    world.start_again()
    world.driver.run_until_quiet(30)
    assert world.disk.resets == ["g2"]
    assert world.disk.rows == world.central.rows
    assert world.disk.open == ["a"]


@pytest.mark.protocol("P-085")
def test_a_generation_that_changes_in_mid_run_is_found_by_the_refused_cursor(world: World) -> None:
    world.driver.run_until_quiet(30)
    world.central.generation = "g2"
    world.run(300, lambda: world.disk.resets == ["g2"] and world.calm())
    assert world.disk.resets == ["g2"]
    assert world.in_step()


@pytest.mark.protocol("P-064")
def test_a_gap_is_closed_from_the_journal(world: World) -> None:
    world.disk.write("a", "b", "c")
    world.driver.run_until_quiet(30)
    for op in ("b", "c"):  # central was restored without telling
        del world.central.results[op]
    world.central.watermark = 1
    world.disk.write("d")
    world.driver.poke()
    status = world.driver.run_until_quiet(30)
    assert world.central.watermark == 4
    assert status.problem is None
    assert world.in_step()


@pytest.mark.protocol("P-068")
def test_a_deferred_op_waits_without_trouble_and_leaves_later(world: World) -> None:
    world.central.verdicts = {"a": "deferred"}
    world.disk.write("a")
    world.run(600)
    assert world.driver.status.problem is None
    assert world.central.count("/v1/push") < 20
    world.central.verdicts = {}
    world.run(600, world.calm)
    assert world.in_step()


@pytest.mark.protocol("P-066", "P-075")
def test_refusals_of_single_ops_need_attention_and_stop_nothing(world: World) -> None:
    world.central.verdicts = {"b": "conflict"}
    world.disk.write("a", "b", "c")
    status = world.driver.run_until_quiet(30)
    assert (status.pending, status.attention, status.problem) == (0, 1, None)
    assert world.central.effects == {"a": 1, "c": 1}


@pytest.mark.protocol("P-076")
def test_a_batch_that_is_too_large_is_halved_until_it_passes(world: World) -> None:
    world.central.refuse_push = lambda push: problem(413, "too_large") if len(push.ops) > 12 else None
    world.disk.write(*(f"op{n}" for n in range(60)))
    world.run(60, world.calm)
    assert world.in_step()
    assert set(world.central.effects.values()) == {1}


@pytest.mark.protocol("P-076")
def test_an_op_that_is_refused_alone_is_reported_while_pulls_go_on(world: World) -> None:
    world.central.refuse_push = lambda push: problem(400, "invalid_request")
    world.disk.write("a", "b")
    world.run(600)
    assert world.driver.status.problem == Trouble.OP_REFUSED
    assert world.disk.rows == world.central.rows
    assert world.driver.status.pending == 2


@pytest.mark.protocol("P-075")
def test_a_central_that_crashes_on_pushes_still_gives_news(world: World) -> None:
    world.central.refuse_push = lambda push: problem(500, "internal", reference="1f")
    world.disk.write("a")
    world.run(30)
    assert world.disk.rows == world.central.rows
    assert world.driver.status.problem == Trouble.SERVER
    assert world.driver.status.data["reference"] == "1f"
    world.central.refuse_push = lambda push: None
    world.run(400, world.calm)
    assert world.in_step()


@pytest.mark.parametrize("error", [DiskFull(), OSError(errno.ENOSPC, "full")], ids=["ours", "system"])
@pytest.mark.parametrize("place", range(4), ids=["seal", "settle", "seal again", "apply"])
@pytest.mark.protocol("P-084")
def test_a_full_disk_is_said_and_nothing_is_lost(world: World, error: Exception, place: int) -> None:
    world.disk.write("a")
    world.disk.faults = [None] * place + [error] * 3
    world.run(600, world.calm)
    assert Trouble.DISK_FULL in [said.problem for said in world.said]
    assert world.in_step()
    assert world.central.effects == {"a": 1}


@pytest.mark.protocol("P-075")
def test_a_held_reply_leaves_when_its_time_has_come(world: World) -> None:
    world.disk.write("reply")
    world.disk.held_until = world.clock.now() + timedelta(seconds=10)

    def sent() -> bool:
        return world.central.count("/v1/push") > 0

    world.run(40, sent)
    sent_at = next(at for at, path in world.central.seen if path == "/v1/push")
    assert 10 <= sent_at - 1000 < 11.5


@pytest.mark.protocol("P-075")
def test_a_local_write_leaves_at_once(world: World) -> None:
    def write() -> None:
        world.disk.write("late")
        world.driver.poke()

    world.signals.script.append((1020.0, write))
    world.run(30)
    assert next(at for at, path in world.central.seen if path == "/v1/push") <= 1021.0


@pytest.mark.protocol("P-075")
def test_a_write_during_a_long_pull_leaves_between_two_pages(world: World) -> None:
    world.central.feed = [(f"row-{n}", {}) for n in range(2000)]
    answer = world.central.handle

    def handle(request: httpx.Request) -> httpx.Response:
        if world.central.count("/v1/changes") == 1 and not world.disk.open:
            world.disk.write("now")
            world.driver.poke()
        return answer(request)

    world.central.handle = handle  # type: ignore[method-assign]
    world.start_again()
    world.driver.run_until_quiet(30)
    assert paths(world)[:4] == ["hello", "changes", "changes", "push"]
    assert world.in_step()


@pytest.mark.protocol("P-028")
def test_signing_out_ends_the_run(world: World) -> None:
    world.signals.script.append((1010.0, world.driver.sign_out))
    world.run(3600)
    assert world.clock.mono < 1012


@pytest.mark.protocol("P-062")
def test_a_deadline_ends_an_unfinished_run(world: World) -> None:
    world.disk.write(*(f"op{n}" for n in range(500)))
    answer = world.central.handle

    def slow(request: httpx.Request) -> httpx.Response:
        world.clock.mono += 0.9
        return answer(request)

    world.central.handle = slow  # type: ignore[method-assign]
    world.start_again()
    status = world.driver.run_until_quiet(2)
    assert world.clock.mono - 1000 < 3.5
    assert status.pending > 0
    assert world.driver.run_until_quiet(60).pending == 0
    assert set(world.central.effects.values()) == {1}


@pytest.mark.protocol("P-086")
def test_the_cursor_to_listen_from_is_there_only_when_in_step(world: World) -> None:
    assert world.driver.listen_from() is None
    heard: list[str | None] = []
    world.signals.script.append((1000.5, lambda: heard.append(world.driver.listen_from())))
    world.run(2)
    assert heard == ["g1.3"]
    assert world.driver.listen_from() is None, "nobody drives any more"
