"""How a route is asked, and what a row of the matrix says of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import zstandard

from msc_console.domain.rights import Right
from msc_console.domain.terms import Role

from .hall import ROLES, Caller, Hall

ALL = frozenset(ROLES)


@dataclass(frozen=True)
class Ask:
    """One request; `bears` None = without a token."""

    method: str
    path: str
    json: Any = None
    params: Mapping[str, str | int] = field(default_factory=dict)


Asks = Callable[[Hall, Caller], Sequence[Ask]]
Check = Callable[[Hall, Caller, Sequence[httpx.Response]], str]
"""What is wrong with good replies; empty when nothing is."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One route. `right` None = open to anybody: every caller hears `ok`, whatever token they bear."""

    own: Asks
    right: Right | None
    kind: str = "access"
    """The kind of token that the route takes; any other is unknown to it."""
    ok: int = 200
    holds: frozenset[Role] = ALL
    """Roles that have the own object; the others hear `elsewhere`."""
    foreign: Asks | None = None
    elsewhere: int = 404
    told: Check | None = None
    """Looks at good replies for the own object."""
    told_foreign: Check | None = None
    whole: frozenset[str] = frozenset()
    """Marks that the replies must hold for all who may see them."""


def send(hall: Hall, caller: Caller, ask: Ask, token: str | None) -> httpx.Response:
    """One request and its whole reply; of a stream the first event."""
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    target = hall.url + ask.path
    with hall.client.stream(ask.method, target, json=ask.json, params=ask.params, headers=headers) as reply:
        if reply.headers.get("content-type", "").startswith("text/event-stream"):
            first = next(reply.iter_text())
            return httpx.Response(reply.status_code, headers=dict(reply.headers), text=first)
        reply.read()
        return reply


def body_of(reply: httpx.Response) -> str:
    """What a reply says, unpacked."""
    if reply.headers.get("content-type") == "application/zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(reply.content).decode()
    return reply.text


def get(hall: Hall, caller: Caller, ask: Ask) -> httpx.Response:
    """A request that prepares another, under the caller's good token."""
    reply = send(hall, caller, ask, caller.session)
    assert reply.status_code == 200, (ask, reply.text)
    return reply


def one(method: str, path: str, json: Any = None, **params: str | int) -> Asks:
    """The same request for everybody."""
    return lambda _hall, _caller: [Ask(method, path, json, params)]
