"""What a person at the desk can do: the one door that screens and CLI go through.

It wires the cache, the conversation with central and the identity, which do not know each other. Its names are loaded
when they are first asked for: whoever only reads doesn't wait for the rules of acting.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .acts import Acts, Done
    from .reading import Reading, TicketView
    from .seat import Seat, Unlocked
    from .whole import Desk

__all__ = ["Acts", "Desk", "Done", "Reading", "Seat", "TicketView", "Unlocked"]

_HOMES = {
    "Acts": "acts",
    "Desk": "whole",
    "Done": "acts",
    "Reading": "reading",
    "Seat": "seat",
    "TicketView": "reading",
    "Unlocked": "seat",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value
