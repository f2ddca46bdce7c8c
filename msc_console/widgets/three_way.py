"""Three values side by side: what was seen, what was wanted, what is there now, with who and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msc_console.i18n import _
from msc_console.text import clean

from . import words
from .paint import Line, Tone, line_of, pad, wrap

NAME_CELLS = 13
MOST_LINES = 3
"""Lines that a value takes at most; the rest is cut."""
MOST_CELLS = 44
"""Columns further apart than this are hard to compare."""
GAP = 2


@dataclass(frozen=True, slots=True)
class Side:
    """One of the three: its heading, and who made it so and when (raw; empty = nothing to tell)."""

    head: str
    who: str = ""


def three_ways(
    fields: Mapping[str, Sequence[Any]], sides: tuple[Side, Side, Side], width: int, names: Mapping[str, str]
) -> list[Line]:
    """The table in `width` cells. `fields`: name -> the three values in plain types; `names`: words for ids and keys.

    The second column stands out as one's own, the third as what others made of it; a value that equals what was seen
    is dim, so that what differs is found at a glance.
    """
    cells = min(max((width - NAME_CELLS) // 3, 8), MOST_CELLS)
    lines: list[Line] = [_row("", [side.head for side in sides], cells, (Tone.DIM,) * 3)]
    if any(side.who for side in sides):
        lines.append(_row("", [side.who for side in sides], cells, (Tone.DIM,) * 3))
    for name, values in fields.items():
        three = [*values, None, None, None][:3]
        shown = [value_word(name, value, names) for value in three]
        tones = (
            Tone.PLAIN,
            Tone.STRONG if three[1] != three[0] else Tone.DIM,
            Tone.WARN if three[2] != three[0] else Tone.DIM,
        )
        wrapped = [_cut(wrap(text, cells - GAP), cells - GAP) for text in shown]
        for at in range(max(map(len, wrapped))):
            texts = [part[at] if at < len(part) else "" for part in wrapped]
            lines.append(_row(words.field_word(name) if at == 0 else "", texts, cells, tones))
    return lines


def _row(name: str, texts: Sequence[str], cells: int, tones: Sequence[Tone]) -> Line:
    head: Line = [(pad(line_of(name, NAME_CELLS - 1), NAME_CELLS), Tone.DIM)]
    return head + [(pad(line_of(text, cells - GAP), cells), tone) for text, tone in zip(texts, tones, strict=True)]


def _cut(lines: list[str], cells: int) -> list[str]:
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[: MOST_LINES - 1], line_of(lines[MOST_LINES - 1] + " \u2026" * cells, cells)]


def value_word(name: str, value: Any, names: Mapping[str, str], *, line: bool = True) -> str:
    """A field's value in words; `names` has persons, queues and services by id and key."""
    if value in (None, ""):
        return "\u2014"
    if name == "state":
        return words.state_word(str(value))
    if name in ("urgency", "impact"):
        return words.level_word(str(value))
    if name == "priority":
        return words.priority_mark(str(value))
    if name == "tier":
        return words.tier_word(str(value))
    if name == "owner" and str(value) not in names:
        return _("a colleague")
    return clean(names.get(str(value), str(value)), line=line)
