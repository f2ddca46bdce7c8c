"""Rules of contacts: a customer is a contact, with addresses by channel."""

from .acting import invalid
from .commands import Command, Context, Effects, Outcome, Situation
from .model import Address, Contact
from .terms import Channel

NAME_MAX = 120
ADDRESS_MAX = 200
ADDRESSES_MAX = 20


def create(command: Command, situation: Situation, context: Context) -> Outcome:
    """A new contact, also offline: its id is made on the laptop."""
    args = {name: value for name, value in command.args.items() if value is not None}
    name = args.get("name")
    if situation.contact is not None:
        return invalid("contact_exists")
    if not isinstance(name, str) or not name.strip():
        return invalid("name_missing")
    if len(name) > NAME_MAX:
        return invalid("too_long", limit=NAME_MAX)
    if args.get("organisation") and situation.organisation is None and context.final:
        return invalid("organisation_unknown")
    known = {channel.value for channel in Channel}
    addresses = []
    for row in args.get("addresses", ()):
        channel, value = row.get("channel"), row.get("value")
        if not isinstance(channel, str) or channel not in known:
            return invalid("value_unknown", field="channel", value=str(channel)[:80])
        if not isinstance(value, str) or not value.strip() or len(value) > ADDRESS_MAX:
            return invalid("address", limit=ADDRESS_MAX)
        addresses.append(Address(channel=Channel(channel), value=value.strip()))
    if len(addresses) > ADDRESSES_MAX:
        return invalid("address", limit=ADDRESSES_MAX)
    organisation = situation.organisation
    contact = Contact(
        id=command.target,
        name=name.strip(),
        organisation=args.get("organisation"),
        organisation_name=organisation.name if organisation else "",
        language=args.get("language", "id"),
        addresses=tuple(addresses),
        created_at=min(command.made_at, context.now),
    )
    return Effects(contact=contact)
