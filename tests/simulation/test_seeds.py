"""Histories from seeds: on SQLite, a few on PostgreSQL, and the same script under other clocks."""

from typing import Any

import pytest
from sqlalchemy import text

from .office import PEOPLE
from .play import actions, play
from .world import Action, World, world

DAY = 24 * 3600
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.protocol("P-047", "P-062", "P-070", "P-071", "P-080", "P-087", "P-088", "P-089", "P-092", "P-102")
def test_a_shift_keeps_all_promises(seed: int) -> None:
    played = play(seed, actions(seed, 150))
    if played.broken is not None:
        raise played.broken


@pytest.mark.parametrize("seed", [1001, 1002])
@pytest.mark.protocol("P-062", "P-070", "P-071", "P-080", "P-087", "P-092", "P-102")
def test_a_shift_on_postgresql(seed: int, postgres_url: str) -> None:
    history = [action for action in actions(seed, 80) if action[0] not in ("keep", "roll_back")]
    played = play(seed, history, url=postgres_url)
    if played.broken is not None:
        raise played.broken


def _calm(seed: int) -> list[Action]:
    """A script without jumps, kills and copies: what it does must not depend on what time the laptops think it is."""
    plain = ("act", "talk", "wait", "tick", "fault", "line", "queues")
    return [action for action in actions(seed, 200) if action[0] in plain]


def _answers(here: World) -> list[tuple[Any, ...]]:
    with here.office.central.read() as conn:
        rows = conn.execute(text("SELECT kind, target, actor, code, counter FROM op ORDER BY actor, counter, op_id"))
        targets: dict[str, int] = {}
        return [(kind, targets.setdefault(target, len(targets)), actor, code) for kind, target, actor, code, _ in rows]


@pytest.mark.parametrize("seed", range(2000, 2002))
@pytest.mark.protocol("P-048", "P-071")
def test_no_clock_decides_which_acts_apply(seed: int) -> None:
    found = []
    for offsets in ({}, dict(zip(PEOPLE, (DAY, -DAY, 3600, -60), strict=True))):
        with world(seed, offsets=offsets) as here:
            for action in _calm(seed):
                here.do(action)
            here.settle()
            found.append(_answers(here))
    assert found[0] == found[1]
    assert len(found[0]) > 5
