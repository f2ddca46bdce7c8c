"""Every set of bad input through everything that text goes through outside a screen: each leaves nothing to act on."""

import io
import json
import logging
import sys

import pytest

from msc_console import i18n, terminal
from msc_console.attachments import KINDS, safe_name
from msc_console.central.logs import LONGEST, JsonLines
from msc_console.cli.front import told
from msc_console.cli.output import Column, pairs, table, to_json
from msc_console.errors import MscError
from msc_console.messages import sentence
from msc_console.spreadsheet import to_csv, to_xlsx
from msc_console.text import BAD, LINE_CAP, clean, cut
from tests.support.vectors import ALL, ELSEWHERE, SETS
from tests.test_spreadsheet import runs, sheet, ways

SET = pytest.mark.parametrize("number", SETS)


def harmless(text: str) -> bool:
    """Nothing that a terminal acts on, and nothing that can't be written to one."""
    return BAD.search(text.replace("\n", "")) is None and text.encode("utf-8", "replace").decode() == text


def test_every_set_is_tried_or_says_why_not() -> None:
    assert sorted([*SETS, *ELSEWHERE]) == list(range(1, 56))
    assert len([text for text in ALL if not harmless(text)]) > 25, "most would do something as they are"


@SET
def test_text(number: int) -> None:
    for text in SETS[number]:
        for line in (True, False):
            once = clean(text, line=line)
            assert harmless(once)
            assert clean(once, line=line) == once
        assert len(clean(text, line=True)) <= LINE_CAP
        assert harmless(cut(clean(text, line=True), 20))
        if harmless(text) and "\t" not in text and number not in (21, 22):
            assert clean(text) == text or len(text) > LINE_CAP, "what people may write stays"


@SET
def test_what_a_terminal_is_told(number: int) -> None:
    for text in SETS[number]:
        for sequence in (terminal.title(text), *(terminal.notify(way, text, text) for way in terminal.Notify)):
            assert terminal.allowed(sequence)
        if len(text) < 10_000:
            assert terminal.allowed(terminal.copy(text))


@SET
def test_output_for_people_and_scripts(number: int) -> None:
    for text in SETS[number]:
        columns = [Column(clean("h"), lambda row: row, cuts=True), Column("k", lambda row: row)]
        for width in (None, 60):
            assert all(harmless(line) and "\n" not in line for line in table([text, text], columns, width))
        assert harmless(pairs([("nama", text)]))
        whole = to_json({"a": text, text: [text]})
        assert whole.isascii()
        assert json.loads(whole)["a"] == text


@SET
def test_exports(number: int) -> None:
    for text in SETS[number]:
        written = to_csv([{"a": text, "b": text, text: 1}])
        assert harmless(written)
        assert [cell for cell in ways(written) if runs(cell)] == []
        cells = [cell for row in sheet(to_xlsx([{"a": text, "b": -1}])) for cell in row]
        assert [kind for kind, _text in cells][:2] == ["s", "s"]
        assert all(harmless(found) for _kind, found in cells)


@SET
@pytest.mark.parametrize("language", ["id", "en"])
def test_errors_that_quote(number: int, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    i18n.set_language(language)
    keys = ("config_unreadable", "file_exists", "attachment_differs", "bad_login", "no_such_key")
    for text in SETS[number]:
        data = dict.fromkeys(("where", "detail", "path", "name", "login", "owner_name", "reason"), text)
        for key in keys:
            assert harmless(sentence(key, data, "Asia/Jakarta"))
            told(MscError(key, **data), "Asia/Jakarta")
    assert harmless(capsys.readouterr().err)


@SET
def test_a_log_has_one_line_for_one_event(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("uji")
    monkeypatch.setattr(logger, "handlers", [handler])
    monkeypatch.setattr(logger, "propagate", False)
    for text in SETS[number]:
        stream.seek(0)
        stream.truncate()
        try:
            raise ValueError(text)
        except ValueError:
            logger.warning("sync.refused", exc_info=True, extra={"login": text, "level": text, "event": text})
        logger.warning("%s", text)
        lines = stream.getvalue().split("\n")
        assert (len(lines), lines[-1], stream.getvalue().isascii()) == (3, "", True)
        first, second = map(json.loads, lines[:2])
        assert (first["level"], first["event"], second["level"]) == ("WARNING", "sync.refused", "WARNING")
        assert first["login"] == text[:LONGEST] + ("..." if len(text) > LONGEST else "")
        assert first["errors"][0]["error"] == "ValueError"
        assert text in first["login"] or len(text) > LONGEST
        assert len(text) < 4 or text not in json.dumps(first["errors"]), "an error's text may quote a ticket"


@SET
def test_names_of_files(number: int) -> None:
    for text in SETS[number]:
        for name in (text, f"{text}.png", f"a{text}b.txt"):
            safe = safe_name(name)
            assert safe.isascii()
            assert harmless(safe)
            assert not set(safe) & set('/\\:*?"<>| \n')
            assert not safe.startswith((".", "-"))
            assert safe.rpartition(".")[2] in {*KINDS, "bin"}


def test_the_whole_range_of_unicode_in_a_name() -> None:
    assert all(safe_name(chr(code)).isascii() for code in range(0, sys.maxunicode, 7))
