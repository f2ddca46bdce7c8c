"""Groups of everything that is synced: the domain knows those of tickets and persons, the rest belong to fixed ones."""

from collections.abc import Iterable
from datetime import datetime

from ..domain.model import Hop, Ticket
from ..domain.scope import COMMON, CUSTOMERS, KNOWLEDGE, groups_of_ticket

FIXED: dict[str, frozenset[str]] = {
    "contact": frozenset({CUSTOMERS}),
    "organisation": frozenset({CUSTOMERS}),
    "person": frozenset({COMMON}),
    "queue": frozenset({COMMON}),
    "service": frozenset({COMMON}),
    "site": frozenset({COMMON}),
    "policy": frozenset({COMMON}),
    "duty": frozenset({COMMON}),
    "article": frozenset({KNOWLEDGE}),
}
"""Entity -> its groups, whatever the row holds. Entries and hops have those of their ticket."""


def authority(ticket: Ticket, hops: Iterable[Hop], now: datetime) -> frozenset[str]:
    """The groups whose members may act on a ticket: as if it were still on laptops, however long it is closed."""
    return groups_of_ticket(ticket, hops, ticket.closed_at or now)
