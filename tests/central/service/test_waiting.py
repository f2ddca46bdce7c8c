"""Waiting for news, and what central does while it serves."""

import asyncio
import threading
import time
from pathlib import Path

import httpx
import pytest
from uuid_utils import uuid7

from msc_console.central import delivery, devices, ledger, own_account, scripts, setup, tokens
from msc_console.central.centre import parse
from msc_console.central.pokes import Pokes
from msc_console.central.tokens import Session
from msc_console.central.watch import HeadWatch
from msc_console.domain.terms import Role
from msc_console.sync.wire import TokenAsk
from msc_console.sync.wire_accounts import AuthenticatorLeft

from .accounts import person
from .conftest import CENTRE, PASSWORD, Laptop, Place, Server, running
from .talk import create, failed, page, pull, push, told_by_central
from .test_people import off
from .test_stream import Ear


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
    waiting = threading.Event()
    real = HeadWatch.wait

    async def wait(self: HeadWatch, after: int, seconds: float, ended: str) -> int:
        waiting.set()
        return await real(self, after, seconds, ended)

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


def _switched_off(place: Place) -> None:
    rina = '[[person]]\nlogin = "rina"\nname = "Rina"\nrole = "agent"\nqueues = ["triage"]\n'
    setup.apply(place.url, parse(CENTRE.replace(rina, "")), place.hands.at)


def _second_factor_left(place: Place, session: Session) -> None:
    place.hands.move(seconds=30)
    own_account.leave_authenticator(
        place.auth, session, AuthenticatorLeft(PASSWORD, place.code("rina")), place.hands.at
    )


ENDS = {
    "taken over": "session_superseded",
    "signed out": "session_ended",
    "laptop revoked": "session_ended",
    "second factor left": "session_ended",
    "switched off": "session_ended",
    "off-boarded": "session_ended",
}


@pytest.mark.protocol("P-029", "P-086", "P-129")
@pytest.mark.parametrize("how", ENDS)
def test_what_is_under_way_ends_with_the_session_at_once(
    place: Place, server: Server, laptop: Laptop, watched: threading.Event, how: str
) -> None:
    """Nothing else happens that could wake it, and most ends come from outside the serving process."""
    made = place.sign_in("rina", laptop)
    client = server(made.access)
    poll = Waiting(client, pull(client)[1])
    assert watched.wait(10)
    ear = Ear(server(made.access))
    ear.wait(1)
    if how == "taken over":
        place.sign_in("rina", Laptop.new(), take_over=True)
    elif how == "signed out":
        assert server(made.access).delete("/v1/session").status_code == 204
    elif how == "laptop revoked":
        devices.revoke(place.url, made.device_code, place.hands.at)
    elif how == "second factor left":
        _second_factor_left(place, tokens.authenticate(place.central, made.access, "access", place.hands.at))
    elif how == "off-boarded":
        off(place, "rina", person(place, "budi", Role.MANAGER), offboard=True)
    else:
        _switched_off(place)
    begun = time.monotonic()
    assert ear.end()[-1] == ("bye", {"code": ENDS[how], "jitter_ms": 2})
    failed(poll.done(), 401, ENDS[how])
    assert time.monotonic() - begun < 10, "long before the poll's own end, and the next look of the stream"


@pytest.mark.protocol("P-029", "P-129")
def test_a_session_that_ended_while_its_request_was_let_in_is_looked_at() -> None:
    """Between the guard's look and the wait: what the guard knew is older than what is known now."""

    async def late() -> tuple[int, bool]:
        watch = HeadWatch(lambda: (5, "new"))
        watch.ended = "new"
        pokes = Pokes(watch, lambda groups, _after, _upto: groups)
        head = await watch.wait(5, 20, "old")
        return head, await pokes.news(pokes.open("laptop", frozenset(), 5, "old"), 20)

    begun = time.monotonic()
    assert asyncio.run(late()) == (0, False)
    assert time.monotonic() - begun < 5


@pytest.mark.protocol("P-037")
def test_a_scripts_long_poll_ends_with_its_token(place: Place, server: Server, watched: threading.Event) -> None:
    lead = person(place, "rina", Role.SUPERVISOR)
    ask = TokenAsk(name="skrip", scopes=["changes"], networks=["127.0.0.0/8"], days=1)
    made = scripts.create(place.central, lead, ask, place.hands.at)
    client = server(made.token)
    poll = Waiting(client, pull(client)[1])
    assert watched.wait(10)
    scripts.revoke(place.central, lead, made.info.id, place.hands.at)
    failed(poll.done(), 401, "session_ended")


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
