"""Decides a batch of commands one after the other in memory, and collects what has to be written. No I/O.

`domain.decide` says what a command does; here its effects get their versions, their groups on the feed and their
place beside what earlier commands of the batch did.
"""

import logging
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from ..domain import conflict_rules
from ..domain.clocks import counts
from ..domain.commands import Basis, Command, Conflict, Context, Effects, Outcome, Refusal, Situation
from ..domain.decide import decide
from ..domain.model import Address, Contact, Entry, Hop, Person, Ticket
from ..domain.model import Conflict as ConflictRecord
from ..domain.rights import may
from ..domain.scope import CUSTOMERS, groups_of_person, groups_of_ticket
from ..domain.terms import ConflictState, Delivery, Op, Result, term
from .feed import NO_GROUPS, Change
from .loading import Ground
from .scope import FIXED, authority
from .world import World

log = logging.getLogger(__name__)

CONTACT_ERASED = "contact_erased"
"""Reason of an act about a person of whom everything was erased. Its body is not kept."""
OF_TICKETS = ("ticket.", "entry.", "escalation.", "conflict.")
"""Beginnings of the kinds whose target is a ticket."""


@dataclass(slots=True, kw_only=True)
class Verdict:
    """Central's answer to one op, before its seq and number are known."""

    code: Result
    reason: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    ver: int = 0
    changes: list[Change] = field(default_factory=list)
    created: str | None = None
    """The ticket that the op made, which wants a number."""


@dataclass(slots=True, kw_only=True)
class Outgoing:
    """A reply that has to leave the house."""

    entry: str
    channel: str
    address: str
    queued_at: datetime


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An op that will never be applied. `known`: it has an answer, which changes."""

    op: str
    actor: str
    by: str
    known: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """An applied claim: whose, of which ticket, and the owner epoch it was given."""

    actor: str
    ticket: str
    epoch: int


class Batch:
    """The state of a batch while it is decided, and what of it has to be written at the end."""

    def __init__(self, world: World, ground: Ground, claims: dict[str, Claim]) -> None:
        self.world = world
        self.ground = ground
        self.claims = claims
        """By the op that claimed."""
        self.own: dict[str, tuple[int, int]] = {}
        """Ticket -> the basis of the author's first act on it in this batch, and how many of theirs were applied."""
        self.tickets: dict[str, Ticket] = {}
        self.entries: dict[str, Entry] = {}
        self.hops: dict[str, Hop] = {}
        self.contacts: dict[str, Contact] = {}
        self.conflicts: dict[str, ConflictRecord] = {}
        self.withdrawn: list[Withdrawn] = []
        self.outgoing: list[Outgoing] = []
        self.settled: dict[str, Entry] = {}
        """Replies of which it became known what came of them."""
        self.made: dict[str, list[str]] = {}
        """Ticket -> entries that this batch made."""
        self.refreshed: set[str] = set()
        """Tickets that entered a group and bring their stored entries with them."""

    def judge(
        self,
        command: Command,
        actor: Person,
        now: datetime,
        *,
        own: bool = False,
        answered: Result | None = None,
        then: Person | None = None,
    ) -> Verdict:
        """Answers one command received at `now`. `own`: central's own act, which stands on the ticket as it is.
        `answered`: the answer so far to the op that an `op.withdraw` names. `then`: the actor when it was made."""
        ticket = self.ground.tickets.get(command.target)
        hops = tuple(self.ground.hops.get(command.target, {}).values())
        if own and ticket is not None and command.basis == Basis():
            command = replace(command, basis=Basis(ver=ticket.ver, epoch=ticket.owner_epoch))
        if not own and (refused := self._no_right(command, actor, then or actor, ticket, hops, now)):
            return refused
        if not own and self._about_erased(command, ticket):
            return Verdict(code=Result.INVALID, reason=CONTACT_ERASED)
        if not own:  # who does not say in which state they saw the ticket has seen none
            command = replace(command, before={"state": None, **command.before})
        try:
            known = own or CUSTOMERS in groups_of_person(actor)
            situation = self._situation(command, ticket, hops, answered, customers=known)
            outcome = decide(situation, command, self._context(command, actor, now, ticket))
        except Exception as error:  # a rule that fails on one op must not hold up the others: it is kept for repair
            return quarantined(command.id, error)
        if isinstance(outcome, Effects):
            if outcome.withdrawn is not None:
                known = answered is not None
                self.withdrawn.append(Withdrawn(outcome.withdrawn, command.actor, command.id, known))
            return self._apply(command, outcome, ticket, hops, now)
        verdict = _refused(outcome)
        if not own and ticket is not None:
            self._contest(command, actor, outcome, ticket, hops, now, verdict)
        return verdict

    def _about_erased(self, command: Command, ticket: Ticket | None) -> bool:
        """Whether an act is about a person of whom everything was erased: none of its words may come back."""
        if command.kind == Op.OP_WITHDRAW:
            return False
        named = (command.target, _text(command.args.get("contact")), ticket and ticket.contact)
        found = (self.ground.contacts.get(id) for id in named if id)
        return any(contact is not None and contact.erased_at is not None for contact in found)

    def _contest(
        self, command: Command, actor: Person, outcome: Conflict | Refusal, ticket: Ticket, hops: tuple[Hop, ...],
        now: datetime, verdict: Verdict,
    ) -> None:  # fmt: skip
        """Keeps a conflict of an op that was refused because of others' work, for its author and the holder."""
        if command.kind == Op.CONFLICT_RESOLVE:
            if verdict.code in (Result.CONFLICT, Result.FENCED):
                verdict.data["conflict"] = command.args.get("conflict")
            return
        kept = conflict_rules.record(command, ticket, outcome, actor.name, now)
        if kept is not None:
            verdict.data["conflict"] = kept.id
            self._keep_conflict(command, kept, groups_of_ticket(ticket, hops, now), verdict)

    def _no_right(
        self, command: Command, actor: Person, then: Person, ticket: Ticket | None, hops: tuple[Hop, ...], now: datetime
    ) -> Verdict | None:
        """None for an act that its author may do now and might do when it was made.

        What they might do then and may no longer is kept for somebody to look at. Which tickets were theirs then is
        asked of the ticket as it is: it may have come to their queue only after they had left another.
        """
        kind = term(Op, command.kind)
        scope = self._in_scope(command, actor, ticket, hops, now)
        if actor.active and scope and may(actor.role, kind):
            if then.active and may(then.role, kind):
                return None
            return Verdict(
                code=Result.FORBIDDEN, reason="no_right", data={"role": str(then.role), "kind": command.kind}
            )
        if then.active and may(then.role, kind) and self._in_scope(command, then, ticket, hops, now):
            log.warning("op of rights that are gone", extra={"op": command.id, "actor": actor.id})
            return Verdict(code=Result.QUARANTINED, reason="rights_gone", data={"kind": command.kind})
        return None if scope else Verdict(code=Result.FORBIDDEN, reason="out_of_scope")

    @staticmethod
    def _in_scope(command: Command, actor: Person, ticket: Ticket | None, hops: tuple[Hop, ...], now: datetime) -> bool:
        """A ticket that isn't there answers as one that is none of the actor's business. Own ops may be taken back
        wherever their ticket went."""
        if command.kind == Op.OP_WITHDRAW:
            return True
        if ticket is None:
            return command.kind == Op.TICKET_CREATE or not command.kind.startswith(OF_TICKETS)
        return not authority(ticket, hops, now).isdisjoint(groups_of_person(actor))

    def _situation(
        self,
        command: Command,
        ticket: Ticket | None,
        hops: tuple[Hop, ...],
        answered: Result | None,
        *,
        customers: bool,
    ) -> Situation:
        """What the command stands before. `customers`: the actor may name customers at all; others name none."""
        named = _text(command.args.get("conflict")) or ""
        args = command.args if customers else {}
        if command.kind.startswith("contact."):
            contact = self.ground.contacts.get(command.target)
        else:
            contact = self.ground.contacts.get(_text(args.get("contact")) or (ticket and ticket.contact) or "")
        organisation = _text(args.get("organisation")) or (contact and contact.organisation) or ""
        return Situation(
            ticket=ticket,
            hops=hops,
            entries=tuple(self.ground.entries.get(command.target, {}).values()),
            contact=contact,
            organisation=self.ground.organisations.get(organisation),
            conflict=self.ground.conflicts.get(named),
            answered=answered,
        )

    def _own_raises(self, command: Command, ticket: Ticket | None) -> int:
        """A laptop's acts of one batch stand on the version it had before the first of them."""
        basis, by_own = self.own.get(command.target, (-1, 0))
        return by_own if ticket is not None and basis == command.basis.ver else 0

    def _stood_on(self, command: Command) -> dict[str, int]:
        """The epoch of the claim that a command stands on, if its own author claimed this very ticket by it."""
        found = self.claims.get(command.basis.claim or "")
        own = found is not None and (found.actor, found.ticket) == (command.actor, command.target)
        return {str(command.basis.claim): found.epoch} if found is not None and own else {}

    def _context(self, command: Command, actor: Person, now: datetime, ticket: Ticket | None) -> Context:
        return Context(
            actor=actor,
            now=now,
            policy=self.world.policy,
            roster=self.world.roster,
            zone_offset_minutes=self.world.offset_minutes(now),
            final=True,
            claims=self._stood_on(command),
            own_raises=self._own_raises(command, ticket),
            holder_seen_at=self.ground.heard.get(ticket.owner) if ticket is not None and ticket.owner else None,
            persons=self.world.persons,
            queues=self.world.queues,
        )

    def _apply(
        self, command: Command, effects: Effects, before: Ticket | None, hops: tuple[Hop, ...], now: datetime
    ) -> Verdict:
        verdict = Verdict(code=Result.MERGED if effects.merged else Result.APPLIED)
        old_groups = groups_of_ticket(before, hops, now) if before is not None else NO_GROUPS
        old_rows = self._rows_of(command.target) if before is not None else ()
        for hop in effects.hops:
            self._keep_hop(hop)
        if effects.contact is not None:
            self._keep_contact(command, effects.contact, verdict)
        if effects.ticket is not None:
            after = replace(effects.ticket, ver=before.ver + 1 if before is not None else 1)
            self.tickets[after.id] = self.ground.tickets[after.id] = after
            groups = groups_of_ticket(after, self.ground.hops.get(after.id, {}).values(), now)
            entered = groups - old_groups if before is not None else NO_GROUPS
            if entered:
                self.refreshed.add(after.id)
            verdict.ver = after.ver
            verdict.created = after.id if before is None else None
            verdict.changes.append(
                Change(
                    entity="ticket",
                    id=after.id,
                    ver=after.ver,
                    op_id=command.id,
                    put_groups=groups,
                    leave_groups=old_groups - groups,
                    entered=entered,
                    carried=old_rows if entered else (),
                )
            )
            self._keep_entries(command, effects, groups, verdict)
            self._settle(command, effects, groups, now, verdict)
        if effects.ticket is not None:
            basis, by_own = self.own.get(command.target, (command.basis.ver, 0))
            self.own[command.target] = (basis, by_own + 1)
        if effects.claimed and effects.ticket is not None:
            epoch = verdict.data["epoch"] = effects.ticket.owner_epoch
            self.claims[command.id] = Claim(command.actor, command.target, epoch)
        return verdict

    def _keep_entries(self, command: Command, effects: Effects, groups: frozenset[str], verdict: Verdict) -> None:
        """The entry that the op made, the older one it revised, and the hops, announced to the ticket's groups."""
        rows: list[tuple[str, str, int]] = []
        for entry in (effects.entry, effects.revised):
            if entry is None:
                continue
            entry = replace(entry, ver=entry.ver + 1)
            self.entries[entry.id] = entry
            if counts(entry):
                self.ground.entries.setdefault(entry.ticket, {})[entry.id] = entry
            rows.append(("entry", entry.id, entry.ver))
        if effects.revised is not None:
            self.settled[effects.revised.id] = effects.revised
        if effects.entry is not None:
            self.made.setdefault(effects.entry.ticket, []).append(effects.entry.id)
            self._send(effects.entry, effects.address)
        rows += [("hop", hop.id, self.hops[hop.id].ver) for hop in effects.hops]
        verdict.changes += [
            Change(entity=entity, id=id, ver=ver, op_id=command.id, put_groups=groups) for entity, id, ver in rows
        ]

    def _settle(
        self, command: Command, effects: Effects, groups: frozenset[str], now: datetime, verdict: Verdict
    ) -> None:
        """Closes the conflict that the op settled, or of which it was the second try."""
        kept, first = effects.conflict, self.ground.conflicts.get(command.cause or "")
        same = (command.actor, command.target, command.kind, ConflictState.OPEN)
        if kept is None and first is not None and (first.author, first.ticket, first.act, first.state) == same:
            kept = conflict_rules.closed_by_retry(first, command.actor, min(command.made_at, now))
        if kept is not None:
            self._keep_conflict(command, kept, groups, verdict)

    def _keep_conflict(self, command: Command, kept: ConflictRecord, groups: frozenset[str], verdict: Verdict) -> None:
        kept = replace(kept, ver=kept.ver + 1)
        self.conflicts[kept.id] = self.ground.conflicts[kept.id] = kept
        verdict.changes.append(Change(entity="conflict", id=kept.id, ver=kept.ver, op_id=command.id, put_groups=groups))

    def _keep_hop(self, hop: Hop) -> None:
        hop = replace(hop, ver=hop.ver + 1)
        self.hops[hop.id] = hop
        self.ground.hops.setdefault(hop.ticket, {})[hop.id] = hop

    def _keep_contact(self, command: Command, contact: Contact, verdict: Verdict) -> None:
        contact = replace(contact, ver=contact.ver + 1)
        self.contacts[contact.id] = self.ground.contacts[contact.id] = contact
        verdict.ver = contact.ver
        verdict.changes.append(
            Change(entity="contact", id=contact.id, ver=contact.ver, op_id=command.id, put_groups=FIXED["contact"])
        )

    def _send(self, entry: Entry, address: Address | None) -> None:
        if entry.delivery == Delivery.QUEUED and address is not None:
            at = entry.received_at or entry.at
            way = Outgoing(entry=entry.id, channel=address.channel, address=address.value, queued_at=at)
            self.outgoing.append(way)

    def _rows_of(self, ticket: str) -> tuple[tuple[str, str], ...]:
        """What hangs on a ticket before the next op: its hops, and the entries of this batch. Stored ones follow."""
        found = [("hop", hop) for hop in self.ground.hops.get(ticket, {})]
        found += [("conflict", kept.id) for kept in self.conflicts.values() if kept.ticket == ticket]
        return (*found, *(("entry", entry) for entry in self.made.get(ticket, ())))


def quarantined(op_id: str, error: Exception) -> Verdict:
    """Our own fault on this op: kept whole on central, shown at the laptop by a reference into the log."""
    reference = secrets.token_hex(4)
    log.error("op quarantined", exc_info=error, extra={"op": op_id, "reference": reference})
    return Verdict(code=Result.QUARANTINED, reason="op_quarantined", data={"reference": reference})


def _refused(outcome: Outcome) -> Verdict:
    if isinstance(outcome, Conflict):
        fields = {name: msgspec.to_builtins(list(values)) for name, values in outcome.fields.items()}
        return Verdict(code=Result.CONFLICT, reason=outcome.kind, data={"fields": fields})
    assert isinstance(outcome, Refusal)
    return Verdict(code=outcome.code, reason=outcome.reason, data=msgspec.to_builtins(dict(outcome.data)))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
