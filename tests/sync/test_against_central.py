"""Transport, driver and listener against the real central over a socket, on each kind of database."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from time import monotonic

import pytest

from msc_console.sync.driver import SyncDriver
from msc_console.sync.faults import Declined
from msc_console.sync.listener import Listener
from msc_console.sync.moves import Source
from msc_console.sync.status import SyncStatus
from msc_console.sync.transport import HttpTransport
from msc_console.sync.wire import Code, Envelope, Tokens
from tests.central.service.conftest import Laptop, Place, place, running
from tests.central.service.talk import create

from .fakes import FakeDisk
from .tokens import FakeTokens

__all__ = ["place"]

PATIENCE = 15.0


class Device(FakeTokens):
    """Tokens whose proofs the laptop's key signs."""

    def __init__(self, laptop: Laptop, first: Tokens) -> None:
        super().__init__(first.access, first.refresh)
        self.laptop = laptop

    def sign_refresh(self, token: str) -> str:
        return self.laptop.proof(token)


class Outbox(FakeDisk):
    """A disk whose ops were really sealed."""

    def batch(self, now: datetime, max_ops: int, max_bytes: int, from_counter: int | None = None) -> list[Envelope]:
        return self.sealed[:max_ops]


@pytest.fixture
def url(place: Place) -> Iterator[str]:
    with running(place) as found:
        yield found


def sign_in(place: Place, url: str, login: str, laptop: Laptop) -> HttpTransport:
    """Both steps over HTTP; the transport that they lead to."""
    place.hands.move(seconds=30)
    way = HttpTransport(url, FakeTokens(None, None))
    found = way.code(way.sign_in(place.ask(login, laptop)).token, Code(place.code(login)))
    way.close()
    laptop.device, laptop.person = found.device, found.person["id"]
    return HttpTransport(url, Device(laptop, found))


def eventually(so: Callable[[], bool], changed: threading.Event) -> bool:
    """Whether `so` becomes true before patience ends; looked at whenever something has changed."""
    until = monotonic() + PATIENCE
    while not so() and monotonic() < until:
        changed.wait(0.5)
        changed.clear()
    return so()


@pytest.mark.protocol("P-075")
def test_work_leaves_and_comes_back_as_rows(place: Place, url: str) -> None:
    laptop, disk = Laptop.new(), Outbox()
    way = sign_in(place, url, "rina", laptop)
    ops = [create(place, laptop, f"Meterai gagal {n}") for n in range(3)]
    disk.sealed = list(ops)
    status = SyncDriver.open(way, disk).run_until_quiet(PATIENCE)
    assert (status.problem, status.pending, status.attention) == (None, 0, 0)
    assert {op.target for op in ops} <= disk.rows.keys()
    assert [way.statuses([op.op]).results[0].result for op in ops] == ["applied"] * 3
    assert disk.server_time == place.hands.at
    again = SyncDriver.open(way, disk).run_until_quiet(PATIENCE)
    assert again.problem is None
    assert disk.resets == []
    way.close()


@pytest.mark.protocol("P-025", "P-028")
def test_an_expired_token_is_renewed_and_another_device_ends_the_session(place: Place, url: str) -> None:
    laptop, disk = Laptop.new(), Outbox()
    way = sign_in(place, url, "rina", laptop)
    place.hands.move(minutes=11)
    driver = SyncDriver.open(way, disk)
    assert driver.run_until_quiet(PATIENCE).problem is None
    place.sign_in("rina", Laptop.new(), take_over=True)
    assert driver.run_until_quiet(PATIENCE).problem == "session_superseded"
    way.close()


@pytest.mark.protocol("P-021")
def test_a_wrong_password_is_refused_by_name(place: Place, url: str) -> None:
    way = HttpTransport(url, FakeTokens(None, None))
    with pytest.raises(Declined) as caught:
        way.sign_in(place.ask("rina", Laptop.new(), "sandi yang salah sekali"))
    assert caught.value.key == "credentials_wrong"
    way.close()


@pytest.mark.protocol("P-086")
def test_news_from_another_laptop_arrives_through_the_listener(place: Place, url: str, tmp_path: Path) -> None:
    rina, budi = Laptop.new(), Laptop.new()
    disk, changed, stop = Outbox(), threading.Event(), threading.Event()

    def said(status: SyncStatus) -> None:
        changed.set()

    way = sign_in(place, url, "rina", rina)
    driver = SyncDriver.open(way, disk, said)
    thread = threading.Thread(target=driver.run_forever, args=(stop,))
    thread.start()
    listening = Listener(driver, way, wait=5).start(stop)
    try:
        assert eventually(lambda: driver.listen_from() is not None, changed)
        other = sign_in(place, url, "budi", budi)
        op, theirs = create(place, budi, "Kuota habis"), Outbox()
        theirs.sealed = [op]
        assert SyncDriver.open(other, theirs).run_until_quiet(PATIENCE).pending == 0
        begun = monotonic()
        assert eventually(lambda: op.target in disk.rows, changed)
        assert monotonic() - begun < 5, "by the poke, not by the minute's own look"
        other.close()
    finally:
        stop.set()
        driver.poke(Source.LOCAL)
        thread.join(PATIENCE)
        way.close()  # with a poll under way: the listener ends with it, without a word
        listening.join(PATIENCE)
    assert not thread.is_alive()
    assert not listening.is_alive()
