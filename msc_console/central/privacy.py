"""What is kept of a customer's person: given out as one document, and erased at central and on the laptops.

Under UU 27/2022 a person may have both. Of an erased one stay an empty contact (so that late acts find that there is
nobody), the figures of their tickets, and who did what kind of act and when. Backups of before still hold the words.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from .. import clock, records
from ..domain.model import Contact, Entry, Hop, Ticket
from ..domain.terms import State
from . import audit, erasure, sql, wordless, writing
from .db import Central
from .feed import Change
from .problems import ProblemError
from .scope import FIXED

ENDED = frozenset({State.CLOSED, State.CANCELLED, State.MERGED})
NUMBERS = 20
"""Most numbers of open tickets that are named."""

_TICKETS = text("SELECT id FROM ticket WHERE contact = :contact ORDER BY id")


@dataclass(frozen=True, slots=True)
class Gone:
    """How much lost its words."""

    tickets: int
    entries: int
    ops: int


def export(central: Central, id: str, actor: str, now: datetime) -> dict[str, Any]:
    """All that is kept of a contact, as wire documents: `contact`, and `tickets` with their `timeline` and
    `escalations`. ProblemError 404."""
    with central.write() as conn:
        contact = _contact(central, conn, id)
        ids = list(conn.execute(_TICKETS, {"contact": id}).scalars())
        tickets = _rows(conn, Ticket, "ticket", "id IN :ids", ids)
        entries = _rows(conn, Entry, "entry", "ticket IN :ids", ids)
        hops = _rows(conn, Hop, "hop", "ticket IN :ids", ids)
        audit.add(conn, now, actor, "contact.export", {"contact": id, "tickets": len(ids)})
    parts = {"timeline": sorted(entries, key=lambda entry: (entry.at, entry.id)), "escalations": hops}
    return {
        "made_at": clock.iso(now),
        "contact": records.to_wire(contact),
        "tickets": [
            records.to_wire(ticket)
            | {
                name: [records.to_wire(part) for part in found if part.ticket == ticket.id]
                for name, found in parts.items()
            }
            for ticket in tickets
        ],
    }


def erase(central: Central, id: str, actor: str, now: datetime) -> Gone:
    """Erases a contact in one transaction, with every word of their tickets. Doing it again changes nothing.

    ProblemError 404; 409 `contact_open` while a ticket of theirs is worked on.
    """
    with central.write() as conn:
        ids = list(conn.execute(_TICKETS, {"contact": id}).scalars())
        tickets = erasure.locked(central, conn, ids)
        contact = _contact(central, conn, id)
        if contact.erased_at is not None:
            return Gone(0, 0, 0)
        if open_ := [ticket for ticket in tickets.values() if ticket.state not in ENDED]:
            numbers = ", ".join(writing.number(ticket.number or 0) for ticket in open_[:NUMBERS])
            raise ProblemError("contact_open", count=len(open_), numbers=numbers)
        bare = replace(
            contact, ver=contact.ver + 1, name=nobody(id), organisation=None, organisation_name="", addresses=(),
            erased_at=now,
        )  # fmt: skip
        silent = {ticket.id: _unnamed(ticket, bare.name) for ticket in tickets.values()}
        taken = wordless.take(conn, tickets, silent, also=[id])
        conn.execute(sql.upsert("contact"), records.to_row(bare))
        told = Change(entity="contact", id=id, ver=bare.ver, put_groups=FIXED["contact"])
        erasure.announce(conn, tickets, taken.parts, now, also=[told])
        gone = Gone(len(silent), taken.entries, taken.ops)
        audit.add(conn, now, actor, "contact.erase", {"contact": id, "tickets": gone.tickets, "ops": gone.ops})
    return gone


def nobody(id: str) -> str:
    """What an erased person is called: no word of any language, and another for each."""
    return f"#{id.replace('-', '')[-8:]}"


def _contact(central: Central, conn: Connection, id: str) -> Contact:
    statement = sql.select("contact", "id IN :ids", f" ORDER BY id{central.for_update}")
    found = sql.by_ids(conn, statement, [id])
    if not found:
        raise ProblemError("not_found")
    return records.from_row(Contact, found[0])


def _rows(conn: Connection, kind: type[Any], entity: str, where: str, ids: Iterable[str]) -> list[Any]:
    return [records.from_row(kind, row) for row in sql.by_ids(conn, sql.select(entity, where), ids)]


def _unnamed(ticket: Ticket, name: str) -> Ticket:
    """A wordless ticket that names no organisation either: it may have one customer alone."""
    return replace(wordless.silent(ticket, name), organisation=None, organisation_name="")
