"""`msc central recovery-key`: the key with which two people bring back the work of a laptop that nobody can open."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from ..i18n import _
from .central_talk import AsJson, Database, dump, told

app = typer.Typer(help=_("The key with which two people open what laptops have sealed."), no_args_is_help=True)


@app.command(help=_("Make the recovery key and write its two halves, each for another person to keep."))
def init(
    database: Database,
    first: Annotated[Path, typer.Argument(help=_("A new file for one half"))],
    second: Annotated[Path, typer.Argument(help=_("A new file for the other half"))],
    replace: Annotated[
        bool, typer.Option("--replace", help=_("In place of the key there is; what is sealed to that one stays so"))
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the recovery key and write its two halves, each for another person to keep."""
    with told():
        from .. import clock, escrow
        from ..central import recovery

        for path in (first, second):
            if path.exists():
                raise UsageError("file_exists", path=str(path))
        recipient, *halves = recovery.init(database, clock.now(), replace=replace)
        for path, half in zip((first, second), halves, strict=True):
            _new_file(path, half.encode("ascii") + b"\n")
        if as_json:
            dump({"recipient": recipient, "name": escrow.fingerprint(recipient)})
        else:
            typer.echo(f"{escrow.fingerprint(recipient)}  {recipient}")


@app.command(name="open", help=_("With both halves: answer a laptop's request, or read saved work."))
def open_(
    file: Annotated[Path, typer.Argument(help=_("A laptop's request, or work that it saved before it was wiped"))],
    half: Annotated[list[Path], typer.Option("--half", help=_("A file with one half of the key; give both"))],
    out: Annotated[Path, typer.Option("--out", help=_("A new file for the answer, or for the work as JSON"))],
) -> None:
    """With both halves: answer a laptop's request, or read saved work."""
    with told():
        from ..central import recovery

        if len(half) != 2:
            raise UsageError("recovery_two_halves")
        one, other = (_read(path).decode("ascii", "replace") for path in half)
        kind, found = recovery.opened(_read(file), one, other)
        _new_file(out, found)
        typer.echo(f"{kind}  {out}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError("file_unreadable", path=str(path), detail=error.strerror or "") from None


def _new_file(path: Path, content: bytes) -> None:
    """Write a file that is there for its owner alone, and never over another."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError:
        raise UsageError("file_exists", path=str(path)) from None
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
