"""Pushes go packed to centrals that say they can unpack them, and plain to all others."""

import httpx
import msgspec
import pytest

from msc_console.packing import unpack
from msc_console.sync.faults import Declined
from msc_console.sync.wire import Push, PushReply

from .fakes import TIME, envelope, problem
from .test_transport import HELLO, reply, to, unread


class Pushed:
    """A central of some features that keeps what it was sent, and answers a packed push with `packed`."""

    def __init__(self, *features: str, packed: int = 200) -> None:
        self.features, self.packed = features, packed
        self.seen: list[tuple[str | None, bytes]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/hello":
            hello = msgspec.to_builtins(HELLO)
            del hello["features"]  # as a central of the first version says it
            return reply(msgspec.json.encode(hello | ({"features": self.features} if self.features else {})))
        encoding = request.headers.get("content-encoding")
        self.seen.append((encoding, request.content))
        if encoding and self.packed != 200:
            return unread(problem(self.packed, "unsupported_encoding" if self.packed == 415 else "invalid_request"))
        return reply(msgspec.json.encode(PushReply(TIME, [])))


@pytest.mark.protocol("P-122", "P-133")
def test_pushes_are_packed_for_those_who_say_so() -> None:
    ops = [envelope(f"op{n}", n) for n in range(1, 40)]
    plain = msgspec.json.encode(Push(ops[0].device, ops))
    for features, greets, expected in (
        (("zstd", "later"), True, "zstd"), (("zstd",), False, None), ((), True, None), (("later",), True, None)
    ):  # fmt: skip
        central = Pushed(*features)
        way = to(central)
        if greets:
            way.hello()
        way.push(ops)
        ((encoding, body),) = central.seen
        assert (encoding, unpack(body, len(plain)) if encoding else body) == (expected, plain)
        way.push(ops[:1])
        assert central.seen[1][0] is None, "a small push goes as it is"


@pytest.mark.protocol("P-122")
@pytest.mark.parametrize("status", [400, 415])
def test_a_central_that_was_put_back_gets_the_push_plain(status: int) -> None:
    central = Pushed("zstd", packed=status)
    way, ops = to(central), [envelope(f"op{n}", n) for n in range(1, 40)]
    way.hello()
    assert way.push(ops).results == []
    way.push(ops)
    assert [encoding for encoding, _ in central.seen] == ["zstd", None, None]


@pytest.mark.protocol("P-122")
def test_other_refusals_of_a_packed_push_are_not_repeated() -> None:
    central = Pushed("zstd", packed=503)
    way = to(central)
    way.hello()
    with pytest.raises(Declined):
        way.push([envelope(f"op{n}", n) for n in range(1, 40)])
    assert len(central.seen) == 1
