"""Rows and single things in the form that was asked for: a table for people; JSON, CSV, names for scripts.

Other people's text is cleaned here, whoever wrote it. There is no colour: readers are also pipes and screen readers.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ..text import clean, cut
from .manner import Form, manner
from .talk import out, say

GAP = "  "
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Column(NamedTuple):
    """A column of a human table. `text` gives the raw words of a row."""

    heading: str
    text: Callable[[Any], str]
    cuts: bool = False
    """May be cut where the terminal is narrow, down to `least` cells."""
    right: bool = False
    least: int = 12
    optional: bool = False
    """Goes where even the cut columns don't fit."""


def emit(
    rows: Sequence[Any],
    columns: Sequence[Column],
    document: Callable[[Any], dict[str, Any]],
    name: Callable[[Any], str],
    empty: str = "",
) -> None:
    """Rows in the form that was asked for. `document`: a row for JSON; `name`: what names it for `-q`."""
    match manner().form:
        case Form.JSON:
            out(to_json([document(row) for row in rows]))
        case Form.CSV:
            out(to_csv([document(row) for row in rows]).rstrip("\n"))
        case Form.IDS:
            if rows:
                out("\n".join(clean(name(row), line=True) for row in rows))
        case Form.TABLE:
            if rows:
                out("\n".join(table(rows, columns, terminal_width())))
            elif empty:
                say(empty)


def emit_one(document: dict[str, Any], name: str, text: Callable[[], str]) -> None:
    """One thing in the form that was asked for; `text` makes what people read."""
    match manner().form:
        case Form.JSON:
            out(to_json(document))
        case Form.CSV:
            out(to_csv([document]).rstrip("\n"))
        case Form.IDS:
            out(clean(name, line=True))
        case Form.TABLE:
            out(clean(text()))


def to_json(value: Any) -> str:
    """ASCII alone: no text of a ticket can reach a terminal raw."""
    return json.dumps(value, ensure_ascii=True, indent=2)


def to_csv(documents: Iterable[dict[str, Any]]) -> str:
    """A heading and a line a document; nested values as JSON. What a spreadsheet would run is made text."""
    import csv
    from io import StringIO

    documents = list(documents)
    names = list(dict.fromkeys(name for document in documents for name in document))
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([[_cell(document.get(name)) for name in names] for document in documents])
    return file.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=True)
    text = clean(str(value))
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def terminal_width() -> int | None:
    """Cells of a line; None where nobody looks: a pipe gets everything."""
    if not sys.stdout.isatty() and not os.environ.get("COLUMNS"):
        return None
    return shutil.get_terminal_size().columns


def table(rows: Sequence[Any], columns: Sequence[Column], width: int | None) -> list[str]:
    """Aligned lines with a heading, in `width` cells where it can be done: columns give up room, then go."""
    texts = [[clean(column.text(row), line=True) for column in columns] for row in rows]
    wide = [max(cells(column.heading), *(cells(line[at]) for line in texts)) for at, column in enumerate(columns)]
    shown = list(range(len(columns)))
    if width is not None:
        shown = _fitting(wide, columns, width)
    lines = [[column.heading for column in columns], *texts]
    return [GAP.join(pad(line[at], wide[at], right=columns[at].right) for at in shown).rstrip() for line in lines]


def _fitting(wide: list[int], columns: Sequence[Column], width: int) -> list[int]:
    """Narrows `wide` in place; returns the places of the columns that stay."""
    least = [min(wide[at], column.least) if column.cuts else wide[at] for at, column in enumerate(columns)]
    shown = list(range(len(columns)))
    for at in [at for at in shown if columns[at].optional]:
        if sum(least[place] + len(GAP) for place in shown) - len(GAP) > width:
            shown.remove(at)
    for at in shown:
        wide[at] = min(wide[at], max(width, least[at]))
    over = sum(wide[at] + len(GAP) for at in shown) - len(GAP) - width
    while over > 0:
        widest = max(shown, key=lambda at: wide[at] - least[at])
        if wide[widest] <= least[widest]:
            break
        wide[widest] -= 1
        over -= 1
    return shown


def cells(text: str) -> int:
    """Terminal cells that clean `text` takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Clean `text` in exactly `width` cells, cut with an ellipsis."""
    if cells(text) > width:
        text = cut(text, width)
    blank = " " * (width - cells(text))
    return blank + text if right else text + blank


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Names and values below each other; what is empty is left out."""
    kept = [(name, clean(value, line=True)) for name, value in rows if value]
    wide = max((cells(name) for name, _value in kept), default=0)
    return "\n".join(f"{pad(name, wide)}{GAP}{value}" for name, value in kept)
