"""Where replies and notes are written. What is typed is journalled as it is typed and survives a kill."""

import threading
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import TextArea

from ..desk import Desk
from ..errors import MscError
from ..i18n import _

JOURNAL_AFTER = 0.3
"""Seconds of quiet after which what was typed is kept."""


class Drafts:
    """Keeps drafts from any thread, the latest last: one that was sent meanwhile never comes back."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._turn: dict[tuple[str, str], int] = {}

    def turn(self, ticket: str, kind: str) -> int:
        """The number of a new state of a draft; a lower one is kept no more."""
        with self._lock:
            self._turn[ticket, kind] = turn = self._turn.get((ticket, kind), 0) + 1
            return turn

    def save(self, ticket: str, kind: str, text: str, turn: int) -> bool:
        """Keeps a state unless a later one was made; blank text discards the draft."""
        with self._lock:
            if turn != self._turn.get((ticket, kind)):
                return False
            self._desk.save_draft(ticket, kind, text)
            return True


class Composer(Vertical):
    """A box with one text: a reply or a note on one ticket."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+enter", "send", show=False, priority=True, id="composer.send"),
        Binding("escape", "leave", show=False, id="composer.leave"),
    ]
    DEFAULT_CSS = """
    Composer {
        display: none; height: 8; border: round $primary; padding: 0 1;
        border-title-color: $text; border-subtitle-color: $text-muted;
        &.note { border: round $secondary; }
        & TextArea { height: 1fr; background: transparent; }
    }
    """

    class Sent(Message):
        """The person wants the text sent."""

        def __init__(self, ticket: str, kind: str, text: str) -> None:
            super().__init__()
            self.ticket, self.kind, self.text = ticket, kind, text

    class Left(Message):
        """The person left the box."""

    def __init__(self, drafts: Drafts) -> None:
        super().__init__()
        self.drafts = drafts
        self.ticket = ""
        self.kind = "reply"
        self._timer: Timer | None = None
        self._kept = ""
        """What the journal holds."""

    def compose(self) -> ComposeResult:
        """The text."""
        area = TextArea(
            compact=True, soft_wrap=True, show_line_numbers=False, tab_behavior="focus", highlight_cursor_line=False
        )
        area.highlight_cursor_line = False
        yield area

    @property
    def area(self) -> TextArea:
        """The text's widget."""
        return self.query_one(TextArea)

    @property
    def text(self) -> str:
        """What is written."""
        return self.area.text

    def open(self, ticket: str, kind: str, draft: str, title: str) -> None:
        """Shows the box for a ticket with its draft."""
        self.flush()
        self.ticket, self.kind, self._kept = ticket, kind, draft
        self.set_class(kind == "note", "note")
        self.border_title = Content(title)
        self.border_subtitle = Content(_("^s send   Esc back"))
        self.area.text = draft
        self.area.read_only = False
        self.area.move_cursor(self.area.document.end)
        self.display = True

    def close(self) -> None:
        """Keeps what is written and hides the box."""
        self.flush()
        self.ticket = ""
        self.display = False

    def insert(self, text: str) -> None:
        """Puts text where the cursor is."""
        self.area.insert(text)

    def clear_sent(self) -> None:
        """The text was sent: an empty box is hidden."""
        self._kept = ""
        self.area.text = ""
        self.area.read_only = False
        self.ticket = ""
        self.display = False

    def not_sent(self) -> None:
        """Sending failed: the text stays, and is journalled again."""
        self._kept = ""
        self.area.read_only = False
        self.journal()

    def on_text_area_changed(self) -> None:
        """Journals when the typing rests."""
        if self._timer is not None:
            self._timer.stop()
        if self.ticket and self.text != self._kept:
            self._timer = self.set_timer(JOURNAL_AFTER, self.journal)

    def journal(self) -> None:
        """Keeps what is written, in a thread."""
        if self._timer is not None:
            self._timer.stop()
        if not self.ticket or self.text == self._kept:
            return
        from .shell import Shell

        ticket, kind, text = self.ticket, self.kind, self.text
        turn = self.drafts.turn(ticket, kind)
        self._kept = text
        shell = self.app
        assert isinstance(shell, Shell)
        if not shell.read_only:
            shell.in_thread(
                lambda: self.drafts.save(ticket, kind, text, turn), self._told, group="drafts", failed=self._failed
            )

    def flush(self) -> None:
        """Before the box shows another ticket or the console ends: what is written is on its way to the journal."""
        if self.ticket and self.is_mounted:
            self.journal()

    def _told(self, _kept: bool) -> None:
        if self.display and self.text.strip():
            self.border_subtitle = Content(_("draft kept   ^s send   Esc back"))

    def _failed(self, error: MscError) -> None:
        self._kept = ""
        self.border_subtitle = Content(_("DRAFT NOT KEPT   ^s send   Esc back"))

    def action_send(self) -> None:
        """Asks for the text to be sent."""
        if self._timer is not None:
            self._timer.stop()
        if self.ticket and not self.area.read_only:
            self.post_message(self.Sent(self.ticket, self.kind, self.text.strip()))

    def action_leave(self) -> None:
        """Out of the box; what is written stays."""
        self.journal()
        if not self.text.strip():
            self.close()
        self.post_message(self.Left())
