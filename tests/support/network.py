"""Tests reach this machine and nothing else: a connection beyond it fails the test that tries."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest


def local(address: Any) -> bool:
    """Whether a socket address is this machine's: a path, or a loopback address or its name."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0]).split("%")[0]
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def loopback_only() -> Iterator[None]:
    """Guards every socket and every name look-up of this process."""
    kept: list[tuple[Any, str, Callable[..., Any]]] = []

    def guard(owner: Any, name: str, address_of: Callable[..., Any]) -> None:
        original = getattr(owner, name)

        def guarded(*args: Any, **kwargs: Any) -> Any:
            address = address_of(*args)
            if not local(address):
                pytest.fail(f"a test reached for the network: {name} {address!r}")
            return original(*args, **kwargs)

        kept.append((owner, name, original))
        setattr(owner, name, guarded)

    guard(socket.socket, "connect", lambda _self, address: address)
    guard(socket.socket, "connect_ex", lambda _self, address: address)
    guard(socket, "getaddrinfo", lambda host, *_rest: (_text(host),))
    try:
        yield
    finally:
        for owner, name, original in kept:
            setattr(owner, name, original)


def _text(host: Any) -> str:
    return host.decode() if isinstance(host, bytes) else str(host or "")
