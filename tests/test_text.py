"""Hostile text becomes harmless, whatever it is; what people write stays as it is."""

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from msc_console import text
from msc_console.text import BAD, clean, cut, paintable

FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
EMOJI = ["👩‍💻", "👨‍👩‍👧‍👦", "❤️‍🔥", "🏳️‍🌈", "👋🏽", "🇮🇩", "✔️"]
NASTY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(list("\r\n\t\x1b\x9b\u200d\u202e\u2066\ufe0f\u0301\u0489\ud800👩💻❤🏳<cut>")),
    )
)


def wrong(s: str) -> list[str]:
    """Characters of a cleaned text that must not be there; joiners are judged by `clean` being idempotent."""
    return [
        f"U+{ord(char):04X}"
        for char in set(s) - {"\n", "\u200d"}
        if unicodedata.category(char) in FORBIDDEN or BAD.match(char)
    ]


@pytest.mark.slow
def test_every_code_point_alone_and_between_letters() -> None:
    """All 1,114,112 of them, as the Unicode of this interpreter knows them."""
    everything = "x".join(map(chr, range(sys.maxunicode + 1)))
    cleaned = clean(everything, cap=sys.maxsize)
    assert wrong(cleaned) == []
    assert "\u200d" not in cleaned
    assert clean(cleaned, cap=sys.maxsize) == cleaned


def test_every_combining_mark_passes_the_prefilter() -> None:
    marks = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code))[0] == "M"]
    assert [f"U+{ord(mark):04X}" for mark in marks if clean("a" + mark * 9) != "a" + mark * text.MARKS] == []


@given(NASTY, st.booleans(), st.integers(5, 40))
def test_a_second_pass_changes_nothing(s: str, line: bool, cap: int) -> None:
    once = clean(s, line=line, cap=cap)
    assert clean(once, line=line, cap=cap) == once
    assert wrong(once) == []
    assert len(once) <= cap
    assert not (line and "\n" in once)


@pytest.mark.deep
@settings(max_examples=20_000)
@given(NASTY, st.booleans(), st.integers(5, 40))
def test_a_second_pass_changes_nothing_at_length(s: str, line: bool, cap: int) -> None:
    once = clean(s, line=line, cap=cap)
    assert clean(once, line=line, cap=cap) == once
    assert wrong(once) == []


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b]52;c;UFdORUQ=\x1b\\", "␛]52;c;UFdORUQ=␛\\"),
        ("\x9b31m", "<U+009B>31m"),
        ("safe\b\b\b\bEVIL", "safe␈␈␈␈EVIL"),
        ("ok\rFAKE", "ok␍FAKE"),
        ("a\r\nb\tc", "a\nb    c"),
        ("\x00\x7f", "␀␡"),
        ("\u202egpj.exe", "<U+202E>gpj.exe"),
        ("a\u2028b\x85c", "a<U+2028>b<U+0085>c"),
        ("\ud800", "\ufffd"),
        ("ad\u200dmin\ufeff", "ad<U+200D>min<U+FEFF>"),
        ("\U000e0041\U000f0000", "<U+E0041><U+F0000>"),
        ("e" + "\u0301" * 50 + "!", "e\u0301\u0301\u0301!"),
        ("👩\u200d\u200d💻", "👩<U+200D><U+200D>💻"),
    ],
)
def test_what_is_shown_instead(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@pytest.mark.parametrize(
    "said", [*EMOJI, "Pak Andi, kuota sudah kembali.\nTerima kasih", "[INC-001] [50%]", "กำลัง", "é ﷽ 漢字"]
)
def test_what_people_write_stays(said: str) -> None:
    assert clean(said) == said


def test_one_line_shows_where_lines_ended() -> None:
    assert clean("a\r\nb\nc", line=True) == "a␊b␊c"


def test_too_much_is_cut_and_says_so() -> None:
    assert clean("x" * 6000, line=True) == "x" * (text.LINE_CAP - 5) + "<cut>"
    assert clean("x" * 100, cap=100) == "x" * 100
    assert clean("a" + "\u0301" * 10**6, cap=10) == "a\u0301\u0301\u0301<cut>"
    with pytest.raises(ValueError, match="cap under 5"):
        clean("x", cap=4)


def test_the_last_net_takes_what_slipped_through() -> None:
    assert paintable("a\x1b[31mb\u202ec👩\u200d💻") == "a[31mbc👩\u200d💻"


@given(
    st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("漢字👩\u200d💻é"))), st.integers(0, 12)
)
def test_a_cut_text_fits(s: str, cells: int) -> None:
    s = clean(s, line=True)
    short = cut(s, cells)
    assert cell_len(short) <= cells
    assert short == s or cells == 0 or short.endswith("…")


@pytest.mark.parametrize(
    ("said", "cells", "short"),
    [
        ("Bank Sagara", 11, "Bank Sagara"),
        ("Bank Sagara", 6, "Bank…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("a", 0, ""),
    ],
)
def test_where_a_text_is_cut(said: str, cells: int, short: str) -> None:
    assert cut(said, cells) == short
