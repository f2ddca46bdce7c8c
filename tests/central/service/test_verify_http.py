"""The self-check over real HTTP: what it tells, and what it refuses."""

import httpx
import msgspec
import pytest
from sqlalchemy import text

from msc_console import digest
from msc_console.digest import BUCKETS
from msc_console.sync.pages import read_page
from msc_console.sync.wire import VERIFY, VerifyReply

from .conftest import Laptop, Place, Server
from .talk import create, failed, pull, push


@pytest.fixture
def client(place: Place, server: Server, laptop: Laptop) -> httpx.Client:
    """Rina, signed in, with three tickets."""
    client = server(place.sign_in("rina", laptop).access)
    assert len(push(client, laptop, [create(place, laptop, f"Meterai gagal {n}") for n in range(3)])) == 3
    return client


def cursor(client: httpx.Client) -> str:
    return pull(client)[1]


def ask(client: httpx.Client, **body: object) -> httpx.Response:
    return client.post("/v1/verify", json=body)


@pytest.mark.protocol("P-165", "P-167")
def test_the_whole_check_over_http(place: Place, client: httpx.Client) -> None:
    assert VERIFY in client.get("/v1/hello").json()["features"]
    at = cursor(client)
    told = msgspec.json.decode(ask(client, cursor=at, buckets=["ticket"]).content, type=VerifyReply)
    assert told.up_to_date
    with place.central.read() as conn:
        pairs = [(str(id), int(ver)) for id, ver in conn.execute(text("SELECT id, ver FROM ticket"))]
    whole = digest.whole(pairs)
    assert (told.entities["ticket"].count, told.entities["ticket"].sum) == (3, whole.hex)
    filled = [n for n, (count, _) in enumerate(told.entities["ticket"].buckets) if count]
    assert set(filled) == {digest.bucket_of(id) for id, _ in pairs}
    reply = client.post("/v1/verify/rows", json={"cursor": at, "entity": "ticket", "buckets": filled})
    page = read_page(reply.content)
    assert {line.id for line in page.lines} == {id for id, _ in pairs}
    assert (page.cursor, page.up_to_date) == (at, True)


@pytest.mark.protocol("P-166")
def test_news_on_the_way(place: Place, client: httpx.Client, laptop: Laptop) -> None:
    at = cursor(client)
    push(client, laptop, [create(place, laptop, "Baru")])
    assert ask(client, cursor=at).json()["up_to_date"] is False
    assert ask(client, cursor=at).json()["entities"] == {}
    assert ask(client, cursor=cursor(client)).json()["up_to_date"] is True


@pytest.mark.protocol("P-161", "P-165")
@pytest.mark.parametrize(
    ("path", "change", "status", "code"),
    [
        ("verify", {"cursor": "x" * 2001}, 400, "invalid_request"),
        ("verify", {"cursor": 7}, 400, "invalid_request"),
        ("verify", {"buckets": ["ticket"] * 500}, 400, "invalid_request"),
        ("verify", {"cursor": "made up"}, 410, "cursor_expired"),
        ("verify", {"cursor": ""}, 410, "cursor_expired"),
        ("verify/rows", {"entity": "session_token"}, 400, "invalid_request"),
        ("verify/rows", {"entity": "person; DROP TABLE person"}, 400, "invalid_request"),
        ("verify/rows", {"buckets": [BUCKETS]}, 400, "invalid_request"),
        ("verify/rows", {"buckets": [-1]}, 400, "invalid_request"),
        ("verify/rows", {"buckets": [0] * 257}, 400, "invalid_request"),
        ("verify/rows", {"cursor": "made up"}, 410, "cursor_expired"),
    ],
)
def test_what_is_refused(client: httpx.Client, path: str, change: dict[str, object], status: int, code: str) -> None:
    body = {"cursor": cursor(client), "entity": "ticket", "buckets": []} | change
    data = failed(client.post(f"/v1/{path}", json=body), status, code)
    if status == 410:
        assert data == {"resnapshot": True}


@pytest.mark.protocol("P-168")
def test_strangers_are_told_nothing(server: Server) -> None:
    for path, body in (("verify", {"cursor": ""}), ("verify/rows", {"cursor": "", "entity": "ticket", "buckets": []})):
        failed(server().post(f"/v1/{path}", json=body), 401, "token_missing")
