"""The frame of every main screen: status above, hints below, commands by key, a word when the window is too small."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

from .. import commands, keymaps
from ..commands import Command
from ..domain.rows import QueueRow
from ..errors import MscError
from ..i18n import _
from ..widgets.hints import Hint, HintLine
from ..widgets.note_rule import NoteRule
from ..widgets.status_line import StatusLine
from .near_paint import NearScreen
from .shell import Shell

if TYPE_CHECKING:
    from ..domain.model import Ticket

LEAST = (80, 24)
"""The smallest window that everything fits in."""
WIDTHS = [(0, "-tiny"), (80, "-narrow"), (100, "-mid"), (140, "-wide")]
HEIGHTS = [(0, "-low"), (24, "-short"), (30, "-tall")]


def bindings(acts: Sequence[Command]) -> list[BindingType]:
    """Keys of commands; each runs `action_key` of its screen, which knows whether it can be used."""
    return [
        Binding(command.key, f"key('{command.id}')", command.help, show=False, id=command.id, tooltip=command.help)
        for command in acts
        if command.key
    ]


FITS_CSS = """
.-tiny > *, .-low > * { display: none; }
.-tiny > TooSmall, .-low > TooSmall { display: block; }
"""
"""The app's: rules of a widget's own reach no screen."""


class TooSmall(Static):
    """Stands in for a screen that doesn't fit."""

    DEFAULT_CSS = """
    TooSmall { display: none; width: 100%; height: 100%; content-align: center middle; text-align: center; }
    """

    def __init__(self) -> None:
        text = _("The window is too small: at least {width}x{height}.").format(width=LEAST[0], height=LEAST[1])
        super().__init__(Content(text))


class Column(Vertical):
    """Widgets below each other. Without a border or content of its own it costs nothing when a list in it scrolls."""

    BLANK = True


class Row(Horizontal):
    """Widgets beside each other; see `Column`."""

    BLANK = True


class ConsoleScreen(NearScreen):
    """One of the main screens. `ACTS` are its commands in order of use."""

    ACTS: ClassVar[tuple[Command, ...]] = ()
    HINTED: ClassVar[int] = 9
    """How many of the commands the bottom line offers at most."""
    BLANK = True
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(commands.EVERYWHERE[: -len(commands.OF_THE_APP)]),
        Binding("escape", "out", show=False, id="screen.out"),
    ]
    DEFAULT_CSS = """
    ConsoleScreen {
        overflow: hidden;
        & > StatusLine { background: $surface; }
        & > #body { height: 1fr; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._stale = False

    @property
    def shell(self) -> Shell:
        """The app, as far as screens know it."""
        return cast(Shell, self.app)

    def compose(self) -> ComposeResult:
        """Status, body, hints."""
        self._fit(self.app.size)
        yield StatusLine(self.shell.status_of(*self.place()), zone=self.shell.zone)
        yield NoteRule(id="rule")
        with Column(id="body"):
            yield from self.body()
        yield NoteRule(id="told")
        yield HintLine()
        yield TooSmall()

    def _fit(self, size: Size) -> None:
        """Classes for the window's size from the start: Textual sets them after a first layout and styles all anew."""
        for points, cells in ((WIDTHS, size.width), (HEIGHTS, size.height)):
            self.add_class(max(point for point in points if point[0] <= cells)[1], update=False)

    # -- what a screen gives

    def body(self) -> ComposeResult:
        """The middle of the screen."""
        yield from ()

    def place(self) -> tuple[str, int | None]:
        """What the top line calls this screen's contents, and how many there are."""
        return "", None

    def unsure(self) -> int:
        """How many of these rest on own acts that central has not confirmed."""
        return 0

    def subject(self) -> "Ticket | QueueRow | None":
        """The ticket that commands would work on."""
        return None

    def reload(self, ids: frozenset[str]) -> None:
        """Tickets `ids` have changed (empty: something has)."""

    def tick(self) -> None:
        """Time has passed."""

    # -- the frame

    def on_mount(self) -> None:
        """Offers the first hints."""
        self.frame()

    def on_screen_resume(self) -> None:
        """Catches up with what happened meanwhile."""
        if self._stale:
            self._stale = False
            self.reload(frozenset())
        self.tick()
        self.frame()

    def changed(self, ids: frozenset[str]) -> None:
        """Tickets have changed: shown at once where this screen is seen, else when it is seen again."""
        if self.is_current:
            self.reload(ids)
            self.frame()
        else:
            self._stale = True

    def frame(self) -> None:
        """Status and hints as they stand."""
        if not self.is_mounted or self.shell.leaving:
            return
        self.query_one(StatusLine).show(self.shell.status_of(*self.place(), self.unsure()))
        self.query_one(HintLine).show(*self.hints())
        self.query_one("#told", NoteRule).show(self.shell.told, warn=self.shell.told_warns)

    def hints(self) -> tuple[list[Hint], list[Hint]]:
        """The bottom line: what matters now, and the way to everything else at the right edge."""
        keymap = self.shell.keymap
        offered = [command for command in self.ACTS if keymaps.keys_of(command, keymap) and self.offered(command)]
        offered.sort(key=lambda command: command is not commands.UNDO)  # while it can be used, nothing matters more
        found = [
            (keymaps.shown(keymaps.keys_of(command, keymap)), meant.name, self.why_not(meant) is None)
            for command, meant in ((command, self.meant(command)) for command in offered[: self.HINTED])
        ]
        helped = (keymaps.shown(keymaps.keys_of(commands.HELP, keymap)), commands.HELP.name, True)
        return found, [helped, (keymaps.shown(keymaps.keys_of(commands.PALETTE, keymap)), "", True)]

    def offered(self, command: Command) -> bool:
        """Whether a command belongs among the hints now; all can be used from the palette."""
        if command is commands.UNDO:
            return self.shell.held is not None
        return command is not commands.SEND

    def why_not(self, command: Command) -> MscError | None:
        """Why a command can't be used now; None when it can."""
        if self.shell.read_only and command.op is not None:
            return MscError("cache_read_only")
        ticket = self.subject()
        holder = self.holder_of(ticket)
        return commands.why_not(command, self.shell.reading.person, ticket, self.shell.now(), holder)

    def holder_of(self, ticket: "Ticket | QueueRow | None") -> str:
        """The name of whoever holds a ticket."""
        person = self.shell.reading.world.persons.get((ticket.owner if ticket else None) or "")
        return person.name if person else ""

    def available(self) -> list[tuple[Command, MscError | None]]:
        """Every command that can be asked for here, with why it can't where it can't."""
        return [(command, self.why_not(command)) for command in (*self.ACTS, *commands.EVERYWHERE)]

    def meant(self, command: Command) -> Command:
        """What the key of a command stands for, for the ticket that it would work on."""
        return commands.meant(command, self.subject())

    def action_key(self, id: str) -> None:
        """A command's key was pressed."""
        command = next((one for one in self.ACTS if one.id == id), None)
        self.action_act(self.meant(command).id if command else id)

    def action_act(self, id: str) -> None:
        """Runs a command, or says why it can't be."""
        command = next((one for one in (*self.ACTS, *commands.EVERYWHERE) if one.id == id), None)
        if command is None:
            return
        why = self.why_not(command)
        if why is not None:
            self.shell.tell_error(why)
            return
        self.run_command(command)

    def run_command(self, command: Command) -> None:
        """Runs a command that can be used."""
        under = self.subject() if command is commands.GO_TICKET and self.shell.open_ticket_id is None else None
        if under is not None:
            self.shell.open_ticket(under.id)
            return
        if command.id.startswith("go.") and command is not commands.JUMP:
            self.shell.go(command.id.removeprefix("go."))
            return
        name = "do_" + command.id.replace(".", "_")
        handler: Callable[[], None] | None = getattr(self, name, None) or getattr(self.shell, name, None)
        if handler is None:
            raise NotImplementedError(command.id)
        handler()

    def action_out(self) -> None:
        """Esc: one level out; from a main screen to the queue, from there nowhere."""
        self.shell.go("queue")


T = TypeVar("T")


class Modal(ModalScreen[T | None], Generic[T]):
    """A form or a list over a screen. Esc closes it without a result."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", show=False, id="modal.close")]
    DEFAULT_CSS = """
    Modal {
        align: center middle;
        & > .box {
            width: 72; height: auto; max-height: 90%; padding: 0 1;
            border: round $primary; border-title-color: $text; background: $surface;
        }
        & .keys { margin-top: 1; }
        & Input, & TextArea { background: $boost; }
    }
    """

    @property
    def shell(self) -> Shell:
        """The app, as far as screens know it."""
        return cast(Shell, self.app)

    def compose(self) -> ComposeResult:
        """The box with the form's own content, and the word for a window that is too small."""
        with Vertical(classes="box"):
            yield from self.content()
        yield TooSmall()

    def content(self) -> ComposeResult:
        """What stands in the box."""
        yield from ()

    def title_box(self, text: str) -> None:
        """Names the box."""
        self.query_one(".box").border_title = Content(text)

    def action_close(self) -> None:
        """Closes without a result."""
        self.dismiss(None)
