"""Small worlds for tests of the rules: people, a ticket in any state, and one call to run a command."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from msc_console.domain.commands import Basis, Command, Context, Effects, Outcome, Situation
from msc_console.domain.decide import decide
from msc_console.domain.model import Address, Contact, Person
from msc_console.domain.policy import Duty
from msc_console.domain.terms import Channel, Role, Tier

T0 = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)

RINA = Person(id="rina", login="rina", name="Rina Wulandari", role=Role.AGENT, queues=("helpdesk",))
BAGUS = Person(id="bagus", login="bagus", name="Bagus", role=Role.AGENT, queues=("helpdesk",))
DEWI = Person(id="dewi", login="dewi", name="Dewi", role=Role.SUPERVISOR, queues=("helpdesk",))
HENDRA = Person(id="hendra", login="hendra", name="Hendra", role=Role.RESOLVER, tier=Tier.L1)
SARI = Person(id="sari", login="sari", name="Sari", role=Role.RESOLVER, tier=Tier.L2)
MADE = Person(id="made", login="made", name="Made", role=Role.QA, queues=("helpdesk",))
SYSTEM = Person(id="system", login="system", name="", role=Role.SYSTEM)
PERSONS = {p.id: p for p in (RINA, BAGUS, DEWI, HENDRA, SARI, MADE, SYSTEM)}

ANDI = Contact(
    id="andi",
    name="Andi Prasetyo",
    addresses=(Address(channel=Channel.PHONE, value="+62 812"), Address(channel=Channel.EMAIL, value="a@b.example")),
    created_at=T0,
)


class World:
    """One ticket and the acts on it, as central would apply them."""

    def __init__(self, **args: Any) -> None:
        self.count = 0
        self.at = T0
        self.situation = Situation(contact=ANDI)
        self.claims: dict[str, int] = {}
        given = {"subject": "Stempel gagal", "queue": "helpdesk", "contact": "andi", "channel": "email"} | args
        self.ok("ticket.create", RINA, **given)

    @property
    def ticket(self) -> Any:
        assert self.situation.ticket is not None
        return self.situation.ticket

    @property
    def hops(self) -> Any:
        return self.situation.hops

    def wait(self, **span: float) -> "World":
        self.at += timedelta(**span)
        return self

    def basis(self) -> Basis:
        ticket = self.situation.ticket
        return Basis(ver=ticket.ver, epoch=ticket.owner_epoch) if ticket else Basis()

    def ask(
        self,
        kind: str,
        actor: Person,
        *,
        basis: Basis | None = None,
        before: dict[str, Any] | None = None,
        made_at: datetime | None = None,
        seen_at: datetime | None = None,
        seen: datetime | None = None,
        **args: Any,
    ) -> Outcome:
        """The outcome of a command, nothing applied. `seen` = when central last heard of the holder."""
        self.count += 1
        command = Command(
            id=f"op{self.count}",
            kind=kind,
            actor=actor.id,
            target="t1",
            basis=basis or self.basis(),
            before=before or {},
            args=args,
            made_at=made_at or self.at,
            seen_at=seen_at,
        )
        context = Context(
            actor=actor,
            now=self.at,
            roster=(Duty(persons=("hendra",), tier=Tier.L1),),
            final=True,
            claims=self.claims,
            holder_seen_at=seen,
            persons=PERSONS,
            queues=frozenset({"helpdesk", "priority"}),
        )
        return decide(self.situation, command, context)

    def ok(self, kind: str, actor: Person, **given: Any) -> Effects:
        """Apply a command that must be allowed."""
        outcome = self.ask(kind, actor, **given)
        assert isinstance(outcome, Effects), outcome
        self.apply(outcome)
        return outcome

    def apply(self, effects: Effects) -> None:
        now = self.situation
        ticket = now.ticket
        if effects.ticket is not None:
            ticket = replace(effects.ticket, ver=(ticket.ver if ticket else 0) + 1)
            if effects.claimed:
                self.claims[f"op{self.count}"] = ticket.owner_epoch
        entries = now.entries
        if effects.entry is not None:
            entries = (*entries, effects.entry)
        if effects.revised is not None:
            entries = tuple(effects.revised if e.id == effects.revised.id else e for e in entries)
        hops = {hop.id: hop for hop in (*now.hops, *effects.hops)}
        conflict = effects.conflict or now.conflict
        self.situation = replace(now, ticket=ticket, entries=entries, hops=tuple(hops.values()), conflict=conflict)
