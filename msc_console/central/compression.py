"""Bodies that travel packed: replies as the caller accepts them (zstd, else gzip), pushes as zstd.

A packed request is taken whole, at most as large as the route allows, and inflated to at most that too: beyond it the
answer is 413, for a broken frame 400, for an encoding that is not known here 415.
"""

import zlib
from typing import Any

import anyio.to_thread
from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from .. import packing
from ..sync.wire import JSON, NDJSON, PROBLEM
from .problems import ProblemError

INFLATED_MOST = 16 * 1024 * 1024
"""Bytes that no packed request may exceed once inflated, whatever its route allows."""
GZIP_LEVEL = 5
ASIDE = 64 * 1024
"""Bytes from which packing is done in a thread, off the event loop."""
_KINDS = (JSON, NDJSON, PROBLEM, "application/vnd.oai.openapi+json")


class PackedReplies(ASGIMiddleware):
    """Packs a reply that is sent in one piece and worth it. Streams, and what is packed already, pass as they are."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        encoding = accepted(Headers.from_scope(scope).get("accept-encoding", ""))
        if encoding is None:
            await next_app(scope, receive, send)
            return
        start: Message | None = None

        async def packing_send(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _may_be_packed(message):
                start = message
                return
            if start is not None and message["type"] == "http.response.body":
                head, start = start, None
                if not message.get("more_body") and len(message["body"]) >= packing.WORTH:
                    message["body"] = await _packed(message["body"], encoding)
                    headers = MutableScopeHeaders.from_message(head)
                    headers["Content-Encoding"] = encoding
                    headers["Content-Length"] = str(len(message["body"]))
                    headers.extend_header_value("Vary", "Accept-Encoding")
                await send(head)
            await send(message)

        await next_app(scope, receive, packing_send)


class PackedRequests(ASGIMiddleware):
    """Unpacks the body of a request for routes whose `opt["packed"]` says so; a plain body passes as it is.

    Nothing is read, and nothing refused, before the route itself reads: guards come first.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        encoding = Headers.from_scope(scope).get("content-encoding", "identity").strip().lower()
        if encoding != "identity":
            handler: Any = scope["route_handler"]
            most = min(handler.resolve_request_max_body_size() or INFLATED_MOST, INFLATED_MOST)
            receive = _unpacking(receive, encoding, most, takes=bool(handler.opt.get("packed")))
        await next_app(scope, receive, send)


def _unpacking(receive: Receive, encoding: str, most: int, *, takes: bool) -> Receive:
    """`receive` whose body comes in one piece, inflated, at the first call."""
    done = False

    async def unpacked() -> Any:
        nonlocal done
        if done:
            return await receive()
        if encoding != packing.NAME or not takes:
            raise ProblemError(
                "unsupported_encoding", headers={"Accept-Encoding": packing.NAME if takes else "identity"}
            )
        packed = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return message
            packed += message["body"]
            if len(packed) > most:
                raise ProblemError("too_large")
            if not message.get("more_body"):
                break
        done = True
        return {"type": "http.request", "body": _inflated(bytes(packed), most), "more_body": False}

    return unpacked


def _inflated(packed: bytes, most: int) -> bytes:
    try:
        return packing.unpack(packed, most)
    except packing.Oversize:
        raise ProblemError("too_large") from None
    except packing.Damaged:
        raise ProblemError("invalid_request", fields=["Content-Encoding"]) from None


def accepted(header: str) -> str | None:
    """The encoding for a reply by `Accept-Encoding`: zstd before gzip, None for neither. `q=0` means no."""
    named = set()
    for part in header.lower().split(","):
        name, *rest = (word.replace(" ", "") for word in part.split(";"))
        if not any(word.startswith("q=") and not word[2:].strip("0.") for word in rest):
            named.add(name)
    return next((name for name in (packing.NAME, "gzip") if name in named), None)


def _may_be_packed(start: Any) -> bool:
    headers = Headers(start["headers"])
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in _KINDS and "content-encoding" not in headers


async def _packed(content: bytes, encoding: str) -> bytes:
    def work() -> bytes:
        if encoding == packing.NAME:
            return packing.pack(content)
        packer = zlib.compressobj(GZIP_LEVEL, wbits=31)
        return packer.compress(content) + packer.flush()

    return work() if len(content) < ASIDE else await anyio.to_thread.run_sync(work)
