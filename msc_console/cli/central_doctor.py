"""`msc central doctor`: whether a central is fit to serve."""

from pathlib import Path
from typing import Annotated

import typer

from ..i18n import _
from .central_talk import AsJson, Database, dump, told

HELP = _("Check this central: versions, database, key, certificate, disk. Exit code 1 when one is bad.")


def doctor(
    database: Database,
    tls_certificate: Annotated[Path | None, typer.Option(help=_("PEM file that central serves with"))] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM")] = None,
    as_json: AsJson = False,
) -> None:
    """Check this central."""
    with told():
        from .. import clock
        from ..central.checkup import central
        from . import doctor as shown

        checks = list(central(database, clock.now(), tls_certificate, tls_key))
        if as_json:
            dump(shown.document(checks))
        else:
            typer.echo(shown.told(checks))
        shown.leave(checks)
