"""What an act did, in the person's words: the sentence of a timeline entry from its act, its changes and its data.

An entry gives several parts, each a whole phrase of its own; whoever shows them puts `·` between.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from msc_console.domain.model import Entry
from msc_console.domain.terms import Channel, Delivery, EntryKind, Op
from msc_console.i18n import N_, _, duration_short
from msc_console.text import clean

from . import words

Names = Mapping[str, str]
"""Id of a person, contact or hop, or key of a queue, service, component or category -> its name (raw)."""

_PLAIN: dict[str, str] = {
    Op.TICKET_CREATE: N_("opened the ticket"),
    Op.TICKET_TAKE: N_("took the ticket"),
    Op.TICKET_RELEASE: N_("gave the ticket back to the queue"),
    Op.TICKET_RESUME: N_("resumed work"),
    Op.TICKET_RESOLVE: N_("resolved the ticket"),
    Op.TICKET_CLOSE: N_("closed the ticket"),
    Op.TICKET_REOPEN: N_("reopened the ticket"),
    Op.TICKET_CANCEL: N_("cancelled the ticket"),
    Op.TICKET_MERGE: N_("merged the ticket"),
    Op.ENTRY_NOTE: N_("internal note"),
    Op.CONFLICT_RESOLVE: N_("settled a conflict"),
    Op.SYSTEM_WARN: N_("warning: little time left"),
    Op.SYSTEM_BREACH: N_("the target was missed"),
    Op.SYSTEM_LAPSE: N_("the claim ran out, the ticket is offered again"),
    Op.SYSTEM_CLOSE: N_("closed automatically"),
}
_IMPLIED = frozenset(
    {"owner", "owner_epoch", "state", "waiting_party", "hold_reason", "tier", "reopened", "number", "alias", "ver"}
)
"""Fields that the act's own sentence speaks of, or that no reader asks about."""
_VALUES: dict[str, Callable[[str], str]] = {
    "priority": words.priority_mark,
    "urgency": words.level_word,
    "impact": words.level_word,
    "kind": words.kind_word,
    "sub_kind": words.kind_word,
    "channel": words.channel_word,
}


def parts_of(entry: Entry, names: Names) -> list[str]:
    """The phrases of an entry's head, cleaned and in one line each."""
    settled = _settled(entry)
    if settled and entry.data.get("kept"):
        entry = replace(entry, act=str(entry.data["kept"]))
    opened_by = entry.channel if entry.act == Op.TICKET_CREATE and entry.kind != EntryKind.MESSAGE else None
    came = words.channel_word(opened_by) if opened_by else ""
    parts = [part for part in (_act(entry, names), came, *_fields(entry, names), settled) if part]
    if entry.act not in (Op.TICKET_TAKE, Op.TICKET_ASSIGN) and entry.author and _new(entry, "owner") == entry.author:
        parts.append(_("took the ticket"))
    if reason := entry.data.get("reason"):
        parts.append(clean(str(reason), line=True))
    if proxy := entry.data.get("proxy"):
        parts.append(_("by proxy: {how}").format(how=clean(str(proxy), line=True)))
    return parts


def _act(entry: Entry, names: Names) -> str:
    if entry.kind == EntryKind.MESSAGE:
        return _message(entry)
    if entry.kind == EntryKind.REPLY:
        return _reply(entry)
    match entry.act:
        case Op.ENTRY_CALL:
            return _call(entry.data)
        case Op.ENTRY_TIME:
            return _("worked {time}").format(time=_minutes(entry.data))
        case Op.TICKET_ASSIGN:
            return _("assigned the ticket to {name}").format(name=_named(_new(entry, "owner"), names))
        case Op.TICKET_MOVE:
            return _("moved the ticket to {queue}").format(queue=_named(_new(entry, "queue"), names))
        case Op.TICKET_HOLD:
            party = words.party_word(str(_new(entry, "waiting_party") or ""))
            return _("put on hold, waiting for {party}").format(party=party)
        case Op.ESCALATION_RAISE:
            return _("escalated to {tier}").format(tier=words.tier_word(str(entry.data.get("tier", ""))))
        case Op.ESCALATION_ACK:
            return _("{tier} acknowledged").format(tier=words.tier_word(str(entry.data.get("tier", ""))))
        case Op.ESCALATION_RETURN:
            return _("{tier} gave the ticket back").format(tier=words.tier_word(str(entry.data.get("tier", ""))))
        case Op.TICKET_SET:
            return ""
        case "imported":
            state = _new(entry, "state")
            return _("taken over from another helpdesk") + (f" \u00b7 {words.state_word(str(state))}" if state else "")
    known = _PLAIN.get(entry.act)
    return _(known) if known else clean(entry.act, line=True)


def _settled(entry: Entry) -> str:
    """That the entry settled a conflict, and how."""
    name = clean(str(entry.data.get("author_name", "")), line=True)
    if entry.act != Op.CONFLICT_RESOLVE:
        return ""
    match entry.data.get("choice"):
        case "mine" if entry.data.get("author") == entry.author:
            return _("after a conflict")
        case "mine":
            return _("adopted from {name}").format(name=name)
        case "note":
            return _("what {name} had wanted").format(name=name)
        case "withdraw":
            return _("took back a refused act")
    return _("let the newer value stand")


def _message(entry: Entry) -> str:
    if entry.channel is None:
        return _("message")
    if entry.channel == Channel.PHONE and entry.data.get("minutes"):
        return _("phone, {time}").format(time=_minutes(entry.data))
    return words.channel_word(entry.channel)


def _reply(entry: Entry) -> str:
    if entry.channel is None:
        return _("reply")
    sent = _("reply by {channel}").format(channel=words.channel_word(entry.channel))
    if entry.delivery == Delivery.NONE:
        return sent
    note = clean(entry.delivery_note or "", line=True)
    state = words.delivery_word(entry.delivery)
    return f"{sent} \u00b7 {state} \u00b7 {note}" if note else f"{sent} \u00b7 {state}"


def _call(data: Mapping[str, Any]) -> str:
    time = _minutes(data)
    if data.get("direction") == "out":
        return _("called the customer, {time}").format(time=time)
    return _("the customer called, {time}").format(time=time)


def _minutes(data: Mapping[str, Any]) -> str:
    minutes = data.get("minutes")
    return duration_short(timedelta(minutes=minutes if isinstance(minutes, int) else 0))


def _fields(entry: Entry, names: Names) -> list[str]:
    """`field: old → new` of each change that the act's own sentence doesn't tell."""
    opening = entry.act == Op.TICKET_CREATE
    found = []
    for field, (old, new) in entry.changes.items():
        if field in _IMPLIED or f"{field}_name" in entry.changes or (field == "queue" and entry.act == Op.TICKET_MOVE):
            continue
        if opening:
            found.append(_value(field, new, names))
        elif field == "priority_reason":
            found.append(_("because: {reason}").format(reason=_value(field, new, names)))
        else:
            found.append(
                _("{field}: {old} \u2192 {new}").format(
                    field=words.field_word(field), old=_value(field, old, names), new=_value(field, new, names)
                )
            )
    return found


def _value(field: str, value: object, names: Names) -> str:
    if value is None or value == "" or value == []:
        return "\u2014"
    if isinstance(value, list | tuple):
        return ", ".join(clean(str(item), line=True) for item in value)
    shown = _VALUES.get(field)
    return shown(str(value)) if shown else _named(value, names)


def _named(value: object, names: Names) -> str:
    return clean(names.get(str(value), str(value)), line=True)


def _new(entry: Entry, field: str) -> object:
    return entry.changes[field][1] if field in entry.changes else None
