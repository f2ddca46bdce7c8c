"""The views of the queue: their names, their list with counts, and what a search found."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..desk.reading import Reading
from ..desk.unsettled import Standing, unsettled
from ..domain.rows import QueueRow
from ..i18n import N_, _
from ..widgets.paint import Tone, count_word, line_of
from ..widgets.pick_list import Item
from ..widgets.row_window import Key

NAMES: dict[str, str] = {
    "queues": N_("My queues"),
    "mine": N_("Mine"),
    "unassigned": N_("Not held"),
    "due_soon": N_("Due < 2h"),
    "waiting_customer": N_("Wait for customer"),
    "escalated": N_("Escalations open"),
    "open": N_("All open"),
}
"""View -> its name, in the order of the list."""
NAME_CELLS = 17


def name_of(desk: Reading, key: str) -> str:
    """A view in words; a queue by its name (raw)."""
    if key.startswith("queue:"):
        return next((queue.name for queue in desk.queue_list() if queue.key == key[6:]), key[6:])
    return _(NAMES[key])


Counts = Mapping[str, tuple[int, int]]
"""View -> (tickets in it, those of them that rest on acts which central has not confirmed)."""


def items(desk: Reading, counts: Counts, here: str) -> list[Item]:
    """The views and the person's queues as lines with counts; `here` is the one that is shown."""
    names = {queue.key: queue.name for queue in desk.queue_list()}
    found = [Item("", [(_("Views"), Tone.DIM)]), *(_item(key, _(name), counts, here) for key, name in NAMES.items())]
    own = [_item(f"queue:{key}", names.get(key, key), counts, here) for key in desk.person.queues]
    return [*found, Item("", []), Item("", [(_("Queues"), Tone.DIM)]), *own] if own else found


def _item(key: str, name: str, counts: Counts, here: str) -> Item:
    tone = Tone.STRONG if key == here else Tone.PLAIN
    count, unsure = counts.get(key, (0, 0))
    told = count_word(count, unsure) if count else ""
    return Item(key, [(line_of(name, NAME_CELLS), tone)], [(told, Tone.PLAIN)])


def proposals(desk: Reading) -> int:
    """How many colleagues' acts wait for this person, on tickets that they hold."""
    me = desk.unlocked.person
    return sum(row.standing is Standing.PROPOSAL and row.holder_id == me for row in unsettled(desk))


class Found:
    """What a search found, in its order, as the ticket list reads rows."""

    def __init__(self, rows: Sequence[QueueRow]) -> None:
        self._rows = [replace(row, key=(place, row.id)) for place, row in enumerate(rows)]

    def count(self) -> int:
        """Rows found."""
        return len(self._rows)

    def waiting(self) -> int:
        """Those of them with own acts that central has not confirmed."""
        return sum(bool(row.pending) for row in self._rows)

    def page(self, after: Key | None, limit: int) -> list[QueueRow]:
        """Rows behind `after`."""
        return [row for row in self._rows if after is None or row.key > after][:limit]

    def before(self, key: Key | None, limit: int) -> list[QueueRow]:
        """Rows before `key`."""
        return [row for row in self._rows if key is None or row.key < key][-limit:]

    def around(self, id: str, limit: int) -> list[QueueRow]:
        """The rows with `id` among them."""
        at = next((place for place, row in enumerate(self._rows) if row.id == id), None)
        return [] if at is None else self._rows[max(at - limit // 2, 0) :][:limit]
