"""Pages fetched ahead change nothing but the waiting."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from msc_console.sync.ahead import AheadTransport
from msc_console.sync.driver import SyncDriver
from msc_console.sync.faults import Broken, Declined, Fault

from .fakes import FakeCentral, FakeClock, FakeDisk, problem
from .tokens import FakeTokens

pytestmark = pytest.mark.protocol("P-084", "P-087")


class Watched:
    """A central that notes how many pulls are under way at once."""

    def __init__(self, rows: int) -> None:
        self.central = FakeCentral(FakeClock())
        self.central.feed = [(f"row-{n}", {"n": n}) for n in range(rows)]
        self.lock, self.now, self.most = threading.Lock(), 0, 0
        self.pulls: list[str] = []
        self.answers: dict[int, Any] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v1/changes":
            return self.central.handle(request)
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.pulls.append(str(request.url.params.get("cursor", "")))
            answer = self.answers.get(len(self.pulls))
        try:
            if isinstance(answer, Exception):
                raise answer
            if answer is not None:
                unread = httpx.ByteStream(answer.content)
                return httpx.Response(answer.status_code, headers=answer.headers, stream=unread)
            return self.central.handle(request)
        finally:
            with self.lock:
                self.now -= 1


@pytest.fixture
def watched() -> Watched:
    return Watched(1200)


@pytest.fixture
def way(watched: Watched) -> Iterator[AheadTransport]:
    found = AheadTransport("https://central.example", FakeTokens(), http=httpx.MockTransport(watched.handle))
    yield found
    found.close()


def test_all_rows_come_by_as_many_requests_and_one_at_a_time(watched: Watched, way: AheadTransport) -> None:
    disk = FakeDisk()
    assert SyncDriver.open(way, disk).run_until_quiet(30).problem is None
    assert disk.rows == watched.central.rows
    assert watched.pulls == ["", "g1.500", "g1.1000"]
    assert watched.most == 1


def test_what_went_wrong_ahead_is_told_to_who_asks_for_that_page(watched: Watched, way: AheadTransport) -> None:
    watched.answers[2] = httpx.ReadTimeout("silence")
    page = way.changes("", 500)
    with pytest.raises(Broken) as caught:
        way.changes(page.cursor, 500)
    assert caught.value.kind is Fault.TIMEOUT
    assert len(way.changes(page.cursor, 500).lines) == 500
    watched.answers[4] = problem(401, "token_expired")
    with pytest.raises(Declined):
        way.changes("g1.1000", 500)


def test_a_page_that_is_not_asked_for_is_thrown_away(watched: Watched, way: AheadTransport) -> None:
    way.changes("", 500)
    assert [line.id for line in way.changes("", 10).lines] == [f"row-{n}" for n in range(10)]
    assert watched.most == 1


def test_a_long_poll_passes_by(watched: Watched, way: AheadTransport) -> None:
    page = way.changes("", 500)
    assert way.changes("g1.1200", 1, wait=1).up_to_date
    assert len(way.changes(page.cursor, 500).lines) == 500
    assert watched.pulls.count("g1.500") == 1
