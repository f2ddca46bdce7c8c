"""The reading half of the desk: frozen rows from the cache, the same with central gone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .. import clock
from ..domain.people import Person, Queue
from ..domain.rights import Right, has
from ..domain.rows import QueueRow
from ..domain.terms import HopState
from ..errors import NotFound, UsageError
from ..store import intake, outbox, queues, reads, search, settings
from ..store.outbox import OutboxOp
from ..store.queues import TicketSource, View
from .seat import STATE, Seat

if TYPE_CHECKING:
    from ..domain.model import Article, Conflict, Contact, Entry, Hop, Organisation, Service, Ticket
    from ..store.drafts import Draft

VIEWS = ("queues", "mine", "unassigned", "due_soon", "waiting_customer", "escalated", "open")
"""The built-in views, in the order of the queue screen; `queue:<key>` is one queue."""

CONTACTS_SHOWN = 6


RISK = timedelta(minutes=30)
"""Time left under which an own ticket's target counts as about to be missed."""
ESCALATIONS_MOST = 200
SUGGESTED = 3
"""Articles told beside a ticket."""
CLOCK_OFF = timedelta(minutes=2)
"""From here on a person sees that this laptop's clock and central's differ: screens show whole minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketView:
    """One ticket with everything around it."""

    ticket: "Ticket"
    label: str
    owner: Person | None
    contact: "Contact | None"
    entries: "Sequence[Entry]"
    hops: "Sequence[Hop]"
    acts: Sequence[OutboxOp]
    """Own acts on it that central has not settled."""
    seen_at: datetime | None
    """When this person last had it open: what came later is unread."""
    whole: bool = True
    """The timeline is here; that of a closed ticket may lie at central alone until it is asked for."""


class Reading(Seat):
    """What the screens and `msc ... list|show|find|search` read."""

    def view(self, key: str) -> View:
        """A view by its key. NotFound `view_unknown`."""
        plain: dict[str, Callable[[], View]] = {
            "mine": lambda: queues.mine(self.unlocked.person),
            "unassigned": queues.unassigned,
            "waiting_customer": queues.waiting_customer,
            "escalated": queues.escalated,
            "open": queues.all_open,
            "queues": lambda: queues.my_queues(self.person.queues),
            "due_soon": lambda: queues.due_soon(self.now()),
        }
        if key in plain:
            return plain[key]()
        if key.startswith("queue:") and key[6:] in self.world.queues:
            return queues.queue(key[6:])
        raise NotFound("view_unknown", view=key)

    def source(self, key: str) -> TicketSource:
        """A view as the queue widget reads it."""
        return TicketSource(self.cache, self.view(key), self.unlocked.person)

    def count(self, key: str) -> int:
        with self.cache.read() as conn:
            return queues.count(conn, self.view(key))

    def waiting(self, key: str) -> int:
        """Tickets of a view that rest on own acts which central has not confirmed."""
        with self.cache.read() as conn:
            return queues.waiting(conn, self.view(key))

    def tickets(self, key: str, limit: int = 50) -> list[QueueRow]:
        """The first rows of a view, the nearest due time first."""
        with self.cache.read() as conn:
            return queues.page(conn, self.view(key), self.unlocked.person, None, limit)

    def ticket(self, ref: str) -> TicketView:
        """One ticket whole. NotFound `ticket_unknown`, UsageError `ticket_ambiguous`."""
        with self.cache.read() as conn:
            ticket = reads.ticket(conn, ref)
            return TicketView(
                ticket=ticket,
                label=self.label(ticket),
                owner=self.world.persons.get(ticket.owner or ""),
                contact=reads.contact(conn, ticket.contact) if ticket.contact else None,
                entries=reads.timeline(conn, ticket.id),
                hops=reads.hops(conn, ticket.id),
                acts=outbox.listing(conn, ticket.id),
                seen_at=settings.last_seen(conn, ticket.id),
                whole=not intake.is_thin(conn, ticket.id),
            )

    def mark_seen(self, ticket: str) -> None:
        """This person has the ticket before them (its id). A timeline that lies at central is asked for."""
        at = self.now()
        with self.cache.write() as conn:
            settings.mark_seen(conn, ticket, at)
            intake.want(conn, ticket)

    def want_timeline(self, ticket: str) -> None:
        """Ask for the timeline of a ticket (its id) with the next round of sync, if it isn't here."""
        with self.cache.write() as conn:
            intake.want(conn, ticket)

    def wanted(self) -> tuple[str, ...]:
        """Tickets whose timelines have been asked for."""
        with self.cache.read() as conn:
            return intake.due(conn).wanted

    def search_complete(self) -> bool:
        """Whether a search finds everything that is here: after a first pull the index is built behind it."""
        with self.cache.read() as conn:
            return search.complete(conn)

    def search_tickets(self, text: str, limit: int = 50) -> list[QueueRow]:
        """Full text, the newest first."""
        with self.cache.read() as conn:
            return search.tickets(conn, text, self.unlocked.person, limit)

    def find_contacts(self, text: str, limit: int = 20) -> "list[Contact]":
        """By name, organisation, telephone number or address."""
        with self.cache.read() as conn:
            return search.contacts(conn, text, limit)

    def contact(self, id: str) -> "Contact":
        """NotFound `contact_unknown`."""
        with self.cache.read() as conn:
            found = reads.contact(conn, id)
        if found is None:
            raise NotFound("contact_unknown", contact=id)
        return found

    def find_contact(self, ref: str) -> "Contact":
        """The one contact with this id, or that these words fit. NotFound `contact_unknown`, UsageError
        `contact_ambiguous`."""
        with self.cache.read() as conn:
            by_id = reads.contact(conn, ref)
            found = [by_id] if by_id else search.contacts(conn, ref, CONTACTS_SHOWN + 1)
        if not found:
            raise NotFound("contact_unknown", contact=ref)
        if len(found) > 1:
            raise UsageError("contact_ambiguous", ref=ref, hits=[one.name for one in found[:CONTACTS_SHOWN]])
        return found[0]

    def organisation(self, id: str) -> "Organisation | None":
        """An organisation by id."""
        with self.cache.read() as conn:
            return reads.organisation(conn, id)

    def at_risk(self) -> int:
        """Tickets that are late or due within `RISK`, and that this person holds or could take."""
        soon = queues.due_before(self.now() + RISK)
        view = queues.View(
            "at_risk", f"(t.owner = ? OR t.owner IS NULL) AND {soon.where}", (self.unlocked.person, *soon.binds)
        )
        with self.cache.read() as conn:
            return queues.count(conn, view)

    def contact_tickets(self, contact: str, limit: int = 20) -> list[QueueRow]:
        """A customer's tickets, the newest first."""
        with self.cache.read() as conn:
            return reads.tickets_of_contact(conn, contact, self.unlocked.person, limit)

    def articles(self, service: str | None = None) -> "list[Article]":
        with self.cache.read() as conn:
            return reads.articles(conn, service)

    def article(self, ref: str) -> "Article":
        """By code (`PT-017`) or id. NotFound `article_unknown`."""
        with self.cache.read() as conn:
            return reads.article(conn, ref)

    def search_articles(self, text: str, limit: int = 20) -> "list[Article]":
        with self.cache.read() as conn:
            return search.articles(conn, text, limit)

    def suggestions(self, ticket: "Ticket", limit: int = SUGGESTED) -> "list[Article]":
        """Articles that a ticket's subject brings to mind, the best first; those of its service alone where it has
        one."""
        with self.cache.read() as conn:
            return search.suggestions(conn, ticket.subject, ticket.service, limit)

    def escalations(self) -> "list[tuple[Hop, QueueRow]]":
        """Escalations that wait for this person, the oldest first; for the front line every one in scope, since it
        keeps the customer and speaks for tiers without accounts."""
        me = self.person
        front = has(me.role, Right.PROXY)
        with self.cache.read() as conn:
            found = {hop.id: (hop, row) for hop, row in reads.escalations(conn, me)}
            for row in queues.page(conn, queues.escalated(), me.id, None, ESCALATIONS_MOST) if front else ():
                live = [hop for hop in reads.hops(conn, row.id) if hop.state != HopState.RETURNED]
                found |= {hop.id: (hop, row) for hop in live}
        return sorted(found.values(), key=lambda pair: (pair[0].raised_at, pair[0].id))

    def queue_for(self, channel: str, service: str | None = None, contact: "Contact | None" = None) -> str:
        """The queue of a new ticket by the routes of the centre; the person's first one where none is known. Empty
        when there is neither."""
        from ..domain.routing import queue_for, routes_from

        organisation = self.organisation(contact.organisation) if contact and contact.organisation else None
        routes = routes_from(self.world.routes)
        found = queue_for(routes, channel, service, bool(organisation and organisation.b2b))
        return found if routes and found in self.world.queues else next(iter(self.person.queues), "")

    def queue_list(self) -> list[Queue]:
        with self.cache.read() as conn:
            return reads.queue_list(conn)

    def services(self) -> "list[Service]":
        with self.cache.read() as conn:
            return reads.services(conn)

    def people(self) -> list[Person]:
        with self.cache.read() as conn:
            return reads.persons(conn)

    def outbox(self) -> list[tuple[OutboxOp, str, str]]:
        """Own acts that central has not settled: each with the label and the title of what it is on."""
        with self.cache.read() as conn:
            return reads.outbox_list(conn)

    def conflicts(self) -> "list[tuple[Conflict, str, str]]":
        """The open conflicts on tickets of this person's scope, own and others', the oldest first: each with the label
        and the title of its ticket. `settle` takes their id."""
        with self.cache.read() as conn:
            return reads.conflicts(conn)

    def withdrawing(self) -> frozenset[str]:
        """Own acts that are being taken back: central has not answered yet, so they still show."""
        with self.cache.read() as conn:
            return frozenset(outbox.withdrawals(conn))

    def counts(self) -> tuple[int, int]:
        """(acts without an answer, acts that need a person)."""
        with self.cache.read() as conn:
            return outbox.counts(conn)

    def act(self, op: str) -> OutboxOp:
        """One own act by its id, also after it has ended. NotFound `op_unknown`."""
        with self.cache.read() as conn:
            return outbox.get(conn, op)

    def find_act(self, ref: str) -> OutboxOp:
        """An act of the outbox by its place (`msc sync list` shows it) or the start of its id.

        NotFound `op_unknown`, UsageError `op_ambiguous`.
        """
        with self.cache.read() as conn:
            acts = outbox.listing(conn)
        found = [act for act in acts if str(act.n) == ref] or [act for act in acts if act.id.startswith(ref.lower())]
        if not found:
            raise NotFound("op_unknown", op=ref)
        if len(found) > 1:
            raise UsageError("op_ambiguous", ref=ref, hits=[str(act.n) for act in found])
        return found[0]

    def clock_offset(self) -> timedelta:
        """Central's time minus this laptop's, as last heard; times on the screens go by central's."""
        with self.cache.read() as conn:
            return settings.server_time(conn)[0]

    def last_sync(self) -> datetime | None:
        """When this laptop last held everything that central had for it."""
        with self.cache.read() as conn:
            state = settings.get(conn, STATE, {})
        return clock.parse(state["last_sync"]) if state.get("last_sync") else None

    def mended(self) -> int:
        """How many rows of this cache self-checks have put right; anything but 0 is a fault of a program."""
        with self.cache.read() as conn:
            return int(settings.get(conn, STATE, {}).get("mended", 0))

    def last_act(self) -> int:
        """The place of the newest act in the outbox; 0 when it is empty."""
        with self.cache.read() as conn:
            return outbox.newest(conn)

    def draft(self, target: str, kind: str) -> "Draft | None":
        from ..store import drafts

        with self.cache.read() as conn:
            return drafts.load(conn, target, kind)

    def save_draft(self, target: str, kind: str, body: str, **data: str) -> None:
        """Keep what is being typed; empty text discards it."""
        from ..store import drafts

        draft = drafts.Draft(target=target, kind=kind, body=body, data=data, updated_at=self.now())
        with self.cache.write() as conn:
            drafts.save(conn, draft)

    def discard_draft(self, target: str, kind: str) -> None:
        from ..store import drafts

        with self.cache.write() as conn:
            drafts.discard(conn, target, kind)
