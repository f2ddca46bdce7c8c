"""A ticket's surroundings as the panel and the preview take them."""

from ..desk.reading import Reading, TicketView
from ..widgets.side_panel import About


def about_of(desk: Reading, view: TicketView) -> About:
    """What is known around a ticket, with names for the ids and keys in it."""
    ticket = view.ticket
    names = {person.id: person.name for person in desk.world.persons.values()}
    names |= {queue.key: queue.name for queue in desk.queue_list()}
    services = desk.services()
    for service in services:
        names |= {part.key: part.name for part in (*service.components, *service.categories)}
        names[service.key] = service.name
    if view.contact:
        names[view.contact.id] = view.contact.name
    return About(
        ticket=ticket,
        hops=tuple(view.hops),
        contact=view.contact,
        organisation=desk.organisation(ticket.organisation) if ticket.organisation else None,
        service=next((service for service in services if service.key == ticket.service), None),
        articles=tuple(desk.suggestions(ticket)),
        pending=bool(view.acts),
        names=names,
    )
