"""Groups: what a row belongs to, and what a person receives. A laptop holds the rows of its person's groups."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from .model import Hop, Person, Ticket
from .terms import HopState, Role

COMMON = "common"
KNOWLEDGE = "kb"
CUSTOMERS = "customers"
KEEP_CLOSED = timedelta(days=90)
"""How long a closed ticket stays on laptops; older ones are read on demand."""

_CUSTOMER_FACING = frozenset(
    {Role.AGENT, Role.AGENT_B2B, Role.EOS, Role.SUPERVISOR, Role.MANAGER, Role.QA, Role.SYSTEM}
)


def queue_group(key: str) -> str:
    return f"queue:{key}"


def own_group(person: str) -> str:
    return f"own:{person}"


def tier_group(tier: str) -> str:
    return f"tier:{tier}"


def groups_of_ticket(ticket: Ticket, hops: Iterable[Hop], now: datetime) -> frozenset[str]:
    """The groups of a ticket, and with it of its entries and hops. `now` is the time of the write."""
    if ticket.closed_at is not None and now - ticket.closed_at > KEEP_CLOSED:
        return frozenset()
    groups = {queue_group(ticket.queue)}
    if ticket.owner is not None:
        groups.add(own_group(ticket.owner))
    groups.update(tier_group(hop.tier) for hop in hops if hop.state != HopState.RETURNED)
    return frozenset(groups)


def groups_of_person(person: Person) -> frozenset[str]:
    """The groups a person receives; none once the account is off."""
    if not person.active:
        return frozenset()
    groups = {COMMON, KNOWLEDGE, own_group(person.id)} | {queue_group(key) for key in person.queues}
    if person.role == Role.RESOLVER:
        groups.add(tier_group(person.tier))
    if person.role in _CUSTOMER_FACING:
        groups.add(CUSTOMERS)
    return frozenset(groups)
