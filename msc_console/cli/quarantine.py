"""`msc quarantine`: acts that central has put aside, for those who settle them. Everything needs central now."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..clock import parse
from ..domain.terms import Result
from ..errors import Exit, MscError
from ..i18n import N_, _, when
from ..messages import refusal, sentence
from . import seats
from .manner import manner
from .output import Column, emit, emit_one, pairs, plain, rehearsed, to_json
from .talk import say

if TYPE_CHECKING:
    from ..desk.seat import Seat
    from ..sync.wire_quarantine import Held, Settled

Act = Annotated[str, typer.Argument(metavar="ACT", help=_("As msc quarantine list names it, or its whole id"))]
Acts = Annotated[
    list[str], typer.Argument(metavar="ACT...", help=_("As msc quarantine list names them, or their whole ids"))
]

WHY = {
    "rights_gone": N_("the author may no longer do this"),
    "op_quarantined": N_("a fault of central's, {reference} in its log"),
}
"""Why an act was put aside, for others than its author."""
_EXITS = {Result.APPLIED: Exit.OK, Result.MERGED: Exit.OK, Result.CONFLICT: Exit.CONFLICT, Result.FENCED: Exit.CONFLICT}


def list_() -> None:
    """What was put aside, the longest waiting first."""
    from ..desk import quarantine
    from ..widgets.op_words import op_word

    desk = seats.acting()
    zone = desk.settings.zone
    columns = [
        Column(_("Name"), lambda one: quarantine.ending(one.op)),
        Column(_("Received"), lambda one: when(parse(one.received_at), zone)),
        Column(_("Who"), lambda one: one.author),
        Column(_("Laptop"), lambda one: one.laptop or "-", optional=True),
        Column(_("Act"), lambda one: op_word(one.kind)),
        Column(_("Ticket"), lambda one: one.number or "-"),
        Column(_("Queue"), lambda one: one.queue or "-", optional=True),
        Column(_("Why"), _why, cuts=True),
    ]
    emit(quarantine.held(desk), columns, plain, lambda one: one.op, _("Nothing is put aside."))


def show(act: Act) -> None:
    """One act with what it says."""
    from ..desk import quarantine
    from ..widgets.op_words import op_word

    desk = seats.acting()
    found = quarantine.one(desk, act)
    zone = desk.settings.zone
    rows = [
        (_("Act"), op_word(found.kind)),
        (_("Ticket"), found.number or found.target),
        (_("Queue"), found.queue),
        (_("Who"), f"{found.author_name} ({found.author})"),
        (_("Laptop"), found.laptop),
        (_("Made"), when(parse(found.made_at), zone)),
        (_("Received"), when(parse(found.received_at), zone)),
        (_("Why"), _why(found)),
        *_words(found),
    ]
    emit_one(plain(found), found.op, lambda: pairs(rows))


def retry(acts: Acts) -> None:
    """Have acts judged again as of now, in their author's name. Exit code 5 for a conflict, 1 for what is refused."""
    from ..desk import quarantine

    _settle(acts, lambda desk, ref: quarantine.again(desk, ref, dry_run=manner().dry_run), _EXITS)


def dismiss(
    acts: Acts,
    reason: Annotated[str, typer.Option("--reason", help=_("What their author is told"), show_default=False)],
) -> None:
    """Let acts go for good."""
    from ..desk import quarantine

    gone = {Result.INVALID: Exit.OK}
    _settle(acts, lambda desk, ref: quarantine.dismiss(desk, ref, reason, dry_run=manner().dry_run), gone)


def _settle(refs: Sequence[str], act: "Callable[[Seat, str], Settled]", exits: dict[Result, Exit]) -> None:
    """Each by itself; the exit code is the worst one's."""
    from ..desk.quarantine import ending

    desk, code = seats.acting(), Exit.OK
    done: list[Settled] = []
    zone = desk.settings.zone
    for ref in refs:
        try:
            settled = act(desk, ref)
        except MscError as error:
            say(f"{ref}: {sentence(error.key, error.data, zone)}")
            code = max(code, error.exit)
            continue
        done.append(settled)
        code = max(code, next((exit for result, exit in exits.items() if result == settled.result), Exit.FAILED))
    columns = [
        Column(_("Name"), lambda one: ending(one.op)),
        Column(_("Ticket"), lambda one: one.number or "-", optional=True),
        Column(_("Result"), lambda one: _outcome(one, zone), cuts=True),
    ]
    emit(done, columns, plain, lambda one: one.op)
    if done:
        rehearsed()
    if code:
        raise typer.Exit(int(code))


def _why(one: "Held") -> str:
    words = WHY.get(one.reason)
    return _(words).format(reference=one.reference) if words else one.reason


def _words(one: "Held") -> list[tuple[str, str]]:
    if one.words == "hidden":
        return [(_("Words"), _("for those who see the ticket"))]
    if one.words == "erased":
        return [(_("Words"), _("erased"))]
    return [(name, _value(value)) for name, value in one.args.items()]


def _value(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value)


def _outcome(one: "Settled", zone: str) -> str:
    if one.result in (Result.APPLIED, Result.MERGED):
        return _("done at central")
    if one.result == Result.QUARANTINED:
        return _("still put aside")
    if one.reason == "dismissed":
        return _("let go")
    if one.result == Result.CONFLICT:
        return sentence("conflict", {"fields": list(one.data.get("fields", ()))}, zone)
    return refusal(one.reason or one.result, one.data, zone)
