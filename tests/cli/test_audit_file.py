"""A trail in a file: whatever its size, few records are in memory at once, and a file is there as a whole or not."""

import csv
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from msc_console import spreadsheet
from msc_console.cli import audit
from msc_console.errors import UsageError
from msc_console.saving import streaming_new

MANY = 3_000


class Row(dict[str, Any]):
    """A record that counts how many of it somebody holds."""

    held = most = 0

    def __init__(self, seq: int) -> None:
        super().__init__(seq=seq, at=seq, actor="p", act="uji", data="{}", hash="h", time="t")
        Row.held += 1
        Row.most = max(Row.most, Row.held)

    def __del__(self) -> None:
        Row.held -= 1


def read(path: Path) -> list[str]:
    """The numbers of the records of a file."""
    if path.suffix == ".jsonl":
        return [str(json.loads(line)["seq"]) for line in path.read_text("utf-8").splitlines()]
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return [row["seq"] for row in csv.DictReader(file)]
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    return re.findall(r'<c r="A[0-9]+"><v>([0-9]+)</v>', sheet)


@pytest.mark.parametrize("form", ["jsonl", "csv", "xlsx"])
def test_few_records_are_in_memory_at_once(form: str, tmp_path: Path) -> None:
    Row.held = Row.most = 0
    path = tmp_path / f"trail.{form}"
    with streaming_new(path) as out:
        assert audit.write(out, form, map(Row, range(1, MANY + 1)), tmp_path) == MANY
        assert not path.exists()
    assert Row.most <= 3
    assert read(path) == [str(seq) for seq in range(1, MANY + 1)]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("form", ["jsonl", "csv", "xlsx"])
def test_a_reading_that_fails_leaves_nothing(form: str, tmp_path: Path) -> None:
    def broken() -> Iterator[Row]:
        yield Row(1)
        raise UsageError("line_missing")

    with pytest.raises(UsageError, match="line_missing"), streaming_new(tmp_path / "x") as out:
        audit.write(out, form, broken(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_file_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "trail.csv"
    path.write_text("ada")
    with pytest.raises(UsageError, match="file_exists"), streaming_new(path):
        pytest.fail("begun")
    assert path.read_text() == "ada"


def test_more_than_a_sheet_holds_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "SHEET_ROWS", 10)
    with pytest.raises(UsageError, match="sheet_full"), streaming_new(tmp_path / "x.xlsx") as out:
        audit.write(out, "xlsx", map(Row, range(10)), tmp_path)
    assert list(tmp_path.iterdir()) == []
