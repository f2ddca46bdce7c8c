"""A laptop dies at every commit of a first pull, of a push and of a pull: another process ends where it would have."""

import pytest

from msc_console.sync.moves import Source

from . import rest
from .promises import demand, nothing_waits
from .world import Action, World, world

ACTS: list[Action] = [["act", "rina", "note", 1], ["act", "rina", "set", 2], ["act", "rina", "create", 3]]
STANDS: dict[str, list[Action]] = {
    "first_pull": [],
    "push": [["ready", "rina"], *ACTS],
    "pull": [
        ["ready", "rina"],
        ["ready", "lena"],
        ["act", "lena", "note", 1],
        ["act", "lena", "set", 2],
        ["ready", "lena"],
    ],
}
"""What goes before the conversation of Rina's laptop that is looked at."""
FEW = 8
"""Commits of which each is looked at; of more, every other one but in the deep test."""


def _stand(here: World, name: str) -> None:
    for action in STANDS[name]:
        here.do(action)
    here.laptops["rina"].poke(Source.CENTRAL)


def _commits(name: str) -> int:
    with world(7) as here:
        _stand(here, name)
        laptop = here.laptops["rina"]
        before = laptop.cache.commits
        here.do(["talk", "rina", 400])
        return laptop.cache.commits - before


def _dies_at(name: str, commit: int, how: str) -> None:
    with world(7) as here:
        _stand(here, name)
        laptop = here.laptops["rina"]
        laptop.cache.plan = [None] * commit + [how]
        here.do(["talk", "rina", 400])
        assert laptop.lives == 2
        here.do(["ready", "rina"])
        demand(laptop.engine.state.mended == 0, "P20", f"{name}, {how} {commit}: the self-check had to mend rows")
        rest.same_as_central(here.office, laptop)
        rest.own_acts(here.office, laptop, set())
        rest.effects_once(here.office)
        demand(nothing_waits(laptop), "P16", f"{name}, {how} {commit}: something is left")


@pytest.mark.slow
@pytest.mark.parametrize("name", STANDS)
@pytest.mark.protocol("P-062", "P-087", "P-145")
def test_a_laptop_dies_between_commits(name: str) -> None:
    count = _commits(name)
    assert count >= 3
    for commit in range(0, count, 1 if count < FEW else 2):
        _dies_at(name, commit, "kill_after")


@pytest.mark.deep
@pytest.mark.parametrize("name", STANDS)
@pytest.mark.protocol("P-062", "P-087", "P-145")
def test_a_laptop_dies_before_and_after_every_commit(name: str) -> None:
    for commit in range(_commits(name)):
        for how in ("kill_before", "kill_after"):
            _dies_at(name, commit, how)
