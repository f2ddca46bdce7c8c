"""One request to central as it stands: what `msc api` gives."""

from typing import TYPE_CHECKING

from .accounts import line
from .conversing import NoTokens, transport

if TYPE_CHECKING:
    from ..config import Settings
    from .seat import Seat


class _Held(NoTokens):
    """A script's token; there is nothing to renew."""

    def __init__(self, token: str) -> None:
        self._token = token

    def access(self) -> str | None:
        return self._token


def get(desk: "Seat", path: str) -> bytes:
    """What central gives to whoever is signed in."""
    with line(desk) as way:
        return way.raw(path)


def get_with(chosen: "Settings", token: str, path: str) -> bytes:
    """What central gives to a script's token."""
    way = transport(chosen, _Held(token))
    try:
        return way.raw(path)
    finally:
        way.close()
