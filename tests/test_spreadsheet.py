"""What a customer wrote is text in every spreadsheet, whichever way it reads the file."""

import csv
import io
import re
import unicodedata
import zipfile
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console.spreadsheet import CELL, SHEET_ROWS, defused, to_csv, to_xlsx

DANGEROUS = [
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", " \u00a0=1+1", "\t=1", "\r=1", "\n=1", "\uff1d1+1", "\uff0bA1",
    "safe\n=HYPERLINK(\"http://e.test\")", "satu;=1+1",
]  # fmt: skip
MORE = ['"=1', 'a\n"=1', ";;=1", "a;\u3000-1", "\ufe62 1", "\uff20SUM", "\uff0d1", "\u207a1", "a\r\n+1", '=1";=2']
HARMLESS = ["Stempel gagal", "[INC-001] 50%", "a = b", "1-2", "'=1", "x; y", "", "漢字", "a\n\nb", "62812-3456"]
PIECES = st.text(st.one_of(st.characters(), st.sampled_from(list("=+-@;\"'\n\r\t \u00a0＝＋－＠a,"))), max_size=12)
_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def runs(cell: str) -> bool:
    """Whether a spreadsheet would take a cell's text for a formula: by its first sign, blanks and quotes aside."""
    first = cell.lstrip().lstrip('"').lstrip()[:1]
    return bool(first) and unicodedata.normalize("NFKC", first)[0] in "=+-@"


def ways(written: str) -> list[str]:
    """The cells of a file as careful and as careless readers find them."""
    csv.field_size_limit(10_000_000)
    found = [cell for row in csv.reader(io.StringIO(written)) for cell in row]
    found += [line for cell in found for line in cell.splitlines()]
    found += [cell for row in csv.reader(io.StringIO(written), delimiter=";") for cell in row]
    found += [cell for line in written.splitlines() for cell in next(csv.reader([line], delimiter=";"), [])]
    return found + [part for line in written.split("\n") for part in line.split(";")]


@pytest.mark.parametrize("text", [*DANGEROUS, *MORE], ids=ascii)
def test_no_reader_finds_a_formula(text: str) -> None:
    written = to_csv([{"subject": text, text: "x"}])
    assert [cell for cell in ways(written) if runs(cell)] == []
    assert runs(text) or any(runs(part) for part in re.split("[\n;\r]", text)), "the cell would be one as it is"
    assert defused(text) != text


@pytest.mark.parametrize("text", HARMLESS, ids=ascii)
def test_what_people_write_stays(text: str) -> None:
    assert list(csv.reader(io.StringIO(to_csv([{"a": text, "b": 1}]))))[1:] == [[text, "1"]]


@given(st.lists(PIECES, min_size=1, max_size=3))
def test_no_text_begins_a_formula(texts: list[str]) -> None:
    written = to_csv([{"first": texts[0], "text": text, texts[0]: text} for text in texts])
    assert [cell for cell in ways(written) if runs(cell)] == []
    assert [defused(defused(text)) for text in texts] == [defused(text) for text in texts]


def test_everything_is_quoted_and_values_keep_their_form() -> None:
    rows = [{"n": -3, "none": None, "yes": True, "list": ["=1"], "text": 'a"b'}, {"other": "=1"}]
    assert to_csv(rows).splitlines() == [
        '"n","none","yes","list","text","other"',
        '"-3","","true","[""=1""]","a""b",""',
        '"","","","","","\'=1"',
    ]


def sheet(content: bytes) -> list[list[tuple[str, str]]]:
    """Type and text of every cell of a workbook's one sheet, and a look at all its parts."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert not [name for name in parts.namelist() if "external" in name.lower() or "rels/sheet" in name]
        strings = ["".join(one.itertext()) for one in ET.fromstring(parts.read("xl/sharedStrings.xml"))]
        page = ET.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    assert page.findall(f".//{_NS}f") == []
    assert page.findall(f".//{_NS}hyperlink") == []
    found: list[list[tuple[str, str]]] = []
    for row in page.iter(f"{_NS}row"):
        found.append([])
        for cell in row:
            kind, value = cell.get("t") or "n", cell.findtext(f"{_NS}v") or ""
            found[-1].append((kind, strings[int(value)] if kind == "s" else value))
    return found


@pytest.mark.parametrize("text", [*DANGEROUS, "https://e.test", "_x0041_", "1e5", "\ufffe", "\x00\x1b[31m"], ids=ascii)
def test_words_are_strings_in_a_workbook(text: str) -> None:
    heading, row = sheet(to_xlsx([{"subject": text, "n": -3, "none": None, "yes": True, "big": 1 << 60}]))
    assert [kind for kind, _text in heading] == ["s"] * 5
    assert [kind for kind, _text in row] == ["s", "n", "s", "s"]
    assert row[1:] == [("n", "-3"), ("s", "true"), ("s", str(1 << 60))]
    assert "\ufffe" not in row[0][1], "no XML may hold it"
    if text not in ("\ufffe", "_x0041_") and text.isprintable():
        assert row[0][1] == text


def test_a_cell_and_a_sheet_have_an_end() -> None:
    (_heading, row) = sheet(to_xlsx([{"a": "漢" * 40_000}]))
    assert (len(row[0][1]) <= CELL, row[0][1].endswith("<cut>")) == (True, True)
    (_heading, row) = sheet(to_xlsx([{"a": "👩" * 16_384}]))
    assert row[0][1].endswith("<cut>")
    rows: list[dict[str, Any]] = [{}] * SHEET_ROWS
    with pytest.raises(ValueError, match="more rows"):
        to_xlsx(rows)
