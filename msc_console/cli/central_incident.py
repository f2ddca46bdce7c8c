"""`msc central incident`: what central knows of a lost laptop or a stolen account, for the report to be made of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError
from ..i18n import _
from .central_talk import AsJson, Database, dump, told

if TYPE_CHECKING:
    from datetime import datetime

HELP = _("What an incident may have laid open, for the report within 3x24 hours: JSON and text, for its owner alone.")

LINES = 40
"""Most ids, numbers or records of a kind that the text names; the JSON has all of them."""


def incident(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("A new file; beside it one with .txt"))],
    database: Database,
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help=_("When it may have begun: 2026-11-24T09:30+07:00"))
    ],
    device: Annotated[str, typer.Option("--device", help=_("The laptop, by its three letters or its id"))] = "",
    person: Annotated[str, typer.Option("--person", metavar="LOGIN", help=_("Whose account"))] = "",
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help=_("When it was over; now, if it is not said"))
    ] = None,
    known: Annotated[
        str | None, typer.Option("--known", metavar="TIME", help=_("When it became known; now, if it is not said"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What an incident may have laid open. Without laptop and person: everything that happened in the time."""
    with told():
        from .. import clock
        from ..central import incident as reports
        from ..central.db import Central
        from ..central.setup import require_site
        from ..central.system import ACTOR
        from ..saving import refuse_taken, write_new
        from ..text import clean
        from .output import to_json

        whole = file.with_suffix(".json") if file.suffix.lower() == ".txt" else file
        readable = file.with_suffix(".txt")
        if device and person:
            raise UsageError("incident_one")
        now = clock.now()
        asked = reports.Asked(
            since=_moment(since), until=_moment(until) if until else now, known=_moment(known) if known else now,
            device=device, person=person,
        )  # fmt: skip
        refuse_taken(whole, readable)
        central = Central.open(database)
        try:
            central.migrate()
            with central.write() as conn:
                zone = require_site(conn)["site_zone"]
                document = reports.report(conn, asked, ACTOR, now)
        finally:
            central.close()
        write_new(whole, (to_json(document) + "\n").encode())
        write_new(readable, (clean(page(document, zone)) + "\n").encode())
        paths = {"json": str(whole), "text": str(readable), "report_due": document["report_due"]}
        if as_json:
            dump(paths | {name: len(document[name]) for name in ("devices", "people", "tickets", "contacts")})
        else:
            typer.echo(clean("\n".join(_summary(document, zone))))
            for path in (whole, readable):
                typer.echo(_("Written: {path}").format(path=path), err=True)


def _moment(value: str) -> "datetime":
    from .. import clock

    try:
        return clock.parse(value)
    except (ValueError, OverflowError):
        raise UsageError("time_unreadable", value=value) from None


def page(document: dict[str, Any], zone: str) -> str:
    """The report for people."""
    lines = [document["site"]["name"], "", *_summary(document, zone), ""]
    for one in document["people"]:
        heading = f"{one['login']}  {', '.join(one['roles'])}  {one['tickets']} / {one['contacts']}"
        lines += [heading, f"  {', '.join(one['groups'])}", f"  {', '.join(one['classes'])}", ""]
    for one in document["devices"]:
        seen = _time(one["last_seen_at"], zone)
        lines += [f"{one['code']}  {one['name']}  {one['state']}  {one['vault'] or '-'}  {seen}", ""]
    listed = (
        (
            _("Tickets"),
            [f"{one['number'] or one['id']}  {one['queue']}  {one['state']}" for one in document["tickets"]],
        ),
        (_("Customers' persons"), [one["id"] for one in document["contacts"]]),
        (_("Sessions"), [_session(one, zone) for one in document["sessions"]]),
        (_("Tokens for scripts"), [_token(one, zone) for one in document["tokens"]]),
        (_("Sign-ins"), [_record(one, zone) for one in document["sign_ins"]]),
        (_("Files and readings"), [_record(one, zone) for one in document["exports"]]),
        (_("What was ended"), [_record(one, zone) for one in document["ended"]]),
        (_("Other acts"), [_record(one, zone) for one in document["other"]]),
    )
    for heading, rows in listed:
        lines += [f"{heading}: {len(rows)}", *(f"  {row}" for row in rows[:LINES])]
        if len(rows) > LINES:
            lines.append("  " + _("and {n} more, in the JSON").format(n=len(rows) - LINES))
        lines.append("")
    lines.append(_("Addresses of sign-ins and what was refused stand in central's log, not in its database."))
    return "\n".join(lines)


def _summary(document: dict[str, Any], zone: str) -> list[str]:
    from .output import pairs

    rows = [
        (_("From"), _time(document["since"], zone)),
        (_("Until"), _time(document["until"], zone)),
        (_("Known"), _time(document["known_at"], zone)),
        (_("Report due"), _time(document["report_due"], zone)),
        (_("Laptops"), ", ".join(one["code"] for one in document["devices"]) or "-"),
        (_("Accounts"), ", ".join(one["login"] for one in document["people"]) or "-"),
        (_("Tickets, at most"), str(len(document["tickets"]))),
        (_("Customers' persons, at most"), str(len(document["contacts"]))),
        (
            _("Classes of data"),
            ", ".join(sorted({name for one in document["people"] for name in one["classes"]})) or "-",
        ),
    ]
    return [pairs(rows)]


def _time(moment: str | None, zone: str) -> str:
    """With date and zone: a report is read elsewhere, and later."""
    from .. import clock
    from ..i18n import local

    return f"{local(clock.parse(moment), zone):%Y-%m-%d %H:%M:%S %Z}" if moment else "-"


def _session(one: dict[str, Any], zone: str) -> str:
    ended = _time(one["revoked_at"], zone) if one["revoked_at"] else _("open")
    return f"{_time(one['created_at'], zone)}  {one['device'] or '-'}  {ended}"


def _token(one: dict[str, Any], zone: str) -> str:
    used = _time(one["last_used_at"], zone)
    return f"{one['id']}  {' '.join(one['scopes'])}  {used}  {one['last_address'] or '-'}"


def _record(one: dict[str, Any], zone: str) -> str:
    words = "  ".join(f"{name}={value}" for name, value in one["data"].items())
    return f"{one['seq']}  {_time(one['at'], zone)}  {one['act']}  {one['by'] or '-'}  {words}"
