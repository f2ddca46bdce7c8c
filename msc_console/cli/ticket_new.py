"""`msc ticket new|set`: making and classifying tickets."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from .. import clock
from ..domain.terms import Channel, Level, Priority, SubKind, TicketKind
from ..errors import UsageError
from ..i18n import _
from .acting import act_on, act_once
from .texts import File, Tickets, body_of

if TYPE_CHECKING:
    from ..desk import Desk, Done

Urgency = Annotated[Level | None, typer.Option(help=_("How pressing"), show_default=False)]
Impact = Annotated[Level | None, typer.Option(help=_("How far it reaches"), show_default=False)]
Service = Annotated[str | None, typer.Option(metavar="KEY", help=_("Service of the catalogue"), show_default=False)]
Component = Annotated[str | None, typer.Option(metavar="KEY", help=_("Part of the service"), show_default=False)]
Category = Annotated[str | None, typer.Option(metavar="KEY", help=_("Category of the service"), show_default=False)]
Kind = Annotated[TicketKind | None, typer.Option(help=_("Kind of ticket"), show_default=False)]
Sub = Annotated[SubKind | None, typer.Option("--sub-kind", help=_("Kind of request"), show_default=False)]


def new(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help=_("What it is about, in a line"))],
    contact: Annotated[
        str, typer.Option(metavar="CONTACT", help=_("Id of a contact, or words that fit just one"), show_default=False)
    ],
    queue: Annotated[
        str | None, typer.Option(metavar="KEY", help=_("Queue; by default as the centre routes it"), show_default=False)
    ] = None,
    channel: Annotated[Channel, typer.Option(help=_("How it came in"))] = Channel.PHONE,
    body: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help=_("What the customer said; - reads standard input"), show_default=False),
    ] = None,
    file: File = None,
    take: Annotated[bool, typer.Option("--take", help=_("Hold it at once"))] = False,
    contact_at: Annotated[
        str | None,
        typer.Option(
            "--contact-at", metavar="TIME", help=_("When the customer turned to us, RFC 3339"), show_default=False
        ),
    ] = None,
    urgency: Urgency = None,
    impact: Impact = None,
    service: Service = None,
    component: Component = None,
    category: Category = None,
    kind: Kind = None,
    sub_kind: Sub = None,
) -> None:
    """Make a ticket for a contact."""
    text = "" if body is None and file is None else body_of(body, file)
    at = None if contact_at is None else _moment(contact_at)
    fields = _fields(
        urgency=urgency,
        impact=impact,
        service=service,
        component=component,
        category=category,
        kind=kind,
        sub_kind=sub_kind,
    )

    def make(desk: "Desk", dry_run: bool) -> "Done":
        whom = desk.find_contact(contact)
        where = queue or desk.queue_for(channel.value, service, whom)
        if not where:
            raise UsageError("queue_missing")
        return desk.new_ticket(
            subject,
            whom.id,
            where,
            channel=channel.value,
            body=text,
            take=take,
            contact_at=at,
            dry_run=dry_run,
            **fields,
        )

    act_once(make)


def set_(
    tickets: Tickets,
    urgency: Urgency = None,
    impact: Impact = None,
    priority: Annotated[
        Priority | None, typer.Option(help=_("Instead of the matrix's, with a reason"), show_default=False)
    ] = None,
    priority_reason: Annotated[
        str | None, typer.Option("--priority-reason", metavar="TEXT", help=_("Why this priority"), show_default=False)
    ] = None,
    service: Service = None,
    component: Component = None,
    category: Category = None,
    subject: Annotated[
        str | None, typer.Option(metavar="TEXT", help=_("The line it is known by"), show_default=False)
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option(metavar="CONTACT", help=_("Id of a contact, or words that fit just one"), show_default=False),
    ] = None,
    kind: Kind = None,
    sub_kind: Sub = None,
) -> None:
    """Change what a ticket is about."""
    fields = _fields(
        urgency=urgency,
        impact=impact,
        priority=priority,
        priority_reason=priority_reason,
        service=service,
        component=component,
        category=category,
        subject=subject,
        kind=kind,
        sub_kind=sub_kind,
    )

    def change(desk: "Desk", ref: str, dry_run: bool) -> "Done":
        whom = fields if contact is None else fields | {"contact": desk.find_contact(contact).id}
        return desk.set(ref, dry_run=dry_run, **whom)

    act_on(tickets, change)


def _fields(**given: str | None) -> dict[str, str | None]:
    return {name: str(value) for name, value in given.items() if value is not None}


def _moment(text: str) -> datetime:
    try:
        return clock.parse(text)
    except ValueError as error:
        raise UsageError("time_unreadable", value=text) from error
