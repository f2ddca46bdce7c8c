"""The sync: what waits for central, what it refused and why, and the way on for each."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from .. import clock, commands
from ..commands import Command
from ..desk.acts import Done
from ..domain.terms import Op
from ..errors import MscError
from ..i18n import N_, _, ngettext, when
from ..messages import sentence
from ..text import clean
from ..widgets import words
from ..widgets.document import Document
from ..widgets.op_words import op_word
from ..widgets.paint import Line, Tone, line_of, pad, wrap
from ..widgets.pick_list import Item, PickList
from ..widgets.text_line import TextLine
from .base import ConsoleScreen, bindings
from .shell import Outcome

Row = tuple[Any, str, str]
"""An act of the outbox with label and title of what it is on."""

_TOLD = (
    "body",
    "solution",
    "reason",
    "outcome",
    "proxy",
    "subject",
    "name",
    "state",
    "tier",
    "queue",
    "owner",
    "urgency",
    "impact",
    "service",
    "component",
    "category",
)


_NAMES = {
    "body": N_("text"),
    "solution": N_("solution"),
    "reason": N_("reason"),
    "outcome": N_("answer"),
    "name": N_("name"),
    "proxy": N_("by proxy"),
}


class SyncScreen(ConsoleScreen):
    """Everything of this person that central has not settled."""

    ACTS = commands.SYNC
    AUTO_FOCUS = "PickList"
    BINDINGS: ClassVar[list[BindingType]] = bindings(commands.SYNC)
    DEFAULT_CSS = """
    SyncScreen {
        & #trouble { height: 1; }
        & PickList { height: 1fr; }
        & #detail { height: 9; border-top: solid $surface-lighten-2; padding: 0 1; }
        &.-tall #detail { height: 14; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, Row] = {}

    def body(self) -> ComposeResult:
        """How it stands, list, detail."""
        yield TextLine(id="trouble")
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
        self.shell.in_thread(self.shell.desk.outbox, self._show, group="sync")

    def frame(self) -> None:
        """Also how the conversation stands."""
        super().frame()
        if self.is_mounted:
            self._trouble()

    def _show(self, rows: Sequence[Row]) -> None:
        if not self.is_mounted:
            return
        order = sorted(rows, key=lambda row: row[0].state != "attention")
        self._rows = {row[0].id: row for row in order}
        self.query_one(PickList).show([self._item(row) for row in order])
        self._detail()
        self.frame()

    def _trouble(self) -> None:
        status = self.shell.sync_status
        parts = []
        if self.shell.settings.central is None:
            parts.append(sentence("central_unset"))
        elif status.problem:
            parts.append(sentence(status.problem, status.data, self.shell.settings.zone))
        if status.last_sync:
            parts.append(_("in step at {time}").format(time=when(status.last_sync, self.shell.zone, self.shell.now())))
        waiting = sum(row[0].state in ("open", "sealed") for row in self._rows.values())
        if waiting:
            text = ngettext("{n} act waits, safe on this laptop", "{n} acts wait, safe on this laptop", waiting)
            parts.append(text.format(n=waiting))
        tone = Tone.WARN if status.problem else Tone.DIM
        self.query_one("#trouble", TextLine).show([("  " + " · ".join(parts), tone)])

    def _item(self, row: Row) -> Item:
        op, label, title = row
        tone = Tone.LATE if op.state == "attention" else Tone.PLAIN
        made = when(op.command.made_at, self.shell.zone, self.shell.now())
        left: Line = [
            ("! " if op.state == "attention" else "• ", tone),
            (pad(made, 12), Tone.DIM),
            (pad(line_of(op_word(op.kind), 15), 16), Tone.STRONG),
            (pad(line_of(label, 10), 11), Tone.PLAIN),
            (pad(self._state(op), 22), tone),
            (line_of(title, 200), Tone.PLAIN),
        ]
        return Item(op.id, left)

    def _state(self, op: Any) -> str:
        if op.state == "attention":
            conflict = (op.result or {}).get("result") == "conflict"
            return _("conflict") if conflict else _("refused")
        if op.state == "acked":
            return _("central has it")
        if op.state == "sealed":
            return _("sent, no answer yet")
        if op.hold_until is not None and op.hold_until > clock.now():
            return _("held for undo")
        return _("waits")

    def on_pick_list_highlighted(self) -> None:
        """Shows the act under the cursor."""
        self._detail()
        self.frame()

    def on_pick_list_chosen(self) -> None:
        """Enter opens the ticket."""
        self.action_act(commands.OPEN.id)

    def _row(self) -> Row | None:
        return self._rows.get(self.query_one(PickList).cursor_id or "") if self.is_mounted else None

    def _detail(self) -> None:
        row, document = self._row(), self.query_one(Document)
        width = max(document.size.width - 2, 20)
        desk = self.shell.desk
        names = {person.id: person.name for person in desk.world.persons.values()}
        names |= {queue.key: queue.name for queue in desk.queue_list()}
        for service in desk.services():
            names |= {part.key: part.name for part in (*service.components, *service.categories)}
            names[service.key] = service.name
        document.show_lines(detail_lines(row[0], width, self.shell.settings.zone, names) if row else [])

    # -- commands

    def why_not(self, command: Command) -> MscError | None:
        """What can be done depends on where the act stands."""
        if command is commands.SYNC_NOW:
            return MscError("central_unset") if self.shell.settings.central is None else None
        if command not in self.ACTS:
            return super().why_not(command)
        row = self._row()
        if row is None:
            return MscError("nothing_chosen")
        if self.shell.read_only and command is not commands.OPEN:
            return MscError("cache_read_only")
        state = row[0].state
        if command is commands.WITHDRAW and state != "open":
            return MscError("op_sealed" if state != "attention" else "op_refused_withdraw")
        if command in (commands.RETRY, commands.DISMISS) and state != "attention":
            return MscError("op_not_refused")
        return None

    def do_ticket_open(self) -> None:
        """Opens the ticket the act is on."""
        row = self._row()
        if row is not None:
            self.shell.open_ticket(row[0].target)

    def do_sync_now(self) -> None:
        """Talks with central."""
        self.shell.poke()

    def do_sync_retry(self) -> None:
        """Asks again on what is so now."""
        row = self._row()
        if row is not None:
            op, desk = row[0].id, self.shell.desk
            self.shell.perform([(row[1], lambda: desk.retry(op))], self._after, group="sync")

    def do_sync_withdraw(self) -> None:
        """Takes back what hasn't left, with what stands on it."""
        self._quietly(self.shell.desk.withdraw, _("Taken back."))

    def do_sync_dismiss(self) -> None:
        """Lets a refused act go, after a question on another key."""
        from .confirm import Confirm

        question = _("Let this act go? It is kept in the journal for 14 days and no longer tried.")
        confirm = Confirm(_("Let go"), question, key="y", yes=_("yes, let it go"), no=_("no, keep it"))
        self.app.push_screen(confirm, lambda sure: self._dismiss() if sure else None)

    def _dismiss(self) -> None:
        self._quietly(self.shell.desk.dismiss, _("Let go."))

    def _quietly(self, act: Any, told: str) -> None:
        row = self._row()
        if row is None:
            return
        op, target = row[0].id, row[0].target

        def done(_value: Done | None) -> None:
            self.shell.tell(told)
            self.shell.changed_here(frozenset({target}))

        self.shell.in_thread(lambda: act(op), done, group="sync")

    def _after(self, outcomes: Sequence[Outcome]) -> None:
        self.reload(frozenset())


def detail_lines(op: Any, width: int, zone: str, names: Mapping[str, str]) -> list[Line]:
    """An act in words: what it said, central's answer, and for a conflict the three values of each field.

    `names` has the names of persons and queues by id and key.
    """
    lines: list[Line] = []
    told_already: set[str] = set()
    result = op.result or {}
    if op.state == "attention":
        data = dict(result.get("data") or {})
        fields = data.get("fields")
        told = _reason(result, data, zone)
        lines += [[(text, Tone.LATE)] for text in wrap(told, width)]
        if isinstance(fields, dict):
            lines += _three_ways(fields, width, names)
            told_already = set(fields)
        lines.append([])
    for name in _TOLD:
        if name not in op.command.args or name in told_already:
            continue
        value = op.command.args[name]
        if value or op.kind == Op.TICKET_SET:
            first, *rest = wrap(_value(name, value, names, line=False), max(width - 16, 10))
            lines.append([(pad(_field(name), 16), Tone.DIM), (first, Tone.PLAIN)])
            lines += [[(" " * 16 + text, Tone.PLAIN)] for text in rest]
    return lines


def _field(name: str) -> str:
    if name in _NAMES:
        return _(_NAMES[name])
    return words.field_word(name)


def _reason(result: dict[str, Any], data: dict[str, Any], zone: str) -> str:
    if result.get("result") == "conflict":
        fields = data.get("fields") or {}
        return sentence("conflict", {"fields": ", ".join(words.field_word(name) for name in fields)}, zone)
    return sentence(str(result.get("reason") or result.get("result") or "op_unknown"), data, zone)


def _three_ways(fields: dict[str, Any], width: int, names: Mapping[str, str]) -> list[Line]:
    """Field, what was seen, mine, theirs: a table that fits `width`."""
    cells = max((width - 14) // 3, 8)
    heads = (_("you saw"), _("yours"), _("now there"))
    lines: list[Line] = [[(" " * 14, Tone.PLAIN), *((pad(head, cells), Tone.DIM) for head in heads)]]
    for name, values in fields.items():
        three = [*values, "", "", ""][:3] if isinstance(values, (list, tuple)) else [values, "", ""]
        shown = [_value(name, value, names) for value in three]
        lines.append(
            [
                (pad(words.field_word(name), 14), Tone.DIM),
                *(
                    (pad(line_of(text, cells - 1), cells), tone)
                    for text, tone in zip(shown, (Tone.PLAIN, Tone.STRONG, Tone.WARN), strict=True)
                ),
            ]
        )
    return lines


def _value(name: str, value: Any, names: Mapping[str, str], *, line: bool = True) -> str:
    if value in (None, ""):
        return "—"
    if name == "state":
        return words.state_word(str(value))
    if name in ("urgency", "impact"):
        return words.level_word(str(value))
    if name == "priority":
        return words.priority_mark(str(value))
    if name == "tier":
        return words.tier_word(str(value))
    return clean(names.get(str(value), str(value)), line=line)
