"""Writes what a batch came to: every table once, in bulk, the feed last (design, sync 2)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from .. import clock, records
from ..domain.clocks import counts
from ..domain.commands import Command
from ..domain.model import Entry
from ..domain.terms import ConflictKind, Op, Result
from ..sync.wire import Envelope, OpResult
from ..sync.wire_envelopes import document
from . import audit, feed, sql
from .feed import Change
from .judge import CONTACT_ERASED, Batch, Verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """One op with its verdict. `envelope` is None for central's own."""

    command: Command
    envelope: Envelope | None
    verdict: Verdict
    received_at: datetime
    again: bool = False
    """The op was answered before (deferred, unsupported) and its answer is replaced."""


_OP = sql.insert(
    "op",
    (
        *("op_id", "device", "inc", "counter", "kind", "target", "actor"),
        *("body", "code", "result", "seq", "received_at", "envelope"),
    ),
)
_OP_AGAIN = text("UPDATE op SET code = :code, result = :result, seq = :seq WHERE op_id = :op_id")
_BODY = sql.insert("op_body", ("op_id", "salt", "args", "before", "at"))
_DISPATCH = sql.insert("dispatch", ("entry", "channel", "address", "queued_at", "state", "attempts", "next_at", "note"))
SETTLE = text("UPDATE dispatch SET state = :state, note = :note, next_at = NULL WHERE entry = :entry")
"""Ends a reply's way out."""
_KINDS = frozenset(str(kind) for kind in Op)
_PARTS = {part: sql.listed(f"SELECT ticket, id FROM {part} WHERE ticket IN :ids") for part in ("entry", "conflict")}
_CHANGED = sql.listed(
    "SELECT ticket, author_name, at, changes FROM entry WHERE ticket IN :ids AND changes <> '{}'"
    " ORDER BY coalesce(received_at, at), at, id"
)
_WITHDRAWN = text(
    f"{sql.insert('withdrawal', ('op_id', 'actor', 'by_op', 'at')).text} ON CONFLICT (op_id, actor) DO NOTHING"
)


def number(value: int) -> str:
    """A ticket number as people see it."""
    return f"MSC-{value:06d}"


def entry_row(entry: Entry) -> dict[str, Any]:
    """An entry's row with central's own column."""
    return {**records.to_row(entry), "clocked": int(counts(entry))}


def settled(entry: str, state: str, note: str | None) -> dict[str, str | None]:
    """Binds of SETTLE."""
    return {"entry": entry, "state": str(state), "note": note}


def write(conn: Connection, batch: Batch, answers: Sequence[Answer], now: datetime) -> list[OpResult]:
    """Writes a decided batch and returns its results, in the order of `answers`. The commit must follow at once."""
    stored = _stored_parts(conn, batch)
    _attribute(conn, batch, answers)
    sql.many(conn, sql.upsert("hop"), [records.to_row(hop) for hop in batch.hops.values()])
    sql.many(conn, sql.upsert("contact"), [records.to_row(contact) for contact in batch.contacts.values()])
    sql.many(conn, sql.upsert("conflict"), [records.to_row(kept) for kept in batch.conflicts.values()])
    sql.many(conn, sql.upsert("entry"), [entry_row(entry) for entry in batch.entries.values()])
    sql.many(conn, _DISPATCH, _dispatches(batch))
    sql.many(conn, SETTLE, [settled(entry.id, entry.delivery, entry.delivery_note) for entry in batch.settled.values()])
    changes = [_carrying(change, stored) for answer in answers for change in answer.verdict.changes]
    created = [answer.verdict.created for answer in answers if answer.verdict.created is not None]
    seq, first_number = feed.reserve(conn, len(changes), len(created)) if changes else feed.Reserved(1, 1)
    numbers = {ticket: first_number + place for place, ticket in enumerate(created)}
    tickets = [
        replace(ticket, number=numbers[ticket.id]) if ticket.id in numbers else ticket
        for ticket in batch.tickets.values()
    ]
    sql.many(conn, sql.upsert("ticket"), [records.to_row(ticket) for ticket in tickets])
    results, last = [], seq - 1
    for answer in answers:
        last += len(answer.verdict.changes)
        results.append(_result(answer, last, numbers))
    pairs = list(zip(answers, results, strict=True))
    sql.many(conn, _OP, [_op_row(answer, result) for answer, result in pairs if not answer.again])
    sql.many(conn, _OP_AGAIN, [_again_row(result) for answer, result in pairs if answer.again])
    _withdraw(conn, batch, now)
    said = [answer for answer in answers if not answer.again and answer.verdict.reason != CONTACT_ERASED]
    sql.many(conn, _BODY, [_body_row(answer) for answer in said])
    if changes:
        feed.publish(conn, seq, changes, now)
    audit.verdicts(conn, now, [_verdict(answer, result) for answer, result in pairs])
    return results


def _verdict(answer: Answer, result: OpResult) -> tuple[str, dict[str, Any]]:
    """What the audit keeps of an answered op: ids and central's word, nothing of what was said. `body` is its hash."""
    command, envelope = answer.command, answer.envelope
    told: dict[str, Any] = {"op": command.id, "result": result.result}
    if result.reason is not None:
        told["reason"] = result.reason
    if command.kind in _KINDS:  # any other is free text of whoever sent it
        told |= {"kind": str(command.kind), "target": command.target}
    if envelope is not None:
        told |= {"device": envelope.device, "body": envelope.body}
    elif command.cause is not None:
        told["cause"] = command.cause
    return command.actor, told


def _stored_parts(conn: Connection, batch: Batch) -> dict[str, list[tuple[str, str]]]:
    """Ticket -> its entries and conflicts of before, for tickets that entered a group."""
    found: dict[str, list[tuple[str, str]]] = {}
    for part, statement in _PARTS.items() if batch.refreshed else ():
        for row in sql.by_ids(conn, statement, batch.refreshed):
            found.setdefault(row["ticket"], []).append((part, row["id"]))
    return found


def _attribute(conn: Connection, batch: Batch, answers: Sequence[Answer]) -> None:
    """Says in each new conflict, and in the answer, who last changed what it is about, and when."""
    fresh = {kept.id: kept for kept in batch.conflicts.values() if kept.ver == 1}
    if not fresh:
        return
    told: dict[str, list[tuple[str, datetime, Mapping[str, Any]]]] = {}
    for row in sql.by_ids(conn, _CHANGED, {kept.ticket for kept in fresh.values()}):
        line = (row["author_name"], clock.from_ms(row["at"]), json.loads(row["changes"]))
        told.setdefault(row["ticket"], []).append(line)
    for entry in batch.entries.values():
        told.setdefault(entry.ticket, []).append((entry.author_name, entry.at, entry.changes))
    verdicts = {answer.command.id: answer.verdict for answer in answers}
    for kept in fresh.values():
        names = {"owner", "owner_epoch"} if kept.kind == ConflictKind.FENCED else set(kept.fields)
        found = next((line for line in reversed(told.get(kept.ticket, [])) if names & set(line[2])), None)
        if found is None:
            continue
        batch.conflicts[kept.id] = replace(kept, theirs_by=found[0], theirs_at=found[1])
        if kept.id in verdicts:
            verdicts[kept.id].data |= {"by": found[0], "at": clock.iso(found[1])}


def answer_again(conn: Connection, results: Sequence[OpResult]) -> None:
    """Replaces the answers of known ops."""
    sql.many(conn, _OP_AGAIN, [_again_row(result) for result in results])


def _withdraw(conn: Connection, batch: Batch, now: datetime) -> None:
    """Gives withdrawn ops their lasting answer, and leaves a mark for those that may still come."""
    again = [
        OpResult(op=item.op, result=str(Result.INVALID), reason="withdrawn") for item in batch.withdrawn if item.known
    ]
    answer_again(conn, again)
    marks = [
        {"op_id": item.op, "actor": item.actor, "by_op": item.by, "at": clock.to_ms(now)} for item in batch.withdrawn
    ]
    sql.many(conn, _WITHDRAWN, marks)


def _carrying(change: Change, stored: dict[str, list[tuple[str, str]]]) -> Change:
    if change.entity != "ticket" or not change.entered or change.id not in stored:
        return change
    return replace(change, carried=tuple(dict.fromkeys((*stored[change.id], *change.carried))))


def _dispatches(batch: Batch) -> list[dict[str, Any]]:
    return [
        {
            "entry": item.entry,
            "channel": str(item.channel),
            "address": item.address,
            "queued_at": clock.to_ms(item.queued_at),
            "state": "queued",
            "attempts": 0,
            "next_at": clock.to_ms(item.queued_at),
            "note": None,
        }
        for item in batch.outgoing
    ]


def _result(answer: Answer, last: int, numbers: dict[str, int]) -> OpResult:
    verdict = answer.verdict
    return OpResult(
        op=answer.command.id,
        result=str(verdict.code),
        seq=last if verdict.changes else 0,
        ver=verdict.ver,
        reason=verdict.reason,
        data=verdict.data,
        number=number(numbers[verdict.created]) if verdict.created is not None else None,
    )


def _op_row(answer: Answer, result: OpResult) -> dict[str, Any]:
    command, envelope = answer.command, answer.envelope
    return {
        "op_id": command.id,
        "device": envelope.device if envelope is not None else None,
        "inc": envelope.inc if envelope is not None else None,
        "counter": envelope.counter if envelope is not None else None,
        "kind": str(command.kind),
        "target": command.target,
        "actor": command.actor,
        "body": envelope.body if envelope is not None else "",
        "code": result.result,
        "result": _text(result),
        "seq": result.seq,
        "received_at": clock.to_ms(answer.received_at),
        "envelope": _envelope_text(command, envelope),
    }


def _again_row(result: OpResult) -> dict[str, Any]:
    return {"op_id": result.op, "code": result.result, "result": _text(result), "seq": result.seq}


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


_APART = frozenset({"salt", "args", "before"})
"""What `op_body` holds of an envelope."""


def _envelope_text(command: Command, envelope: Envelope | None) -> str:
    """What was signed, without the body; central's own acts have only what names them."""
    if envelope is None:
        return _text({"made_at": clock.iso(command.made_at), "cause": command.cause})
    return _text({name: value for name, value in document(envelope).items() if name not in _APART})


def _body_row(answer: Answer) -> dict[str, Any]:
    """The body as it was received: cleaned text would not verify."""
    source = answer.envelope if answer.envelope is not None else answer.command
    return {
        "op_id": answer.command.id,
        "salt": answer.envelope.salt if answer.envelope is not None else "",
        "args": _text(dict(source.args)),
        "before": _text(dict(source.before)),
        "at": clock.to_ms(answer.received_at),
    }
