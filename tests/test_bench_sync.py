"""The sync benchmark at toy size: it runs, and what must be nought is nought. No figure of time is looked at."""

import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from bench.figures import Figure
from bench.sync import WORKLOADS, taken
from bench.sync_bench.sizes import SIZES

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """The benchmark sets its own password costs and key file."""
    with patch.dict(os.environ):
        yield


def figures(name: str) -> dict[str, Figure]:
    return {figure.name: figure for figure in taken([name], SIZES["quick"], ["SQLite"], with_peer=False)}


def test_a_push_is_measured_and_loses_and_doubles_nothing() -> None:
    found = figures("W3")
    for each in ("1 op a ticket", "50 ops a ticket"):
        speed = found[f"W3 push, {each}, SQLite"]
        assert speed.value is not None
        assert speed.value > 0
        for count in ("lost", "duplicated"):
            counted = found[f"W3 push, {each}, SQLite, {count}"]
            assert (counted.value, counted.ok) == (0, True)


def test_conflicts_are_counted_by_what_became_of_them() -> None:
    found = figures("W8")
    for count in ("lost", "duplicated", "silently overwritten"):
        assert found[f"W8 {count}, SQLite"].value == 0
    assert found["W8 shown to whoever came second, SQLite"].ok is True
    assert found["W8 notes of both kept, SQLite"].ok is True


def test_every_workload_has_its_name() -> None:
    assert list(WORKLOADS) == [f"W{n}" for n in range(1, 11)]
