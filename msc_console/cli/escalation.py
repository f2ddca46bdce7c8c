"""`msc ticket escalate`, `msc escalation list|ack|return`."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from ..domain.terms import Tier
from ..i18n import _
from . import seats
from .acting import act_on
from .output import Column, emit
from .texts import Body, File, Ticket, Tickets, body_of

Hop = Annotated[
    str | None, typer.Option("--hop", metavar="ID", help=_("Which one, where several are open"), show_default=False)
]
Proxy = Annotated[
    str | None,
    typer.Option(
        "--proxy", metavar="TEXT", help=_("Who of a level without accounts said so, and how"), show_default=False
    ),
]


class Level(StrEnum):
    """Levels that can be asked."""

    L1 = Tier.L1.value
    L2 = Tier.L2.value
    PRINCIPAL = Tier.PRINCIPAL.value
    BUSINESS_UNIT = Tier.BUSINESS_UNIT.value


def raise_(
    tickets: Tickets,
    tier: Annotated[Level, typer.Option("--tier", help=_("The level that is asked"))],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=_("Why"), show_default=False)],
) -> None:
    """Escalate tickets."""
    act_on(tickets, lambda desk, ref, dry: desk.escalate(ref, tier.value, reason, dry_run=dry))


def ack(tickets: Tickets, hop: Hop = None, proxy: Proxy = None) -> None:
    """The level has it."""
    act_on(tickets, lambda desk, ref, dry: desk.acknowledge(ref, hop, proxy, dry_run=dry))


def return_(ticket: Ticket, text: Body = None, file: File = None, hop: Hop = None, proxy: Proxy = None) -> None:
    """Give the ticket back with what came of it."""
    outcome = body_of(text, file)
    act_on([ticket], lambda desk, ref, dry: desk.give_back(ref, outcome, hop, proxy, dry_run=dry))


def list_() -> None:
    """Escalations that concern this person, the oldest first."""
    from ..records import to_wire
    from ..widgets.words import tier_word
    from .ticket import document
    from .ticket_page import hop_text

    desk = seats.reading()
    zone, now = desk.settings.zone, desk.now()
    names = {person.id: person.name for person in desk.people()}

    def wire(row: tuple[Any, Any]) -> dict[str, Any]:
        hop, ticket = row
        return to_wire(hop) | {"label": ticket.label, "subject": ticket.subject, "ticket_row": document(ticket)}

    columns = [
        Column(_("Number"), lambda row: row[1].label),
        Column(_("Level"), lambda row: tier_word(row[0].tier)),
        Column(_("Standing"), lambda row: hop_text(row[0], names, zone, now), cuts=True),
        Column(_("Customer"), lambda row: row[1].customer or "-", cuts=True),
        Column(_("Subject"), lambda row: row[1].subject, cuts=True),
    ]
    emit(desk.escalations(), columns, wire, lambda row: row[1].label, _("No escalations."))
