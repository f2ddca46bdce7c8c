"""What the ticket list tells whoever owns it."""

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from .ticket_list import TicketList


class OfList(Message):
    """Something that happened in a list."""

    def __init__(self, tickets: "TicketList") -> None:
        super().__init__()
        self.tickets = tickets

    @property
    def control(self) -> "TicketList":
        """The list it happened in."""
        return self.tickets


class OnTicket(OfList):
    """Something that happened to one of its tickets."""

    def __init__(self, tickets: "TicketList", ticket_id: str) -> None:
        super().__init__(tickets)
        self.ticket_id = ticket_id
