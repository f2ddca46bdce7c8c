"""Streams on the laptop's side: the parser, what becomes a poke, and when the long poll takes over."""

import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console.sync.faults import Broken, Declined, Fault
from msc_console.sync.listener import Listener
from msc_console.sync.moves import Source
from msc_console.sync.pages import Page
from msc_console.sync.stream import LONGEST, Parser, Word
from msc_console.sync.wire import Bye, Head, Problem

from .fakes import FakeClock
from .test_listener import NOTHING, Ear

TEXT = (
    b': ping\n\nid: 7\nevent: head\ndata: {"seq":7,"jitter_ms":40}\n\n'
    b'event: scope\ndata: {"later":true}\n\nretry: 10\r\nevent: head\r\ndata: {"seq":9,\r\ndata: "more":[]}\r\n\r\n'
    b'data: {"seq":1}\n\nevent: bye\ndata: {"code":"stop\\u001bping"}\n\n'
)
WORDS = [Head(7, 40), Head(9), Bye("stop\u241bping")]


@pytest.mark.protocol("P-127")
@given(st.lists(st.integers(0, len(TEXT)), max_size=20))
def test_words_are_the_same_wherever_the_pieces_end(cuts: list[int]) -> None:
    parser, edges = Parser(), [0, *sorted(cuts), len(TEXT)]
    found = [word for a, b in pairwise(edges) for word in parser.feed(TEXT[a:b])]
    assert found == WORDS


@pytest.mark.protocol("P-127")
@pytest.mark.parametrize(
    "piece",
    [
        b"event: head\ndata: {}\n\n", b"event: head\ndata: {\"seq\":\"7\"}\n\n", b"event: head\ndata: <html>\n\n",
        b"event: bye\n\n", b"data: \xff\n\n", b"x" * (LONGEST + 1), (b"data: " + b"x" * 999 + b"\n") * 9,
    ],
)  # fmt: skip
def test_what_central_never_sends_is_not_ours(piece: bytes) -> None:
    with pytest.raises(Broken) as caught:
        Parser().feed(piece)
    assert caught.value.kind is Fault.NOT_OURS


Step = Sequence[Word] | Exception | float
"""Words of one piece, the end by an exception, or seconds of the clock that pass."""


class Way:
    """Streams from a list of scripts; every long poll takes its 25 s and brings nothing."""

    def __init__(self, clock: FakeClock, *scripts: Sequence[Step], features: tuple[str, ...] = ("stream",)) -> None:
        self.clock, self.scripts, self.features = clock, list(scripts), frozenset(features)
        self.calls: list[str] = []

    def stream(self) -> Iterator[Sequence[Word]]:
        self.calls.append("stream")
        for step in self.scripts.pop(0):
            if isinstance(step, Exception):
                raise step
            if isinstance(step, float):
                self.clock.mono += step
            else:
                yield step

    def changes(self, cursor: str, limit: int, wait: int = 0, timeout: float | None = None) -> Page:
        self.calls.append("poll")
        self.clock.mono += wait
        return NOTHING


class Stop(threading.Event):
    """Keeps the pauses instead of making them."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0.0)
        return False


def heard(*scripts: Sequence[Step], features: tuple[str, ...] = ("stream",)) -> tuple[Listener, Way, Ear, Stop]:
    way, ear = Way(FakeClock(), *scripts, features=features), Ear()
    return Listener(ear, way, times=way.clock, rng=Random(1)), way, ear, Stop()


def refusal(status: int, code: str = "x") -> Declined:
    return Declined(Problem("about:blank", "t", status, code))


@pytest.mark.protocol("P-130")
def test_each_new_head_is_a_poke_within_its_jitter() -> None:
    one, _, ear, stop = heard([[Head(5, 100)], [], [Head(6, 100)], [Head(6, 100)], 60.0])
    one.once(stop)
    assert ear.pokes == [Source.CENTRAL] * 2
    assert len(stop.pauses) == 2
    assert all(0 <= pause <= 0.1 for pause in stop.pauses)


@pytest.mark.protocol("P-130")
def test_a_storm_in_one_piece_is_one_poke_and_no_jitter_is_too_long() -> None:
    one, _, ear, stop = heard([[Head(n, 10**9) for n in range(1000)], [Head(1000, -5)], 60.0])
    one.once(stop)
    assert len(ear.pokes) == 2
    assert 0 <= max(stop.pauses) <= 2.0


@pytest.mark.protocol("P-130")
@pytest.mark.parametrize(("again", "pokes"), [(5, 0), (6, 1), (4, 1)])
def test_the_first_word_of_a_new_stream_is_compared_with_the_last_one(again: int, pokes: int) -> None:
    one, _, ear, stop = heard([[Head(5)], 60.0], [[Head(again)], 60.0])
    one.once(stop)
    ear.pokes.clear()
    one.once(stop)
    assert len(ear.pokes) == pokes, "a lower head too: central was restored"


@pytest.mark.protocol("P-131")
def test_three_quick_closes_give_way_to_the_long_poll_for_ten_minutes() -> None:
    cut: list[Step] = [[Head(5)], 1.0, Broken(Fault.CUT)]
    one, way, _, stop = heard(cut, cut, [[Head(5)], 1.0], [[Head(5)], 60.0])
    assert [one.once(stop) > 0 for _ in range(3)] == [True, True, False]
    ended = way.clock.mono
    while way.calls.count("stream") < 4:
        one.once(stop)
    assert way.calls == ["stream"] * 3 + ["poll"] * 24 + ["stream"]
    assert way.clock.mono - ended >= 600


@pytest.mark.protocol("P-131")
def test_a_stream_that_lasted_or_said_goodbye_counts_for_nothing() -> None:
    cut: list[Step] = [[Head(5)], Broken(Fault.CUT)]
    long: list[Step] = [[Head(5)], 60.0, Broken(Fault.CUT)]
    bye: list[Step] = [[Head(5)], [Bye("stopping", 100)]]
    one, way, _, stop = heard(cut, cut, long, cut, cut, bye, cut, cut)
    for _ in range(8):
        assert one.once(stop) > 0
    assert set(way.calls) == {"stream"}


@pytest.mark.protocol("P-131")
def test_a_stream_that_is_held_back_gives_way_at_once() -> None:
    one, way, ear, stop = heard([Broken(Fault.TIMEOUT)])
    assert one.once(stop) == 0.0
    one.once(stop)
    assert way.calls == ["stream", "poll"]
    assert ear.pokes == []


@pytest.mark.protocol("P-131", "P-133")
@pytest.mark.parametrize("status", [404, 405, 406, 501])
def test_a_central_without_streams_is_polled(status: int) -> None:
    one, way, _, stop = heard([refusal(status)])
    assert one.once(stop) == 0.0
    one.once(stop)
    assert way.calls == ["stream", "poll"]
    old, way, _, stop = heard(features=("zstd",))
    old.once(stop)
    assert way.calls == ["poll"]


@pytest.mark.protocol("P-132")
def test_silence_after_the_first_word_is_a_dead_line_and_begun_anew() -> None:
    one, way, ear, stop = heard([[Head(5)], 45.0, Broken(Fault.TIMEOUT)], [[Head(8)], 60.0])
    assert one.once(stop) == 0.0
    ear.pokes.clear()
    one.once(stop)
    assert (way.calls, len(ear.pokes)) == (["stream"] * 2, 1), "what was missed in the sleep is heard of now"


@pytest.mark.protocol("P-132")
@pytest.mark.parametrize("error", [Broken(Fault.UNREACHABLE), Broken(Fault.TLS), refusal(401), refusal(503)])
def test_the_line_and_the_session_are_the_drivers_business(error: Exception) -> None:
    one, way, ear, stop = heard(*[[error]] * 8)
    pauses = [one.once(stop) for _ in range(8)]
    assert ear.pokes == [Source.CENTRAL] * 8
    assert set(way.calls) == {"stream"}
    assert max(pauses) > 4


@pytest.mark.protocol("P-132")
def test_goodbyes() -> None:
    one, _, ear, stop = heard([[Bye("stopping", 2000)]], [[Bye("token_expired")]], [[Bye("replaced")]])
    assert 1.0 <= one.once(stop) <= 4.0
    assert ear.pokes == []
    assert 0 < one.once(stop) <= 1.0
    assert ear.pokes == [Source.CENTRAL], "the driver renews the session"
    assert one.once(stop) == 10.0, "two windows of one laptop don't push each other out in turn"


@pytest.mark.protocol("P-130")
def test_nobody_listens_while_the_driver_is_not_in_step() -> None:
    one, way, ear, stop = heard([])
    ear.cursor = None
    assert one.once(stop) > 0
    assert way.calls == []
