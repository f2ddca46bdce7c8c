"""Own acts as rows: where each stands with central, in words and for scripts."""

from datetime import datetime
from typing import Any

from .. import clock
from ..domain.terms import Result
from ..i18n import N_, _, when
from ..messages import sentence
from ..store.outbox import OpState, OutboxOp
from ..widgets.op_words import op_word
from .output import Column

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
    return sentence(str(act.result.get("reason") or verdict), data, zone)


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


def columns(zone: str, now: datetime) -> list[Column]:
    """What a person reads of (act, label, title)."""
    return [
        Column(_("No."), lambda row: str(row[0].n), right=True),
        Column(_("Made"), lambda row: when(row[0].command.made_at, zone, now)),
        Column(_("Act"), lambda row: op_word(row[0].kind)),
        Column(_("Ticket"), lambda row: row[1] or "-"),
        Column(_("Subject"), lambda row: row[2], cuts=True),
        Column(_("Standing"), lambda row: standing(row[0], zone), cuts=True),
    ]
