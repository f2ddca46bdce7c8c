"""A small Markdown as lines: headings, lists, quotes, tables, code, bold, italic, `code`. A pure function.

What it does not know stays as it was written: an article is never lost to its mark-up.
"""

import re
from collections.abc import Iterator

from rich.cells import cell_len

from msc_console.text import clean

from .paint import Line, Tone, wrap
from .table_lines import table_lines

_INLINE = re.compile(r"\*\*(?P<bold>\S[^*]*)\*\*|\*(?P<soft>\S[^*]*)\*|`(?P<code>[^`]+)`")
_ITEM = re.compile(r"(?P<indent> *)(?P<mark>[-*+]|\d{1,3}[.)]) +(?P<text>.*)")
_HEADING = re.compile(r"(#{1,6}) +(.*)")
_FENCE = re.compile(r" *(```|~~~)")
_TONES = {"bold": Tone.STRONG, "soft": Tone.DIM, "code": Tone.ACCENT}


def lines_of(text: str, width: int) -> list[Line]:
    """`text` (raw) in lines of at most `width` cells."""
    lines: list[Line] = []
    table: list[str] = []
    fenced = False
    for block in (*_paragraphs(clean(text)), ""):
        if block.startswith("|") and not fenced:
            table.append(block)
            continue
        if table:
            lines += table_lines(table, width, _plain)
            table = []
        if _FENCE.match(block):
            fenced = not fenced
        elif fenced:
            lines += [[(f"  {piece}", Tone.ACCENT)] for piece in wrap(block, width - 2)]
        elif not block.strip():
            if lines and lines[-1]:
                lines.append([])
        else:
            lines += _block(block, width)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _paragraphs(text: str) -> Iterator[str]:
    """Blocks: lines that follow each other in running text are one, everything else stands alone."""
    running: list[str] = []
    fenced = False
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        alone = fenced or fence or not line.strip() or _HEADING.match(line) or _ITEM.match(line) or line[0] in ">|"
        fenced ^= bool(fence)
        if alone and running:
            yield " ".join(running)
            running = []
        if not alone:
            running.append(line.strip())
        elif not fenced and _ITEM.match(line):
            running.append(line.rstrip())  # its text may go on in the next line
        else:
            yield line
    if running:
        yield " ".join(running)


def _block(block: str, width: int) -> list[Line]:
    if heading := _HEADING.match(block):
        tone = Tone.ACCENT if len(heading[1]) > 1 else Tone.STRONG
        return [[(piece, tone)] for piece in wrap(_plain(heading[2]), width)]
    if block.startswith(">"):
        return _wrapped(block.lstrip("> "), width, "\u2503 ", "\u2503 ", Tone.ACCENT)
    if item := _ITEM.match(block):
        mark = "\u2022" if item["mark"] in "-*+" else item["mark"]
        head = f"{item['indent'][:8]}{mark} "
        return _wrapped(item["text"], width, head, " " * cell_len(head), Tone.ACCENT)
    return _wrapped(block, width, "", "", Tone.PLAIN)


def _plain(text: str) -> str:
    return "".join(word for word, _tone in _spans(text))


def _spans(text: str) -> Line:
    """`text` with its inline marks taken for tones."""
    spans: Line = []
    at = 0
    for found in _INLINE.finditer(text):
        if found.start() > at:
            spans.append((text[at : found.start()], Tone.PLAIN))
        kind = found.lastgroup or "bold"
        spans.append((found[kind], _TONES[kind]))
        at = found.end()
    if at < len(text):
        spans.append((text[at:], Tone.PLAIN))
    return spans


def _wrapped(text: str, width: int, head: str, hang: str, tone: Tone) -> list[Line]:
    """`text` behind `head`, the lines after the first behind `hang`, tones kept across the breaks."""
    spans = _spans(text)
    plain = "".join(word for word, _tone in spans)
    room = max(width - cell_len(hang), 2)
    tones = [kind for word, kind in spans for _letter in word]
    lines: list[Line] = []
    at = 0
    for piece in wrap(plain, room):
        at = max(plain.find(piece, at), at)
        line: Line = [(hang if lines else head, tone)] if head else []
        for letter, kind in zip(piece, tones[at : at + len(piece)], strict=False):
            if line and line[-1][1] is kind and (len(line) > 1 or not head):
                line[-1] = (line[-1][0] + letter, kind)
            else:
                line.append((letter, kind))
        at += len(piece)
        lines.append(line)
    return lines
