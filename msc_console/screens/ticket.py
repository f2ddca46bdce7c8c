"""One ticket: its timeline, its clocks beside it, and the box to write in."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from .. import commands
from ..commands import Command
from ..desk import TicketView
from ..desk.acts import UNDO_SEND, Done
from ..domain.entry_rules import written_address
from ..domain.model import Ticket
from ..errors import MscError
from ..i18n import _
from ..widgets import words
from ..widgets.paint import Tone, line_of
from ..widgets.row_window import Key
from ..widgets.side_panel import SidePanel
from ..widgets.text_line import TextLine
from ..widgets.ticket_head import TicketHead
from ..widgets.timeline import Timeline
from .about import about_of
from .base import Column, Row, bindings
from .composer import Composer, Drafts
from .shell import Held, Outcome
from .verbs import Verbs


class TicketScreen(Verbs):
    """The ticket that is open; `show` opens another in its place."""

    ACTS = commands.TICKET
    AUTO_FOCUS = "Timeline"
    BINDINGS: ClassVar[list[BindingType]] = bindings(commands.TICKET)
    DEFAULT_CSS = """
    TicketScreen {
        & TicketHead { height: 3; border-bottom: solid $surface-lighten-2; }
        &.-mid TicketHead, &.-wide TicketHead { height: 2; }
        & #left { width: 1fr; }
        & Timeline { height: 1fr; }
        & #rule { height: 1; }
        & SidePanel { display: none; width: 38; border-left: solid $surface-lighten-2; }
        &.-mid SidePanel, &.-wide SidePanel { display: block; }
        &.-wide SidePanel { width: 48; }
        & #none { height: 1; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view: TicketView | None = None
        self._place: Key | None = None
        """Where the ticket stood in the view, also once it has left it."""
        self.drafts: Drafts | None = None

    def body(self) -> ComposeResult:
        """Head; timeline and box; panel."""
        shell = self.shell
        self.drafts = Drafts(shell.desk)
        yield TicketHead(now=shell.now())
        with Row():
            with Column(id="left"):
                yield Timeline(zone=shell.zone)
                yield TextLine(id="none")
                yield Composer(self.drafts)
            yield SidePanel(zone=shell.zone, now=shell.now())

    def place(self) -> tuple[str, int | None]:
        """See `ConsoleScreen`."""
        return (self._view.label if self._view else _("no ticket")), None

    def subject(self) -> Ticket | None:
        """The ticket that is open."""
        return self._view.ticket if self._view else None

    def targets(self) -> Sequence[tuple[str, str]]:
        """The ticket that is open."""
        return [(self._view.ticket.id, self._view.label)] if self._view else []

    # -- showing

    def on_mount(self) -> None:
        """Shows the ticket that was asked for before this screen was there."""
        super().on_mount()
        if self.shell.open_ticket_id is not None:
            wanted, self.shell.wanted = self.shell.wanted, (None, "")
            self.show(self.shell.open_ticket_id, *wanted)
        else:
            self._tell_none()

    def _tell_none(self) -> None:
        text = _("No ticket is open. 1 shows the queue, ^g jumps to a number.")
        self.query_one("#none", TextLine).show([(f"  {text}", Tone.DIM)])

    def show(self, id: str, compose: str | None = None, insert: str = "") -> None:
        """Opens a ticket; MscError when it isn't here."""
        view = self.shell.desk.ticket(id)
        composer = self.query_one(Composer)
        other = self._view is None or self._view.ticket.id != id
        if other:
            composer.close()
        self._view = view
        self._remember_place()
        self._paint(other=other)
        if other:
            self._restore()
            self._mark_seen()
        if compose is not None:
            self._write(compose, insert)
        elif other:
            self.query_one(Timeline).focus()
        self.frame()

    def reload(self, ids: frozenset[str]) -> None:
        """The ticket as it stands now."""
        view = self._view
        if view is None or (ids and view.ticket.id not in ids):
            return
        try:
            fresh = self.shell.desk.ticket(view.ticket.id)
        except MscError:
            left = _("This ticket is no longer among yours. What you write here stays as a draft and can't be sent.")
            self.query_one("#none", TextLine).show([(f"  {left}", Tone.WARN)])
            return  # what was read stays on the screen
        fresh = replace(fresh, seen_at=view.seen_at)  # what was unread when it was opened is so until it is left
        if fresh != view:
            self._view = fresh
            self._paint(other=False)
            self._mark_seen()

    def _mark_seen(self) -> None:
        view, desk = self._view, self.shell.desk
        if view is not None and self.is_current and not self.shell.read_only:
            self.shell.in_thread(lambda: desk.mark_seen(view.ticket.id), lambda _done: None, group="seen")

    def tick(self) -> None:
        """Clocks as they stand now."""
        now = self.shell.now()
        self.query_one(TicketHead).tick(now)
        self.query_one(SidePanel).tick(now)

    def _paint(self, *, other: bool) -> None:
        view = self._view
        if view is None:
            return
        missing = _("The timeline lies at central; it comes as soon as central answers.")
        self.query_one("#none", TextLine).show([] if view.whole else [(f"  {missing}", Tone.DIM)])
        about = about_of(self.shell.desk, view)
        self.query_one(TicketHead).show(about, view.label)
        self.query_one(SidePanel).show(about)
        timeline = self.query_one(Timeline)
        if other:
            timeline.show(view.entries, about.names, first_unread(view, self.shell.desk.person.id))
        else:
            timeline.update_entries(view.entries, about.names)

    # -- along the view

    def _remember_place(self) -> None:
        if self.shell.source is not None and self._view is not None:
            found = self.shell.source.around(self._view.ticket.id, 1)
            if found:
                self._place = found[0].key

    def do_ticket_next(self) -> None:
        """The next ticket of the view."""
        self._step(1)

    def do_ticket_previous(self) -> None:
        """The previous ticket of the view."""
        self._step(-1)

    def _step(self, way: int) -> None:
        source = self.shell.source
        if source is None:
            return
        rows = source.page(self._place, 1) if way > 0 else source.before(self._place, 1)
        if not rows:
            self.shell.tell(_("That was the last one of the view.") if way > 0 else _("That was the first one."))
            return
        self.shell.open_ticket(rows[0].id)

    # -- writing

    def _restore(self) -> None:
        """A draft that was left here is shown again."""
        view = self._view
        if view is None:
            return
        for kind in ("reply", "note"):
            draft = self.shell.desk.draft(view.ticket.id, kind)
            if draft is not None and draft.body.strip():
                self._open(kind, draft.body)
                return

    def _open(self, kind: str, text: str) -> None:
        view, composer = self._view, self.query_one(Composer)
        if view is not None:
            composer.open(view.ticket.id, kind, text, self._title(kind))

    def _title(self, kind: str) -> str:
        view = self._view
        if view is None or kind == "note":
            return _("Note, only for us")
        address = written_address(view.contact, view.ticket.channel)
        name = line_of(view.ticket.contact_name or "—", 30)
        if address is None:
            return _("Reply to {name}: no address to write to").format(name=name)
        channel = words.channel_word(address.channel)
        return _("Reply to {name} by {channel}").format(name=name, channel=channel)

    def do_ticket_reply(self) -> None:
        """Writes to the customer."""
        self._write("reply")

    def do_ticket_note(self) -> None:
        """Writes a note."""
        self._write("note")

    def _write(self, kind: str, insert: str = "") -> None:
        view, composer = self._view, self.query_one(Composer)
        if view is None:
            return
        if composer.ticket != view.ticket.id or composer.kind != kind:
            composer.flush()
            draft = self.shell.desk.draft(view.ticket.id, kind)
            self._open(kind, draft.body if draft else "")
        if insert:
            composer.insert(insert)
        composer.area.focus()

    def on_composer_left(self) -> None:
        """Out of the box, back to the timeline."""
        self.query_one(Timeline).focus()
        self.frame()

    def do_reply_send(self) -> None:
        """Sends what is written."""
        self.query_one(Composer).action_send()

    def on_composer_sent(self, message: Composer.Sent) -> None:
        """Sends what is written: a reply is held back for a while, so that it can be undone."""
        command = commands.REPLY if message.kind == "reply" else commands.NOTE
        error = self.why_not(command) or (None if message.text else MscError("body_missing"))
        if error is not None:
            self.shell.tell_error(error)
            return
        composer, desk, drafts = self.query_one(Composer), self.shell.desk, self.drafts
        ticket, kind, text = message.ticket, message.kind, message.text
        assert drafts is not None
        composer.area.read_only = True
        label = self._view.label if self._view else ""
        turn = drafts.turn(ticket, kind)

        def send() -> Done:
            done = desk.reply(ticket, text, hold=UNDO_SEND) if kind == "reply" else desk.note(ticket, text)
            drafts.save(ticket, kind, "", turn)
            return done

        def told(outcomes: Sequence[Outcome]) -> None:
            sent = outcomes[0].done
            if sent is None:
                composer.not_sent()
                return
            if kind == "reply":
                self.shell.hold_reply(Held(sent.op, ticket, label, text, self.shell.now() + UNDO_SEND))
            if composer.is_mounted and composer.ticket == ticket:
                composer.clear_sent()
                self.query_one(Timeline).focus()

        self.shell.perform([(label, send)], told, group="compose")

    def do_ticket_knowledge(self) -> None:
        """Finds an article and puts its words into the reply."""
        from .knowledge import KnowledgePick

        if self._view is not None:
            pick = KnowledgePick(self._view.ticket)
            self.app.push_screen(pick, lambda text: self._write("reply", text) if text else None)

    # -- the frame

    def offered(self, command: Command) -> bool:
        """While writing, the keys of the box; a waiting ticket's work can be resumed."""
        if self.is_mounted and self.query_one(Composer).area.has_focus:
            return command is commands.SEND
        if command is commands.RESUME:
            return self._view is not None and (
                commands.held_back(self._view.ticket.state) or self.meant(command) is not command
            )
        if command is commands.TAKE:
            return self._view is not None and self._view.ticket.owner != self.shell.desk.person.id
        return super().offered(command)

    def why_not(self, command: Command) -> MscError | None:
        """A reply also needs an address to go to."""
        found = super().why_not(command)
        view = self._view
        if found is None and command is commands.REPLY and view is not None:
            if view.ticket.contact is None:
                return MscError("contact_missing")
            if view.contact is not None and written_address(view.contact, view.ticket.channel) is None:
                return MscError("no_written_address", contact_name=view.ticket.contact_name)
        if command is commands.UNDO:
            return None if self.shell.held else MscError("nothing_held")
        return found

    def on_descendant_focus(self) -> None:
        """Other keys matter in the box."""
        self.frame()

    def action_out(self) -> None:
        """Esc: to where the ticket was opened from; what is written is kept."""
        self.query_one(Composer).flush()
        self.shell.go(self.shell.ticket_from)


def first_unread(view: TicketView, me: str) -> str | None:
    """The id of the first entry that came after the person last had the ticket open; None for the first time."""
    seen = view.seen_at
    if seen is None:
        return None
    fresh = (one.id for one in view.entries if one.author != me and max(one.at, one.received_at or one.at) > seen)
    return next(fresh, None)
