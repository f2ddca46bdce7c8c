"""Acts that central has put aside (`quarantined`): who may see them, and what ends them.

One is there for whoever may settle acts (`Right.QUARANTINE`) and sees its ticket, looks after its author, or after
everybody. Its words are for those alone who see its ticket. Settling changes the answer to the op itself, once: it is
done out of quarantine, or is `invalid`, `dismissed`. Design, security: what central refuses is visible, never gone.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from .. import clock, records
from ..domain.accounts import oversees
from ..domain.commands import Command
from ..domain.model import Hop, Person, Ticket
from ..domain.rights import Right, has, may
from ..domain.scope import CUSTOMERS, queue_group
from ..domain.terms import Op, Result, term
from ..errors import NotFound
from ..sync.wire import Envelope, OpResult
from ..sync.wire_quarantine import Held, HeldPage, Settled
from ..text import clean
from . import audit, ledger, loading, sql, standing, world, writing
from .access import Reader
from .db import Central
from .envelopes import command_of
from .judge import Batch, Verdict, quarantined
from .problems import ProblemError
from .scope import authority
from .system import SYSTEM
from .writing import Answer

log = logging.getLogger(__name__)

PAGE = 100
"""Most acts of one page."""
LOOK = 1_000
"""Most rows that one page looks at: a reader of little may get short pages, and `more`."""
DISMISSED = "dismissed"
"""Reason of an act that somebody has let go."""

_COLUMNS = (
    "o.op_id, o.device, o.kind, o.target, o.actor, o.result, o.code, o.received_at, o.envelope, "
    "b.args, b.before, b.salt"
)
_FROM = f"SELECT {_COLUMNS} FROM op o LEFT JOIN op_body b ON b.op_id = o.op_id WHERE "
_WAITING = text(
    f"{_FROM} o.code = 'quarantined' AND (o.received_at > :at OR (o.received_at = :at AND o.op_id > :op)) "
    "ORDER BY o.received_at, o.op_id LIMIT :most"
)
_ONE = text(f"{_FROM} o.op_id = :op")
_RESULT = "SELECT result FROM op WHERE op_id = :op"
_PLACE = text("SELECT received_at FROM op WHERE op_id = :op")
_LAPTOPS = sql.listed("SELECT id, code FROM device WHERE id IN :ids")
_ANEW = text(
    "SELECT op_id FROM op WHERE target = :target AND actor = :actor AND kind = :kind "
    "AND code IN ('applied', 'merged') AND envelope LIKE :cause LIMIT 1"
)

Row = Mapping[str, Any]


def page(conn: Connection, by: Person, after: str, most: int, now: datetime) -> HeldPage:
    """The next acts behind `after` (an op id; any other begins anew) that `by` may see, the longest waiting first."""
    at, op, looked = -1, "", 0
    if after:
        found = conn.execute(_PLACE, {"op": after}).scalar() if sql.storable(after) else None
        if found is not None:
            at, op = int(found), after
    acts: list[Held] = []
    while looked < LOOK:
        rows = sql.rows(conn, _WAITING, at=at, op=op, most=PAGE)
        for place, (row, held) in enumerate(zip(rows, _held(conn, rows, by, now), strict=True), 1):
            at, op = row["received_at"], row["op_id"]
            acts += [held] if held is not None else []
            if len(acts) == most:
                return HeldPage(acts, op if place < len(rows) or len(rows) == PAGE else "")
        looked += len(rows)
        if len(rows) < PAGE:
            return HeldPage(acts)
    return HeldPage(acts, op)


def one(conn: Connection, op: str, by: Person, now: datetime) -> Held:
    """One of them. NotFound when there is none that `by` may see; ProblemError `quarantine_settled`."""
    return _found(conn, op, by, now)[1]


def again(central: Central, conn: Connection, op: str, by: Person, now: datetime) -> Settled:
    """Judges an act once more, as of `now`, in its author's name; it is done at most once.

    Where its author may no longer do it, `by` answers for it: they must see its ticket and be allowed the same, and the
    author's rights of then count. What still fails stays. NotFound and ProblemError as `one`; `quarantine_done_anew`
    when its author has done the same since, `quarantine_erased` when nobody knows any more what it said, `forbidden`.
    """
    row, held = _found(conn, op, by, now)
    if row["args"] is None:
        raise ProblemError("quarantine_erased")
    command, envelope = _command(row)
    ground = loading.ground(central, conn, [command])  # holds the ticket before the op, as a push does
    _still(central, conn, op)
    anew = {"target": command.target, "actor": command.actor, "kind": str(command.kind)}
    done = conn.execute(_ANEW, anew | {"cause": f'%"cause":"{op}"%'}).scalar()
    if done is not None:
        raise ProblemError("quarantine_done_anew", op=done)
    batch, verdict = _judged(central, conn, command, ground, by, held, now, own=envelope is None)
    if verdict.code in (Result.QUARANTINED, *ledger.OPEN_ENDED):
        return _told_again(conn, by, OpResult(op=op, result=str(verdict.code), reason=verdict.reason,
                                              data=verdict.data), now)  # fmt: skip
    verdict.data[ledger.RELEASED] = {"by": by.id, "at": clock.iso(now)}
    try:
        with audit.attempt(conn):
            (result,) = writing.write(conn, batch, [Answer(command, envelope, verdict, now, again=True)], now)
    except DBAPIError as error:
        if isinstance(error, OperationalError):
            raise
        failed = quarantined(op, error)
        result = OpResult(op=op, result=str(failed.code), reason=failed.reason, data=failed.data)
    return _told_again(conn, by, result, now)


def dismiss(central: Central, conn: Connection, op: str, reason: str, by: Person, now: datetime) -> Settled:
    """Lets an act go for good. Its author is told `reason`; central keeps the act. Raises as `one`."""
    why = clean(reason, line=True).strip()
    if not why:
        raise ProblemError("invalid_request", fields=["reason"])
    _found(conn, op, by, now)
    _still(central, conn, op)
    data = {"why": why, "by": by.id, "at": clock.iso(now)}
    result = OpResult(op=op, result=str(Result.INVALID), reason=DISMISSED, data=data)
    writing.answer_again(conn, [result])
    audit.add(conn, now, by.id, "quarantine.dismiss", {"op": op})
    return _settled(result)


def _told_again(conn: Connection, by: Person, result: OpResult, now: datetime) -> Settled:
    audit.add(conn, now, by.id, "quarantine.again", {"op": result.op, "result": result.result})
    return _settled(result)


def _settled(result: OpResult) -> Settled:
    return Settled(result.op, result.result, result.reason or "", result.number or "", result.data)


def _found(conn: Connection, op: str, by: Person, now: datetime) -> tuple[Row, Held]:
    rows = sql.rows(conn, _ONE, op=op) if sql.storable(op) else []
    held = _held(conn, rows, by, now)
    if not held or held[0] is None:
        raise NotFound("op_unknown", op=op)
    if rows[0]["code"] != Result.QUARANTINED:
        result = msgspec.json.decode(rows[0]["result"], type=OpResult)
        if ledger.RELEASED not in result.data and result.reason != DISMISSED:
            raise NotFound("op_unknown", op=op)
        raise ProblemError("quarantine_settled", result=result.result)
    return rows[0], held[0]


def _still(central: Central, conn: Connection, op: str) -> None:
    """Holds the op's answer until the commit. ProblemError `quarantine_settled` when somebody was first."""
    told = conn.execute(text(_RESULT + central.for_update), {"op": op}).scalar_one()
    result = msgspec.json.decode(told, type=OpResult)
    if result.result != Result.QUARANTINED:
        raise ProblemError("quarantine_settled", result=result.result)


def _judged(
    central: Central, conn: Connection, command: Command, ground: loading.Ground, by: Person, held: Held,
    now: datetime, *, own: bool,
) -> tuple[Batch, Verdict]:  # fmt: skip
    here = world.load(central, conn)
    known = loading.known_ops(conn, ledger.named([command]))
    batch = Batch(here, ground, ledger.claims(known))
    waits = ledger.depends(command, known, {})
    if waits is not None or own:
        return batch, waits or batch.judge(command, here.persons.get(command.actor, SYSTEM), now, own=True)
    author = here.persons[command.actor]
    made = min(max(command.made_at, command.seen_at or command.made_at), now)
    then = standing.of(conn, author, now).at(made)
    verdict = batch.judge(command, author, now, then=then)
    if verdict.reason == "rights_gone":
        if held.words != "shown" or not may(by.role, term(Op, command.kind)):
            raise ProblemError("forbidden", reason="no_right", kind=command.kind)
        verdict = batch.judge(command, then, now)
    return batch, verdict


def _command(row: Row) -> tuple[Command, Envelope | None]:
    """The act as it was signed, or as central or an import had made it (no envelope)."""
    told, args, before = (json.loads(row[name]) for name in ("envelope", "args", "before"))
    if row["device"] is not None:
        envelope = msgspec.convert({**told, "salt": row["salt"], "args": args, "before": before}, Envelope)
        return command_of(envelope), envelope
    made_at = clock.parse(told["made_at"])
    command = Command(
        id=row["op_id"], kind=row["kind"], actor=row["actor"], target=row["target"], args=args, before=before,
        cause=told["cause"], made_at=made_at,
    )  # fmt: skip
    return command, None


# -- who sees what


@dataclass(frozen=True, slots=True)
class _Around:
    """What acts are about: people, tickets with the groups that may act on them, laptops."""

    people: Mapping[str, Person]
    tickets: Mapping[str, Ticket]
    groups: Mapping[str, frozenset[str]]
    laptops: Mapping[str, str]


def _held(conn: Connection, rows: Sequence[Row], by: Person, now: datetime) -> list[Held | None]:
    """The acts as `by` may see them, None for those that are none of theirs."""
    around = _around(conn, rows, now)
    return [_as_seen(row, around, by) for row in rows]


def _around(conn: Connection, rows: Sequence[Row], now: datetime) -> _Around:
    targets, actors = {row["target"] for row in rows}, {row["actor"] for row in rows}
    tickets = [records.from_row(Ticket, row) for row in sql.by_ids(conn, sql.select("ticket", "id IN :ids"), targets)]
    hops: dict[str, list[Hop]] = {}
    for row in sql.by_ids(conn, sql.select("hop", "ticket IN :ids"), (ticket.id for ticket in tickets)):
        hops.setdefault(row["ticket"], []).append(records.from_row(Hop, row))
    people = [records.from_row(Person, row) for row in sql.by_ids(conn, sql.select("person", "id IN :ids"), actors)]
    laptops = sql.by_ids(conn, _LAPTOPS, {row["device"] for row in rows if row["device"] is not None})
    return _Around(
        people={person.id: person for person in people},
        tickets={ticket.id: ticket for ticket in tickets},
        groups={ticket.id: authority(ticket, hops.get(ticket.id, ()), now) for ticket in tickets},
        laptops={row["id"]: row["code"] for row in laptops},
    )


def _as_seen(row: Row, around: _Around, by: Person) -> Held | None:
    author, ticket = around.people.get(row["actor"], SYSTEM), around.tickets.get(row["target"])
    args: dict[str, Any] = json.loads(row["args"]) if row["args"] is not None else {}
    queue = ticket.queue if ticket is not None else args.get("queue") if row["kind"] == Op.TICKET_CREATE else None
    reader = Reader.of(by)
    if ticket is not None:
        sees = not around.groups[ticket.id].isdisjoint(reader.groups)
    elif isinstance(queue, str):
        sees = queue_group(queue) in reader.groups
    else:
        sees = CUSTOMERS in reader.groups and oversees(by, author)
    everybody = has(by.role, Right.ACCOUNTS)
    if not (sees or everybody or (ticket is None and oversees(by, author))):
        return None
    result = msgspec.json.decode(row["result"], type=OpResult)
    told, hidden = json.loads(row["envelope"]), reader.sight.hidden.get("ticket", frozenset())
    words = "erased" if row["args"] is None else "shown" if sees else "hidden"

    def shown(body: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(row[body]) if words == "shown" else {}
        return {name: value for name, value in document.items() if name not in hidden}

    return Held(
        op=row["op_id"], kind=row["kind"], target=row["target"], author=author.login, author_name=author.name,
        made_at=told["made_at"], received_at=clock.iso_ms(row["received_at"]), reason=result.reason or "", words=words,
        laptop=around.laptops.get(row["device"] or "", ""),
        number=writing.number(ticket.number) if ticket is not None and ticket.number else "",
        queue=queue if isinstance(queue, str) and (sees or everybody) else "",
        reference=str(result.data.get("reference", "")), args=shown("args"), before=shown("before"),
    )  # fmt: skip
