"""What a person may do, as a noun for lists and as the sentence that says it is done."""

from msc_console.domain.terms import Op
from msc_console.i18n import N_, _
from msc_console.text import clean

_NAMES: dict[str, str] = {
    Op.TICKET_CREATE: N_("new ticket"),
    Op.TICKET_TAKE: N_("take"),
    Op.TICKET_RELEASE: N_("release"),
    Op.TICKET_ASSIGN: N_("assign"),
    Op.TICKET_MOVE: N_("move"),
    Op.TICKET_SET: N_("classify"),
    Op.TICKET_HOLD: N_("hold"),
    Op.TICKET_RESUME: N_("resume"),
    Op.TICKET_RESOLVE: N_("resolve"),
    Op.TICKET_CLOSE: N_("close"),
    Op.TICKET_REOPEN: N_("reopen"),
    Op.TICKET_CANCEL: N_("cancel ticket"),
    Op.ENTRY_NOTE: N_("note"),
    Op.ENTRY_REPLY: N_("reply"),
    Op.ENTRY_CALL: N_("call"),
    Op.ENTRY_TIME: N_("time"),
    Op.ESCALATION_RAISE: N_("escalate"),
    Op.ESCALATION_ACK: N_("acknowledge"),
    Op.ESCALATION_RETURN: N_("return"),
    Op.CONTACT_CREATE: N_("new contact"),
    Op.CONFLICT_RESOLVE: N_("settle a conflict"),
    Op.OP_WITHDRAW: N_("take an act back"),
}
_DONE: dict[str, str] = {
    Op.TICKET_CREATE: N_("{label} made."),
    Op.TICKET_TAKE: N_("{label} taken."),
    Op.TICKET_RELEASE: N_("{label} given back to the queue."),
    Op.TICKET_ASSIGN: N_("{label} assigned."),
    Op.TICKET_MOVE: N_("{label} moved."),
    Op.TICKET_SET: N_("{label} classified."),
    Op.TICKET_HOLD: N_("{label} put on hold."),
    Op.TICKET_RESUME: N_("{label}: work goes on."),
    Op.TICKET_RESOLVE: N_("{label} resolved."),
    Op.TICKET_CLOSE: N_("{label} closed."),
    Op.TICKET_REOPEN: N_("{label} reopened."),
    Op.TICKET_CANCEL: N_("{label} cancelled."),
    Op.ENTRY_NOTE: N_("Note kept on {label}."),
    Op.ENTRY_REPLY: N_("Reply on {label} kept."),
    Op.ENTRY_CALL: N_("Call logged on {label}."),
    Op.ENTRY_TIME: N_("Time logged on {label}."),
    Op.ESCALATION_RAISE: N_("{label} escalated."),
    Op.ESCALATION_ACK: N_("Escalation of {label} acknowledged."),
    Op.ESCALATION_RETURN: N_("Escalation of {label} returned."),
    Op.CONTACT_CREATE: N_("Contact {label} kept."),
    Op.CONFLICT_RESOLVE: N_("Conflict on {label} settled."),
    Op.OP_WITHDRAW: N_("{label}: the act is being taken back."),
}
_OTHER = N_("{label}: done.")


def op_word(kind: str) -> str:
    """An act in a word or two; one of a newer version is named as it is."""
    found = _NAMES.get(kind)
    return _(found) if found else clean(kind, line=True)


def done_sentence(kind: str, label: str) -> str:
    """That an act is kept, in one safe line."""
    return _(_DONE.get(kind, _OTHER)).format(label=clean(label, line=True))
