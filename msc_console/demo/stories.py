"""A day of the demo centre: about a hundred and twenty live tickets, as acts to be run through the real rules.

The same seed and the same `now` give the same acts. Nothing is random to the outside, nothing is read but this package.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import cycle, islice
from random import Random
from typing import Protocol, TypeVar

from ..domain.policy import Policy
from ..domain.priority import priority
from ..domain.terms import Channel, TicketKind
from .customers import CUSTOMERS, Customer, company
from .fates import ESCALATES, FATES, QUEUES, Age, Fate
from .people import handlers
from .script import Act, Script
from .situations import Situation, of_queue
from .voices import LOCAL, Deck, fill, framed, slots

__all__ = ["Act", "acts"]


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


T = TypeVar("T", bound=_Keyed)

_TARGETS = Policy().resolution
_MARGIN = timedelta(hours=2)
"""What is not to be pressing keeps this much before its deadline."""
_LONGEST = timedelta(hours=20)
_SOONEST = timedelta(minutes=35)
_TODAY_AT_LEAST = timedelta(minutes=20)
_TRIES = 8


def acts(seed: int, now: datetime, count: int = 120) -> Iterator[Act]:
    """The acts of `count` tickets up to `now` (aware), sorted by time. Raises `ValueError` for a naive `now`."""
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    writer = _Writer(Random(seed), now.replace(microsecond=0))
    yield from writer.write(count)


class _Writer:
    """Deals matters, customers and holders evenly, and gives each ticket its moments."""

    def __init__(self, rng: Random, now: datetime) -> None:
        self._rng = rng
        self._now = now
        self._deck = Deck(rng)
        self._used: Counter[str] = Counter()
        self._texts: set[str] = set()

    def write(self, count: int) -> list[Act]:
        plan = [(fate, QUEUES[fate.queues[i % len(fate.queues)]]) for fate in FATES for i in range(fate.number)]
        self._rng.shuffle(plan)
        found: list[Act] = []
        for place, (fate, queue) in enumerate(islice(cycle(plan), count), start=1):
            found += self._ticket(f"t{place:03d}", fate, queue)
        return sorted(found, key=lambda act: act.at)

    def _ticket(self, key: str, fate: Fate, queue: str) -> list[Act]:
        situation = self._situation(fate, queue)
        channel, customer = self._caller(situation, queue, answered=fate.answered)
        contact_at, end = self._span(fate.age, situation)
        words, subject, body = self._words(situation, customer, channel, contact_at)
        owner = self._rng.choice(_holders(queue)) if fate.held else None
        script = Script(key, queue, situation, customer, channel, owner, words, self._deck, self._rng)
        self._play(script, fate, subject, body, contact_at, end)
        return script.acts

    def _situation(self, fate: Fate, queue: str) -> Situation:
        timed = fate.age in (Age.OVERDUE, Age.PRESSING)
        fitting = [
            situation
            for situation in of_queue(queue)
            if (not timed or situation.kind == TicketKind.INCIDENT)
            and (fate.name not in ESCALATES or situation.escalation)
            and (fate.answered or set(situation.channels) != {Channel.PHONE})
        ]
        return self._least_used(fitting, "matter")

    def _caller(self, situation: Situation, queue: str, *, answered: bool) -> tuple[Channel, Customer]:
        """By which channel it came and from whom. A call is its own answer: what waits for one was written."""
        channels = [channel for channel in situation.channels if answered or channel != Channel.PHONE]
        if queue == "monitoring":
            return self._rng.choice(channels), CUSTOMERS[-1]
        people = [customer for customer in CUSTOMERS[:-1] if _is_business(customer) == (queue == "priority")]
        reachable = frozenset().union(*(customer.channels for customer in people))
        channel = self._rng.choice([channel for channel in channels if channel in reachable])
        return channel, self._least_used([person for person in people if channel in person.channels], "customer")

    def _least_used(self, choices: Sequence[T], what: str) -> T:
        """One of those dealt least often so far, so that none comes up twice before its like."""
        keys = [f"{what}:{choice.key}" for choice in choices]
        least = min(self._used[key] for key in keys)
        place = self._rng.choice([i for i, key in enumerate(keys) if self._used[key] == least])
        self._used[keys[place]] += 1
        return choices[place]

    def _words(
        self, situation: Situation, customer: Customer, channel: Channel, contact_at: datetime
    ) -> tuple[dict[str, str], str, str]:
        """The words of a ticket, and a subject and a body with them that no other ticket has."""
        for _ in range(_TRIES):
            words = slots(self._rng, customer, contact_at)
            template = self._deck.deal(f"subject:{situation.key}", situation.subjects)
            place = situation.subjects.index(template) % len(situation.bodies)
            subject = fill(template, words, contact_at)
            body = fill(framed(self._rng, channel, situation.bodies[place]), words, contact_at)
            if self._texts.isdisjoint({subject, body}):
                break
        else:
            subject, body = f"{subject} ({words['sn']})", f"{body} ({words['sn']})"
        self._texts |= {subject, body}
        return words, subject, body

    def _between(self, low: timedelta, high: timedelta) -> timedelta:
        """A whole number of seconds from `low` up to `high`; `low` where there is no room."""
        return low + timedelta(seconds=self._rng.randrange(max(1, int((high - low).total_seconds()))))

    def _span(self, age: Age, situation: Situation) -> tuple[datetime, datetime]:
        """When the customer made contact, and the moment up to which the story goes."""
        now, minute = self._now, timedelta(minutes=1)
        target = _TARGETS[priority(situation.urgency, situation.impact)]
        widest = min(target - _MARGIN, _LONGEST)
        match age:
            case Age.FRESH:
                return now - self._between(2 * minute, 11 * minute), now
            case Age.UNANSWERED:
                return now - self._between(18 * minute, 55 * minute), now
            case Age.PRESSING:
                back = target - self._between(8 * minute, 50 * minute)
            case Age.OVERDUE:
                back = target + self._between(10 * minute, 95 * minute)
            case Age.LONG:
                back = self._between(widest / 2, widest)
            case Age.USUAL:
                back = self._between(_SOONEST, widest)
            case Age.DONE:
                midnight = now.astimezone(LOCAL).replace(hour=0, minute=0, second=0)
                today = max(now - midnight, _TODAY_AT_LEAST)
                solved = now - self._between(today / 20, today * 0.9)
                return solved - self._between(_SOONEST + 10 * minute, min(target * 0.6, _LONGEST)), solved
        return now - back, now - self._between(minute, 6 * minute)

    def _play(self, script: Script, fate: Fate, subject: str, body: str, contact_at: datetime, end: datetime) -> None:
        """Intake, first response, the fate's steps, and the end of a solved one."""
        second = timedelta(seconds=1)
        phone = script.channel == Channel.PHONE
        wait = (60 * second, 220 * second) if phone else (5 * second, 40 * second)
        at = contact_at + self._between(*wait)
        script.create(at, contact_at, subject, body, classified=fate.classified)
        if fate.held:
            at += self._between(15 * second, 150 * second)
            script.take(at)
        if fate.answered and not phone:
            at = contact_at + self._between(240 * second, 780 * second)
            script.first_call(at)
        last = at + (end - at) * 0.92 if fate.age is Age.DONE else end
        for step, moment in zip(fate.steps, self._moments(at, last, len(fate.steps)), strict=True):
            step(script, moment)
        if fate.age is Age.DONE:
            script.resolve(end)
            if fate.closed:
                script.close(_whole(end + (self._now - end) * self._rng.uniform(0.3, 0.9)))

    def _moments(self, begin: datetime, end: datetime, number: int) -> list[datetime]:
        """`number` rising moments after `begin` and up to `end`, closer together at the start, as work is."""
        span = end - begin
        places = [(i + self._rng.uniform(0.75, 1.0)) / number for i in range(number)]
        return [_whole(begin + span * place**1.3) for place in places]


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _is_business(customer: Customer) -> bool:
    organisation = company(customer)
    return organisation is not None and organisation.b2b


def _holders(queue: str) -> tuple[str, ...]:
    """Those who work a queue, the first of them twice: whoever tries the demo signs in as that agent."""
    people = handlers(queue)
    return (*people, people[0]) if queue == "helpdesk" else people
