"""SLA clocks: events in, figures out. Contract R3, R4; which events count and when is in `policy` and `happenings`.

The timeline is the truth; a `Clock` is what its events come to, and the same function gives it on a laptop, on
central and in a report. All arithmetic is on calendar time (the centre works 24x7).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from .model import Clock, Entry, Ticket
from .policy import Policy
from .terms import Delivery, EntryKind, Metric, Party, Priority, State, TicketKind, Visibility, term
from .workflow import ACTIVE


class Happening(StrEnum):
    STATE = "state"
    PRIORITY = "priority"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """One thing that clocks follow. `value` is the new state or priority, `why` the reason of a pause."""

    at: datetime
    what: Happening
    value: str = ""
    why: str | None = None


def counts(entry: Entry) -> bool:
    """Whether an entry matters for clocks; the rest of a timeline need not be read to decide."""
    return (
        "state" in entry.changes
        or "priority" in entry.changes
        or entry.kind == EntryKind.CALL
        or "call" in entry.data
        or (entry.kind == EntryKind.REPLY and entry.visibility == Visibility.PUBLIC)
    )


def place_of(entry: Entry) -> tuple[datetime, bool, datetime, str]:
    """Sorts a timeline, the same at central and on every laptop: by the time that counts, then by receipt, then by id.

    What central has not received comes after what it has, in the order in which it was made (the sort is stable).
    """
    received = entry.received_at
    return entry.at, received is None, received or entry.at, entry.id if received else ""


def happenings(entries: Iterable[Entry]) -> list[ClockEvent]:
    """The clock events of a timeline, by the time that counts, then as `place_of` says, whatever the order given.

    First response is the first public agent message handed to its channel, or a logged call; never a note, an
    automatic reply or a change of state.
    """
    found: list[ClockEvent] = []
    for entry in sorted(entries, key=place_of):
        if "state" in entry.changes:
            why = entry.data.get("reason")
            found.append(ClockEvent(entry.at, Happening.STATE, str(entry.changes["state"][1]), why))
        if "priority" in entry.changes:
            found.append(ClockEvent(entry.at, Happening.PRIORITY, str(entry.changes["priority"][1])))
        if entry.author is None:
            continue
        if entry.kind == EntryKind.CALL or "call" in entry.data:
            found.append(ClockEvent(entry.at, Happening.RESPONSE))
        elif entry.kind == EntryKind.REPLY and entry.delivered_at is not None and entry.delivery != Delivery.FAILED:
            found.append(ClockEvent(entry.delivered_at, Happening.RESPONSE))
    return sorted(found, key=lambda event: event.at)


def _step(clock: Clock, event: ClockEvent, policy: Policy) -> Clock:
    """`clock` after one state or priority event."""
    if event.what is Happening.PRIORITY:
        target = policy.resolution.get(term(Priority, event.value))
        return clock if target is None else replace(clock, target=target)
    if event.what is not Happening.STATE:
        return clock
    state = term(State, event.value)
    pauses = state in policy.pauses[clock.party]
    if clock.paused_at is not None and not pauses:
        clock = replace(clock, credited=clock.credited + (event.at - clock.paused_at), paused_at=None, paused_for=None)
    if state in (State.CANCELLED, State.MERGED):
        return replace(clock, cancelled_at=event.at)
    if state in (State.RESOLVED, State.CLOSED):
        return clock if clock.fulfilled_at else replace(clock, fulfilled_at=event.at)
    if clock.fulfilled_at is not None:
        solved = event.at - clock.fulfilled_at
        clock = replace(clock, credited=clock.credited + solved, fulfilled_at=None)
    if pauses and clock.paused_at is None:
        clock = replace(clock, paused_at=event.at, paused_for=event.why)
    return clock


def _resolution(ticket: Ticket, events: list[ClockEvent], policy: Policy, party: Party) -> Clock:
    first = next((event for event in events if event.what is Happening.PRIORITY), None)
    opening = policy.resolution[term(Priority, first.value) if first else ticket.priority]
    clock = Clock(
        metric=Metric.RESOLUTION,
        party=party,
        policy=policy.version,
        started_at=ticket.created_at,
        target=opening,
        first_due=ticket.created_at + opening,
        due=ticket.created_at + opening,
    )
    for event in events:
        clock = _step(clock, event, policy)
    return replace(clock, due=clock.started_at + clock.target + clock.credited)


def _response(ticket: Ticket, events: list[ClockEvent], policy: Policy) -> Clock:
    due = ticket.contact_at + policy.response
    answered = next((event.at for event in events if event.what is Happening.RESPONSE), None)
    ended = (State.CANCELLED, State.MERGED)
    cancelled = next((e.at for e in events if e.what is Happening.STATE and e.value in ended), None)
    return Clock(
        metric=Metric.RESPONSE,
        party=Party.CUSTOMER,
        policy=policy.version,
        started_at=ticket.contact_at,
        target=policy.response,
        first_due=due,
        due=due,
        fulfilled_at=answered,
        cancelled_at=None if answered else cancelled,
    )


def figures(ticket: Ticket, entries: Iterable[Entry], policy: Policy) -> tuple[Clock, ...]:
    """Every clock of a ticket from its counting entries (any order).

    Imported tickets keep what their source said: none is computed for them. The resolution targets of R3 are
    incidents'; every kind has the response clock of R4.
    """
    if ticket.source is not None:
        return ticket.clocks
    events = happenings(entries)
    response = _response(ticket, events, policy)
    if ticket.kind != TicketKind.INCIDENT:
        return (response,)
    return (response, *(_resolution(ticket, events, policy, party) for party in Party))


def next_due(ticket: Ticket, policy: Policy) -> datetime | None:
    """The nearest due time among the ticket's running judged clocks; None when nothing runs."""
    if ticket.state not in ACTIVE:
        return None
    running = [c.due for c in ticket.clocks if c.party == policy.judged and _runs(c)]
    return min(running, default=None)


def timed(ticket: Ticket, entries: Iterable[Entry], policy: Policy) -> Ticket:
    """`ticket` with its clocks and its due index as `entries` stand."""
    ticket = replace(ticket, clocks=figures(ticket, entries, policy))
    return replace(ticket, next_due=next_due(ticket, policy))


def under(ticket: Ticket, policy: Policy) -> bool:
    """Whether the ticket's clocks are this policy's: then what is no event of theirs leaves them as they are."""
    return bool(ticket.clocks) and all(clock.policy == policy.version for clock in ticket.clocks)


def _runs(clock: Clock) -> bool:
    return clock.fulfilled_at is None and clock.cancelled_at is None and clock.paused_at is None


def stopped_at(clock: Clock, at: datetime) -> datetime:
    """The moment up to which a clock has run, seen from `at`."""
    return min(moment for moment in (clock.fulfilled_at, clock.cancelled_at, clock.paused_at, at) if moment)


def remaining(clock: Clock, at: datetime) -> timedelta:
    """Time left at `at`, frozen while paused or ended; negative when late."""
    return clock.due - stopped_at(clock, at)


def elapsed(clock: Clock, at: datetime) -> timedelta:
    """Time used at `at`, without pauses."""
    return clock.target - remaining(clock, at)


def breached_at(clock: Clock, at: datetime) -> datetime | None:
    """When the clock ran out, seen from `at`; None while it is met. Breach is derived, never stored."""
    return clock.due if stopped_at(clock, at) > clock.due else None
