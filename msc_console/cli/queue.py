"""`msc queue list`: views and queues with what is in them."""

from typing import NamedTuple

from ..i18n import N_, _
from . import seats
from .output import Column, emit

VIEW_NAMES = {
    "queues": N_("My queues"),
    "mine": N_("Mine"),
    "unassigned": N_("Not held"),
    "due_soon": N_("Due within 2 h"),
    "waiting_customer": N_("Waiting for customer"),
    "escalated": N_("Escalated"),
    "open": N_("All open"),
}


class Pile(NamedTuple):
    """A view or a queue. `key` is what `--view` takes; a queue's has `queue:` before it."""

    key: str
    name: str
    kind: str
    mine: bool
    tickets: int


def list_() -> None:
    """Counts of everything that `msc ticket list` can show."""
    from ..desk.reading import VIEWS

    desk = seats.reading()
    piles = [Pile(key, _(VIEW_NAMES[key]), "view", True, desk.count(key)) for key in VIEWS]
    own = set(desk.person.queues)
    for queue in desk.queue_list():
        key = f"queue:{queue.key}"
        piles.append(Pile(key, queue.name, queue.kind, queue.key in own, desk.count(key)))
    columns = [
        Column(_("Key"), lambda pile: pile.key),
        Column(_("Name"), lambda pile: pile.name, cuts=True),
        Column(_("Tickets"), lambda pile: str(pile.tickets), right=True),
    ]
    emit(piles, columns, lambda pile: pile._asdict(), lambda pile: pile.key)
