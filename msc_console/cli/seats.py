"""Coming to the desk for one command: the unlocked session, or a password asked for on a terminal."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from .. import config
from ..config import Home, Settings
from ..errors import NotAllowed, UsageError
from ..i18n import _
from . import manner, talk

if TYPE_CHECKING:
    from ..desk import Desk, Seat
    from ..desk.reading import Reading

S = TypeVar("S", bound="Seat")


def place() -> tuple[Home, Settings]:
    """This laptop's home and settings; files made from now on are for their owner alone."""
    config.private_umask()
    home = Home.locate()
    return home, config.load(home)


def reading() -> "Reading":
    """A desk to look at things. NotAllowed `signed_out` when nobody is signed in and nobody can be asked."""
    from ..desk import opening

    return _seated(opening.sit_down_to_read)


def acting() -> "Desk":
    """A desk to do things at. Errors as `reading`."""
    from ..desk import opening

    return _seated(opening.sit_down)


def _seated(sit: Callable[[Home, Settings], S]) -> S:
    import click

    home, chosen = place()
    try:
        desk = sit(home, chosen)
    except NotAllowed as away:
        if away.key != "signed_out" or not terminal() or not _unlocked(home):
            raise
        desk = sit(home, chosen)
    click.get_current_context().call_on_close(desk.leave)
    manner.sit(desk)
    return desk


def terminal() -> bool:
    """Whether a person can be asked something."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(prompt: str) -> str:
    """A line from the terminal; the prompt is talk."""
    sys.stderr.write(f"{prompt}: ")
    sys.stderr.flush()
    return line()


def line() -> str:
    """The next line of standard input. UsageError `line_missing` at its end."""
    raw = sys.stdin.readline()
    if not raw:
        raise UsageError("line_missing")
    return raw.rstrip("\r\n")


def ask_secret(prompt: str) -> str:
    """Something typed unseen, asked on the terminal itself."""
    import getpass

    return getpass.getpass(f"{prompt}: ", stream=sys.stderr)


def _unlocked(home: Home) -> bool:
    """Ask whoever signed in last for the password. False when nobody has a vault here."""
    from ..desk import opening

    login = opening.current_login(home)
    if login is None or not home.person(login).vault.exists():
        return False
    talk.say(_("Locked. Sign in as {login}.").format(login=login))
    opening.unlock(home, login, ask_secret(_("Password")))
    return True
