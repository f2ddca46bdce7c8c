"""HTTP: only what is proved ours is read, everything else is a named fault."""

import gzip
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import msgspec
import pytest

from msc_console.errors import Exit
from msc_console.packing import pack
from msc_console.sync.faults import Broken, Declined, Fault
from msc_console.sync.transport import HttpTransport
from msc_console.sync.wire import Code, Hello, OpResult, Pending, PushReply, Refresh, SignIn, Site, StatusReply

from .fakes import JSON, NDJSON, PROBLEM, TIME, FakeClock, envelope, problem, tokens
from .tokens import FakeTokens

HELLO = Hello("msc-console", "1.0", 1, 1, 1, "g1", Site("s", "Pu\x1bsat", "Asia/Jakarta"), TIME)
END = msgspec.json.encode({"t": "end", "cursor": "g1.0", "rows": 0, "up_to_date": True, "server_time": TIME})
Handler = Callable[[httpx.Request], httpx.Response]


def reply(content: bytes = b"", kind: str = JSON, status: int = 200, **headers: str) -> httpx.Response:
    """A reply that has not been read yet, as off a wire."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, stream=httpx.ByteStream(content), headers={"content-type": kind, **names})


def to(handler: Handler, store: FakeTokens | None = None, clock: FakeClock | None = None) -> HttpTransport:
    return HttpTransport(
        "https://central.example/", store or FakeTokens(), times=clock or FakeClock(), http=httpx.MockTransport(handler)
    )


def always(answer: httpx.Response) -> Handler:
    """A central with one answer to everything."""
    return lambda _: answer


def unread(response: httpx.Response) -> httpx.Response:
    return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(response.content))


@pytest.mark.protocol("P-004")
def test_hello_is_proved_ours_and_cleaned() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return reply(msgspec.json.encode(HELLO), kind="application/json; charset=utf-8")

    hello = to(handle).hello()
    assert hello.site.name == "Pu\u241bsat"
    assert str(seen[0].url) == "https://central.example/v1/hello"
    assert seen[0].headers["msc-protocol"] == "1"
    assert "authorization" not in seen[0].headers


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(b"<html>guest network</html>", "text/html"), Fault.NOT_OURS),
        (reply(b"<html>guest network</html>"), Fault.NOT_OURS),
        (reply(msgspec.json.encode(HELLO), "text/plain"), Fault.NOT_OURS),
        (reply(msgspec.json.encode(msgspec.structs.replace(HELLO, product="other"))), Fault.NOT_OURS),
        (reply(b'{"ok":true}'), Fault.NOT_OURS),
        (reply(b" " * (1 << 21)), Fault.NOT_OURS),
        (reply(status=302, location="http://portal.example/"), Fault.NOT_OURS),
        (reply(b"<html>", "text/html", 403), Fault.NOT_OURS),
        (reply(b"<html>", "text/html", 407), Fault.NOT_OURS),
        (reply(b"<html>", "text/html", 511), Fault.SERVER),
        (reply(b"<html>", "text/html", 502), Fault.SERVER),
        (reply(b"not json", PROBLEM, 503), Fault.NOT_OURS),
        (reply(b"\x28\xb5\x2f\xfd", content_encoding="br"), Fault.NOT_OURS),
        (reply(pack(msgspec.json.encode(HELLO))[:-3], content_encoding="zstd"), Fault.CUT),
        (reply(b"no zstd", content_encoding="zstd"), Fault.CUT),
        (reply(gzip.compress(msgspec.json.encode(HELLO))[:-20], content_encoding="gzip"), Fault.CUT),
        (reply(b"no gzip", content_encoding="gzip"), Fault.CUT),
    ],
)
@pytest.mark.protocol("P-004", "P-005")
def test_what_is_not_our_hello_is_named(answer: httpx.Response, kind: Fault) -> None:
    with pytest.raises(Broken) as caught:
        to(lambda _: answer).hello()
    assert caught.value.kind is kind
    assert caught.value.exit is Exit.UNREACHABLE


@pytest.mark.protocol("P-005", "P-120")
def test_compressed_replies_are_read_and_bombs_are_not() -> None:
    packed = reply(gzip.compress(msgspec.json.encode(HELLO)), content_encoding="gzip")
    assert to(lambda _: packed).hello().generation == "g1"
    packed = reply(pack(msgspec.json.encode(HELLO)), content_encoding="zstd")
    assert to(lambda _: packed).hello().generation == "g1"
    for bomb in (
        reply(gzip.compress(b" " * (300 << 20), 1), content_encoding="gzip"),
        reply(pack(b" " * (300 << 20)), content_encoding="zstd"),
    ):
        with pytest.raises(Broken) as caught:
            to(always(bomb)).hello()
        assert caught.value.kind is Fault.NOT_OURS


@pytest.mark.parametrize(
    ("error", "kind", "tries"),
    [
        (httpx.ConnectError("no route"), Fault.UNREACHABLE, 1),
        (httpx.ConnectTimeout("slow"), Fault.TIMEOUT, 1),
        (httpx.ReadTimeout("slow"), Fault.TIMEOUT, 1),
        (httpx.RemoteProtocolError("closed"), Fault.UNREACHABLE, 2),
        (httpx.ReadError("reset"), Fault.UNREACHABLE, 2),
        (httpx.WriteError("reset"), Fault.UNREACHABLE, 2),
    ],
)
@pytest.mark.protocol("P-009")
def test_a_broken_connection_is_named_and_tried_once_more(error: Exception, kind: Fault, tries: int) -> None:
    seen = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        raise error

    with pytest.raises(Broken) as caught:
        to(handle).hello()
    assert (caught.value.kind, len(seen)) == (kind, tries)
    seen.clear()
    with pytest.raises(Broken):
        to(handle).sign_in(SignIn("rina", "p" * 15, "00" * 32))
    assert len(seen) == 1, "a password is never tried twice by itself"


class Dying(httpx.SyncByteStream):
    """Half a body, then the connection is gone."""

    def __iter__(self) -> Iterator[bytes]:
        yield END[:20]
        raise httpx.RemoteProtocolError("incomplete")


@pytest.mark.protocol("P-082")
def test_a_body_that_breaks_off_is_a_cut_reply() -> None:
    broken = httpx.Response(200, stream=Dying(), headers={"content-type": NDJSON})
    with pytest.raises(Broken) as caught:
        to(lambda _: broken).changes("", 10)
    assert caught.value.kind is Fault.CUT


class Dripping(httpx.SyncByteStream):
    """A byte every ten seconds: no read times out, the whole does."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.clock.mono += 10
            yield b" "


@pytest.mark.parametrize(("timeout", "longest"), [(None, 140), (2.0, 20)])
@pytest.mark.protocol("P-005")
def test_a_reply_that_drips_for_ever_is_given_up(timeout: float | None, longest: float) -> None:
    clock = FakeClock()
    dripping = httpx.Response(200, stream=Dripping(clock), headers={"content-type": NDJSON})
    with pytest.raises(Broken) as caught:
        to(lambda _: dripping, clock=clock).changes("", 10, timeout=timeout)
    assert caught.value.kind is Fault.TIMEOUT
    assert clock.mono - 1000 <= longest


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30.0), ("0", 0.0), ("Tue, 24 Nov 2026 02:01:00 GMT", 60.0), ("Tue, 24 Nov 2026 01:00:00 GMT", 0.0),
     ("soon", None), ("-5", None), ("9" * 400, None), ("٣", None)],
)  # fmt: skip
@pytest.mark.protocol("P-008")
def test_retry_after_in_both_forms(header: str, seconds: float | None) -> None:
    answer = problem(503, "unavailable")
    headers = httpx.Headers({"content-type": PROBLEM, "retry-after": header}, encoding="utf-8")
    busy = httpx.Response(503, stream=httpx.ByteStream(answer.content), headers=headers)
    with pytest.raises(Declined) as caught:
        to(lambda _: busy).hello()
    assert caught.value.retry_after == seconds


@pytest.mark.protocol("P-007")
def test_a_problem_is_typed_cleaned_and_judged_by_the_status_line() -> None:
    body = msgspec.json.encode(
        {
            "type": "x",
            "title": "t\x1b[2J",
            "status": 200,
            "code": "credentials_wrong",
            "data": {"key": "k", "a": "\u202e"},
        }
    )
    with pytest.raises(Declined) as caught:
        to(lambda _: reply(body, PROBLEM, 401)).sign_in(SignIn("rina", "p" * 15, "00"))
    found = caught.value
    assert (found.key, found.problem.status, found.exit) == ("credentials_wrong", 401, Exit.NOT_ALLOWED)
    assert found.problem.title == "t\u241b[2J"
    assert found.data == {"key": "k", "a": "<U+202E>", "status": 401}


@pytest.mark.protocol("P-007")
def test_a_code_that_is_no_word_is_not_passed_on() -> None:
    body = msgspec.json.encode({"type": "x", "title": "t", "status": 400, "code": "[red]boo[/]"})
    with pytest.raises(Declined) as caught:
        to(lambda _: reply(body, PROBLEM, 400)).hello()
    assert caught.value.key == "refused"


@pytest.mark.protocol("P-076")
def test_a_proxys_own_413_counts_as_too_large() -> None:
    with pytest.raises(Declined) as caught:
        to(lambda _: reply(b"<html>", "text/html", 413)).push([envelope("a", 1)])
    assert caught.value.problem.status == 413


@pytest.mark.protocol("P-020", "P-024")
def test_signing_in_and_out() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        match request.method, request.url.path:
            case "POST", "/v1/session":
                return reply(msgspec.json.encode(Pending("pending", TIME)))
            case "POST", "/v1/session/code":
                assert request.headers["authorization"] == "Bearer pending"
                return reply(msgspec.json.encode(tokens("a7", "r7")))
            case _:
                assert (request.method, request.headers["authorization"]) == ("DELETE", "Bearer a1")
                return httpx.Response(204, stream=httpx.ByteStream(b""))

    transport = to(handle)
    pending = transport.sign_in(SignIn("rina", "p" * 15, "00"))
    assert transport.code(pending.token, Code("123456")).access == "a7"
    transport.sign_out()
    transport.close()


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX-Evil: 1", "ü", "x" * 5000])
@pytest.mark.protocol("P-026")
def test_tokens_that_cannot_stand_in_a_header_are_refused(token: str) -> None:
    with pytest.raises(Broken):
        to(lambda _: reply(msgspec.json.encode(tokens(token, "r")))).code("p", Code("123456"))


@pytest.mark.protocol("P-027")
def test_renewing_saves_the_successor_and_asks_once_for_many_callers() -> None:
    store, asked = FakeTokens(), []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/session/refresh":
            asked.append(msgspec.json.decode(request.content, type=Refresh))
            return reply(msgspec.json.encode(tokens("a2", "r2")))
        return unread(problem(401, "token_expired"))

    transport = to(handle, store)
    with pytest.raises(Declined):
        transport.changes("", 1)
    transport.renew()
    transport.renew()
    assert [(one.refresh, one.proof) for one in asked] == [("r1", "signed r1")]
    assert store.tokens == ("a2", "r2")


@pytest.mark.protocol("P-026")
def test_without_tokens_nothing_is_sent() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        raise AssertionError("sent")

    transport = to(handle, FakeTokens(None, None))
    for call in (lambda: transport.changes("", 1), lambda: transport.push([envelope("a", 1)]), transport.renew):
        with pytest.raises(Declined) as caught:
            call()
        assert (caught.value.key, caught.value.problem.status) == ("signed_out", 401)


@pytest.mark.protocol("P-061")
def test_results_of_ops_that_were_not_sent_are_dropped() -> None:
    results = [OpResult("a", "applied", 4), OpResult("z", "applied", 5)]
    transport = to(lambda _: reply(msgspec.json.encode(PushReply(TIME, results))))
    assert [result.op for result in transport.push([envelope("a", 1)]).results] == ["a"]


@pytest.mark.protocol("P-074")
def test_long_lists_of_statuses_are_asked_in_parts() -> None:
    asked: list[int] = []

    def handle(request: httpx.Request) -> httpx.Response:
        ops = msgspec.json.decode(request.content)["ops"]
        asked.append(len(ops))
        return reply(msgspec.json.encode(StatusReply([OpResult(op, "applied") for op in ops])))

    found = to(handle).statuses([f"op{n}" for n in range(250)])
    assert (asked, len(found.results)) == ([100, 100, 50], 250)


@pytest.mark.protocol("P-086")
def test_changes_asks_with_its_cursor_and_waits_longer_for_a_long_poll() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return reply(END, NDJSON)

    transport = to(handle)
    transport.changes("", 500)
    transport.changes("g1.5+/=", 1, wait=25)
    assert dict(seen[0].url.params) == {"limit": "500"}
    assert dict(seen[1].url.params) == {"limit": "1", "cursor": "g1.5+/=", "wait": "25"}
    reads = [request.extensions["timeout"]["read"] for request in seen]
    assert reads[1] == reads[0] + 25


@pytest.mark.protocol("P-004")
def test_httpx_waits_for_the_first_request() -> None:
    code = (
        "import sys, msc_console.sync.driver, msc_console.sync.transport;"
        "print('httpx' in sys.modules, 'ssl' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
