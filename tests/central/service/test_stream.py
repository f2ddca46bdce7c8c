"""Streams of pokes over real HTTP: who is woken, when a stream ends, and that none stays behind."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from msc_console.central import ledger, setup
from msc_console.central.app import create_app
from msc_console.central.centre import parse
from tests.support.serving import Serving

from .conftest import CENTRE, Laptop, Place, Server
from .talk import create, failed, push, told_by_central

Event = tuple[str, dict[str, Any]]


class Ear:
    """A stream read in a thread: its events and pings with the time of each."""

    def __init__(self, client: httpx.Client) -> None:
        self.heard: list[tuple[float, Event | None]] = []
        self.changed = threading.Condition()
        self.over = False
        self._client = client
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with self._client.stream("GET", "/v1/stream") as reply:
                assert reply.status_code == 200
                assert reply.headers["content-type"].startswith("text/event-stream")
                assert reply.headers["cache-control"] == "no-store"
                fields: dict[str, str] = {}
                for line in reply.iter_lines():
                    if line.startswith(":"):
                        self._add(None)
                    elif line:
                        name, _, value = line.partition(": ")
                        fields[name] = value
                    elif fields:
                        data = json.loads(fields["data"])
                        assert fields.get("id", str(data.get("seq"))) == str(data.get("seq"))
                        self._add((fields["event"], data))
                        fields = {}
        except httpx.HTTPError:
            pass
        finally:
            with self.changed:
                self.over = True
                self.changed.notify_all()

    def _add(self, event: Event | None) -> None:
        with self.changed:
            self.heard.append((time.monotonic(), event))
            self.changed.notify_all()

    def events(self) -> list[Event]:
        return [event for _, event in self.heard if event is not None]

    def wait(self, count: int, seconds: float = 10) -> list[Event]:
        """The events as soon as there are `count`."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.events()) >= count, seconds), self.heard
        return self.events()

    def end(self) -> list[Event]:
        """All events once the stream is over."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.over, 10)
        return self.events()


class Central:
    """A server whose service can be looked at."""

    def __init__(self, place: Place, **settings: Any) -> None:
        app = create_app(place.central, place.settings(**settings))
        self.service = app.state.service
        self._serving = Serving(app)
        self._clients: list[httpx.Client] = []

    def client(self, access: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {access}"}
        self._clients.append(httpx.Client(base_url=self._serving.url, headers=headers, trust_env=False, timeout=30))
        return self._clients[-1]

    def ear(self, access: str) -> Ear:
        """A stream that has spoken its first word."""
        ear = Ear(self.client(access))
        ear.wait(1)
        return ear

    def stop(self) -> None:
        self._serving.stop()
        for client in self._clients:
            client.close()


@pytest.fixture
def central(place: Place) -> Iterator[Central]:
    running = Central(place)
    try:
        yield running
    finally:
        running.stop()


@pytest.mark.protocol("P-127")
@pytest.mark.parametrize("by", ["a push to this process", "another process"])
def test_news_is_poked_within_a_second(place: Place, central: Central, laptop: Laptop, by: str) -> None:
    other = Laptop.new()
    ear = central.ear(place.sign_in("rina", laptop).access)
    others = place.sign_in("budi", other).access
    assert ear.events()[0] == ("head", {"seq": central.service.head(), "jitter_ms": 2})
    begun = time.monotonic()
    if by == "another process":
        ledger.system(place.central, [told_by_central(place, "Baru")])
    else:
        push(central.client(others), other, [create(place, other)])
    _, (kind, data) = ear.wait(2)
    assert time.monotonic() - begun < 1.0
    assert (kind, data["seq"]) == ("head", central.service.head())


@pytest.mark.protocol("P-128")
def test_what_is_out_of_scope_pokes_nobody(place: Place, central: Central, laptop: Laptop) -> None:
    ear = central.ear(place.sign_in("rina", laptop).access)
    ledger.system(place.central, [told_by_central(place, "Rahasia", "priority")])
    hidden = central.service.head()
    until = time.monotonic() + 10
    while central.service.pokes._at < hidden and time.monotonic() < until:
        time.sleep(0.01)
    assert central.service.pokes._at == hidden
    ledger.system(place.central, [told_by_central(place, "Umum")])
    told = [data["seq"] for _, data in ear.wait(2)]
    assert told[1:] == [central.service.head()]


@pytest.mark.protocol("P-128")
def test_new_rights_are_heard_of(place: Place, central: Central, laptop: Laptop) -> None:
    ear = central.ear(place.sign_in("rina", laptop).access)
    more = CENTRE.replace('queues = ["triage"]', 'queues = ["triage", "priority"]')
    setup.apply(place.url, parse(more), place.hands.at)
    ear.wait(2)
    ledger.system(place.central, [told_by_central(place, "Rahasia", "priority")])
    assert ear.wait(3)[-1][1]["seq"] == central.service.head()


@pytest.mark.protocol("P-129")
@pytest.mark.parametrize("how", ["superseded", "signed out", "switched off"])
def test_a_stream_ends_with_its_session(place: Place, central: Central, laptop: Laptop, how: str) -> None:
    access = place.sign_in("rina", laptop).access
    ear = central.ear(access)
    begun = time.monotonic()
    if how == "superseded":
        place.hands.move(seconds=30)
        other = Laptop.new()
        client = central.client(place.pending("rina", other))
        reply = client.post("/v1/session/code", json={"code": place.code("rina"), "take_over": True})
        assert reply.status_code == 200
    elif how == "signed out":
        assert central.client(access).delete("/v1/session").status_code == 204
    else:
        without = CENTRE.replace('[[person]]\nlogin = "rina"\nname = "Rina"\nrole = "agent"\nqueues = ["triage"]\n', "")
        setup.apply(place.url, parse(without), place.hands.at)
    kind, data = ear.end()[-1]
    assert (kind, data["code"]) == ("bye", "session_superseded" if how == "superseded" else "session_ended")
    assert time.monotonic() - begun < 5
    assert central.service.pokes.count == 0


@pytest.mark.protocol("P-129")
def test_a_silent_stream_pings_and_looks_at_its_session(place: Place, laptop: Laptop) -> None:
    central = Central(place, ping_seconds=0.1)
    try:
        ear = central.ear(place.sign_in("rina", laptop).access)
        while sum(event is None for _, event in ear.heard) < 3:
            time.sleep(0.01)
        assert len(ear.events()) == 1
        place.hands.move(minutes=11)
        assert ear.end()[-1] == ("bye", {"code": "token_expired", "jitter_ms": 2})
    finally:
        central.stop()


@pytest.mark.protocol("P-129")
def test_stopping_says_goodbye(place: Place, laptop: Laptop) -> None:
    central = Central(place)
    ear = central.ear(place.sign_in("rina", laptop).access)
    begun = time.monotonic()
    central.stop()
    assert ear.end()[-1] == ("bye", {"code": "stopping", "jitter_ms": 2})
    assert time.monotonic() - begun < 4


@pytest.mark.protocol("P-127")
def test_a_device_has_one_stream(place: Place, central: Central, laptop: Laptop) -> None:
    access = place.sign_in("rina", laptop).access
    first, second = central.ear(access), central.ear(access)
    assert first.end()[-1][1]["code"] == "replaced"
    assert central.service.pokes.count == 1
    ledger.system(place.central, [told_by_central(place, "Umum")])
    second.wait(2)


@pytest.mark.protocol("P-127")
def test_a_listener_who_hangs_up_is_forgotten(place: Place, central: Central, laptop: Laptop) -> None:
    access = place.sign_in("rina", laptop).access
    with closing(central.client(access)) as client, client.stream("GET", "/v1/stream") as reply:
        told = reply.iter_lines()
        assert next(told)
        assert central.service.pokes.count == 1
    until = time.monotonic() + 10
    while central.service.pokes.count and time.monotonic() < until:
        time.sleep(0.01)
    assert central.service.pokes.count == 0


@pytest.mark.protocol("P-127")
def test_strangers_hear_nothing(server: Server) -> None:
    failed(server().get("/v1/stream"), 401, "token_missing")
    failed(server("x" * 43).get("/v1/stream"), 401, "token_unknown")


@pytest.mark.protocol("P-127")
def test_a_storm_of_writes_is_a_few_pokes(place: Place, central: Central, laptop: Laptop) -> None:
    other = Laptop.new()
    ear = central.ear(place.sign_in("rina", laptop).access)
    client = central.client(place.sign_in("budi", other).access)
    central.service.pokes.share = 100  # as if a hundred listened: 200 ms of jitter
    begun = time.monotonic()
    for n in range(60):
        push(client, other, [create(place, other, f"Tiket {n}")])
    took, head = time.monotonic() - begun, central.service.head()
    while ear.events()[-1][1]["seq"] < head:
        ear.wait(len(ear.events()) + 1)
    assert len(ear.events()) - 1 <= took / 0.2 + 2
