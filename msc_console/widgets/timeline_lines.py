"""A timeline as lines: pure functions of frozen entries, a width and a zone.

What the customer can see has an unbroken edge `┃`, what is internal a broken one `┊`; an act of this laptop that
central has not answered has `•`. Bodies are wrapped, never shortened.
"""

from datetime import date, tzinfo

from rich.cells import cell_len

from msc_console.domain.model import Entry
from msc_console.domain.terms import Channel, Delivery, EntryKind, Op, Visibility
from msc_console.i18n import _, local
from msc_console.text import clean

from .act_words import Names, parts_of
from .paint import Line, Tone, fit, line_of, pad, wrap

_INDENT = 9
_GLYPHS: dict[str, str] = {
    EntryKind.NOTE: "\u270e",
    EntryKind.REPLY: "\u2192",
    EntryKind.MESSAGE: "\u2709",
    EntryKind.CALL: "\u260e",
    EntryKind.TIME: "\u25f7",
    EntryKind.CHANGE: "\u00b7",
    EntryKind.ESCALATION: "\u21e7",
    EntryKind.IMPORTED: "\u21a7",
}


def lines_of(entry: Entry, width: int, zone: tzinfo, names: Names) -> list[Line]:
    """One entry in lines of exactly `width` cells: time, mark, glyph, author, what was done; then the body."""
    who_cells = 14 if width >= 70 else 8
    start = _INDENT + 2 + who_cells + 1
    head = " \u00b7 ".join([*parts_of(entry, names), *_remarks(entry)])
    body = clean(entry.body).strip("\n")
    public = entry.visibility == Visibility.PUBLIC or _from_customer(entry, names)
    short = body and "\n" not in body and entry.kind == EntryKind.NOTE
    if short and len(wrap(f"{head} \u00b7 {body}", width - start - 1)) == 1:
        head, body = f"{head} \u00b7 {body}", ""
    tone = Tone.PLAIN if public and entry.delivery != Delivery.FAILED else _tone(entry)
    first, *rest = wrap(head, width - start - 1)
    lines = [fit([*_prefix(entry, who_cells, zone, names), (first, tone)], width)]
    lines += [fit([(" " * start, Tone.PLAIN), (text, tone)], width) for text in rest]
    if body:
        lines += _body(body, width, tone, public=public)
    return lines


def day_line(day: date, width: int) -> Line:
    """The line before the first entry of a day."""
    text = _("{date:%d/%m/%Y}").format(date=day)
    return fit([(f"  \u2500\u2500 {text} " + "\u2500" * max(width - len(text) - 7, 0), Tone.DIM)], width)


def unread_line(width: int) -> Line:
    """The line before the first entry that the person hasn't seen."""
    word = _("unread")
    text = f"  {word}  "
    dashes = "\u2500 " * width
    half = max((width - len(text)) // 2, 2)
    return fit([(f"  {dashes[: half - 2]}{text}{dashes[: max(width - half - len(text), 0)]}", Tone.WARN)], width)


def _prefix(entry: Entry, who_cells: int, zone: tzinfo, names: Names) -> Line:
    pending = entry.received_at is None
    customer = entry.kind == EntryKind.MESSAGE or _from_customer(entry, names)
    glyph = _GLYPHS.get(EntryKind.MESSAGE if customer else entry.kind, "\u00b7")
    if customer and entry.channel == Channel.PHONE:
        glyph = _GLYPHS[EntryKind.CALL]
    return [
        (f"  {local(entry.at, zone):%H:%M}", Tone.DIM),
        (" \u2022" if pending else "  ", Tone.WARN),
        (f"{glyph} ", Tone.ACCENT if customer else Tone.DIM),
        (pad(_who(entry, who_cells, names), who_cells), Tone.STRONG),
        (" ", Tone.PLAIN),
    ]


def _who(entry: Entry, cells: int, names: Names) -> str:
    """Author or contact; the first name where the whole doesn't fit. Nobody is the system."""
    customer = _from_customer(entry, names)
    if not customer and entry.author is not None and entry.author not in names and entry.kind == EntryKind.CHANGE:
        return _("system")  # central acts as itself, and is nobody in the list of persons
    raw = names[entry.contact or ""] if customer else entry.author_name
    raw = raw or names.get(entry.author or entry.contact or "", "")
    if not raw:
        return _("system") if entry.author is None and entry.contact is None else line_of(entry.author or "?", cells)
    name = line_of(raw, 4 * cells)
    return name if cell_len(name) <= cells or not name.strip() else name.split()[0]


def _from_customer(entry: Entry, names: Names) -> bool:
    """Whether the words that opened the ticket are the contact's own: no person of the centre typed them."""
    opening = entry.act == Op.TICKET_CREATE and bool(entry.body)
    return opening and entry.author not in names and (entry.contact or "") in names


def _tone(entry: Entry) -> Tone:
    if entry.delivery == Delivery.FAILED:
        return Tone.LATE
    if entry.kind == EntryKind.NOTE or (entry.body and entry.visibility != Visibility.PUBLIC):
        return Tone.INTERNAL
    return Tone.PLAIN if entry.visibility == Visibility.PUBLIC else Tone.DIM


def _remarks(entry: Entry) -> list[str]:
    remarks = []
    if entry.received_at is None:
        remarks.append(_("waiting for central"))
    if entry.late:
        remarks.append(_("late: the ticket had changed hands"))
    if entry.data.get("erased"):
        remarks.append(_("words erased"))
    if entry.supersedes:
        remarks.append(_("corrects an earlier entry"))
    return remarks


def _body(body: str, width: int, tone: Tone, *, public: bool) -> list[Line]:
    edge = "\u2503 " if public else "\u250a "
    return [
        fit([(" " * _INDENT, Tone.PLAIN), (edge, Tone.ACCENT if public else Tone.DIM), (text, tone)], width)
        for text in wrap(body, width - _INDENT - 3)
    ]
