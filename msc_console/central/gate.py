"""What stands before the application: who is let through, and what every reply bears.

It sees requests that no route would: a request that two programs on the way may read differently is answered here, and
its connection ends (RFC 9112 6.1, 11.2).
"""

import ipaddress
from collections.abc import Iterable, Sequence

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import UsageError
from ..sync.wire import PROBLEM
from .problems import problem

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

HEADERS_MOST = 100
"""Header lines of one request; a laptop sends about ten. Their bytes are capped by the server (`serve.HEAD_BYTES`)."""
FORWARDED = b"x-forwarded-for"
ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""On every reply: it is data, for programs of ours, and no page of a browser."""
HSTS = (b"strict-transport-security", b"max-age=31536000")
"""On every reply that travels encrypted (RFC 6797): a year."""


def networks(named: Iterable[str]) -> Networks:
    """Addresses and ranges (`10.0.0.7`, `10.0.0.0/24`) of proxies. UsageError `proxy_wrong` for what is neither."""
    found = []
    for name in named:
        try:
            found.append(ipaddress.ip_network(name))
        except ValueError:
            raise UsageError("proxy_wrong", name=name) from None
    return tuple(found)


def listed(address: str, among: Networks) -> bool:
    """Whether `address` lies in one of the networks; False for what is no address."""
    try:
        found = _plain(address)
    except ValueError:
        return False
    return any(found in network for network in among)


def caller(peer: str, forwarded: Sequence[str], proxies: Networks) -> str:
    """Where a request comes from: the TCP peer or, when that is a listed proxy, whom it names.

    `X-Forwarded-For` is read from its end, and only as far as listed proxies wrote it: what stands before was written
    by the caller, who may write anything.
    """
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    found = peer
    while hops and listed(found, proxies):
        said = hops.pop()
        try:
            _plain(said)
        except ValueError:
            break
        found = said
    try:
        return str(_plain(found))
    except ValueError:
        return found


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """ValueError for no address; an IPv4 address in IPv6's clothes is that IPv4 address."""
    found = ipaddress.ip_address(address)
    return (found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None) or found


class Gate:
    """`app` behind the gate. `proxies` are believed about their callers; `only`: nobody else is answered.

    `encrypted`: what is sent travels by TLS, here or at the proxy.
    """

    def __init__(self, app: ASGIApp, proxies: Networks = (), *, only: bool = False, encrypted: bool = False) -> None:
        self._app = app
        self._proxies = proxies
        self._only = only
        self._headers = [*ALWAYS, HSTS] if encrypted else list(ALWAYS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = [*headers, *self._headers]
            await send(message)

        peer = scope["client"][0] if scope["client"] else ""
        refused = self._refused(scope, peer)
        if refused is not None:
            await _refuse(sending, refused)
            return
        forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == FORWARDED]
        scope["client"] = (caller(peer, forwarded, self._proxies), 0)
        await self._app(scope, receive, sending)

    def _refused(self, scope: Scope, peer: str) -> str | None:
        """The code of the problem with a request's head."""
        if self._only and not listed(peer, self._proxies):
            return "forbidden"
        names = [name for name, _ in scope["headers"]]
        if len(names) > HEADERS_MOST:
            return "too_large"
        two_lengths = b"transfer-encoding" in names and b"content-length" in names
        return "invalid_request" if two_lengths else None


async def _refuse(send: Send, code: str) -> None:
    document = problem(code)
    body = msgspec.json.encode(document)
    headers = [(b"content-type", PROBLEM.encode()), (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": document.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
