"""Clocks: the worked cases of R3 and R4, and properties over any history."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console.domain import clocks
from msc_console.domain.commands import Effects
from msc_console.domain.model import Clock, Entry
from msc_console.domain.policy import Policy, duty
from msc_console.domain.terms import EntryKind, Metric, Party, Tier

from .worlds import BAGUS, DEWI, HENDRA, RINA, SYSTEM, T0, World

H = timedelta(hours=1)


def clock(world: World, metric: Metric = Metric.RESOLUTION, party: Party = Party.CUSTOMER) -> Clock:
    return next(c for c in world.ticket.clocks if (c.metric, c.party) == (metric, party))


@pytest.mark.parametrize(
    ("urgency", "impact", "hours"),
    [("high", "high", 8), ("high", "medium", 12), ("medium", "medium", 24), ("low", "low", 48)],
)
def test_targets_are_the_contracts(urgency: str, impact: str, hours: int) -> None:
    world = World(urgency=urgency, impact=impact)
    assert clock(world).due == T0 + hours * H
    assert clock(world, Metric.RESPONSE).due == T0 + timedelta(minutes=15)


def test_response_starts_at_contact_and_resolution_at_creation() -> None:
    world = World(contact_at="2026-03-02T01:50:00.000Z")
    assert clock(world, Metric.RESPONSE).due == T0 + timedelta(minutes=5)
    assert clock(world).started_at == T0


def test_a_note_or_a_state_is_no_response_and_a_call_is() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    world.ok("entry.note", RINA, body="x")
    world.ok("ticket.hold", RINA, state="waiting_customer", reason="x")
    assert clock(world, Metric.RESPONSE).fulfilled_at is None
    assert clock(world, Metric.RESPONSE).paused_at is None
    world.wait(minutes=9).ok("entry.call", RINA, direction="out", minutes=2)
    assert clocks.elapsed(clock(world, Metric.RESPONSE), world.at) == timedelta(minutes=9)


@pytest.mark.protocol("P-114")
def test_a_reply_counts_when_central_handed_it_over_not_when_it_was_written() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    reply = world.wait(minutes=10).ok("entry.reply", RINA, body="x").entry
    assert reply is not None
    assert clock(world, Metric.RESPONSE).fulfilled_at is None
    world.wait(minutes=10).ok("system.deliver", SYSTEM, entry=reply.id, state="sent")
    late = clock(world, Metric.RESPONSE)
    assert late.fulfilled_at == T0 + timedelta(minutes=20)
    assert clocks.breached_at(late, world.at) == T0 + timedelta(minutes=15)


def test_a_failed_delivery_is_no_response() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    reply = world.ok("entry.reply", RINA, body="x").entry
    assert reply is not None
    world.ok("system.deliver", SYSTEM, entry=reply.id, state="failed", note="stale")
    assert clock(world, Metric.RESPONSE).fulfilled_at is None


def test_the_customers_clock_stops_for_the_customer_alone() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    world.wait(hours=1).ok("ticket.hold", RINA, state="waiting_vendor", reason="v")
    assert clock(world).paused_at is None
    assert clock(world, party=Party.PROVIDER).paused_at == world.at
    world.wait(hours=2).ok("ticket.hold", RINA, state="waiting_customer", reason="c")
    world.wait(hours=4).ok("ticket.resume", RINA)
    assert clock(world).due == T0 + 28 * H
    assert clock(world, party=Party.PROVIDER).due == T0 + 30 * H
    assert clock(world).first_due == T0 + 24 * H


def test_a_paused_clock_shows_what_was_left_and_never_alarms() -> None:
    world = World(urgency="high", impact="high")
    world.ok("ticket.take", RINA)
    world.wait(hours=7).ok("ticket.hold", RINA, state="waiting_customer", reason="c")
    far = world.at + timedelta(days=3)
    assert clocks.remaining(clock(world), far) == H
    assert clocks.breached_at(clock(world), far) is None
    assert world.ticket.next_due == T0 + timedelta(minutes=15)  # the response clock still runs


def test_a_new_priority_is_a_new_target_with_the_same_start_and_credits() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    world.wait(hours=1).ok("ticket.hold", RINA, state="waiting_customer", reason="c")
    world.wait(hours=1).ok("ticket.resume", RINA)
    world.ok("ticket.set", RINA, before={"urgency": "medium", "impact": "medium"}, urgency="high", impact="high")
    assert clock(world).due == T0 + 9 * H
    assert clock(world).first_due == T0 + 24 * H


def test_reopen_credits_the_solved_time() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    world.wait(hours=2).ok("ticket.resolve", RINA, solution="x")
    assert world.ticket.next_due is None
    world.wait(hours=30).ok("ticket.reopen", RINA)
    assert clock(world).due == T0 + 54 * H
    assert clocks.remaining(clock(world), world.at) == 22 * H


def test_resolving_while_paused_credits_the_pause() -> None:
    world = World(urgency="high", impact="high")
    world.ok("ticket.take", RINA)
    world.wait(hours=1).ok("ticket.hold", RINA, state="waiting_customer", reason="c")
    world.wait(hours=20).ok("ticket.resolve", RINA, solution="x")
    assert clocks.breached_at(clock(world), world.at) is None
    assert clocks.elapsed(clock(world), world.at) == H


def test_escalation_does_not_touch_the_customers_clock() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    world.wait(hours=1).ok("escalation.raise", RINA, tier="l1", reason="x")
    world.wait(hours=1).ok("escalation.return", HENDRA, outcome="x")
    assert clock(world).due == T0 + 24 * H
    assert clock(world, party=Party.PROVIDER).due == T0 + 25 * H


@pytest.mark.protocol("P-110")
def test_an_act_that_arrives_late_counts_where_it_happened() -> None:
    """Hold made offline before a resume that central already has: the pause is credited, not lost."""
    world = World()
    world.ok("ticket.take", RINA)
    start = world.at
    world.wait(hours=5).ok("ticket.hold", RINA, made_at=start + H, state="waiting_customer", reason="luring")
    world.ok("ticket.resume", RINA, made_at=start + 3 * H)
    assert clock(world).due == T0 + 26 * H


def test_imported_tickets_keep_their_figures() -> None:
    from dataclasses import replace

    world = World()
    imported = replace(world.ticket, source={"name": "servicenow-log"}, clocks=())
    assert clocks.figures(imported, world.situation.entries, Policy()) == ()


def test_duty_across_midnight_and_round_the_clock() -> None:
    from msc_console.domain.policy import Duty

    roster = (
        Duty(persons=("a",), tier=Tier.L1, begins="22:00", ends="06:00"),
        Duty(persons=("b",), tier=Tier.L1, begins="06:00", ends="22:00"),
        Duty(persons=("c",), tier=Tier.L2),
        Duty(persons=("a", "d"), queue="priority"),
    )
    assert duty(datetime(2026, 1, 1, 23, 0), Tier.L1, "helpdesk", roster) == ("a",)
    assert duty(datetime(2026, 1, 1, 5, 59), Tier.L1, "helpdesk", roster) == ("a",)
    assert duty(datetime(2026, 1, 1, 6, 0), Tier.L1, "helpdesk", roster) == ("b",)
    assert duty(datetime(2026, 1, 1, 3, 0), Tier.L2, "priority", roster) == ("c", "a", "d")


ACTS: list[tuple[str, dict[str, Any]]] = [
    ("ticket.take", {}),
    ("ticket.release", {}),
    ("ticket.hold", {"state": "waiting_customer", "reason": "x"}),
    ("ticket.hold", {"state": "waiting_vendor", "reason": "x"}),
    ("ticket.resume", {}),
    ("ticket.resolve", {"solution": "x"}),
    ("ticket.close", {}),
    ("ticket.reopen", {}),
    ("ticket.cancel", {"reason": "x"}),
    ("ticket.set", {"urgency": "high", "impact": "high"}),
    ("ticket.set", {"urgency": "low", "impact": "low"}),
    ("entry.note", {"body": "x"}),
    ("entry.call", {"direction": "in", "minutes": 1}),
    ("entry.reply", {"body": "x"}),
    ("escalation.raise", {"tier": "l1", "reason": "x"}),
    ("escalation.return", {"outcome": "x", "proxy": "telepon"}),
]
SHIFTS = st.lists(
    st.tuples(st.sampled_from(ACTS), st.sampled_from([RINA, BAGUS, DEWI, HENDRA]), st.integers(0, 6 * 3600)),
    max_size=25,
)


@given(SHIFTS)
def test_any_shift_keeps_the_figures_honest(shift: list[Any]) -> None:
    """Whatever happens: spent time plus credits is the time that passed, epochs only rise, and the clocks that
    travel with a ticket are what its events come to."""
    world = World()
    for (kind, args), actor, seconds in shift:
        world.wait(seconds=seconds)
        epoch = world.ticket.owner_epoch
        before = {name: str(getattr(world.ticket, name)) for name in args if hasattr(world.ticket, name)}
        outcome = world.ask(kind, actor, before=before, **args)
        if not isinstance(outcome, Effects):
            continue
        world.apply(outcome)
        assert world.ticket.owner_epoch - epoch == int(outcome.claimed)
        assert (world.ticket.owner is not None) or not outcome.claimed
        assert world.ticket.clocks == clocks.figures(world.ticket, world.situation.entries, Policy())
        for each in world.ticket.clocks:
            ran = clocks.stopped_at(each, world.at) - each.started_at - each.credited
            assert clocks.elapsed(each, world.at) == ran
            assert each.credited >= timedelta(0)
            assert each.metric != Metric.RESPONSE or each.paused_at is None
        if world.ticket.next_due is not None:
            assert world.ticket.next_due in {c.due for c in world.ticket.clocks}


JUNK: list[Any] = [
    None,
    True,
    -1,
    2**60,
    "",
    "\x00",
    "l1",
    "waiting_customer",
    [],
    [1],
    [{}],
    [{"channel": []}],
    {},
    {"a": [None]},
]


@given(
    st.sampled_from([kind for kind, _ in ACTS] + ["contact.create", "ticket.create", "ticket.assign", "x"]),
    st.dictionaries(
        st.sampled_from(
            ["body", "state", "reason", "tier", "minutes", "addresses", "subject", "queue", "owner", "take"]
        ),
        st.sampled_from(JUNK),
    ),
)
def test_no_argument_whatever_makes_decide_raise(kind: str, args: dict[str, Any]) -> None:
    World().ask(kind, RINA, **args)


@given(order=st.permutations(range(4)))
@pytest.mark.protocol("P-191")
def test_figures_do_not_depend_on_the_order_in_which_entries_of_one_moment_are_read(order: list[int]) -> None:
    at = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
    entries = [
        Entry(
            id=id, ticket="t", kind=EntryKind.CHANGE, act="ticket.hold", made_at=at, at=at, author="rina",
            received_at=None if received is None else at + timedelta(minutes=received),
            changes={"state": [None, state]},
        )
        for id, received, state in (
            ("c", 0, "waiting_customer"), ("a", 1, "open"), ("b", 1, "waiting_vendor"), ("0", None, "resolved")
        )
    ]  # fmt: skip
    told = [event.value for event in clocks.happenings([entries[place] for place in order])]
    assert told == ["waiting_customer", "open", "waiting_vendor", "resolved"]
