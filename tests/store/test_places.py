"""Row ids of tickets grow with the time of creation, however many were made at one moment."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console import records
from msc_console.store import rows
from msc_console.store.opening import Cache

from .world import a_ticket

MOMENT = 1_760_000_000_000
"""Milliseconds since 1970."""


def tickets(created: list[int], mark: str = "") -> list[list[Any]]:
    names = records.columns(records.ENTITIES["ticket"])
    plain = records.to_row(a_ticket())
    return [
        [{**plain, "id": f"{mark}{n}", "number": f"{mark}{n}", "created_at": at}[name] for name in names]
        for n, at in enumerate(created)
    ]


def places(cache: Cache) -> dict[str, tuple[int, int]]:
    with cache.read() as conn:
        return {row[0]: (int(row[1]), int(row[2])) for row in conn.execute("SELECT id, n, created_at FROM ticket")}


def test_thousands_of_one_moment_cost_a_few_statements(cache: Cache) -> None:
    told: list[str] = []
    with cache.write() as conn:
        rows.put_values(conn, "ticket", tickets([MOMENT] * 3000, "a"))
    with cache.write() as conn:
        batch = tickets([MOMENT] * 1000, "b")
        conn.set_trace_callback(told.append)
        rows.put_values(conn, "ticket", batch)
        conn.set_trace_callback(None)
    assert len(set(places(cache).values())) == 4000
    assert sum(line.startswith("SELECT") for line in told) < 12
    with cache.write() as conn:
        rows.put_values(conn, "ticket", tickets([MOMENT] * 1000, "b"))
    assert len(places(cache)) == 4000, "those that are here keep their own"


@pytest.mark.parametrize("step", [0, 1, 1024, 4096])
def test_a_place_is_free_across_the_edges_of_a_run(cache: Cache, step: int) -> None:
    with cache.write() as conn:
        for n in range(6):
            rows.put_values(conn, "ticket", tickets([MOMENT - n * step] * 900, f"{n}-"))
    assert len({n for n, _ in places(cache).values()}) == 5400


@given(st.lists(st.lists(st.integers(0, 3), max_size=40), max_size=4))
def test_few_of_a_moment_lie_in_its_order(batches: list[list[int]]) -> None:
    held: dict[int, int] = {}

    class Fake:
        """The one table that is asked, as SQL would answer."""

        def execute(self, statement: str, binds: tuple[Any, ...]) -> list[tuple[Any, ...]]:
            if "BETWEEN" in statement:
                return [(n,) for n in held if binds[0] <= n <= binds[1]]
            return [] if "id IN" in statement else [(n,) for n in held if f"{n}" in binds[0].strip("[]").split(", ")]

    for number, batch in enumerate(batches):
        found = rows._places(Fake(), [(f"{number}-{n}", MOMENT + at) for n, at in enumerate(batch)])  # type: ignore[arg-type]
        assert not set(found.values()) & set(held)
        assert len(set(found.values())) == len(batch)
        held |= {found[f"{number}-{n}"]: at for n, at in enumerate(batch)}
    assert [at for _, at in sorted(held.items())] == sorted(held.values())
