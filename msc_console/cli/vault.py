"""`msc vault`: how this laptop's keys are kept, and bringing them back."""

from pathlib import Path
from typing import Annotated

import typer

from .. import clock
from ..config import Home
from ..errors import NotAllowed, UsageError
from ..i18n import _, when
from . import seats
from .output import emit_one, pairs
from .talk import say


def status() -> None:
    """How the keys are kept, until when the laptop opens without central, whether unsent work can be brought back."""
    from ..desk import keeping

    desk = seats.reading()
    home, chosen = seats.place()
    login = desk.unlocked.login
    found = keeping.standing(home, login, desk.cache)
    until = clock.iso(found.until) if found.until else None
    document = {"login": login, "vault": found.mode, "offline_until": until, "recoverable": found.recoverable}

    def text() -> str:
        return pairs(
            [
                (_("Vault"), _("password only") if found.mode == "password" else _("password and keyring")),
                (_("Opens without central until"), when(found.until, chosen.zone) if found.until else "-"),
                (
                    _("Recovery key"),
                    _("unsent work can be brought back by two people") if found.recoverable else _("none"),
                ),
            ]
        )

    emit_one(document, found.mode, text)


def keyring() -> None:
    """From the password alone to password and the system's keyring."""
    from ..desk import keeping

    home, login = _here()
    keeping.to_keyring(home, login, _password())
    say(_("From now on this laptop needs the password and the system's keyring."))


def password() -> None:
    """From password and keyring to the password alone, where policy permits it."""
    from ..desk import keeping

    home, login = _here()
    keeping.to_password(home, login, _password())
    say(_("From now on the password alone opens this laptop, and without central for half as long."))


def passwd(
    stdin: Annotated[bool, typer.Option("--stdin", help=_("The old and the new one as two lines of input"))] = False,
) -> None:
    """Another password: at central, and for this laptop. Your other sessions end."""
    from ..desk import keeping
    from ..desk.opening import LEAST_CHARACTERS as LEAST

    if not stdin and not seats.terminal():
        raise UsageError("login_needs_terminal")
    desk = seats.reading()
    if stdin:
        old, new = seats.line(), seats.line()
    else:
        old = seats.ask_secret(_("Password"))
        keeping.prove(desk, old)
        new = seats.ask_secret(_("New password, at least {least} characters").format(least=LEAST))
        if len(new) < LEAST:
            raise UsageError("password_too_short", least=LEAST)
        if seats.ask_secret(_("New password, again")) != new:
            raise UsageError("passwords_differ")
    keeping.change_password(desk, old, new)
    say(_("The password is changed, here and at central. Other laptops ask for the former one once."))


def rotate() -> None:
    """Encrypt the cache anew under another key. Nobody may be at work here meanwhile."""
    from ..desk import keeping

    home, login = _here()
    keeping.change_key(home, login, _password())
    say(_("The cache has another key. Sign in again: msc login."))


def recover(
    ask: Annotated[
        Path | None,
        typer.Option("--ask", help=_("Write the request for the recovery key's holders into this new file")),
    ] = None,
    answer: Annotated[Path | None, typer.Option("--answer", help=_("Their answer; then sign in with central"))] = None,
    user: Annotated[str | None, typer.Option("--user", "-u", metavar="LOGIN", help=_("Whose laptop it is"))] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help=_("Password and code as two lines of standard input"))] = False,
    take_over: Annotated[bool, typer.Option("--take-over", help=_("End the session on another device"))] = False,
) -> None:
    """Bring back what lies on this laptop when password or keyring is lost: ask, then take the answer."""
    from ..desk import keeping
    from .signing import sign_in

    home, login = _here(user)
    if (ask is None) == (answer is None):
        raise UsageError("recover_ask_or_answer")
    if ask is not None:
        keeping.ask_recovery(home, login, ask)
        say(_("The request is in {path}. Both holders of the recovery key answer it at central.").format(path=ask))
    elif answer is not None:
        sign_in(login, stdin=stdin, take_over=take_over, recovered=keeping.recovered(home, login, answer))


def _here(login: str | None = None) -> tuple[Home, str]:
    from ..desk import opening

    home, _chosen = seats.place()
    found = login or opening.current_login(home)
    if found is None or not home.person(found).vault.exists():
        raise NotAllowed("vault_missing")
    return home, found


def _password() -> str:
    """From the terminal, else the first line of standard input; never from the command line."""
    return seats.ask_secret(_("Password")) if seats.terminal() else seats.line()
