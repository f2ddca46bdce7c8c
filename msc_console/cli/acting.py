"""Acts from the command line: each is kept first, then central is given a moment, then it is said how they stand.

Several tickets are several acts, each with its own result; the exit code is the worst one's (the highest).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from ..domain.terms import Result
from ..errors import ConflictError, Exit, MscError, NotAllowed
from ..i18n import _, ngettext
from ..messages import sentence
from . import seats
from .manner import Form, manner
from .output import Column, emit
from .talk import say

if TYPE_CHECKING:
    from ..desk import Desk
    from ..desk.acts import Done
    from ..store.outbox import OutboxOp

Act = Callable[["Desk", str, bool], "Done"]
"""(the desk, what the person calls the ticket, dry run) -> what is kept."""


@dataclass(slots=True)
class Try:
    """One act, or why there is none."""

    ref: str
    done: "Done | None" = None
    error: MscError | None = None
    label: str = ""
    act: "OutboxOp | None" = None
    """Where it stands with central; None for a dry run."""


def act_on(refs: Sequence[str], act: Act) -> None:
    """Do `act` to each of `refs` and say what came of it."""
    asked, desk = manner(), seats.acting()
    tries = [_try(desk, ref, act, asked.dry_run) for ref in refs]
    kept = [one for one in tries if one.done is not None and not asked.dry_run]
    stopped, trouble = _settle(desk, kept, asked.wait) if kept else (False, None)
    zone = desk.settings.zone
    rows = tries if asked.form is Form.JSON else [one for one in tries if one.done is not None]
    emit(rows, _columns(desk, asked.dry_run), lambda one: _document(one, zone), lambda one: one.label)
    _tell(tries, zone, trouble, several=len(refs) > 1)
    code = Exit.INTERRUPTED if stopped else max(_exit(one, asked.wait) for one in tries)
    if code:
        raise typer.Exit(code)


def act_once(act: Callable[["Desk", bool], "Done"]) -> None:
    """An act that names no ticket."""
    act_on([""], lambda desk, _ref, dry_run: act(desk, dry_run))


def _try(desk: "Desk", ref: str, act: Act, dry_run: bool) -> Try:
    try:
        done = act(desk, ref, dry_run)
    except MscError as error:
        return Try(ref, error=error)
    return Try(ref, done=done, label=done.label)


def _settle(desk: "Desk", kept: Sequence[Try], wait: float | None) -> tuple[bool, str | None]:
    """Let central answer; whether the person did not want to wait any longer, and what is in the way of the acts.
    They are kept in any case."""
    from ..desk.awaiting import await_answers
    from ..desk.conversing import push_soon

    ops = [one.done.op for one in kept if one.done is not None]
    stopped, trouble = False, None
    try:
        if wait is None:
            status = push_soon(desk)
            trouble = status.problem if status is not None else None
        else:
            await_answers(desk, ops, wait)
    except KeyboardInterrupt:
        stopped = True
    for one, op in zip(kept, ops, strict=True):
        one.act = desk.act(op)
        one.error = _answer(one.act)
        one.label = _label(desk, one)
    return stopped, trouble


def _label(desk: "Desk", one: Try) -> str:
    """The number that central may have given meanwhile."""
    if one.done is None or one.done.ticket is None:
        return one.label
    try:
        return desk.label(desk.find_ticket(one.done.target))
    except MscError:
        return one.label  # it has left this person's scope


def _answer(act: "OutboxOp") -> MscError | None:
    """Central's refusal of an act as an error; None while there is none."""
    from ..store.outbox import OpState

    if act.state is not OpState.ATTENTION or act.result is None:
        return None
    verdict, data = act.result.get("result"), dict(act.result.get("data") or {})
    reason = str(act.result.get("reason") or verdict)
    if verdict == Result.CONFLICT:
        return ConflictError("conflict", fields=list(data.get("fields", ())))
    if verdict == Result.FENCED:
        return ConflictError(reason, **data)
    return NotAllowed(reason, **data) if verdict == Result.FORBIDDEN else MscError(reason, **data)


def _waits(one: Try) -> bool:
    if one.act is None:
        return False
    from ..desk.awaiting import answered

    return not answered(one.act)


def _exit(one: Try, wait: float | None) -> int:
    if one.error is not None:
        return one.error.exit
    return Exit.UNREACHABLE if wait is not None and _waits(one) else Exit.OK


def _columns(desk: "Desk", dry_run: bool) -> list[Column]:
    from ..widgets.op_words import op_word

    def changes(one: Try) -> str:
        from .changes import told

        return told(one.done.changes if one.done is not None else {}, desk.world.persons)

    last = Column(_("Would change"), changes, cuts=True) if dry_run else Column(_("Result"), _state)
    return [
        Column(_("Name"), lambda one: one.label or "-"),
        Column(_("Act"), lambda one: op_word(one.done.kind)),
        last,
    ]


def _state(one: Try) -> str:
    if one.error is not None:
        return _("refused")
    if one.act is not None and one.act.state == "dismissed":
        return _("ended here")
    return _("kept here") if _waits(one) else _("done at central")


def _document(one: Try, zone: str) -> dict[str, Any]:
    """The stable keys of one act for scripts."""
    document: dict[str, Any] = {"ref": one.ref, "label": one.label}
    if one.done is not None:
        done = one.done
        document |= {"op": done.op, "kind": done.kind, "target": done.target, "dry_run": done.dry_run}
        document["changes"] = {name: list(values) for name, values in done.changes.items()}
    if one.act is not None:
        document |= {"state": one.act.state.value, "result": dict(one.act.result) if one.act.result else None}
    if one.error is not None:
        error = one.error
        document["error"] = {
            "key": error.key,
            "exit": int(error.exit),
            "message": sentence(error.key, error.data, zone),
        }
    return document


FOR_A_PERSON = frozenset({"signed_out", "session_superseded", "too_old", "too_new"})
"""Troubles that do not end by themselves: a promise that the acts leave as soon as they can would mislead. Their own
sentences say that the work is safe."""


def _tell(tries: Sequence[Try], zone: str, trouble: str | None, *, several: bool) -> None:
    for one in tries:
        if one.error is not None:
            words = sentence(one.error.key, one.error.data, zone)
            say(f"{one.label or one.ref}: {words}" if several else words)
    waiting = sum(map(_waits, tries))
    if waiting and trouble in FOR_A_PERSON:
        say(sentence(trouble))
    elif waiting:
        words = ngettext(
            "Kept here, leaves as soon as central can be reached.",
            "{n} acts kept here, they leave as soon as central can be reached.",
            waiting,
        )
        say(words.format(n=waiting))
