"""Adding up what happened: every act has one answer at central, nothing is there twice, the caches say what it says."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, text

from msc_console import clock, records
from msc_console.central.db import Central
from msc_console.desk import Desk
from msc_console.domain.model import Contact, Entry, Hop, Person, Ticket
from msc_console.domain.scope import CUSTOMERS, groups_of_person, groups_of_ticket
from msc_console.domain.terms import Op, Result

Rows = dict[str, dict[str, Any]]
TOOK = (Result.APPLIED, Result.MERGED)


def answers(central: Central, ops: Iterable[str]) -> dict[str, str]:
    """Op id -> central's lasting answer; AssertionError where an act has none, or has left two entries."""
    with central.read() as conn:
        found = {row.op_id: row for row in conn.execute(text("SELECT op_id, kind, code FROM op"))}
        entries: dict[str, int] = {}
        for (id,) in conn.execute(text("SELECT id FROM entry")):
            entries[id] = entries.get(id, 0) + 1
    codes = {}
    for op in ops:
        assert op in found, f"central has no answer to {op}"
        codes[op] = str(found[op].code)
        made = 1 if codes[op] in TOOK and found[op].kind != Op.CONTACT_CREATE else 0
        assert entries.get(op, 0) == made, f"{op} ({found[op].kind}, {codes[op]}) has left {entries.get(op, 0)} entries"
    return codes


def _rows(conn: Connection, table: str, kind: type) -> list[Mapping[str, Any]]:
    return [dict(row) for row in conn.execute(text(f'SELECT * FROM "{table}"')).mappings()]


def central_rows(central: Central, person: Person) -> dict[str, Rows]:
    """What a laptop of `person` should hold of tickets, entries, hops and contacts, as wire documents by id."""
    mine, now = groups_of_person(person), clock.now()
    with central.read() as conn:
        tickets = _rows(conn, "ticket", Ticket)
        entries = _rows(conn, "entry", Entry)
        hops = _rows(conn, "hop", Hop)
        contacts = _rows(conn, "contact", Contact) if CUSTOMERS in mine else []
    whole = [records.from_row(Hop, row) for row in hops]
    held = set()
    for row in tickets:
        ticket = records.from_row(Ticket, row)
        if groups_of_ticket(ticket, [hop for hop in whole if hop.ticket == ticket.id], now) & mine:
            held.add(ticket.id)
    return {
        "ticket": _wire(Ticket, (row for row in tickets if row["id"] in held)),
        "entry": _wire(Entry, (row for row in entries if row["ticket"] in held)),
        "hop": _wire(Hop, (row for row in hops if row["ticket"] in held)),
        "contact": _wire(Contact, contacts),
    }


def cache_rows(desk: Desk) -> dict[str, Rows]:
    """What the laptop shows, in the same shape."""
    kinds = {"ticket": Ticket, "entry": Entry, "hop": Hop, "contact": Contact}
    with desk.cache.read() as conn:
        return {
            table: _wire(kind, (dict(row) for row in conn.execute(f"SELECT * FROM {table}")))
            for table, kind in kinds.items()
        }


def _wire(kind: Any, rows: Iterable[Mapping[str, Any]]) -> Rows:
    return {row["id"]: records.row_to_wire(kind, row) for row in rows}


def outbox_ids(desk: Desk) -> set[str]:
    """Every act that this laptop has ever kept, settled or not."""
    with desk.cache.read() as conn:
        return {row["id"] for row in conn.execute("SELECT id FROM outbox UNION SELECT id FROM journal")}
