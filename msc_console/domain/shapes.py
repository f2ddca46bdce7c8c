"""The shape of each op's arguments: names and plain types. What they mean is the rule's to judge."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .acting import invalid
from .commands import Command, Refusal
from .terms import Op

TEXT, NUMBER, FLAG, TIME, LIST = "text", "number", "flag", "time", "list"

LINE_MAX = 1000
"""Characters of a text of one line; central keeps no longer one (`text.LINE_CAP`)."""
BODY_MAX = 20_000
"""Characters of a text of several lines. With these limits any act fits into one push."""
NUMBER_MAX = 2**53 - 1
BODIES = frozenset({"body", "solution", "outcome"})
"""Arguments of several lines."""

SETTABLE = frozenset(
    {
        "subject",
        "kind",
        "sub_kind",
        "urgency",
        "impact",
        "priority",
        "service",
        "component",
        "category",
        "contact",
        "contact_name",
        "organisation",
        "organisation_name",
    }
)
"""Fields that `ticket.set` may name; `priority_reason` goes with `priority`."""

_FIELDS = dict.fromkeys((*SETTABLE, "priority_reason"), TEXT)

ARGS: dict[Op, Mapping[str, str]] = {
    Op.TICKET_CREATE: _FIELDS
    | {"queue": TEXT, "channel": TEXT, "contact_at": TIME, "body": TEXT, "alias": TEXT, "take": FLAG},
    Op.TICKET_TAKE: {},
    Op.TICKET_RELEASE: {},
    Op.TICKET_ASSIGN: {"owner": TEXT, "reason": TEXT},
    Op.TICKET_MOVE: {"queue": TEXT, "reason": TEXT},
    Op.TICKET_SET: _FIELDS,
    Op.TICKET_HOLD: {"state": TEXT, "waiting_party": TEXT, "reason": TEXT},
    Op.TICKET_RESUME: {},
    Op.TICKET_RESOLVE: {"solution": TEXT},
    Op.TICKET_CLOSE: {},
    Op.TICKET_REOPEN: {"reason": TEXT},
    Op.TICKET_CANCEL: {"reason": TEXT},
    Op.ENTRY_NOTE: {"body": TEXT},
    Op.ENTRY_REPLY: {"body": TEXT, "channel": TEXT},
    Op.ENTRY_CALL: {"direction": TEXT, "minutes": NUMBER, "body": TEXT},
    Op.ENTRY_TIME: {"minutes": NUMBER, "body": TEXT},
    Op.ESCALATION_RAISE: {"tier": TEXT, "reason": TEXT},
    Op.ESCALATION_ACK: {"hop": TEXT, "proxy": TEXT},
    Op.ESCALATION_RETURN: {"hop": TEXT, "outcome": TEXT, "proxy": TEXT},
    Op.CONTACT_CREATE: {"name": TEXT, "organisation": TEXT, "language": TEXT, "addresses": LIST},
    Op.CONFLICT_RESOLVE: {"conflict": TEXT, "choice": TEXT},
    Op.OP_WITHDRAW: {"op": TEXT},
    Op.SYSTEM_DELIVER: {"entry": TEXT, "state": TEXT, "note": TEXT},
}
"""Op kind -> argument -> type. All may be absent or null; a rule says which it needs."""


def misshapen(command: Command, kind: Op) -> Refusal | None:
    """The first argument that this version doesn't know, or whose type or length is wrong; None when all fit."""
    shape = ARGS[kind]
    for name, value in command.args.items():
        if name not in shape:
            return invalid("field_unknown", fields=[name])
        if value is not None and not _fits(shape[name], value):
            return invalid("value_unknown", field=name, value=str(value)[:80])
        limit = BODY_MAX if name in BODIES else LINE_MAX
        if isinstance(value, str) and len(value) > limit:
            return invalid("too_long", limit=limit)
    return None


def _fits(kind: str, value: Any) -> bool:
    if kind == NUMBER:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= NUMBER_MAX
    if kind == FLAG:
        return isinstance(value, bool)
    if kind == LIST:
        return isinstance(value, list) and all(isinstance(item, dict) for item in value)
    if not isinstance(value, str):
        return False
    return kind != TIME or _is_time(value)


def _is_time(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
        return moment.tzinfo is not None and moment.astimezone(UTC).year > 1
    except (ValueError, OverflowError):
        return False
