"""Groups: what a row belongs to, and what a person receives. A laptop holds the rows of its person's groups."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from .model import Hop, Person, Ticket
from .rights import Kind, Sight, granted
from .terms import HopState

COMMON = str(Kind.COMMON)
KNOWLEDGE = str(Kind.KNOWLEDGE)
CUSTOMERS = str(Kind.CUSTOMERS)
KEEP_CLOSED = timedelta(days=90)
"""How long a closed ticket stays on laptops; older ones are read on demand."""

_WHOLE_KINDS = frozenset({Kind.COMMON, Kind.KNOWLEDGE, Kind.CUSTOMERS})
"""Kinds of one group each."""


def queue_group(key: str) -> str:
    return f"{Kind.QUEUE}:{key}"


def own_group(person: str) -> str:
    return f"{Kind.OWN}:{person}"


def tier_group(tier: str) -> str:
    return f"{Kind.TIER}:{tier}"


def groups_of_ticket(ticket: Ticket, hops: Iterable[Hop], now: datetime) -> frozenset[str]:
    """The groups of a ticket, and with it of its entries and hops. `now` is the time of the write."""
    if ticket.closed_at is not None and now - ticket.closed_at > KEEP_CLOSED:
        return frozenset()
    groups = {queue_group(ticket.queue)}
    if ticket.owner is not None:
        groups.add(own_group(ticket.owner))
    groups.update(tier_group(hop.tier) for hop in hops if hop.state != HopState.RETURNED)
    return frozenset(groups)


def groups_of_person(person: Person, sight: Sight | None = None) -> frozenset[str]:
    """The groups a person receives, by the role's sight or a narrower one; none once the account is off."""
    if not person.active:
        return frozenset()
    kinds = (sight or granted(person.role).sight).kinds
    groups = {str(kind) for kind in kinds & _WHOLE_KINDS}
    if Kind.QUEUE in kinds:
        groups |= {queue_group(key) for key in person.queues}
    if Kind.OWN in kinds:
        groups.add(own_group(person.id))
    if Kind.TIER in kinds:
        groups.add(tier_group(person.tier))
    return frozenset(groups)
