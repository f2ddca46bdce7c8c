"""The queue: views at the left, the tickets of one of them, a preview where there is room."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer
from textual.widget import Widget

from .. import commands, keymaps
from ..domain.rights import sees_tickets
from ..domain.rows import QueueRow
from ..errors import MscError
from ..i18n import _, ngettext
from ..widgets.paint import Line, Tone
from ..widgets.pick_list import Item, PickList
from ..widgets.preview import Preview
from ..widgets.text_line import TextLine
from ..widgets.ticket_list import TicketList
from . import views
from .base import Column, Row, bindings
from .shell import Outcome
from .verbs import Verbs

SEARCH_AFTER = 0.12
"""Seconds of quiet after which what was typed is searched for."""
PREVIEW_AFTER = 0.08
"""Seconds that the cursor rests on a ticket before it is previewed: moving on costs nothing."""
SEARCH_MOST = 100


class QueueScreen(Verbs):
    """Which tickets are to be worked on, the nearest due first."""

    ACTS = commands.QUEUE
    HINTED = 13
    AUTO_FOCUS = "TicketList"
    BINDINGS: ClassVar[list[BindingType]] = bindings(commands.QUEUE)
    DEFAULT_CSS = """
    QueueScreen {
        & #views { display: none; width: 26; border-right: solid $surface-lighten-2; }
        & #list { width: 1fr; }
        & TicketList { height: 1fr; }
        & #info { height: 1; }
        & #preview { display: none; border-top: solid $surface-lighten-2; }
        & #search { display: none; height: 1; }
        &.-mid #views, &.-wide #views { display: block; }
        &.-tall #preview { display: block; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.view = "queues"
        self._counts: views.Counts = {}
        self._proposals = 0
        self._text = ""
        self._complete = True
        self._resting: dict[str, Timer] = {}

    def body(self) -> ComposeResult:
        """Views, list, note, preview."""
        desk, now = self.shell.reading, self.shell.now()
        self.shell.source = source = desk.source(self.view)
        with Row():
            yield PickList(self._items(), id="views")
            with Column(id="list"):
                tickets = TicketList(source, now=now)
                if not sees_tickets(desk.person.role):
                    tickets.empty = _("Your role works without tickets.")
                yield tickets
                yield TextLine(id="info")
        yield Preview(zone=self.shell.zone, id="preview")

    def place(self) -> tuple[str, int | None]:
        """The view and its count."""
        if self._text:
            return _("Search"), self.query_one(TicketList).count
        count = self.query_one(TicketList).count if self.is_mounted else None
        return views.name_of(self.shell.reading, self.view), count

    def unsure(self) -> int:
        """See `ConsoleScreen`."""
        if self._text:
            source = self.shell.source
            return source.waiting() if isinstance(source, views.Found) else 0
        return self._counts.get(self.view, (0, 0))[1]

    def subject(self) -> QueueRow | None:
        """The row under the cursor."""
        return self.query_one(TicketList).row if self.is_mounted else None

    def targets(self) -> Sequence[tuple[str, str]]:
        """The marked tickets, else the one under the cursor."""
        tickets = self.query_one(TicketList)
        if not tickets.marked:
            return [(tickets.row.id, tickets.row.label)] if tickets.row else []
        desk = self.shell.desk
        return [(id, desk.label(desk.find_ticket(id))) for id in tickets.marked]

    def why_not(self, command: commands.Command) -> MscError | None:
        """With several marked, each ticket answers for itself."""
        if command is commands.UNDO:
            return None if self.shell.held else MscError("nothing_held")
        if self.is_mounted and self.query_one(TicketList).marked and command.on_ticket:
            anywhere = replace(command, on_ticket=False)
            return commands.why_not(anywhere, self.shell.reading.person, None, self.shell.now())
        return super().why_not(command)

    def meant(self, command: commands.Command) -> commands.Command:
        """With several marked a key means one thing for all of them."""
        return command if self.is_mounted and self.query_one(TicketList).marked else super().meant(command)

    def frame(self) -> None:
        """Also the note under the list."""
        super().frame()
        if self.is_mounted and not self.shell.leaving:
            self._inform()

    # -- rows and counts

    def on_mount(self) -> None:
        """Counts come after the first rows."""
        super().on_mount()
        self.call_after_refresh(self._count)
        self._inform()

    def reload(self, ids: frozenset[str]) -> None:
        """Rows that changed, and the counts."""
        if self._text:
            self._search()
        else:
            self.query_one(TicketList).changed(ids)
        self._count()
        self._later("preview", PREVIEW_AFTER, self._preview)
        self._inform()

    def tick(self) -> None:
        """Deadlines as they stand now."""
        self.query_one(TicketList).tick(self.shell.now())

    def after(self, outcomes: Sequence[Outcome]) -> None:
        """Marks of what was done are taken away; what failed stays marked."""
        if outcomes and all(outcome.error is None for outcome in outcomes):
            self.query_one(TicketList).clear_marks()

    def _count(self) -> None:
        desk = self.shell.reading
        keys = [*views.NAMES, *(f"queue:{key}" for key in desk.person.queues)]
        self.shell.in_thread(
            lambda: ({key: (desk.count(key), desk.waiting(key)) for key in keys}, views.proposals(desk)),
            lambda found: self._counted(*found),
            group="counts",
        )

    def _counted(self, counts: views.Counts, proposals: int) -> None:
        self._proposals = proposals
        if counts != self._counts and self.is_mounted:
            self._counts = counts
            self.query_one("#views", PickList).show(self._items())
        self.frame()

    def _items(self) -> list[Item]:
        return views.items(self.shell.reading, self._counts, "" if self._text else self.view)

    def _inform(self) -> None:
        """The note under the list: where one is, and what is marked."""
        tickets = self.query_one(TicketList)
        marked = len(tickets.marked)
        parts = []
        if tickets.count:
            parts.append(_("{n} of {all}").format(n=tickets.cursor + 1, all=tickets.count))
        if marked:
            parts.append(ngettext("{n} marked", "{n} marked", marked).format(n=marked))
        parts.append(_("newest first") if self._text else _("nearest due first"))
        if self._text and not self._complete:
            parts.append(_("the index is still being built"))
        pending = any(row.pending for row in tickets.visible_rows)
        if pending:
            parts.append(_("~ not yet confirmed by central"))
        left: Line = [("  " + " · ".join(parts), Tone.DIM)]
        self.query_one("#info", TextLine).show(left, self._notice())

    def _notice(self) -> Line:
        """What the person's own acts wait for, where it is anything to know, and the key that shows them."""
        pending, refused = self.shell.reading.counts()
        key = keymaps.shown(keymaps.keys_of(commands.GO_SYNC, self.shell.keymap))
        if refused:
            text = ngettext("{n} act was refused: {key} shows it.", "{n} acts were refused: {key} shows them.", refused)
            return [(text.format(n=refused, key=key) + " ", Tone.LATE)]
        if self._proposals:
            text = ngettext(
                "{n} proposal of a colleague: {key} shows it.",
                "{n} proposals of colleagues: {key} shows them.",
                self._proposals,
            )
            return [(text.format(n=self._proposals, key=key) + " ", Tone.WARN)]
        if pending and not self.shell.sync_status.online:
            text = ngettext(
                "{n} act waits, safe on this laptop: {key} shows it.",
                "{n} acts wait, safe on this laptop: {key} shows them.",
                pending,
            )
            return [(text.format(n=pending, key=key) + " ", Tone.WARN)]
        return []

    # -- the cursor

    def on_ticket_list_highlighted(self) -> None:
        """The cursor came to another ticket. A line elsewhere would make every key paint the whole screen."""
        self._later("preview", PREVIEW_AFTER, self._preview)

    def on_ticket_list_marked(self) -> None:
        """Other tickets are marked."""
        self._inform()
        self.frame()

    def on_ticket_list_opened(self, message: TicketList.Opened) -> None:
        """A ticket was asked for."""
        self.shell.open_ticket(message.ticket_id)

    def on_pick_list_chosen(self, message: PickList.Chosen) -> None:
        """A view was chosen at the left."""
        self.show_view(message.item_id)
        self.query_one(TicketList).focus()

    def show_view(self, key: str) -> None:
        """Shows another view; the cursor stays on its ticket where the view has it."""
        tickets = self.query_one(TicketList)
        self.view, self._text = key, ""
        self.shell.source = source = self.shell.reading.source(key)
        tickets.show(source, tickets.cursor_id)
        self._close_search()
        self.query_one("#views", PickList).show(self._items(), key)
        self._inform()
        self.frame()

    def _preview(self) -> None:
        from .about import about_of

        self._inform()
        self.frame()
        preview = self.query_one(Preview)
        if not preview.display or not self.is_current:
            return
        row = self.subject()
        if row is None:
            preview.clear()
            return
        try:
            view = self.shell.reading.ticket(row.id)
        except MscError:
            preview.clear()  # it left the cache between the cursor and this look
            return
        preview.show(about_of(self.shell.reading, view), view.label, view.entries)

    def _later(self, name: str, seconds: float, what: object) -> None:
        if name in self._resting:
            self._resting[name].stop()
        self._resting[name] = self.set_timer(seconds, what)  # type: ignore[arg-type]

    # -- search

    def do_queue_search(self) -> None:
        """Opens the line to type into."""
        from .search_line import SearchLine

        if not self.query(SearchLine):
            line = SearchLine()
            self.query_one("#list").mount(line, after=self.query_one(TicketList))
            line.focus()
        else:
            self.query_one(SearchLine).focus()

    def on_search_line_typed(self, message: Widget) -> None:
        """Searches when the typing rests."""
        self._text = message.value.strip()  # type: ignore[attr-defined]
        self._later("search", SEARCH_AFTER, self._search)

    def on_search_line_left(self, message: Widget) -> None:
        """Enter or an arrow goes to what was found; Esc ends the search."""
        if message.ended:  # type: ignore[attr-defined]
            self.show_view(self.view)
        self.query_one(TicketList).focus()

    def _search(self) -> None:
        text, desk = self._text, self.shell.reading
        if not text:
            self.query_one(TicketList).show(desk.source(self.view))
            self._inform()
            return
        self.shell.in_thread(
            lambda: (desk.search_tickets(text, SEARCH_MOST), desk.search_complete()),
            lambda found: self._found(text, *found),
            group="search",
        )

    def _found(self, text: str, rows: Sequence[QueueRow], complete: bool) -> None:
        self._complete = complete
        if text != self._text or not self.is_mounted:
            return
        tickets = self.query_one(TicketList)
        self.shell.source = found = views.Found(rows)
        tickets.show(found, tickets.cursor_id)
        self._inform()
        self.frame()

    def _close_search(self) -> None:
        from .search_line import SearchLine

        for line in self.query(SearchLine):
            line.remove()

    # -- commands

    def do_ticket_open(self) -> None:
        """Opens the ticket under the cursor."""
        row = self.subject()
        if row is not None:
            self.shell.open_ticket(row.id)

    def do_queue_mark(self) -> None:
        """Marks the ticket under the cursor."""
        self.query_one(TicketList).action_mark()

    def do_queue_unmark(self) -> None:
        """Takes every mark away."""
        self.query_one(TicketList).clear_marks()

    def do_queue_views(self) -> None:
        """To the views at the left, or in a box where there is no room for them."""
        views = self.query_one("#views", PickList)
        if self.query_one("#views").display:
            views.focus()
            return
        from .lists import PickModal

        self.app.push_screen(PickModal(_("Views"), self._items(), self.view), self._view_picked)

    def _view_picked(self, key: str | None) -> None:
        if key:
            self.show_view(key)

    def do_ticket_reply(self) -> None:
        """Opens the ticket with the composer; several marked tickets get one text."""
        self._write("reply")

    def do_ticket_note(self) -> None:
        """As `do_ticket_reply`, for a note."""
        self._write("note")

    def _write(self, kind: str) -> None:
        targets = self.targets()
        if len(targets) == 1:
            self.shell.open_ticket(targets[0][0], kind)
            return
        from .forms import TextForm

        desk = self.shell.desk
        title = _("Reply to {tickets}") if kind == "reply" else _("Note on {tickets}")
        form = TextForm(title.format(tickets=self.heading()))
        act = desk.reply if kind == "reply" else desk.note
        self.ask(form, lambda id, got: act(id, got["body"]))

    def do_ticket_new(self) -> None:
        """Makes a ticket, and its contact where that is a new one."""
        from . import new_ticket

        desk = self.shell.desk
        form = new_ticket.NewTicketForm(desk.services(), desk.queue_list(), new_ticket.start_from(desk))

        def filled(got: Mapping[str, str] | None) -> None:
            if got is not None:
                self.shell.perform([("", lambda: new_ticket.make(desk, got))], self._made, group=self.GROUP)

        self.app.push_screen(form, filled)

    def _made(self, outcomes: Sequence[Outcome]) -> None:
        """A ticket of one's own is opened."""
        done = outcomes[0].done
        if done is not None and done.ticket is not None and done.ticket.owner == self.shell.desk.person.id:
            self.shell.open_ticket(done.target)

    def action_out(self) -> None:
        """Esc: from the search or the views back to the list; then marks are taken away."""
        tickets = self.query_one(TicketList)
        if self._text:
            self.show_view(self.view)
        elif tickets.has_focus and tickets.marked:
            tickets.clear_marks()
        tickets.focus()
