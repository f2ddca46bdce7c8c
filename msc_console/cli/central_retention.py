"""`msc central retention`: what the site keeps for how long, what the last run erased, what is due."""

from typing import TYPE_CHECKING

import typer

from ..i18n import _
from .central_talk import AsJson, Database, dump, told

if TYPE_CHECKING:
    from ..central.retention import Standing

HELP = _("What is kept for how many days, what the last run erased, what is due now. Changes nothing.")


def retention(database: Database, as_json: AsJson = False) -> None:
    """What is kept for how many days, what the last run erased, what is due now. Changes nothing."""
    with told():
        from .. import clock
        from ..central import retention as keeping
        from ..central.centre import KEPT
        from ..central.db import Central
        from ..central.setup import require_site

        central = Central.open(database)
        try:
            central.migrate()
            with central.read() as conn:
                zone = require_site(conn)["site_zone"]
                found = keeping.standing(conn, clock.now())
        finally:
            central.close()
        if as_json:
            dump(
                {
                    "last_run": clock.iso(found.at) if found.at is not None else None,
                    "classes": {
                        name: {"days": found.days.get(name), "last": found.last.get(name), "due": found.due.get(name)}
                        for name in KEPT
                    },
                }
            )
        else:
            typer.echo(_page(found, zone))


def _page(found: "Standing", zone: str) -> str:
    from ..central.centre import KEPT
    from ..i18n import when
    from .output import Column, pairs, table, terminal_width

    def count(value: int | None) -> str:
        return "-" if value is None else str(value)

    columns = [
        Column(_("Class"), lambda name: name),
        Column(_("Days"), lambda name: str(found.days[name]) if name in found.days else _("for ever"), right=True),
        Column(_("Last run"), lambda name: count(found.last.get(name)), right=True),
        Column(_("Due"), lambda name: count(found.due.get(name)), right=True),
    ]
    run = when(found.at, zone) if found.at is not None else _("none yet")
    return "\n".join([*table(list(KEPT), columns, terminal_width()), "", pairs([(_("Last run"), run)])])
