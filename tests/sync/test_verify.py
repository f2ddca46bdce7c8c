"""The self-check: when the engine asks for it, and what comes of each answer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from msc_console import clock
from msc_console.digest import BUCKETS, NOTHING, Digest
from msc_console.domain.scope import KEEP_CLOSED
from msc_console.sync import moves as m
from msc_console.sync.engine import VERIFY_EVERY, VERIFY_LATER, Engine
from msc_console.sync.faults import Broken, Fault
from msc_console.sync.moves import Source
from msc_console.sync.pages import Page
from msc_console.sync.state import EngineState
from msc_console.sync.verdict import Mended, Verdict
from msc_console.sync.verify import ROWS, verify
from msc_console.sync.wire import VERIFY, Digested, Line, VerifyReply

from .fakes import BEGIN, TIME
from .test_engine import EMPTY, LAST, facts, hello, pushed, refused

SAME = m.Verified(Verdict(compared=True, rows=9))
CROSSED = m.Verified(Verdict(compared=False))


def able(*features: str) -> m.Greeted:
    return m.Greeted(msgspec.structs.replace(hello().hello, features=list(features)))


def in_step(engine: Engine, *features: str, **more: Any) -> m.Action:
    """Hello, nothing to push, a last page; what the engine wants then."""
    for event in (m.Start(), able(*features), m.Sealed(0)):
        engine.step(event, facts(**more))
    return engine.step(LAST, facts(**more))


def fresh(**state: Any) -> Engine:
    return Engine(Random(1), EngineState("g1", **state))


def rest(action: m.Action) -> float:
    assert isinstance(action, m.Rest)
    assert action.until is not None
    return action.until


@pytest.mark.protocol("P-166")
def test_once_in_step_the_cache_is_compared() -> None:
    engine = fresh()
    assert in_step(engine, VERIFY) == m.Verify()
    action = engine.step(SAME, facts(1))
    assert isinstance(action, m.Rest)
    assert engine.quiet
    assert engine.state.verified_at == BEGIN + timedelta(seconds=1)
    assert engine.problem == (None, {})


@pytest.mark.protocol("P-166")
def test_an_older_central_is_not_asked() -> None:
    assert isinstance(in_step(fresh()), m.Rest)


@pytest.mark.protocol("P-166")
def test_own_acts_come_first_unless_a_person_asks() -> None:
    engine = fresh()
    assert isinstance(in_step(engine, VERIFY, pending=2), m.Rest)
    assert engine.step(m.Tick(), facts(1)) == m.Push(100, 256 * 1024)
    assert engine.step(m.Sealed(0), facts(1, pending=0)) == m.Verify()
    asked = fresh()
    asked.want_verify()
    assert in_step(asked, VERIFY, pending=2) == m.Verify()


@pytest.mark.protocol("P-166")
def test_then_about_every_hour_and_at_each_sign_in() -> None:
    engine = fresh()
    in_step(engine, VERIFY)
    engine.step(SAME, facts(0))
    at, seen = 0.0, []
    while len(seen) < 4:
        action: m.Action = engine.step(m.Tick(), facts(at))
        while not isinstance(action, m.Rest):
            match action:
                case m.Verify():
                    seen.append(at)
                    event: m.Event = SAME
                case m.Pull():
                    event = EMPTY
                case m.Push():
                    event = m.Sealed(0)
                case _:
                    raise AssertionError(action)
            action = engine.step(event, facts(at))
        at = max(rest(action), at + 0.001)
    gaps = [after - before for before, after in zip([0.0, *seen], seen, strict=False)]
    assert all(VERIFY_EVERY[0] <= gap <= VERIFY_EVERY[1] + 80 for gap in gaps)
    assert len({round(gap) for gap in gaps}) > 1, "spread, so that laptops don't come together"
    engine.step(m.Poked(Source.SIGNED_IN), facts(at))
    engine.step(m.Sealed(0), facts(at))
    assert engine.step(EMPTY, facts(at)) == m.Verify()


@pytest.mark.protocol("P-166")
def test_a_restart_does_not_ask_again_so_soon() -> None:
    soon = fresh(verified_at=BEGIN - timedelta(seconds=VERIFY_EVERY[0] - 1))
    assert isinstance(in_step(soon, VERIFY), m.Rest)
    late = fresh(verified_at=BEGIN - timedelta(seconds=VERIFY_EVERY[1] + 1))
    assert in_step(late, VERIFY) == m.Verify()
    set_back = fresh(verified_at=BEGIN + timedelta(days=400))
    in_step(set_back, VERIFY)
    at = VERIFY_EVERY[1] + 1
    set_back.step(m.Tick(), facts(at))
    set_back.step(m.Sealed(0), facts(at))
    assert set_back.step(EMPTY, facts(at)) == m.Verify(), "a wall clock that was wrong once delays it no longer"


@pytest.mark.protocol("P-166")
def test_news_on_the_way_is_pulled_and_the_comparison_comes_later() -> None:
    engine = fresh()
    in_step(engine, VERIFY)
    assert isinstance(engine.step(CROSSED, facts(0)), m.Pull)
    action = engine.step(EMPTY, facts(0))
    assert VERIFY_LATER[0] <= rest(action) <= VERIFY_LATER[1]
    assert engine.state.verified_at is None


@pytest.mark.protocol("P-169")
def test_what_was_put_right_is_counted() -> None:
    engine = fresh(mended=2)
    in_step(engine, VERIFY)
    found = Verdict(compared=True, rows=9, mended=Mended(missing=1, extra=2, wrong=3, kept=4), entities=("entry",))
    engine.step(m.Verified(found), facts(1))
    assert engine.state.mended == 8
    assert EngineState.load(engine.state.dump()) == engine.state
    assert EngineState.load({"generation": "g1"}).mended == 0, "a state of before"


@pytest.mark.parametrize("status", [400, 404, 413, 500])
@pytest.mark.protocol("P-166")
def test_a_central_that_can_not_answer_stops_nothing(status: int) -> None:
    engine = fresh()
    in_step(engine, VERIFY)
    action = engine.step(refused(status), facts(1))
    assert isinstance(action, m.Rest)
    assert (engine.problem, engine.online) == ((None, {}), True)
    engine.step(m.Poked(), facts(2))
    engine.step(m.Sealed(1), facts(2))
    assert engine.step(pushed(("a", "applied")), facts(2)) == m.Push(100, 256 * 1024)


@pytest.mark.protocol("P-161")
def test_an_expired_cursor_begins_again() -> None:
    engine = fresh()
    in_step(engine, VERIFY)
    assert engine.step(refused(410, "cursor_expired"), facts(1)) == m.Greet()
    assert engine.step(able(VERIFY), facts(1)) == m.Reset("g1")


@pytest.mark.protocol("P-166")
def test_a_busy_central_and_a_dead_line_are_waited_for() -> None:
    for event in (refused(503, retry_after=7.0), m.Failed(Fault.UNREACHABLE)):
        engine = fresh()
        in_step(engine, VERIFY)
        assert isinstance(engine.step(event, facts(1)), m.Rest)
        assert engine.line.waits(1.0)


@pytest.mark.protocol("P-166")
def test_a_central_too_busy_for_it_is_no_trouble() -> None:
    engine = fresh()
    in_step(engine, VERIFY)
    until = rest(engine.step(refused(503, retry_after=7.0), facts(1)))
    assert 8 <= until <= 8 + 1.7
    assert (engine.problem, engine.online, engine.quiet) == ((None, {}), True, True)
    assert rest(engine.step(m.Poked(), facts(2))) == 8, "it asked for patience"
    assert isinstance(engine.step(m.Poked(), facts(8)), m.Push)


@pytest.mark.parametrize("event", [m.Failed(Fault.SERVER), refused(503), refused(429)])
@pytest.mark.protocol("P-166")
def test_a_line_that_failed_it_is_tried_by_a_pull(event: m.Event) -> None:
    """Else the trouble would be shown until the next poll, long after central is well."""
    engine = fresh()
    in_step(engine, VERIFY)
    engine.step(SAME, facts(0))
    engine.want_verify()
    for step in (m.Poked(), m.Sealed(0)):
        engine.step(step, facts(1))
    assert engine.step(EMPTY, facts(1)) == m.Verify()
    at = rest(engine.step(event, facts(1)))
    assert engine.problem[0] is not None
    assert engine.step(m.Tick(), facts(at)) == m.Push(100, 256 * 1024)
    assert isinstance(engine.step(m.Sealed(0), facts(at)), m.Pull)
    engine.step(EMPTY, facts(at))
    assert (engine.problem, engine.quiet) == ((None, {}), True)


@pytest.mark.protocol("P-166")
def test_a_session_that_ended_is_renewed_and_the_comparison_comes_later() -> None:
    engine = fresh()
    in_step(engine, VERIFY)
    assert engine.step(refused(401), facts(1)) == m.Refresh()
    assert not isinstance(engine.step(m.Refreshed(), facts(1)), m.Verify)


# -- the comparison itself


class Way:
    """Central's answers, in order; what was asked."""

    def __init__(self, *replies: VerifyReply, rows: dict[str, list[Line]] | None = None) -> None:
        self.replies = list(replies)
        self.rows = rows or {}
        self.asked: list[Any] = []

    def verify(self, cursor: str, buckets: Sequence[str], timeout: float | None = None) -> VerifyReply:
        self.asked.append(tuple(buckets))
        return self.replies.pop(0)

    def verify_rows(self, cursor: str, entity: str, buckets: Sequence[int], timeout: float | None = None) -> Page:
        self.asked.append((entity, tuple(buckets)))
        return Page(lines=tuple(self.rows.get(entity, ())), cursor=cursor, up_to_date=True, server_time=TIME)


class Rows:
    """The laptop's side, as far as the comparison goes."""

    def __init__(self, **digests: Digest) -> None:
        self.held = digests
        self.mended: list[tuple[str, tuple[int, ...]]] = []
        self.cuts: set[datetime] = set()

    def cursor(self) -> str:
        return "c1"

    def digests(self, cut: datetime) -> dict[str, Digest]:
        self.cuts.add(cut)
        return self.held

    def buckets(self, entity: str, cut: datetime) -> list[Digest]:
        self.cuts.add(cut)
        return [NOTHING] * BUCKETS

    def shed(self, cut: datetime) -> None:
        self.cuts.add(cut)

    def mend(self, entity: str, parts: Sequence[int], lines: Sequence[Line], cut: datetime) -> Mended:
        self.cuts.add(cut)
        self.mended.append((entity, tuple(parts)))
        return Mended(missing=len(lines))


def compare(way: Way, rows: Rows) -> Verdict:
    return verify(way, rows)  # type: ignore[arg-type]


def told(up_to_date: bool = True, **entities: Digested) -> VerifyReply:
    return VerifyReply(up_to_date, TIME, entities)


def digested(count: int, total: int, **filled: int) -> Digested:
    """`b7=3`: bucket 7 has 3 rows."""
    parts = [(filled.get(f"b{n}", 0), f"{n if f'b{n}' in filled else 0:016x}") for n in range(BUCKETS)]
    return Digested(count, f"{total:016x}", parts if filled else [])


@pytest.mark.protocol("P-165")
def test_what_is_equal_costs_one_question() -> None:
    way, rows = Way(told(ticket=digested(3, 7), novelty=digested(1, 1))), Rows(ticket=Digest(3, 7), draft=Digest(1, 1))
    assert compare(way, rows) == Verdict(compared=True, rows=3), "what one side doesn't know is passed over"
    assert way.asked == [()]
    assert rows.cuts == {clock.parse(TIME) - KEEP_CLOSED}


@pytest.mark.protocol("P-166")
def test_nothing_is_touched_while_news_is_on_the_way() -> None:
    rows = Rows(ticket=Digest(3, 7))
    for replies in ([told(False)], [told(ticket=digested(2, 7)), told(False)]):
        assert compare(Way(*replies), rows) == Verdict(compared=False)
    assert rows.mended == []


@pytest.mark.protocol("P-167")
def test_only_the_buckets_that_differ_are_fetched_tickets_first() -> None:
    way = Way(
        told(entry=digested(1, 1), ticket=digested(2, 2), person=digested(5, 5)),
        told(entry=digested(1, 1, b3=1), ticket=digested(2, 2, b7=1, b200=1)),
        rows={"ticket": [Line(t="put", entity="ticket", id="t", d={"ver": 1})]},
    )
    rows = Rows(entry=Digest(0, 0), ticket=Digest(0, 0), person=Digest(5, 5))
    found = compare(way, rows)
    assert found == Verdict(compared=True, rows=8, mended=Mended(missing=1), entities=("ticket", "entry"))
    assert way.asked == [(), ("ticket", "entry"), ("ticket", (7, 200)), ("entry", (3,))]


@pytest.mark.protocol("P-167")
def test_many_rows_come_in_several_requests() -> None:
    filled = {f"b{n}": ROWS // 4 for n in range(1, 10)}
    way = Way(told(ticket=digested(9, 9)), told(ticket=digested(9, 9, **filled)))
    rows = Rows(ticket=Digest(0, 0))
    compare(way, rows)
    assert [parts for _, parts in rows.mended] == [(1, 2, 3, 4), (5, 6, 7, 8), (9,)]


@pytest.mark.protocol("P-165", "P-167")
@pytest.mark.parametrize(
    "replies",
    [
        [told(ticket=Digested(1, "no number"))],
        [VerifyReply(True, "no time", {})],
        [told(ticket=digested(1, 1)), told()],
        [told(ticket=digested(1, 1)), told(ticket=Digested(1, "01", [(1, "01")]))],
    ],
)
def test_what_is_no_answer_of_ours_is_none(replies: list[VerifyReply]) -> None:
    rows = Rows(ticket=Digest(0, 0))
    with pytest.raises(Broken) as caught:
        compare(Way(*replies), rows)
    assert caught.value.kind is Fault.NOT_OURS
    assert rows.mended == []
