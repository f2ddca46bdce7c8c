"""Rows made in bulk are those that the codec makes one by one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console import records
from msc_console.clock import iso_ms
from msc_console.store import bulk

pytestmark = pytest.mark.protocol("P-091")

times = st.integers(0, 4_000_000_000_000).map(iso_ms)
plain: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
BY_SHAPE: dict[str, st.SearchStrategy[Any]] = {"time": times, "flag": st.booleans(), "json": plain, "same": plain}


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Any fields of any entity, some null, some that this version does not know."""
    entity = draw(st.sampled_from(sorted(records.ENTITIES)))
    fields = records.shapes(records.ENTITIES[entity])
    names = draw(st.sets(st.sampled_from(sorted(fields))))
    document = {name: draw(BY_SHAPE[fields[name]] | st.none()) for name in sorted(names)}
    return entity, document | draw(st.dictionaries(st.sampled_from(["colour", "extra", "zz"]), plain, max_size=2))


@given(documents())
def test_bulk_rows_are_the_codecs_rows(given_: tuple[str, dict[str, Any]]) -> None:
    entity, document = given_
    one = records.wire_to_row(records.ENTITIES[entity], document)
    assert bulk.taker(entity)(document) == [one[name] for name in records.columns(records.ENTITIES[entity])]


def test_numbers_that_only_python_writes_pass() -> None:
    document = {"id": "t", "source": {"n": 2**70}, "tags": ["b", "a"]}
    row = records.wire_to_row(records.ENTITIES["ticket"], document)
    assert bulk.taker("ticket")(document) == [row[name] for name in records.columns(records.ENTITIES["ticket"])]
