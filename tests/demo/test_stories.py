"""The demo's day: the same every time, legal under the real rules, with the promised mix, in texts that differ."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from msc_console.demo.people import colleagues
from msc_console.demo.stories import Act, acts
from msc_console.domain.rights import may
from msc_console.domain.terms import HopState, Op, Role, State
from msc_console.domain.workflow import ACTIVE
from msc_console.text import clean
from tests.demo.replay import World, due_within, late, replay

# 14:00, 00:30 and 07:10 in WIB: the middle of a day, just after midnight, the change of shifts.
MOMENTS = [
    datetime(2025, 3, 4, 7, 0, tzinfo=UTC),
    datetime(2025, 12, 31, 17, 30, tzinfo=UTC),
    datetime(2026, 2, 1, 0, 10, 17, 123456, tzinfo=UTC),
]
NOW = MOMENTS[0]
DAYS = [(seed, now) for now in MOMENTS for seed in (1, 7, 2024)]


def _texts(act: Act) -> list[str]:
    return [str(act.args[name]) for name in ("subject", "body", "reason", "solution", "outcome") if name in act.args]


def _open(world: World) -> list[str]:
    return [key for key, ticket in world.tickets.items() if ticket.state in ACTIVE]


def test_the_same_seed_and_now_give_the_same_acts() -> None:
    assert list(acts(7, NOW)) == list(acts(7, NOW))
    assert list(acts(7, NOW)) != list(acts(8, NOW))


def test_a_naive_now_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        list(acts(7, NOW.replace(tzinfo=None)))


@pytest.mark.parametrize("count", [0, 1, 30, 120, 150])
def test_count_is_the_number_of_tickets(count: int) -> None:
    made = [act.ticket for act in acts(7, NOW, count) if act.kind == Op.TICKET_CREATE]
    assert len(made) == len(set(made)) == count


@pytest.mark.parametrize(("seed", "now"), DAYS)
def test_acts_are_sorted_past_and_rising_within_a_ticket(seed: int, now: datetime) -> None:
    day = list(acts(seed, now))
    assert [act.at for act in day] == sorted(act.at for act in day)
    assert all(act.at <= now for act in day)
    times = defaultdict(list)
    for act in day:
        times[act.ticket].append(act.at)
    for key, moments in times.items():
        assert all(a < b for a, b in pairwise(moments)), key
    for act in day:
        if act.kind == Op.TICKET_CREATE:
            assert datetime.fromisoformat(act.args["contact_at"]) < act.at


@pytest.mark.parametrize(("seed", "now"), DAYS)
def test_the_real_rules_accept_every_act(seed: int, now: datetime) -> None:
    world = replay(acts(seed, now))
    assert world.complaints == []
    assert len(world.tickets) == 120


@pytest.mark.parametrize(("seed", "now"), DAYS)
def test_the_promised_mix_stands_at_the_end(seed: int, now: datetime) -> None:
    world = replay(acts(seed, now))
    live = [world.tickets[key] for key in _open(world)]
    states = Counter(ticket.state for ticket in live)
    hops = [hop for found in world.hops.values() for hop in found.values() if hop.state != HopState.RETURNED]
    assert 6 <= sum(late(ticket, now) for ticket in live) <= 10
    assert 8 <= sum(due_within(ticket, now, timedelta(minutes=60)) for ticket in live) <= 12
    assert sum(ticket.owner is None for ticket in live) == 25
    assert states[State.WAITING_CUSTOMER] + states[State.WAITING_VENDOR] + states[State.SCHEDULED] == 12
    assert states[State.WAITING_LEVEL] == len(hops) == 10
    assert sum(hop.state == HopState.ACKNOWLEDGED for hop in hops) == 5
    assert Counter(hop.tier for hop in hops) == {"l1": 6, "l2": 3, "principal": 1}
    assert len(live) == 106
    finished = [ticket for ticket in world.tickets.values() if ticket.state in (State.RESOLVED, State.CLOSED)]
    assert len(finished) == 14
    assert all(ticket.resolved_at and now - ticket.resolved_at < timedelta(days=1) for ticket in finished)


def test_finished_tickets_were_solved_on_the_centres_own_day() -> None:
    solved = [act.at for act in acts(7, NOW) if act.kind == Op.TICKET_RESOLVE]
    assert {(at + timedelta(hours=7)).date() for at in solved} == {NOW.date()}


def test_tickets_are_mixed_and_some_are_long() -> None:
    world = replay(acts(7, NOW))
    tickets = world.tickets.values()
    assert {ticket.queue for ticket in tickets} == {"helpdesk", "priority", "monitoring", "triage"}
    assert {str(ticket.priority) for ticket in tickets} == {"critical", "high", "medium", "low"}
    assert len({ticket.channel for ticket in tickets}) >= 5
    assert len({ticket.service for ticket in tickets}) == 6
    assert {ticket.owner for ticket in tickets} >= {"agent", "bagus", "dewi", "intan", "yoga", "eko", "putri"}
    assert sum(len(entries) >= 10 for entries in world.entries.values()) >= 10


@pytest.mark.parametrize(("seed", "now"), DAYS)
def test_texts_are_clean_and_filled(seed: int, now: datetime) -> None:
    for act in acts(seed, now):
        for text in _texts(act):
            assert text == clean(text)
            assert text.strip()
            assert not set("{}\t\r") & set(text)
        for name in ("subject", "reason"):
            assert "\n" not in act.args.get(name, "")
        assert len(act.args.get("subject", "")) <= 90


@pytest.mark.parametrize(("seed", "now"), DAYS)
def test_tickets_do_not_look_cloned(seed: int, now: datetime) -> None:
    created = [act for act in acts(seed, now) if act.kind == Op.TICKET_CREATE]
    subjects = Counter(act.args["subject"] for act in created)
    bodies = Counter(act.args["body"] for act in created)
    assert subjects.most_common(1)[0][1] == 1
    assert bodies.most_common(1)[0][1] == 1
    replies = [act.args["body"] for act in acts(seed, now) if act.kind == Op.ENTRY_REPLY]
    assert len(set(replies)) >= 0.9 * len(replies)


def test_people_do_what_their_role_may() -> None:
    roles = {person.login: person.role for person in colleagues()}
    for act in acts(7, NOW):
        assert may(roles[act.login] if act.login else Role.SYSTEM, Op(act.kind))
        if act.login and roles[act.login] is Role.RESOLVER:
            assert act.kind in (Op.ESCALATION_ACK, Op.ESCALATION_RETURN, Op.ENTRY_NOTE)
        if act.login is None:
            assert act.kind == Op.TICKET_CREATE
