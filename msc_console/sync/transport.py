"""HTTP to central: the only module of the laptop that knows httpx, which is imported at the first request.

Nothing is believed before it is proved ours: exact content types, whole messages, capped sizes, no redirects, no proxy
from the environment. What a captive portal says ends as `Broken(NOT_OURS)` and is never read as data.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec

from .. import __version__, clock, packing
from ..errors import UsageError
from .answers import known_results, patience, read_problem, signed_out
from .bodies import ACCEPTED, body
from .call import Call as _Call
from .faults import Broken, Declined, Fault
from .lines import hang_up, trust, why
from .office_calls import OfficeCalls
from .pages import Page, S, clean_line, clean_message, decode, read_page, read_whole
from .people import PeopleCalls
from .ports import Clock, TokenStore
from .snapshots import checked
from .stream import EVENTS, FIRST_WORD, SILENCE, Parser, Word
from .wire import (
    HEADER,
    JSON,
    NDJSON,
    PART_BYTES,
    PROBLEM,
    PROTOCOL,
    PUSH_OPS,
    WAIT_SECONDS,
    Envelope,
    Hello,
    Line,
    OpResult,
    Problem,
    PushReply,
    Refresh,
    Snapshot,
    Spooled,
    SpoolReply,
    StatusAsk,
    StatusReply,
    VerifyAsk,
    VerifyReply,
    VerifyRowsAsk,
)
from .wire_envelopes import encoded

if TYPE_CHECKING:
    import httpx

PRODUCT = "msc-console"
"""`Hello.product` of a central of ours."""
ZSTD = "application/zstd"
MANIFEST_WAIT = 10.0
"""Seconds that central may hold a manifest back."""
PAGE_CAP = 64 * 1024 * 1024
"""Bytes of a page of changes, after decompression. Far above what central sends."""
CONNECT, READ, WRITE, TOTAL = 5.0, 20.0, 20.0, 120.0
"""Seconds: to connect; between two pieces of a reply; to send; for all of it. A long poll adds its wait."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class HttpTransport(PeopleCalls, OfficeCalls):
    """Central at `base_url`. Thread-safe: the long poll and the main loop share it.

    `ca_file`: the centre's own CA; without one no https is believed. `http` is an httpx transport for tests.
    UsageError `central_url` for an address that is not https (plain http is for this machine alone).
    """

    def __init__(
        self,
        base_url: str,
        tokens: TokenStore,
        *,
        ca_file: Path | None = None,
        times: Clock = clock,
        http: "httpx.BaseTransport | None" = None,
    ) -> None:
        parts = urlsplit(base_url)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        if not safe or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise UsageError("central_url", url=base_url)
        self._encrypted = parts.scheme == "https"
        self._base = base_url.rstrip("/")
        self._tokens = tokens
        self._ca_file = ca_file
        self._clock = times
        self._http = http
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        self._used: str | None = None
        self._streaming: httpx.Response | None = None
        self.features: frozenset[str] = frozenset()
        """What the central that was last greeted can do."""

    # -- the calls

    def hello(self, timeout: float | None = None) -> Hello:
        """The proof that this is a central of ours, its protocol and generation. Needs no session."""
        found = self._ask("GET", "/v1/hello", Hello, timeout=timeout)
        if found.product != PRODUCT:
            raise Broken(Fault.NOT_OURS)
        self.features = frozenset(found.features)
        return clean_message(found)

    def renew(self, timeout: float | None = None) -> None:
        """New tokens into the token store, unless another thread or process has just put them there."""
        with self._renewing:
            if self._tokens.access() not in (None, self._used):
                return
            token = self._tokens.refresh_token()
            if token is None:
                raise signed_out()
            self._tokens.save(self.refresh(Refresh(token, self._tokens.sign_refresh(token)), timeout))

    def sign_out(self, timeout: float | None = None) -> None:
        """End the session at central."""
        self._tell("DELETE", "/v1/session", token=self._access(), timeout=timeout)

    def push(self, ops: Sequence[Envelope], timeout: float | None = None) -> PushReply:
        """Send sealed ops of one device, in order. Only results of these ops are returned."""
        reply = self._pushed(encoded(ops[0].device, ops), timeout)
        return PushReply(clean_line(reply.server_time), known_results(reply.results, {op.op for op in ops}))

    def bring(self, sealed: str, timeout: float | None = None) -> SpoolReply:
        """Hand on, unread, what another person's laptop sealed to central."""
        return self._ask("POST", "/v1/spool", SpoolReply, Spooled(sealed), token=self._access(), timeout=timeout)

    def changes(self, cursor: str, limit: int, wait: int = 0, timeout: float | None = None) -> Page:
        """The page after `cursor`. `wait`: seconds that central may hold the answer until there is one."""
        params: dict[str, str | int] = {"limit": limit}
        if cursor:
            params["cursor"] = cursor
        if wait:
            params["wait"] = wait
        return read_page(
            self._send(
                _Call(
                    method="GET", path="/v1/changes", params=params, token=self._access(), expects=NDJSON,
                    cap=PAGE_CAP, wait=wait, timeout=timeout,
                )
            )
        )  # fmt: skip

    def verify(self, cursor: str, buckets: Sequence[str], timeout: float | None = None) -> VerifyReply:
        """Digests of what a laptop at `cursor` should hold; of the entities in `buckets` those of each bucket too."""
        asked = VerifyAsk(cursor, list(buckets))
        return self._ask("POST", "/v1/verify", VerifyReply, asked, token=self._access(), timeout=timeout)

    def verify_rows(self, cursor: str, entity: str, buckets: Sequence[int], timeout: float | None = None) -> Page:
        """All rows of an entity in some buckets that a laptop should hold, as a page of puts."""
        body = msgspec.json.encode(VerifyRowsAsk(cursor, entity, list(buckets)))
        call = _Call(
            method="POST", path="/v1/verify/rows", body=body, token=self._access(), expects=NDJSON, cap=PAGE_CAP,
            timeout=timeout,
        )  # fmt: skip
        return read_page(self._send(call))

    def begin_snapshot(self, timeout: float | None = None) -> Snapshot:
        """A first pull in parts: the manifest as far as there is one."""
        more: Any = {"token": self._access(), "wait": MANIFEST_WAIT, "timeout": timeout}
        return checked(self._ask("POST", "/v1/snapshots", Snapshot, **more))

    def snapshot(self, id: str, have: int, timeout: float | None = None) -> Snapshot:
        """The manifest again; central holds it back for up to `MANIFEST_WAIT` until it names more than `have` parts."""
        more: Any = {"params": {"have": have}, "token": self._access(), "wait": MANIFEST_WAIT, "timeout": timeout}
        return checked(self._ask("GET", f"/v1/snapshots/{id}", Snapshot, **more))

    def part(self, id: str, n: int, timeout: float | None = None) -> bytes:
        """A part of a snapshot as it is packed (`snapshots.read_part`)."""
        path = f"/v1/snapshots/{id}/parts/{n}"
        return self._send(
            _Call(method="GET", path=path, token=self._access(), expects=ZSTD, cap=PART_BYTES, timeout=timeout)
        )

    def timeline(self, ticket: str, timeout: float | None = None) -> Sequence[Line]:
        """Entries, escalations and the like of one ticket."""
        path = f"/v1/tickets/{quote(ticket, safe='')}/timeline"
        call = _Call(method="GET", path=path, token=self._access(), expects=NDJSON, cap=PAGE_CAP, timeout=timeout)
        return read_whole(self._send(call))[0]

    def statuses(self, ops: Sequence[str], timeout: float | None = None) -> StatusReply:
        """What became of these ops; those that central does not know are absent."""
        found: list[OpResult] = []
        for start in range(0, len(ops), PUSH_OPS):
            some = list(ops[start : start + PUSH_OPS])
            more: Any = {"token": self._access(), "timeout": timeout}
            reply = self._ask("POST", "/v1/ops/status", StatusReply, StatusAsk(some), **more)
            found += known_results(reply.results, set(some))
        return StatusReply(found)

    def stream(self, first: float = FIRST_WORD, silence: float = SILENCE) -> Iterator[list[Word]]:
        """What central says on its stream, a list per piece that arrives, empty for a ping; ends when central closes.

        TIMEOUT: no word within `first` seconds, or not even a ping for `silence`. CUT: the connection broke.
        """
        import httpx

        call = _Call(method="GET", path="/v1/stream", token=self._access(), expects=EVENTS, timeout=first)
        asked, parser, started = self._request(call, httpx), Parser(), False
        asked["headers"]["Accept-Encoding"] = "identity"
        try:
            with self._open().stream(**asked) as response:
                started = True
                self._accept(call, response)
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise Broken(Fault.NOT_OURS)
                # The connection reads this anew when it begins with the body.
                response.request.extensions["timeout"]["read"] = silence
                self._streaming = response
                for piece in response.iter_raw():
                    yield parser.feed(piece)
        except httpx.ConnectTimeout as error:
            raise Broken(Fault.UNREACHABLE) from error
        except httpx.TimeoutException as error:
            raise Broken(Fault.TIMEOUT) from error
        except httpx.TransportError as error:
            raise Broken(Fault.CUT if started else why(error)) from error
        finally:
            self._streaming = None

    def raw(self, path: str) -> bytes:
        """What central gives at an address, JSON or lines of it."""
        expects = f"{JSON}, {NDJSON}"
        return self._send(
            _Call(method="GET", path=path, token=self._access(), expects=expects, cap=PAGE_CAP, wait=WAIT_SECONDS)
        )

    def close(self) -> None:
        """Close the connections; the next call opens new ones. A thread that hears a stream is woken."""
        with self._lock:
            client, self._client = self._client, None
            streaming = self._streaming
        if streaming is not None:
            hang_up(streaming)
        if client is not None:
            client.close()

    # -- how a call goes

    def _access(self) -> str:
        token = self._tokens.access()
        if token is None:
            raise signed_out()
        self._used = token
        return token

    def _pushed(self, plain: bytes, timeout: float | None) -> PushReply:
        """Packed where central takes that; one that has forgotten how (an older version was put back) gets it plain."""
        call = _Call(method="POST", path="/v1/push", body=plain, token=self._access(), timeout=timeout)
        if packing.NAME in self.features and len(plain) > packing.WORTH:
            try:
                packed = replace(call, body=packing.pack(plain), packed=True)
                return decode(self._send(packed), PushReply, Fault.NOT_OURS)
            except Declined as refused:
                if refused.problem.status not in (400, 415):
                    raise
                self.features -= {packing.NAME}
        return decode(self._send(call), PushReply, Fault.NOT_OURS)

    def _ask(self, method: str, path: str, kind: type[S], asked: msgspec.Struct | None = None, **more: Any) -> S:
        body = msgspec.json.encode(asked) if asked is not None else None
        return decode(self._send(_Call(method=method, path=path, body=body, **more)), kind, Fault.NOT_OURS)

    def _tell(self, method: str, path: str, asked: msgspec.Struct | None = None, **more: Any) -> None:
        body = msgspec.json.encode(asked) if asked is not None else None
        self._send(_Call(method=method, path=path, body=body, expects="", **more))

    def _send(self, call: _Call) -> bytes:
        import httpx

        tries = 2 if call.again else 1
        while True:
            tries -= 1
            started = False
            try:
                with self._open().stream(**self._request(call, httpx)) as response:
                    started = True
                    return self._read(call, response)
            except httpx.TimeoutException as error:
                raise Broken(Fault.TIMEOUT) from error
            except httpx.TransportError as error:
                # A kept connection that died while idle shows only now; a fresh one decides.
                if tries and not started and not isinstance(error, httpx.ConnectError):
                    continue
                raise Broken(Fault.CUT if started else why(error)) from error

    def _request(self, call: _Call, httpx: Any) -> dict[str, Any]:
        headers = {HEADER: str(PROTOCOL), "Accept": f"{call.expects or JSON}, {PROBLEM}", "Accept-Encoding": ACCEPTED}
        if call.body is not None:
            headers["Content-Type"] = JSON
        if call.packed:
            headers["Content-Encoding"] = packing.NAME
        if call.token is not None:
            headers["Authorization"] = f"Bearer {call.token}"
        most = call.timeout if call.timeout is not None else TOTAL
        timeout = httpx.Timeout(
            connect=min(CONNECT, most),
            read=min(READ, most) + call.wait,
            write=min(WRITE, most),
            pool=min(CONNECT, most),
        )
        return {
            "method": call.method,
            "url": self._base + call.path,
            "params": call.params,
            "content": call.body,
            "headers": headers,
            "timeout": timeout,
        }

    def _read(self, call: _Call, response: "httpx.Response") -> bytes:
        self._accept(call, response)
        return self._body(call, response)

    def _accept(self, call: _Call, response: "httpx.Response") -> None:
        """Raises for whatever is not the answer that was asked for; its body is still unread."""
        status = response.status_code
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        wait = patience(response.headers, self._clock.now)
        if 200 <= status < 300:
            if call.expects and kind not in call.expects.split(", "):
                raise Broken(Fault.NOT_OURS)
            return
        if kind == PROBLEM and status >= 400:
            raise Declined(read_problem(self._body(call, response), status), wait)
        if status == 413:  # a proxy in front of central may say so by itself, in HTML
            raise Declined(Problem("about:blank", "Too large", status, "too_large"), wait)
        raise Broken(Fault.SERVER if status == 429 or status >= 500 else Fault.NOT_OURS, wait)

    def _body(self, call: _Call, response: "httpx.Response") -> bytes:
        """The reply's bytes within its cap and its time."""
        until = self._clock.monotonic() + (call.timeout if call.timeout is not None else TOTAL) + call.wait

        def in_time() -> Iterator[bytes]:
            for piece in response.iter_raw():
                if self._clock.monotonic() > until:
                    raise Broken(Fault.TIMEOUT)
                yield piece

        return body(in_time(), response.headers.get("content-encoding", "identity"), call.cap)

    def _open(self) -> "httpx.Client":
        import httpx

        with self._lock:
            if self._client is None:
                self._client = httpx.Client(
                    transport=self._http,
                    verify=self._http is None and self._encrypted and trust(self._ca_file),
                    trust_env=False,
                    follow_redirects=False,
                    headers={"User-Agent": f"{PRODUCT}/{__version__}"},
                    limits=httpx.Limits(max_connections=4, max_keepalive_connections=4, keepalive_expiry=60),
                )
            return self._client
