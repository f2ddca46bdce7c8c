"""`msc contact find|show|new`: customers' people."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.terms import Channel
from ..i18n import _
from . import seats
from .acting import act_once
from .output import Column, emit, emit_one, pairs

if TYPE_CHECKING:
    from ..domain.model import Contact

Addresses = list[str]


def find(
    words: Annotated[list[str], typer.Argument(metavar="WORD...", help=_("All of them; the last may go on"))],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help=_("Most rows"))] = 20,
) -> None:
    """Search in contacts."""
    from ..records import to_wire

    desk = seats.reading()
    columns = [
        Column(_("Name"), lambda one: one.name, cuts=True),
        Column(_("Organisation"), lambda one: one.organisation_name or "-", cuts=True),
        Column(_("Addresses"), lambda one: ", ".join(address.value for address in one.addresses), cuts=True),
        Column(_("Id"), lambda one: one.id),
    ]
    emit(
        desk.find_contacts(" ".join(words), limit), columns, lambda one: to_wire(one) | {"label": one.name},
        lambda one: one.id, _("No contacts."),
    )  # fmt: skip


def show(
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help=_("Id of a contact, or words that fit just one"))],
) -> None:
    """A contact with the newest tickets."""
    from ..records import to_wire
    from . import ticket

    desk = seats.reading()
    found = desk.find_contact(contact)
    rows = desk.contact_tickets(found.id)
    document = to_wire(found) | {"label": found.name, "tickets": [ticket.document(row) for row in rows]}

    def text() -> str:
        from .output import table, terminal_width

        lines = table(rows, ticket.columns(desk.now()), terminal_width()) if rows else []
        return "\n".join([_facts(found), *(["", *lines] if lines else [])])

    emit_one(document, found.id, text)


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help=_("Whole name"))],
    phone: Annotated[Addresses | None, typer.Option(metavar="NUMBER", help=_("Telephone"), show_default=False)] = None,
    email: Annotated[Addresses | None, typer.Option(metavar="ADDRESS", help=_("E-mail"), show_default=False)] = None,
    whatsapp: Annotated[Addresses | None, typer.Option(metavar="NUMBER", help="WhatsApp", show_default=False)] = None,
    social: Annotated[
        Addresses | None, typer.Option(metavar="NAME", help=_("Social media"), show_default=False)
    ] = None,
    organisation: Annotated[
        str | None, typer.Option(metavar="ID", help=_("Id of an organisation"), show_default=False)
    ] = None,
    language: Annotated[str, typer.Option(help=_("Language that the contact is written to in"))] = "id",
) -> None:
    """Make a contact."""
    given = ((Channel.PHONE, phone), (Channel.EMAIL, email), (Channel.WHATSAPP, whatsapp), (Channel.SOCIAL, social))
    addresses = [(channel.value, value) for channel, values in given for value in values or ()]
    act_once(lambda desk, dry: desk.new_contact(name, addresses, organisation, language, dry_run=dry))


def _facts(found: "Contact") -> str:
    from ..widgets.words import channel_word

    rows = [(_("Name"), found.name), (_("Organisation"), found.organisation_name)]
    rows += [(channel_word(address.channel), address.value) for address in found.addresses]
    return pairs([*rows, (_("Language"), found.language), (_("Id"), found.id)])
