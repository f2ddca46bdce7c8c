"""`msc central device`: the laptops that central knows, and the end of one that was lost."""

from typing import Annotated

import typer

from ..i18n import _
from .central_talk import AsJson, Database, dump, told

app = typer.Typer(help=_("The laptops that central knows."), no_args_is_help=True)


@app.command(name="list", help=_("Every laptop with its person, state and when it was last seen."))
def list_(database: Database, as_json: AsJson = False) -> None:
    """Every laptop with its person, state and when it was last seen."""
    with told():
        from ..central import devices
        from ..text import clean

        rows = devices.listing(database)
        if as_json:
            dump(rows)
            return
        for row in rows:
            line = f"{row['code']}  {row['login']:<16} {row['state']:<8} {row['vault'] or '-':<8}"
            typer.echo(clean(f"{line} {row['last_seen'] or '-'}  {row['name']}", line=True))


@app.command(help=_("A lost laptop: nothing of it counts any more, and at its next contact it wipes itself."))
def revoke(database: Database, code: Annotated[str, typer.Argument(help=_("The three letters of the laptop"))]) -> None:
    """A lost laptop: nothing of it counts any more, and at its next contact it wipes itself."""
    with told():
        from .. import clock
        from ..central import devices

        devices.revoke(database, code, clock.now())
        typer.echo(code.upper())


@app.command(help=_("A code that lets one new laptop of a person in, once, within 15 minutes. For the first one."))
def enrol(
    database: Database, login: Annotated[str, typer.Argument(help=_("Whose laptop"))], as_json: AsJson = False
) -> None:
    """A code that lets one new laptop of a person in, once, within 15 minutes. For the first one."""
    with told():
        from .. import clock
        from ..central import enrolling

        made = enrolling.first(database, login, clock.now())
        if as_json:
            dump({"login": made.login, "code": made.code, "expires_at": made.expires_at})
        else:
            typer.echo(made.code)
