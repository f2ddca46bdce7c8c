"""What screens and commands read of the cache beside queues and search: one ticket whole, the catalogue, the people."""

import re
from typing import TYPE_CHECKING

from ..domain.people import Person, Queue
from ..domain.rows import QueueRow
from ..errors import NotFound, UsageError
from . import outbox, queues, rows
from .opening import Connection

if TYPE_CHECKING:
    from ..domain.model import Article, Conflict, Contact, Entry, Hop, Organisation, Service, Ticket
    from .outbox import OutboxOp

PREFIX_LETTERS = 8
"""Shortest beginning of an id that names a ticket."""
HITS_SHOWN = 6

_NUMBER = re.compile(r"(?:msc-)?0*([0-9]{1,12})", re.IGNORECASE)
_PREFIX = re.compile(r"[0-9a-f-]{8,36}")


def ticket_id(conn: Connection, ref: str) -> str:
    """The id behind what a person calls a ticket: number (`MSC-000123`, `123`), alias (`~K7Q-14`), start of the id.

    NotFound `ticket_unknown`; UsageError `ticket_ambiguous` (data `hits`: labels) when several answer to it.
    """
    ref = ref.strip()
    found: list[tuple[str, str]] = []
    if number := _NUMBER.fullmatch(ref):
        found = _hits(conn, "number = ?", int(number[1]))
    if not found and ref.startswith("~"):
        found = _hits(conn, "alias = ?", ref.upper())
    if not found and _PREFIX.fullmatch(ref.lower()):
        found = _hits(conn, "id >= ?1 AND id < ?1 || 'g'", ref.lower())
    if not found:
        raise NotFound("ticket_unknown", ref=ref)
    if len(found) > 1:
        raise UsageError("ticket_ambiguous", ref=ref, hits=[name for _, name in found])
    return found[0][0]


def _hits(conn: Connection, where: str, value: str | int) -> list[tuple[str, str]]:
    found = conn.execute(f"SELECT id, number, alias FROM ticket WHERE {where} ORDER BY id LIMIT {HITS_SHOWN}", (value,))
    return [(row[0], queues.label(row[1], row[2], row[0])) for row in found]


def ticket(conn: Connection, ref: str) -> "Ticket":
    """A ticket by what a person calls it. Errors as in `ticket_id`."""
    found: Ticket = rows.value(conn, "ticket", ticket_id(conn, ref))
    return found


def conflicts(conn: Connection) -> "list[tuple[Conflict, str, str]]":
    """The open conflicts of this person's scope, the oldest first, each with its ticket's label and title."""
    from ..domain.model import Conflict

    found = rows.values(conn, Conflict, "conflict", "state = 'open' ORDER BY made_at, id")
    ids = rows.bind({item.ticket for item in found})
    heads = {
        row[0]: (queues.label(row[1], row[2], row[0]), row[3])
        for row in conn.execute(f"SELECT id, number, alias, subject FROM ticket WHERE id {rows.IN}", (ids,))
    }
    return [(item, *heads[item.ticket]) for item in found if item.ticket in heads]


def conflict(conn: Connection, id: str) -> "Conflict | None":
    """A conflict by its id, as the view has it."""
    found: Conflict | None = rows.value(conn, "conflict", id)
    return found


def ticket_by_id(conn: Connection, id: str) -> "Ticket | None":
    """A ticket by its whole id."""
    found: Ticket | None = rows.value(conn, "ticket", id)
    return found


def timeline(conn: Connection, ticket: str) -> "list[Entry]":
    """Every entry of a ticket, the oldest first; own acts that wait are among them (`ver` 0)."""
    from ..domain.model import Entry

    return rows.values(conn, Entry, "entry", f"ticket = ? ORDER BY {rows.TIMELINE}", (ticket,))


def hops(conn: Connection, ticket: str) -> "list[Hop]":
    """Every escalation of a ticket, the oldest first."""
    from ..domain.model import Hop

    return rows.values(conn, Hop, "hop", "ticket = ? ORDER BY raised_at, id", (ticket,))


def escalations(conn: Connection, me: Person) -> "list[tuple[Hop, QueueRow]]":
    """Escalations that wait for a person: those to the own tier, those that ask for them, those they took on."""
    from ..domain.model import Hop

    found = rows.values(
        conn,
        Hop,
        "hop",
        "state IN ('open', 'acknowledged') AND (acked_by = ?1 OR (acked_by IS NULL AND (tier = ?2"
        " OR EXISTS (SELECT 1 FROM json_each(asked) WHERE value = ?1)))) ORDER BY raised_at, id",
        (me.id, str(me.tier)),
    )
    tickets = {row.id: row for row in queues.by_ids(conn, [hop.ticket for hop in found], me.id)}
    return [(hop, tickets[hop.ticket]) for hop in found if hop.ticket in tickets]


def contact(conn: Connection, id: str) -> "Contact | None":
    """A contact by id."""
    found: Contact | None = rows.value(conn, "contact", id)
    return found


def tickets_of_contact(conn: Connection, contact: str, me: str, limit: int = 20) -> list[QueueRow]:
    """A customer's tickets on this laptop, the newest first."""
    found = conn.execute(
        "SELECT id FROM ticket WHERE contact = ? ORDER BY created_at DESC, id DESC LIMIT ?", (contact, limit)
    )
    return queues.by_ids(conn, [row[0] for row in found], me)


def organisation(conn: Connection, id: str) -> "Organisation | None":
    """An organisation by id."""
    found: Organisation | None = rows.value(conn, "organisation", id)
    return found


def person(conn: Connection, id: str) -> Person | None:
    """A person by id."""
    found: Person | None = rows.value(conn, "person", id)
    return found


def persons(conn: Connection) -> list[Person]:
    """Everyone of the centre, by name."""
    return rows.values(conn, Person, "person", "1 ORDER BY name, id")


def queue_list(conn: Connection) -> list[Queue]:
    """The queues of the centre, by name."""
    return rows.values(conn, Queue, "queue", "1 ORDER BY name, id")


def services(conn: Connection) -> "list[Service]":
    """The catalogue, by name."""
    from ..domain.model import Service

    return rows.values(conn, Service, "service", "1 ORDER BY name, id")


def articles(conn: Connection, service: str | None = None) -> "list[Article]":
    """Articles by code, of one service where given."""
    from ..domain.model import Article

    return rows.values(conn, Article, "article", "(?1 IS NULL OR service = ?1) ORDER BY code, id", (service,))


def article(conn: Connection, ref: str) -> "Article":
    """An article by code (`PT-017`) or id. NotFound `article_unknown`."""
    from ..domain.model import Article

    found = rows.values(conn, Article, "article", "id = ?1 OR upper(code) = upper(?1) LIMIT 1", (ref.strip(),))
    if not found:
        raise NotFound("article_unknown", ref=ref)
    return found[0]


def outbox_list(conn: Connection) -> "list[tuple[OutboxOp, str, str]]":
    """What this person's acts wait for: each act with the label and the title of what it is on."""
    return [(op, *_title(conn, op)) for op in outbox.listing(conn)]


def _title(conn: Connection, op: "OutboxOp") -> tuple[str, str]:
    from ..domain.model import Ticket

    found: Ticket | Contact | None = rows.value(conn, "ticket", op.target) or rows.value(conn, "contact", op.target)
    if found is None:
        kept = conn.execute("SELECT entity, doc FROM base WHERE id = ? AND target = id", (op.target,)).fetchone()
        if kept is not None:
            row = rows.from_document(kept["entity"], kept["doc"])
            if kept["entity"] == "ticket":
                return queues.label(row["number"], row["alias"], row["id"]), row["subject"]
            return "", row["name"]
        args = op.command.args
        return str(args.get("alias") or op.target[:8]), str(args.get("subject") or args.get("name") or "")
    if isinstance(found, Ticket):
        return queues.label(found.number, found.alias, found.id), found.subject
    return "", found.name
