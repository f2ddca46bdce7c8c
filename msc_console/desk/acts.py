"""Everything a person at the desk can ask for. Each act is decided and kept at once, in one local transaction.

An act that the rules refuse is not kept: `Refused` says why. What is kept leaves for central with the next push.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .. import clock
from ..domain import conflict_rules
from ..domain.commands import Command, Conflict, Effects, Outcome, Refusal
from ..domain.decide import decide
from ..domain.model import Ticket
from ..domain.terms import Op, Result
from ..errors import ConflictError, MscError, NotAllowed
from ..store import outbox, reads, replica
from ..store.outbox import OpState, OutboxOp
from ..store.replica import Replica
from ..text import clean
from .seat import Seat, new_id

if TYPE_CHECKING:
    from .unsettled import Settling

UNDO_SEND = timedelta(seconds=10)
"""How long a reply from the console stays on the laptop, so that it can be taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An act that is kept here (or would be, for a dry run) and what it shows at once."""

    op: str
    kind: str
    target: str
    label: str
    """`MSC-000123` or the alias of the ticket; a contact's name."""
    changes: Mapping[str, Sequence[Any]]
    dry_run: bool = False
    ticket: Ticket | None = None


def refused(outcome: Refusal | Conflict) -> MscError:
    """The error that tells a person of a refusal or conflict, with the exit code that fits."""
    if isinstance(outcome, Conflict):
        fields = ", ".join(outcome.fields)
        return ConflictError("conflict", kind=outcome.kind, fields=fields)
    if outcome.code == Result.FENCED:
        return ConflictError(outcome.reason, **outcome.data)
    if outcome.code == Result.FORBIDDEN:
        return NotAllowed(outcome.reason, **outcome.data)
    return MscError(outcome.reason, **outcome.data)


class Acts(Seat):
    """The writing half of the desk. `ref` is a number, an alias or the start of an id."""

    def take(self, ref: str, *, dry_run: bool = False) -> Done:
        """Hold a free ticket; one whose holder has gone silent is offered again."""
        return self._on_ticket(Op.TICKET_TAKE, ref, {}, dry_run=dry_run)

    def release(self, ref: str, *, dry_run: bool = False) -> Done:
        return self._on_ticket(Op.TICKET_RELEASE, ref, {}, dry_run=dry_run)

    def assign(self, ref: str, login: str, reason: str | None = None, *, dry_run: bool = False) -> Done:
        """Give the ticket to the person with this login."""
        args = {"owner": self.person_by_login(login).id, "reason": reason}
        return self._on_ticket(Op.TICKET_ASSIGN, ref, args, seen=("owner",), dry_run=dry_run)

    def move(self, ref: str, queue: str, reason: str | None = None, *, dry_run: bool = False) -> Done:
        args = {"queue": queue, "reason": reason}
        return self._on_ticket(Op.TICKET_MOVE, ref, args, seen=("queue",), dry_run=dry_run)

    def set(self, ref: str, *, dry_run: bool = False, **fields: str | None) -> Done:
        """Classify: urgency, impact, service, component, category, subject, kind ... (`shapes.SETTABLE`).

        None leaves a field as it is, an empty text takes its value away.
        """
        wanted = {name: value or None for name, value in fields.items() if value is not None}
        seen = tuple(name for name in wanted if name != "priority_reason")
        return self._on_ticket(Op.TICKET_SET, ref, wanted, seen=seen, nulls=True, dry_run=dry_run)

    def hold(self, ref: str, state: str, reason: str, *, dry_run: bool = False) -> Done:
        """Wait for customer, vendor or a schedule (`state` is the waiting state), with a reason."""
        return self._on_ticket(
            Op.TICKET_HOLD, ref, {"state": state, "reason": reason}, seen=("state",), dry_run=dry_run
        )

    def resume(self, ref: str, *, dry_run: bool = False) -> Done:
        return self._on_ticket(Op.TICKET_RESUME, ref, {}, seen=("state",), dry_run=dry_run)

    def resolve(self, ref: str, solution: str, *, dry_run: bool = False) -> Done:
        return self._on_ticket(Op.TICKET_RESOLVE, ref, {"solution": solution}, seen=("state",), dry_run=dry_run)

    def close(self, ref: str, *, dry_run: bool = False) -> Done:
        return self._on_ticket(Op.TICKET_CLOSE, ref, {}, seen=("state",), dry_run=dry_run)

    def reopen(self, ref: str, reason: str | None = None, *, dry_run: bool = False) -> Done:
        return self._on_ticket(Op.TICKET_REOPEN, ref, {"reason": reason}, seen=("state",), dry_run=dry_run)

    def cancel(self, ref: str, reason: str, *, dry_run: bool = False) -> Done:
        return self._on_ticket(Op.TICKET_CANCEL, ref, {"reason": reason}, seen=("state",), dry_run=dry_run)

    def note(self, ref: str, body: str, *, dry_run: bool = False) -> Done:
        """An internal note: the customer never sees it."""
        return self._on_ticket(Op.ENTRY_NOTE, ref, {"body": body}, dry_run=dry_run)

    def reply(
        self, ref: str, body: str, channel: str | None = None, *, hold: timedelta | None = None, dry_run: bool = False
    ) -> Done:
        """A public reply. `hold` keeps it here for a while so that it can be taken back (`UNDO_SEND`)."""
        args = {"body": body, "channel": channel}
        return self._on_ticket(Op.ENTRY_REPLY, ref, args, hold=hold, dry_run=dry_run)

    def call(self, ref: str, direction: str, minutes: int, body: str = "", *, dry_run: bool = False) -> Done:
        """A telephone call, `in` or `out`."""
        args = {"direction": direction, "minutes": minutes, "body": body}
        return self._on_ticket(Op.ENTRY_CALL, ref, args, dry_run=dry_run)

    def time(self, ref: str, minutes: int, body: str = "", *, dry_run: bool = False) -> Done:
        """Minutes of work."""
        return self._on_ticket(Op.ENTRY_TIME, ref, {"minutes": minutes, "body": body}, dry_run=dry_run)

    def escalate(self, ref: str, tier: str, reason: str, *, dry_run: bool = False) -> Done:
        args = {"tier": tier, "reason": reason}
        return self._on_ticket(Op.ESCALATION_RAISE, ref, args, seen=("state",), dry_run=dry_run)

    def acknowledge(self, ref: str, hop: str | None = None, proxy: str | None = None, *, dry_run: bool = False) -> Done:
        """The tier has it. `proxy` says who of a tier without accounts acknowledged, and how."""
        return self._on_ticket(Op.ESCALATION_ACK, ref, {"hop": hop, "proxy": proxy}, dry_run=dry_run)

    def give_back(
        self, ref: str, outcome: str, hop: str | None = None, proxy: str | None = None, *, dry_run: bool = False
    ) -> Done:
        """Return an escalation with a reason or a solution."""
        args = {"hop": hop, "outcome": outcome, "proxy": proxy}
        return self._on_ticket(Op.ESCALATION_RETURN, ref, args, dry_run=dry_run)

    def new_contact(
        self,
        name: str,
        addresses: Sequence[tuple[str, str]] = (),
        organisation: str | None = None,
        language: str = "id",
        *,
        dry_run: bool = False,
    ) -> Done:
        """A contact; `addresses` are (channel, value)."""
        args = {
            "name": clean(name, line=True).strip(),
            "addresses": [{"channel": channel, "value": clean(value, line=True)} for channel, value in addresses],
            "organisation": organisation,
            "language": language,
        }
        return self._do(Op.CONTACT_CREATE, new_id(), args, label=str(args["name"]), dry_run=dry_run)

    def new_ticket(
        self,
        subject: str,
        contact: str | None,
        queue: str,
        *,
        channel: str = "phone",
        body: str = "",
        take: bool = False,
        contact_at: datetime | None = None,
        dry_run: bool = False,
        **fields: str | None,
    ) -> Done:
        """A ticket for a contact (its id). It gets an alias at once; central gives the number."""
        args: dict[str, Any] = {
            "subject": clean(subject, line=True).strip(),
            "contact": contact,
            "queue": queue,
            "channel": channel,
            "body": body,
            "take": take,
            "contact_at": clock.iso(contact_at) if contact_at else None,
            **fields,
        }
        return self._do(Op.TICKET_CREATE, new_id(), args, label="", dry_run=dry_run)

    @property
    def replica(self) -> Replica:
        """The fold over this person's cache."""
        return Replica(decide, self.context_of)

    def withdraw(self, op: str) -> None:
        """Take back an act, with what stands on it. One that may have left already stays visible until central has
        answered its `op.withdraw`. ConflictError `op_sealed` once central has applied it."""
        now, seen_at = self.now(), self.server_seen_at()
        with self.cache.write() as conn:
            act = outbox.get(conn, op)
            if act.state is not OpState.SEALED:
                self.replica.withdraw(conn, op, now, with_dependents=True)
            elif op not in outbox.withdrawals(conn):
                command = Command(
                    id=new_id(),
                    kind=str(Op.OP_WITHDRAW),
                    actor=self.person.id,
                    target=act.target,
                    args={"op": op},
                    made_at=now,
                    seen_at=seen_at,
                )
                outcome = self.replica.record(conn, command)
                if not isinstance(outcome, Effects):
                    raise refused(outcome)

    def retry(self, op: str) -> Done:
        """Ask again for what central refused, on what is so now. The old act ends once the new one holds."""
        made_at, fresh = self.now(), new_id()
        seen_at = self.server_seen_at()
        with self.cache.write() as conn:
            old = outbox.get(conn, op)
            outcome = self.replica.retry(conn, op, fresh, made_at, seen_at)
        return self._done(replace(old.command, id=fresh), outcome, "", dry_run=False)

    def settle(self, ref: str, choice: "Settling", *, dry_run: bool = False) -> Done:
        """Settle a conflict; `ref` is its id, which is that of the refused act, own or another's.

        `mine` asks for the act again on what is so now (for the holder: adopts it), `theirs` lets what is so stand,
        `note` keeps what had been wanted as an internal note, `withdraw` takes an own act back. An own act that
        central refused for another reason is tried again, let go, or noted in the same words. NotFound
        `conflict_unknown`; what the rules refuse raises as for any act, and nothing has changed.
        """
        made_at, seen_at, fresh = self.now(), self.server_seen_at(), new_id()
        with self.cache.read() as conn:
            old = outbox.find(conn, ref)
            kept = reads.conflict(conn, ref)
        told = (old.result or {}).get("data") or {} if old is not None else {}
        if old is not None and kept is None and told.get("conflict") != ref:
            return self._settle_plain(old, choice, fresh, made_at, seen_at, dry_run=dry_run)
        with self.cache.read() as conn:
            command = self.replica.resolution(conn, ref, choice, self.person.id, fresh, made_at, seen_at)
            outcome = self.replica.foresee(conn, command)
        if not dry_run:
            with self.cache.write() as conn:
                command = self.replica.resolution(conn, ref, choice, self.person.id, fresh, made_at, seen_at)
                outcome = self.replica.resolve(conn, command)
        return self._done(command, outcome, "", dry_run=dry_run)

    def _settle_plain(
        self, old: OutboxOp, choice: str, fresh: str, made_at: datetime, seen_at: datetime | None, *, dry_run: bool
    ) -> Done:
        """A refused act that left no conflict at central: its retry, its end, or a note in its place."""
        if choice in ("theirs", "withdraw"):
            if not dry_run:
                self.dismiss(old.id)
            with self.cache.read() as conn:
                ticket = reads.ticket_by_id(conn, old.target)
            label = self.label(ticket) if ticket else ""
            return Done(op=old.id, kind=old.kind, target=old.target, label=label, changes={}, dry_run=dry_run)
        kind, args = old.kind, old.command.args
        if choice == "note":
            kept = conflict_rules.kept_of(old.command, self.person.name)
            kind, args = str(Op.ENTRY_NOTE), {"body": conflict_rules.told(kept)}
        with self.cache.read() if dry_run else self.cache.write() as conn:
            command = self.replica.again(conn, old.id, fresh, made_at, seen_at, kind=kind, args=args)
            ask = self.replica.foresee if dry_run else self.replica.succeed
            outcome = ask(conn, command)
        return self._done(command, outcome, "", dry_run=dry_run)

    def dismiss(self, op: str) -> None:
        """Let a refused act go; the journal keeps it for 14 days."""
        now = self.now()
        with self.cache.write() as conn:
            self.replica.dismiss(conn, op, now)

    def _record(self, command: Command, hold_until: datetime | None, *, dry_run: bool) -> tuple[Command, Outcome]:
        """The command with its basis (and alias and dependencies, for a new ticket), and what it does."""
        if dry_run:
            with self.cache.read() as conn:
                command = replace(command, basis=replica.basis(conn, command.target, command.actor))
                return command, self.replica.foresee(conn, command)
        with self.cache.write() as conn:
            command = replace(command, basis=replica.basis(conn, command.target, command.actor))
            if command.kind == Op.TICKET_CREATE:
                alias = outbox.next_alias(conn, self.unlocked.code)
                contact = command.args.get("contact")
                deps = tuple(op.id for op in outbox.pending(conn, contact)) if contact else ()
                command = replace(command, args={**command.args, "alias": alias}, deps=deps)
            return command, self.replica.record(conn, command, hold_until)

    def _on_ticket(
        self,
        kind: Op,
        ref: str,
        args: Mapping[str, Any],
        *,
        seen: Sequence[str] = (),
        nulls: bool = False,
        hold: timedelta | None = None,
        dry_run: bool = False,
    ) -> Done:
        """An act on a ticket as the author sees it; `seen` are the fields whose value they saw. With `nulls` an
        argument that is None says so, else it is left out."""
        ticket = self.find_ticket(ref)
        before = {name: _plain(getattr(ticket, name)) for name in seen}
        label = self.label(ticket)
        return self._do(kind, ticket.id, args, before=before, label=label, nulls=nulls, hold=hold, dry_run=dry_run)

    def _do(
        self,
        kind: Op,
        target: str,
        args: Mapping[str, Any],
        *,
        label: str,
        before: Mapping[str, Any] | None = None,
        nulls: bool = False,
        hold: timedelta | None = None,
        dry_run: bool = False,
    ) -> Done:
        made_at = self.now()
        command = Command(
            id=new_id(),
            kind=str(kind),
            actor=self.person.id,
            target=target,
            before=before or {},
            args={name: _cleaned(value) for name, value in args.items() if nulls or value is not None},
            made_at=made_at,
            seen_at=self.server_seen_at(),
        )
        # Waiting on this laptop goes by this laptop's clock, however far it is from central's.
        command, outcome = self._record(command, clock.now() + hold if hold else None, dry_run=dry_run)
        return self._done(command, outcome, label, dry_run=dry_run)

    def _done(self, command: Command, outcome: Outcome, label: str, *, dry_run: bool) -> Done:
        if not isinstance(outcome, Effects):
            raise refused(outcome)
        return Done(
            op=command.id,
            kind=command.kind,
            target=command.target,
            label=label or (self.label(outcome.ticket) if outcome.ticket else ""),
            changes=dict(outcome.entry.changes) if outcome.entry else {},
            dry_run=dry_run,
            ticket=outcome.ticket,
        )


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


def _cleaned(value: Any) -> Any:
    """Text as it may be stored and shown; other values as they are."""
    return clean(value) if isinstance(value, str) else value
