"""Waiting for news, and what central does while it serves."""

import threading
import time
from pathlib import Path

import httpx
import pytest
from uuid_utils import uuid7

from msc_console.central import delivery, ledger

from .conftest import Laptop, Place, Server, running
from .talk import create, failed, page, pull, push, told_by_central


class Waiting:
    """A long poll in a thread, with the time of its end."""

    def __init__(self, client: httpx.Client, cursor: str, wait: int = 25) -> None:
        self.reply: httpx.Response | None = None
        self._client = client
        self._params: dict[str, str | int] = {"cursor": cursor, "wait": wait, "limit": 1}
        self.ended = 0.0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self.reply = self._client.get("/v1/changes", params=self._params)
        self.ended = time.monotonic()

    def done(self) -> httpx.Response:
        self._thread.join(20)
        assert self.reply is not None
        return self.reply


@pytest.fixture
def watched(place: Place, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set as soon as somebody waits for news: tests act only then, and never sleep."""
    from msc_console.central.watch import HeadWatch

    waiting = threading.Event()
    real = HeadWatch.wait

    async def wait(self: HeadWatch, after: int, seconds: float) -> int:
        waiting.set()
        return await real(self, after, seconds)

    monkeypatch.setattr(HeadWatch, "wait", wait)
    return waiting


@pytest.mark.parametrize("by", ["a push to this process", "another process"])
@pytest.mark.protocol("P-086")
def test_a_long_poll_wakes_within_a_second(
    place: Place, server: Server, laptop: Laptop, watched: threading.Event, by: str
) -> None:
    other = Laptop.new()
    access, others = place.sign_in("rina", laptop).access, place.sign_in("budi", other).access
    client = server(access)
    _, cursor = pull(client)
    poll = Waiting(server(access), cursor)
    assert watched.wait(10)
    if by == "another process":
        ledger.system(place.central, [told_by_central(place, "Baru")])
    else:
        push(server(others), other, [create(place, other)])
    committed = time.monotonic()
    found, _ = page(poll.done())
    assert [line.entity for line in found] == ["ticket", "entry"]
    assert poll.ended - committed < 1.0


@pytest.mark.protocol("P-086")
def test_a_long_poll_isnt_woken_by_what_is_out_of_scope(
    place: Place, server: Server, laptop: Laptop, watched: threading.Event
) -> None:
    access = place.sign_in("rina", laptop).access
    client = server(access)
    _, cursor = pull(client)
    poll = Waiting(server(access), cursor)
    assert watched.wait(10)
    watched.clear()
    ledger.system(place.central, [told_by_central(place, "Rahasia", "priority")])
    assert watched.wait(10), "it went on waiting"
    ledger.system(place.central, [told_by_central(place, "Umum")])
    found, _ = page(poll.done())
    assert [line.d["subject"] for line in found if line.entity == "ticket" and isinstance(line.d, dict)] == ["Umum"]


@pytest.mark.protocol("P-029", "P-086")
def test_a_long_poll_ends_with_the_session(
    place: Place, server: Server, laptop: Laptop, watched: threading.Event
) -> None:
    access = place.sign_in("rina", laptop).access
    client = server(access)
    _, cursor = pull(client)
    poll = Waiting(server(access), cursor)
    assert watched.wait(10)
    place.sign_in("rina", Laptop.new(), take_over=True)
    ledger.system(place.central, [told_by_central(place, "Umum")])
    failed(poll.done(), 401, "session_superseded")


@pytest.mark.protocol("P-086")
def test_a_long_poll_without_news_ends_empty(place: Place, laptop: Laptop) -> None:
    access = place.sign_in("rina", laptop).access
    with (
        running(place, wait_seconds=0.05) as url,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {access}"}, trust_env=False) as client,
    ):
        _, cursor = pull(client)
        found, end = page(client.get("/v1/changes", params={"cursor": cursor, "wait": 25}))
        assert found == []
        assert end.up_to_date


@pytest.mark.protocol("P-086")
def test_stopping_the_server_ends_long_polls(place: Place, laptop: Laptop, watched: threading.Event) -> None:
    access = place.sign_in("rina", laptop).access
    with httpx.Client(headers={"Authorization": f"Bearer {access}"}, trust_env=False, timeout=20) as client:
        with running(place) as url:
            client.base_url = httpx.URL(url)
            _, cursor = pull(client)
            poll = Waiting(client, cursor)
            assert watched.wait(10)
            began = time.monotonic()
        page(poll.done())
        assert poll.ended - began < 5.0


@pytest.mark.protocol("P-113")
def test_central_acts_by_itself_while_it_serves(place: Place, laptop: Laptop, tmp_path: Path) -> None:
    delivery.switch_on(place.central, "email", tmp_path / "mail", place.hands.at)
    access = place.sign_in("rina", laptop).access
    with (
        running(place, tick_seconds=0.02) as url,
        httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {access}"}, trust_env=False, timeout=30
        ) as client,
    ):
        contact = laptop.op(
            "contact.create", str(uuid7()),
            {"name": "Andi", "addresses": [{"channel": "email", "value": "andi@surat.example"}]}, place.hands.at,
        )  # fmt: skip
        ticket = create(place, laptop, contact=contact.target)
        reply = laptop.op("entry.reply", ticket.target, {"body": "Sudah kami perbaiki."}, place.hands.at)
        assert [item.result for item in push(client, laptop, [contact, ticket, reply])] == ["applied"] * 3
        cursor, state = "", None
        while state != "sent":
            found, end = page(client.get("/v1/changes", params={"cursor": cursor, "wait": 10}))
            assert found, "the reply was never sent"
            cursor = end.cursor
            state = next(
                (line.d["delivery"] for line in found if line.id == reply.op and isinstance(line.d, dict)), state
            )
    assert len(list((tmp_path / "mail" / "new").iterdir())) == 1
