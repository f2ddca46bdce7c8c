"""Histories that once broke a promise, and the same seed twice."""

from pathlib import Path

import pytest

from .play import TRACES, actions, load, play


@pytest.mark.parametrize("path", sorted(TRACES.glob("*.json")), ids=lambda path: path.stem)
@pytest.mark.protocol("P-062", "P-070", "P-071", "P-080", "P-087", "P-088", "P-092", "P-102")
def test_what_once_broke_holds(path: Path) -> None:
    seed, history = load(path)
    played = play(seed, history)
    if played.broken is not None:
        raise played.broken


@pytest.mark.protocol("P-062")
def test_the_same_seed_gives_the_same_history_twice() -> None:
    first, second, other = (play(seed, actions(seed, 50)) for seed in (4, 4, 5))
    assert first.broken is None
    assert (first.trace, first.tally) == (second.trace, second.tally)
    assert first.trace != other.trace
