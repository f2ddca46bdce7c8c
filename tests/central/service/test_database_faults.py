"""What a laptop hears when the database can't do its work now: 503, nothing lost, nothing there twice, on PostgreSQL.

Another session stands in the way; the same push sent again after it has gone is applied.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import msgspec
import pytest
from sqlalchemy import Connection, text

from msc_console import clock
from msc_console.central.db import LOCK_MS, Central
from msc_console.sync.wire import Envelope
from tests.support.processes import eventually

from .conftest import Laptop, Place, Server, running
from .talk import create, failed, pull, push

SECONDS = 20.0
pytestmark = [
    pytest.mark.slow,
    pytest.mark.protocol("P-008", "P-062"),
    pytest.mark.parametrize("central_url", ["postgresql"], indirect=True),
]


@contextmanager
def other_session(place: Place) -> Iterator[Connection]:
    """A transaction beside the server's, which waits for locks as long as it takes; rolled back at the end."""
    other = Central.open(place.url, connections=1)
    try:
        with other.engine.connect() as conn:
            conn.execute(text("SET lock_timeout = 0"))
            yield conn
            conn.rollback()
    finally:
        other.close()


@pytest.fixture
def tickets(place: Place, client: httpx.Client, laptop: Laptop) -> list[str]:
    """Two tickets, in the order in which pushes lock them."""
    made = [create(place, laptop), create(place, laptop)]
    assert [result.result for result in push(client, laptop, made)] == ["applied", "applied"]
    return sorted(envelope.target for envelope in made)


@pytest.fixture
def client(place: Place, server: Server, laptop: Laptop) -> httpx.Client:
    return server(place.sign_in("rina", laptop).access)


def notes(place: Place, laptop: Laptop, tickets: list[str]) -> list[Envelope]:
    return [laptop.op("entry.note", ticket, {"body": f"catatan {ticket}"}, place.hands.at) for ticket in tickets]


def post(client: httpx.Client, laptop: Laptop, ops: list[Envelope]) -> httpx.Response:
    return client.post("/v1/push", json={"device": laptop.device, "ops": msgspec.to_builtins(ops)})


def busy(reply: httpx.Response) -> None:
    failed(reply, 503, "unavailable")
    assert int(reply.headers["Retry-After"]) >= 1


def known(place: Place, ops: list[Envelope]) -> tuple[int, int]:
    """How many of the ops central knows, and how many entries they have made."""
    ids = [op.op for op in ops]
    with place.central.read() as conn:
        found = [
            conn.execute(text(f"SELECT count(*) FROM {table} WHERE {key} = ANY(:ids)"), {"ids": ids}).scalar_one()
            for table, key in (("op", "op_id"), ("entry", "id"))
        ]
    return found[0], found[1]


def again(place: Place, client: httpx.Client, laptop: Laptop, ops: list[Envelope]) -> None:
    """The same push, twice: it is applied, then known."""
    assert [result.result for result in push(client, laptop, ops)] == ["applied"] * len(ops)
    assert [result.result for result in push(client, laptop, ops)] == ["duplicate"] * len(ops)
    assert known(place, ops) == (len(ops), len(ops))
    with place.central.read() as conn:
        seqs = list(conn.execute(text("SELECT seq FROM change ORDER BY seq")).scalars())
        assert seqs == list(range(1, conn.execute(text("SELECT seq FROM feed_head")).scalar_one() + 1))


def waiting(place: Place) -> list[int]:
    """Sessions of this database that wait for a lock."""
    asked = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
    )
    with place.central.read() as conn:
        return list(conn.execute(text(asked)).scalars())


@pytest.mark.parametrize("held", ["ticket", "device", "feed_head"])
def test_a_lock_that_is_held_too_long(
    place: Place, client: httpx.Client, laptop: Laptop, tickets: list[str], held: str
) -> None:
    """A push gives up after `lock_timeout`; reads go on meanwhile."""
    ops = notes(place, laptop, tickets)
    with other_session(place) as conn:
        conn.execute(text(f"SELECT 1 FROM {held} FOR UPDATE"))
        begun = clock.monotonic()
        busy(post(client, laptop, ops))
        took = clock.monotonic() - begun
        assert LOCK_MS / 1000 * 0.9 < took < LOCK_MS / 1000 + 3
        assert known(place, ops) == (0, 0)
        assert {line.id for line in pull(client)[0]} >= {*tickets}, "a read waits for no lock"
    again(place, client, laptop, ops)


@pytest.mark.parametrize("victim", ["push", "the other"])
def test_a_deadlock(place: Place, client: httpx.Client, laptop: Laptop, tickets: list[str], victim: str) -> None:
    """PostgreSQL ends whoever looks first. If that is the push, it is answered 503 and may come again."""
    ops = notes(place, laptop, tickets)
    replies: list[httpx.Response] = []
    first, second = tickets
    lock = text("SELECT 1 FROM ticket WHERE id = :id FOR UPDATE")
    with other_session(place) as conn:
        conn.execute(text(f"SET deadlock_timeout = '{'10ms' if victim == 'the other' else '60s'}'"))
        conn.execute(lock, {"id": second})
        thread = threading.Thread(target=lambda: replies.append(post(client, laptop, ops)))
        thread.start()
        eventually(lambda: len(waiting(place)) == 1, SECONDS, "the push does not wait for the other")
        if victim == "push":
            conn.execute(lock, {"id": first})
        else:
            with pytest.raises(Exception, match="deadlock detected"):
                conn.execute(lock, {"id": first})
            conn.rollback()
        thread.join(SECONDS)
    (reply,) = replies
    if victim == "push":
        busy(reply)
        assert known(place, ops) == (0, 0)
        again(place, client, laptop, ops)
    else:
        assert reply.status_code == 200, reply.text
        assert known(place, ops) == (2, 2)


@pytest.fixture
def slow_entries(place: Place) -> Iterator[None]:
    """Entries take a second to be written, and a statement may take 300 ms, for connections made from now on."""
    name = place.central.engine.url.database
    with other_session(place) as conn:
        for statement in (
            "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NEW; END'",
            "CREATE TRIGGER dawdle BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION dawdle()",
            f"ALTER DATABASE {name} SET statement_timeout = '300ms'",
        ):
            conn.execute(text(statement))
        conn.commit()
    place.central.engine.dispose()
    yield
    _hurry(place)


def _hurry(place: Place) -> None:
    with other_session(place) as conn:
        conn.execute(text("DROP FUNCTION IF EXISTS dawdle CASCADE"))
        conn.execute(text(f"ALTER DATABASE {place.central.engine.url.database} RESET statement_timeout"))
        conn.commit()
    place.central.engine.dispose()


def test_a_statement_that_takes_too_long(
    place: Place, client: httpx.Client, laptop: Laptop, tickets: list[str], slow_entries: None
) -> None:
    ops = notes(place, laptop, tickets)
    busy(post(client, laptop, ops))
    assert known(place, ops) == (0, 0)
    _hurry(place)
    again(place, client, laptop, ops)


def test_a_session_that_is_ended_from_outside(
    place: Place, client: httpx.Client, laptop: Laptop, tickets: list[str]
) -> None:
    """An administrator, a failover or an idle limit ends the connection in the middle of a push."""
    ops = notes(place, laptop, tickets)
    replies: list[httpx.Response] = []
    with other_session(place) as conn:
        conn.execute(text("SELECT 1 FROM feed_head FOR UPDATE"))
        thread = threading.Thread(target=lambda: replies.append(post(client, laptop, ops)))
        thread.start()
        eventually(lambda: len(waiting(place)) == 1, SECONDS, "the push does not wait")
        conn.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": waiting(place)[0]})
        thread.join(SECONDS)
    busy(replies[0])
    assert known(place, ops) == (0, 0)
    again(place, client, laptop, ops)


def test_no_connection_left(place: Place, laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    """More requests than connections wait for a while, and then hear that central is busy."""
    monkeypatch.setattr("msc_console.central.db.POOL_SECONDS", 0.2)
    access = place.sign_in("rina", laptop).access
    small = Central.open(place.url, connections=1)
    try:
        with running(replace(place, central=small)) as url:
            bearer = {"Authorization": f"Bearer {access}"}
            with httpx.Client(base_url=url, headers=bearer, trust_env=False, timeout=SECONDS) as client:
                with small.read():
                    busy(client.get("/v1/changes"))
                assert client.get("/v1/changes").status_code == 200
    finally:
        small.close()
