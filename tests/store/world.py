"""A central in memory and a laptop's cache: what the store's tests play against each other.

The central decides with the product's own rules, keeps the feed, and answers pushes; it has none of the store's code.
"""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from msc_console import clock, records
from msc_console.domain import clocks
from msc_console.domain.commands import Basis, Command, Conflict, Context, Effects, Outcome, Situation
from msc_console.domain.decide import decide
from msc_console.domain.model import Address, Contact, Entry, Hop, Person, Ticket
from msc_console.domain.terms import Channel, Result, Role, Tier
from msc_console.store import outbox, sealing
from msc_console.store.opening import Connection
from msc_console.store.replica import Replica, basis
from msc_console.sync.wire import Line, OpResult

T0 = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
KEY = bytes(range(32))
DEVICE, INC = "d1", "i1"

RINA = Person(id="rina", login="rina", name="Rina Wulandari", role=Role.AGENT, queues=("helpdesk",))
BAGUS = Person(id="bagus", login="bagus", name="Bagus", role=Role.AGENT, queues=("helpdesk",))
DEWI = Person(id="dewi", login="dewi", name="Dewi", role=Role.SUPERVISOR, queues=("helpdesk",))
HENDRA = Person(id="hendra", login="hendra", name="Hendra", role=Role.RESOLVER, tier=Tier.L1)
PERSONS = {person.id: person for person in (RINA, BAGUS, DEWI, HENDRA)}
ANDI = Contact(
    id="andi",
    name="Andi Prasetyo",
    organisation_name="Bank Sagara",
    addresses=(Address(channel=Channel.EMAIL, value="andi@sagara.example"),),
    created_at=T0,
)


def context_of(command: Command) -> Context:
    """The laptop's world around a command."""
    return Context(
        actor=PERSONS[command.actor],
        now=command.made_at,
        persons=PERSONS,
        queues=frozenset({"helpdesk", "priority"}),
    )


def put(entity: str, value: Any, seq: int = 1, **more: Any) -> Line:
    """A feed line that carries a domain value."""
    return Line(t="put", entity=entity, id=value.id, seq=seq, d=records.to_wire(value) | more)


def a_ticket(id: str = "t1", **values: Any) -> Ticket:
    """A ticket as central would send it."""
    given: dict[str, Any] = {"ver": 1, "subject": "Stempel gagal", "queue": "helpdesk", "contact": "andi"}
    given |= {"contact_name": "Andi Prasetyo", "contact_at": T0, "created_at": T0, "updated_at": T0}
    return Ticket(id=id, **(given | values))


class PlainSigner:
    """Seals in order without keys: the store reads counter, link and nothing else of a seal."""

    def seal(self, first_counter: int, prev: str, envelopes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        sealed = []
        for counter, envelope in enumerate(envelopes, first_counter):
            one = envelope | {"counter": counter, "prev": prev, "salt": "00" * 16, "body": "00" * 32, "sig": "00" * 64}
            from msc_console.seal import link

            prev = link(one)
            sealed.append(one)
        return sealed


@dataclass
class ModelCentral:
    """Tickets, their parts, a feed and lasting answers."""

    rows: dict[tuple[str, str], Any] = field(default_factory=dict)
    feed: list[tuple[int, str, str, str]] = field(default_factory=list)
    """(seq, entity, id, op id)."""
    hidden: set[str] = field(default_factory=set)
    """Tickets outside the laptop's scope."""
    answers: dict[str, OpResult] = field(default_factory=dict)
    claims: dict[str, int] = field(default_factory=dict)
    at: datetime = T0
    number: int = 0

    def situation(self, command: Command) -> Situation:
        ticket = self.rows.get(("ticket", command.target))
        contact = command.args.get("contact") or (ticket.contact if ticket else None)
        if command.kind.startswith("contact."):
            return Situation(contact=self.rows.get(("contact", command.target)))
        entries = [row for key, row in self.rows.items() if key[0] == "entry" and row.ticket == command.target]
        return Situation(
            ticket=ticket,
            hops=tuple(row for key, row in self.rows.items() if key[0] == "hop" and row.ticket == command.target),
            entries=tuple(sorted(filter(clocks.counts, entries), key=lambda entry: entry.at)),
            contact=self.rows.get(("contact", contact or "")),
        )

    def decide(self, command: Command) -> Outcome:
        context = replace(context_of(command), now=self.at, final=True, claims=self.claims)
        return decide(self.situation(command), command, context)

    def act(self, command: Command) -> OpResult:
        """Apply one command for good; a repeated one is a duplicate."""
        if command.id in self.answers:
            first = self.answers[command.id]
            return OpResult(
                op=command.id, result="duplicate", seq=first.seq, ver=first.ver, data={"result": first.result}
            )
        outcome = self.decide(command)
        if isinstance(outcome, Conflict):
            answer = OpResult(op=command.id, result="conflict", reason=outcome.kind)
        elif not isinstance(outcome, Effects):
            answer = OpResult(op=command.id, result=str(outcome.code), reason=outcome.reason)
        else:
            answer = self._apply(command, outcome)
        self.answers[command.id] = answer
        return answer

    def _apply(self, command: Command, effects: Effects) -> OpResult:
        made: list[tuple[str, Any]] = [("ticket", effects.ticket), ("entry", effects.entry), ("entry", effects.revised)]
        made += [("contact", effects.contact), *(("hop", hop) for hop in effects.hops)]
        for entity, item in made:
            if item is not None:
                old = self.rows.get((entity, item.id))
                item = replace(item, ver=(old.ver if old else 0) + 1)
                if entity == "ticket" and item.number is None:
                    self.number += 1
                    item = replace(item, number=self.number)
                self.rows[entity, item.id] = item
                self.feed.append((len(self.feed) + 1, entity, item.id, command.id))
        if effects.claimed and effects.ticket is not None:
            self.claims[command.id] = effects.ticket.owner_epoch
        row = self.rows.get(("ticket", command.target)) or self.rows[("contact", command.target)]
        code = Result.MERGED if effects.merged else Result.APPLIED
        return OpResult(op=command.id, result=str(code), seq=len(self.feed), ver=row.ver)

    def push(self, envelopes: Iterable[dict[str, Any]]) -> list[OpResult]:
        return [self.act(command_of(envelope)) for envelope in envelopes]

    def show(self, ticket: str) -> None:
        """The ticket comes into the laptop's scope, with its parts."""
        self.hidden.discard(ticket)
        self._announce(ticket, "show")

    def hide(self, ticket: str) -> None:
        self.hidden.add(ticket)
        self.feed.append((len(self.feed) + 1, "ticket", ticket, "hide"))

    def _announce(self, ticket: str, why: str) -> None:
        for (entity, id), row in list(self.rows.items()):
            if id == ticket or getattr(row, "ticket", None) == ticket:
                self.feed.append((len(self.feed) + 1, entity, id, why))

    def page(self, after: int, limit: int) -> tuple[list[Line], int, bool]:
        """(lines, seq behind them, whether that is all): whole ops, at least `limit` rows if there are."""
        lines: list[Line] = []
        end = after
        for op, group in itertools.groupby(self.feed[after:], key=lambda row: row[3]):
            if len(lines) >= limit and op:
                break
            for seq, entity, id, _ in group:
                end = seq
                row = self.rows[entity, id]
                if id in self.hidden:
                    lines.append(Line(t="leave", entity=entity, id=id, seq=seq))
                elif getattr(row, "ticket", None) not in self.hidden:
                    lines.append(put(entity, row, seq))
        return lines, end, end == len(self.feed)


def command_of(envelope: dict[str, Any]) -> Command:
    """The command in an envelope."""
    return Command(
        id=envelope["op"],
        kind=envelope["kind"],
        version=envelope["kv"],
        actor=envelope["actor"],
        target=envelope["target"],
        basis=Basis(**envelope["basis"]),
        before=envelope["before"],
        args=envelope["args"],
        deps=tuple(envelope["deps"]),
        cause=envelope.get("cause"),
        made_at=clock.parse(envelope["made_at"]),
        seen_at=clock.parse(envelope["seen_at"]) if envelope.get("seen_at") else None,
    )


class Desk:
    """The least that a desk does with a cache: make commands, push, pull."""

    def __init__(self, cache: Any, person: Person = RINA) -> None:
        self.cache = cache
        self.person = person
        self.replica = Replica(decide, context_of)
        self.count = itertools.count(1)
        self.at = T0 + timedelta(hours=1)

    def command(self, conn: Connection, kind: str, target: str, **args: Any) -> Command:
        self.at += timedelta(seconds=1)
        before = args.pop("before", {})
        deps = args.pop("deps", ())
        return Command(
            id=f"op-{self.person.id}-{next(self.count):04}",
            kind=kind,
            actor=self.person.id,
            target=target,
            basis=basis(conn, target, self.person.id),
            before=before,
            args=args,
            deps=deps,
            made_at=self.at,
        )

    def do(self, kind: str, target: str, *, hold_until: datetime | None = None, **args: Any) -> Outcome:
        with self.cache.write() as conn:
            return self.replica.record(conn, self.command(conn, kind, target, **args), hold_until)

    def batch(self, limit: int = 100) -> list[dict[str, Any]]:
        with self.cache.write() as conn:
            return sealing.seal_batch(conn, PlainSigner(), DEVICE, INC, self.at, max_ops=limit)

    def settle(self, answers: list[OpResult]) -> Any:
        with self.cache.write() as conn:
            return self.replica.settle(conn, answers, self.at)

    def push(self, central: ModelCentral, limit: int = 100) -> int:
        central.at = max(central.at, self.at)
        batch = self.batch(limit)
        if batch:
            self.settle(central.push(batch))
        return len(batch)

    def apply(self, lines: list[Line], cursor: str = "c", *, up_to_date: bool = False) -> Any:
        with self.cache.write() as conn:
            return self.replica.apply_page(conn, lines, cursor, self.at, up_to_date=up_to_date)

    def pull(self, central: ModelCentral, limit: int = 500) -> bool:
        """One page; True when that was all."""
        with self.cache.read() as conn:
            from msc_console.store import feed

            after = int(feed.position(conn).cursor or 0)
        lines, end, up_to_date = central.page(after, limit)
        self.apply(lines, str(end), up_to_date=up_to_date)
        return up_to_date

    def sync(self, central: ModelCentral) -> None:
        while self.push(central):
            pass
        while not self.pull(central):
            pass

    def read(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with self.cache.read() as conn:
            return function(conn, *args, **kwargs)

    def ops(self, target: str | None = None) -> list[outbox.OutboxOp]:
        ops: list[outbox.OutboxOp] = self.read(outbox.listing, target)
        return ops


def view_of(conn: Connection, target: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Everything the screens see of a target, as wire documents."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for entity, kind, column in (
        ("ticket", Ticket, "id"),
        ("contact", Contact, "id"),
        ("entry", Entry, "ticket"),
        ("hop", Hop, "ticket"),
    ):
        for row in conn.execute(f"SELECT * FROM {entity} WHERE {column} = ?", (target,)):
            found[entity, row["id"]] = records.row_to_wire(kind, row)
    return found
