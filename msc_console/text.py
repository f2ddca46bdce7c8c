"""Text that others wrote, made harmless for a terminal: ESC, C1 and bidi controls of a ticket could otherwise reach it.

`clean` runs when central stores and when a laptop ingests; `BAD` is the last net, at render and on human CLI output.
"""

import re
import unicodedata
from functools import cache

BODY_CAP = 256 * 1024
"""Most characters of a body; as much as one push may carry."""
LINE_CAP = 1000
"""Most characters of a name, subject or other single line."""
MARKS = 3
"""Most combining marks kept on one letter; no living script stacks more."""
_CUT = "<cut>"

BAD = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200b\\u200c\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb"
    "\\U000e0000-\\U000e007f]"
)
"""What a painted segment must not hold, all of width 0. ZWJ passes: emoji need it, and `clean` took the others."""

_EMOJI = "\\u2190-\\u21ff\\u2300-\\u23ff\\u2600-\\u27bf\\u2b00-\\u2bff\\U0001f000-\\U0001faff"
_JOINER = f"(?P<joiner>(?:(?<=[{_EMOJI}])|(?<=[{_EMOJI}]\\ufe0f))\\u200d(?=[{_EMOJI}]))"

# Cc, Cf, Cs, Co, Zl and Zp, and what BAD deletes although Unicode has not assigned it. A test walks all code points.
_SPECIAL = (
    f"{_JOINER}|\\r\\n|"
    "[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\xad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u180e\\u200b-\\u200f"
    "\\u2028-\\u202e\\u2060-\\u206f\\ud800-\\uf8ff\\ufeff\\ufff9-\\ufffb\\U000110bd\\U000110cd\\U00013430-\\U0001343f"
    "\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0000-\\U000e007f\\U000f0000-\\U0010ffff]"
)

# A prefilter: every combining mark is in here, the common scripts and emoji are not.
_MAYBE_MARKS = (
    "[^\\x00-\\u02ff\\u2000-\\u20cf\\u2100-\\u2cee\\u3040-\\u3098\\u309b-\\u9fff\\uac00-\\ud7ff\\U0001f000-\\U0001faff]"
    f"{{{MARKS + 1},}}"
)


@cache
def _special() -> re.Pattern[str]:
    """Made when it is first needed: most text is plain, and a start need not wait for it."""
    return re.compile(_SPECIAL)


@cache
def _maybe_marks() -> re.Pattern[str]:
    return re.compile(_MAYBE_MARKS)


def _token(found: re.Match[str]) -> str:
    text = found.group()
    if text == "\r\n":
        return "\n"
    if text == "\t":
        return "    "
    code = ord(text)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    if found.lastgroup == "joiner":
        return text
    return f"<U+{code:04X}>"


def _unstack(found: re.Match[str]) -> str:
    """The same run with the marks after the third of a letter gone."""
    kept, marks = [], 0
    for char in found.group():
        marks = marks + 1 if unicodedata.category(char)[0] == "M" else 0
        if marks <= MARKS:
            kept.append(char)
    return "".join(kept)


def plain(s: str) -> bool:
    """Whether `clean` finds nothing in `s` to change, line feeds and length aside. False may mean "look closer"."""
    return (s.isascii() or not _maybe_marks().search(s)) and not _special().search(s)


def clean(s: str, *, line: bool = False, cap: int | None = None) -> str:
    """`s` fit for any screen; a second pass changes nothing.

    Controls become visible pictures or `<U+XXXX>`, tabs four spaces, CRLF a line feed, lone surrogates U+FFFD; ZWJ
    stays between emoji. `line`: a line feed becomes `␊`. `cap`: most characters left (LINE_CAP or BODY_CAP by
    default), the rest is replaced by `<cut>`.
    """
    limit = cap if cap is not None else LINE_CAP if line else BODY_CAP
    if limit < len(_CUT):
        raise ValueError(f"cap under {len(_CUT)}: {limit}")
    whole = len(s)
    s = s[: limit * 4]  # a hostile megabyte is not worth its own cleaning
    longer = len(s) < whole
    if not s.isascii():
        s = _maybe_marks().sub(_unstack, s)
    if not (s.isascii() and s.isprintable()):
        s = _special().sub(_token, s)
    if line:
        s = s.replace("\n", "\u240a")
    if longer or len(s) > limit:
        # A joiner at the edge would have lost its second emoji.
        s = s[: limit - len(_CUT)].rstrip("\u200d") + _CUT
    return s


def paintable(s: str) -> str:
    """`s` without the characters of BAD: for words that were cleaned at ingest, right before they are shown."""
    return BAD.sub("", s)


def cut(s: str, cells: int) -> str:
    """`s` in at most `cells` terminal cells, with `…` where something was left out. No wide character is halved."""
    from rich.cells import cell_len, set_cell_size

    if cells <= 0:
        return ""
    head = s[: cells * 8]
    if len(head) < len(s) and cell_len(head) <= cells:
        head = s
    if cell_len(head) <= cells:
        return head
    return set_cell_size(head, cells - 1).rstrip() + "\u2026"
