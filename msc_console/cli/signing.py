"""`msc login|logout|lock`: coming and going."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..config import Home, Settings
from ..errors import Exit, MscError, NotAllowed, Unreachable, UsageError
from ..i18n import _, ngettext
from ..messages import sentence
from . import account, seats, setting_up
from .talk import say

if TYPE_CHECKING:
    from ..desk.opening import SigningIn
    from ..identity.recovery import Recovered

CODE_TRIES = 3
FIRST_SYNC_SECONDS = 20.0


def login(
    user: Annotated[
        str | None,
        typer.Option("--user", "-u", metavar="LOGIN", help=_("Login; the last one by default"), show_default=False),
    ] = None,
    stdin: Annotated[
        bool,
        typer.Option("--stdin", help=_("Password and code as two lines of standard input, a new password as a third")),
    ] = False,
    take_over: Annotated[bool, typer.Option("--take-over", help=_("End the session on another device"))] = False,
    enrol: Annotated[
        bool, typer.Option("--enrol", help=_("This laptop is new: a code for it is asked for, or the first line"))
    ] = False,
) -> None:
    """Sign in and unlock this laptop. Secrets are never taken from the command line."""
    sign_in(user, stdin=stdin, take_over=take_over, enrol=enrol)


def sign_in(
    user: str | None,
    *,
    stdin: bool,
    take_over: bool = False,
    enrol: bool = False,
    recovered: "Recovered | None" = None,
) -> None:
    """The sign-in of `user`, whoever signed in last without one; `recovered` needs central."""
    from ..desk import opening

    home, chosen = seats.place()
    who = user or opening.current_login(home)
    if not stdin and not seats.terminal():
        raise UsageError("login_needs_terminal")
    if who is None:
        if stdin:
            raise UsageError("login_missing")
        who = seats.ask(_("Login"))
    invitation = (seats.line() if stdin else seats.ask(_("Code for this laptop"))) if enrol else ""
    lines = [seats.line(), seats.line()] if stdin else None  # and a third, where central asks for another password
    password = lines[0] if lines else seats.ask_secret(_("Password"))
    flow = opening.SigningIn(home, chosen, who, _this_machine(), recovered=recovered, enrolment=invitation)
    try:
        _show(flow, password, asks=not stdin)
        if flow.needs_password:
            _own_password(flow, asks=not stdin)
        if flow.needs_setup:
            setting_up.by_terminal(flow)
        else:
            _code(flow, lines[1] if lines else None, take_over)
    except Unreachable as away:
        if recovered is not None:
            raise
        _alone(home, chosen, who, password, away)
        return
    except UsageError as unset:
        if unset.key != "central_unset" or recovered is not None or not home.person(who).vault.exists():
            raise
        _alone(home, chosen, who, password, unset)
        return
    finally:
        flow.close()
    say(_("Signed in as {login}.").format(login=who))
    _first_sync(home, chosen)


def _show(flow: "SigningIn", password: str, *, asks: bool) -> None:
    """The password to central. A person is asked for what is missing: the code where this laptop is new, the former
    password where the vault was written under another."""
    from ..desk import opening

    former: str | None = None
    for left in range(CODE_TRIES - 1, -1, -1):
        try:
            flow.password(password, former)
            break
        except MscError as error:
            if not asks or not left:
                raise
            if error.key in ("enrolment_needed", "enrolment_wrong"):
                say(sentence(error.key))
                flow.enrolment = seats.ask(_("Code for this laptop"))
            elif error.key in ("wrong_password", "wrong_password_left") and former is None:
                say(sentence(error.key, error.data))
                say(_("Was it changed elsewhere? Then this laptop still opens with the former one."))
                former = seats.ask_secret(_("Former password"))
            else:
                raise
    if off := opening.seconds_off(flow.clock_off):
        say(sentence("clock_here", {"seconds": off}))


def _own_password(flow: "SigningIn", *, asks: bool) -> None:
    """Another password in place of one that others were told: asked twice, or the next line."""
    if not asks:
        line = seats.line()
        flow.own_password(line, line)
        return
    say(_("Others were told this password. Choose one of your own; this laptop opens with it, too."))
    setting_up.choose_password(flow)


def logout() -> None:
    """Sign out here and at central."""
    from ..desk import conversing, opening

    home, chosen = seats.place()
    try:
        desk = opening.sit_down(home, chosen)
    except NotAllowed:
        say(_("Nobody is signed in here."))
        return
    say(_("Sending what waits ..."))
    spooled = conversing.sign_out(desk)
    pending, attention = desk.counts()
    login = desk.unlocked.login
    desk.leave()
    opening.end_session(home, login)
    say(_("{login} is signed out.").format(login=login))
    if pending:
        words = ngettext(
            "{n} act is unsent. It is safe on this laptop and leaves after your next sign-in.",
            "{n} acts are unsent. They are safe on this laptop and leave after your next sign-in.",
            pending,
        )
        say(words.format(n=pending))
    if spooled:
        words = ngettext(
            "{n} of them also leaves, sealed, when the next person signs in here.",
            "{n} of them also leave, sealed, when the next person signs in here.",
            spooled,
        )
        say(words.format(n=spooled))
    if attention:
        say(ngettext("{n} refused act waits for you.", "{n} refused acts wait for you.", attention).format(n=attention))


def lock() -> None:
    """Forget the keys; tokens and unsent work stay."""
    from ..desk import conversing, opening

    home, chosen = seats.place()
    try:
        desk = opening.sit_down(home, chosen)
    except NotAllowed:
        say(_("Nobody is signed in here."))
        return
    except MscError:  # a cache that doesn't open is locked all the same
        opening.end_session(home, opening.current_login(home) or "")
    else:
        conversing.lock(home, desk)
        desk.leave()
    say(_("Locked. Unlock with: msc login."))


def _code(flow: "SigningIn", code: str | None, take_over: bool) -> None:
    """The one-time code; on a terminal again after a wrong one, and the question about another device's session."""
    from ..desk import opening

    for left in range(CODE_TRIES - 1, -1, -1):
        given = code if code is not None else seats.ask(_("One-time code"))
        try:
            flow.code(given, take_over=take_over)
        except MscError as error:
            if error.key == "session_active" and code is None and not take_over:
                say(sentence(error.key, error.data))
                if not typer.confirm(_("Take the session over?"), default=False, err=True):
                    raise
                flow.code(given, take_over=True)
                return
            if error.key not in ("code_wrong", "code_clock", *opening.UNFIT) or code is not None or not left:
                raise
            say(sentence(error.key, error.data))
            if error.key in opening.UNFIT:
                setting_up.choose_password(flow)
        else:
            return


def _alone(home: Home, chosen: Settings, login: str, password: str, why: MscError) -> None:
    """Unlock with the password alone, and say so. Whoever never signed in here needs central."""
    from ..desk import opening

    say(sentence(why.key, why.data, chosen.zone))
    if not home.person(login).vault.exists():
        say(sentence("vault_missing"))
        raise typer.Exit(Exit.UNREACHABLE)
    opening.unlock(home, login, password)
    say(_("{login} works without central: unlocked with the password alone.").format(login=login))


def _first_sync(home: Home, chosen: Settings) -> None:
    """Fetch what is new, so that the next command has something to show."""
    from ..desk import conversing, opening

    desk = opening.sit_down(home, chosen)
    status = conversing.sync_once(desk, FIRST_SYNC_SECONDS)
    if status is not None and status.problem:
        say(sentence(status.problem, status.data, chosen.zone))
    elif status is not None:
        account.tell_notices(desk)
    desk.leave()


def _this_machine() -> str:
    import platform

    return platform.node()
