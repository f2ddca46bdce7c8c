"""`msc contact export|erase`: what a customer's person may ask for by law."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError
from ..i18n import _
from . import seats
from .output import emit_one, pairs, to_json
from .talk import say

if TYPE_CHECKING:
    from ..sync.office import PersonData

Who = Annotated[str, typer.Argument(metavar="CONTACT", help=_("Id of a contact, or words that fit just one"))]
WIDTH = 100
"""Letters of a line of the readable file."""


def export(
    contact: Who, file: Annotated[Path, typer.Argument(metavar="FILE", help=_("A new file; beside it one with .txt"))]
) -> None:
    """All of it as JSON, and once more for people to read."""
    from ..desk import exporting, privacy
    from ..saving import refuse_taken, write_new
    from ..text import clean

    whole, readable = _pair(file)
    refuse_taken(whole, readable)
    desk = seats.acting()
    found = privacy.data(desk, desk.find_contact(contact).id)
    exporting.begin(desk, "contact export", "json", 1 + len(found.tickets))
    document = {"made_at": found.made_at, "contact": found.contact, "tickets": found.tickets}
    for path, text in ((whole, to_json(document)), (readable, clean(_readable(found)))):
        write_new(path, (text + "\n").encode())
        say(_("Written: {path}").format(path=path))


def erase(
    contact: Who,
    yes: Annotated[bool, typer.Option("--yes", help=_("It is the right person; erasing can't be undone"))] = False,
) -> None:
    """Names, numbers, addresses and every word of their closed tickets; figures and who did what stay."""
    from ..desk import privacy

    desk = seats.acting()
    found = desk.find_contact(contact)
    if not yes:
        raise UsageError("erase_unsure", name=found.name)
    done = privacy.erase(desk, found.id)
    told = {"contact": found.id, "tickets": done.tickets, "entries": done.entries, "ops": done.ops}
    rows = [
        (_("Tickets"), str(done.tickets)),
        (_("Entries without words now"), str(done.entries)),
        (_("Acts without words now"), str(done.ops)),
        (_("Backups"), _("those of before still hold them: erase again after a restore")),
    ]
    emit_one(told, found.id, lambda: pairs(rows))


def _pair(file: Path) -> tuple[Path, Path]:
    """Where the JSON goes and where the text. Whoever names the text's file gets the JSON beside it."""
    return file.with_suffix(".json") if file.suffix.lower() == ".txt" else file, file.with_suffix(".txt")


def _readable(found: "PersonData") -> str:
    """The same for people: the person, then each ticket with what was said, the oldest first."""
    who = found.contact
    lines = [_name(who), *(f"{one['channel']}: {one['value']}" for one in who.get("addresses", ())), ""]
    for ticket in found.tickets:
        lines += [f"MSC-{ticket.get('number') or 0:06d}  {ticket['created_at']}  {ticket['subject']}", ""]
        for entry in ticket["timeline"]:
            lines += [f"  {entry['at']}  {entry['act']}  {entry.get('author_name', '')}", *_said(entry), ""]
        for hop in ticket["escalations"]:
            lines += [f"  {hop['raised_at']}  {hop['tier']}  {hop['reason']}", ""]
    return "\n".join(lines)


def _name(contact: dict[str, Any]) -> str:
    return "  ".join(filter(None, (contact["name"], contact.get("organisation_name", ""))))


def _said(entry: dict[str, Any]) -> list[str]:
    from textwrap import wrap

    return [f"    {line}" for text in entry.get("body", "").splitlines() for line in wrap(text, WIDTH)]
