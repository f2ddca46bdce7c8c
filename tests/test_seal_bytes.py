"""Canonical bytes are RFC 8785's, whichever of the two writers made them."""

from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from msc_console import seal

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-seal.MAX_INTEGER, seal.MAX_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXT, VALUE, max_size=4))
@example({"\U0001f600": 1, "\uf000": 2, "a": 3})
@example({"a": [True, None, (1, 2)], "\x7f": '\x00\x1f"\\/\u2028'})
def test_the_bytes_are_those_of_the_reference_writer(document: dict[str, Any]) -> None:
    assert seal.canonical(document) == rfc8785.dumps(document)


def test_every_character_is_written_as_the_reference_writer_writes_it() -> None:
    text = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF)
    assert seal.canonical({"a": text}) == rfc8785.dumps({"a": text})


@pytest.mark.parametrize("depth", [seal.MAX_DEPTH - 1, seal.MAX_DEPTH])
def test_the_deepest_that_is_allowed_is_written(depth: int) -> None:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    assert seal.canonical(value) == rfc8785.dumps(value)


def test_many_signatures_are_those_of_one_at_a_time() -> None:
    private, _ = seal.new_device_key()
    sign = seal.signing(private)
    assert [sign(text) for text in (b"a", b"b")] == [seal.sign(private, text) for text in (b"a", b"b")]
