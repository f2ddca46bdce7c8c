"""`msc central ca`: the centre's own certificates, without which a laptop believes nobody."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..i18n import _
from .central_talk import AsJson, dump, told

app = typer.Typer(help=_("The centre's own certificates."), no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--folder", help=_("Where ca.pem and ca.key lie; keep it off the server"))]


@app.command(help=_("Make the centre's CA, for ten years. ca.pem goes to every laptop, ca.key to nobody."))
def init(
    folder: Folder,
    name: Annotated[str, typer.Option(help=_("What it is called in certificates"))] = "msc-console CA",
    as_json: AsJson = False,
) -> None:
    """Make the centre's CA, for ten years."""
    with told():
        from .. import clock
        from ..central import ca

        _pair(ca.init(folder, name, clock.now()), as_json)


@app.command(help=_("Make a server certificate, for one year: names and addresses by which laptops reach central."))
def issue(
    names: Annotated[list[str], typer.Argument(help=_("Host names and IP addresses"))],
    folder: Folder,
    to: Annotated[Path, typer.Option("--to", help=_("Folder for server.pem and server.key"))],
    replace: Annotated[bool, typer.Option("--replace", help=_("Renew the files that are there"))] = False,
    as_json: AsJson = False,
) -> None:
    """Make a server certificate, for one year."""
    with told():
        from .. import clock
        from ..central import ca

        _pair(ca.issue(folder, names, to, clock.now(), replace=replace), as_json)


def _pair(made: Any, as_json: bool) -> None:
    from ..clock import iso

    until = iso(made.until)
    if as_json:
        dump({"certificate": str(made.certificate), "key": str(made.key), "until": until})
    else:
        typer.echo(f"{made.certificate}\n{made.key}\n{until}")
