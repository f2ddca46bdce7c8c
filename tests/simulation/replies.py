"""Replies of a simulated central: packed, refused, spoilt, or in the words of a later version."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import msgspec

from msc_console import packing
from msc_console.central import compression
from msc_console.central.problems import ProblemError, problem
from msc_console.sync.transport import PAGE_CAP, ZSTD
from msc_console.sync.wire import JSON, NDJSON, PROBLEM

ACCEPTED = ("applied", "merged", "duplicate", "deferred", "gap", "forked")
"""Results that a later version has no other words for."""
_CODES = {
    400: "invalid_request", 401: "token_expired", 403: "forbidden", 404: "not_found", 409: "session_active",
    410: "cursor_expired", 413: "too_large", 415: "unsupported_encoding", 422: "invalid_request",
    426: "protocol_too_old", 429: "too_many_tries", 500: "internal", 503: "unavailable",
}  # fmt: skip


@dataclass(frozen=True)
class Reply:
    """A reply as it goes over the line: `body` is packed where `packed` says so."""

    media: str
    body: bytes
    status: int = 200
    packed: bool = False
    more: tuple[tuple[str, str], ...] = ()
    """Further headers."""

    @property
    def headers(self) -> dict[str, str]:
        encoding = {"content-encoding": packing.NAME} if self.packed else {}
        return {"content-type": self.media, **encoding, **dict(self.more)}

    @property
    def plain(self) -> bytes:
        return packing.unpack(self.body, PAGE_CAP) if self.packed else self.body


def packed(reply: Reply) -> Reply:
    """As one zstd frame."""
    return reply if reply.packed else replace(reply, body=packing.pack(reply.body), packed=True)


def as_accepted(reply: Reply, header: str) -> Reply:
    """Packed where the server would: what is large enough, for callers who take zstd."""
    worth = reply.media in compression._KINDS and len(reply.body) >= packing.WORTH
    return packed(reply) if worth and compression.accepted(header) == packing.NAME else reply


def problem_reply(error: ProblemError) -> Reply:
    document = problem(error.code, error.detail, error.data)
    return Reply(PROBLEM, msgspec.json.encode(document), document.status, more=tuple(error.headers.items()))


def refusal(status: int) -> Reply:
    """A problem of this status, whatever was asked."""
    document = msgspec.structs.replace(problem(_CODES[status], "", {}), status=status)
    more = (("retry-after", "7"),) if status in (429, 503) else ()
    return Reply(PROBLEM, msgspec.json.encode(document), status, more=more)


@cache
def _zeros() -> bytes:
    return packing.pack(bytes(PAGE_CAP + 1))


def bomb(reply: Reply) -> Reply:
    """A few kilobytes that unpack to more than any reply may hold."""
    return replace(reply, body=_zeros(), packed=True)


def cut(reply: Reply) -> Reply:
    """The first two thirds of it."""
    return replace(reply, body=reply.body[: len(reply.body) * 2 // 3])


def cut_frame(reply: Reply) -> Reply:
    """The first half of its packed frame."""
    whole = packed(reply)
    return replace(whole, body=whole.body[: len(whole.body) // 2])


def wrong_type(reply: Reply) -> Reply:
    return replace(reply, media="text/plain")


def spoilt(reply: Reply) -> Reply | None:
    """A part of a snapshot with one bit turned."""
    if reply.media != ZSTD:
        return None
    middle = len(reply.body) // 2
    return replace(reply, body=reply.body[:middle] + bytes([reply.body[middle] ^ 1]) + reply.body[middle + 1 :])


def newer_fields(reply: Reply) -> Reply | None:
    """Fields that this version does not know, in lines and in rows."""
    if reply.media != NDJSON:
        return None
    lines = _lines(reply)
    for line in lines[:-1]:
        if line["t"] == "put":
            line["d"]["x_later"] = {"more": [1, "dua"]}
        line["x_later"] = 1
    return _page(lines)


def newer_lines(reply: Reply) -> Reply | None:
    """Lines and entities that this version does not know."""
    if reply.media != NDJSON:
        return None
    lines = _lines(reply)
    lines.insert(0, {"t": "hint", "entity": "ticket", "id": "x", "x_later": True})
    lines.insert(-1, {"t": "put", "entity": "x_later", "id": "x", "seq": 0, "d": {"id": "x", "ver": 1}})
    return _page(lines)


def newer_words(reply: Reply) -> Reply | None:
    """Refusals in words that this version does not know. What was accepted keeps its word."""
    if reply.media != JSON:
        return None
    told: dict[str, Any] = msgspec.json.decode(reply.plain)
    refused = [result for result in told["results"] if result["result"] not in ACCEPTED]
    for result in refused:
        result |= {"result": f"x_{result['result']}", "reason": "x_later", "x_later": [1]}
    return Reply(JSON, msgspec.json.encode(told)) if refused else None


CHANGED: dict[str, Callable[[Reply], Reply | None]] = {
    "bomb": bomb,
    "cut": cut,
    "cut_frame": cut_frame,
    "wrong_type": wrong_type,
    "spoilt": spoilt,
    "newer_fields": newer_fields,
    "newer_lines": newer_lines,
    "newer_words": newer_words,
}
"""Fault -> what arrives in place of central's reply; None when this reply holds nothing that it could change."""


def _lines(reply: Reply) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in reply.plain.splitlines()]


def _page(lines: list[dict[str, Any]]) -> Reply:
    lines[-1]["rows"] = len(lines) - 1
    return Reply(NDJSON, b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
