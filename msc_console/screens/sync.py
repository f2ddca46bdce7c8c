"""The sync: what waits for central, what it could not apply, what colleagues propose, and the way on for each."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from .. import commands, keymaps
from ..commands import Command
from ..desk import unsettled
from ..desk.reading import CLOCK_OFF
from ..desk.unsettled import Settling, Standing, Unsettled
from ..errors import ConflictError, MscError
from ..i18n import _, when
from ..messages import sentence
from ..text import clean
from ..widgets.document import Document
from ..widgets.paint import Tone
from ..widgets.pick_list import Item, PickList
from ..widgets.text_line import TextBlock
from ..widgets.words import clock_word
from . import act_lines
from .base import ConsoleScreen, bindings
from .shell import Outcome

_OWN: dict[Command, str] = {
    commands.RETRY: "mine", commands.THEIRS: "theirs", commands.KEEP_NOTE: "note", commands.OFFER: "offer",
    commands.WITHDRAW: "withdraw",
}  # fmt: skip
_PROPOSAL: dict[Command, str] = {commands.ADOPT: "mine", commands.DECLINE: "theirs", commands.KEEP_NOTE: "note"}


class SyncScreen(ConsoleScreen):
    """Everything between this person and central that is not settled."""

    ACTS = commands.SYNC
    AUTO_FOCUS = "PickList"
    BINDINGS: ClassVar[list[BindingType]] = bindings(commands.SYNC)
    DEFAULT_CSS = """
    SyncScreen {
        & PickList { height: 1fr; }
        & #detail { height: 12; border-top: solid $surface-lighten-2; padding: 0 1; }
        &.-tall #detail { height: 18; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, Unsettled] = {}
        self._next: str | None = None
        """Where the cursor goes when the acts are shown the next time."""
        self._ways: dict[str, dict[str, MscError | None]] = {}
        """Act -> choice -> why it can't be made; asked of the rules once for what is shown."""

    def body(self) -> ComposeResult:
        """How it stands, list, detail."""
        yield TextBlock(id="trouble")
        yield PickList(empty=_("Nothing waits: central has everything."))
        with Vertical(id="detail"):
            yield Document()

    def place(self) -> tuple[str, int | None]:
        """See `ConsoleScreen`."""
        return _("Sync"), None

    def on_mount(self) -> None:
        """Reads the outbox."""
        super().on_mount()
        self.reload(frozenset())

    def reload(self, ids: frozenset[str]) -> None:
        """Reads again."""
        desk = self.shell.reading
        self.shell.in_thread(lambda: unsettled.unsettled(desk), self._show, group="sync")

    def frame(self) -> None:
        """Also how the conversation stands."""
        super().frame()
        if self.is_mounted and not self.shell.leaving:
            self._trouble()

    def _show(self, rows: Sequence[Unsettled]) -> None:
        if not self.is_mounted:
            return
        self._rows, self._ways = {row.id: row for row in rows}, {}
        self.query_one(PickList).show(self._items(), self._next)
        self._next = None
        self._detail()
        self.frame()

    def _items(self) -> list[Item]:
        """The acts under headings with their number: what needs a person, what waits, what is confirmed."""
        items: list[Item] = []
        rows, zone, now = list(self._rows.values()), self.shell.zone, self.shell.now()
        for standing, head in act_lines.HEADS.items():
            here = [row for row in rows if row.standing is standing]
            if here:
                items.append(Item("", [(_(head).format(n=len(here)), Tone.DIM)]))
                items += [act_lines.item_of(row, zone, now) for row in here]
        return items

    def _trouble(self) -> None:
        status = self.shell.sync_status
        parts = []
        if self.shell.settings.central is None:
            parts.append(sentence("central_unset"))
        elif status.problem:
            parts.append(sentence(status.problem, status.data, self.shell.settings.zone))
        if status.last_sync:
            parts.append(_("in step at {time}").format(time=when(status.last_sync, self.shell.zone, self.shell.now())))
        offset = self.shell.reading.clock_offset()
        if abs(offset) >= CLOCK_OFF:
            parts.append(clock_word(offset))
        if any(row.standing is Standing.WAITING for row in self._rows.values()):
            parts.append(_("what is unsent is safe on this laptop"))
        tone = Tone.WARN if status.problem else Tone.DIM
        self.query_one("#trouble", TextBlock).show(" · ".join(parts), tone)

    def on_pick_list_highlighted(self) -> None:
        """Shows the act under the cursor."""
        self._detail()
        self.frame()

    def on_pick_list_chosen(self) -> None:
        """Enter opens the ticket."""
        self.action_act(commands.OPEN.id)

    def _row(self) -> Unsettled | None:
        return self._rows.get(self.query_one(PickList).cursor_id or "") if self.is_mounted else None

    def _detail(self) -> None:
        row, document = self._row(), self.query_one(Document)
        if row is None:
            document.show_lines([])
            return
        desk = self.shell.reading
        names = {person.id: person.name for person in desk.world.persons.values()}
        names |= {queue.key: queue.name for queue in desk.queue_list()}
        for service in desk.services():
            names |= {part.key: part.name for part in (*service.components, *service.categories)}
            names[service.key] = service.name
        width = max(document.size.width - 2, 20)
        zone = self.shell.settings.zone
        told = act_lines.detail_lines(row, width, zone, self.shell.now(), names)
        document.show_lines([*told, *act_lines.way_lines(self._open_ways(row), width)])

    def _open_ways(self, row: Unsettled) -> list[tuple[str, Command]]:
        """The ways out that are open for an act with their keys, the likeliest first."""
        if row.standing > Standing.OFFERED:
            return []
        keymap = self.shell.keymap
        keyed = [(keymaps.shown(keymaps.keys_of(command, keymap)), command) for command in commands.WAYS_OUT]
        return [(key, command) for key, command in keyed if key and self.why_not(command) is None]

    # -- commands

    def offered(self, command: Command) -> bool:
        """The keys that can be used for the act under the cursor."""
        if command in (commands.OPEN, commands.SYNC_NOW):
            return True
        return self.why_not(command) is None

    def why_not(self, command: Command) -> MscError | None:
        """What can be done depends on where the act stands, and whose it is."""
        if command is commands.SYNC_NOW:
            return MscError("central_unset") if self.shell.settings.central is None else None
        if command not in self.ACTS:
            return super().why_not(command)
        row = self._row()
        if row is None:
            return MscError("nothing_chosen")
        if command is commands.OPEN:
            return None
        if self.shell.read_only:
            return MscError("cache_read_only")
        if command is commands.WITHDRAW:
            return self._why_not_withdraw(row)
        if command is commands.DISMISS:
            return None if row.standing is Standing.YOURS and row.conflict is None else ConflictError("op_not_refused")
        proposal = row.standing is Standing.PROPOSAL
        choice = (_PROPOSAL if proposal else _OWN).get(command)
        if choice is None:
            return ConflictError("is_a_proposal", author_name=row.author) if proposal else ConflictError("not_proposed")
        if command is commands.THEIRS and row.standing is Standing.YOURS and row.conflict is None and not row.fields:
            return ConflictError("no_conflict")
        return self._way(row, choice)

    def _way(self, row: Unsettled, choice: str) -> MscError | None:
        if row.id not in self._ways:
            self._ways[row.id] = unsettled.ways(self.shell.desk, row)
        return self._ways[row.id][choice]

    def _why_not_withdraw(self, row: Unsettled) -> MscError | None:
        if row.standing in (Standing.WITHDRAWING, Standing.CONFIRMED):
            return ConflictError("op_sealed")
        if row.standing is Standing.YOURS and row.conflict is None:
            return ConflictError("op_refused_withdraw")
        return self._way(row, "withdraw") if row.conflict is not None else None

    def do_ticket_open(self) -> None:
        """Opens the ticket the act is on."""
        if (row := self._row()) is not None:
            self.shell.open_ticket(row.target)

    def do_sync_now(self) -> None:
        """Talks with central."""
        self.shell.poke()

    def do_sync_retry(self) -> None:
        """The act again, on what is so now: an own one, or a colleague's that is adopted."""
        self._settle("mine")

    def do_sync_theirs(self) -> None:
        """What is there stands."""
        self._settle("theirs")

    def do_sync_note(self) -> None:
        """What was wanted becomes an internal note."""
        self._settle("note")

    do_sync_adopt, do_sync_decline = do_sync_retry, do_sync_theirs

    def _settle(self, choice: Settling) -> None:
        row, desk = self._row(), self.shell.desk
        if row is not None:
            self._go_on()
            self.shell.perform([(row.label, lambda: desk.settle(row.id, choice))], self._after, group="sync")

    def _go_on(self) -> None:
        """The cursor goes to the next act that needs a person, if there is one."""
        ids = [id for id, row in self._rows.items() if row.standing <= Standing.PROPOSAL]
        here = self.query_one(PickList).cursor_id
        if here in ids and len(ids) > 1:
            at = ids.index(here)
            self._next = ids[at + 1] if at + 1 < len(ids) else ids[at - 1]

    def _after(self, outcomes: Sequence[Outcome]) -> None:
        if any(outcome.error for outcome in outcomes):
            self._next = None
        self.reload(frozenset())

    def do_sync_offer(self) -> None:
        """The own act is left to whoever holds the ticket."""
        row, desk = self._row(), self.shell.desk
        if row is not None:
            self._go_on()
            told = _("{name} sees your proposal on {label}.").format(name=clean(row.holder, line=True), label=row.label)
            self._quietly(row, lambda: unsettled.offer(desk, row), told)

    def do_sync_withdraw(self) -> None:
        """Takes an own act back: at once where it hasn't left, else when central has answered."""
        row, desk = self._row(), self.shell.desk
        if row is None:
            return
        if row.conflict is not None:
            self._settle("withdraw")
            return
        sent = row.act is not None and row.act.state == "sealed"
        told = _("Central is asked to take it back; until then it shows.") if sent else _("Taken back.")
        self._quietly(row, lambda: desk.withdraw(row.id), told)

    def do_sync_dismiss(self) -> None:
        """Lets a refused act go, after a question on another key."""
        from .confirm import Confirm

        row = self._row()
        if row is None:
            return
        question = _("Let this act go? It is kept in the journal for 14 days and no longer tried.")
        confirm = Confirm(_("Let go"), question, key="y", yes=_("yes, let it go"), no=_("no, keep it"))
        self.app.push_screen(confirm, lambda sure: self._dismiss(row) if sure else None)

    def _dismiss(self, row: Unsettled) -> None:
        desk = self.shell.desk
        self._quietly(row, lambda: desk.dismiss(row.id), _("Let go."))

    def _quietly(self, row: Unsettled, act: Callable[[], Any], told: str) -> None:
        def done(_value: object) -> None:
            self.shell.tell(told)
            self.shell.changed_here(frozenset({row.target}))

        self.shell.in_thread(act, done, group="sync")
