"""What erased acts of escalations said: it stands in the hop and, while the ticket waits, in the ticket (P-190).

States, tiers, persons and times stay: figures stand on them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from .. import records
from ..domain.model import Clock, Entry, Hop, Ticket
from ..domain.terms import Op
from . import sql, writing

_WORDS: Mapping[str, Mapping[str, Any]] = {
    Op.ESCALATION_RAISE: {"reason": ""},
    Op.ESCALATION_ACK: {"proxy": None},
    Op.ESCALATION_RETURN: {"proxy": None, "outcome": None},
}
"""Kind of act -> the words of its hop, and what is left of them."""
_TOLD = sql.select("entry", "ticket IN :ids AND changes LIKE '%\"hold_reason\"%'")

Part = tuple[str, str, int, str]


def take(conn: Connection, kinds: Mapping[str, str], tickets: Mapping[str, Ticket]) -> list[Part]:
    """Takes the words of erased acts (op id -> kind) on locked tickets; the parts that changed, as
    `erasure.announce` takes them."""
    acts = {id: _WORDS[kind] for id, kind in kinds.items() if kind in _WORDS}
    if not acts:
        return []
    lost: dict[str, dict[str, Any]] = {id: dict(acts[id]) for id in acts if kinds[id] == Op.ESCALATION_RAISE}
    for row in sql.by_ids(conn, sql.select("entry", "id IN :ids"), acts.keys() - lost.keys()):
        entry = records.from_row(Entry, row)
        lost.setdefault(str(entry.data.get("hop")), {}).update(acts[entry.id])
    hops = [records.from_row(Hop, row) for row in sql.by_ids(conn, sql.select("hop", "id IN :ids"), lost.keys())]
    bare = [replace(hop, ver=hop.ver + 1, **lost[hop.id]) for hop in hops if _has(hop, lost[hop.id])]
    sql.many(conn, sql.upsert("hop"), [records.to_row(hop) for hop in bare])
    reasons = {(hop.ticket, hop.reason) for hop in hops if hop.reason and "reason" in lost[hop.id]}
    return [("hop", hop.id, hop.ver, hop.ticket) for hop in bare] + _reasons(conn, reasons, tickets)


def _has(hop: Hop, words: Iterable[str]) -> bool:
    return any(getattr(hop, name) for name in words)


def _clocks(ticket: Ticket) -> tuple[Clock, ...]:
    """Its clocks, which no longer say what they wait for."""
    return tuple(
        replace(clock, paused_for=None) if clock.paused_for == ticket.hold_reason else clock for clock in ticket.clocks
    )


def _reasons(conn: Connection, reasons: set[tuple[str, str]], tickets: Mapping[str, Ticket]) -> list[Part]:
    """Takes (ticket, reason) from the ticket that waits for it, and from entries that tell of the waiting's end."""
    waiting = [
        replace(ticket, ver=ticket.ver + 1, hold_reason=None, clocks=_clocks(ticket))
        for ticket in tickets.values()
        if (ticket.id, ticket.hold_reason) in reasons
    ]
    sql.many(conn, sql.upsert("ticket"), [records.to_row(ticket) for ticket in waiting])
    telling = []
    for row in sql.by_ids(conn, _TOLD, {ticket for ticket, _ in reasons}):
        entry = records.from_row(Entry, row)
        if any((entry.ticket, value) in reasons for value in entry.changes["hold_reason"]):
            changes = {name: pair for name, pair in entry.changes.items() if name != "hold_reason"}
            telling.append(replace(entry, ver=entry.ver + 1, changes=changes))
    sql.many(conn, sql.upsert("entry"), [writing.entry_row(entry) for entry in telling])
    parts: list[Part] = [("ticket", ticket.id, ticket.ver, ticket.id) for ticket in waiting]
    return parts + [("entry", entry.id, entry.ver, entry.ticket) for entry in telling]
