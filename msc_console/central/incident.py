"""What central knows of an incident: whose data a lost laptop or a stolen account may have laid open, or some hours.

For the report that UU 27/2022 wants within 3x24 hours: what was there, when, who was told what, what was ended. It
names ids, numbers and counts, no words of customers, so that the report is no second leak. Of what a laptop held
central knows the most that it may have been: all that was told to its person's groups.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, text

from .. import clock, records
from ..domain.model import Person
from ..domain.rights import granted
from ..domain.scope import CUSTOMERS, KEEP_CLOSED, groups_of_person
from ..errors import NotFound, UsageError
from . import audit, sql, standing, writing
from .audit import Sought

REPORT_WITHIN = timedelta(hours=72)
"""UU 27/2022: three times 24 hours from when it became known."""
ENDINGS = frozenset(
    {
        "device.revoke", "device.wipe", "person.disable", "person.erase", "person.offboard", "person.password",
        "person.role", "person.sessions_end", "session.end", "token.revoke",
    }
)  # fmt: skip
"""Acts by which something was taken away."""
EXPORTS = frozenset({"export", "contact.export", "audit.read"})
"""Acts by which data left central's or a laptop's keeping."""

_DEVICES = "SELECT id, code, name, person, state, vault, created_at, last_seen_at FROM device "
_SESSIONS = sql.listed(
    "SELECT id, person, device, created_at, last_seen_at, expires_at, revoked_at FROM session_token "
    "WHERE kind = 'refresh' AND person IN :ids AND created_at <= :until ORDER BY created_at, id"
)
_TOKENS = sql.listed(
    "SELECT id, owner, name, scopes, networks, created_at, expires_at, revoked_at, last_used_at, last_address "
    "FROM service_token WHERE owner IN :ids AND created_at <= :until ORDER BY created_at, id"
)
_TOLD = text(
    "SELECT c.id, max(c.seq) AS seq, max(CASE WHEN c.effect = 'put' THEN c.seq ELSE 0 END) AS put FROM change_group c "
    "WHERE c.group_id IN :groups AND c.entity = 'ticket' GROUP BY c.id"
).bindparams(bindparam("groups", expanding=True))
_GONE = text("SELECT max(at) FROM change WHERE seq = :seq")
_TICKETS = sql.listed(
    "SELECT id, number, queue, state, contact, created_at, closed_at, wordless FROM ticket WHERE id IN :ids"
)
_CONTACTS = text("SELECT id, erased_at FROM contact WHERE created_at <= :until ORDER BY id")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the incident is about; the person of `device` (its letters or id) is `person` (a login) if that is empty.
    Neither: everything that happened in the time."""

    since: datetime
    until: datetime
    known: datetime
    device: str = ""
    person: str = ""


def report(conn: Connection, asked: Asked, by: str, now: datetime) -> dict[str, Any]:
    """The report as one document of plain types; the trail keeps that it was made. NotFound `no_device`,
    `person_unknown`; UsageError `incident_times` when it ends before it begins."""
    if asked.since > asked.until:
        raise UsageError("incident_times", since=clock.iso(asked.since), until=clock.iso(asked.until))
    people, laptops = _concerned(conn, asked)
    records_ = _records(conn, asked, {person.id for person in people}, {laptop["id"] for laptop in laptops})
    held = [_held(conn, person, laptops, asked, now) for person in people]
    tickets = {ticket["id"]: ticket for one in held for ticket in one.pop("_tickets")}
    contacts = {contact["id"]: contact for one in held for contact in one.pop("_contacts")}
    told = {"tickets": len(tickets), "contacts": len(contacts), "since": clock.iso(asked.since),
            "until": clock.iso(asked.until)}  # fmt: skip
    about = {"devices": [laptop["id"] for laptop in laptops], "people": [person.id for person in people]}
    audit.add(conn, now, by, "incident.report", told | about)
    return {
        "format": "msc-incident-1",
        "made_at": clock.iso(now),
        "site": {"id": sql.meta(conn, "site_id"), "name": sql.meta(conn, "site_name")},
        "since": clock.iso(asked.since),
        "until": clock.iso(asked.until),
        "known_at": clock.iso(asked.known),
        "report_due": clock.iso(asked.known + REPORT_WITHIN),
        "devices": [_times(laptop) for laptop in laptops],
        "people": held,
        "contacts": sorted(contacts.values(), key=lambda one: one["id"]),
        "tickets": sorted(tickets.values(), key=lambda one: (one["number"], one["id"])),
        "sessions": [_times(row) for row in _of(conn, _SESSIONS, people, asked) if _open(row, asked)],
        "tokens": [_token(row) for row in _of(conn, _TOKENS, people, asked) if _open(row, asked)],
        "sign_ins": _acts(records_, lambda act: act.startswith("session.") and act not in ENDINGS),
        "exports": _acts(records_, lambda act: act in EXPORTS),
        "ended": _acts(records_, lambda act: act in ENDINGS),
        "other": _acts(records_, lambda act: not act.startswith("session.") and act not in EXPORTS | ENDINGS),
    }


# -- whose and which


def _concerned(conn: Connection, asked: Asked) -> tuple[list[Person], list[dict[str, Any]]]:
    """The people and the laptops that it is about."""
    people = {row["id"]: records.from_row(Person, row) for row in sql.rows(conn, sql.select("person", "1 = 1"))}
    if asked.device:
        found = sql.rows(conn, text(_DEVICES + "WHERE code = :code OR id = :id"), code=asked.device.upper(),
                         id=asked.device.lower())  # fmt: skip
        if not found:
            raise NotFound("no_device", device=asked.device)
        return [people[row["person"]] for row in found if row["person"] in people], [dict(row) for row in found]
    everything = [dict(row) for row in sql.rows(conn, text(_DEVICES + "ORDER BY code"))]
    if asked.person:
        whom = [person for person in people.values() if person.login == asked.person]
        if not whom:
            raise NotFound("person_unknown", login=asked.person)
        return whom, [row for row in everything if row["person"] == whom[0].id]
    since, until = clock.to_ms(asked.since), clock.to_ms(asked.until)
    near = [row for row in everything if row["created_at"] <= until and (row["last_seen_at"] or 0) >= since]
    owners = {row["person"] for row in near}
    return sorted((people[id] for id in owners if id in people), key=lambda person: person.login), near


def _records(conn: Connection, asked: Asked, people: set[str], laptops: set[str]) -> list[dict[str, Any]]:
    """The trail's records of the time that are by one of the people or name one of them or of the laptops."""
    found, seq, until = [], 0, clock.to_ms(asked.until)
    everybody = not (asked.device or asked.person)
    while page := audit.after(conn, seq, audit.PAGE, Sought(since=clock.to_ms(asked.since))):
        seq = page[-1].seq
        for record in page:
            if record.at > until or record.act == audit.OP:
                continue
            data = json.loads(record.data)
            if everybody or record.actor in people or not (people | laptops).isdisjoint(_ids(data)):
                found.append({"seq": record.seq, "at": clock.iso_ms(record.at), "by": record.actor,
                              "act": record.act, "data": data})  # fmt: skip
    return found


def _ids(data: Any) -> Iterable[str]:
    """Every text in a record's data."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from _ids(value)
    elif isinstance(data, list):
        for value in data:
            yield from _ids(value)


def _acts(found: Sequence[dict[str, Any]], wanted: Any) -> list[dict[str, Any]]:
    return [record for record in found if wanted(record["act"])]


# -- what a laptop may have held


def _held(
    conn: Connection, person: Person, laptops: Sequence[Mapping[str, Any]], asked: Asked, now: datetime
) -> dict[str, Any]:
    """What the laptops of a person may have held in the time, at most."""
    stages = _standings(conn, person, asked, now)
    groups = sorted({group for stage in stages for group in groups_of_person(stage)})
    tickets = _tickets(conn, groups, asked)
    whole = CUSTOMERS in groups
    named = {ticket["contact"] for ticket in tickets if ticket["contact"]}
    contacts = [
        {"id": row["id"], "of_a_ticket": row["id"] in named, "erased": row["erased_at"] is not None}
        for row in sql.rows(conn, _CONTACTS, until=clock.to_ms(asked.until))
        if whole
    ]
    seen = [row["last_seen_at"] for row in laptops if row["person"] == person.id and row["last_seen_at"]]
    return {
        "id": person.id, "login": person.login, "active": person.active,
        "roles": sorted({str(stage.role) for stage in stages}), "groups": groups, "classes": _classes(stages),
        "laptop_last_seen": clock.iso_ms(max(seen)) if seen else None,
        "tickets": len(tickets), "contacts": len(contacts), "_tickets": tickets, "_contacts": contacts,
    }  # fmt: skip


def _standings(conn: Connection, person: Person, asked: Asked, now: datetime) -> list[Person]:
    """What the person was at any moment of the time."""
    history = standing.of(conn, person, now)
    within = (clock.to_ms(asked.since), clock.to_ms(asked.until))
    return [history.at(asked.since), *(who for since, who in history.standings if within[0] < since <= within[1])]


def _classes(stages: Sequence[Person]) -> list[str]:
    """Classes of personal data that the person's roles were sent."""
    found: set[str] = set()
    for stage in stages:
        sight = granted(stage.role).sight
        kinds = {str(kind) for kind in sight.kinds}
        if kinds & {"queue", "own", "tier"}:
            found |= {"ticket.subject", "ticket.contact_name", "entry.body"}
            found |= {"entry.internal", "escalation.reason"} if sight.internal else set()
        if CUSTOMERS in kinds:
            found |= {"contact.name", "contact.organisation"}
            found |= set() if "addresses" in sight.hidden.get("contact", ()) else {"contact.addresses"}
    return sorted(found)


def _tickets(conn: Connection, groups: Sequence[str], asked: Asked) -> list[dict[str, Any]]:
    """Tickets that were told to the groups, but those that had left all of them, or were closed for too long, before
    the time began, or were made after it."""
    if not groups:
        return []
    since, until = clock.to_ms(asked.since), clock.to_ms(asked.until)
    kept = since - int(KEEP_CLOSED / timedelta(milliseconds=1))
    ids = [
        row["id"]
        for row in sql.rows(conn, _TOLD, groups=list(groups))
        if row["put"] == row["seq"] or int(conn.execute(_GONE, {"seq": row["seq"]}).scalar() or since) >= since
    ]
    return [
        {
            "id": row["id"], "number": writing.number(row["number"]) if row["number"] else "", "queue": row["queue"],
            "state": row["state"], "contact": row["contact"], "words": "erased" if row["wordless"] else "kept",
        }
        for row in sql.by_ids(conn, _TICKETS, ids)
        if row["created_at"] <= until and (row["closed_at"] is None or row["closed_at"] >= kept)
    ]  # fmt: skip


# -- plain rows


def _of(conn: Connection, statement: Any, people: Sequence[Person], asked: Asked) -> Sequence[Mapping[str, Any]]:
    ids = [person.id for person in people]
    return sql.rows(conn, statement, ids=ids, until=clock.to_ms(asked.until)) if ids else []


def _open(row: Mapping[str, Any], asked: Asked) -> bool:
    """Whether it was good at any moment of the time."""
    ended = min(row["expires_at"], row["revoked_at"] or row["expires_at"])
    return bool(ended >= clock.to_ms(asked.since))


def _times(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: clock.iso_ms(value) if name.endswith("_at") and value is not None else value
        for name, value in row.items()
    }


def _token(row: Mapping[str, Any]) -> dict[str, Any]:
    return _times(row) | {"scopes": json.loads(row["scopes"]), "networks": json.loads(row["networks"])}
