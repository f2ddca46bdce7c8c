"""The codec: value, SQL row and wire document say the same, for every entity and any values."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console import records
from msc_console.domain import model, terms

TEXT = st.text(st.characters(codec="ascii"), max_size=12)
TIMES = st.integers(0, 2**41).map(lambda ms: datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms))
SPANS = st.integers(-(2**40), 2**40).map(lambda ms: timedelta(milliseconds=ms))
PLAIN = st.dictionaries(TEXT, TEXT | st.integers(-5, 5) | st.booleans(), max_size=3)
st.register_type_strategy(datetime, TIMES)
st.register_type_strategy(timedelta, SPANS)
st.register_type_strategy(str, TEXT)

SPECIAL: dict[str, st.SearchStrategy[Any]] = {
    "changes": st.dictionaries(TEXT, st.lists(st.none() | TEXT, min_size=2, max_size=2), max_size=3),
    "data": PLAIN,
    "source": st.none() | PLAIN,
    "references": st.dictionaries(TEXT, TEXT, max_size=2),
    "skills": st.dictionaries(TEXT, st.integers(0, 3), max_size=2),
}


def values(cls: Any) -> st.SearchStrategy[Any]:
    return st.builds(cls, **{f.name: SPECIAL[f.name] for f in fields(cls) if f.name in SPECIAL})


@pytest.mark.parametrize("cls", records.ENTITIES.values())
@given(data=st.data())
def test_every_way_round_gives_the_value_back(cls: Any, data: Any) -> None:
    value = data.draw(values(cls))
    row, document = records.to_row(value), records.to_wire(value)
    assert records.from_row(cls, row) == value
    assert records.from_wire(cls, document) == value
    assert records.wire_to_row(cls, document) == row
    assert records.row_to_wire(cls, row) == document
    assert tuple(row) == records.columns(cls)


@pytest.mark.protocol("P-091")
def test_what_a_newer_peer_wrote_comes_back_unchanged() -> None:
    document = records.to_wire(model.Queue(id="q", key="helpdesk", name="Helpdesk")) | {"mood": {"a": [1]}, "z": None}
    row = records.wire_to_row(model.Queue, document)
    assert records.row_to_wire(model.Queue, row) == document


@pytest.mark.protocol("P-091")
def test_a_word_of_a_newer_peer_is_kept_as_text() -> None:
    document = {"id": "q", "key": "k", "name": "n", "tier": "l7"}
    assert records.from_wire(model.Queue, document).tier == "l7"
    assert terms.term(terms.Tier, "l1") is terms.Tier.L1


def test_times_travel_with_milliseconds_and_rest_as_integers() -> None:
    entry = model.Contact(id="c", name="Andi", created_at=datetime(2026, 11, 24, 1, 2, 3, 4000, UTC))
    assert records.to_wire(entry)["created_at"] == "2026-11-24T01:02:03.004Z"
    assert records.to_row(entry)["created_at"] == 1795482123004
