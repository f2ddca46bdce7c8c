"""Escalations: what waits for this person's level, or for an answer on a ticket they hold."""

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from .. import commands, keymaps
from ..commands import Command
from ..domain.model import Hop
from ..domain.rights import Right, has
from ..domain.rows import QueueRow
from ..domain.terms import HopState
from ..errors import MscError
from ..i18n import N_, _, duration_short, when
from ..text import clean
from ..widgets import words
from ..widgets.document import Document
from ..widgets.paint import Line, Tone, line_of, pad, wrap
from ..widgets.pick_list import Item, PickList
from ..widgets.text_line import TextLine
from .base import ConsoleScreen, bindings
from .forms import AckForm, Filled

Pair = tuple[Hop, QueueRow]


class Share(IntEnum):
    """What a person has to do with an escalation, the nearest first."""

    LEVEL = 0
    """Their level was asked."""
    HOLDER = 1
    """They hold the ticket and the customer."""
    ONLOOKER = 2
    """A colleague's, in their scope."""


_SHARES = {
    Share.LEVEL: N_("Your level is asked"),
    Share.HOLDER: N_("Your tickets"),
    Share.ONLOOKER: N_("Tickets of colleagues"),
}


class EscalationsScreen(ConsoleScreen):
    """The list by the person's share in it, what waits for an answer first, with the reason of the one under the
    cursor and what can be done about it."""

    ACTS = commands.ESCALATIONS
    AUTO_FOCUS = "PickList"
    BINDINGS: ClassVar[list[BindingType]] = bindings(commands.ESCALATIONS)
    DEFAULT_CSS = """
    EscalationsScreen {
        & PickList { height: 1fr; }
        & #detail { height: 8; border-top: solid $surface-lighten-2; padding: 0 1; }
        &.-tall #detail { height: 12; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._pairs: dict[str, Pair] = {}

    def body(self) -> ComposeResult:
        """Heads, list, detail."""
        yield TextLine([("  " + self._heads(), Tone.DIM)], id="heads")
        yield PickList(empty=_("No escalation waits."))
        with Vertical(id="detail"):
            yield Document()

    def _heads(self) -> str:
        names = ((_("Number"), 11), (_("P"), 4), (_("Level"), 8), (_("Since"), 8), (_("State"), 20), (_("Holder"), 9))
        return "".join(pad(name, cells) for name, cells in names) + _("Customer · Subject")

    def place(self) -> tuple[str, int | None]:
        """See `ConsoleScreen`."""
        return _("Escalations"), len(self._pairs)

    def unsure(self) -> int:
        """Escalations that central has not confirmed."""
        return sum(not hop.ver for hop, _row in self._pairs.values())

    def subject(self) -> QueueRow | None:
        """The ticket of the escalation under the cursor."""
        pair = self._pair()
        return pair[1] if pair else None

    def _pair(self) -> Pair | None:
        return self._pairs.get(self.query_one(PickList).cursor_id or "") if self.is_mounted else None

    def on_mount(self) -> None:
        """Reads the list."""
        super().on_mount()
        self.reload(frozenset())

    def reload(self, ids: frozenset[str]) -> None:
        """Reads again."""
        self.shell.in_thread(self.shell.desk.escalations, self._show, group="escalations")

    def tick(self) -> None:
        """How long each waits by now."""
        if self.is_mounted:
            self._list()

    def _show(self, pairs: Sequence[Pair]) -> None:
        if self.is_mounted:
            # The oldest first within each.
            order = sorted(pairs, key=lambda pair: (self._share(*pair), pair[0].state != HopState.OPEN))
            self._pairs = {hop.id: (hop, row) for hop, row in order}
            self._list()
            self._detail()
            self.frame()

    def _list(self) -> None:
        now, last = self.shell.now(), None
        items: list[Item] = []
        for hop, row in self._pairs.values():
            if (share := self._share(hop, row)) != last:
                items += [Item("", [])] if items else []
                items.append(Item("", [(_(_SHARES[share]), Tone.DIM)]))
                last = share
            items.append(self._item(hop, row, now))
        self.query_one(PickList).show(items)

    def _share(self, hop: Hop, row: QueueRow) -> Share:
        me = self.shell.desk.person
        if not self._by_proxy(hop):
            return Share.LEVEL
        return Share.HOLDER if row.owner == me.id else Share.ONLOOKER

    def _item(self, hop: Hop, row: QueueRow, now: datetime) -> Item:
        waited = duration_short(now - hop.raised_at)
        pressing = Tone.LATE if row.priority == "critical" else Tone.PLAIN
        open_ = hop.state == HopState.OPEN
        state = _("waits for an answer") if open_ else _("{name} has it").format(name=self._first_name(hop.acked_by))
        left: Line = [
            (pad(line_of(row.label, 10), 11), Tone.STRONG),
            (pad(words.priority_mark(row.priority), 4), pressing),
            (pad(line_of(words.tier_short(hop.tier), 7), 8), Tone.PLAIN),
            (pad(waited, 8), Tone.WARN if open_ else Tone.PLAIN),
            (pad(line_of(state, 19), 20), Tone.WARN if open_ else Tone.PLAIN),
            (pad(line_of(self._first_name(row.owner), 8), 9), Tone.PLAIN),
            (line_of(f"{row.customer} · {row.subject}" if row.customer else row.subject, 200), Tone.PLAIN),
        ]
        return Item(hop.id, left)

    def _first_name(self, id: str | None) -> str:
        person = self.shell.desk.world.persons.get(id or "")
        return person.name.split()[0] if person and person.name.strip() else "—"

    def on_pick_list_highlighted(self) -> None:
        """Shows the reason of the one under the cursor."""
        self._detail()
        self.frame()

    def on_pick_list_chosen(self) -> None:
        """Enter opens the ticket."""
        self.do_ticket_open()

    def _detail(self) -> None:
        pair = self._pair()
        document = self.query_one(Document)
        if pair is None:
            document.show_lines([])
            return
        hop, row = pair
        width = max(document.size.width - 2, 20)
        zone, now = self.shell.zone, self.shell.now()
        asked = ", ".join(self._first_name(id) for id in hop.asked) or _("the whole level")
        head = _("{name} asked {tier} ({asked}), {time}").format(
            name=self._first_name(hop.raised_by),
            tier=words.tier_word(hop.tier),
            asked=asked,
            time=when(hop.raised_at, zone, now),
        )
        lines: list[Line] = [
            [(line_of(f"{row.label}  {row.subject}", width), Tone.STRONG)],
            [(clean(head, line=True), Tone.DIM)],
        ]
        lines += [[(text, Tone.PLAIN)] for text in wrap(clean(hop.reason), width)]
        if hop.proxy:
            lines.append([(line_of(_("by proxy: {how}").format(how=hop.proxy), width), Tone.DIM)])
        lines.append([])
        lines += [[(text, Tone.ACCENT)] for text in wrap(self._way_on(hop), width)]
        document.show_lines(lines)

    def _way_on(self, hop: Hop) -> str:
        """What this person can do about it."""
        keymap = self.shell.keymap
        ack, back = (keymaps.shown(keymaps.keys_of(command, keymap)) for command in (commands.ACK, commands.RETURN))
        if self.why_not(commands.RETURN) is not None:
            return _("Nothing to do for you: another level answers.")
        if hop.state != HopState.OPEN:
            told = _("{back} gives it back, with the solution or the reason.")
        elif not self._by_proxy(hop):
            told = _("{ack} says that your level has it; {back} gives it back, with the solution or the reason.")
        else:
            told = _("{tier} answers. What they tell you by telephone or chat, {ack} and {back} record for them.")
        return told.format(ack=ack, back=back, tier=words.tier_word(hop.tier))

    # -- commands

    def why_not(self, command: Command) -> MscError | None:
        """Acknowledging needs an open hop, and another level's a proxy."""
        found = super().why_not(command)
        if found is not None or command not in (commands.ACK, commands.RETURN):
            return found
        pair = self._pair()
        if pair is None:
            return MscError("nothing_chosen")
        hop, me = pair[0], self.shell.desk.person
        if command is commands.ACK and hop.state != HopState.OPEN:
            return MscError("already_acknowledged", by=self._first_name(hop.acked_by))
        if not has(me.role, Right.PROXY) and me.tier != hop.tier:
            return MscError("not_your_tier")
        return None

    def _by_proxy(self, hop: Hop) -> bool:
        me = self.shell.desk.person
        return not (has(me.role, Right.ACKNOWLEDGE) and me.tier == hop.tier)

    def do_escalation_ack(self) -> None:
        """The level has it; by proxy it says who, and how."""
        self._answer(outcome=False)

    def do_escalation_return(self) -> None:
        """Back with a reason or a solution."""
        self._answer(outcome=True)

    def _answer(self, *, outcome: bool) -> None:
        pair = self._pair()
        if pair is None:
            return
        hop, row = pair
        desk, proxy = self.shell.desk, self._by_proxy(hop)

        def act(values: Filled) -> None:
            said = values.get("proxy") or None
            work = (
                (lambda: desk.give_back(row.id, values["outcome"], hop.id, said))
                if outcome
                else (lambda: desk.acknowledge(row.id, hop.id, said))
            )
            self.shell.perform([(row.label, work)], group="escalations")

        if not proxy and not outcome:
            act({})
            return
        self.app.push_screen(
            AckForm(line_of(row.label, 20), proxy=proxy, outcome=outcome),
            lambda values: act(values) if values is not None else None,
        )

    def do_ticket_open(self) -> None:
        """Opens the ticket."""
        pair = self._pair()
        if pair is not None:
            self.shell.open_ticket(pair[1].id)
