"""Lists in a box: choosing one of a few, choosing while typing, and what came of acts on several tickets."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from ..i18n import _
from ..widgets.document import Document
from ..widgets.hints import HintLine
from ..widgets.paint import Line, Tone, line_of, wrap
from ..widgets.pick_list import Item, PickList
from .base import Modal
from .shell import Outcome


class PickModal(Modal[str]):
    """One of a few items; gives its id."""

    DEFAULT_CSS = "PickModal { & .box { width: 44; } & PickList { height: auto; max-height: 18; } }"

    def __init__(self, heading: str, items: Sequence[Item], cursor: str | None = None) -> None:
        super().__init__()
        self._heading, self._items, self._cursor = heading, items, cursor

    def content(self) -> ComposeResult:
        """The list."""
        yield PickList(self._items)

    def on_mount(self) -> None:
        """Title, cursor."""
        self.title_box(self._heading)
        picks = self.query_one(PickList)
        picks.styles.height = len(self._items)
        picks.show(self._items, self._cursor)
        picks.focus()

    def on_pick_list_chosen(self, message: PickList.Chosen) -> None:
        """One was chosen."""
        message.stop()
        self.dismiss(message.item_id)


class FilterModal(Modal[str]):
    """A line to type into above a list; gives the id of what was chosen. A list says what fits in `found`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "step(1)", show=False, id="filter.down"),
        Binding("up", "step(-1)", show=False, id="filter.up"),
        Binding("pagedown", "step(10)", show=False, id="filter.page_down"),
        Binding("pageup", "step(-10)", show=False, id="filter.page_up"),
    ]
    DEFAULT_CSS = """
    FilterModal { & .box { width: 78; height: 80%; } & PickList { height: 1fr; margin-top: 1; } }
    """
    EMPTY: ClassVar[str] = ""

    def __init__(self, heading: str, placeholder: str = "") -> None:
        super().__init__()
        self._heading, self._placeholder = heading, placeholder

    def content(self) -> ComposeResult:
        """Line and list."""
        yield Input(placeholder=self._placeholder, compact=True)
        yield PickList(self.found(""), empty=_("Nothing fits."))

    def found(self, text: str) -> list[Item]:
        """What fits to what is typed."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Title; the line has the focus."""
        self.title_box(self._heading)
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Shows what fits now."""
        event.stop()
        items = self.found(event.value)
        self.query_one(PickList).show(items, next((item.id for item in items if item.id), None))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter chooses."""
        event.stop()
        self.query_one(PickList).action_choose()

    def on_pick_list_chosen(self, message: PickList.Chosen) -> None:
        """One was chosen."""
        message.stop()
        self.dismiss(message.item_id)

    def action_step(self, lines: int) -> None:
        """Moves the list's cursor while the line keeps the focus."""
        self.query_one(PickList).action_step(lines)


class Results(Modal[None]):
    """What came of acts on several tickets, a line each."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "close", show=False, id="results.close")]
    DEFAULT_CSS = "Results { & .box { width: 90; max-width: 95%; } & Document { height: auto; max-height: 16; } }"

    def __init__(self, outcomes: Sequence[Outcome], told: Callable[[Outcome], str]) -> None:
        super().__init__()
        self._outcomes, self._told = outcomes, told

    def content(self) -> ComposeResult:
        """The lines."""
        yield Document()
        yield HintLine([("Esc", _("back"), True)])

    def on_mount(self) -> None:
        """Title, lines; those that failed first."""
        failed = [outcome for outcome in self._outcomes if outcome.error]
        kept = [outcome for outcome in self._outcomes if not outcome.error]
        self.title_box(_("{ok} kept, {failed} not").format(ok=len(kept), failed=len(failed)))
        lines: list[Line] = []
        for outcome in [*failed, *kept]:
            bad = outcome.error is not None
            head: Line = [("! " if bad else "✓ ", Tone.LATE if bad else Tone.GOOD)]
            label = f"{line_of(outcome.label, 12):<12} "
            first, *rest = wrap(self._told(outcome), 66)
            lines.append([*head, (label, Tone.STRONG), (first, Tone.PLAIN)])
            lines += [[(" " * 15 + text, Tone.PLAIN)] for text in rest]
        document = self.query_one(Document)
        document.styles.height = min(len(lines), 16)
        document.show_lines(lines)
        document.focus()
