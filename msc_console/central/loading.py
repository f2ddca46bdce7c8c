"""What a batch of commands stands on, read in a handful of statements whatever the size of the batch."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from .. import clock, records
from ..domain.commands import Command
from ..domain.model import Conflict, Contact, Entry, Hop, Organisation, Ticket
from ..sync.wire import OpResult
from . import sql
from .db import Central


@dataclass(frozen=True, slots=True)
class Known:
    """An op that central has answered before."""

    device: str | None
    kind: str
    target: str
    actor: str
    body: str
    result: OpResult


@dataclass(slots=True)
class Ground:
    """The rows that commands of one batch name. It changes with each command that is applied."""

    tickets: dict[str, Ticket] = field(default_factory=dict)
    hops: dict[str, dict[str, Hop]] = field(default_factory=dict)
    """Ticket -> id -> hop."""
    entries: dict[str, dict[str, Entry]] = field(default_factory=dict)
    """Ticket -> id -> entry, those that count for clocks, oldest first."""
    conflicts: dict[str, Conflict] = field(default_factory=dict)
    """Those that commands settle, or are a second try of."""
    contacts: dict[str, Contact] = field(default_factory=dict)
    organisations: dict[str, Organisation] = field(default_factory=dict)
    heard: dict[str, datetime] = field(default_factory=dict)
    """Person -> when central last heard of one of their devices."""


_KNOWN = sql.listed("SELECT op_id, device, kind, target, actor, body, result FROM op WHERE op_id IN :ids")
_HEARD = sql.listed(
    "SELECT person, max(last_seen_at) AS seen FROM device "
    "WHERE person IN :ids AND last_seen_at IS NOT NULL GROUP BY person"
)


def known_ops(conn: Connection, ids: Iterable[str]) -> dict[str, Known]:
    """Those of `ids` that have an answer."""
    return {
        row["op_id"]: Known(
            device=row["device"],
            kind=row["kind"],
            target=row["target"],
            actor=row["actor"],
            body=row["body"],
            result=msgspec.json.decode(row["result"], type=OpResult),
        )
        for row in sql.by_ids(conn, _KNOWN, ids)
    }


_WITHDRAWN = sql.listed("SELECT op_id, actor FROM withdrawal WHERE op_id IN :ids")


def withdrawn(conn: Connection, ids: Iterable[str]) -> set[tuple[str, str]]:
    """(op, actor) of those of `ids` that their author took back before central knew them."""
    return {(row["op_id"], row["actor"]) for row in sql.by_ids(conn, _WITHDRAWN, ids)}


def stored_body(conn: Connection, op_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """(args, before) of an op as they were received; None once they were erased."""
    found = sql.by_ids(conn, sql.listed("SELECT args, before FROM op_body WHERE op_id IN :ids"), [op_id])
    return (json.loads(found[0]["args"]), json.loads(found[0]["before"])) if found else None


def ground(central: Central, conn: Connection, commands: Iterable[Command]) -> Ground:
    """Reads what the commands name. Tickets and contacts are locked, in the order of their ids."""
    asked = list(commands)
    targets = {command.target for command in asked}
    lock = central.for_update
    result = Ground()
    for row in sql.by_ids(conn, sql.select("ticket", "id IN :ids", f" ORDER BY id{lock}"), targets):
        result.tickets[row["id"]] = records.from_row(Ticket, row)
    for row in sql.by_ids(conn, sql.select("hop", "ticket IN :ids", " ORDER BY raised_at, id"), result.tickets):
        result.hops.setdefault(row["ticket"], {})[row["id"]] = records.from_row(Hop, row)
    clocked = sql.select("entry", "ticket IN :ids AND clocked = 1", " ORDER BY at, received_at, id")
    for row in sql.by_ids(conn, clocked, result.tickets):
        result.entries.setdefault(row["ticket"], {})[row["id"]] = records.from_row(Entry, row)
    settled = _named(asked, "conflict") | {command.cause for command in asked if command.cause is not None}
    for row in sql.by_ids(conn, sql.select("conflict", "id IN :ids"), settled):
        result.conflicts[row["id"]] = records.from_row(Conflict, row)
    _customers(conn, result, asked, lock)
    owners = {ticket.owner for ticket in result.tickets.values() if ticket.owner is not None}
    for row in sql.by_ids(conn, _HEARD, owners):
        result.heard[row["person"]] = clock.from_ms(row["seen"])
    return result


def _customers(conn: Connection, result: Ground, asked: list[Command], lock: str) -> None:
    contacts = {command.target for command in asked if command.kind.startswith("contact.")}
    contacts |= {ticket.contact for ticket in result.tickets.values() if ticket.contact is not None}
    contacts |= _named(asked, "contact")
    for row in sql.by_ids(conn, sql.select("contact", "id IN :ids", f" ORDER BY id{lock}"), contacts):
        result.contacts[row["id"]] = records.from_row(Contact, row)
    organisations = _named(asked, "organisation")
    organisations |= {person.organisation for person in result.contacts.values() if person.organisation is not None}
    for row in sql.by_ids(conn, sql.select("organisation", "id IN :ids"), organisations):
        result.organisations[row["id"]] = records.from_row(Organisation, row)


def _named(asked: list[Command], field_name: str) -> set[str]:
    """Ids that the commands' arguments name in a field."""
    args: list[Mapping[str, Any]] = [command.args for command in asked]
    return {value for item in args if isinstance(value := item.get(field_name), str)}
