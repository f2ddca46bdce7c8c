"""`msc demo`: a small centre on this machine, with a console for each of its people. Where it lies: demo_run/place.py.

Its central runs for as long as a console of the demo is open, or until `msc demo central stop` where `msc demo env` or
`msc demo central start` started it without one.
"""

import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..i18n import _
from .output import Column, emit, emit_one
from .seats import terminal
from .talk import out, say

if TYPE_CHECKING:
    from ..demo_run.place import Demo

Login = Annotated[str, typer.Argument(metavar="LOGIN", help=_("Who; msc demo who lists them"))]
Keep = Annotated[bool, typer.Option("--keep", help=_("Leave the demo's central running at the end"))]


class Doing(StrEnum):
    """What can be done with the demo's central."""

    STATUS = "status"
    STOP = "stop"
    START = "start"


def open_(keep: Keep = False) -> None:
    """The demo as an agent: make what is missing, sign in, open the console."""
    from .. import clock
    from ..demo_run import making
    from ..demo_run.place import Demo

    demo = Demo.locate()
    record = making.ensure(demo, say)
    if record.stale(clock.now()) and terminal() and not making.open_consoles(demo):
        question = _("The demo is more than twelve hours old, so everything in it is overdue. Make a new one?")
        if typer.confirm(question, default=False, err=True):
            making.reset(demo)
    demo.cut.unlink(missing_ok=True)
    _visit(demo, making.FIRST, keep=keep)


def as_(login: Login, keep: Keep = False) -> None:
    """The console of another person, on a laptop of their own."""
    from ..demo_run.place import Demo

    _visit(Demo.locate(), login, keep=keep)


def _visit(demo: "Demo", login: str, *, keep: bool) -> None:
    """Sign in and open the console; without a terminal say where everything is."""
    from ..demo_run import entering

    record, home = entering.arrive(demo, login, say)
    code = 0
    try:
        if terminal() and sys.stdout.isatty():
            code = entering.console(demo, record, home, login)
        else:
            out(_("The demo is ready in {path}. On a terminal msc demo opens the console.").format(path=demo.folder))
    finally:
        if not keep:
            entering.leave(demo)
    if code:
        raise typer.Exit(code)


def who() -> None:
    """Everybody of the demo with their way in."""
    from ..demo.people import colleagues
    from ..demo_run import making
    from ..demo_run.place import Demo
    from ..widgets.words import role_word, tier_short

    record = making.ensure(Demo.locate(), say)
    rows = [(person, record.way(person.login)) for person in colleagues()]

    def document(row: Any) -> dict[str, Any]:
        person, way = row
        return {
            "login": person.login,
            "name": person.name,
            "role": str(person.role),
            "tier": str(person.tier),
            "queues": list(person.queues),
            "password": way.password,
            "secret": way.secret,
            "uri": way.uri,
        }

    columns = [
        Column(_("Login"), lambda row: row[0].login),
        Column(_("Name"), lambda row: row[0].name, cuts=True),
        Column(_("Role"), lambda row: role_word(row[0].role)),
        Column(_("Level"), lambda row: tier_short(row[0].tier)),
        Column(_("Password"), lambda row: row[1].password),
        Column(_("Queues"), lambda row: ", ".join(row[0].queues), cuts=True),
    ]
    emit(rows, columns, document, lambda row: row[0].login)


def code(login: Login) -> None:
    """The one-time code of a person, in place of a telephone."""
    from .. import clock
    from ..demo_run import making
    from ..demo_run.codes import next_code
    from ..demo_run.place import Demo

    demo = Demo.locate()
    way, now = making.ensure(demo, say).way(login), clock.now()
    found = next_code(demo, way, now)
    if wait := found.wait(now).total_seconds():
        say(_("The last code has been used; this one is good in {seconds} s.").format(seconds=int(wait) + 1))
    document = {
        "login": login,
        "code": found.digits,
        "good_from": clock.iso(found.good_from),
        "good_until": clock.iso(found.good_until),
    }
    emit_one(document, found.digits, lambda: found.digits)


def central(
    doing: Annotated[Doing, typer.Argument(help=_("status, stop (as if the line were cut) or start"))] = Doing.STATUS,
) -> None:
    """Look at the demo's central, cut it off or bring it back."""
    from ..demo_run import making, server
    from ..demo_run.place import Demo, address

    demo = Demo.locate()
    record = making.ensure(demo, say)
    if doing is Doing.START:
        record = server.mend(demo, record)
    elif doing is Doing.STOP:
        server.cut(demo)
    pid, url = server.running(demo), address(record.port)
    words = _("Central runs at {url}.") if pid else _("Central is stopped.")
    emit_one({"running": pid is not None, "url": url, "pid": pid}, url, lambda: words.format(url=url))


def env(login: Login) -> None:
    """Sign in as a person and print what makes a shell theirs: eval "$(msc demo env LOGIN)"."""
    from ..demo_run import entering
    from ..demo_run.place import Demo

    demo = Demo.locate()
    record, home = entering.arrive(demo, login, say)
    ours = entering.identity(record, home)
    if os.name == "nt":
        lines = [f"$env:{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in ours.items()]
    else:
        from shlex import quote

        lines = [f"export {name}={quote(value)}" for name, value in ours.items()]
    emit_one(ours, ours["MSC_HOME"], lambda: "\n".join(lines))
    say(_("The demo's central goes on running: msc demo central stop."))


def reset() -> None:
    """Throw the demo away: central, laptops, everything written in it. The next msc demo makes a new one."""
    from ..demo_run import making
    from ..demo_run.place import Demo

    demo = Demo.locate()
    making.reset(demo)
    say(_("The demo is gone. msc demo makes a new one."))
