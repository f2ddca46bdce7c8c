"""The long poll only pokes, and neither a deaf driver nor a hasty proxy makes it a loop."""

import threading
from random import Random

import pytest

from msc_console.sync.faults import Broken, Declined, Fault
from msc_console.sync.listener import Listener
from msc_console.sync.moves import Source
from msc_console.sync.pages import Page
from msc_console.sync.wire import Line, Problem

from .fakes import TIME, FakeClock


class Ear:
    def __init__(self) -> None:
        self.cursor: str | None = "g1.5"
        self.pokes: list[Source] = []

    def listen_from(self) -> str | None:
        return self.cursor

    def poke(self, source: Source = Source.LOCAL) -> None:
        self.pokes.append(source)


class Polls:
    """Answers `changes` from a list; each takes `takes` seconds of the clock."""

    features: frozenset[str] = frozenset()

    def __init__(self, clock: FakeClock, *answers: Page | Exception, takes: float = 25.0) -> None:
        self.clock, self.answers, self.takes = clock, list(answers), takes
        self.asked: list[tuple[str, int, int]] = []

    def changes(self, cursor: str, limit: int, wait: int = 0, timeout: float | None = None) -> Page:
        self.asked.append((cursor, limit, wait))
        self.clock.mono += self.takes
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


NOTHING = Page(lines=(), cursor="g1.5", up_to_date=True, server_time=TIME)
NEWS = Page(lines=(Line("put", "ticket", "t", 6, {}),), cursor="g1.6", up_to_date=True, server_time=TIME)


def listener(ear: Ear, polls: Polls) -> Listener:
    return Listener(ear, polls, times=polls.clock, rng=Random(1))  # type: ignore[arg-type]


@pytest.mark.protocol("P-086")
def test_a_driver_that_is_not_in_step_is_not_listened_for() -> None:
    ear, polls = Ear(), Polls(FakeClock())
    ear.cursor = None
    assert listener(ear, polls).once() > 0
    assert polls.asked == []


@pytest.mark.protocol("P-086")
def test_news_is_told_once_until_the_driver_has_moved() -> None:
    ear, polls = Ear(), Polls(FakeClock(), NEWS, NOTHING)
    one = listener(ear, polls)
    assert [one.once() > 0 for _ in range(50)] == [True] * 50
    assert (ear.pokes, polls.asked) == ([Source.CENTRAL], [("g1.5", 1, 25)])
    ear.cursor = "g1.6"
    polls.answers = [Page(lines=(), cursor="g1.6", up_to_date=True, server_time=TIME)]
    assert one.once() == 0.0
    assert polls.asked[-1] == ("g1.6", 1, 25)


@pytest.mark.protocol("P-086")
def test_news_that_the_driver_never_took_in_is_told_again_after_a_while() -> None:
    ear, polls = Ear(), Polls(FakeClock(), NEWS, NEWS)
    one = listener(ear, polls)
    one.once()
    polls.clock.mono += 31
    one.once()
    assert len(ear.pokes) == 2


@pytest.mark.protocol("P-086")
def test_an_empty_poll_that_waited_goes_on_at_once_and_one_that_did_not_slows_down() -> None:
    ear, clock = Ear(), FakeClock()
    polls = Polls(clock, NOTHING, NOTHING)
    one = listener(ear, polls)
    assert one.once() == 0.0
    polls.takes = 0.01
    assert one.once() >= 5
    assert ear.pokes == []


@pytest.mark.protocol("P-008", "P-086")
def test_faults_are_left_to_the_driver_and_answered_with_patience() -> None:
    busy = Declined(Problem("x", "t", 503, "unavailable"), 40.0)
    ear, polls = Ear(), Polls(FakeClock(), *[Broken(Fault.CUT)] * 10, busy, NOTHING, takes=0)
    one = listener(ear, polls)
    pauses = [one.once() for _ in range(10)]
    assert max(pauses) > 20
    assert min(pauses) >= 0.25
    assert one.once() >= 40
    assert ear.pokes == [Source.CENTRAL] * 11


@pytest.mark.protocol("P-086")
def test_the_thread_ends_when_told() -> None:
    stop, ear = threading.Event(), Ear()
    ear.cursor = None
    thread = listener(ear, Polls(FakeClock())).start(stop)
    assert thread.daemon
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.protocol("P-086")
def test_an_error_of_ours_is_waited_out() -> None:
    ear, polls = Ear(), Polls(FakeClock(), KeyError("x"), NEWS)
    one = listener(ear, polls)
    assert one.once() > 0
    one.once()
    assert ear.pokes == [Source.CENTRAL]
