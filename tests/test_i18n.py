"""Words, durations and times, in both languages."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hatch_build import compile_catalogues
from msc_console import i18n
from msc_console.errors import ConflictError, Exit, MscError, NotAllowed, NotFound, Unreachable, UsageError
from msc_console.messages import SENTENCES, refusal, sentence
from tools import catalogue

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 24, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "indonesian", "english"),
    [
        (0, "0m", "0m"),
        (38, "38m", "38m"),
        (59, "59m", "59m"),
        (60, "1j", "1h"),
        (125, "2j 05m", "2h 05m"),
        (430, "7j 10m", "7h 10m"),
        (599, "9j 59m", "9h 59m"),
        (930, "15j", "15h"),
        (41 * 60, "41j", "41h"),
        (51 * 60, "2h 3j", "2d 3h"),
        (48 * 60, "2h", "2d"),
        (-80, "-1j 20m", "-1h 20m"),
        (150 * 1440 + 90, "150h", "150d"),
    ],
)
def test_short_durations(minutes: int, indonesian: str, english: str) -> None:
    assert i18n.duration_short(minutes * MINUTE) == indonesian
    i18n.set_language("en")
    assert i18n.duration_short(minutes * MINUTE) == english


def test_a_target_stays_in_the_hours_of_the_contract() -> None:
    assert [i18n.target_short(timedelta(hours=hours)) for hours in (0.25, 8, 12, 24, 48)] == [
        "15m", "8j", "12j", "24j", "48j",
    ]  # fmt: skip
    assert i18n.target_short(timedelta(hours=49, minutes=30)) == "2h 1j"


def test_seconds_are_dropped_towards_zero() -> None:
    assert i18n.duration_short(timedelta(minutes=38, seconds=59)) == "38m"
    assert i18n.duration_short(timedelta(seconds=-59)) == "0m"


@given(st.timedeltas(timedelta(0), timedelta(days=999)))
def test_a_short_duration_fits_seven_cells(span: timedelta) -> None:
    assert cell_len(i18n.duration_short(span)) <= 7


def test_short_times_leave_out_what_is_the_same() -> None:
    zone = "Asia/Jakarta"
    assert i18n.when(datetime(2026, 11, 24, 2, 5, tzinfo=UTC), zone, NOW) == "09:05"
    assert i18n.when(datetime(2026, 11, 23, 16, 59, tzinfo=UTC), zone, NOW) == "23/11 23:59"
    assert i18n.when(datetime(2026, 11, 23, 17, 0, tzinfo=UTC), zone, NOW) == "00:00"
    assert i18n.when(datetime(2025, 12, 31, 16, 59, tzinfo=UTC), zone, NOW) == "31/12/25"
    with time_machine.travel(NOW, tick=False):
        assert i18n.when(NOW, zone) == "09:12"
    with pytest.raises(ValueError, match="without a zone"):
        i18n.when(datetime(2026, 1, 1), zone)


def test_long_forms() -> None:
    assert i18n.date_long(NOW, "Asia/Jakarta") == "Selasa, 24 November 2026 09:12 WIB"
    assert i18n.number(12345.6) == "12.345,6"
    i18n.set_language("en")
    assert i18n.date_long(NOW, "Asia/Jakarta") == "Tuesday, 24 November 2026 09:12 WIB"
    assert i18n.number(12345.6) == "12,345.6"


def test_the_empty_message_is_empty() -> None:
    assert i18n._("") == ""


def test_a_language_without_a_catalogue_speaks_english() -> None:
    i18n.set_language("xx")
    assert i18n._("waiting for customer") == "waiting for customer"


@pytest.mark.parametrize("compiled", [False, True])
def test_compiled_or_not_it_says_the_same(compiled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "id" / "LC_MESSAGES" / "msc.po"
    source.parent.mkdir(parents=True)
    shutil.copyfile(catalogue.path("id"), source)
    if compiled:
        assert compile_catalogues(tmp_path) == [source.with_suffix(".mo")]
        assert compile_catalogues(tmp_path) == []
        source.unlink()
    monkeypatch.setattr(i18n, "LOCALE", tmp_path)
    i18n._load.cache_clear()
    try:
        i18n.set_language("id")
        assert i18n._("waiting for customer") == "menunggu pelanggan"
    finally:
        i18n._load.cache_clear()


def test_one_message_a_plural_and_a_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "en" / "LC_MESSAGES" / "msc.po"
    source.parent.mkdir(parents=True)
    source.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
        'msgid "{n} ticket"\nmsgid_plural "{n} tickets"\nmsgstr[0] "{n} one"\nmsgstr[1] "{n} many"\n\n'
        'msgctxt "verb"\nmsgid "hold"\nmsgstr "put on hold"\n'
    )
    monkeypatch.setattr(i18n, "LOCALE", tmp_path)
    i18n._load.cache_clear()
    try:
        i18n.set_language("en")
        assert [i18n.ngettext("{n} ticket", "{n} tickets", n).format(n=n) for n in (1, 2)] == ["1 one", "2 many"]
        assert (i18n.pgettext("verb", "hold"), i18n.pgettext("noun", "hold")) == ("put on hold", "hold")
    finally:
        i18n._load.cache_clear()


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_sentence_survives_any_data(language: str) -> None:
    i18n.set_language(language)
    for key in SENTENCES:
        for data in ({}, {"owner_name": "Rina", "fields": ["a", "b"], "limit": 3, "since": "2026-11-24T02:12:00.000Z"}):
            said = sentence(key, data)
            assert said
            assert "{" not in said


def test_a_sentence_is_safe_and_local() -> None:
    said = sentence("held", {"owner_name": "\x1b]52;c;x\x07{0}[/]", "since": "2025-11-24T02:12:00.000Z"})
    assert said.startswith("␛]52;c;x␇{0}[/] memegang tiket ini sejak 24/11/25. Anda bisa ")
    assert sentence("transition", {"state": "waiting_customer"}).endswith("«menunggu pelanggan».")
    assert sentence("held", {"owner_name": "", "since": "kemarin"}).startswith("— memegang tiket ini sejak kemarin.")


def test_a_holder_of_unknown_since_leaves_no_hole_in_the_sentence() -> None:
    assert sentence("held", {"owner_name": "Rina", "since": None}).startswith("Rina memegang tiket ini. Anda bisa ")
    assert refusal("held", {"owner_name": "Rina"}) == "Rina memegang tiket ini, jadi ini belum dilaksanakan."


def test_an_unknown_key_is_still_named() -> None:
    assert "brand_new" in sentence("brand_new", {"x": 1})


def test_errors_carry_key_data_and_exit_code() -> None:
    error = NotFound("ticket_unknown", ref="MSC-1")
    assert (error.key, error.data, str(error)) == ("ticket_unknown", {"ref": "MSC-1"}, "ticket_unknown ref='MSC-1'")
    kinds = (MscError, UsageError, NotFound, Unreachable, NotAllowed, ConflictError)
    assert [kind.exit for kind in kinds] == [
        Exit.FAILED, Exit.USAGE, Exit.FAILED, Exit.UNREACHABLE, Exit.NOT_ALLOWED, Exit.CONFLICT,
    ]  # fmt: skip
    assert [int(code) for code in Exit] == [0, 1, 2, 3, 4, 5, 130]
