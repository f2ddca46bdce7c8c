"""What is kept of a customer's person: all of it given out, or erased. Both are done at central."""

from typing import TYPE_CHECKING

from .auditing import line

if TYPE_CHECKING:
    from ..sync.office import Erased, PersonData
    from .seat import Seat

AWAY = "privacy_needs_central"


def data(desk: "Seat", contact: str) -> "PersonData":
    """All that central keeps of them; `contact` is an id."""
    with line(desk, AWAY) as way:
        return way.person_data(contact)


def erase(desk: "Seat", contact: str) -> "Erased":
    """Erases them at central; the laptops hear of it by the feed, this one with its next round."""
    with line(desk, AWAY) as way:
        return way.erase_person(contact)
