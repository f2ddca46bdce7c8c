"""Escape sequences, all of them. Nothing else in the product writes one, so nothing else can be tricked into it.

Each function returns a complete sequence whose payload can't end it early; the caller writes it to the terminal.
"""

import base64
import re
from enum import StrEnum

from .errors import MscError
from .text import clean

_ESC = "\x1b"
_ST = f"{_ESC}\\"
_BEL = "\x07"
_PAYLOAD = re.compile(r"[^\x20-\x7e\xa0-\U0010ffff]")

COPY_BYTES = 74_994
"""Most bytes of one copy: xterm's and tmux' limit for OSC 52, counted before base64."""
NOTICE_CELLS = 120


class Notify(StrEnum):
    """The ways of calling for attention; which one a terminal knows can't be asked, so it is a setting."""

    OFF = "off"
    BELL = "bell"
    OSC9 = "osc9"
    """A desktop message in iTerm2, Windows Terminal, WezTerm, kitty."""
    OSC777 = "osc777"
    """A desktop message with a title in urxvt, foot, Ghostty, VTE."""


def _payload(text: str, cap: int = NOTICE_CELLS) -> str:
    """One line that ends no sequence and opens none; `;` separates fields of OSC 777, so it goes too."""
    return _PAYLOAD.sub("", clean(text, line=True, cap=cap)).replace(";", ",")


def copy(text: str) -> str:
    """Put `text` on the clipboard of the person's own machine, also over SSH (OSC 52).

    MscError `copy_too_long` (data: bytes, most) rather than a silent cut.
    """
    raw = clean(text).encode()
    if len(raw) > COPY_BYTES:
        raise MscError("copy_too_long", bytes=len(raw), most=COPY_BYTES)
    return f"{_ESC}]52;c;{base64.b64encode(raw).decode()}{_ST}"


def title(text: str) -> str:
    """Name the terminal's window or tab (OSC 2)."""
    return f"{_ESC}]2;{_payload(text)}{_ST}"


def bell() -> str:
    """Ring."""
    return _BEL


def notify(way: Notify, heading: str, body: str = "") -> str:
    """Call for attention in the chosen way; empty when that is off."""
    heading, body = _payload(heading), _payload(body)
    match way:
        case Notify.BELL:
            return _BEL
        case Notify.OSC9:
            # OSC 9 with a leading digit and `;` is a progress bar in some terminals; `;` can't occur here.
            return f"{_ESC}]9;{': '.join(part for part in (heading, body) if part)}{_ST}"
        case Notify.OSC777:
            return f"{_ESC}]777;notify;{heading};{body}{_ST}"
        case Notify.OFF:
            return ""


def other_screen(shown: bool) -> str:
    """To the screen without a scrollback, or back from it; it is wiped before it is left."""
    return f"{_ESC}[?1049h{blank()}" if shown else f"{blank()}{_ESC}[?1049l"


def blank() -> str:
    """Wipe the screen and begin at its top."""
    return f"{_ESC}[2J{_ESC}[H"


def white_on_black(text: str) -> str:
    """A line in these colours, whatever the terminal's own are."""
    return f"{_ESC}[97;40m{_PAYLOAD.sub('', text)}{_ESC}[0m"


_ALLOWED = re.compile(
    rf"(?:{_BEL}|{_ESC}\](?:52;c;[A-Za-z0-9+/=]*|2;[^\x00-\x1f\x7f-\x9f]*|9;[^\x00-\x1f\x7f-\x9f;]*"
    rf"|777;notify;[^\x00-\x1f\x7f-\x9f;]*;[^\x00-\x1f\x7f-\x9f;]*){_ESC}\\)*"
)


def allowed(sequence: str) -> bool:
    """Whether `sequence` is made of nothing but what this module gives: the last check before a write."""
    return _ALLOWED.fullmatch(sequence) is not None
