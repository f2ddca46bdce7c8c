"""zstd: whole frames alone, and never more than the reader asked for."""

import tracemalloc

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from msc_console.packing import Damaged, Oversize, pack, unpack


def nameless(content: bytes) -> bytes:
    """A frame that doesn't name its size, as a streaming compressor makes it."""
    packer = zstandard.ZstdCompressor().compressobj()
    return packer.compress(content) + packer.flush()


@given(st.binary(max_size=5000))
def test_what_was_packed_comes_back(content: bytes) -> None:
    assert unpack(pack(content), len(content)) == content
    assert unpack(nameless(content), 5000) == content


@pytest.mark.parametrize("make", [pack, nameless])
def test_one_byte_more_than_asked_for_is_too_many(make) -> None:  # type: ignore[no-untyped-def]
    content = bytes(range(256)) * 40
    assert unpack(make(content), len(content)) == content
    with pytest.raises(Oversize):
        unpack(make(content), len(content) - 1)


@pytest.mark.parametrize("make", [pack, nameless])
def test_a_bomb_takes_no_memory(make) -> None:  # type: ignore[no-untyped-def]
    bomb = make(b"\0" * (200 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(Oversize):
            unpack(bomb, 1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@given(st.binary(min_size=1, max_size=3000), st.data())
def test_a_frame_that_was_cut_is_damaged(content: bytes, data: st.DataObject) -> None:
    for packed in (pack(content), nameless(content)):
        with pytest.raises(Damaged):
            unpack(packed[: data.draw(st.integers(0, len(packed) - 1))], 1 << 20)


@pytest.mark.parametrize("packed", [b"", b"no zstd at all", pack(b"x") + b"y", pack(b"x") + pack(b"y")])
def test_anything_else_is_damaged(packed: bytes) -> None:
    with pytest.raises(Damaged):
        unpack(packed, 1 << 20)
