"""The laptop's replica: own acts and central's news, each brought into the view in one transaction.

Every method runs inside a `Cache.write()` block of the caller. `decide` is `domain.decide.decide`; the view after
each of these is the fold of base and pending acts (`fold.py`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from .. import clock, records
from ..domain import conflict_rules
from ..domain.commands import Basis, Command, Effects, Outcome
from ..domain.terms import Choice, ConflictState, Op, Result
from ..errors import ConflictError, NotFound
from . import aside, feed, forgetting, outbox, rows
from .feed import FeedLine
from .fold import ContextOf, Decide, conflict_of, entity_of, known_claims, refold, situation, with_claims
from .opening import Connection
from .outbox import OpState, OutboxOp

DEFER_FIRST = timedelta(seconds=30)
DEFER_MOST = timedelta(minutes=10)
"""How long an act whose dependency central doesn't know yet stays back: doubled each time, up to this."""

_ACCEPTED = (Result.APPLIED, Result.MERGED)
_CHAIN = (Result.GAP, Result.FORKED)
_SETS_ASIDE = (Choice.THEIRS, Choice.WITHDRAW)
_CAME_TO_NOTHING = (ConflictState.WITHDRAWN, ConflictState.ERASED)


class OpAnswer(Protocol):
    """Central's answer to one op (`sync.wire.OpResult`)."""

    @property
    def op(self) -> str: ...
    @property
    def result(self) -> str: ...
    @property
    def seq(self) -> int: ...
    @property
    def ver(self) -> int: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def data(self) -> dict[str, Any]: ...


@dataclass(slots=True)
class Settled:
    """What a push's answers changed."""

    targets: set[str] = field(default_factory=set)
    """Tickets and contacts whose view or marks changed."""
    to_fold: set[str] = field(default_factory=set)
    """Those of them whose view may have changed: an accepted act that the base doesn't hold yet shows as before."""
    put_off: bool = False
    """Whether any act waits for a second try."""
    accepted: int = 0
    refused: int = 0
    deferred: int = 0
    gap: int | None = None
    """Counter that central expects next: the next batch begins there (`sealing.seal_batch`, `from_counter`)."""
    forked: bool = False
    """Central knows another history of this device: the work goes on under a new incarnation."""


@dataclass(frozen=True, slots=True)
class Replica:
    """The replica's rules with what they need from outside."""

    decide: Decide
    context_of: ContextOf

    def record(self, conn: Connection, command: Command, hold_until: datetime | None = None) -> Outcome:
        """Do an act: into the outbox and the view, both or neither. A refusal or conflict leaves nothing behind."""
        outcome = self.foresee(conn, command)
        if isinstance(outcome, Effects):
            outbox.append(conn, command, hold_until)
            self.refold(conn, command.target)
        return outcome

    def foresee(self, conn: Connection, command: Command) -> Outcome:
        """What an act would do now; writes nothing."""
        claims = known_claims(conn, [command])
        claims |= {act.id: act.claim for act in outbox.pending(conn, command.target) if act.claim is not None}
        context = with_claims(self.context_of(command), claims)
        return self.decide(situation(conn, command), command, context)

    def refold(self, conn: Connection, target: str) -> None:
        """Make the view of a target anew."""
        refold(conn, target, self.decide, self.context_of)

    def edit(
        self, conn: Connection, op_id: str, args: Mapping[str, Any], hold_until: datetime | None = None
    ) -> OutboxOp:
        """Change what an open act says. ConflictError `op_sealed` once it may have left."""
        act = outbox.change_args(conn, op_id, args, hold_until)
        self.refold(conn, act.target)
        return outbox.get(conn, op_id)

    def withdraw(self, conn: Connection, op_id: str, now: datetime, *, with_dependents: bool = False) -> list[OutboxOp]:
        """Take back an open act (undo before it left). Errors as in `outbox.withdraw`."""
        gone = outbox.withdraw(conn, op_id, now, with_dependents=with_dependents)
        for target in {act.target for act in gone}:
            self.refold(conn, target)
        return gone

    def retry(self, conn: Connection, op_id: str, new_id: str, made_at: datetime, seen_at: datetime | None) -> Outcome:
        """Ask again for what central refused, seeing what is so now; the old act ends as resolved if this one holds.

        ConflictError `op_not_refused` for an act that isn't waiting for a person.
        """
        return self.succeed(conn, self.again(conn, op_id, new_id, made_at, seen_at))

    def again(
        self, conn: Connection, op_id: str, new_id: str, made_at: datetime, seen_at: datetime | None,
        kind: str | None = None, args: Mapping[str, Any] | None = None,
    ) -> Command:  # fmt: skip
        """The act that asks again for a refused one, or for `kind` and `args` in its place, seeing what is so now."""
        old = self._refused(conn, op_id)
        return replace(
            old.command,
            id=new_id,
            kind=kind or old.kind,
            args=old.command.args if args is None else args,
            basis=basis(conn, old.target, old.command.actor, old.n),
            before=seen_now(conn, entity_of(old.kind), old.target, old.command.before),
            cause=op_id,
            made_at=made_at,
            seen_at=seen_at,
        )

    def succeed(self, conn: Connection, command: Command) -> Outcome:
        """Put an act in the place of the refused one that is its cause, which ends as resolved if this one holds."""
        outcome = self.foresee(conn, command)
        if isinstance(outcome, Effects):
            outbox.succeed(conn, self._refused(conn, command.cause or ""), command, command.made_at)
            self.refold(conn, command.target)
        return outcome

    def resolution(
        self, conn: Connection, conflict: str, choice: str, actor: str, new_id: str, made_at: datetime,
        seen_at: datetime | None,
    ) -> Command:  # fmt: skip
        """The act by which `actor` settles a conflict, seeing what is so now. NotFound `conflict_unknown`."""
        kept, old = conflict_of(conn, conflict), outbox.find(conn, conflict)
        if kept is None:
            raise NotFound("conflict_unknown", conflict=conflict)
        names = {*conflict_rules.wanted(kept.act, kept.args, actor), *(old.command.before if old else ())}
        waits = old is not None and old.state is OpState.ATTENTION
        return Command(
            id=new_id,
            kind=str(Op.CONFLICT_RESOLVE),
            actor=actor,
            target=kept.ticket,
            basis=basis(conn, kept.ticket, actor, old.n if old is not None and waits else None),
            before=seen_now(conn, "ticket", kept.ticket, names),
            args={"conflict": conflict, "choice": choice},
            cause=conflict,
            made_at=made_at,
            seen_at=seen_at,
        )

    def resolve(self, conn: Connection, command: Command) -> Outcome:
        """Settle a conflict by a `resolution`. The own act that it settles ends, and what waited behind it goes on."""
        outcome = self.foresee(conn, command)
        if isinstance(outcome, Effects):
            old = outbox.find(conn, str(command.args["conflict"]))
            if old is not None and old.state is OpState.ATTENTION:
                outbox.succeed(conn, old, command, command.made_at)
            else:
                outbox.append(conn, command)
            self.refold(conn, command.target)
        return outcome

    def dismiss(self, conn: Connection, op_id: str, now: datetime) -> None:
        """Let a refused act go; it stays in the journal. ConflictError `op_has_dependents` while acts stand on it."""
        old = self._refused(conn, op_id)
        if others := outbox.dependents(conn, op_id):
            raise ConflictError("op_has_dependents", op=op_id, ops=others)
        outbox.end(conn, [op_id], OpState.DISMISSED, now)
        self.refold(conn, old.target)

    def _refused(self, conn: Connection, op_id: str) -> OutboxOp:
        act = outbox.get(conn, op_id)
        if act.state is not OpState.ATTENTION:
            raise ConflictError("op_not_refused", op=op_id, state=act.state.value)
        return act

    def settle(self, conn: Connection, answers: Iterable[OpAnswer], now: datetime) -> Settled:
        """Take central's answers to a push. An answer to an act that is no longer waiting changes nothing."""
        again = conn.execute("SELECT EXISTS (SELECT 1 FROM outbox WHERE next_at IS NOT NULL)").fetchone()
        settled = Settled(put_off=bool(again[0]))
        answers = list(answers)
        waiting = _waiting(conn, answers)
        have = _versions(conn, waiting.values())
        for answer in answers:
            if answer.result in _CHAIN:
                settled.forked |= answer.result == Result.FORKED
                if answer.result == Result.GAP and settled.gap is None:
                    settled.gap = int(answer.data.get("expected", 0)) or None
                continue
            act = waiting.pop(answer.op, None)
            if act is not None and not self._settle_one(conn, answer, act, have.get(act.target, 0), now, settled):
                waiting = _waiting(conn, answers)  # what it ended, or brought back, waits no longer
        settled.to_fold |= feed.finish_acked(conn, feed.position(conn).seq, now)
        for target in settled.to_fold:
            self.refold(conn, target)
        return settled

    def _settle_one(
        self, conn: Connection, answer: OpAnswer, act: "_Act", have: int, now: datetime, settled: Settled
    ) -> bool:
        """Takes one answer; `have`: central's version of the target here. False when other acts may have ended too."""
        target, alone = act.target, True
        settled.targets.add(target)
        text = outbox.dump(
            {"result": answer.result, "reason": answer.reason, "data": answer.data}
            | {"seq": answer.seq, "ver": answer.ver}
        )
        first = answer.data.get("result") if answer.result == Result.DUPLICATE else None
        verdict = first or (Result.APPLIED if answer.result == Result.DUPLICATE else answer.result)
        if verdict in _ACCEPTED:
            settled.accepted += 1
            conn.execute(
                "UPDATE outbox SET state = 'acked', result = ?, acked_seq = ?, acked_ver = ?, next_at = NULL"
                " WHERE id = ?",
                (text, answer.seq, answer.ver, answer.op),
            )
            if settled.put_off:  # whatever central put off may stand on this one
                sql = "UPDATE outbox SET next_at = NULL WHERE next_at IS NOT NULL AND instr(deps, ?)"
                conn.execute(sql, (answer.op,))
            if act.kind == Op.OP_WITHDRAW:
                alone, back = False, _taken_back(conn, outbox.get(conn, answer.op), now)
                settled.targets |= back
                settled.to_fold |= back
            if answer.ver <= have or act.aside:
                settled.to_fold.add(target)  # its effect came before its answer, or was not shown so far
        elif verdict == Result.DEFERRED:
            settled.deferred += 1
            settled.put_off = True
            wait = min(DEFER_FIRST * 2 ** min(act.attempts - 1, 8), DEFER_MOST)
            conn.execute(
                "UPDATE outbox SET result = ?, next_at = ?, attempts = attempts + 1 WHERE id = ?",
                (text, clock.to_ms(now + wait), answer.op),
            )
        else:
            conn.execute(
                "UPDATE outbox SET state = 'attention', result = ?, next_at = NULL WHERE id = ?", (text, answer.op)
            )
            settled.refused += not _over(conn, outbox.get(conn, answer.op), answer, now)
            settled.to_fold.add(target)
            alone = False
        if answer.data.get("erased"):
            outbox.erase(conn, [answer.op])
        return alone

    def apply_page(
        self, conn: Connection, lines: Sequence[FeedLine], cursor: str, now: datetime, *, up_to_date: bool = False
    ) -> feed.Applied:
        """Take one whole page of the feed (its lines without `end`) and the cursor behind it."""
        forgetting.rename(conn, lines)
        applied = feed.take(conn, lines, cursor, now, up_to_date=up_to_date)
        self.hear(conn, lines, applied, now)
        for target in applied.to_fold:
            self.refold(conn, target)
        feed.index_page(conn, applied)
        if up_to_date:
            outbox.prune(conn, now)
        return applied

    def told(self, conn: Connection, cursor: str, now: datetime) -> bool:
        """Whether a page without lines and with this cursor, at the feed's end, would change nothing here."""
        return feed.position(conn).cursor == cursor and not feed.open_ends(conn, now - outbox.KEEP_DONE)

    def hear(self, conn: Connection, lines: Sequence[FeedLine], applied: feed.Applied, now: datetime) -> None:
        """What rows that came say of own acts: conflicts that are settled end them, erased ones lose their words.

        The caller folds `applied.to_fold` afterwards.
        """
        closed = outbox.end_closed(conn, _closed(lines), now)
        applied.targets |= closed
        applied.to_fold |= closed
        forgetting.heed(conn, lines)


class _Act(NamedTuple):
    """An act as far as its answer needs to know it; `aside`: central had put it aside before."""

    kind: str
    target: str
    attempts: int
    aside: bool


def _waiting(conn: Connection, answers: Sequence[OpAnswer]) -> dict[str, _Act]:
    """Those of the answered acts that wait for their answer, by id."""
    found = conn.execute(
        f"SELECT id, kind, target, attempts, state FROM outbox WHERE (state = 'sealed' OR {aside.WHERE})"
        f" AND id {rows.IN}",
        (rows.bind(answer.op for answer in answers),),
    )
    return {row[0]: _Act(row[1], row[2], int(row[3]), row[4] != OpState.SEALED) for row in found}


def _versions(conn: Connection, acts: Iterable[_Act]) -> dict[str, int]:
    """Target -> central's version of it that is here."""
    by_entity: dict[str, set[str]] = {}
    for act in acts:
        by_entity.setdefault(entity_of(act.kind), set()).add(act.target)
    return {id: ver for entity, ids in by_entity.items() for id, ver in rows.versions(conn, entity, ids).items()}


def _taken_back(conn: Connection, act: OutboxOp, now: datetime) -> set[str]:
    """The target of the act that an accepted `op.withdraw` took back, where that has no answer of its own yet."""
    named = outbox.find(conn, str(act.command.args.get("op"))) if act.kind == Op.OP_WITHDRAW else None
    if named is None or named.state is not OpState.SEALED:
        return set()
    outbox.end(conn, [named.id], OpState.WITHDRAWN, now)
    return {named.target}


def _over(conn: Connection, act: OutboxOp, answer: OpAnswer, now: datetime) -> bool:
    """Whether a refused act needs no person: it was taken back, its conflict is settled, it was to set aside what came
    to nothing anyway, or the act that it was to settle is before the person again."""
    if answer.reason == "withdrawn":
        outbox.end(conn, [act.id], OpState.WITHDRAWN, now)
        return True
    closed = answer.data.get("conflict") == act.id and _is_closed(conflict_of(conn, act.id))
    if closed or (act.kind == Op.OP_WITHDRAW and answer.reason == "op_answered"):
        outbox.end(conn, [act.id], OpState.RESOLVED, now)
        return True
    if act.kind == Op.CONFLICT_RESOLVE and answer.reason == "conflict_closed":
        if moot := act.command.args.get("choice") in _SETS_ASIDE and answer.data.get("state") in _CAME_TO_NOTHING:
            outbox.end(conn, [act.id], OpState.RESOLVED, now)
        return moot
    if act.kind == Op.CONFLICT_RESOLVE:
        _tell(conn, outbox.bring_back(conn, act, OpState.RESOLVED, now), act, answer)
    return False


def _tell(conn: Connection, old: str | None, act: OutboxOp, answer: OpAnswer) -> None:
    """Let an act that is back show the newest difference, or why it could not be settled as was wished (`settling`)."""
    if old is None:
        return
    if answer.data.get("conflict") == old:
        text = outbox.dump(dict(act.result or {}))
    else:
        result = dict(outbox.get(conn, old).result or {})
        told = {"result": answer.result, "reason": answer.reason, "data": answer.data}
        text = outbox.dump(result | {"data": {**(result.get("data") or {}), "settling": told}})
    conn.execute("UPDATE outbox SET result = ? WHERE id = ?", (text, old))


def _is_closed(kept: Any) -> bool:
    return kept is not None and kept.state != ConflictState.OPEN


def _closed(lines: Iterable[FeedLine]) -> list[str]:
    """Conflicts that a page shows as settled: none is ever opened again."""
    return [line.id for line in lines if line.entity == "conflict" and line.t == "put" and _settled(line.d)]


def _settled(document: Mapping[str, Any]) -> bool:
    return bool(document.get("state", "open") != "open")


def basis(conn: Connection, target: str, actor: str, place: int | None = None) -> Basis:
    """What an act of `actor` on `target` stands on now: central's version and epoch, and the own pending claim.

    With `place` only a claim of the outbox before it.
    """
    row = conn.execute("SELECT ver, doc FROM base WHERE id = ? AND target = id", (target,)).fetchone()
    if row is not None:
        ver, epoch = int(row["ver"]), int(json.loads(row["doc"]).get("owner_epoch", 0))
    else:
        row = conn.execute("SELECT ver, owner_epoch FROM ticket WHERE id = ? AND ver > 0", (target,)).fetchone()
        ver, epoch = (int(row[0]), int(row[1])) if row is not None else (_other_version(conn, target), 0)
    claim = conn.execute(
        "SELECT id FROM outbox WHERE target = ?1 AND actor = ?2 AND claim IS NOT NULL AND (?3 IS NULL OR n < ?3)"
        " AND state IN ('open', 'sealed', 'acked')"
        " AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.id = outbox.id AND entry.ver > 0) ORDER BY n DESC LIMIT 1",
        (target, actor, place),
    ).fetchone()
    return Basis(ver=ver, epoch=epoch, claim=None if claim is None else str(claim[0]))


def seen_now(conn: Connection, entity: str, id: str, names: Iterable[str]) -> dict[str, Any]:
    """The fields of a row as the view shows them, in the wire's plain types: the `before` of a new act."""
    row = rows.one(conn, entity, id)
    document = {} if row is None else records.row_to_wire(records.ENTITIES[entity], row)
    return {name: document.get(name) for name in names}


def _other_version(conn: Connection, target: str) -> int:
    row = conn.execute("SELECT ver FROM contact WHERE id = ?", (target,)).fetchone()
    return 0 if row is None else int(row[0])
