"""`msc central import servicenow-log`: the import as whoever runs the server asks for it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ... import clock
from ...errors import Exit, MscError, UsageError
from ...i18n import N_, _
from .. import audit, sql
from ..db import Central
from ..setup import require_site
from ..sink import LedgerSink
from ..system import ACTOR
from .lines import Reason
from .report import Report
from .servicenow import SOURCE
from .writer import Progress, run_import

WHY = {
    Reason.COLUMNS: N_("the columns don't fit the header"),
    Reason.DATE: N_("a date can't be read"),
    Reason.PRIORITY: N_("the priority is unknown"),
    Reason.LEVEL: N_("urgency or impact is unknown"),
    Reason.STATE: N_("the state is unknown"),
    Reason.COUNT: N_("a counter can't be read"),
    Reason.NUMBER: N_("the incident's number is missing"),
    Reason.ENCODING: N_("it is not UTF-8"),
    Reason.TOO_LONG: N_("it is too long"),
    Reason.DAMAGED: N_("the file is damaged from here on"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What is printed, and the exit code."""

    text: str
    exit: Exit


def run(path: Path, url: str, zone: str, as_json: bool, progress: TextIO | None, queue: str = "triage") -> Told:
    """Imports the log at `path` into the central at `url`; the report as JSON or in words.

    `progress` is where a bar is drawn, if that is a terminal. FAILED when the file could not be read to its end; what
    stood before that is in, and so is what bad lines stood between. UsageError when there is nothing to import from or
    into.
    """
    central = Central.open(url)
    try:
        central.migrate()
        with central.read() as conn:
            require_site(conn)
            if not sql.rows(conn, sql.select("queue", "key = :key"), key=queue):
                raise UsageError("queue_unknown", queue=queue)
        now = clock.now()
        with _bar(progress) as shown:
            report = run_import(path, LedgerSink(central, now), zone, shown, queue=queue, received_at=now)
        if report.imported:
            with central.write() as conn:
                counts = {"source": SOURCE, "incidents": report.incidents, "imported": report.imported}
                audit.add(conn, now, ACTOR, "import", counts)
    except OSError as error:
        raise MscError("import_file_unreadable", path=str(path), detail=error.strerror or str(error)) from None
    finally:
        central.close()
    text = json.dumps(report.document(), ensure_ascii=True, indent=2) if as_json else _words(report)
    return Told(text, Exit.OK if report.complete else Exit.FAILED)


def _words(report: Report) -> str:
    told = [
        _(
            "{rows} rows of {incidents} incidents: {imported} imported, {unchanged} unchanged, {bad} lines left out"
        ).format(
            rows=report.rows,
            incidents=report.incidents,
            imported=report.imported,
            unchanged=report.unchanged,
            bad=report.bad.total(),
        )
    ]
    told += [_("line {line}: {why}").format(line=bad.line, why=_(WHY[bad.reason])) for bad in report.bad_lines]
    return "\n".join(told)


@contextmanager
def _bar(stream: TextIO | None) -> Iterator[Progress]:
    """A bar over the file's bytes on a terminal; elsewhere nothing."""
    if stream is None or not stream.isatty():
        yield lambda done, total, rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Bar(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, rows: bar.update(task, completed=done, total=total)
