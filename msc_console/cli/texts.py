"""Longer words: given as an argument, from a file, or from standard input."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from ..i18n import _

STDIN = "-"

Tickets = Annotated[
    list[str],
    typer.Argument(metavar="TICKET...", help=_("Number (MSC-000123 or 123), alias (~K7Q-14), start of the id")),
]
Ticket = Annotated[
    str, typer.Argument(metavar="TICKET", help=_("Number (MSC-000123 or 123), alias (~K7Q-14), start of the id"))
]
Body = Annotated[
    str | None, typer.Argument(metavar="TEXT", help=_("The text; - reads standard input"), show_default=False)
]
File = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help=_("Take the text from a file"), show_default=False)
]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help=_("Why"), show_default=False)]


def body_of(text: str | None, file: Path | None) -> str:
    """The text that was given, in one way alone. UsageError `text_missing`, `text_twice`, `file_unreadable`."""
    if text is not None and file is not None:
        raise UsageError("text_twice")
    if file is not None:
        try:
            return _decoded(file.read_bytes())
        except OSError as error:
            raise UsageError("file_unreadable", path=str(file), detail=error.strerror or "") from error
    if text is None:
        raise UsageError("text_missing")
    return _decoded(sys.stdin.buffer.read()) if text == STDIN else text


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8-sig", errors="replace").strip("\r\n")
