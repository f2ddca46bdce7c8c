"""zstd and gzip on the wire, from plain HTTP clients old and new."""

import gzip

import httpx
import msgspec
import pytest
import zstandard

from msc_console.central import ledger
from msc_console.central.compression import accepted
from msc_console.packing import pack, unpack
from msc_console.sync.wire import PUSH_BYTES, Hello, PushReply

from .conftest import Laptop, Place, Server
from .talk import create, failed, lines, push, told_by_central


@pytest.fixture
def client(place: Place, server: Server, laptop: Laptop) -> httpx.Client:
    return server(place.sign_in("rina", laptop).access)


def raw(client: httpx.Client, path: str, encodings: str) -> tuple[str | None, bytes]:
    """The encoding of a reply and its bytes as they came."""
    with client.stream("GET", path, headers={"Accept-Encoding": encodings}) as reply:
        assert reply.status_code == 200
        body = b"".join(reply.iter_raw())
        assert int(reply.headers["content-length"]) == len(body)
        return reply.headers.get("content-encoding"), body


@pytest.mark.protocol("P-120")
def test_a_page_comes_as_the_caller_accepts_it(place: Place, client: httpx.Client) -> None:
    ledger.system(place.central, [told_by_central(place, f"Tiket {n}") for n in range(20)])
    encoding, plain = raw(client, "/v1/changes", "identity")
    assert encoding is None
    assert len(plain) > 5000
    encoding, zipped = raw(client, "/v1/changes", "gzip, deflate")
    assert (encoding, gzip.decompress(zipped)) == ("gzip", plain)
    encoding, packed = raw(client, "/v1/changes", "gzip, zstd")
    assert (encoding, unpack(packed, len(plain))) == ("zstd", plain)
    assert len(packed) < len(plain) / 3
    assert len(lines(plain)) > 40


@pytest.mark.protocol("P-120")
def test_a_small_reply_comes_as_it_is(server: Server) -> None:
    assert raw(server(), "/v1/hello", "zstd, gzip")[0] is None


@pytest.mark.protocol("P-120")
@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", None), ("identity", None), ("br", None), ("gzip", "gzip"), ("gzip, zstd", "zstd"), ("ZSTD;q=0.1", "zstd"),
        ("zstd;q=0, gzip", "gzip"), ("zstd; q=0.000", None), ("xzstd", None), ("*", None), (";;,,=q", None),
    ],
)  # fmt: skip
def test_what_accept_encoding_means(header: str, encoding: str | None) -> None:
    assert accepted(header) == encoding


def send(client: httpx.Client, body: bytes, encoding: str = "zstd", path: str = "/v1/push") -> httpx.Response:
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    return client.post(path, content=body, headers=headers)


@pytest.mark.protocol("P-121")
def test_a_packed_push_is_the_same_push(place: Place, client: httpx.Client, laptop: Laptop) -> None:
    ops = [create(place, laptop, f"Tiket {n}") for n in range(30)]
    body = msgspec.json.encode({"device": laptop.device, "ops": ops})
    reply = send(client, pack(body))
    assert reply.status_code == 200, reply.text
    results = msgspec.json.decode(reply.content, type=PushReply).results
    assert [item.result for item in results] == ["applied"] * 30
    assert {item.result for item in push(client, laptop, ops)} == {"duplicate"}


@pytest.mark.protocol("P-121")
def test_a_packed_push_keeps_to_the_limit_of_its_route(client: httpx.Client) -> None:
    failed(send(client, pack(b" " * (PUSH_BYTES + 16 * 1024 + 1))), 413, "too_large")
    failed(send(client, pack(b"\0" * (200 << 20))), 413, "too_large")
    packer = zstandard.ZstdCompressor().compressobj()
    failed(send(client, packer.compress(b" " * 400_000) + packer.flush()), 413, "too_large")
    failed(send(client, b"x" * 400_000), 413, "too_large")
    assert failed(send(client, pack(b" " * PUSH_BYTES)), 400, "invalid_request") is not None


@pytest.mark.protocol("P-121")
def test_what_can_not_be_unpacked_is_refused_by_name(place: Place, client: httpx.Client, laptop: Laptop) -> None:
    body = pack(msgspec.json.encode({"device": laptop.device, "ops": [create(place, laptop)]}))
    for broken in (body[:-5], b"", b"no zstd", body + body):
        assert failed(send(client, broken), 400, "invalid_request") == {"fields": ["Content-Encoding"]}
    for encoding in ("gzip", "br", "zstd, zstd", "x" * 50):
        reply = send(client, body, encoding)
        failed(reply, 415, "unsupported_encoding")
        assert reply.headers["Accept-Encoding"] == "zstd"
    failed(send(client, body, path="/v1/ops/status"), 415, "unsupported_encoding")
    assert send(client, body).status_code == 200


@pytest.mark.protocol("P-121")
def test_nothing_is_unpacked_for_strangers(server: Server) -> None:
    failed(send(server(), b"no zstd"), 401, "token_missing")


@pytest.mark.protocol("P-122")
def test_hello_says_that_pushes_may_come_packed(server: Server) -> None:
    assert {"zstd", "stream"} <= set(msgspec.json.decode(server().get("/v1/hello").content, type=Hello).features)
