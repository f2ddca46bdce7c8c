"""`msc api`: one request to central as it stands, for scripts; with a token of theirs, or as whoever is signed in."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import MscError, NotAllowed, UsageError
from ..i18n import _
from . import seats
from .output import ascii_json
from .talk import out

VARIABLE = "MSC_TOKEN"


def api(
    method: Annotated[str, typer.Argument(metavar="GET", help=_("Reading is all there is"), show_default=False)],
    path: Annotated[str, typer.Argument(metavar="PATH", help="/v1/changes, ...", show_default=False)],
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", help=_("A script's token: a file of mode 0600, - for standard input")),
    ] = None,
) -> None:
    """Ask central for what an address gives, as JSON lines in ASCII. Without a token: as whoever is signed in here."""
    from ..desk import raw

    if method.upper() != "GET" or not path.startswith("/") or not path.isascii() or not path.isprintable():
        raise UsageError("api_reads")
    token = _token(token_file)
    if token is None:
        found = raw.get(seats.acting(), path)
    else:
        _home, chosen = seats.place()
        try:
            found = raw.get_with(chosen, token, path)
        except MscError as refused:
            raise _of_a_script(refused) from None
    for line in found.decode(errors="replace").splitlines():
        out(ascii_json(line))


def _token(file: Path | None) -> str | None:
    """The script's token: from the file or standard input, else from the environment. Never from the command line."""
    if file is None:
        return os.environ.get(VARIABLE) or None
    if str(file) == "-":
        return sys.stdin.readline().strip()
    try:
        if os.name == "posix" and file.stat().st_mode & 0o077:
            raise UsageError("files_open", path=str(file))
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as why:
        raise UsageError("file_unreadable", path=str(file), detail=type(why).__name__) from None


_SCRIPTS = frozenset({"token_unknown", "token_expired", "session_ended", "address", "token_scope", "not_for_scripts"})


def _of_a_script(refused: MscError) -> MscError:
    """A refusal in words for whoever looks after the script: they can't sign in again."""
    why = str(refused.data.get("reason") or refused.key)
    return NotAllowed(f"script_{why}") if why in _SCRIPTS else refused
