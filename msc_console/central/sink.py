"""Where an import ends: tickets and entries of another tool, written in bulk and announced, with nothing fired.

A ticket or entry whose id is known stays untouched, so a second run of the same import changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from .. import clock, records
from ..domain.model import Entry, Ticket
from ..domain.scope import groups_of_ticket
from . import feed, sql
from .db import Central
from .feed import Change
from .writing import entry_row

CHUNK = 5_000
"""Most rows (tickets and entries) of one transaction: the head of the feed must not be held for long."""

Pair = tuple[Ticket, list[Entry]]

_TICKETS = "SELECT id, number, ver FROM ticket WHERE id IN :ids ORDER BY id"
_ENTRIES = sql.listed("SELECT id FROM entry WHERE id IN :ids")


class LedgerSink:
    """Takes an import's tickets into the ledger. Clocks stay as given: imported tickets keep their source's figures."""

    def __init__(self, central: Central, now: datetime | None = None) -> None:
        self.central = central
        self.now = now or clock.now()

    def write(self, batch: list[Pair]) -> tuple[int, int]:
        """Writes tickets with their entries; returns (imported, unchanged) tickets.

        A known ticket that brings new entries (its rows stood apart in the source) takes the later state and counts
        as imported.
        """
        imported = unchanged = 0
        for chunk in _chunks(_joined(batch)):
            with self.central.write() as conn:
                new = self._write(conn, chunk)
            imported += new
            unchanged += len(chunk) - new
        return imported, unchanged

    def _write(self, conn: Connection, chunk: Sequence[Pair]) -> int:
        locked = sql.listed(_TICKETS + self.central.for_update)  # before the head, as everybody does
        known = {row["id"]: row for row in sql.by_ids(conn, locked, (ticket.id for ticket, _ in chunk))}
        stored = {row["id"] for row in sql.by_ids(conn, _ENTRIES, (e.id for _, entries in chunk for e in entries))}
        fresh: list[Pair] = []
        for ticket, entries in chunk:
            new = [replace(entry, ver=1) for entry in entries if entry.id not in stored]
            if ticket.id in known and not new:
                continue
            row = known.get(ticket.id)
            fresh.append((replace(ticket, ver=row["ver"] + 1, number=row["number"]) if row else _first(ticket), new))
        if not fresh:
            return 0
        sql.many(conn, sql.upsert("entry"), [entry_row(entry) for _, entries in fresh for entry in entries])
        changes = [change for ticket, entries in fresh for change in self._changes(ticket, entries)]
        unnumbered = [ticket.id for ticket, _ in fresh if ticket.number is None]
        taken = feed.reserve(conn, len(changes), len(unnumbered))
        numbers = {ticket: taken.first_number + place for place, ticket in enumerate(unnumbered)}
        tickets = [replace(ticket, number=numbers.get(ticket.id, ticket.number)) for ticket, _ in fresh]
        sql.many(conn, sql.upsert("ticket"), [records.to_row(ticket) for ticket in tickets])
        feed.publish(conn, taken.first_seq, changes, self.now)
        return len(fresh)

    def _changes(self, ticket: Ticket, entries: list[Entry]) -> list[Change]:
        """The rows of one ticket stand together on the feed. A ticket closed for long goes to no laptop."""
        groups = groups_of_ticket(ticket, (), self.now)
        rows = [("ticket", ticket.id, ticket.ver), *(("entry", entry.id, entry.ver) for entry in entries)]
        return [
            Change(entity=entity, id=id, ver=ver, op_id=f"import:{ticket.id}", put_groups=groups)
            for entity, id, ver in rows
        ]


def _joined(batch: Iterable[Pair]) -> list[Pair]:
    """A ticket that comes more than once in a batch, as one: its last state with all its entries."""
    joined: dict[str, Pair] = {}
    for ticket, entries in batch:
        _, before = joined.get(ticket.id, (ticket, []))
        joined[ticket.id] = (ticket, [*before, *entries])
    return list(joined.values())


def _first(ticket: Ticket) -> Ticket:
    return replace(ticket, ver=1, number=None)


def _chunks(batch: Iterable[Pair]) -> Iterator[list[Pair]]:
    """The batch in portions of at most CHUNK rows; a ticket is never divided."""
    chunk: list[Pair] = []
    rows = 0
    for pair in batch:
        size = 1 + len(pair[1])
        if chunk and rows + size > CHUNK:
            yield chunk
            chunk, rows = [], 0
        chunk.append(pair)
        rows += size
    if chunk:
        yield chunk
