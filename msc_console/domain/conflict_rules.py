"""Conflicts: the record of an act that could not be applied, how a person settles it, and taking an op back."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from . import acting
from .acting import act, invalid, plain, refuse, ticket_of
from .commands import Command, Conflict, Context, Effects, Outcome, Refusal, Situation
from .entry_rules import note
from .model import Conflict as Record
from .model import Ticket
from .rights import Right, has
from .shapes import BODIES, BODY_MAX, SETTABLE
from .terms import Choice, ConflictKind, ConflictState, Op, Result, State, term

Decide = Callable[[Situation, Command, Context], Outcome]

DONE = frozenset({Result.APPLIED, Result.MERGED})
OPEN_ENDED = frozenset({Result.DEFERRED, Result.UNSUPPORTED})
"""Answers that may change when the op comes again."""

_ENTERS: Mapping[str, State] = {
    Op.TICKET_RESUME: State.OPEN,
    Op.TICKET_RESOLVE: State.RESOLVED,
    Op.TICKET_CLOSE: State.CLOSED,
    Op.TICKET_REOPEN: State.OPEN,
    Op.TICKET_CANCEL: State.CANCELLED,
    Op.ESCALATION_RAISE: State.WAITING_LEVEL,
}


def wanted(kind: str, args: Mapping[str, Any], actor: str) -> dict[str, Any]:
    """Field -> value that an act of this kind would give the ticket, in the wire's plain types."""
    if kind in _ENTERS:
        return {"state": str(_ENTERS[kind])}
    match kind:
        case Op.TICKET_SET:
            return {name: value for name, value in args.items() if name in SETTABLE}
        case Op.TICKET_HOLD:
            return {"state": args.get("state")}
        case Op.TICKET_MOVE:
            return {"queue": args.get("queue")}
        case Op.TICKET_ASSIGN:
            return {"owner": args.get("owner")}
        case Op.TICKET_TAKE:
            return {"owner": actor}
        case Op.TICKET_RELEASE:
            return {"owner": None}
    return {}


def kind_of(code: str, reason: str | None) -> ConflictKind | None:
    """What kind of conflict an answer is; None when it is none."""
    if code == Result.FENCED:
        return ConflictKind.FENCED
    if code == Result.CONFLICT:
        return ConflictKind.SAME_FIELD
    return ConflictKind.TRANSITION if code == Result.INVALID and reason == "transition" else None


def record(
    command: Command, ticket: Ticket, outcome: Conflict | Refusal, author_name: str, received_at: datetime | None
) -> Record | None:
    """The open conflict that a refused act leaves on its ticket; None for a refusal that others' work didn't cause."""
    code, reason = (Result.CONFLICT, None) if isinstance(outcome, Conflict) else (outcome.code, outcome.reason)
    kind = kind_of(code, reason)
    if kind is None or command.kind in (Op.CONFLICT_RESOLVE, Op.OP_WITHDRAW):
        return None
    if isinstance(outcome, Conflict):
        fields = {name: [plain(value) for value in values] for name, values in outcome.fields.items()}
    else:
        fields = _differing(command, ticket)
    return Record(
        id=command.id,
        ticket=ticket.id,
        kind=kind,
        act=command.kind,
        author=command.actor,
        author_name=author_name,
        made_at=command.made_at,
        received_at=received_at,
        args=dict(command.args),
        fields=fields,
        epoch=ticket.owner_epoch,
    )


def _differing(command: Command, ticket: Ticket) -> dict[str, list[Any]]:
    now = {name: plain(getattr(ticket, name)) for name in Ticket.__dataclass_fields__}
    return {
        name: [command.before.get(name), mine, now[name]]
        for name, mine in wanted(command.kind, command.args, command.actor).items()
        if mine != now[name]
    }


def resolve(command: Command, situation: Situation, context: Context, decide: Decide) -> Outcome:
    """Settles a conflict: `mine` asks for the kept act again on what is now, `theirs` and `withdraw` close it,
    `note` tells on the timeline what had been wanted. Its author or the ticket's holder does so; a supervisor may
    also close it."""
    kept, ticket = situation.conflict, ticket_of(situation)
    choice = term(Choice, command.args.get("choice") or "")
    if kept is None or kept.ticket != ticket.id:
        return invalid("conflict_unknown")
    if choice not in list(Choice):
        return invalid("value_unknown", field="choice", value=str(choice))
    if kept.state != ConflictState.OPEN:
        closer = context.persons.get(kept.resolved_by or "")
        return invalid("conflict_closed", by=closer.name if closer else "-", state=str(kept.state))
    if no := _may_settle(choice, kept, ticket, context):
        return no
    data = {"conflict": kept.id, "choice": str(choice), "author": kept.author, "author_name": kept.author_name}
    if choice == Choice.MINE:
        outcome = decide(situation, replace(command, kind=kept.act, args=kept.args), context)
    elif choice == Choice.NOTE:
        outcome = note(replace(command, args={"body": told(kept)}), situation, context)
    else:
        outcome = act(command, situation, context, late=acting.late(command, ticket, context))
    if not isinstance(outcome, Effects) or outcome.entry is None:
        return outcome
    data |= {"kept": kept.act} if choice == Choice.MINE else {"wanted": kept.act}
    entry = replace(outcome.entry, act=command.kind, data={**outcome.entry.data, **data})
    return replace(outcome, entry=entry, conflict=_closed(kept, choice, command, context))


def _may_settle(choice: Choice, kept: Record, ticket: Ticket, context: Context) -> Refusal | None:
    me = context.actor.id
    if kept.author == me:
        return None
    if choice == Choice.WITHDRAW:
        return refuse(Result.FORBIDDEN, "not_your_act", author_name=kept.author_name)
    if ticket.owner == me or (choice != Choice.MINE and has(context.actor.role, Right.ASSIGN)):
        return None
    return refuse(Result.FORBIDDEN, "not_your_conflict", author_name=kept.author_name)


def _closed(kept: Record, choice: Choice, command: Command, context: Context) -> Record:
    state = ConflictState.RESOLVED
    if choice == Choice.WITHDRAW:
        state = ConflictState.WITHDRAWN
    elif choice == Choice.MINE and kept.author != command.actor:
        state = ConflictState.ADOPTED
    at, _ = acting.counted_at(command, context)
    return replace(kept, state=state, choice=choice, resolved_by=command.actor, resolved_at=at)


def closed_by_retry(kept: Record, by: str, at: datetime) -> Record:
    """The conflict after its author asked for the same again by a new op that was applied."""
    return replace(kept, state=ConflictState.RESOLVED, choice=Choice.MINE, resolved_by=by, resolved_at=at)


def kept_of(command: Command, author_name: str) -> Record:
    """What an act had wanted, for a refusal that left no conflict."""
    return Record(
        id=command.id,
        ticket=command.target,
        kind=ConflictKind.TRANSITION,
        act=command.kind,
        author=command.actor,
        author_name=author_name,
        made_at=command.made_at,
        args=dict(command.args),
    )


def told(kept: Record) -> str:
    """What had been wanted, by whom and when; words of the act below it. No sentence: readers have their own tongue."""
    lines = [f"{kept.act} · {kept.author_name} · {plain(kept.made_at)}"]
    lines += [f"{name}: {_value(value)}" for name, value in kept.args.items() if name not in BODIES and value]
    lines += [f"\n{kept.args[name]}" for name in sorted(BODIES) if kept.args.get(name)]
    return "\n".join(lines)[:BODY_MAX]


def _value(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def withdraw(command: Command, situation: Situation, context: Context) -> Outcome:
    """Takes back an own op that central has not applied: from now on it is answered `withdrawn`."""
    op = command.args.get("op")
    if not op or op == command.id:
        return invalid("value_unknown", field="op", value=op)
    if situation.answered in DONE:
        return invalid("op_applied")
    if situation.answered is not None and situation.answered not in OPEN_ENDED:
        return invalid("op_answered")
    return Effects(withdrawn=op)
