"""`msc ticket take|release|assign|move|hold|resume|close|reopen|cancel`: verbs that work on several tickets at once."""

from enum import StrEnum
from typing import Annotated

import typer

from ..domain.terms import WaitingParty
from ..domain.workflow import HOLD_PARTY
from ..i18n import _
from .acting import act_on
from .texts import Reason, Tickets

WhyNeeded = Annotated[str, typer.Option("--reason", metavar="TEXT", help=_("Why"), show_default=False)]


class Waits(StrEnum):
    """Whom a ticket on hold waits for."""

    CUSTOMER = WaitingParty.CUSTOMER.value
    VENDOR = WaitingParty.VENDOR.value
    SCHEDULE = WaitingParty.SCHEDULE.value


_STATES = {str(party): str(state) for state, party in HOLD_PARTY.items()}


def take(tickets: Tickets) -> None:
    """Hold free tickets."""
    act_on(tickets, lambda desk, ref, dry: desk.take(ref, dry_run=dry))


def release(tickets: Tickets) -> None:
    """Give tickets back."""
    act_on(tickets, lambda desk, ref, dry: desk.release(ref, dry_run=dry))


def assign(
    tickets: Tickets,
    to: Annotated[str, typer.Option("--to", metavar="LOGIN", help=_("Login of the person"), show_default=False)],
    reason: Reason = None,
) -> None:
    """Give tickets to a person."""
    act_on(tickets, lambda desk, ref, dry: desk.assign(ref, to, reason, dry_run=dry))


def move(
    tickets: Tickets,
    to: Annotated[str, typer.Option("--to", metavar="QUEUE", help=_("Key of the queue"), show_default=False)],
    reason: Reason = None,
) -> None:
    """Move tickets to a queue."""
    act_on(tickets, lambda desk, ref, dry: desk.move(ref, to, reason, dry_run=dry))


def hold(
    tickets: Tickets,
    party: Annotated[Waits, typer.Option("--for", help=_("Whom it waits for"))],
    reason: WhyNeeded,
) -> None:
    """Put tickets on hold."""
    act_on(tickets, lambda desk, ref, dry: desk.hold(ref, _STATES[party.value], reason, dry_run=dry))


def resume(tickets: Tickets) -> None:
    """Go on with tickets on hold."""
    act_on(tickets, lambda desk, ref, dry: desk.resume(ref, dry_run=dry))


def close(tickets: Tickets) -> None:
    """Close resolved tickets."""
    act_on(tickets, lambda desk, ref, dry: desk.close(ref, dry_run=dry))


def reopen(tickets: Tickets, reason: Reason = None) -> None:
    """Open tickets again."""
    act_on(tickets, lambda desk, ref, dry: desk.reopen(ref, reason, dry_run=dry))


def cancel(tickets: Tickets, reason: WhyNeeded) -> None:
    """Cancel tickets."""
    act_on(tickets, lambda desk, ref, dry: desk.cancel(ref, reason, dry_run=dry))
