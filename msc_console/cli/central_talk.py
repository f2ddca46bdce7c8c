"""What the commands of `msc central` have in common: how they answer and how they fail."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import MscError, UsageError
from ..i18n import _

DATABASE_FILE = "MSC_CENTRAL_DATABASE_FILE"
AsJson = Annotated[bool, typer.Option("--json", help=_("For scripts"))]


@contextmanager
def told() -> Iterator[None]:
    """Errors of the product as one sentence on standard error and the documented exit code."""
    try:
        yield
    except MscError as error:
        from ..messages import sentence

        words = str(error) if error.key == "centre_file_wrong" else sentence(error.key, error.data)
        typer.echo(words, err=True)
        raise typer.Exit(int(error.exit)) from None


def dump(value: Any) -> None:
    """A value as JSON, in ASCII."""
    typer.echo(json.dumps(value, ensure_ascii=True, indent=2))


def _database_of_file() -> str:
    """The address that the file named by `MSC_CENTRAL_DATABASE_FILE` holds; others may not read it."""
    from ..central.masterkey import refuse_shared

    with told():
        named = os.environ.get(DATABASE_FILE)
        if not named:
            raise UsageError("database_unset", variable=DATABASE_FILE)
        refuse_shared(Path(named))
        return Path(named).read_text("utf-8").strip()


def _not_typed(context: typer.Context, param: typer.CallbackParam, value: str) -> str:
    """A password among a command's words could be read by every user of the machine."""
    from click.core import ParameterSource
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    with told():
        try:
            password = make_url(value).password
        except ArgumentError:
            raise UsageError("database_url_unknown", url="?") from None
        if password and context.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE:
            raise UsageError("database_password_typed", variable=DATABASE_FILE)
    return value


Database = Annotated[
    str,
    typer.Option(
        "--database",
        "--db",
        "-d",
        envvar="MSC_CENTRAL_DATABASE",
        default_factory=_database_of_file,
        callback=_not_typed,
        show_default=False,
        help="sqlite:///path or postgresql+psycopg://user@host/name",
    ),
]


def member(kind: Any, value: str, option: str) -> Any:
    """A word of the command line as one of a closed list. UsageError `option_unknown_value`."""
    try:
        return kind(value)
    except ValueError:
        raise UsageError("option_unknown_value", option=option, value=value, known=", ".join(kind)) from None
