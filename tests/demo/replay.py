"""The demo's acts run through the rules themselves, as central would, with nothing but memory."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msc_console.demo.customers import COMPANIES, CUSTOMERS
from msc_console.demo.people import centre
from msc_console.demo.script import Act
from msc_console.domain import clocks
from msc_console.domain.commands import Basis, Command, Context, Effects, Situation
from msc_console.domain.decide import decide
from msc_console.domain.model import Contact, Entry, Hop, Organisation, Person, Ticket
from msc_console.domain.policy import Duty, Policy
from msc_console.domain.scope import groups_of_person, groups_of_ticket
from msc_console.domain.terms import Role, Tier

POLICY = Policy()
_SYSTEM = Person(id="system", login="system", name="system", role=Role.SYSTEM)


@dataclass
class World:
    """What stands after the acts: the newest row of everything, and what was refused or out of scope."""

    tickets: dict[str, Ticket] = field(default_factory=dict)
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    hops: dict[str, dict[str, Hop]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)


def _persons() -> dict[str, Person]:
    rows = centre()["person"]
    people = [
        Person(
            id=row["login"],
            login=row["login"],
            name=row["name"],
            role=Role(row["role"]),
            tier=Tier(row["tier"]),
            queues=tuple(row["queues"]),
        )
        for row in rows
    ]
    return {person.id: person for person in (*people, _SYSTEM)}


def _roster() -> tuple[Duty, ...]:
    return tuple(
        Duty(persons=tuple(row["persons"]), tier=Tier(row["tier"]), begins=row["begins"], ends=row["ends"])
        for row in centre()["duty"]
    )


def replay(acts: Iterable[Act]) -> World:
    """Runs the acts in their order, each at its own time. Refusals are collected, not raised."""
    world, persons, roster = World(), _persons(), _roster()
    names = {company.key: company.name for company in COMPANIES}
    contacts = {
        customer.key: Contact(
            id=customer.key,
            name=customer.name,
            organisation=customer.organisation,
            organisation_name=names.get(customer.organisation or "", ""),
            addresses=customer.addresses,
            created_at=datetime.fromisoformat("2020-01-01T00:00:00+00:00"),
        )
        for customer in CUSTOMERS
    }
    queues = frozenset(row["key"] for row in centre()["queue"])
    for place, act in enumerate(acts):
        ticket = world.tickets.get(act.ticket)
        hops = world.hops.setdefault(act.ticket, {})
        entries = world.entries.setdefault(act.ticket, [])
        actor = persons[act.login] if act.login else _SYSTEM
        raised = f"esc:{act.ticket}:{len(hops) + 1}" if act.kind == "escalation.raise" else None
        contact = contacts[act.args["contact"] if ticket is None else str(ticket.contact)]
        command = Command(
            id=raised or f"op{place}",
            kind=act.kind,
            actor=actor.id,
            target=act.ticket,
            basis=Basis(epoch=ticket.owner_epoch if ticket else 0),
            args=dict(act.args),
            made_at=act.at,
        )
        situation = Situation(
            ticket=ticket,
            hops=tuple(hops.values()),
            entries=tuple(entries),
            contact=contact,
            organisation=Organisation(id="o", name="o"),
        )
        context = Context(
            actor=actor, now=act.at, roster=roster, final=True, persons=persons, queues=queues, policy=POLICY
        )
        outcome = decide(situation, command, context)
        if not isinstance(outcome, Effects) or outcome.ticket is None or outcome.entry is None:
            world.complaints.append(f"{act}: {outcome}")
            continue
        groups = groups_of_ticket(ticket or outcome.ticket, hops.values(), act.at)
        if actor is not _SYSTEM and not groups & groups_of_person(actor):
            world.complaints.append(f"out of scope: {act}")
        world.tickets[act.ticket] = outcome.ticket
        entries.append(outcome.entry)
        hops.update({hop.id: hop for hop in outcome.hops})
    return world


def late(ticket: Ticket, now: datetime) -> bool:
    """Whether a running judged clock of the ticket is past its due time."""
    due = clocks.next_due(ticket, POLICY)
    return due is not None and due < now


def due_within(ticket: Ticket, now: datetime, span: timedelta) -> bool:
    due = clocks.next_due(ticket, POLICY)
    return due is not None and now <= due <= now + span
