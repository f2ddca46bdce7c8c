"""What the commands of `msc central` have in common: how they answer and how they fail."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from ..errors import MscError
from ..i18n import _

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
