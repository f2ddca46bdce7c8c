"""The simulator can fail: each planted fault is found within a bounded number of histories."""

import pytest

from .mutants import MUTANTS, Mutant
from .play import actions, play

TRIES = 40
"""Histories of 150 actions that a fault may hide from, should the known seed no longer find it."""
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
@pytest.mark.protocol("P-062", "P-070", "P-071", "P-084", "P-087")
def test_a_planted_fault_is_found(mutant: Mutant) -> None:
    for seed in (MUTANTS[mutant], *range(TRIES)):
        with mutant():
            played = play(seed, actions(seed, 150))
        if played.broken is not None:
            return
    pytest.fail(f"{mutant.__name__} was not found in {TRIES} histories")
