"""Spans in exact widths, wrapping without loss."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from msc_console.text import clean
from msc_console.widgets.paint import Tone, bar, fit, pad, plain, spread, width_of, wrap

TEXT = st.text(max_size=80).map(lambda text: clean(text, line=True))
SPANS = st.lists(st.tuples(TEXT, st.sampled_from(Tone)), max_size=5)


@given(SPANS, st.integers(0, 60))
def test_fit_is_exact(spans: list[tuple[str, Tone]], cells: int) -> None:
    assert width_of(fit(spans, cells)) == cells


@given(SPANS, SPANS, st.integers(0, 60))
def test_spread_is_exact_and_keeps_the_right_side(
    left: list[tuple[str, Tone]], right: list[tuple[str, Tone]], cells: int
) -> None:
    line = spread(left, right, cells)
    assert width_of(line) == cells
    if width_of(right) < cells:
        assert plain(line).endswith(plain(right))


@given(TEXT, st.integers(1, 40), st.booleans())
def test_pad_is_exact(text: str, cells: int, right: bool) -> None:
    assert cell_len(pad(text, cells, right=right)) == cells


@given(st.text(max_size=300).map(clean), st.integers(4, 50))
def test_wrap_fits_and_loses_nothing_but_blanks(text: str, cells: int) -> None:
    lines = wrap(text, cells)
    assert all(cell_len(line) <= cells for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_wrap_breaks_at_blanks_then_where_it_must() -> None:
    assert wrap("satu dua tiga\n\n  empat abcdefghijklmn", 9) == [
        "satu dua",
        "tiga",
        "",
        "  empat",
        "abcdefghi",
        "jklmn",
    ]


def test_a_used_bar_is_never_empty_and_an_unused_end_never_full() -> None:
    assert [bar(share, 4) for share in (-1.0, 0.0, 0.01, 0.5, 0.99, 1.0, 7.0)] == [
        "\u2591\u2591\u2591\u2591",
        "\u2591\u2591\u2591\u2591",
        "\u2593\u2591\u2591\u2591",
        "\u2593\u2593\u2591\u2591",
        "\u2593\u2593\u2593\u2591",
        "\u2593\u2593\u2593\u2593",
        "\u2593\u2593\u2593\u2593",
    ]
