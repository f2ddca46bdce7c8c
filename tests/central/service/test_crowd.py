"""Admission over real HTTP: who is refused, that nothing was done, and that every permit comes back."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import msgspec
import pytest

from msc_console.central import ledger
from msc_console.central.admission import Loads
from msc_console.central.app import create_app
from msc_console.central.changes import read as read_changes
from msc_console.central.routes import sync as routes
from tests.support.serving import Serving

from .conftest import Laptop, Place
from .talk import create, failed, pull, push


class Running:
    """A server of its own loads whose admission can be looked at."""

    def __init__(self, place: Place, **loads: Any) -> None:
        self._clients: list[httpx.Client] = []
        app = create_app(place.central, place.settings(loads=Loads(**loads)))
        self.service = app.state.service
        self._serving = Serving(app)

    def client(self, access: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {access}"}
        self._clients.append(httpx.Client(base_url=self._serving.url, headers=headers, trust_env=False, timeout=30))
        return self._clients[-1]

    def settled(self) -> bool:
        """Whether all permits come back within a few seconds."""
        admission, until = self.service.admission, time.monotonic() + 10
        while time.monotonic() < until:
            gates = admission.gates
            if (gates["live"].free, gates["bootstrap"].free) == (admission.loads.live, admission.loads.bootstrap):
                return not admission._lanes
            time.sleep(0.01)
        return False

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()
        self._serving.stop()


class Slow:
    """Holds the work of a request until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        self.begun, self.go, self.calls = threading.Semaphore(0), threading.Event(), 0
        real = getattr(owner, name)

        def slow(*args: Any, **more: Any) -> Any:
            self.calls += 1
            self.begun.release()
            assert self.go.wait(20)
            return real(*args, **more)

        monkeypatch.setattr(owner, name, slow)


def both(place: Place, laptop: Laptop) -> tuple[str, str, Laptop]:
    """Access tokens of two people, and the second one's laptop."""
    other = Laptop.new()
    return place.sign_in("rina", laptop).access, place.sign_in("budi", other).access, other


@pytest.mark.protocol("P-123", "P-124")
def test_a_full_central_does_nothing_and_says_when(
    place: Place, laptop: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    rina, budi, other = both(place, laptop)
    slow = Slow(monkeypatch, ledger, "push")
    with Running(place, live=1, live_queue=0) as central, ThreadPoolExecutor() as pool:
        first = pool.submit(push, central.client(rina), laptop, [create(place, laptop)])
        assert slow.begun.acquire(timeout=10)
        client, op = central.client(budi), create(place, other)
        for _ in range(5):
            reply = client.post("/v1/push", json={"device": other.device, "ops": [msgspec.to_builtins(op)]})
            seconds = failed(reply, 503, "unavailable")["retry_after"]
            assert reply.headers["Retry-After"] == str(seconds)
            assert 1 <= seconds <= 20
        failed(client.post("/v1/ops/status", json={"ops": []}), 503, "unavailable")
        assert client.get("/v1/changes").status_code == 200, "first pages have a gate of their own"
        assert client.get("/v1/hello").status_code == 200
        slow.go.set()
        assert [item.result for item in first.result(20)] == ["applied"]
        assert slow.calls == 1
        assert [item.result for item in push(client, other, [op])] == ["applied"]
        assert central.settled()


@pytest.mark.protocol("P-123")
def test_first_pages_leave_the_others_alone(place: Place, laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    rina, budi, _ = both(place, laptop)
    with Running(place, bootstrap=1, bootstrap_queue=0) as central, ThreadPoolExecutor() as pool:
        _, cursor = pull(central.client(budi))
        slow = Slow(monkeypatch, routes, "read_changes")
        first = pool.submit(central.client(rina).get, "/v1/changes")
        assert slow.begun.acquire(timeout=10)
        failed(central.client(budi).get("/v1/changes"), 503, "unavailable")
        monkeypatch.setattr(routes, "read_changes", read_changes)
        assert central.client(budi).get("/v1/changes", params={"cursor": cursor}).status_code == 200
        slow.go.set()
        assert first.result(20).status_code == 200
        assert central.settled()


@pytest.mark.protocol("P-125")
def test_one_device_waits_for_itself(place: Place, laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    rina = place.sign_in("rina", laptop).access
    with Running(place, device_queue=1) as central, ThreadPoolExecutor() as pool:
        slow = Slow(monkeypatch, routes, "read_changes")
        pulls = [pool.submit(central.client(rina).get, "/v1/changes")]
        assert slow.begun.acquire(timeout=10)
        pulls += [pool.submit(central.client(rina).get, "/v1/changes") for _ in range(3)]
        while sum(one.done() for one in pulls) < 2:
            time.sleep(0.01)
        assert slow.calls == 1
        slow.go.set()
        done = sorted(one.result(20).status_code for one in pulls)
        assert done == [200, 200, 429, 429]
        assert central.settled()


@pytest.mark.protocol("P-126")
def test_a_long_poll_that_waits_holds_no_permit(place: Place, laptop: Laptop) -> None:
    rina, budi, other = both(place, laptop)
    with Running(place, live=1, live_queue=1) as central, ThreadPoolExecutor() as pool:
        _, cursor = pull(central.client(rina))
        poll = pool.submit(central.client(rina).get, "/v1/changes", params={"cursor": cursor, "wait": 20})
        while not central.service.watch._waiters:
            time.sleep(0.005)
        assert central.settled()
        assert [item.result for item in push(central.client(budi), other, [create(place, other)])] == ["applied"]
        assert poll.result(20).status_code == 200
        assert central.settled()


@pytest.mark.protocol("P-123")
def test_a_crash_and_a_caller_who_hangs_up_leave_no_permit_behind(
    place: Place, laptop: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    rina = place.sign_in("rina", laptop).access
    with Running(place) as central:
        slow = Slow(monkeypatch, routes, "read_changes")
        gone = central.client(rina)
        gone.timeout = 0.2
        with pytest.raises(httpx.ReadTimeout):
            gone.get("/v1/changes")
        gone.close()
        assert central.service.admission.gates["bootstrap"].free == central.service.admission.loads.bootstrap - 1
        slow.go.set()
        assert central.settled()

        def broken(*_: object) -> None:
            raise RuntimeError

        monkeypatch.setattr(routes, "read_changes", broken)
        failed(central.client(rina).get("/v1/changes"), 500, "internal")
        assert central.settled()
        failed(central.client(rina).get("/v1/changes", params={"limit": 0}), 400, "invalid_request")
        failed(central.client(rina).post("/v1/push", content=b"{"), 400, "invalid_request")
        assert central.settled()
