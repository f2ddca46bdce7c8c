"""Central's own acts are commands too: actor `system`, made by central alone, with op ids that two workers agree on."""

import uuid
from datetime import datetime

from ..clock import to_ms
from ..domain.commands import Command
from ..domain.model import Person
from ..domain.terms import Delivery, Op, Role

_SPACE = uuid.UUID("6f0a1c2e-8d57-5b1e-9c5e-0b8f6a4d3c21")

ACTOR = "system"
"""How the audit trail calls whoever acts at central's own shell, and central itself."""
SYSTEM = Person(id=str(uuid.uuid5(_SPACE, "system")), login="system", name="Central", role=Role.SYSTEM)
"""Who acts when nobody does. Not a row of the persons' table: no one can sign in as it."""


def op_id(*parts: str) -> str:
    """The id of a system op (UUIDv5 of what it is about): the same act made twice is one op."""
    return str(uuid.uuid5(_SPACE, "|".join(parts)))


def give_back(ticket: str, holder: str, epoch: int, at: datetime) -> Command:
    """The command that takes a ticket from a holder who has left, back to its queue."""
    return Command(
        id=op_id(holder, "leaves", ticket, str(epoch)),
        kind=Op.TICKET_RELEASE,
        actor=SYSTEM.id,
        target=ticket,
        cause=op_id(holder, "leaves", str(to_ms(at))),
        made_at=at,
    )


def deliver(ticket: str, entry: str, state: Delivery, at: datetime, note: str | None = None) -> Command:
    """The command that records what became of a reply on its way."""
    args = {"entry": entry, "state": str(state)} | ({"note": note} if note else {})
    return Command(
        id=op_id(entry, "deliver", str(state)),
        kind=Op.SYSTEM_DELIVER,
        actor=SYSTEM.id,
        target=ticket,
        args=args,
        made_at=at,
    )
