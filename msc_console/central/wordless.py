"""Whole tickets lose their words: subject, timeline, reasons, conflicts, bodies of all acts on them, addresses.

What figures stand on stays: states, times, priority, holder, queue, clocks, who did what kind of act and when, and
every seal. An imported ticket keeps the clocks that its source said.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, text

from .. import records
from ..domain.model import Entry, Hop, Ticket
from . import erasure, sql

_OPS = sql.listed("SELECT op_id FROM op WHERE target IN :ids")
_SENT = sql.listed("UPDATE dispatch SET address = '' WHERE entry IN :ids")
_MARK = text("UPDATE ticket SET wordless = ver WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Taken:
    """What lost its words, and what laptops have to be told of it (`erasure.announce`)."""

    entries: int
    ops: int
    parts: list[erasure.Part]


def take(
    conn: Connection, tickets: Mapping[str, Ticket], changed: Mapping[str, Ticket], also: Iterable[str] = ()
) -> Taken:
    """Takes the words of locked tickets, whose rows become `changed` (`silent`), and of the acts on `also`, in the
    caller's transaction. Doing it again changes nothing but versions."""
    ids: Collection[str] = tickets.keys()
    ops = [row["op_id"] for row in sql.by_ids(conn, _OPS, [*ids, *also])]
    conflicts = erasure.forget(conn, ops)
    entries = erasure.silence(conn, _rows(conn, Entry, "entry", ids))
    hops = [_wordless(hop) for hop in _rows(conn, Hop, "hop", ids)]
    sql.many(conn, sql.upsert("hop"), [records.to_row(hop) for hop in hops])
    sql.many(conn, sql.upsert("ticket"), [records.to_row(ticket) for ticket in changed.values()])
    sql.many(conn, _MARK, [{"id": id} for id in ids])
    for some in sql.portions(entry.id for entry in entries):
        conn.execute(_SENT, {"ids": some})
    parts = erasure.parts_of(conflicts, entries, hops)
    parts += [("ticket", ticket.id, ticket.ver, ticket.id) for ticket in changed.values()]
    return Taken(len(entries), len(ops), parts)


def silent(ticket: Ticket, name: str) -> Ticket:
    """A ticket without words of people, called `name`; its figures, states, times and organisation stay."""
    return replace(
        ticket, ver=ticket.ver + 1, subject=name, contact_name=name, hold_reason=None, priority_reason=None, tags=(),
        references={}, source=None if ticket.source is None else {"erased": True},
    )  # fmt: skip


def _rows(conn: Connection, kind: type[Any], entity: str, ids: Iterable[str]) -> list[Any]:
    return [records.from_row(kind, row) for row in sql.by_ids(conn, sql.select(entity, "ticket IN :ids"), ids)]


def _wordless(hop: Hop) -> Hop:
    return replace(hop, ver=hop.ver + 1, reason="", proxy=None, outcome=None)
