"""Setting an authenticator up at a terminal: the seed on the alternate screen alone, then two codes, then the recovery
codes, which are shown once and leave nothing in the scrollback."""

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .. import terminal
from ..errors import MscError, UsageError
from ..i18n import _
from ..messages import sentence
from . import seats
from .talk import say

if TYPE_CHECKING:
    from ..desk.opening import SigningIn

TRIES = 5
GAP, LEAST_WORDS, PROMPTS = "  ", 24, 2


def by_terminal(flow: "SigningIn") -> None:
    """The whole set-up of a sign-in that asks for it. UsageError `setup_needs_terminal` where nobody can be asked."""
    if not seats.terminal():
        raise UsageError("setup_needs_terminal")
    with aside():
        seed = flow.seed()
        codes = _confirmed(flow, seed.secret, seed.uri)
        show_recovery(codes)


def choose_password(flow: "SigningIn") -> None:
    """Another password, asked twice until it may do."""
    from ..desk.opening import UNFIT

    for left in range(TRIES - 1, -1, -1):
        try:
            flow.own_password(seats.ask_secret(_("New password")), seats.ask_secret(_("New password, again")))
            return
        except MscError as error:
            if error.key not in UNFIT or not left:
                raise
            say(sentence(error.key, error.data))


def _beside(code: list[str], words: list[str]) -> list[str]:
    """The code with words at its right; where the window has no room for it, the words alone."""
    wide, high = shutil.get_terminal_size()
    room = wide - len(code[0]) - len(GAP)
    if room < LEAST_WORDS or high < len(code) + PROMPTS:
        return words
    lines = [line for text in words for line in textwrap.wrap(text, room) or [""]]
    lines += [""] * (len(code) - len(lines))
    painted = [terminal.white_on_black(row) for row in code]
    return [row + GAP + line for row, line in zip(painted, lines, strict=False)]


@contextmanager
def aside() -> Iterator[None]:
    """The terminal's other screen, wiped before it is left: nothing of it stays in the scrollback."""
    sys.stderr.write(terminal.other_screen(True))
    try:
        yield
    finally:
        sys.stderr.write(terminal.other_screen(False))
        sys.stderr.flush()


def _confirmed(flow: "SigningIn", secret: str, uri: str) -> list[str]:
    from .. import authenticator
    from ..desk.opening import UNFIT

    told = ""
    for left in range(TRIES - 1, -1, -1):
        words = told or _("Scan it with the authenticator, or type the text in. Then two codes, one after the other.")
        page(_beside(authenticator.rows(uri), [*authenticator.grouped(secret), "", words]))
        first = ask(_("Code"))
        second = ask(_("The next code"))
        try:
            return flow.confirm(first, second)
        except MscError as error:
            if error.key not in ("codes_wrong", "code_clock", *UNFIT) or not left:
                raise
            told = sentence(error.key, error.data)
            if error.key in UNFIT:
                page([told])
                choose_password(flow)
                told = ""
    raise AssertionError("the last try raises")


def show_recovery(codes: Sequence[str]) -> None:
    """The codes, until they are copied."""
    page([
        _("Recovery codes, each good once in place of a code. Write them down now: they are never shown again."),
        "",
        *(f"  {code}" for code in codes),
        "",
    ])  # fmt: skip
    ask(_("Enter when they are written down"))


def page(lines: Sequence[str]) -> None:
    """These lines alone on the screen."""
    sys.stderr.write(terminal.blank() + "\r\n".join(lines) + "\r\n")


def ask(prompt: str) -> str:
    """A code typed in full sight, without its blanks."""
    return seats.ask(prompt).strip().replace(" ", "")
