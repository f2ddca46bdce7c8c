"""What this person did and central has not settled. Nothing here is ever dropped: an act ends in the journal.

open -> sealed -> acked -> done; central's refusal makes it `attention`, which a person ends by trying again or by
letting it go. An open act may be edited and withdrawn; a sealed one is never changed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from .. import clock
from ..domain.terms import Op
from ..errors import ConflictError, NotFound
from .opening import Connection
from .rows import IN, bind

if TYPE_CHECKING:
    from ..domain.commands import Basis, Command

KEEP_DONE = timedelta(days=14)
"""How long acts that are over can be offered to central again."""

CREATING = frozenset({Op.TICKET_CREATE, Op.CONTACT_CREATE, Op.ORGANISATION_CREATE, Op.ARTICLE_CREATE})
"""Acts that make their target: nothing on it goes before them."""


class OpState(StrEnum):
    OPEN = "open"
    """Made, not yet sent: may be edited and withdrawn."""
    SEALED = "sealed"
    """Signed and perhaps sent; central's answer isn't here."""
    ACKED = "acked"
    """Applied by central; the pull hasn't brought the effects yet."""
    ATTENTION = "attention"
    """Refused or in conflict: a person decides."""
    DONE = "done"
    WITHDRAWN = "withdrawn"
    RESOLVED = "resolved"
    """Refused, and settled since: by another act, or by someone else."""
    DISMISSED = "dismissed"
    """Refused, and let go by a person."""


PENDING = (OpState.OPEN, OpState.SEALED, OpState.ACKED)
"""States in which the view shows the act's effects."""

_COLUMNS = (
    'n, id, kind, version, actor, target, basis, "before", args, deps, cause, made_at, seen_at, hold_until, next_at,'
    " state, inc, counter, envelope, result, acked_seq, acked_ver, attempts, predicted, claim"
)
_PENDING_SQL = "state IN ('open', 'sealed', 'acked')"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxOp:
    """One act with where it stands."""

    n: int
    command: "Command"
    hold_until: datetime | None
    next_at: datetime | None
    state: OpState
    inc: str | None
    counter: int | None
    envelope: Mapping[str, Any] | None
    result: Mapping[str, Any] | None
    """Central's last answer: `result`, `reason`, `data`, `seq`, `ver`."""
    acked_seq: int | None
    acked_ver: int | None
    attempts: int
    predicted: Mapping[str, Any] | None
    """What this laptop expects central to answer, where that is a conflict or a refusal."""
    claim: int | None
    """Owner epoch that the act is expected to give, if it claims its ticket."""

    @property
    def id(self) -> str:
        return self.command.id

    @property
    def kind(self) -> str:
        return self.command.kind

    @property
    def target(self) -> str:
        return self.command.target


def dump(value: Any) -> str:
    """JSON text of plain values."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def plain_basis(basis: "Basis") -> dict[str, Any]:
    """A basis on the wire: defaults are left out."""
    found = {"ver": basis.ver, "epoch": basis.epoch, "claim": basis.claim}
    return {name: value for name, value in found.items() if value}


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else clock.from_ms(ms)


def _op(row: Any) -> OutboxOp:
    from ..domain.commands import Basis, Command

    return OutboxOp(
        n=row["n"],
        command=Command(
            id=row["id"],
            kind=row["kind"],
            version=row["version"],
            actor=row["actor"],
            target=row["target"],
            basis=Basis(**json.loads(row["basis"])),
            before=json.loads(row["before"]),
            args=json.loads(row["args"]),
            deps=tuple(json.loads(row["deps"])),
            cause=row["cause"],
            made_at=clock.from_ms(row["made_at"]),
            seen_at=_moment(row["seen_at"]),
        ),
        hold_until=_moment(row["hold_until"]),
        next_at=_moment(row["next_at"]),
        state=OpState(row["state"]),
        inc=row["inc"],
        counter=row["counter"],
        envelope=json.loads(row["envelope"]) if row["envelope"] else None,
        result=json.loads(row["result"]) if row["result"] else None,
        acked_seq=row["acked_seq"],
        acked_ver=row["acked_ver"],
        attempts=row["attempts"],
        predicted=json.loads(row["predicted"]) if row["predicted"] else None,
        claim=row["claim"],
    )


def append(conn: Connection, command: "Command", hold_until: datetime | None = None) -> None:
    """Add an act at the end. `hold_until`: it doesn't leave before (undo send)."""
    conn.execute(
        'INSERT INTO outbox (id, kind, version, actor, target, basis, "before", args, deps, cause, made_at, seen_at,'
        " hold_until, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')",
        (
            command.id,
            str(command.kind),
            command.version,
            command.actor,
            command.target,
            dump(plain_basis(command.basis)),
            dump(dict(command.before)),
            dump(dict(command.args)),
            dump(list(command.deps)),
            command.cause,
            clock.to_ms(command.made_at),
            None if command.seen_at is None else clock.to_ms(command.seen_at),
            None if hold_until is None else clock.to_ms(hold_until),
        ),
    )


def get(conn: Connection, op_id: str) -> OutboxOp:
    """An act of the outbox, or of the journal while that keeps it. NotFound `op_unknown` otherwise."""
    found = find(conn, op_id)
    if found is None:
        raise NotFound("op_unknown", op=op_id)
    return found


def find(conn: Connection, op_id: str) -> OutboxOp | None:
    """As `get`, None for an act that isn't here."""
    for table in ("outbox", "journal"):
        row = conn.execute(f"SELECT * FROM {table} WHERE id = ?", (op_id,)).fetchone()
        if row is not None:
            return _op(row)
    return None


def listing(conn: Connection, target: str | None = None, states: Iterable[str] = ()) -> list[OutboxOp]:
    """Acts in the order they were made, of one target and of some states where given."""
    wanted = list(states)
    found = conn.execute(
        f"SELECT * FROM outbox WHERE (?1 IS NULL OR target = ?1) AND (?2 OR state {IN.replace('?', '?3')}) ORDER BY n",
        (target, not wanted, bind(wanted)),
    )
    return [_op(row) for row in found]


def pending(conn: Connection, target: str) -> list[OutboxOp]:
    """The acts that make up the view of a target over its base, in order."""
    found = conn.execute(f"SELECT * FROM outbox WHERE target = ? AND {_PENDING_SQL} ORDER BY n", (target,))
    return [_op(row) for row in found]


def targets(conn: Connection) -> list[str]:
    """What the acts that make up the view are aimed at."""
    return [row[0] for row in conn.execute(f"SELECT DISTINCT target FROM outbox WHERE {_PENDING_SQL}")]


def counts(conn: Connection) -> tuple[int, int]:
    """(acts that central has not answered, acts that need a person)."""
    row = conn.execute(
        "SELECT (SELECT count(*) FROM outbox WHERE state IN ('open', 'sealed')),"
        " (SELECT count(*) FROM outbox WHERE state = 'attention')"
    ).fetchone()
    return int(row[0]), int(row[1])


def newest(conn: Connection) -> int:
    """The last place that was given to an act; 0 before the first. It grows with each act, also with a second try."""
    row = conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").fetchone()
    return 0 if row is None else int(row[0])


def next_wake(conn: Connection, now: datetime) -> datetime | None:
    """When the next held or deferred act may leave; None when none waits for a time."""
    row = conn.execute(
        "SELECT min(at) FROM (SELECT hold_until AS at FROM outbox WHERE state = 'open'"
        " UNION ALL SELECT next_at FROM outbox WHERE state IN ('open', 'sealed')) WHERE at > ?",
        (clock.to_ms(now),),
    ).fetchone()
    return _moment(row[0])


def next_alias(conn: Connection, device_code: str) -> str:
    """The alias of the next ticket made here: `~K7Q-14`. `device_code` are the laptop's three letters.

    A cache that was put back to an earlier state counts on from the tickets that central has sent it again.
    """
    start = f"~{device_code}-"
    row = conn.execute(
        "INSERT INTO setting (key, value) SELECT ?1, 1 + max("
        "ifnull((SELECT CAST(value AS INTEGER) FROM setting WHERE key = ?1), 0),"
        " ifnull((SELECT max(CAST(substr(alias, ?2) AS INTEGER)) FROM ticket WHERE alias >= ?3 AND alias < ?4), 0))"
        " WHERE true ON CONFLICT (key) DO UPDATE SET value = excluded.value RETURNING value",
        (f"alias:{device_code}", len(start) + 1, start, f"~{device_code}."),
    ).fetchone()
    return f"{start}{row[0]}"


def dependents(conn: Connection, op_id: str) -> list[str]:
    """Acts of the outbox that name this one as what they stand on, and those that stand on these."""
    found: list[str] = []
    links = conn.execute("SELECT id, kind, deps, basis FROM outbox ORDER BY n").fetchall()
    stood_on = {op_id}
    for row in links:
        if stood_on.intersection(stands_on(row["kind"], row["deps"], row["basis"])):
            stood_on.add(row["id"])
            found.append(row["id"])
    return found


def stands_on(kind: str, deps: str, basis: str) -> tuple[str, ...]:
    """The acts without which an act can't be done, of its stored columns: its deps, and the own claim that it needs.

    What only adds to a ticket (`decide.MERGING`) needs no claim.
    """
    from ..domain.decide import MERGING

    claim = json.loads(basis).get("claim") if "claim" in basis and kind not in MERGING else None
    return (*(json.loads(deps) if deps != "[]" else ()), *([claim] if claim else []))


def change_args(conn: Connection, op_id: str, args: Mapping[str, Any], hold_until: datetime | None = None) -> OutboxOp:
    """New args for an open act; `hold_until` replaces the old one. ConflictError `op_sealed` once it may have left."""
    _open(conn, op_id)
    conn.execute(
        "UPDATE outbox SET args = ?, hold_until = ? WHERE id = ?",
        (dump(dict(args)), None if hold_until is None else clock.to_ms(hold_until), op_id),
    )
    return get(conn, op_id)


def withdraw(conn: Connection, op_id: str, now: datetime, *, with_dependents: bool = False) -> list[OutboxOp]:
    """Take back an open act, before it has left. What stands on it goes too, or is why it can't be done.

    Where it was to settle a refused act, that one is before the person again, and what stood on it stands there.
    ConflictError `op_sealed` once it may have left, `op_has_dependents` (data `ops`).
    """
    again = _settled_by(conn, _open(conn, op_id)) is not None
    others = [] if again else dependents(conn, op_id)
    if others and not with_dependents:
        raise ConflictError("op_has_dependents", op=op_id, ops=others)
    gone = [_open(conn, id) for id in (op_id, *others)]
    for op in gone:
        if bring_back(conn, op, OpState.WITHDRAWN, now) is None:
            end(conn, [op.id], OpState.WITHDRAWN, now)
    return gone


def _settled_by(conn: Connection, op: OutboxOp) -> int | None:
    """Place in the journal of the refused act that `op` was to settle; None when it settled none."""
    found = conn.execute("SELECT n FROM journal WHERE id = ? AND state = 'resolved'", (op.command.cause,)).fetchone()
    return None if found is None else int(found[0])


def bring_back(conn: Connection, op: OutboxOp, outcome: OpState, now: datetime) -> str | None:
    """End `op` and put the refused act that it was to settle before the person again, in its place.

    Gives that act's id; None, and nothing is changed, when there is none.
    """
    place, old = _settled_by(conn, op), op.command.cause
    if place is None or old is None:
        return None
    conn.execute(f"INSERT INTO outbox ({_COLUMNS}) SELECT {_COLUMNS} FROM journal WHERE id = ?", (old,))
    conn.execute("DELETE FROM journal WHERE id = ?", (old,))
    for n, id in ((-1, op.id), (op.n, old), (place, op.id)):
        conn.execute("UPDATE outbox SET n = ? WHERE id = ?", (n, id))
    conn.execute("UPDATE outbox SET state = 'attention', next_at = NULL WHERE id = ?", (old,))
    end(conn, [op.id], outcome, now)
    _repoint(conn, op.id, old)
    return old


def end_closed(conn: Connection, op_ids: Iterable[str], now: datetime) -> set[str]:
    """End the refused acts whose conflict was settled elsewhere; gives their targets."""
    found = conn.execute(
        f"SELECT id, target FROM outbox WHERE state = 'attention' AND id {IN}", (bind(op_ids),)
    ).fetchall()
    if found:
        end(conn, [row[0] for row in found], OpState.RESOLVED, now)
    return {row[1] for row in found}


def erase(conn: Connection, op_ids: Iterable[str]) -> None:
    """Forget what ended or refused acts said: central erased them, so they are offered to nobody again."""
    ids = bind(op_ids)
    for table in ("outbox", "journal"):
        conn.execute(
            f"UPDATE {table} SET args = '{{}}', \"before\" = '{{}}', envelope = NULL,"
            " result = json_remove(result, '$.data.fields', '$.data.value', '$.data.why')"
            f" WHERE id {IN} AND state NOT IN ('open', 'sealed', 'acked')",
            (ids,),
        )


def withdrawals(conn: Connection) -> dict[str, str]:
    """Id of an act that is being taken back -> the `op.withdraw` that waits for central's answer."""
    found = conn.execute(
        "SELECT json_extract(args, '$.op'), id FROM outbox WHERE kind = ? AND state IN ('open', 'sealed')",
        (str(Op.OP_WITHDRAW),),
    )
    return {row[0]: row[1] for row in found}


def _open(conn: Connection, op_id: str) -> OutboxOp:
    op = get(conn, op_id)
    if op.state is not OpState.OPEN:
        raise ConflictError("op_sealed", op=op_id, state=op.state.value)
    return op


def succeed(conn: Connection, old: OutboxOp, command: "Command", now: datetime) -> None:
    """Put `command` in the place of a refused act, which ends as resolved: what was made after it stays after it."""
    append(conn, command)
    place = newest(conn)
    for n, id in ((-1, command.id), (place, old.id), (old.n, command.id)):
        conn.execute("UPDATE outbox SET n = ? WHERE id = ?", (n, id))
    end(conn, [old.id], OpState.RESOLVED, now)
    _repoint(conn, old.id, command.id)


def _repoint(conn: Connection, old: str, new: str) -> None:
    """Let acts that stand on `old` and have not left, or were refused, stand on the act that took its place."""
    for row in conn.execute("SELECT id, deps, basis FROM outbox WHERE state IN ('open', 'attention')").fetchall():
        deps, basis = json.loads(row["deps"]), json.loads(row["basis"])
        if old in deps or basis.get("claim") == old:
            basis |= {"claim": new} if basis.get("claim") == old else {}
            deps = [new if dep == old else dep for dep in deps]
            conn.execute("UPDATE outbox SET deps = ?, basis = ? WHERE id = ?", (dump(deps), dump(basis), row["id"]))


def end(conn: Connection, op_ids: Sequence[str], outcome: OpState, now: datetime) -> None:
    """Move acts to the journal."""
    ids = bind(op_ids)
    conn.execute(f"UPDATE outbox SET state = ? WHERE id {IN}", (outcome.value, ids))
    conn.execute(
        f"INSERT INTO journal ({_COLUMNS}, done_at) SELECT {_COLUMNS}, ? FROM outbox WHERE id {IN}",
        (clock.to_ms(now), ids),
    )
    conn.execute(f"DELETE FROM outbox WHERE id {IN}", (ids,))


def prune(conn: Connection, now: datetime) -> int:
    """Delete what the journal has kept for its 14 days; returns how many acts."""
    return conn.execute("DELETE FROM journal WHERE done_at < ?", (clock.to_ms(now - KEEP_DONE),)).rowcount


def offer_again(conn: Connection) -> int:
    """Central was set back to an earlier state: what it had applied counts as unanswered again. Returns how many."""
    cleared = "result = NULL, acked_seq = NULL, acked_ver = NULL"
    again = conn.execute(f"UPDATE outbox SET state = 'sealed', {cleared} WHERE state = 'acked'").rowcount
    again += conn.execute(
        f"INSERT INTO outbox ({_COLUMNS}) SELECT {_COLUMNS} FROM journal WHERE state = 'done' AND envelope IS NOT NULL"
    ).rowcount
    conn.execute(f"UPDATE outbox SET state = 'sealed', {cleared} WHERE state = 'done'")
    conn.execute("DELETE FROM journal WHERE state = 'done' AND envelope IS NOT NULL")
    return again
