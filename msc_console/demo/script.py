"""The life of one demo ticket as a list of acts, written down step by step. Which steps: `fates`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from ..domain.terms import Channel, Op, State, Tier, WaitingParty
from .customers import Customer
from .people import handlers, resolver
from .situations import Situation
from .voices import Deck, fill

_BREATH = timedelta(seconds=25)
"""Between a question and the hold that follows it."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act of the demo, to be run through the real rules.

    `ticket` is a local key; `args` are the op's, save that `contact` is a customer's local key and `hop` the
    reference of the act that raised it: `esc:<ticket>:<n>`, n counting a ticket's escalations from 1. `login` is None
    where central itself acts: what came in by a channel without a hand.
    """

    at: datetime
    login: str | None
    ticket: str
    kind: str
    args: Mapping[str, Any] = field(default_factory=dict)


class Script:
    """Writes the acts of one ticket. Each step takes its moment; the caller gives moments that rise."""

    def __init__(
        self,
        key: str,
        queue: str,
        situation: Situation,
        customer: Customer,
        channel: Channel,
        owner: str | None,
        words: dict[str, str],
        deck: Deck,
        rng: Random,
    ) -> None:
        self.key = key
        self.queue = queue
        self.situation = situation
        self.customer = customer
        self.channel = channel
        self.owner = owner
        self.acts: list[Act] = []
        self._words = words
        self._deck = deck
        self._rng = rng
        self._hops = 0

    @property
    def writable(self) -> bool:
        """Whether a reply has an address to go to."""
        return bool(self.customer.channels & {Channel.EMAIL, Channel.WHATSAPP, Channel.SOCIAL})

    @property
    def _watches(self) -> bool:
        """An alarm, not a customer: talk is with those on duty."""
        return self.queue == "monitoring"

    def _do(self, at: datetime, login: str | None, op: Op, /, **args: Any) -> None:
        self.acts.append(Act(at, login, self.key, str(op), args))

    def _say(self, at: datetime, template: str) -> str:
        return fill(template, self._words, at)

    def _line(self, at: datetime, heading: str) -> str:
        return self._say(at, self._deck.line(heading))

    def create(self, at: datetime, contact_at: datetime, subject: str, body: str, *, classified: bool = True) -> None:
        """The ticket comes in: by telephone an agent writes it down, else central does. Unclassified leaves the
        component for a person to set."""
        situation = self.situation
        args: dict[str, Any] = {
            "subject": subject,
            "contact": self.customer.key,
            "queue": self.queue,
            "service": situation.service,
            "urgency": str(situation.urgency),
            "impact": str(situation.impact),
            "channel": str(self.channel),
            "kind": str(situation.kind),
            "contact_at": contact_at.isoformat(),
            "body": body,
        }
        if situation.category:
            args["category"] = situation.category
        if situation.component and classified:
            args["component"] = situation.component
        login = self._receiver() if self.channel == Channel.PHONE else None
        self._do(at, login, Op.TICKET_CREATE, **args)

    def _receiver(self) -> str:
        """Who picks up the telephone: the later holder, or anyone of the queue where nobody holds it."""
        return self.owner or self._rng.choice(handlers(self.queue))

    def classify(self, at: datetime) -> None:
        """Sets the component that intake left open."""
        if self.situation.component:
            self._do(at, self.owner, Op.TICKET_SET, component=self.situation.component)

    def take(self, at: datetime) -> None:
        self._do(at, self.owner, Op.TICKET_TAKE)

    def first_call(self, at: datetime) -> None:
        """The first response: a call to the customer, or about an alarm to those on duty."""
        heading = "call_piket" if self._watches else "call_out"
        args = {"direction": "out", "minutes": self._minutes(), "body": self._line(at, heading)}
        self._do(at, self._receiver(), Op.ENTRY_CALL, **args)

    def call(self, at: datetime) -> None:
        """A call in between."""
        heading, direction = ("call_piket", "out") if self._watches else ("call_follow", "in")
        args = {"direction": direction, "minutes": self._minutes(), "body": self._line(at, heading)}
        self._do(at, self.owner, Op.ENTRY_CALL, **args)

    def answered(self, at: datetime) -> None:
        """The customer calls with what was missing."""
        args = {"direction": "in", "minutes": self._minutes(), "body": self._line(at, "call_answer")}
        self._do(at, self.owner, Op.ENTRY_CALL, **args)

    def _minutes(self) -> int:
        return self._rng.randrange(1, 9)

    def finding(self, at: datetime) -> None:
        """A note of what a first look gave."""
        found = self._deck.deal(f"finding:{self.situation.key}", self.situation.findings)
        self._do(at, self.owner, Op.ENTRY_NOTE, body=self._say(at, found))

    def note(self, at: datetime) -> None:
        self._do(at, self.owner, Op.ENTRY_NOTE, body=self._line(at, "notes_monitoring" if self._watches else "notes"))

    def reply(self, at: datetime) -> None:
        """The answer that fits the matter; a note where no reply can go."""
        if not self.writable or not self.situation.replies:
            self.note(at)
            return
        body = self._deck.deal(f"reply:{self.situation.key}", self.situation.replies)
        self._do(at, self.owner, Op.ENTRY_REPLY, body=self._say(at, body))

    def update(self, at: datetime) -> None:
        """Word of how it goes; a call where no reply can go."""
        if not self.writable or self._watches:
            self.call(at)
            return
        self._do(at, self.owner, Op.ENTRY_REPLY, body=self._line(at, "updates"))

    def ask(self, at: datetime) -> None:
        """A question to the customer, and the wait for the answer."""
        question, reason = self._deck.pair("questions", "hold_customer")
        if self.writable:
            self._do(at, self.owner, Op.ENTRY_REPLY, body=self._say(at, question))
        else:
            self.call(at)
        self._hold(at + _BREATH, State.WAITING_CUSTOMER, WaitingParty.CUSTOMER, self._say(at, reason))

    def wait_vendor(self, at: datetime) -> None:
        """A matter handed to a vendor, and the wait for them."""
        note, reason = self._deck.pair("vendor_notes", "hold_vendor")
        self._do(at, self.owner, Op.ENTRY_NOTE, body=self._say(at, note))
        self._hold(at + _BREATH, State.WAITING_VENDOR, WaitingParty.VENDOR, self._say(at, reason))

    def schedule(self, at: datetime) -> None:
        self._hold(at, State.SCHEDULED, WaitingParty.SCHEDULE, self._line(at, "hold_scheduled"))

    def _hold(self, at: datetime, state: State, party: WaitingParty, reason: str) -> None:
        self._do(at, self.owner, Op.TICKET_HOLD, state=str(state), waiting_party=str(party), reason=reason)

    def resume(self, at: datetime) -> None:
        self._do(at, self.owner, Op.TICKET_RESUME)

    def escalate(self, at: datetime, tier: Tier, heading: str | None = None) -> None:
        """Asks a tier; without a heading the reason is the situation's own."""
        self._hops += 1
        reason = self._line(at, heading) if heading else self._own(at, self.situation.escalation)
        self._do(at, self.owner, Op.ESCALATION_RAISE, tier=str(tier), reason=reason)

    def _own(self, at: datetime, text: str | None) -> str:
        """The situation's own words. Raises `LookupError` where it has none: such a matter is not escalated."""
        if text is None:
            raise LookupError(self.situation.key)
        return self._say(at, text)

    def _hop(self) -> str:
        return f"esc:{self.key}:{self._hops}"

    def acknowledge(self, at: datetime, tier: Tier) -> None:
        self._do(at, resolver(tier), Op.ESCALATION_ACK, hop=self._hop())

    def resolver_note(self, at: datetime, tier: Tier) -> None:
        self._do(at, resolver(tier), Op.ENTRY_NOTE, body=self._line(at, "resolver_notes"))

    def give_back(self, at: datetime, tier: Tier, heading: str | None = None) -> None:
        """The tier returns the ticket; without a heading with the situation's own outcome."""
        outcome = self._line(at, heading) if heading else self._own(at, self.situation.outcome)
        self._do(at, resolver(tier), Op.ESCALATION_RETURN, hop=self._hop(), outcome=outcome)

    def resolve(self, at: datetime) -> None:
        self._do(at, self.owner, Op.TICKET_RESOLVE, solution=self._say(at, self.situation.solution))

    def close(self, at: datetime) -> None:
        self._do(at, self.owner, Op.TICKET_CLOSE)
