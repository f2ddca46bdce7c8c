"""The fold: view = base with the pending acts run over it, by the same `decide` that central runs.

The view lives in the tables that screens read. The base document of a row is kept apart only while an own act covers
the row. Everything here is a pure function of the cache's rows, so folding again gives the same.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .. import records
from ..domain import clocks, conflict_rules
from ..domain.commands import Command, Conflict, Context, Effects, Outcome, Refusal, Situation
from ..domain.model import Conflict as ConflictRecord
from ..domain.model import Contact, Entry, Hop, Organisation
from ..domain.terms import Op, Result, term
from . import index, outbox, rows
from .opening import Connection
from .outbox import OutboxOp

log = logging.getLogger("msc.store")

Decide = Callable[[Situation, Command, Context], Outcome]
ContextOf = Callable[[Command], Context]
"""The world around a command: its actor, the policy, the persons; `now` is the command's own `made_at`.
`claims` is the fold's to fill."""

_COUNTED = (
    "ticket = ? AND (kind IN ('call', 'reply') OR changes LIKE '%\"state\"%' OR changes LIKE '%\"priority\"%'"
    f" OR data LIKE '%\"call\"%') ORDER BY {rows.TIMELINE}"
)


def entity_of(kind: str) -> str:
    """What the target of an op kind is."""
    noun = kind.partition(".")[0]
    return noun if noun in ("contact", "organisation", "article") else "ticket"


def situation(conn: Connection, command: Command) -> Situation:
    """What a command stands before, as the view has it now."""
    if entity_of(command.kind) == "contact":
        return Situation(
            contact=rows.value(conn, "contact", command.target),
            organisation=rows.value(conn, "organisation", command.args.get("organisation")),
        )
    ticket = rows.value(conn, "ticket", command.target)
    contact = command.args.get("contact") or (ticket.contact if ticket else None)
    organisation = command.args.get("organisation") or (ticket.organisation if ticket else None)
    entries = rows.values(conn, Entry, "entry", _COUNTED, (command.target,))
    return Situation(
        ticket=ticket,
        hops=tuple(rows.values(conn, Hop, "hop", "ticket = ? ORDER BY raised_at, id", (command.target,))),
        entries=tuple(entry for entry in entries if clocks.counts(entry)),
        contact=rows.value(conn, "contact", contact),
        organisation=rows.value(conn, "organisation", organisation),
        conflict=_conflict(conn, command),
    )


def _conflict(conn: Connection, command: Command) -> ConflictRecord | None:
    """The conflict that a command settles."""
    return conflict_of(conn, command.args.get("conflict")) if command.kind == Op.CONFLICT_RESOLVE else None


def conflict_of(conn: Connection, id: str | None) -> ConflictRecord | None:
    """A conflict as central sent it, else as central's answer to the own act tells; None when neither is here."""
    found: ConflictRecord | None = rows.value(conn, "conflict", id)
    if found is not None or id is None:
        return found
    act = outbox.find(conn, id)
    ticket = None if act is None else rows.value(conn, "ticket", act.target)
    if act is None or ticket is None or not act.result:
        return None
    data = act.result.get("data") or {}
    refusal = Refusal(code=term(Result, data.get("result") or act.result["result"]), reason=act.result["reason"] or "")
    if refusal.code == Result.CONFLICT:
        fields = {name: tuple(values) for name, values in (data.get("fields") or {}).items()}
        return conflict_rules.record(act.command, ticket, Conflict(kind="same_field", fields=fields), "", None)
    return conflict_rules.record(act.command, ticket, refusal, "", None)


@dataclass(slots=True)
class _Run:
    """One run of a target's pending acts."""

    changed: dict[tuple[str, str], Any] = field(default_factory=dict)
    """(entity, id) -> domain value as the last act left it."""
    claims: dict[str, int] = field(default_factory=dict)
    predictions: dict[str, str | None] = field(default_factory=dict)


def refold(conn: Connection, target: str, decide: Decide, context_of: ContextOf) -> None:
    """Make the view of `target` anew from its base and its pending acts, inside the caller's transaction."""
    acts = outbox.pending(conn, target)
    kept = conn.execute("SELECT entity, id, away, doc FROM base WHERE target = ?", (target,)).fetchall()
    away = any(row["away"] for row in kept)
    if away and _has_acts(conn, target):
        return
    conn.execute("DELETE FROM base WHERE target = ?", (target,))
    if not away:
        for row in kept:
            rows.put(conn, row["entity"], [rows.from_document(row["entity"], row["doc"])])
    _forget_own(conn, target, [act.id for act in acts if _reached(conn, act)])
    if away:
        return
    run = _run(conn, acts, decide, context_of)
    _write(conn, target, run)
    conn.executemany(
        "UPDATE outbox SET predicted = ?, claim = ? WHERE id = ?",
        [(text, run.claims.get(id), id) for id, text in run.predictions.items()],
    )
    for entity in ("ticket", "contact"):
        index.refresh(conn, entity, [target])


def _has_acts(conn: Connection, target: str) -> bool:
    return conn.execute("SELECT 1 FROM outbox WHERE target = ? LIMIT 1", (target,)).fetchone() is not None


def _forget_own(conn: Connection, target: str, halfway: list[str]) -> None:
    """Take out the rows that pending acts made; central has none of them yet (`ver` 0).

    Of `halfway` acts the ticket has come and the entry comes with a later page: their entries stay meanwhile.
    """
    for entity in ("ticket", "contact"):
        index.forget(conn, entity, [target])
        conn.execute(f"DELETE FROM {entity} WHERE id = ? AND ver = 0", (target,))
    for entity in rows.OWNING_TICKET:
        sql = f"DELETE FROM {entity} WHERE ticket = ? AND ver = 0 AND NOT id {rows.IN}"
        conn.execute(sql, (target, rows.bind(halfway)))


def _run(conn: Connection, acts: list[OutboxOp], decide: Decide, context_of: ContextOf) -> _Run:
    run = _Run(claims=known_claims(conn, [act.command for act in acts]))
    now: Situation | None = None
    for act in acts:
        if act.kind == Op.OP_WITHDRAW or _echoed(conn, act):
            run.predictions[act.id] = None
            continue
        before = _beside(conn, act.command, now, run)
        try:
            outcome = decide(before, act.command, with_claims(context_of(act.command), run.claims))
        except Exception as error:  # an act that the rules trip over must not keep central's news out of the cache
            log.error("act not foreseen: %s", type(error).__name__)
            outcome = Refusal(code=Result.QUARANTINED, reason="failed_here")
        run.predictions[act.id] = prediction(outcome)
        if not isinstance(outcome, Effects):
            now = before
            continue
        if outcome.claimed and outcome.ticket is not None:
            run.claims[act.id] = outcome.ticket.owner_epoch
        now = _after(before, outcome, run)
    return run


def _beside(conn: Connection, command: Command, now: Situation | None, run: _Run) -> Situation:
    """The situation of the next act: what the acts before it left, beside the contact and conflict that it names."""
    if now is None:
        return situation(conn, command)
    if entity_of(command.kind) == "contact":
        return now
    contact = command.args.get("contact") or (now.ticket.contact if now.ticket else None)
    organisation = command.args.get("organisation") or (now.ticket.organisation if now.ticket else None)
    return replace(
        now,
        conflict=run.changed.get(("conflict", str(command.args.get("conflict")))) or _conflict(conn, command),
        contact=now.contact if _is(now.contact, contact) else rows.value(conn, "contact", contact),
        organisation=(
            now.organisation if _is(now.organisation, organisation) else rows.value(conn, "organisation", organisation)
        ),
    )


def _is(value: Contact | Organisation | None, id: str | None) -> bool:
    return value is not None and value.id == id


def _after(before: Situation, effects: Effects, run: _Run) -> Situation:
    """`before` with the effects in it, and these noted as changed."""
    made: list[tuple[str, Any]] = [("ticket", effects.ticket), ("entry", effects.entry), ("entry", effects.revised)]
    made += [("contact", effects.contact), ("conflict", effects.conflict)]
    made += [*(("hop", hop) for hop in effects.hops)]
    for entity, item in made:
        if item is not None:
            run.changed[entity, item.id] = item
    hops = {hop.id: hop for hop in (*before.hops, *effects.hops)}
    entries = {entry.id: entry for entry in before.entries}
    for item in (effects.entry, effects.revised):
        if item is not None and clocks.counts(item):
            entries[item.id] = item
    return Situation(
        ticket=effects.ticket or before.ticket,
        hops=tuple(hops.values()),
        entries=tuple(entries.values()),
        contact=effects.contact or before.contact,
        organisation=before.organisation,
    )


def _echoed(conn: Connection, act: OutboxOp) -> bool:
    """Whether the base already holds the act's effects."""
    entity = entity_of(act.kind)
    if entity == "ticket" and conn.execute("SELECT 1 FROM entry WHERE id = ? AND ver > 0", (act.id,)).fetchone():
        return True
    return _reached(conn, act)


def _reached(conn: Connection, act: OutboxOp) -> bool:
    """Whether the target as central sent it is no older than the act's effect on it."""
    ver = rows.versions(conn, entity_of(act.kind), [act.target]).get(act.target, 0)
    if act.kind in outbox.CREATING and ver > 0:
        return True
    return act.state is outbox.OpState.ACKED and 0 < (act.acked_ver or 0) <= ver


def known_claims(conn: Connection, commands: Iterable[Command]) -> dict[str, int]:
    """Op id -> epoch of the claims whose entry is here, of those that commands are or stand on."""
    found = list(commands)
    named = {command.basis.claim for command in found} | {command.id for command in found}
    entries = rows.values(conn, Entry, "entry", f"id {rows.IN}", (rows.bind(filter(None, named)),))
    return {entry.id: int(entry.changes["owner_epoch"][1]) for entry in entries if "owner_epoch" in entry.changes}


def with_claims(context: Context, claims: Mapping[str, int]) -> Context:
    """`context` for one act: it knows the claims made so far."""
    return replace(context, claims={**context.claims, **claims})


def prediction(outcome: Outcome) -> str | None:
    """What an act that won't pass is expected to be answered, as JSON; None for one that will."""
    if isinstance(outcome, Effects):
        return None
    if isinstance(outcome, Conflict):
        fields = {name: list(parts) for name, parts in outcome.fields.items()}
        return outbox.dump({"result": "conflict", "reason": outcome.kind, "data": {"fields": fields}})
    return outbox.dump({"result": str(outcome.code), "reason": outcome.reason, "data": dict(outcome.data)})


def _write(conn: Connection, target: str, run: _Run) -> None:
    """Put the changed values into the view; keep central's row of each aside. The laptop gives no versions."""
    for (entity, id), item in run.changed.items():
        row = records.to_row(item)
        old = rows.one(conn, entity, id)
        row["ver"] = old["ver"] if old else 0
        if old:
            row[records.EXTRA] = old[records.EXTRA]
            conn.execute(
                "INSERT INTO base (entity, id, target, ver, doc) VALUES (?, ?, ?, ?, ?)",
                (entity, id, target, old["ver"], rows.document(entity, old)),
            )
        rows.put(conn, entity, [row])
