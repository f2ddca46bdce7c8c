"""Rows and single things in the form that was asked for: a table for people; JSON, CSV, names for scripts.

Other people's text is cleaned here, whoever wrote it. There is no colour: readers are also pipes and screen readers.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ..errors import UsageError
from ..i18n import _
from ..saving import write_new
from ..text import clean, cut
from .manner import Form, manner, seated, verb
from .talk import out, say

GAP = "  "


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
    _tell_export(len(rows))
    match manner().form:
        case Form.JSON:
            _give(to_json([document(row) for row in rows]))
        case Form.CSV | Form.XLSX:
            _give_sheet([document(row) for row in rows])
        case Form.IDS:
            _give("\n".join(clean(name(row), line=True) for row in rows))
        case Form.TABLE:
            width = None if manner().save else terminal_width()
            _give("\n".join(table(rows, columns, width)) if rows else "")
            if not rows and empty:
                say(empty)


def emit_one(document: dict[str, Any], name: str, text: Callable[[], str]) -> None:
    """One thing in the form that was asked for; `text` makes what people read."""
    _tell_export(1)
    match manner().form:
        case Form.JSON:
            _give(to_json(document))
        case Form.CSV | Form.XLSX:
            _give_sheet([document])
        case Form.IDS:
            _give(clean(name, line=True))
        case Form.TABLE:
            _give(clean(text()))


def _tell_export(rows: int) -> None:
    """What leaves as a file is noted for central, before it is one. A verb without a desk has nothing of central's."""
    desk = seated()
    if desk is not None and manner().save is not None:
        from ..desk import exporting

        exporting.begin(desk, verb(), manner().form.value, rows)


def _give(text: str) -> None:
    """Data to standard output, where there is any, or to the file that was named."""
    path = manner().save
    if path is not None:
        write_new(path, f"{text}\n".encode() if text else b"")
        say(_("Written: {path}").format(path=path))
    elif text:
        out(text)


def _give_sheet(rows: list[dict[str, Any]]) -> None:
    from .. import spreadsheet

    path = manner().save
    if manner().form == Form.CSV:
        _give(spreadsheet.to_csv(rows).rstrip("\n"))
    elif path is None:
        raise UsageError("xlsx_needs_file")
    else:
        write_new(path, spreadsheet.to_xlsx(rows))
        say(_("Written: {path}").format(path=path))


def plain(message: Any) -> dict[str, Any]:
    """A message of the wire as the document of a row."""
    from msgspec import to_builtins

    found: dict[str, Any] = to_builtins(message)
    return found


def rehearsed() -> bool:
    """Says that nothing was done, where `--dry-run` asked for that; whether it did."""
    if manner().dry_run:
        say(_("Nothing was done: this was a dry run."))
    return manner().dry_run


def to_json(value: Any) -> str:
    """ASCII alone: no text of a ticket can reach a terminal raw."""
    return json.dumps(value, ensure_ascii=True, indent=2)


def ascii_json(line: str) -> str:
    """A line of JSON in ASCII; what is none as harmless text."""
    try:
        return json.dumps(json.loads(line), ensure_ascii=True)
    except ValueError:
        return clean(line, line=True)


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
