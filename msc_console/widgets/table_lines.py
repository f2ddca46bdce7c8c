"""A Markdown table as lines: columns side by side, cells wrapped, the narrowest that still hold their words."""

import re
from collections.abc import Callable, Sequence
from itertools import zip_longest

from rich.cells import cell_len

from .paint import Line, Tone, pad, wrap

_RULE = re.compile(r"[\s|:-]+")
_GAP = 2
LEAST = 6
"""Cells that a column keeps however narrow the window is."""


def table_lines(rows: Sequence[str], width: int, plain: Callable[[str], str]) -> list[Line]:
    """Rows such as `| a | b |`, the first one the head, in lines of at most `width` cells.

    `plain` takes the mark-up out of a cell. More columns than fit are shown as they were written.
    """
    table = [[plain(cell.strip()) for cell in row.strip().strip("|").split("|")] for row in rows if not _rule(row)]
    columns = max(map(len, table), default=0)
    if not columns or columns * (LEAST + _GAP) - _GAP > width:
        return [[(piece, Tone.PLAIN)] for row in rows for piece in wrap(row, width)]
    cells = _widths(table, columns, width - _GAP * (columns - 1))
    lines: list[Line] = []
    for place, row in enumerate(table):
        tone = Tone.STRONG if place == 0 else Tone.PLAIN
        wrapped = [wrap(cell, room) for cell, room in zip(row, cells, strict=False)]
        for pieces in zip_longest(*wrapped, fillvalue=""):
            text = (" " * _GAP).join(pad(piece, room) for piece, room in zip(pieces, cells, strict=False))
            lines.append([(text.rstrip(), tone)])
    return lines


def _rule(row: str) -> bool:
    return "-" in row and _RULE.fullmatch(row) is not None


def _widths(table: Sequence[Sequence[str]], columns: int, room: int) -> list[int]:
    """Cells of each column: what it needs, the widest cut down until all fit."""
    needed = [max((cell_len(row[at]) for row in table if at < len(row)), default=1) for at in range(columns)]
    cells = [max(one, 1) for one in needed]
    while sum(cells) > room:
        widest = cells.index(max(cells))
        cells[widest] -= 1
    return cells
