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

from ..domain.clocks import counts
from ..domain.commands import Basis, Command, Conflict, Context, Effects, Outcome, Refusal, Situation
from ..domain.decide import decide
from ..domain.model import Address, Contact, Entry, Hop, Person, Ticket
from ..domain.scope import groups_of_person, groups_of_ticket
from ..domain.terms import Delivery, Op, Result
from .feed import NO_GROUPS, Change
from .loading import Ground
from .scope import FIXED, authority
from .world import World

log = logging.getLogger(__name__)

OF_TICKETS = ("ticket.", "entry.", "escalation.")
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


class Batch:
    """The state of a batch while it is decided, and what of it has to be written at the end."""

    def __init__(self, world: World, ground: Ground, claims: dict[str, int]) -> None:
        self.world = world
        self.ground = ground
        self.claims = claims
        self.own: dict[str, tuple[int, int]] = {}
        """Ticket -> the basis of the author's first act on it in this batch, and how many of theirs were applied."""
        """Op id of an applied claim -> the owner epoch it was given."""
        self.tickets: dict[str, Ticket] = {}
        self.entries: dict[str, Entry] = {}
        self.hops: dict[str, Hop] = {}
        self.contacts: dict[str, Contact] = {}
        self.outgoing: list[Outgoing] = []
        self.settled: dict[str, Entry] = {}
        """Replies of which it became known what came of them."""
        self.made: dict[str, list[str]] = {}
        """Ticket -> entries that this batch made."""
        self.refreshed: set[str] = set()
        """Tickets that entered a group and bring their stored entries with them."""

    def judge(self, command: Command, actor: Person, now: datetime, *, own: bool = False) -> Verdict:
        """Answers one command received at `now`. `own`: central's own act, which stands on the ticket as it is."""
        ticket = self.ground.tickets.get(command.target)
        hops = tuple(self.ground.hops.get(command.target, {}).values())
        if own and ticket is not None and command.basis == Basis():
            command = replace(command, basis=Basis(ver=ticket.ver, epoch=ticket.owner_epoch))
        if not own and not self._in_scope(command, actor, ticket, hops, now):
            return Verdict(code=Result.FORBIDDEN, reason="out_of_scope")
        try:
            outcome = decide(
                self._situation(command, ticket, hops), command, self._context(command, actor, now, ticket)
            )
        except Exception as error:  # a rule that fails on one op must not hold up the others: it is kept for repair
            return quarantined(command.id, error)
        if isinstance(outcome, Effects):
            return self._apply(command, outcome, ticket, hops, now)
        return _refused(outcome)

    @staticmethod
    def _in_scope(command: Command, actor: Person, ticket: Ticket | None, hops: tuple[Hop, ...], now: datetime) -> bool:
        """A ticket that isn't there answers as one that is none of the actor's business."""
        if ticket is None:
            return command.kind == Op.TICKET_CREATE or not command.kind.startswith(OF_TICKETS)
        return not authority(ticket, hops, now).isdisjoint(groups_of_person(actor))

    def _situation(self, command: Command, ticket: Ticket | None, hops: tuple[Hop, ...]) -> Situation:
        if command.kind.startswith("contact."):
            contact = self.ground.contacts.get(command.target)
        else:
            contact = self.ground.contacts.get(_text(command.args.get("contact")) or (ticket and ticket.contact) or "")
        organisation = _text(command.args.get("organisation")) or (contact and contact.organisation) or ""
        return Situation(
            ticket=ticket,
            hops=hops,
            entries=tuple(self.ground.entries.get(command.target, {}).values()),
            contact=contact,
            organisation=self.ground.organisations.get(organisation),
        )

    def _own_raises(self, command: Command, ticket: Ticket | None) -> int:
        """A laptop's acts of one batch stand on the version it had before the first of them."""
        basis, by_own = self.own.get(command.target, (-1, 0))
        return by_own if ticket is not None and basis == command.basis.ver else 0

    def _context(self, command: Command, actor: Person, now: datetime, ticket: Ticket | None) -> Context:
        return Context(
            actor=actor,
            now=now,
            policy=self.world.policy,
            roster=self.world.roster,
            zone_offset_minutes=self.world.offset_minutes(now),
            final=True,
            claims=self.claims,
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
        if effects.ticket is not None:
            basis, by_own = self.own.get(command.target, (command.basis.ver, 0))
            self.own[command.target] = (basis, by_own + 1)
        if effects.claimed and effects.ticket is not None:
            self.claims[command.id] = verdict.data["epoch"] = effects.ticket.owner_epoch
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
