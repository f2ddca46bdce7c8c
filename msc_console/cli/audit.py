"""`msc audit list|verify|export`: the audit trail of central, for those whose role may read it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from .. import clock
from ..errors import Exit, UsageError
from ..i18n import N_, _, ngettext, when
from . import seats
from .output import Column, emit, emit_one, pairs
from .talk import say

if TYPE_CHECKING:
    from ..trail import Finding, Record

By = Annotated[
    str | None, typer.Option("--by", metavar="LOGIN", help=_("Acts of this person, or of system"), show_default=False)
]
Act = Annotated[
    str | None, typer.Option("--act", metavar="ACT", help=_("Acts of this kind: session, op, export, ..."),
                             show_default=False)
]  # fmt: skip
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help=_("From this time on: 2026-11-24T09:30+07:00"),
                             show_default=False)
]  # fmt: skip
About = Annotated[
    str | None,
    typer.Option("--about", metavar="WHAT", help=_("A login, a ticket's number, an id that a record names"),
                 show_default=False),
]  # fmt: skip

WRONG = {
    "edited": N_("Record {seq} was changed, or one before it"),
    "missing": N_("Record {seq} is missing"),
    "truncated": N_("The trail was cut: a checkpoint has {seq} records"),
    "rewritten": N_("The first {seq} records are others than when their checkpoint was signed"),
    "forged": N_("A checkpoint behind record {seq} was not signed by this key"),
    "checkpoint_missing": N_("A checkpoint before the one of {seq} records is missing"),
    "lost": N_("A backup was restored: the checkpoint of {seq} records is beyond it"),
}
"""What is wrong -> its words."""


COLUMNS = ("seq", "at", "actor", "act", "data", "hash", "time")
"""Of a file of records (`document`)."""


def list_(
    by: By = None,
    act: Act = None,
    since: Since = None,
    about: About = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help=_("Most rows"))] = 50,
) -> None:
    """The newest records, the oldest of them first."""
    from ..desk import auditing

    desk = seats.acting()
    found = auditing.newest(desk, limit, _sought(by, act, since, about))
    names = {person.id: person.login for person in desk.world.persons.values()}
    zone = desk.settings.zone
    columns = [
        Column(_("No."), lambda row: str(row.seq), right=True),
        Column(_("Time"), lambda row: when(clock.from_ms(row.at), zone)),
        Column(_("Who"), lambda row: names.get(row.actor, row.actor) or "-", cuts=True),
        Column(_("Act"), lambda row: row.act),
        Column(_("About"), lambda row: _words(row.data, names), cuts=True, least=24),
    ]
    emit(found, columns, document, lambda row: str(row.seq), _("No records."))


def verify(
    checkpoints: Annotated[
        Path | None,
        typer.Option("--checkpoints", metavar="FILE", help=_("File of checkpoints that was kept apart"),
                     show_default=False),
    ] = None,
    key: Annotated[
        str, typer.Option("--key", help=_("Key that they are signed with, as msc central audit key prints it"))
    ] = "",
    restored: Annotated[
        bool, typer.Option("--restored", help=_("It is known that a backup was restored, and what was lost with it"))
    ] = False,
) -> None:  # fmt: skip
    """Read the whole trail and compute its chain here."""
    from ..desk import auditing
    from .central_audit import read

    if checkpoints is not None and not key:
        raise UsageError("audit_key_missing")
    check = auditing.verify(seats.acting(), read(checkpoints), key)
    wrong = [item for item in check.findings if not (restored and item.what == "lost")]
    wrong.sort(key=lambda item: item.seq)
    told: dict[str, Any] = {
        "ok": not wrong, "records": check.upto, "head": check.head, "checkpoints": len(check.checkpoints),
        "restores": check.restores, "findings": [{"what": item.what, "seq": item.seq} for item in wrong],
    }  # fmt: skip
    rows = [
        (_("Records"), str(check.upto)),
        (_("Last hash"), check.head),
        (_("Checkpoints"), str(len(check.checkpoints)) if check.checkpoints else _("none: the end may have been cut")),
        (_("First fault"), _sentence(wrong[0]) if wrong else _("none")),
        (_("Faults"), str(len(wrong)) if wrong else ""),
    ]
    emit_one(told, check.head, lambda: pairs(rows))
    if wrong:
        raise typer.Exit(int(Exit.FAILED))


def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=_("A file that does not exist yet: .jsonl, .csv, .xlsx"))
    ],
    by: By = None,
    act: Act = None,
    since: Since = None,
    about: About = None,
) -> None:
    """Write records to a file; the trail says so itself. JSON lines without filters can be verified by others."""
    from ..desk import auditing, exporting
    from ..saving import streaming_new

    form = file.suffix.lower().removeprefix(".")
    if form not in ("jsonl", "csv", "xlsx"):
        raise UsageError("audit_form", path=str(file))
    desk = seats.acting()
    with streaming_new(file) as out:
        count = write(out, form, map(document, auditing.every(desk, _sought(by, act, since, about))), file.parent)
        exporting.begin(desk, "audit export", form, count)
    told = ngettext("{n} record written to {path}.", "{n} records written to {path}.", count)
    say(told.format(n=count, path=file))


def document(row: "Record") -> dict[str, Any]:
    """A record for scripts: `data` is the text that was hashed, `time` is `at` for readers."""
    from ..trail import as_document

    return {**as_document(row), "time": clock.iso(clock.from_ms(row.at))}


def write(out: BinaryIO, form: str, rows: Iterable[dict[str, Any]], folder: Path) -> int:
    """Records one by one, whatever their number; how many. UsageError `sheet_full` where a sheet holds no more."""
    from io import TextIOWrapper

    from .. import spreadsheet

    if form == "xlsx":
        try:
            return spreadsheet.write_xlsx(out, COLUMNS, rows, folder)
        except ValueError:
            raise UsageError("sheet_full", most=spreadsheet.SHEET_ROWS - 1) from None
    text = TextIOWrapper(out, "utf-8", newline="", write_through=True)
    count = 0
    if form == "csv":
        count = spreadsheet.write_csv(text, COLUMNS, rows)
    else:
        for count, row in enumerate(rows, start=1):  # noqa: B007
            text.write(json.dumps(row, ensure_ascii=True) + "\n")
    text.detach()
    return count


def _sought(by: str | None, act: str | None, since: str | None, about: str | None) -> dict[str, str]:
    if since is not None:
        try:
            since = clock.iso(clock.parse(since))
        except ValueError:
            raise UsageError("time_unreadable", value=since) from None
    given = {"by": by, "act": act, "since": since, "about": about}
    return {name: value for name, value in given.items() if value}


def _words(data: str, names: dict[str, str]) -> str:
    """A record's data in a line; ids of people by their logins."""
    try:
        found = json.loads(data)
    except ValueError:
        return data
    return "  ".join(f"{name}={names.get(str(value), value)}" for name, value in found.items())


def _sentence(finding: "Finding") -> str:
    return _(WRONG[finding.what]).format(seq=finding.seq)
