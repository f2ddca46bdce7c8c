"""`msc central audit`: checking the audit trail at its source, and the key that its checkpoints are signed with."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import Exit, UsageError
from ..i18n import _
from .central_talk import AsJson, Database, dump, told

if TYPE_CHECKING:
    from ..trail import Check

app = typer.Typer(help=_("The audit trail: check it, sign a checkpoint."), no_args_is_help=True)

Checkpoints = Annotated[Path | None, typer.Option("--checkpoints", help=_("File of checkpoints that was kept apart"))]
Key = Annotated[str, typer.Option("--key", help=_("Key that they are signed with, as msc central audit key prints it"))]
Restored = Annotated[
    bool, typer.Option("--restored", help=_("It is known that a backup was restored, and what was lost with it"))
]


@app.command(help=_("Go through the whole trail: edited, missing, cut or rewritten records are found."))
def verify(
    database: Database,
    checkpoints: Checkpoints = None,
    key: Key = "",
    restored: Restored = False,
    as_json: AsJson = False,
) -> None:
    """Go through the whole trail: edited, missing, cut or rewritten records are found."""
    with told():
        from ..central import checkpoints as points
        from ..central.db import Central

        central = Central.open(database)
        try:
            check = points.verify(central, read(checkpoints), key)
        finally:
            central.close()
    report(check, as_json=as_json, restored=restored)


@app.command(help=_("Sign a checkpoint of the trail as it is now, and print it."))
def checkpoint(database: Database) -> None:
    """Sign a checkpoint of the trail as it is now, and print it."""
    with told():
        from .. import clock
        from ..central import checkpoints as points
        from ..central import masterkey
        from ..central.db import Central

        private = masterkey.load(masterkey.path_for(database))
        central = Central.open(database)
        try:
            typer.echo(points.make(central, private, clock.now(), ""), nl=False)
        finally:
            central.close()


@app.command(help=_("The key with which auditors check checkpoints."))
def key(database: Database) -> None:
    """The key with which auditors check checkpoints."""
    with told():
        from ..central import checkpoints as points
        from ..central import masterkey
        from ..central.db import Central

        private = masterkey.load(masterkey.path_for(database))
        central = Central.open(database)
        try:
            typer.echo(points.verifier_key(central, private))
        finally:
            central.close()


def read(path: Path | None) -> str:
    """The text of a file of checkpoints, empty without one. UsageError when it can't be read."""
    if path is None:
        return ""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("file_unreadable", path=str(path), detail=type(error).__name__) from None


def report(check: "Check", *, as_json: bool, restored: bool) -> None:
    """Says what a finished check found; exit code 1 for anything that is wrong."""
    findings = [item for item in check.findings if not (restored and item.what == "lost")]
    if as_json:
        dump(
            {
                "ok": not findings, "records": check.upto, "head": check.head, "checkpoints": len(check.checkpoints),
                "restores": check.restores, "findings": [{"what": f.what, "seq": f.seq} for f in check.findings],
            }
        )  # fmt: skip
    else:
        for item in check.findings:
            typer.echo(f"{item.what}  {item.seq}")
        typer.echo(f"{check.upto}  {check.head}")
    if findings:
        raise typer.Exit(int(Exit.FAILED))
