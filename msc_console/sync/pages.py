"""What arrives from central, read strictly and made harmless before anything else of the laptop sees it.

A page of changes counts only whole: every line readable, the `end` line last, its row count right. Anything less is a
cut reply, and the page is asked for again; applying half a page would move the cursor past rows that never came.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct

from .. import text
from .faults import Broken, Fault
from .wire import Line

S = TypeVar("S", bound=Struct)

LINES = frozenset({"put", "leave", "del"})
"""Line types of this version. A newer central's other lines are counted and passed over."""

SINGLE = frozenset({
    "alias", "channel", "contact_name", "language", "login", "name", "number", "organisation_name", "subject", "title",
})  # fmt: skip
"""Keys whose text is one line wherever it is shown."""

_SHORT = 256
_lines = msgspec.json.Decoder(Line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole page. `lines` are puts, leaves and dels in feed order; `cursor` is where the next page begins."""

    lines: tuple[Line, ...]
    cursor: str
    up_to_date: bool
    server_time: str


def clean_line(value: str) -> str:
    """One harmless line, quickly for the plain text that nearly everything is."""
    if len(value) <= _SHORT and value.isascii() and value.isprintable():
        return value
    return text.clean(value, line=True)


def clean_tree(value: Any, *, line: bool = False) -> Any:
    """`value` (JSON types) with every text in it cleaned, keys too. `line`: one line each."""
    if isinstance(value, str):
        if len(value) <= _SHORT and value.isascii() and value.isprintable():
            return value
        return text.clean(value, line=line)
    if isinstance(value, dict):
        return {clean_line(key): clean_tree(item, line=line or key in SINGLE) for key, item in value.items()}
    if isinstance(value, list):
        return [clean_tree(item, line=line) for item in value]
    return value


def untouched(raw: bytes) -> bool:
    """Whether cleaning would change no text in these lines of JSON, whatever their keys: without a backslash a string
    has no controls and no line feeds. UnicodeDecodeError for bytes that are no text."""
    if b"\\" in raw or b"\x7f" in raw or _long(raw):
        return False
    return raw.isascii() or text.plain(raw.decode())


def _long(raw: bytes) -> bool:
    """Whether a string may be longer than a line's cap: no quote in so many bytes."""
    at, last = 0, len(raw) - text.LINE_CAP
    while at < last:
        quote = raw.rfind(b'"', at, at + text.LINE_CAP)
        if quote < 0:
            return True
        at = quote + 1
    return False


def read_lines(body: bytes) -> list[Line]:
    """Lines of NDJSON, each readable and clean. Raises as the decoder does; `Broken(CUT)` for a row without its
    parts."""
    lines = _lines.decode_lines(body)
    if untouched(body):
        return [_checked(line) for line in lines]
    raws = [raw for raw in body.split(b"\n") if raw.strip()]
    if len(raws) != len(lines):
        return [_clean(_checked(line)) for line in lines]
    return [_checked(line) if untouched(raw) else _clean(_checked(line)) for line, raw in zip(lines, raws, strict=True)]


def decode(body: bytes, kind: type[S], fault: Fault) -> S:
    """`body` as a message of `kind`; anything else is `fault`."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Broken(fault) from error


def clean_message(message: S) -> S:
    """A message with every text of it on one clean line (free text within `data` keeps its lines)."""
    changed: dict[str, Any] = {}
    for name in message.__struct_fields__:
        value = getattr(message, name)
        if isinstance(value, str):
            changed[name] = clean_line(value)
        elif isinstance(value, Struct):
            changed[name] = clean_message(value)
        elif isinstance(value, list) and value and isinstance(value[0], Struct):
            changed[name] = [clean_message(item) for item in value]
        elif isinstance(value, (dict, list)):
            changed[name] = clean_tree(value)
    return msgspec.structs.replace(message, **changed) if changed else message


def read_page(body: bytes) -> Page:
    """The NDJSON `body` of `GET /v1/changes`. `Broken(CUT)` for anything but one whole page."""
    lines, end = read_whole(body)
    if not end.cursor:
        raise Broken(Fault.CUT)
    return Page(lines=lines, cursor=end.cursor, up_to_date=end.up_to_date, server_time=clean_line(end.server_time))


def read_whole(body: bytes) -> tuple[tuple[Line, ...], Line]:
    """The rows of an NDJSON reply and its `end` line. `Broken(CUT)` when a line is missing or unreadable."""
    try:
        lines = read_lines(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Broken(Fault.CUT) from error
    if not lines or lines[-1].t != "end":
        raise Broken(Fault.CUT)
    end = lines.pop()
    if len(lines) != end.rows or any(line.t == "end" for line in lines):
        raise Broken(Fault.CUT)
    return tuple(line for line in lines if line.t in LINES), end


def _checked(line: Line) -> Line:
    if line.t in LINES and (not line.entity or not line.id or (line.t == "put" and line.d is UNSET)):
        raise Broken(Fault.CUT)
    return line


def _clean(line: Line) -> Line:
    if line.t not in LINES:
        return line
    return Line(
        t=line.t,
        entity=clean_line(line.entity),
        id=clean_line(line.id),
        seq=line.seq,
        d=UNSET if line.d is UNSET else clean_tree(line.d),
    )
