"""What arrives counts whole or not at all, and no text of it can reach a terminal as a command."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console.sync.faults import Broken, Fault
from msc_console.sync.pages import clean_message, clean_tree, decode, read_lines, read_page
from msc_console.sync.wire import Hello, Line, OpResult
from msc_console.text import BAD

PUT = b'{"t":"put","entity":"ticket","id":"t1","seq":5,"d":{"subject":"a\\nb","body":"a\\nb","ver":3}}\n'
LEAVE = b'{"t":"leave","entity":"ticket","id":"t2","seq":6}\n'
END = b'{"t":"end","cursor":"g1.6","rows":2,"up_to_date":true,"server_time":"2026-11-24T02:00:00.000Z"}\n'


@pytest.mark.protocol("P-082")
def test_a_whole_page_is_read() -> None:
    page = read_page(PUT + LEAVE + END)
    assert (page.cursor, page.up_to_date) == ("g1.6", True)
    assert [(line.t, line.id, line.seq) for line in page.lines] == [("put", "t1", 5), ("leave", "t2", 6)]
    assert page.lines[0].d == {"subject": "a\u240ab", "body": "a\nb", "ver": 3}


@given(st.integers(0, len(PUT + LEAVE + END) - 2))
@pytest.mark.protocol("P-082")
def test_a_page_cut_anywhere_is_refused(at: int) -> None:
    with pytest.raises(Broken) as caught:
        read_page((PUT + LEAVE + END)[:at])
    assert caught.value.kind is Fault.CUT


@pytest.mark.parametrize(
    "body",
    [
        PUT + END,
        PUT + PUT + LEAVE + END,
        END + PUT + LEAVE,
        PUT + LEAVE + END + END,
        b'{"t":"put","entity":"ticket","id":"t1","seq":5}\n' + LEAVE + END,
        b'{"t":"put","entity":"ticket","id":"","seq":5,"d":{}}\n' + LEAVE + END,
        PUT + LEAVE + END.replace(b"g1.6", b""),
        PUT + LEAVE + b"\xff" + END,
        b'{"t":"put","entity":"e","id":"t1","d":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}\n" + LEAVE + END,
        b"[]",
    ],
    ids=[
        "row lost",
        "row twice",
        "end first",
        "two ends",
        "no row",
        "no id",
        "no cursor",
        "bytes",
        "deep",
        "no object",
    ],
)
@pytest.mark.protocol("P-082")
def test_a_page_that_does_not_add_up_is_refused(body: bytes) -> None:
    with pytest.raises(Broken):
        read_page(body)


@pytest.mark.protocol("P-002")
def test_lines_and_fields_of_a_newer_central_are_passed_over() -> None:
    newer = b'{"t":"scope","version":14}\n' + PUT.replace(b'"seq"', b'"colour":"red","seq"') + END
    assert [line.t for line in read_page(newer).lines] == ["put"]


trees: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), trees, max_size=4))
@pytest.mark.protocol("P-077")
def test_every_text_of_a_row_is_clean_and_a_second_pass_changes_nothing(document: dict[str, Any]) -> None:
    document = {key.replace("\ud800", ""): value for key, value in document.items()}
    body = msgspec.json.encode(Line("put", "ticket", "t1", 1, document))
    end = msgspec.json.encode(Line("end", cursor="g.1", rows=1))
    row = read_page(body + b"\n" + end).lines[0].d

    def texts(value: Any) -> list[str]:
        if isinstance(value, str):
            return [value]
        if isinstance(value, dict):
            return [*value, *(text for item in value.values() for text in texts(item))]
        return [text for item in value for text in texts(item)] if isinstance(value, list) else []

    assert not any(BAD.search(text.replace("\n", "")) for text in texts(row))
    assert clean_tree(row) == row


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200) | st.integers() | st.none())
@pytest.mark.protocol("P-077")
def test_plain_values_pass_unchanged(value: Any) -> None:
    assert clean_tree({"body": value}) == {"body": value}


@pytest.mark.protocol("P-077")
def test_a_message_is_clean_in_depth() -> None:
    result = clean_message(OpResult("op", "conflict", data={"theirs": "x\x1b]52;c;eA==\x07"}, reason="a\nb"))
    assert result.reason == "a\u240ab"
    assert result.data == {"theirs": "x\u241b]52;c;eA==\u2407"}


@given(st.binary(max_size=200))
@pytest.mark.protocol("P-082")
def test_bytes_that_are_no_message_are_a_fault_and_no_crash(body: bytes) -> None:
    with pytest.raises(Broken):
        decode(body, Hello, Fault.NOT_OURS)
    with pytest.raises(Broken):
        read_page(body)


hostile = st.text(
    st.sampled_from('ab"\\\n\t\r\x00\x1b\x7f\x85\u202e\u2066\u200b\ufeff\u00e9\u0301\u4e2d\U0001f642\u200d\U000e0041')
    | st.characters(codec="utf-8"),
    max_size=30,
)  # fmt: skip


@given(st.lists(st.dictionaries(hostile | st.sampled_from(["subject", "body"]), hostile, max_size=3), max_size=4))
@pytest.mark.protocol("P-077")
def test_lines_that_are_passed_as_they_are_had_nothing_to_clean(documents: list[dict[str, str]]) -> None:
    """The quick way over whole lines gives what cleaning each text gives."""
    body = b"\n".join(msgspec.json.encode(Line("put", "ticket", "t1", 1, item)) for item in documents)
    assert [line.d for line in read_lines(body)] == [clean_tree(item) for item in documents]


@pytest.mark.parametrize("size", [998, 999, 1000, 1001, 1002, 5000])
@pytest.mark.parametrize("letter", ["x", "\u00e9"])
@pytest.mark.protocol("P-077")
def test_a_line_that_is_too_long_is_cut_on_the_quick_way_too(size: int, letter: str) -> None:
    document = {"subject": letter * size, "body": letter * size}
    (line,) = read_lines(msgspec.json.encode(Line("put", "ticket", "t1", 1, document)))
    assert line.d == clean_tree(document)
