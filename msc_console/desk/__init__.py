"""What a person at the desk can do: the one door that screens and CLI go through.

It wires the cache, the conversation with central and the identity, which do not know each other.
"""

from .acts import Acts, Done
from .reading import Reading, TicketView
from .seat import Seat, Unlocked


class Desk(Acts, Reading):
    """One person at one laptop: everything they can read and do, with central there or gone."""


__all__ = ["Acts", "Desk", "Done", "Reading", "Seat", "TicketView", "Unlocked"]
