"""The simulator can fail: each planted fault is found within a bounded number of histories."""

from itertools import chain

import pytest

from .mutants import MUTANTS, Mutant
from .play import TRACES, actions, load, play
from .promises import Violation
from .world import Action

TRIES = 40
"""Histories of 150 actions that a fault may hide from, should the known history no longer find it."""
pytestmark = pytest.mark.slow


def _history(known: int | str, length: int = 0) -> tuple[int, list[Action]]:
    """(seed, actions)"""
    return load(TRACES / f"{known}.json") if isinstance(known, str) else (known, actions(known, length))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
@pytest.mark.protocol("P-062", "P-070", "P-071", "P-084", "P-087")
def test_a_planted_fault_is_found(mutant: Mutant) -> None:
    """By the promise that it breaks: an error of its own would prove nothing."""
    promise, *known = MUTANTS[mutant]
    for seed, history in chain([_history(*known)], ((n, actions(n, 150)) for n in range(TRIES))):
        with mutant():
            played = play(seed, history)
        if isinstance(played.broken, Violation) and played.broken.promise == promise:
            return
    pytest.fail(f"{mutant.__name__} was not found in {TRIES} histories")
