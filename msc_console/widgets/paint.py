"""Spans: what pure renderers give and line widgets paint, plain text with the name of a tone.

Data never enters markup: a span's text is shown as it is, and its tone is looked up in the theme when painted. A
renderer therefore needs no app, and what it means is never in the tone alone.
"""

from collections.abc import Iterable
from enum import StrEnum

from rich.cells import cell_len, split_graphemes

from msc_console.text import clean, cut


class Tone(StrEnum):
    """The few ways a piece of a line may stand out; `painted.Painted` styles each."""

    PLAIN = "plain"
    DIM = "dim"
    STRONG = "strong"
    GOOD = "good"
    WARN = "warn"
    LATE = "late"
    ACCENT = "accent"
    INTERNAL = "internal"


Span = tuple[str, Tone]
Line = list[Span]

_FULL, _EMPTY = "\u2593", "\u2591"


def pad(text: str, cells: int, *, right: bool = False) -> str:
    """Clean `text` in exactly `cells` cells, cut with an ellipsis; `right` puts the blanks before it."""
    if text.isascii() and len(text) <= cells:
        return text.rjust(cells) if right else text.ljust(cells)
    text = cut(text, cells)
    blank = " " * (cells - cell_len(text))
    return blank + text if right else text + blank


def line_of(raw: str, cells: int) -> str:
    """Other people's `raw` text cleaned and cut to one line of at most `cells` cells."""
    text = clean(raw, line=True)
    return text if text.isascii() and len(text) <= cells else cut(text, cells)


def width_of(spans: Iterable[Span]) -> int:
    """Cells that the spans take."""
    return sum(cell_len(text) for text, _tone in spans)


def fit(spans: Iterable[Span], cells: int) -> Line:
    """The spans in exactly `cells` cells: the last that fits is cut, what is missing becomes blanks.

    Neighbours of one tone become one span: each costs time when painted.
    """
    line: Line = []
    left = cells
    for text, tone in spans:
        size = cell_len(text)
        if size > left:
            text = cut(text, left)
            size = cell_len(text)
            _append(line, text, tone)
            left -= size
            break
        _append(line, text, tone)
        left -= size
    if left > 0:
        _append(line, " " * left, Tone.PLAIN)
    return line


def _append(line: Line, text: str, tone: Tone) -> None:
    if not text:
        return
    # A leading variation selector would widen the character before it, were they joined.
    if not line or line[-1][1] is not tone or text[0] == "\ufe0f":
        line.append((text, tone))
    else:
        line[-1] = (line[-1][0] + text, tone)


def spread(left: Iterable[Span], right: Line, cells: int) -> Line:
    """`left` and `right` at their edges of `cells` cells, a blank between; left is cut where both don't fit."""
    room = cells - width_of(right) - 1
    if room < 0:
        return fit(right, cells)
    return [*fit(left, room), (" ", Tone.PLAIN), *right]


def count_word(count: int, unsure: int) -> str:
    """A count, what central has confirmed apart from what waits for it: `6 +2~` are eight, two of them unconfirmed."""
    unsure = min(unsure, count)
    return f"{count - unsure} +{unsure}~" if unsure else str(count)


def plain(spans: Iterable[Span]) -> str:
    """The text alone, as a screen reader or a snapshot sees it."""
    return "".join(text for text, _tone in spans)


def bar(share: float, cells: int) -> str:
    """A bar of `cells` cells of which `share` (0..1, clamped) is used; any use at all shows, and only all fills it."""
    full = round(min(max(share, 0.0), 1.0) * cells)
    if 0 < share < 1:
        full = min(max(full, 1), cells - 1)
    return _FULL * full + _EMPTY * (cells - full)


def wrap(text: str, cells: int) -> list[str]:
    """`text` (cleaned) in lines of at most `cells` cells, broken at blanks; a longer word is broken where it must be.

    Line feeds are kept, leading blanks of a line too; at least one line comes back.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += _wrap_line(paragraph.rstrip(), max(cells, 2))
    return lines


def _wrap_line(paragraph: str, cells: int) -> list[str]:
    if cell_len(paragraph) <= cells:
        return [paragraph]
    lines: list[str] = []
    current: str | None = None
    used = 0
    for word in paragraph.split(" "):
        size = cell_len(word)
        if current is not None and used + 1 + size <= cells:
            current, used = f"{current} {word}", used + 1 + size
            continue
        if current is not None:
            lines.append(current.rstrip())
        if size > cells:
            *full, word = _break(word, cells)
            lines += full
            size = cell_len(word)
        current, used = word, size
    return [*lines, current or ""]


def _break(word: str, cells: int) -> list[str]:
    """`word` in pieces of at most `cells` cells; what makes one character on the screen stays together."""
    if word.isascii():
        return [word[at : at + cells] for at in range(0, len(word), cells)]
    pieces: list[str] = []
    start = used = 0
    for begin, _end, size in split_graphemes(word)[0]:
        if used + size > cells:
            pieces.append(word[start:begin])
            start, used = begin, 0
        used += size
    return [*pieces, word[start:]]
