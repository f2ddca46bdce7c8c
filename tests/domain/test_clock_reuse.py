"""An act that is no event of a ticket's clocks leaves them as they are, unless the policy is another one by now."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from msc_console.domain import acting, clocks
from msc_console.domain.policy import Policy

from .worlds import RINA, World


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tickets whose clocks were worked out."""
    asked: list[str] = []
    timed = clocks.timed

    def counting(ticket: Any, *more: Any) -> Any:
        asked.append(ticket.id)
        return timed(ticket, *more)

    monkeypatch.setattr(acting.clocks, "timed", counting)
    return asked


def test_a_note_moves_no_clock_and_works_none_out(counted: list[str]) -> None:
    world = World()
    world.ok("ticket.take", RINA)
    before = world.ticket
    world.wait(hours=1)
    counted.clear()
    world.ok("entry.note", RINA, body="catatan")
    assert counted == []
    assert (world.ticket.clocks, world.ticket.next_due) == (before.clocks, before.next_due)
    assert world.ticket.clocks == clocks.figures(world.ticket, world.situation.entries, Policy())


@pytest.mark.parametrize("stale", [(), "older"])
def test_a_note_works_out_clocks_that_are_not_of_this_policy(stale: Any) -> None:
    world = World()
    fresh = world.ticket.clocks
    kept = tuple(replace(clock, policy=0, due=clock.due + timedelta(days=1)) for clock in fresh) if stale else ()
    world.situation = replace(world.situation, ticket=replace(world.ticket, clocks=kept))
    world.ok("entry.note", RINA, body="catatan")
    assert world.ticket.clocks == fresh
