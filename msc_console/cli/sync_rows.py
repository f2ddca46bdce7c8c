"""Own acts as rows: where each stands with central, in words and for scripts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import clock
from ..desk.unsettled import Standing, Unsettled, refs
from ..domain.terms import Result
from ..i18n import N_, _, when
from ..messages import refusal, sentence
from ..store.outbox import OpState, OutboxOp
from ..widgets.op_words import op_word
from ..widgets.three_way import value_word
from ..widgets.words import field_word
from .output import Column

if TYPE_CHECKING:
    from ..desk.reading import Reading

_STANDING = {
    OpState.OPEN: N_("kept here"),
    OpState.SEALED: N_("on its way"),
    OpState.ACKED: N_("done at central"),
    OpState.DONE: N_("done at central"),
    OpState.WITHDRAWN: N_("taken back"),
    OpState.RESOLVED: N_("asked again"),
    OpState.DISMISSED: N_("let go"),
}


def standing(act: OutboxOp, zone: str) -> str:
    """Where an act stands; a refused one with the reason."""
    if act.state is not OpState.ATTENTION or act.result is None:
        return _(_STANDING.get(act.state, N_("refused")))
    verdict, data = act.result.get("result"), dict(act.result.get("data") or {})
    if verdict == Result.CONFLICT:
        return sentence("conflict", {"fields": list(data.get("fields", ()))}, zone)
    return refusal(str(act.result.get("reason") or verdict), data, zone)


def act_document(act: OutboxOp, label: str) -> dict[str, Any]:
    """The stable keys of an act for scripts."""
    return {
        "n": act.n,
        "op": act.id,
        "kind": act.kind,
        "target": act.target,
        "label": label,
        "state": act.state.value,
        "made_at": clock.iso(act.command.made_at),
        "hold_until": clock.iso(act.hold_until) if act.hold_until else None,
        "before": dict(act.command.before),
        "args": dict(act.command.args),
        "result": dict(act.result) if act.result else None,
    }


def document(row: Unsettled, ref: str) -> dict[str, Any]:
    """The stable keys of something unsettled for scripts. `standing` says whose turn it is, `ref` is what the commands
    take, `ways` which values of `msc sync resolve --keep` are open by what is known here."""
    kept = row.conflict
    found: dict[str, Any] = {
        "ref": ref, "n": None, "op": row.id, "kind": row.kind, "target": row.target, "label": row.label, "state": None,
        "made_at": clock.iso(row.made_at) if row.made_at else None, "hold_until": None, "before": {},
        "args": dict(row.args), "result": None,
    }  # fmt: skip
    if row.act is not None:
        found |= act_document(row.act, row.label)
    found |= {"standing": row.standing.name.lower(), "author": row.author or None, "holder": row.holder or None}
    if row.standing > Standing.OFFERED:
        return found
    names = ("base", "mine", "theirs")
    return found | {
        "conflict": kept.id if kept else None,
        "conflict_kind": str(kept.kind) if kept else None,
        "fields": {name: dict(zip(names, values, strict=True)) for name, values in row.fields.items()},
        "by": row.theirs_by or None,
        "at": clock.iso(row.theirs_at) if row.theirs_at else None,
        "changed_since": row.changed_since,
        "ways": list(row.ways),
    }


def columns(zone: str, now: datetime, told: Mapping[str, str]) -> list[Column]:
    """What a person reads of something unsettled. `told`: id -> what the commands take (`unsettled.refs`)."""
    return [
        Column(_("No."), lambda row: told[row.id], right=True),
        Column(_("Made"), lambda row: when(row.made_at, zone, now) if row.made_at else "-"),
        Column(_("Act"), lambda row: op_word(row.kind)),
        Column(_("Ticket"), lambda row: row.label or "-"),
        Column(_("Subject"), lambda row: row.title, cuts=True),
        Column(_("Standing"), lambda row: _standing(row, zone), cuts=True),
        Column(_("Ways (--keep)"), lambda row: " ".join(row.ways)),
    ]


def _standing(row: Unsettled, zone: str) -> str:
    if row.standing is Standing.PROPOSAL:
        return _("proposal of {name}").format(name=row.author)
    if row.standing is Standing.OFFERED:
        return _("left to {name}").format(name=row.holder or _("the holder"))
    if row.standing is Standing.WITHDRAWING:
        return _("is being taken back")
    return standing(row.act, zone) if row.act is not None else ""


class Differing(NamedTuple):
    """A field of a conflict, its values in words."""

    row: Unsettled
    ref: str
    field: str
    seen: str
    wanted: str
    there: str


def differing(desk: "Reading", rows: Sequence[Unsettled]) -> list[Differing]:
    """Every field of every conflict."""
    names = {person.id: person.name for person in desk.world.persons.values()}
    found, told = [], refs(rows)
    for row in rows:
        for name, values in row.fields.items() if row.standing <= Standing.OFFERED else ():
            base, mine, theirs = (value_word(name, value, names) for value in values)
            found.append(Differing(row, told[row.id], field_word(name), base, mine, theirs))
    return found


def field_columns(zone: str, now: datetime) -> list[Column]:
    """What a person reads of `differing`."""

    def changed(line: Differing) -> str:
        if line.row.changed_since:
            return _("changed again since")
        if line.row.untouched:
            return _("held by {name}").format(name=line.row.holder) if line.row.holder else ""
        at = line.row.theirs_at
        return " ".join(filter(None, (line.row.theirs_by, when(at, zone, now) if at else "")))

    return [
        Column(_("No."), lambda line: line.ref, right=True),
        Column(_("Field"), lambda line: line.field),
        Column(_("Seen"), lambda line: line.seen, cuts=True),
        Column(_("Wanted"), lambda line: line.wanted, cuts=True),
        Column(_("Now there"), lambda line: line.there, cuts=True),
        Column(_("By"), changed, cuts=True),
    ]
