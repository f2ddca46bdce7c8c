"""Erasure of what ops said: bodies and every copy of them, at central and, by the feed, on the laptops.

Envelope, signature and chain stay and still verify (`seal`: they cover the body's hash alone). Design, sync 3.
Copies are the values of a refusal in the stored answer, the conflict it left, the words of the timeline's entries, and
the parts of first pulls. What a ticket or contact says *now* is no copy: its own acts change it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from .. import records
from ..domain.model import Conflict, Entry, Hop, Ticket
from ..domain.scope import groups_of_ticket
from ..domain.terms import ConflictState, Delivery, Result
from ..errors import NotFound
from ..sync.wire import OpResult
from . import audit, feed, loading, sql, unsaid, writing
from .db import Central
from .feed import Change
from .ledger import OPEN_ENDED

ERASED = "body_erased"
"""Reason of an op that central will never do, because what it said is gone."""
FIGURES = frozenset({"state", "waiting_party", "priority", "owner", "owner_epoch", "queue", "tier"})
"""Changes of a ticket that an entry keeps: figures, history and the fence stand on them, and they are no words."""
REFERENCES = frozenset(
    {"call", "minutes", "direction", "hop", "tier", "conflict", "choice", "kept", "wanted", "author"}
)
"""Keys of an entry's `data` that stay."""
_VALUES = ("fields", "value", "why")
"""Keys of an answer's data that repeat what an op said or saw, or are words of whoever dismissed it."""

_OPS = sql.listed("SELECT op_id, target, kind FROM op WHERE op_id IN :ids")
_BODIES = sql.listed("DELETE FROM op_body WHERE op_id IN :ids")
_TOLD = sql.select("entry", "ticket IN :ids AND data LIKE '%\"conflict\"%'")
_ANSWER = text("UPDATE op SET code = :code, result = :result WHERE op_id = :op_id")


Part = tuple[str, str, int, str]
"""Entity, id, version, ticket."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How many bodies, conflicts and entries lost their words."""

    ops: int
    conflicts: int
    entries: int


def erase(central: Central, op_ids: Collection[str], actor: str, now: datetime) -> Erased:
    """Erases ops in one transaction, and says so in the audit. Doing it again changes nothing.

    NotFound `op_unknown` (data `op`) when one is not known here: then nothing was erased.
    """
    ids = sorted(set(op_ids))
    with central.write() as conn:
        known = {row["op_id"]: row for row in sql.by_ids(conn, _OPS, ids)}
        if missing := [id for id in ids if id not in known]:
            raise NotFound("op_unknown", op=missing[0])
        tickets = locked(central, conn, {row["target"] for row in known.values()})
        conflicts, entries = forget(conn, ids), _entries(conn, ids, tickets)
        told = unsaid.take(conn, {id: row["kind"] for id, row in known.items()}, tickets)
        announce(conn, tickets, parts_of(conflicts, entries) + told, now)
        erased = Erased(len(ids), len(conflicts), len(entries))
        audit.add(conn, now, actor, "op.erase", {"ops": ids})
    return erased


def locked(central: Central, conn: Connection, ids: Iterable[str]) -> dict[str, Ticket]:
    """Tickets by their ids, held until the commit."""
    statement = sql.select("ticket", "id IN :ids", f" ORDER BY id{central.for_update}")
    return {row["id"]: records.from_row(Ticket, row) for row in sql.by_ids(conn, statement, ids)}


def forget(conn: Connection, ids: Sequence[str]) -> list[Conflict]:
    """Bodies of ops, the values in their answers, what was cut ready of them, and what their conflicts say. Returns the
    conflicts that had words."""
    bodies(conn, ids)
    no_snapshots(conn)
    return _conflicts(conn, ids)


def no_snapshots(conn: Connection) -> None:
    """Forgets what was cut ready: whoever takes it begins another (P-143)."""
    for table in ("snapshot_part", "snapshot"):
        conn.execute(text(f"DELETE FROM {table}"))


def bodies(conn: Connection, ids: Sequence[str]) -> None:
    """Bodies of ops and the values in their answers alone; what they did keeps its words."""
    for some in sql.portions(ids):
        conn.execute(_BODIES, {"ids": some})
    _answers(conn, ids)


def _answers(conn: Connection, ids: Sequence[str]) -> None:
    """Answers without values; one that was not lasting becomes so, since there is nothing left to judge."""
    rows = []
    for id, known in loading.known_ops(conn, ids).items():
        answer = known.result
        if answer.result in OPEN_ENDED:
            answer = OpResult(op=id, result=str(Result.INVALID), reason=ERASED)
        data = {name: value for name, value in answer.data.items() if name not in _VALUES} | {"erased": True}
        answer = msgspec.structs.replace(answer, data=data)
        rows.append({"op_id": id, "code": answer.result, "result": msgspec.json.encode(answer).decode()})
    sql.many(conn, _ANSWER, rows)


def _conflicts(conn: Connection, ids: Iterable[str]) -> list[Conflict]:
    kept = [records.from_row(Conflict, row) for row in sql.by_ids(conn, sql.select("conflict", "id IN :ids"), ids)]
    erased = [
        replace(item, ver=item.ver + 1, args={}, fields={}, state=ConflictState.ERASED)
        for item in kept
        if item.state != ConflictState.ERASED
    ]
    sql.many(conn, sql.upsert("conflict"), [records.to_row(item) for item in erased])
    return erased


def _entries(conn: Connection, ids: Sequence[str], tickets: Collection[str]) -> list[Entry]:
    """The entries that the ops made, and notes that tell of their conflicts."""
    made = [records.from_row(Entry, row) for row in sql.by_ids(conn, sql.select("entry", "id IN :ids"), ids)]
    wanted = frozenset(ids)
    told = [records.from_row(Entry, row) for row in sql.by_ids(conn, _TOLD, tickets)]
    made += [entry for entry in told if entry.data.get("conflict") in wanted and entry.id not in wanted]
    return silence(conn, made)


def silence(conn: Connection, made: Iterable[Entry]) -> list[Entry]:
    """Takes the words of entries; returns those that had some, as they are now."""
    erased = [_wordless(entry) for entry in made if not entry.data.get("erased")]
    sql.many(conn, sql.upsert("entry"), [writing.entry_row(entry) for entry in erased])
    stopped = [entry for entry in erased if entry.delivery_note == "erased"]
    sql.many(
        conn,
        writing.SETTLE,
        [writing.settled(entry.id, entry.delivery, entry.delivery_note) for entry in stopped],
    )
    return erased


def _wordless(entry: Entry) -> Entry:
    kept: dict[str, Any] = {name: value for name, value in entry.data.items() if name in REFERENCES}
    changes = {name: value for name, value in entry.changes.items() if name in FIGURES}
    bare = replace(entry, ver=entry.ver + 1, body="", changes=changes, data=kept | {"erased": True})
    if bare.delivery == Delivery.QUEUED:
        bare = replace(bare, delivery=Delivery.FAILED, delivery_note="erased")
    return bare


def parts_of(conflicts: Iterable[Conflict], entries: Iterable[Entry], hops: Iterable[Hop] = ()) -> list[Part]:
    """Parts of tickets as `announce` takes them."""
    named = (("conflict", conflicts), ("entry", entries), ("hop", hops))
    return [(entity, item.id, item.ver, item.ticket) for entity, items in named for item in items]


def announce(
    conn: Connection, tickets: Mapping[str, Ticket], parts: Iterable[Part], now: datetime, also: Sequence[Change] = ()
) -> None:
    """Tells laptops of new versions of tickets' parts, and of `also`: the last statement of the transaction."""
    hops: dict[str, list[Hop]] = {}
    for row in sql.by_ids(conn, sql.select("hop", "ticket IN :ids"), tickets):
        hops.setdefault(row["ticket"], []).append(records.from_row(Hop, row))
    groups = {id: groups_of_ticket(ticket, hops.get(id, ()), now) for id, ticket in tickets.items()}
    changes = [
        Change(entity=entity, id=id, ver=ver, put_groups=groups.get(ticket, feed.NO_GROUPS))
        for entity, id, ver, ticket in parts
    ]
    if changes or also:
        feed.announce(conn, [*changes, *also], at=now)
