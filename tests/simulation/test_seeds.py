"""Histories from seeds: on SQLite, one on PostgreSQL, and the same script under other clocks."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import text

from . import deeds
from .laptop import DISK
from .play import actions, play
from .routes import SPEECHES
from .setting import PEOPLE
from .verbs import KINDS
from .way import FAULTS
from .world import Action, World, world

DAY = 24 * 3600
pytestmark = pytest.mark.slow


@pytest.mark.protocol("P-047", "P-062", "P-070", "P-071", "P-080", "P-087", "P-088", "P-089", "P-092", "P-102")
def test_shifts_keep_all_promises() -> None:
    """Among them that nothing is overwritten unseen, which says something only where people contradict."""
    answers: Counter[str] = Counter()
    for seed in range(6):
        played = play(seed, actions(seed, 150))
        if played.broken is not None:
            played.broken.add_note(f"seed {seed}, action {played.done}")
            raise played.broken
        answers.update(played.tally)
    assert answers["answer.conflict"] > 2
    assert answers["answer.fenced"] > 2
    assert answers["answer.merged"] > 0


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(3000, 3060))
@pytest.mark.protocol("P-047", "P-062", "P-070", "P-071", "P-080", "P-087", "P-088", "P-089", "P-092", "P-102")
def test_many_long_shifts(seed: int) -> None:
    played = play(seed, actions(seed, 400))
    if played.broken is not None:
        raise played.broken


@pytest.mark.parametrize("seed", [1001])
@pytest.mark.protocol("P-062", "P-070", "P-071", "P-080", "P-087", "P-092", "P-102")
def test_a_shift_on_postgresql(seed: int, postgres_url: str) -> None:
    played = play(seed, actions(seed, 80), url=postgres_url)
    if played.broken is not None:
        raise played.broken


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(1003, 1023))
@pytest.mark.protocol("P-062", "P-070", "P-071", "P-080", "P-087", "P-092", "P-102")
def test_many_shifts_on_postgresql(seed: int, postgres_url: str) -> None:
    played = play(seed, [["keep"], *actions(seed, 150), ["roll_back"]], url=postgres_url)
    if played.broken is not None:
        raise played.broken
    assert played.tally["fault.central_restored"] > 0


def _tour() -> list[Action]:
    """Each kind of fault and each way out of a conflict, one after the other."""
    tour: list[Action] = [["begin"], ["backup", "budi"]]
    for place, kind in enumerate((*FAULTS, *DISK)):
        who = PEOPLE[place % 3]
        tour += [["lose", who]] * (kind in ("gone", "spoilt"))
        tour += [["clash", who, "urgency", place], ["disk" if kind in DISK else "fault", who, kind, 0]]
        tour += [["talk", who, 60], ["wait", 400], ["sign_in", who]]
    for place, way_out in enumerate(deeds.WAYS_OUT * 3):
        people, field = PEOPLE[:3], ("urgency", "state", "claim")[place // len(deeds.WAYS_OUT)]
        tour += [["act", "lena", "common", 0], ["ready", "lena"], *(["ready", name] for name in people)]
        tour += [["clash", name, field, n] for n, name in enumerate(people)]
        tour += [["fault", "budi", "newer_words", 0]] * (place == 0)
        tour += [["talk", name, 60] for name in people * 2]
        tour += [["settle", name, way_out, n] for n, name in enumerate(people)]
    tour += [["act", "rina", "poison", 3], ["talk", "rina", 60], ["settle", "rina", "retry", 0]]
    tour += [["act", "lena", "common", 0], ["talk", "lena", 60], ["wait", 100], ["talk", "budi", 60]]
    tour += [["clash", "budi", "claim", 1], ["talk", "budi", 60], ["wait", 100], ["talk", "lena", 60]]
    tour += [["act", "lena", "assign", n] for n in range(8)] + [["talk", "lena", 60]]  # what others hold, too
    for how in SPEECHES:
        tour += [["act", "rina", "note", 7], ["speak", how], ["talk", "rina", 60]]
    tour += [["later_act", "rina", 1], ["line", "rina", False], ["sleep", "budi", 900], ["jump", "lena", 3600]]
    tour += [
        ["crash", "rina"],
        ["backup", "budi"],
        ["put_back", "budi"],
        ["queues", "budi", 4],
        ["switch", "eko", False],
        ["erase", 3],
    ]
    return [*tour, ["keep"], ["compact", 0], ["restart"], ["clone", "lena", True], ["talk", "lena", 60], ["roll_back"]]


@pytest.mark.protocol("P-062", "P-070", "P-071", "P-084", "P-088", "P-102")
def test_every_kind_of_fault_strikes_and_every_way_out_is_taken() -> None:
    played = play(1, _tour())
    if played.broken is not None:
        raise played.broken
    wanted = {f"fault.{kind}" for kind in KINDS} | {f"settled.{way_out}" for way_out in deeds.WAYS_OUT}
    assert [name for name in sorted(wanted) if not played.tally.get(name)] == []
    assert played.tally.get("answer.conflict", 0) + played.tally["answer.fenced"] > 10


def _calm(seed: int) -> list[Action]:
    """A script without jumps, kills and copies: what it does must not depend on what time the laptops think it is."""
    plain = ("act", "talk", "wait", "tick", "fault", "line", "queues")
    return [action for action in actions(seed, 200) if action[0] in plain]


def _answers(here: World) -> list[tuple[Any, ...]]:
    with here.office.central.read() as conn:
        rows = conn.execute(text("SELECT kind, target, actor, code, counter FROM op ORDER BY actor, counter, op_id"))
        targets: dict[str, int] = {}
        return [(kind, targets.setdefault(target, len(targets)), actor, code) for kind, target, actor, code, _ in rows]


@pytest.mark.protocol("P-048", "P-071")
def test_no_clock_decides_which_acts_apply() -> None:
    seed = 2001
    found = []
    for offsets in ({}, dict(zip(PEOPLE, (DAY, -DAY, 3600, -60), strict=True))):
        with world(seed, offsets=offsets) as here:
            for action in _calm(seed):
                here.do(action)
            here.settle()
            found.append(_answers(here))
    assert found[0] == found[1]
    assert len(found[0]) > 5
