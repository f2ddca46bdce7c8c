"""`msc sync`: the conversation with central, and the acts that wait for it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import clock
from ..errors import Exit, MscError
from ..i18n import _, when
from ..messages import sentence
from . import seats
from .output import emit, emit_one, pairs
from .talk import say

if TYPE_CHECKING:
    from ..desk import Desk
    from ..desk.unsettled import Unsettled
    from ..sync.status import SyncStatus

Acts = Annotated[
    list[str], typer.Argument(metavar="ACT...", help=_("Its number in msc sync list, or the start of its id"))
]


def status() -> None:
    """Whether central answers, and what waits for it."""
    from ..desk.conversing import trouble

    desk = seats.acting()
    _show(desk, trouble(desk))


def now() -> None:
    """Send and fetch until nothing is left or central is gone. Whatever ends it, the next run goes on there.

    `Exit.CONFLICT` where central refused acts in this run."""
    from ..desk.conversing import sync_once

    desk = seats.acting()
    known = _refused(desk)
    found = sync_once(desk, patient=False)
    if found is None:
        say(_("Another window of yours is talking to central already; it sends what waits."))
        _show(desk, None)
        return
    problem = _problem(found)
    _show(desk, problem)
    if problem is not None:
        raise typer.Exit(problem.exit)
    if _refused(desk) - known:
        raise typer.Exit(Exit.CONFLICT)


def _refused(desk: "Desk") -> set[str]:
    """The ids of own acts that central could not apply."""
    from ..desk.unsettled import Standing, unsettled

    return {row.id for row in unsettled(desk) if row.standing is Standing.YOURS}


def verify() -> None:
    """Compare this laptop's rows with central's, and put right what differs."""
    from ..desk.conversing import verify_once

    desk = seats.acting()
    found = verify_once(desk)
    if found is None:
        say(_("Another window of yours is talking to central already; it compares by itself every hour."))
        _show(desk, None)
        return
    status, verdict = found
    if (problem := _problem(status)) is not None:
        raise problem
    if verdict is None or not verdict.compared:
        raise MscError("verify_not_now")
    mended = verdict.mended
    document = {
        "rows": verdict.rows, "missing": mended.missing, "extra": mended.extra, "wrong": mended.wrong,
        "kept": mended.kept, "entities": list(verdict.entities), "mended": status.mended,
    }  # fmt: skip
    lines = [
        (_("Rows compared"), str(verdict.rows)),
        (_("Fetched: they were missing"), str(mended.missing)),
        (_("Fetched: another version"), str(mended.wrong)),
        (_("Removed: not at central"), str(mended.extra)),
        (_("Left alone: own acts wait on them"), str(mended.kept)),
    ]
    emit_one(document, str(mended.rows), lambda: pairs(lines))


def list_() -> None:
    """What is not settled: own acts, and colleagues' proposals; for a conflict what was seen, wanted and is there."""
    from ..desk.unsettled import refs, unsettled, with_ways
    from . import sync_rows
    from .manner import Form, manner
    from .output import table, terminal_width
    from .talk import out

    desk = seats.acting()
    zone, now = desk.settings.zone, desk.now()
    rows = with_ways(desk, unsettled(desk))
    told = refs(rows)
    emit(
        rows,
        sync_rows.columns(zone, now, told),
        lambda row: sync_rows.document(row, told[row.id]),
        lambda row: row.id,
        _("Nothing waits for central."),
    )
    differing = sync_rows.differing(desk, rows)
    if differing and manner().form is Form.TABLE:
        out("\n" + "\n".join(table(differing, sync_rows.field_columns(zone, now), terminal_width())))


def retry(acts: Acts) -> None:
    """Ask again; the new act takes the old one's place."""
    _each(acts, lambda desk, row: desk.retry(row.id).op, _("Asked again."))


def withdraw(acts: Acts) -> None:
    """Take back an act that waits, with what stands on it, or one in conflict."""
    from ..desk.unsettled import take_back

    _each(acts, take_back, _("Taken back."))


def dismiss(acts: Acts) -> None:
    """Let a refused act go."""
    _each(acts, lambda desk, row: desk.dismiss(row.id), _("Let go."))


def _each(refs: list[str], act: Callable[["Desk", "Unsettled"], str | None], done: str) -> None:
    """Do something to each act; the exit code is the worst one's."""
    from ..desk.conversing import push_soon
    from ..desk.unsettled import find, unsettled
    from .output import Column

    desk = seats.acting()
    rows: list[tuple[str, str, MscError | None]] = []
    for ref in refs:
        try:
            row = find(unsettled(desk), ref)
            rows.append((ref, act(desk, row) or row.id, None))
        except MscError as error:
            rows.append((ref, "", error))
    if any(error is None for _ref, _op, error in rows):
        push_soon(desk)
    zone = desk.settings.zone

    def document(row: tuple[str, str, MscError | None]) -> dict[str, Any]:
        ref, op, error = row
        return {"ref": ref, "op": op, "error": error.key if error else None}

    columns = [Column(_("No."), lambda row: row[0]), Column(_("Result"), lambda row: _("refused") if row[2] else done)]
    emit(rows, columns, document, lambda row: row[1])
    for ref, _op, wrong in rows:
        if wrong is not None:
            say(f"{ref}: {sentence(wrong.key, wrong.data, zone)}")
    code = max(wrong.exit if wrong else Exit.OK for _ref, _op, wrong in rows)
    if code:
        raise typer.Exit(code)


def _problem(found: "SyncStatus") -> MscError | None:
    from ..errors import NotAllowed, Unreachable

    if found.problem is None:
        return None
    kind = NotAllowed if found.online else Unreachable
    return kind(found.problem, **found.data)


def _show(desk: "Desk", trouble: MscError | None) -> None:
    from ..desk import spool
    from ..desk.reading import CLOCK_OFF
    from ..widgets.words import clock_word

    pending, attention = desk.counts()
    offset = desk.clock_offset()
    last, zone = desk.last_sync(), desk.settings.zone
    home = spool.of(desk)
    left = spool.waiting(home)
    document = {
        "online": trouble is None,
        "problem": trouble.key if trouble else None,
        "pending": pending,
        "attention": attention,
        "last_sync": clock.iso(last) if last else None,
        "mended": desk.mended(),
        "spool": {"acts": left.acts, "files": left.files, "set_aside": left.aside},
        "clock_offset": round(desk.clock_offset().total_seconds(), 3),
    }

    def text() -> str:
        return pairs(
            [
                (_("Central"), _("online") if trouble is None else sentence(trouble.key, trouble.data, zone)),
                (_("Unsent acts"), str(pending)),
                (_("Refused acts"), str(attention)),
                (_("Last in step"), when(last, zone) if last else "-"),
                (_("Rows put right"), str(desk.mended())),
                *([(_("Left here by others, to be sent"), str(left.acts))] if left.files else []),
                *([(_("Set aside, unreadable"), str(spool.folder(home) / spool.ASIDE))] if left.aside else []),
                *([(_("Clock"), clock_word(offset))] if abs(offset) >= CLOCK_OFF else []),
            ]
        )

    emit_one(document, _("online") if trouble is None else trouble.key, text)
