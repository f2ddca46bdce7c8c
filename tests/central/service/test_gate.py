"""Before the application: what a request may look like, from where it comes, and what every reply bears."""

import re
import socket

import httpx
import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from msc_console.central.app import create_app
from msc_console.central.db import Central
from msc_console.central.gate import HEADERS_MOST, caller, networks
from msc_console.central.serve import HEAD_BYTES, Listen
from msc_console.errors import UsageError

from .conftest import PASSWORD, Laptop, Place, Server, running
from .talk import create, failed

LOCAL = networks(["127.0.0.1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("10.9.9.9", [], "10.9.9.9"),
        ("10.9.9.9", ["1.1.1.1"], "10.9.9.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["1.1.1.1"], "1.1.1.1"),
        ("10.0.0.1", ["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
        ("10.0.0.1", ["6.6.6.6", "1.1.1.1"], "1.1.1.1"),
        ("10.0.0.1", ["1.1.1.1, 10.0.0.2"], "1.1.1.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["6.6.6.6, junk, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["6.6.6.6, 1.1.1.1:80"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["::ffff:1.1.1.1"], "1.1.1.1"),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2:3:4:5:6"),
        ("unix", ["1.1.1.1"], "unix"),
        ("", ["1.1.1.1"], ""),
    ],
)
def test_only_a_listed_proxy_is_believed_and_only_about_its_own_caller(
    peer: str, forwarded: list[str], found: str
) -> None:
    assert caller(peer, forwarded, networks(["10.0.0.0/29"])) == found


@pytest.mark.parametrize("name", ["", "proxy.example", "10.0.0.1/29", "10.0.0.0/33", "*"])
def test_what_is_no_address_of_a_proxy(name: str) -> None:
    with pytest.raises(UsageError, match="proxy_wrong"):
        networks([name])


def wrong(client: httpx.Client, laptop: Laptop, number: int, forwarded: str) -> int:
    """A wrong sign-in under a login of its own."""
    body = {"login": f"orang{number}", "password": PASSWORD, "device_key": laptop.public}
    return client.post("/v1/session", json=body, headers={"X-Forwarded-For": forwarded}).status_code


def test_another_forwarded_for_each_time_is_of_no_use(place: Place, laptop: Laptop) -> None:
    with running(place, address_failures=3) as url, httpx.Client(base_url=url, trust_env=False) as client:
        assert [wrong(client, laptop, n, f"10.0.0.{n}") for n in range(5)] == [401] * 3 + [429] * 2


def test_behind_a_proxy_each_of_its_callers_has_a_limit(place: Place, laptop: Laptop) -> None:
    listen = Listen(port=0, proxies=LOCAL)
    with running(place, listen, address_failures=3) as url, httpx.Client(base_url=url, trust_env=False) as client:
        assert [wrong(client, laptop, n, f"6.6.6.{n}, 1.1.1.1") for n in range(4)] == [401] * 3 + [429]
        assert wrong(client, laptop, 9, "1.1.1.2") == 401


def test_plain_text_on_an_open_address_is_for_the_proxy_alone(place: Place) -> None:
    for named, status in (("10.0.0.0/8", 403), ("127.0.0.0/8", 200)):
        listen = Listen(host="0.0.0.0", port=0, proxies=networks([named]))
        listen.check()
        with running(place, listen) as url:
            reply = httpx.get(url.replace("0.0.0.0", "127.0.0.1") + "/v1/hello", trust_env=False)
            assert reply.status_code == status
            assert "max-age" in reply.headers["Strict-Transport-Security"], "the proxy sends it on encrypted"


def test_every_reply_is_data_and_nothing_for_a_browser(place: Place, server: Server) -> None:
    many = {f"X-{number}": "1" for number in range(HEADERS_MOST)}
    replies = [
        server().get("/healthz"),
        server().get("/v1/hello"),
        server().get("/nothing"),
        server().get("/v1/changes"),
        server().post("/v1/session", content=b"{"),
        server().get("/v1/hello", headers=many),
        server().options("/v1/session"),
    ]
    assert [reply.status_code for reply in replies] == [200, 200, 404, 401, 400, 413, 204]
    for reply in replies:
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert reply.headers["Cache-Control"] == "no-store"
        assert "Server" not in reply.headers
        assert "Strict-Transport-Security" not in reply.headers, "this one travels in plain text"


def said(url: str, request: bytes) -> bytes:
    """All that the server answers on one connection until it ends it."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(request)
        pieces = []
        while piece := line.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


ANSWERS = re.compile(rb"HTTP/1.1 (\d+)")
HIDDEN = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


HEADS = [
    b"Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    b"Host: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    b"Host: x\r\nContent-Length: 5\r\nContent-Length: 0\r\n",
    b"Host: x\r\nContent-Length: 5, 0\r\n",
    b"Host: x\r\nContent-Length: +5\r\n",
    b"Host: x\r\nTransfer-Encoding: chunked, identity\r\n",
    b"Host: x\r\nTransfer-Encoding : chunked\r\n",
    b"Host: x\r\nHost: y\r\nContent-Length: 5\r\n",
    b"Host: x\r\nContent-Length: 5\r\n X-Folded: 1\r\nBad\x00: 1\r\n",
]


def test_what_two_programs_may_read_differently_ends_the_connection(server: Server) -> None:
    """A second request hides behind it; a proxy that reads the length otherwise would have passed it on unseen."""
    url = str(server().base_url).rstrip("/")
    for path in (b"/v1/session", b"/nothing"):
        plain = said(url, b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + HIDDEN)
        assert len(ANSWERS.findall(plain)) == 2, "two requests on one connection are two"
        for head in HEADS:
            reply = said(url, b"POST " + path + b" HTTP/1.1\r\n" + head + b"\r\n0\r\n\r\n" + HIDDEN)
            assert ANSWERS.findall(reply) in ([b"400"], [b"501"]), (head, reply)


def test_a_head_has_an_end(server: Server) -> None:
    host, port = str(server().base_url).removeprefix("http://").rstrip("/").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * HEAD_BYTES)
        assert ANSWERS.findall(line.recv(65536)) == [b"400"], "before the line has come to its end"


def test_the_description_is_served_when_asked_for(place: Place, server: Server) -> None:
    failed(server().get("/v1/schema/openapi.json"), 404, "not_found")
    failed(server().get("/v1/schema"), 404, "not_found")
    with running(place, describe=True) as url:
        assert httpx.get(f"{url}/v1/schema/openapi.json", trust_env=False).status_code == 200


def takers(place: Place) -> dict[tuple[str, str], HTTPRouteHandler]:
    """(method, path) -> handler of every route that takes a body."""
    found = {}
    for route in create_app(place.central, place.settings()).routes:
        for handler in getattr(route, "route_handlers", ()):
            if "data" in handler.parsed_fn_signature.parameters:
                path = re.sub(r"{[^}]*}", "x", route.path)
                found |= {(method, path): handler for method in handler.http_methods if method != "OPTIONS"}
    assert len(found) >= 7
    return found


def test_no_body_is_larger_than_its_route_allows(place: Place, server: Server, laptop: Laptop) -> None:
    client = server(place.sign_in("rina", laptop).access)
    for (method, path), handler in takers(place).items():
        most = handler.resolve_request_max_body_size()
        assert most is not None, path
        assert most <= 1024 * 1024, path
        reply = client.request(method, path, content=b" " * (most + 1))
        if reply.status_code != 403:  # else refused by right alone, before anything of the body is read
            failed(reply, 413, "too_large")


DEEP = 10_000
TRAPS = {
    "depth": b'{"x": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "open depth": b"[" * DEEP,
    "many keys": b"{" + b",".join(b'"%d":1' % n for n in range(1_000)) + b"}",
    "twice": b'{"login": "a", "login": "b", "device": "a", "device": "b", "ops": [], "ops": []}',
    "infinite": b'{"login": 1e400, "ops": [1e400], "cursor": 1e400}',
    "nan": b'{"login": NaN, "ops": [NaN], "cursor": -Infinity}',
    "large": b'{"login": 18446744073709551616, "ops": [9223372036854775808], "cursor": ""}',
    "digits": b'{"ops": [' + b"9" * 5_000 + b"]}",
    "minus zero": b'{"ops": [-0], "buckets": [-0, -0.0]}',
    "surrogate": rb'{"login": "\ud800", "ops": ["\ud800"], "cursor": "\udfff", "device": "\ud800"}',
    "no utf-8": b'{"login": "\xff\xfe\x9b"}',
    "mark": b"\xef\xbb\xbf{}",
    "nothing": b"",
}


def test_no_json_is_a_crash(place: Place, server: Server, laptop: Laptop) -> None:
    client = server(place.sign_in("rina", laptop).access)
    for method, path in takers(place):
        for name, trap in TRAPS.items():
            reply = client.request(method, path, content=trap, headers={"Content-Type": "application/json"})
            assert reply.status_code < 500, (path, name, reply.text)
            assert reply.status_code >= 400 or name == "twice", (path, name, reply.text)


ARGUMENTS = [
    b"1e400", b"18446744073709551616", b"9" * 5_000, b"-0.0", b"1e-400", rb'"\ud800"', b'"a", "subject": "b"',
    b"[" * 500 + b"]" * 500, b'{"\\u0000": null}',
]  # fmt: skip


def test_no_number_in_an_act_is_a_crash(place: Place, server: Server, laptop: Laptop) -> None:
    client = server(place.sign_in("rina", laptop).access)
    op = msgspec.json.encode(create(place, laptop, "marked"))
    for arguments in ARGUMENTS:
        body = b'{"device": "%s", "ops": [%s]}' % (laptop.device.encode(), op.replace(b'"marked"', arguments))
        assert arguments in body
        reply = client.post("/v1/push", content=body)
        told = [item["reason"] for item in reply.json().get("results", [])]
        assert reply.status_code == 400 or told in (["bad_envelope"], ["bad_signature"]), (arguments, reply.text)


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT (x + 1) % 1000 FROM n) SELECT count(*) FROM n"


def test_a_statement_without_an_end_is_ended(place: Place) -> None:
    central = Central.open(place.url, statement_ms=50)
    try:
        with pytest.raises(OperationalError), central.read() as conn:
            conn.execute(text(ENDLESS)).scalar_one()
        with central.read() as conn:
            assert conn.execute(text("SELECT 1")).scalar_one() == 1
        assert central.migrate() > 0
    finally:
        central.close()


def test_ready_says_whether_and_never_why(place: Place, server: Server) -> None:
    assert server().get("/readyz").json() == {"status": "ok"}
    with place.central.write() as conn:
        conn.execute(text("INSERT INTO migration (version, applied_at) VALUES (9999, 0)"))
    reply = server().get("/readyz")
    failed(reply, 503, "unavailable")
    assert "9999" not in reply.text
    assert server().get("/healthz").json() == {"status": "ok"}, "to start it again would mend nothing"
