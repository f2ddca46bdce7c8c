"""`msc ticket list|find|show`: looking at tickets."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..domain.rows import QueueRow
from ..errors import UsageError
from ..i18n import _, duration_short
from . import seats
from .output import Column, emit, emit_one
from .talk import say
from .texts import Ticket

if TYPE_CHECKING:
    from ..desk.reading import Reading, TicketView

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help=_("Most rows"))]


def list_(
    view: Annotated[
        str | None, typer.Option(metavar="VIEW", help=_("A view: msc queue list names them"), show_default=False)
    ] = None,
    queue: Annotated[str | None, typer.Option(metavar="KEY", help=_("One queue"), show_default=False)] = None,
    limit: Limit = 50,
) -> None:
    """The rows of a view."""
    if view is not None and queue is not None:
        raise UsageError("view_or_queue")
    desk = seats.reading()
    rows_out(desk, desk.tickets(f"queue:{queue}" if queue is not None else view or "queues", limit))


def find(
    words: Annotated[list[str], typer.Argument(metavar="WORD...", help=_("All of them; the last may go on"))],
    limit: Limit = 50,
) -> None:
    """Full text over what is on this laptop."""
    desk = seats.reading()
    rows_out(desk, desk.search_tickets(" ".join(words), limit))
    if not desk.search_complete():
        say(_("The index is still being built: more may be found in a while."))


def show(ticket: Ticket) -> None:
    """One ticket whole."""
    from . import ticket_page

    desk = seats.reading()
    view = desk.ticket(ticket)
    if not view.whole:
        view = _with_timeline(view)
    emit_one(ticket_page.document(view), view.label, lambda: ticket_page.page(desk, view))


def _with_timeline(view: "TicketView") -> "TicketView":
    """The same ticket once its timeline has been fetched; as it is, with a word, when it can't be."""
    from ..desk.conversing import push_soon
    from ..errors import MscError

    try:
        desk = seats.acting()
        desk.want_timeline(view.ticket.id)
        push_soon(desk)
        view = desk.ticket(view.ticket.id)
    except MscError:
        pass  # nobody is signed in, or another process is at it: what is here is shown
    if not view.whole:
        say(_("The timeline lies at central; it comes as soon as central answers."))
    return view


def rows_out(desk: "Reading", rows: list[QueueRow]) -> None:
    """Tickets as a list."""
    now = desk.now()
    emit(rows, columns(now), document, lambda row: row.label, _("No tickets."))


def columns(now: datetime) -> list[Column]:
    """What a person reads of a ticket in a list."""
    from ..widgets.words import channel_short, priority_mark, state_short

    return [
        Column(_("Number"), lambda row: f"{row.label}{mark(row)}"),
        Column(_("P"), lambda row: priority_mark(row.priority)),
        Column(_("Due"), lambda row: due(row, now)),
        Column(_("State"), lambda row: state_short(row.state, row.waiting_party)),
        Column(_("Holder"), lambda row: row.owner_name or row.owner or "-", cuts=True, least=8),
        Column(_("Chan."), lambda row: channel_short(row.channel), optional=True),
        Column(_("Customer"), lambda row: row.customer or "-", cuts=True, least=10),
        Column(_("Subject"), lambda row: row.subject, cuts=True, least=16),
    ]


def mark(row: QueueRow) -> str:
    """`!` where an act of mine was refused, `*` where one waits for central."""
    return " !" if row.attention else " *" if row.pending else ""


def due(row: QueueRow, now: datetime) -> str:
    """Time left of the clock that runs out next, or how late it is; `~` while central has not confirmed it."""
    sure = "~" if row.pending else ""
    if row.left is not None:
        return _("paused {time}").format(time=duration_short(row.left) + sure)
    if row.due is None:
        return "-"
    left = row.due - now
    if left < timedelta(0):
        return _("late {time}").format(time=duration_short(-left) + sure)
    return duration_short(left) + sure


def document(row: QueueRow) -> dict[str, Any]:
    """A row for scripts; the place in the order is nobody's business."""
    from ..records import to_wire

    return {name: value for name, value in to_wire(row).items() if name != "key"}
