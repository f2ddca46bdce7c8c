"""The engine by itself: tables of events and the actions they lead to."""

from datetime import timedelta
from random import Random

import pytest

from msc_console.sync import moves as m
from msc_console.sync.engine import Engine
from msc_console.sync.faults import Fault
from msc_console.sync.moves import Facts, Phase, Source
from msc_console.sync.state import EngineState
from msc_console.sync.status import Trouble
from msc_console.sync.wire import Hello, Limits, OpResult, Problem, PushReply, Site

from .fakes import BEGIN, TIME

PUSH, PULL = m.Push(100, 256 * 1024), m.Pull(500)


def facts(at: float = 0.0, **more: object) -> Facts:
    return Facts(now=BEGIN + timedelta(seconds=at), mono=at, **more)  # type: ignore[arg-type]


def hello(generation: str = "g1", *, oldest_push: int = 1, oldest_pull: int = 1, version: str = "1.0") -> m.Greeted:
    limits = Limits(push_ops=100, push_bytes=256 * 1024, page_rows=500)
    site = Site("s", "Pusat", "Asia/Jakarta")
    return m.Greeted(Hello("msc-console", version, 1, oldest_pull, oldest_push, generation, site, TIME, limits))


def refused(status: int, code: str = "code", retry_after: float | None = None) -> m.Refused:
    return m.Refused(Problem("t", "t", status, code), retry_after)


def pushed(*results: tuple[str, str], expected: int | None = None) -> m.Pushed:
    data = {} if expected is None else {"expected": expected}
    return m.Pushed(PushReply(TIME, [OpResult(op, result, data=data) for op, result in results]))


FORKED = [m.Start(), hello(), m.Sealed(1), pushed(("a", "forked"))]
PAGE, LAST, EMPTY = m.Pulled(500, True, False), m.Pulled(3, True, True), m.Pulled(0, False, True)


def play(*events: m.Event, engine: Engine | None = None) -> tuple[Engine, list[m.Action]]:
    engine = engine or Engine(Random(1), EngineState("g1"))
    return engine, [engine.step(event, facts(n / 1000)) for n, event in enumerate(events)]


@pytest.mark.parametrize(
    ("events", "actions"),
    [
        pytest.param(
            [m.Start(), hello(), m.Sealed(0), PAGE, LAST],
            [m.Greet(), PUSH, PULL, PULL, m.Rest],
            id="nothing to push",
        ),
        pytest.param(
            [m.Start(), hello(), m.Sealed(2), pushed(("a", "applied"), ("b", "conflict")), m.Sealed(0), LAST],
            [m.Greet(), PUSH, m.Send(), PUSH, PULL, m.Rest],
            id="push first, until nothing is left",
        ),
        pytest.param(
            [m.Start(), hello(), m.Sealed(1), pushed(("a", "applied")), m.Sealed(0), PAGE, m.Poked(), LAST,
             m.Sealed(0)],
            [m.Greet(), PUSH, m.Send(), PUSH, PULL, PULL, PULL, PUSH, m.Rest],
            id="a poke during a pull pushes right after the page",
        ),
        pytest.param(
            [m.Start(), hello("g2"), m.WasReset(), m.Sealed(0)],
            [m.Greet(), m.Reset("g2"), PUSH, PULL],
            id="another generation",
        ),
        pytest.param(
            [m.Start(), hello(), m.Sealed(0), refused(410), hello(), m.WasReset()],
            [m.Greet(), PUSH, PULL, m.Greet(), m.Reset("g1"), PUSH],
            id="an expired cursor",
        ),
        pytest.param(
            [m.Start(), hello(), m.Sealed(1), refused(409), hello("g2"), m.WasReset()],
            [m.Greet(), PUSH, m.Send(), m.Greet(), m.Reset("g2"), PUSH],
            id="409 looks at the generation",
        ),
        pytest.param(
            [m.Start(), hello(), m.Sealed(1), refused(401), m.Refreshed(), m.Sealed(1), refused(401)],
            [m.Greet(), PUSH, m.Send(), m.Refresh(), PUSH, m.Send(), m.Rest(None)],
            id="refreshed once, then signed out",
        ),
        pytest.param(
            [m.Start(), hello(), m.Sealed(1), refused(401), m.Refreshed(), m.Sealed(1), pushed(("a", "applied")),
             m.Sealed(0), refused(401)],
            [m.Greet(), PUSH, m.Send(), m.Refresh(), PUSH, m.Send(), PUSH, PULL, m.Refresh()],
            id="each expiry has its own refresh",
        ),
        pytest.param(
            [m.Start(), hello(), m.Sealed(1), pushed(("a", "gap"), expected=7), m.Sealed(3)],
            [m.Greet(), PUSH, m.Send(), m.Push(100, 256 * 1024, 7), m.Send()],
            id="a gap is resent from what central expects",
        ),
        pytest.param(
            [m.Start(), hello(), m.Sealed(100), refused(413), m.Sealed(50)],
            [m.Greet(), PUSH, m.Send(), m.Push(50, 256 * 1024), m.Send()],
            id="too large is halved",
        ),
        pytest.param(
            [m.Start(), hello(), m.Sealed(1), refused(426, "protocol_too_old"), EMPTY, m.Poked(), EMPTY],
            [m.Greet(), PUSH, m.Send(), PULL, m.Rest, PULL, m.Rest],
            id="426 on a push leaves the pulls",
        ),
        pytest.param(
            [m.Start(), hello(oldest_push=2, oldest_pull=2), m.Poked()],
            [m.Greet(), m.Rest, m.Rest],
            id="a hello beyond us leaves nothing",
        ),
        pytest.param(
            [m.Start(), m.Failed(Fault.UNREACHABLE), m.Poked(Source.CENTRAL), m.Poked(Source.LOCAL)],
            [m.Greet(), m.Rest, m.Rest, m.Greet()],
            id="a local write ends a backoff, news does not",
        ),
        pytest.param(
            [m.Start(), m.SignedOut(), m.Poked(), m.Tick()],
            [m.Greet(), m.Stop(), m.Stop(), m.Stop()],
            id="signing out is the end",
        ),
    ],
)  # fmt: skip
@pytest.mark.protocol("P-010", "P-028", "P-075", "P-085")
def test_what_leads_to_what(events: list[m.Event], actions: list[m.Action | type]) -> None:
    _, taken = play(*events)
    for n, (action, expected) in enumerate(zip(taken, actions, strict=True)):
        if isinstance(expected, type):
            assert isinstance(action, expected), (n, action)
        else:
            assert action == expected, n


@pytest.mark.parametrize(
    ("events", "problem", "online"),
    [
        ([m.Start(), m.Failed(Fault.NOT_OURS)], Trouble.NOT_OURS, False),
        ([m.Start(), m.Failed(Fault.TLS)], Trouble.TLS, False),
        ([m.Start(), hello(), m.Sealed(0), m.Failed(Fault.CUT)], Trouble.CUT, False),
        ([m.Start(), hello(), m.Sealed(0), refused(503, "unavailable")], Trouble.BUSY, True),
        ([m.Start(), hello(), m.Sealed(0), refused(500, "internal")], Trouble.SERVER, True),
        ([m.Start(), hello(), m.Sealed(0), refused(404, "not_found")], "not_found", True),
        ([m.Start(), hello(), m.Failed(Fault.DISK_FULL)], Trouble.DISK_FULL, True),
        ([m.Start(), hello(), m.Failed(Fault.DISK, key="cache_damaged")], "cache_damaged", True),
        ([m.Start(), hello(), m.Sealed(1), refused(426, "protocol_too_new")], Trouble.TOO_NEW, True),
        ([m.Start(), refused(426, "protocol_too_old")], "protocol_too_old", True),
        ([m.Start(), hello(), m.Sealed(1), refused(401, "session_superseded")], "session_superseded", True),
        ([m.Start(), hello(), m.Sealed(1), pushed(("a", "forked"))], None, True),
        ([*FORKED, m.Rekeyed(), m.Sealed(1), pushed(("a", "forked"))], Trouble.FORKED, True),
        ([*FORKED, m.Rekeyed(), m.Sealed(1), pushed(("a", "gap"))], Trouble.CHAIN_GAP, True),
        ([*FORKED, m.Failed(Fault.DISK_FULL)], Trouble.DISK_FULL, True),
        ([m.Start(), hello(), m.Sealed(1), pushed(("a", "deferred"))], None, True),
        ([m.Start(), hello(), m.Sealed(1), pushed(("a", "a_word_of_tomorrow"))], None, True),
    ],
)
@pytest.mark.protocol("P-010", "P-028")
def test_what_is_said(events: list[m.Event], problem: str | None, online: bool) -> None:
    engine, _ = play(*events)
    assert (engine.problem[0], engine.online) == (problem, online)


@pytest.mark.parametrize("word", ["deferred", "a_word_of_tomorrow"])
@pytest.mark.protocol("P-009")
def test_results_that_settle_nothing_do_not_loop(word: str) -> None:
    _, actions = play(m.Start(), hello(), m.Sealed(1), pushed(("a", word)), EMPTY)
    assert actions[3] == PULL
    assert isinstance(actions[4], m.Rest)


@pytest.mark.parametrize("word", ["gap", "forked"])
@pytest.mark.protocol("P-065")
def test_a_broken_chain_is_begun_anew_once(word: str) -> None:
    answer = pushed(("a", word))
    engine, actions = play(m.Start(), hello(), m.Sealed(1), answer, m.Rekeyed(), m.Sealed(1), answer, EMPTY)
    assert actions[3:6] == [m.Rekey(), PUSH, m.Send()]
    assert actions[6] == PULL
    assert isinstance(actions[7], m.Rest)
    assert engine.problem[0] is not None


@pytest.mark.protocol("P-064")
def test_a_gap_that_a_resend_does_not_close_begins_a_new_chain() -> None:
    gap = pushed(("a", "gap"), expected=7)
    _, actions = play(m.Start(), hello(), m.Sealed(1), gap, m.Sealed(1), gap)
    assert actions[3] == m.Push(100, 256 * 1024, 7)
    assert actions[5] == m.Rekey()
    _, actions = play(m.Start(), hello(), m.Sealed(1), gap, m.Sealed(0))
    assert actions[4] == m.Rekey()


@pytest.mark.protocol("P-004")
def test_after_a_lost_line_the_first_word_is_hello() -> None:
    _, actions = play(m.Start(), hello(), m.Sealed(0), m.Failed(Fault.UNREACHABLE), m.Poked())
    assert actions[-1] == m.Greet()


@pytest.mark.parametrize(
    ("events", "actions"),
    [
        ([m.Poked(), m.Sealed(0)], [PUSH, PUSH]),
        ([m.Sealed(0), m.Poked(Source.CENTRAL), EMPTY, m.Sealed(0)], [PULL, PULL, PUSH, PULL]),
        ([m.Sealed(0), m.Poked(Source.WAKE), EMPTY], [PULL, PULL, m.Greet()]),
    ],
    ids=["a write after the batch was read", "news after the page was read", "waking up during a pull"],
)
@pytest.mark.protocol("P-075")
def test_a_poke_is_newer_than_the_answer_under_way(events: list[m.Event], actions: list[m.Action]) -> None:
    _, taken = play(m.Start(), hello(), *events)
    assert taken[2:] == actions


@pytest.mark.protocol("P-068")
def test_rest_ends_when_a_waiting_lane_may_go_on() -> None:
    engine, actions = play(m.Start(), hello(), m.Sealed(1), pushed(("a", "deferred")), EMPTY)
    assert actions[-1] == m.Rest(engine.push.at)
    assert engine.step(m.Tick(), facts(engine.push.at)) == PUSH


@pytest.mark.protocol("P-009")
def test_an_op_that_is_answered_again_and_again_is_no_progress() -> None:
    engine, actions = play(
        m.Start(), hello(), m.Sealed(1), pushed(("a", "applied")), m.Sealed(1), pushed(("a", "duplicate"))
    )
    assert actions[-1] == PULL
    assert engine.push.failures == 1


@pytest.mark.protocol("P-009")
def test_a_page_that_never_moves_is_no_progress() -> None:
    engine, actions = play(m.Start(), hello(), m.Sealed(0), m.Pulled(5, False, False))
    assert isinstance(actions[-1], m.Rest)
    assert engine.problem[0] == Trouble.NO_PROGRESS


@pytest.mark.protocol("P-082")
def test_cut_pages_become_smaller_and_grow_again() -> None:
    engine, at = Engine(Random(1), EngineState("g1")), 0.0
    sizes = []
    action = engine.step(m.Start(), facts())
    for event in [m.Failed(Fault.CUT), m.Failed(Fault.TIMEOUT), PAGE, PAGE, PAGE]:
        while not isinstance(action, m.Pull):
            if isinstance(action, m.Rest):
                assert action.until is not None
                at = action.until
                action = engine.step(m.Tick(), facts(at))
            else:
                action = engine.step(hello() if isinstance(action, m.Greet) else m.Sealed(0), facts(at))
        sizes.append(action.limit)
        action = engine.step(event, facts(at))
    assert sizes == [500, 250, 125, 250, 500]


@pytest.mark.protocol("P-075")
def test_rest_ends_when_a_held_op_may_leave() -> None:
    engine = Engine(Random(1), EngineState("g1"))
    for event in [m.Start(), hello(), m.Sealed(0)]:
        engine.step(event, facts())
    rest = engine.step(EMPTY, facts(next_hold=BEGIN + timedelta(seconds=7)))
    assert rest == m.Rest(7.0)
    assert engine.step(m.Tick(), facts(7.0)) == PUSH


@pytest.mark.protocol("P-009")
def test_a_hold_that_is_over_and_did_not_leave_is_no_spin() -> None:
    engine, _ = play(m.Start(), hello(), m.Sealed(0))
    assert engine.step(EMPTY, facts(1, next_hold=BEGIN)) == m.Rest(2.0)


@pytest.mark.protocol("P-086")
def test_an_idle_laptop_looks_once_a_minute_by_itself() -> None:
    engine, actions = play(m.Start(), hello(), m.Sealed(0), EMPTY)
    rest = actions[-1]
    assert isinstance(rest, m.Rest)
    assert rest.until is not None
    assert 45 <= rest.until <= 76
    assert engine.step(m.Tick(), facts(rest.until - 5)) == PUSH
    assert isinstance(engine.step(m.Sealed(0), facts(rest.until - 5)), m.Rest)
    assert engine.step(m.Tick(), facts(rest.until)) == PUSH
    assert engine.step(m.Sealed(0), facts(rest.until)) == PULL


@pytest.mark.protocol("P-009")
def test_five_requests_for_nothing_are_enough() -> None:
    engine, at = Engine(Random(1), EngineState("g1")), 0.0
    requests = []
    action = engine.step(m.Start(), facts())
    while at < 8:
        if isinstance(action, (m.Greet, m.Pull)):
            requests.append(at)
            event: m.Event = hello() if isinstance(action, m.Greet) else refused(410)
        elif isinstance(action, m.Rest):
            event = m.Poked()
        else:
            event = m.WasReset() if isinstance(action, m.Reset) else m.Sealed(0)
        at += 0.01
        action = engine.step(event, facts(at))
    assert len(requests) == 5
    assert engine.problem[0] == Trouble.NO_PROGRESS


@pytest.mark.protocol("P-009")
def test_the_backoff_is_kept_for_the_next_process() -> None:
    engine, actions = play(m.Start(), *[m.Failed(Fault.UNREACHABLE), m.Poked()] * 3, m.Failed(Fault.UNREACHABLE))
    state = engine.state
    assert state.failures == 1, "each poke began anew"
    assert state.next_at is not None
    later = Engine(Random(2), EngineState.load(state.dump()))
    rest = later.step(m.Start(), Facts(now=state.next_at - timedelta(seconds=0.2), mono=5000.0))
    assert rest == m.Rest(pytest.approx(5000.2))
    assert isinstance(actions[-1], m.Rest)


@pytest.mark.parametrize("event", [hello(), m.Sealed(1), pushed(), LAST, m.Refreshed(), m.WasReset(), refused(500)])
@pytest.mark.protocol("P-075")
def test_an_answer_out_of_turn_is_a_mistake_of_the_caller(event: m.Event) -> None:
    with pytest.raises(ValueError, match="out of turn"):
        play(event)


@pytest.mark.protocol("P-075")
def test_settled_means_in_step_at_rest_and_online() -> None:
    engine = Engine(Random(1), EngineState("g1"))
    seen = []
    for n, event in enumerate([m.Start(), hello(), m.Sealed(0), LAST]):
        engine.step(event, facts(n / 1000))
        seen.append(engine.settled)
    assert seen == [False, False, False, True]
    assert engine.quiet
    engine.step(m.Poked(Source.CENTRAL), facts(1))
    assert not engine.settled
    assert engine.phase is Phase.SEAL
