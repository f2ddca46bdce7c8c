"""HTTP to central: the only module of the laptop that knows httpx, which is imported at the first request.

Nothing is believed before it is proved ours: exact content types, whole messages, capped sizes, no redirects, no proxy
from the environment. What a captive portal says ends as `Broken(NOT_OURS)` and is never read as data.
"""

import threading
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from .. import __version__, clock
from ..errors import UsageError
from .faults import Broken, Declined, Fault
from .pages import Page, S, clean_line, clean_message, clean_tree, decode, read_page
from .ports import Clock, TokenStore
from .wire import (
    HEADER,
    PROTOCOL,
    PUSH_OPS,
    Code,
    Envelope,
    Hello,
    OpResult,
    Pending,
    Problem,
    Push,
    PushReply,
    Refresh,
    SignIn,
    StatusAsk,
    StatusReply,
    Tokens,
)

if TYPE_CHECKING:
    import httpx

PRODUCT = "msc-console"
"""`Hello.product` of a central of ours."""
JSON, NDJSON, PROBLEM = "application/json", "application/x-ndjson", "application/problem+json"
REPLY_CAP = 1024 * 1024
PAGE_CAP = 64 * 1024 * 1024
"""Bytes of a reply and of a page of changes, after decompression. Far above what central sends."""
CONNECT, READ, WRITE, TOTAL = 5.0, 20.0, 20.0, 120.0
"""Seconds: to connect; between two pieces of a reply; to send; for all of it. A long poll adds its wait."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One request. `again`: a broken connection is tried once more at once; only where a repeat does no harm."""

    method: str
    path: str
    expects: str = JSON
    body: bytes | None = None
    token: str | None = None
    params: Mapping[str, str | int] = field(default_factory=dict)
    cap: int = REPLY_CAP
    wait: float = 0.0
    timeout: float | None = None
    again: bool = True


class HttpTransport:
    """Central at `base_url`. Thread-safe: the long poll and the main loop share it.

    `ca_file`: the centre's own CA, instead of the system's. `http` is an httpx transport for tests.
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
        self._base = base_url.rstrip("/")
        self._tokens = tokens
        self._ca_file = ca_file
        self._clock = times
        self._http = http
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        self._used: str | None = None

    # -- the calls

    def hello(self, timeout: float | None = None) -> Hello:
        """The proof that this is a central of ours, its protocol and generation. Needs no session."""
        found = decode(self._send(_Call(method="GET", path="/v1/hello", timeout=timeout)), Hello, Fault.NOT_OURS)
        if found.product != PRODUCT:
            raise Broken(Fault.NOT_OURS)
        return clean_message(found)

    def sign_in(self, asked: SignIn, timeout: float | None = None) -> Pending:
        """The password. Not repeated by itself: a second try would count as one."""
        return self._post("/v1/session", asked, Pending, timeout=timeout, again=False)

    def code(self, token: str, asked: Code, timeout: float | None = None) -> Tokens:
        """The one-time code, under the token of `sign_in`."""
        return _checked(self._post("/v1/session/code", asked, Tokens, token=token, timeout=timeout, again=False))

    def refresh(self, asked: Refresh, timeout: float | None = None) -> Tokens:
        """New tokens for a refresh token. A lost reply may be asked for again within 30 s."""
        return _checked(self._post("/v1/session/refresh", asked, Tokens, timeout=timeout))

    def renew(self, timeout: float | None = None) -> None:
        """New tokens into the token store, unless another thread or process has just put them there."""
        with self._renewing:
            if self._tokens.access() not in (None, self._used):
                return
            token = self._tokens.refresh_token()
            if token is None:
                raise _signed_out()
            self._tokens.save(self.refresh(Refresh(token, self._tokens.sign_refresh(token)), timeout))

    def sign_out(self, timeout: float | None = None) -> None:
        """End the session at central."""
        self._send(_Call(method="DELETE", path="/v1/session", token=self._access(), expects="", timeout=timeout))

    def push(self, ops: Sequence[Envelope], timeout: float | None = None) -> PushReply:
        """Send sealed ops of one device, in order. Only results of these ops are returned."""
        asked = Push(ops[0].device, list(ops))
        reply = self._post("/v1/push", asked, PushReply, token=self._access(), timeout=timeout)
        return PushReply(clean_line(reply.server_time), _results(reply.results, {op.op for op in ops}))

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

    def statuses(self, ops: Sequence[str], timeout: float | None = None) -> StatusReply:
        """What became of these ops; those that central does not know are absent."""
        found: list[OpResult] = []
        for start in range(0, len(ops), PUSH_OPS):
            some = list(ops[start : start + PUSH_OPS])
            reply = self._post("/v1/ops/status", StatusAsk(some), StatusReply, token=self._access(), timeout=timeout)
            found += _results(reply.results, set(some))
        return StatusReply(found)

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    # -- how a call goes

    def _access(self) -> str:
        token = self._tokens.access()
        if token is None:
            raise _signed_out()
        self._used = token
        return token

    def _post(self, path: str, asked: msgspec.Struct, kind: type[S], **more: Any) -> S:
        call = _Call(method="POST", path=path, body=msgspec.json.encode(asked), **more)
        return decode(self._send(call), kind, Fault.NOT_OURS)

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
                raise Broken(Fault.CUT if started else _why(error)) from error

    def _request(self, call: _Call, httpx: Any) -> dict[str, Any]:
        headers = {HEADER: str(PROTOCOL), "Accept": f"{call.expects or JSON}, {PROBLEM}", "Accept-Encoding": "gzip"}
        if call.body is not None:
            headers["Content-Type"] = JSON
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
        status = response.status_code
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        patience = self._patience(response.headers)
        if 200 <= status < 300:
            if call.expects and kind != call.expects:
                raise Broken(Fault.NOT_OURS)
            return self._body(call, response)
        if kind == PROBLEM and status >= 400:
            raise Declined(_problem(self._body(call, response), status), patience)
        if status == 413:  # a proxy in front of central may say so by itself, in HTML
            raise Declined(Problem("about:blank", "Too large", status, "too_large"), patience)
        raise Broken(Fault.SERVER if status == 429 or status >= 500 else Fault.NOT_OURS, patience)

    def _body(self, call: _Call, response: "httpx.Response") -> bytes:
        """The reply's bytes, never more than the cap, whatever the compression claims."""
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip"):
            raise Broken(Fault.NOT_OURS)
        unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        until = self._clock.monotonic() + (call.timeout if call.timeout is not None else TOTAL) + call.wait
        parts, size = [], 0
        try:
            for part in response.iter_raw():
                piece = part if unpack is None else unpack.decompress(part, call.cap + 1 - size)
                size += len(piece)
                if size > call.cap:
                    raise Broken(Fault.NOT_OURS)
                if self._clock.monotonic() > until:
                    raise Broken(Fault.TIMEOUT)
                parts.append(piece)
        except zlib.error as error:
            raise Broken(Fault.CUT) from error
        if unpack is not None and not unpack.eof:
            raise Broken(Fault.CUT)
        return b"".join(parts)

    def _patience(self, headers: Mapping[str, str]) -> float | None:
        """`Retry-After` in seconds, from either of its two forms; None when there is none to read."""
        asked = headers.get("retry-after", "").strip()
        if asked.isascii() and asked.isdigit() and len(asked) < 10:
            return float(asked)
        try:
            until = parsedate_to_datetime(asked)
            return max(0.0, (until - self._clock.now()).total_seconds())
        except (TypeError, ValueError):
            return None

    def _open(self) -> "httpx.Client":
        import httpx

        with self._lock:
            if self._client is None:
                self._client = httpx.Client(
                    transport=self._http,
                    verify=_trust(self._ca_file) if self._http is None else False,
                    trust_env=False,
                    follow_redirects=False,
                    headers={"User-Agent": f"{PRODUCT}/{__version__}"},
                    limits=httpx.Limits(max_connections=4, max_keepalive_connections=4, keepalive_expiry=60),
                )
            return self._client


def _trust(ca_file: Path | None) -> Any:
    """Whom to believe: the centre's own CA alone, or the system's. A CA that can't be read leaves nobody."""
    import ssl

    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ValueError) as error:
        raise Broken(Fault.TLS) from error


def _why(error: Exception) -> Fault:
    """TLS when a certificate was the reason, else just unreachable."""
    import ssl

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return Fault.TLS
        cause = cause.__cause__ or cause.__context__
    return Fault.UNREACHABLE


def _problem(body: bytes, status: int) -> Problem:
    """The problem document; the status line is what counts."""
    found = decode(body, Problem, Fault.NOT_OURS)
    code = found.code if found.code.isascii() and found.code.isidentifier() and len(found.code) <= 64 else "refused"
    title, detail = clean_line(found.title), clean_line(found.detail)
    return Problem(clean_line(found.type), title, status, code, detail, clean_tree(found.data, line=True))


def _signed_out() -> Declined:
    return Declined(Problem("about:blank", "Sign in first", 401, "signed_out"))


def _results(results: list[OpResult], asked: set[str]) -> list[OpResult]:
    return [clean_message(result) for result in results if result.op in asked]


def _checked(tokens: Tokens) -> Tokens:
    """Tokens that can stand in a header, with clean words about the person."""
    for token in (tokens.access, tokens.refresh):
        if not token or len(token) > 4096 or not token.isascii() or not token.isprintable() or " " in token:
            raise Broken(Fault.NOT_OURS)
    return clean_message(tokens)
