"""Three values side by side at any width, and counts that tell confirmed from waiting."""

from typing import Any

import pytest

from msc_console.widgets.paint import Tone, count_word, plain, width_of
from msc_console.widgets.three_way import MOST_LINES, Side, three_ways

SIDES = (Side("you saw"), Side("yours", "09:12 you"), Side("now there", "09:07 Bagus Santoso"))


def shown(fields: dict[str, list[Any]], width: int = 76) -> list[str]:
    return [plain(line).rstrip() for line in three_ways(fields, SIDES, width, {"p1": "Rina \x1b[31mWulandari"})]


@pytest.mark.parametrize("width", [40, 76, 116, 196])
def test_no_line_is_wider_than_the_window(width: int) -> None:
    fields = {"subject": ["a " * 90, "é" * 300, "🙂" * 120], "urgency": ["low", "high", "medium"]}
    for line in three_ways(fields, SIDES, width, {}):
        assert width_of(line) <= width
    assert len(shown(fields, width)) <= 2 + MOST_LINES + 1


def test_values_are_words_and_nothing_of_a_terminal_gets_through() -> None:
    lines = shown({"owner": [None, "p1", "p-unknown"], "state": ["open", "resolved", "waiting_vendor"]})
    assert "\x1b" not in "".join(lines)
    assert "Wulandari" in lines[2]
    assert "a colleague" in lines[2]
    assert "p-unknown" not in "".join(lines)
    assert "open" in lines[3]
    assert "resolved" in lines[3]
    assert "waiting_vendor" not in lines[3]


def test_what_differs_stands_out_and_what_is_as_before_does_not() -> None:
    _heads, _who, line = three_ways({"urgency": ["low", "high", "low"]}, SIDES, 76, {})
    assert [tone for _text, tone in line] == [Tone.DIM, Tone.PLAIN, Tone.STRONG, Tone.DIM]
    *_rest, line = three_ways({"urgency": ["low", "low", "high"]}, SIDES, 76, {})
    assert [tone for _text, tone in line] == [Tone.DIM, Tone.PLAIN, Tone.DIM, Tone.WARN]


def test_a_long_value_is_wrapped_and_its_cut_shows() -> None:
    lines = shown({"subject": ["kata " * 40, "pendek", None]})
    assert len(lines) == 2 + MOST_LINES
    assert "…" in lines[-1]
    assert "—" in lines[2]


def test_without_anybody_to_name_there_is_no_line_for_it() -> None:
    sides = (Side("a"), Side("b"), Side("c"))
    assert len(three_ways({"urgency": ["low", "high", "low"]}, sides, 76, {})) == 2


@pytest.mark.parametrize(("count", "unsure", "word"), [(0, 0, "0"), (8, 0, "8"), (8, 2, "6 +2~"), (1, 3, "0 +1~")])
def test_a_count_tells_confirmed_and_waiting_apart(count: int, unsure: int, word: str) -> None:
    assert count_word(count, unsure) == word
