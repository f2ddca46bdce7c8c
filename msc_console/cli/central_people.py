"""`msc central user`: the first people, by whoever holds the database."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from ..i18n import _
from .central_talk import AsJson, Database, dump, member, told

app = typer.Typer(help=_("People and their way in."), no_args_is_help=True)


@app.command(help=_("Give a person a password and an authenticator secret. The secret is shown once."))
def add(
    database: Database,
    login: Annotated[str, typer.Argument(help=_("Of the set-up file, or a new one"))],
    name: Annotated[str | None, typer.Option(help=_("Of a new person"))] = None,
    role: Annotated[str | None, typer.Option(help=_("Of a new person: agent, supervisor, resolver, ..."))] = None,
    tier: Annotated[str, typer.Option(help="l0, l1, l2, principal, business_unit")] = "l0",
    queue: Annotated[list[str] | None, typer.Option(help=_("Queue key; may be given several times"))] = None,
    password_file: Annotated[
        Path | None, typer.Option(help=_("First line is the password; without it standard input's is"))
    ] = None,
    own_authenticator: Annotated[
        bool, typer.Option("--own-authenticator", help=_("The person sets it up at the first sign-in"))
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Give a person a password and an authenticator secret. The secret is shown once."""
    with told():
        from .. import clock
        from ..central import setup
        from ..domain.terms import Role, Tier

        made = setup.user_add(
            database,
            login,
            _password(password_file),
            clock.now(),
            name=name,
            role=member(Role, role, "role") if role is not None else None,
            tier=member(Tier, tier, "tier"),
            queues=queue or (),
            own_authenticator=own_authenticator,
        )
        if as_json:
            dump({"login": made.login, "secret": made.secret, "uri": made.uri})
        else:
            typer.echo(f"{made.login}\n{made.secret}\n{made.uri}".rstrip())


@app.command(name="list", help=_("Everybody whom this central knows."))
def list_(database: Database, as_json: AsJson = False) -> None:
    """Everybody whom this central knows."""
    with told():
        from ..central import setup
        from ..text import clean

        people = setup.user_list(database)
        if as_json:
            dump(people)
            return
        for row in people:
            marks = "" if row["active"] else " -"
            way = "+" if row["can_sign_in"] else " "
            queues = ",".join(row["queues"])
            typer.echo(
                clean(
                    f"{way} {row['login']:<16} {row['role']:<12} {row['tier']:<10} {row['name']}  {queues}{marks}",
                    line=True,
                )
            )


def _password(file: Path | None) -> str:
    """From the file, from a prompt on a terminal, else the first line of standard input."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
        except FileNotFoundError:
            raise UsageError("password_file_missing", path=str(file)) from None
    if sys.stdin.isatty():
        import getpass

        return getpass.getpass()
    return sys.stdin.readline().rstrip("\r\n")
