"""What a person can ask for on the screens: one object gives key, footer, palette, help, tooltip and CLI hint.

A command that can't be used now says why (`why_not`); the desk's rules remain the last word. Ids never change: a
keymap file names them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from . import clock
from .domain.people import Person
from .domain.rights import Right, has, may
from .domain.rows import QueueRow
from .domain.terms import Op, Role, State
from .domain.workflow import ACTIVE, TRANSITIONS
from .errors import ConflictError, MscError, NotAllowed, UsageError
from .i18n import N_, _

if TYPE_CHECKING:
    from .domain.model import Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing to ask for. `label` and `help` are message ids; read them through `name` and `sentence`."""

    id: str
    key: str = ""
    """As Textual spells keys, several with commas; empty = from the palette alone."""
    label: str
    """A word or two for the footer."""
    help: str
    """A sentence for palette, help and tooltip."""
    op: Op | None = None
    """The act it leads to: rights, state and claim are judged by it."""
    on_ticket: bool = False
    """Needs a ticket under the cursor or on the screen."""
    cli: str = ""
    """The same on the command line."""

    @property
    def name(self) -> str:
        """The footer's word, in the person's language."""
        return _(self.label)

    @property
    def sentence(self) -> str:
        """The help line, in the person's language."""
        return _(self.help)


def _on_ticket(id: str, key: str, label: str, help: str, op: Op, cli: str) -> Command:
    return Command(id=id, key=key, label=label, help=help, op=op, on_ticket=True, cli=f"msc ticket {cli}")


TAKE = _on_ticket("ticket.take", "t", N_("take"), N_("Take the ticket: you hold it."), Op.TICKET_TAKE, "take")
REPLY = _on_ticket("ticket.reply", "r", N_("reply (verb)"), N_("Write to the customer."), Op.ENTRY_REPLY, "reply")
NOTE = _on_ticket("ticket.note", "c", N_("note"), N_("Write a note that only we see."), Op.ENTRY_NOTE, "note")
HOLD = _on_ticket("ticket.hold", "h", N_("hold"), N_("Wait for somebody, with a reason."), Op.TICKET_HOLD, "hold")
RESUME = _on_ticket(
    "ticket.resume", "u", N_("resume"), N_("End the waiting; reopen a resolved ticket."), Op.TICKET_RESUME, "resume"
)
ESCALATE = _on_ticket(
    "ticket.escalate", "e", N_("escalate"), N_("Ask a higher level for help."), Op.ESCALATION_RAISE, "escalate"
)
RESOLVE = _on_ticket(
    "ticket.resolve",
    "l",
    N_("resolve"),
    N_("Say how it was solved; close a resolved ticket."),
    Op.TICKET_RESOLVE,
    "resolve",
)
CLASSIFY = _on_ticket(
    "ticket.classify", "f", N_("classify"), N_("Urgency, impact, service, component, category."), Op.TICKET_SET, "set"
)
ASSIGN = _on_ticket("ticket.assign", "a", N_("assign"), N_("Give the ticket to somebody."), Op.TICKET_ASSIGN, "assign")
MOVE = _on_ticket("ticket.move", "", N_("move"), N_("Move the ticket to another queue."), Op.TICKET_MOVE, "move")
RELEASE = _on_ticket(
    "ticket.release", "", N_("release"), N_("Give the ticket back to its queue."), Op.TICKET_RELEASE, "release"
)
CALL = _on_ticket("ticket.call", "", N_("call"), N_("Log a telephone call."), Op.ENTRY_CALL, "call")
TIME = _on_ticket("ticket.time", "", N_("time"), N_("Log minutes of work."), Op.ENTRY_TIME, "time")
CLOSE = _on_ticket("ticket.close", "", N_("close"), N_("Close a resolved ticket."), Op.TICKET_CLOSE, "close")
REOPEN = _on_ticket("ticket.reopen", "", N_("reopen"), N_("Open a resolved ticket again."), Op.TICKET_REOPEN, "reopen")
CANCEL = _on_ticket(
    "ticket.cancel", "", N_("cancel ticket"), N_("End a ticket that is none."), Op.TICKET_CANCEL, "cancel"
)
NEW = Command(
    id="ticket.new",
    key="n",
    label=N_("new"),
    help=N_("Make a ticket, and the contact where it is a new one."),
    op=Op.TICKET_CREATE,
    cli="msc ticket new",
)
OPEN = Command(
    id="ticket.open",
    key="enter",
    label=N_("open (verb)"),
    help=N_("Open the ticket."),
    on_ticket=True,
    cli="msc ticket show",
)
MARK = Command(
    id="queue.mark", key="space", label=N_("mark"), help=N_("Mark the ticket; verbs work on all marked ones.")
)
VIEWS = Command(id="queue.views", key="v", label=N_("views"), help=N_("Choose which tickets are listed."))
SEARCH = Command(
    id="queue.search", key="slash", label=N_("search"), help=N_("Search as you type."), cli="msc ticket list"
)
UNMARK = Command(id="queue.unmark", label=N_("unmark all"), help=N_("Take every mark away."))
NEXT = Command(id="ticket.next", key="n", label=N_("next"), help=N_("The next ticket of the view."))
PREVIOUS = Command(id="ticket.previous", key="p", label=N_("previous"), help=N_("The previous ticket of the view."))
INSERT = Command(
    id="ticket.knowledge",
    key="k",
    label=N_("knowledge"),
    help=N_("Put words of an article into the reply."),
    on_ticket=True,
    cli="msc kb search",
)
UNDO = Command(id="reply.undo", key="z", label=N_("undo"), help=N_("Take back the reply that was just sent."))
SEND = Command(id="reply.send", key="ctrl+s,ctrl+enter", label=N_("send"), help=N_("Send what is written."))
INTO_REPLY = Command(
    id="article.insert",
    key="r",
    label=N_("into the reply"),
    help=N_("Put the article into the reply of the open ticket."),
)
FIND = Command(id="list.search", key="slash", label=N_("search"), help=N_("Search as you type."))
ACK = Command(
    id="escalation.ack",
    key="a",
    label=N_("acknowledge"),
    help=N_("Say that the level has it."),
    op=Op.ESCALATION_ACK,
    cli="msc escalation ack",
)
RETURN = Command(
    id="escalation.return",
    key="b",
    label=N_("return"),
    help=N_("Give it back with a reason or a solution."),
    op=Op.ESCALATION_RETURN,
    cli="msc escalation return",
)
SYNC_NOW = Command(
    id="sync.now", key="s", label=N_("sync now"), help=N_("Talk with central right away."), cli="msc sync now"
)


def _on_act(id: str, key: str, label: str, help: str, cli: str) -> Command:
    return Command(id=f"sync.{id}", key=key, label=label, help=help, cli=f"msc sync {cli}")


RETRY = _on_act(
    "retry", "m,r", N_("keep mine"), N_("Your value is set after all, on what is so now."), "resolve --keep mine"
)
THEIRS = _on_act("theirs", "t", N_("take theirs"), N_("Theirs stands, yours is dropped."), "resolve --keep theirs")
KEEP_NOTE = _on_act(
    "note",
    "n",
    N_("as a note"),
    N_("Nothing is changed; what was wanted is kept as an internal note."),
    "resolve --keep note",
)
OFFER = _on_act(
    "offer",
    "o",
    N_("offer"),
    N_("Whoever holds the ticket now adopts or declines it."),
    "resolve --keep offer",
)
ADOPT = _on_act(
    "adopt", "a", N_("adopt"), N_("What the colleague proposed is done, in your name."), "resolve --keep mine"
)
DECLINE = _on_act(
    "decline",
    "d",
    N_("decline"),
    N_("The ticket stays as it is; the colleague sees that."),
    "resolve --keep theirs",
)
WITHDRAW = _on_act("withdraw", "w", N_("withdraw"), N_("Your act is taken back, as if never made."), "withdraw")
DISMISS = _on_act("dismiss", "x", N_("let go"), N_("The refused act is let go and not tried again."), "dismiss")

GO_QUEUE = Command(id="go.queue", key="1", label=N_("Queue"), help=N_("The queue."))
GO_TICKET = Command(
    id="go.ticket",
    key="2",
    label=N_("Ticket"),
    help=N_("The last open ticket, or the one under the cursor."),
)
GO_KNOWLEDGE = Command(id="go.knowledge", key="3", label=N_("Knowledge"), help=N_("The knowledge base."))
GO_ESCALATIONS = Command(id="go.escalations", key="4", label=N_("Escalations"), help=N_("Escalations."))
GO_SYNC = Command(id="go.sync", key="0", label=N_("Sync"), help=N_("What waits for central, and what it refused."))
JUMP = Command(id="go.jump", key="ctrl+g", label=N_("jump"), help=N_("Open a ticket by number or alias."))
HELP = Command(id="app.help", key="question_mark,f1", label=N_("help"), help=N_("The keys that work here."))
PALETTE = Command(id="app.palette", key="ctrl+p,colon", label=N_("palette"), help=N_("Everything there is to do."))
THEME = Command(id="app.theme", label=N_("theme"), help=N_("Change the colours."))
SIGN_OUT = Command(id="app.sign_out", label=N_("sign out"), help=N_("End of the shift: sign out. Unsent work is safe."))
LOCK = Command(id="app.lock", key="ctrl+l", label=N_("lock"), help=N_("Lock: hide everything until the password."))
QUIT = Command(id="app.quit", key="ctrl+q", label=N_("quit"), help=N_("Leave the console. Unsent work is safe."))
OF_THE_APP = (LOCK, QUIT)
"""Their keys work everywhere, also in forms."""

RARE = (MOVE, RELEASE, CALL, TIME, CLOSE, REOPEN, CANCEL)
"""From the palette."""
QUEUE = (
    OPEN,
    TAKE,
    REPLY,
    NEW,
    HOLD,
    ESCALATE,
    SEARCH,
    NOTE,
    RESOLVE,
    CLASSIFY,
    MARK,
    RESUME,
    ASSIGN,
    VIEWS,
    UNDO,
    UNMARK,
    *RARE,
)
TICKET = (
    REPLY,
    NOTE,
    TAKE,
    HOLD,
    ESCALATE,
    RESOLVE,
    INSERT,
    NEXT,
    PREVIOUS,
    RESUME,
    CLASSIFY,
    UNDO,
    SEND,
    replace(ASSIGN, key=""),  # twelve letters are enough for one screen
    *RARE,
)
KNOWLEDGE = (FIND, INTO_REPLY)
ESCALATIONS = (OPEN, ACK, RETURN)
WAYS_OUT = (RETRY, ADOPT, OFFER, THEIRS, DECLINE, KEEP_NOTE, WITHDRAW, DISMISS)
"""Of an act that central could not apply, the likeliest first."""
SYNC = (*WAYS_OUT, OPEN, SYNC_NOW)
EVERYWHERE = (
    GO_QUEUE,
    GO_TICKET,
    GO_KNOWLEDGE,
    GO_ESCALATIONS,
    GO_SYNC,
    JUMP,
    HELP,
    PALETTE,
    THEME,
    SIGN_OUT,
    *OF_THE_APP,
)
SCREENS: Mapping[str, tuple[Command, ...]] = {
    "queue": QUEUE,
    "ticket": TICKET,
    "knowledge": KNOWLEDGE,
    "escalations": ESCALATIONS,
    "sync": SYNC,
}

_SOURCES = {row.act: row.sources for row in TRANSITIONS} | dict.fromkeys(
    (Op.TICKET_TAKE, Op.TICKET_RELEASE, Op.TICKET_ASSIGN, Op.TICKET_MOVE), ACTIVE
)
_CLAIMING = frozenset(
    {
        Op.TICKET_RELEASE,
        Op.TICKET_SET,
        Op.TICKET_HOLD,
        Op.TICKET_RESUME,
        Op.TICKET_RESOLVE,
        Op.TICKET_CLOSE,
        Op.TICKET_REOPEN,
        Op.TICKET_CANCEL,
        Op.ENTRY_REPLY,
        Op.ESCALATION_RAISE,
    }
)
"""Acts of the holder alone; on a free ticket they take it in the same act."""


_STEPS = {RESOLVE: CLOSE, RESUME: REOPEN}
"""What a key does once its own act has no more place: the next step the same way."""


def meant(command: Command, ticket: "Ticket | QueueRow | None") -> Command:
    """What a command's key stands for on a ticket: on a resolved one the key of `resolve` closes it, that of `resume`
    reopens it; else itself."""
    step = _STEPS.get(command)
    if step is None or ticket is None or step.op is None or ticket.state not in _SOURCES[step.op]:
        return command
    return step


def why_not(
    command: Command, who: Person, ticket: "Ticket | QueueRow | None", now: datetime, holder: str = ""
) -> MscError | None:
    """Why the command can't be used now, for a person and the ticket before them; None when it can.

    `holder` is the name of whoever holds the ticket, where it is known.
    """
    op = command.op
    if op is not None and not may(who.role, op):
        return NotAllowed("no_right", role=str(who.role), kind=str(op))
    if not command.on_ticket:
        return None
    if ticket is None:
        return UsageError("nothing_chosen")
    if op is None:
        return None
    if op in _SOURCES and ticket.state not in _SOURCES[op]:
        return MscError("transition", state=str(ticket.state))
    return _claim(op, who, ticket, now, holder)


def _claim(op: Op, who: Person, ticket: "Ticket | QueueRow", now: datetime, holder: str) -> MscError | None:
    if ticket.owner == who.id:
        return MscError("already_yours") if op is Op.TICKET_TAKE else None
    if ticket.owner is None:
        return MscError("not_held") if op is Op.TICKET_RELEASE else None
    needed = op in _CLAIMING or (op in (Op.TICKET_ASSIGN, Op.TICKET_MOVE) and not has(who.role, Right.ASSIGN))
    if op is Op.ESCALATION_RAISE and who.role == Role.RESOLVER:
        needed = False
    if op is Op.TICKET_TAKE and not isinstance(ticket, QueueRow):
        needed = ticket.claim_until is not None and now <= ticket.claim_until
    if not needed:
        return None
    name = ticket.owner_name if isinstance(ticket, QueueRow) else holder
    since = clock.iso(ticket.owned_at) if not isinstance(ticket, QueueRow) and ticket.owned_at else None
    return ConflictError("held", owner_name=name, since=since)


def held_back(state: str) -> bool:
    """Whether a ticket waits, so that its work can be resumed."""
    return state in _SOURCES[Op.TICKET_RESUME] and state != State.NEW
