"""`msc sync resolve|export`: settling what central could not apply, and taking everything unsettled along."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import clock
from ..i18n import N_, _, ngettext
from ..saving import write_new
from . import seats
from .acting import act_on
from .output import emit_one, to_json
from .syncing import Acts
from .talk import say

if TYPE_CHECKING:
    from ..desk import Desk
    from ..desk.acts import Done
    from ..desk.reading import Reading
    from ..desk.unsettled import Unsettled


WARNING = N_(
    "The file holds names, addresses and words of customers in clear text. Keep it to yourself, hand it to your "
    "supervisor alone, and delete it when it is no longer needed."
)


class Keep(StrEnum):
    """What a person may choose."""

    MINE = "mine"
    THEIRS = "theirs"
    NOTE = "note"
    OFFER = "offer"
    WITHDRAW = "withdraw"


def resolve(
    acts: Acts,
    keep: Annotated[
        Keep,
        typer.Option(
            "--keep",
            help=_(
                "mine: ask again, or adopt a proposal; theirs: let it stand; note: keep the words alone; "
                "offer: leave it to the holder; withdraw: take it back"
            ),
            show_default=False,
        ),
    ],
) -> None:
    """Settle acts in conflict."""
    act_on(acts, lambda desk, ref, dry: _settle(desk, ref, keep, dry))


def _settle(desk: "Desk", ref: str, keep: Keep, dry_run: bool) -> "Done":
    from ..desk import unsettled
    from ..desk.acts import Done

    row = unsettled.find(unsettled.unsettled(desk), ref)
    if (why := unsettled.why_not(row, keep.value, desk.person)) is not None:
        raise why
    match keep:
        case Keep.OFFER:
            if not dry_run:
                unsettled.offer(desk, row)
                say(_("{name} sees your proposal on {label}.").format(name=row.holder, label=row.label))
            return Done(op=row.id, kind=row.kind, target=row.target, label=row.label, changes={}, dry_run=dry_run)
        case Keep.MINE:
            return desk.settle(row.id, "mine", dry_run=dry_run)
        case Keep.THEIRS:
            return desk.settle(row.id, "theirs", dry_run=dry_run)
        case Keep.NOTE:
            return desk.settle(row.id, "note", dry_run=dry_run)
        case Keep.WITHDRAW:
            return desk.settle(row.id, "withdraw", dry_run=dry_run)


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("A file that does not exist yet"))],
) -> None:
    """Write everything unsettled; this laptop keeps all of it."""
    from ..desk.unsettled import unsettled, with_ways

    desk = seats.acting()
    rows = with_ways(desk, unsettled(desk))
    content = document(desk, rows)
    write_new(file, (to_json(content) + "\n").encode())
    told = ngettext("{n} act written to {path}.", "{n} acts written to {path}.", len(rows))
    counts = {name: len(content[name]) for name in ("sealed", "open", "proposals")}
    emit_one({"path": str(file), **counts}, str(file), lambda: told.format(n=len(rows), path=file))
    say(_(WARNING))
    say(_("Nothing has left the outbox: it is sent as before."))


def document(desk: "Reading", rows: "list[Unsettled]") -> dict[str, Any]:
    """The exported document. `sealed`: acts with their envelopes as they are pushed; `open`: acts that have no seal
    yet; `proposals`: colleagues' acts that wait for this person, and own ones that were left to a holder."""
    from ..desk.unsettled import refs
    from . import sync_rows

    names = refs(rows)
    sealed, unsealed, proposals = [], [], []
    for row in rows:
        told = sync_rows.document(row, names[row.id])
        if row.act is None:
            proposals.append(told)
        elif row.act.envelope is not None:
            sealed.append({"envelope": dict(row.act.envelope), **told})
        else:
            unsealed.append(told)
    return {
        "format": "msc-unsettled-1",
        "warning": _(WARNING),
        "person": {"id": desk.person.id, "login": desk.person.login, "name": desk.person.name},
        "made_at": clock.iso(desk.now()),
        "sealed": sealed,
        "open": unsealed,
        "proposals": proposals,
    }
