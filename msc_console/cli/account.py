"""`msc account`, `msc device enrol`, `msc user reset-2fa`: ways into central, the own one and those of others."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..clock import parse
from ..errors import UsageError
from ..i18n import _, when
from ..messages import sentence
from . import seats, setting_up
from .output import Column, emit, emit_one, pairs, plain
from .talk import say

if TYPE_CHECKING:
    from ..desk import Desk

Login = Annotated[str, typer.Argument(metavar="LOGIN", help=_("Whose"), show_default=False)]


def show() -> None:
    """How you get in, and what central has to tell you about it."""
    from ..desk import accounts

    desk = seats.acting()
    found = accounts.look(desk)
    zone = desk.settings.zone
    told = [(when(parse(notice.at), zone), sentence(notice.code, notice.data, zone)) for notice in found.notices]
    document = {
        "login": found.login,
        "recovery_left": found.recovery_left,
        "notices": [{"at": one.at, "code": one.code, "data": one.data} for one in found.notices],
    }
    rows = [(_("Signed in"), found.login), (_("Recovery codes left"), str(found.recovery_left)), *told]
    emit_one(document, found.login, lambda: pairs(rows))
    accounts.seen(desk, found.notices)


def tell_notices(desk: "Desk") -> None:
    """What the person has not seen yet, said beside; then it counts as seen."""
    from ..desk import accounts

    found = accounts.notices(desk)
    for notice in found:
        say(sentence(notice.code, notice.data, desk.settings.zone))
    accounts.seen(desk, found)


def recovery() -> None:
    """Ten new recovery codes, shown once on a terminal."""
    from ..desk import accounts

    if not seats.terminal():
        raise UsageError("recovery_needs_terminal")
    desk = seats.acting()
    codes = accounts.new_recovery_codes(desk, seats.ask_secret(_("Password")))
    with setting_up.aside():
        setting_up.show_recovery(codes)
    say(_("The former recovery codes are of no use any more."))


def totp() -> None:
    """Go to another telephone: the next sign-in sets it up. All your sessions end."""
    from ..desk import accounts

    if not seats.terminal():
        raise UsageError("recovery_needs_terminal")
    desk = seats.acting()
    password = seats.ask_secret(_("Password"))
    accounts.leave_authenticator(desk, password, setting_up.ask(_("Code from the authenticator, or a recovery code")))
    say(_("Done. Sign in again to set the new authenticator up: msc login."))


def enrol(login: Login) -> None:
    """A code that lets one new laptop of a person in, once, within 15 minutes."""
    from ..desk import accounts

    desk = seats.acting()
    made = accounts.enrol(desk, login)
    rows = [
        (_("Whose laptop"), made.login),
        (_("Code for this laptop"), made.code),
        (_("Good until"), when(parse(made.expires_at), desk.settings.zone)),
    ]
    emit_one(plain(made), made.code, lambda: pairs(rows))


WhoseReset = Annotated[
    str | None,
    typer.Argument(metavar="LOGIN", help=_("Whose; without one, the requests that wait"), show_default=False),
]
Approve = Annotated[bool, typer.Option("--approve", help=_("Approve what another lead has asked for"))]


def reset_2fa(login: WhoseReset = None, approve: Approve = False) -> None:
    """Have a second factor set back: one lead asks, another approves."""
    _reset(login, "totp", approve=approve)


def reset_password(login: WhoseReset = None, approve: Approve = False) -> None:
    """A forgotten password: one lead asks, another approves and is shown one to begin with, once."""
    _reset(login, "password", approve=approve)


def _reset(login: str | None, what: str, *, approve: bool) -> None:
    from ..desk import accounts

    desk = seats.acting()
    if login is None:
        if approve:
            raise UsageError("login_missing")
        found = [reset for reset in accounts.waiting_resets(desk) if reset.what == what]
    elif approve:
        found = [accounts.approve_reset(desk, login, what)]
    else:
        found = [accounts.ask_reset(desk, login, what)]
    states = {"asked": _("waits for another lead"), "approved": _("set back")}
    columns = [
        Column(_("Login"), lambda row: row.login),
        Column(_("State"), lambda row: states.get(row.state, row.state)),
        Column(_("Asked by"), lambda row: row.asked_by),
        Column(_("Good until"), lambda row: when(parse(row.expires_at), desk.settings.zone)),
    ]
    told = [row for row in found if row.password]
    if told:
        columns[-1] = Column(_("Password"), lambda row: row.password)
    emit(found, columns, plain, lambda row: row.password or row.login, _("Nothing waits for a second person."))
    if told:
        say(_("It is shown this once, and opens nothing but its own change: the next sign-in asks for another."))
