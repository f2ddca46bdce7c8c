"""An act that is not settled, in lines: for the list of the sync, and in full with what central or others say to it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from .. import clock
from ..commands import Command
from ..desk.unsettled import Standing, Unsettled
from ..domain.terms import ConflictKind, Op, Result
from ..i18n import N_, _, when
from ..messages import refusal, sentence
from ..text import clean
from ..widgets import words
from ..widgets.op_words import op_word
from ..widgets.paint import Line, Tone, line_of, pad, wrap
from ..widgets.pick_list import Item
from ..widgets.three_way import Side, three_ways, value_word

_TOLD = (
    "body", "solution", "reason", "outcome", "proxy", "subject", "name", "state", "tier", "queue", "owner", "urgency",
    "impact", "service", "component", "category",
)  # fmt: skip
_NAMES = {
    "body": N_("text"),
    "solution": N_("solution"),
    "reason": N_("reason"),
    "outcome": N_("answer"),
    "name": N_("name"),
    "proxy": N_("by proxy"),
}
HEADS = {
    Standing.YOURS: N_("You decide: {n}"),
    Standing.PROPOSAL: N_("Proposals of colleagues: {n}"),
    Standing.OFFERED: N_("Left to whoever holds the ticket: {n}"),
    Standing.WITHDRAWING: N_("Being taken back: {n}"),
    Standing.WAITING: N_("Waiting for central: {n}"),
    Standing.CONFIRMED: N_("Confirmed by central: {n}"),
}
"""The heading over the acts of each standing."""
_MARKS = {Standing.YOURS: "! ", Standing.PROPOSAL: "? ", Standing.CONFIRMED: "\u2713 "}
_TONES = {Standing.YOURS: Tone.LATE, Standing.PROPOSAL: Tone.WARN, Standing.CONFIRMED: Tone.GOOD}
_LABEL = 16


def item_of(row: Unsettled, zone: tzinfo, now: datetime) -> Item:
    """A line of the list."""
    tone = _TONES.get(row.standing, Tone.PLAIN)
    made = when(row.made_at, zone, now) if row.made_at else ""
    left: Line = [
        (_MARKS.get(row.standing, "\u2022 "), tone),
        (pad(made, 12), Tone.DIM),
        (pad(line_of(op_word(row.kind), 15), 16), Tone.STRONG),
        (pad(line_of(row.label, 10), 11), Tone.PLAIN),
        (pad(line_of(standing_word(row), 21), 22), tone),
        (line_of(row.title, 200), Tone.PLAIN),
    ]
    return Item(row.id, left)


def standing_word(row: Unsettled) -> str:
    """Where an act stands, in a few words."""
    if row.standing is Standing.PROPOSAL:
        return _("by {name}").format(name=row.author)
    if row.standing is Standing.YOURS:
        return _refusal_word(row)
    if row.standing is Standing.OFFERED:
        return _("offered")
    if row.standing is Standing.WITHDRAWING:
        return _("is being taken back")
    if row.standing is Standing.CONFIRMED:
        return _("central has it")
    if row.act is not None and row.act.state == "sealed":
        return _("sent, no answer yet")
    if row.act is not None and row.act.hold_until is not None and row.act.hold_until > clock.now():
        return _("held for undo")
    return _("waits")


def _refusal_word(row: Unsettled) -> str:
    result = row.answer.get("result")
    if result == Result.CONFLICT:
        return _("conflict")
    if result == Result.FENCED:
        return _("changed hands") if row.answer.get("reason") == "changed_hands" else _("held by another")
    return _("refused")


def detail_lines(row: Unsettled, width: int, zone: str, now: datetime, names: Mapping[str, str]) -> list[Line]:
    """An act in words: what is in its way, for a conflict the three values of each field, and what it said.

    `names` has the names of persons, queues and services by id and key.
    """
    lines: list[Line] = []
    fields = row.fields if row.standing <= Standing.OFFERED else {}
    if row.standing <= Standing.OFFERED:
        lines += [[(text, Tone.LATE)] for text in wrap(_told(row, zone, now), width)]
        if fields:
            lines += three_ways(fields, _sides(row, zone, now), width, names)
        lines += [[(text, Tone.ACCENT)] for text in wrap(_safe(row), width)]
    for name in _TOLD:
        if name not in row.args or name in fields:
            continue
        value = row.args[name]
        if value or row.kind == Op.TICKET_SET:
            first, *rest = wrap(value_word(name, value, names, line=False), max(width - _LABEL, 10))
            lines.append([(pad(_field(name), _LABEL), Tone.DIM), (first, Tone.PLAIN)])
            lines += [[(" " * _LABEL + text, Tone.PLAIN)] for text in rest]
    return lines


def way_lines(ways: Sequence[tuple[str, Command]], width: int) -> list[Line]:
    """The ways out, a line each: key, name, and what comes of it."""
    if not ways:
        return []
    cells = max(len(command.name) for _key, command in ways) + 2
    lines: list[Line] = [[]]
    for key, command in ways:
        told = line_of(command.sentence, max(width - cells - 3, 8))
        lines.append([(pad(key, 3), Tone.STRONG), (pad(command.name, cells), Tone.PLAIN), (told, Tone.DIM)])
    return lines


def _field(name: str) -> str:
    return _(_NAMES[name]) if name in _NAMES else words.field_word(name)


def _told(row: Unsettled, zone: str, now: datetime) -> str:
    """What is in the act's way."""
    result, data = row.answer, row.data
    if row.standing is Standing.PROPOSAL or "data" not in result:
        return _conflict_told(row, zone, now)
    if result.get("result") == Result.CONFLICT:
        return sentence("conflict", {"fields": _field_words(row)}, zone)
    return refusal(str(result.get("reason") or result.get("result") or "op_unknown"), data, zone)


def _field_words(row: Unsettled) -> str:
    return ", ".join(words.field_word(name) for name in row.fields)


def _conflict_told(row: Unsettled, zone: str, now: datetime) -> str:
    """The same from the conflict's record alone."""
    kept = row.conflict
    if kept is None:
        return ""
    who = kept.author_name if row.standing is Standing.PROPOSAL else _("You")
    values = {"who": who, "act": op_word(kept.act), "time": when(kept.made_at, zone, now)}
    told = _("{who} wanted: {act} ({time}).").format(**values)
    if kept.kind is ConflictKind.SAME_FIELD:
        return told + " " + _("Others had changed the same: {fields}.").format(fields=_field_words(row))
    if kept.kind is ConflictKind.FENCED:
        holder = row.holder or kept.theirs_by
        return told + " " + (_("{name} holds the ticket.").format(name=holder) if holder else _("It changed hands."))
    return told + " " + _("The ticket's state did not allow it.")


def _safe(row: Unsettled) -> str:
    """What happens to the act while nobody decides."""
    if row.standing is Standing.PROPOSAL:
        return _("Nothing changes until you adopt or decline it.")
    if row.standing is Standing.OFFERED:
        return _("Open at central until {name} or you settle it.").format(name=row.holder or _("the holder"))
    return _("Nothing is lost: it is kept here until you choose.")


def _sides(row: Unsettled, zone: str, now: datetime) -> tuple[Side, Side, Side]:
    mine = clean(row.author, line=True).partition(" ")[0] or _("you")
    if row.changed_since:
        by = _("changed again since")
    elif row.untouched:
        first = clean(row.holder, line=True).split()[:1]
        by = _("held by {name}").format(name=first[0]) if first else ""
    else:
        by = _who(row.theirs_by, row.theirs_at, zone, now)
    head = _("proposed") if row.standing is Standing.PROPOSAL else _("yours")
    seen = _("they saw") if row.standing is Standing.PROPOSAL else _("you saw")
    return Side(seen), Side(head, _who(mine, row.made_at, zone, now)), Side(_("now there"), by)


def _who(name: str, at: datetime | None, zone: str, now: datetime) -> str:
    parts = (when(at, zone, now) if at else "", clean(name, line=True))
    return " ".join(part for part in parts if part)
