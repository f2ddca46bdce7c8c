"""Tables for other people's spreadsheets: CSV and XLSX in which no cell of others' words is ever run as a formula.

Rule and cells to try: OWASP ASVS 5.0 1.2.10. The worst of the readers counts: one that looks at the start of every
physical line, takes `;` for the separator of a comma file (so do those set to Indonesian), or folds full-width signs.
"""

import csv
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from .text import clean

CELL = 32_767
"""Most UTF-16 units of an XLSX cell; a longer string makes the file unreadable."""
SHEET_ROWS = 1_048_576
_SIGNS = frozenset("=+-@")
_STARTS = re.compile('(?P<before>^|[\n;])(?=(?:[^\\S\n]|")*(?P<sign>\\S))')

Row = Mapping[str, Any]


def defused(text: str) -> str:
    """Clean `text` with `'` before each place where a spreadsheet could begin a formula; a second pass adds nothing."""
    return _STARTS.sub(_quoted, clean(text))


def _quoted(found: re.Match[str]) -> str:
    if unicodedata.normalize("NFKC", found["sign"])[:1] not in _SIGNS:
        return found.group()
    return f"{found['before']}'"


def to_csv(rows: Iterable[Row]) -> str:
    """A heading and a line a row, everything quoted; nested values as JSON, nothing for None. Ends with a line feed."""
    rows = list(rows)
    file = StringIO()
    write_csv(file, _names(rows), rows)
    return file.getvalue()


def write_csv(file: TextIO, names: Sequence[str], rows: Iterable[Row]) -> int:
    """The same, row by row, of columns that are known before; how many rows."""
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow([defused(name) for name in names])
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007
        writer.writerow([_word(row.get(name)) for name in names])
    return count


def to_xlsx(rows: Iterable[Row]) -> bytes:
    """The same table as a workbook of one sheet, made in memory: no copy of it is left on the disk.

    Words are cells of type string, which no reader takes for a formula or an address; numbers stay numbers.
    ValueError where the rows don't fit a sheet.
    """
    rows = list(rows)
    if len(rows) >= SHEET_ROWS:
        raise ValueError(f"more rows than a sheet holds: {len(rows)}")
    file = BytesIO()
    _sheet(file, _names(rows), rows, {"in_memory": True})
    return file.getvalue()


def write_xlsx(file: BinaryIO, names: Sequence[str], rows: Iterable[Row], folder: Path) -> int:
    """The same, row by row, of columns that are known before; how many rows. What is not in memory lies for that time
    in a folder for its owner alone, within `folder`. ValueError as of `to_xlsx`."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix=".", dir=folder) as beside:
        return _sheet(file, names, rows, {"constant_memory": True, "tmpdir": beside})


def _sheet(file: BinaryIO, names: Sequence[str], rows: Iterable[Row], options: dict[str, Any]) -> int:
    from xlsxwriter import Workbook

    with Workbook(file, options) as book:
        sheet = book.add_worksheet()
        for column, name in enumerate(names):
            sheet.write_string(0, column, _fitting(_plain(name)))
        at = 0
        for at, row in enumerate(rows, start=1):
            if at >= SHEET_ROWS:
                raise ValueError("more rows than a sheet holds")
            for column, name in enumerate(names):
                value = row.get(name)
                if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1 << 53:
                    sheet.write_number(at, column, value)
                elif value is not None:
                    sheet.write_string(at, column, _fitting(_plain(value)))
        return at


def _names(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _word(value: Any) -> str:
    if value is None:
        return ""
    return defused(value) if isinstance(value, str) else _plain(value)


def _plain(value: Any) -> str:
    return clean(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=True)


def _fitting(text: str) -> str:
    if len(text.encode("utf-16-le")) // 2 <= CELL:
        return text
    return clean(text, cap=CELL // 2)
