"""`msc central import`: an incident log, read by `imports`, lands in the ledger."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from ..errors import UsageError
from . import audit
from .db import Central
from .imports.report import Report
from .imports.writer import Progress, run_import
from .setup import ACTOR, require_site
from .sink import LedgerSink


def import_log(url: str, file: Path, zone: str, queue: str, now: datetime, progress: Progress) -> Report:
    """Imports a log into the set-up central at `url`; doing it again changes nothing.

    UsageError for a missing file, one that is no log, an unknown zone or queue.
    """
    if not file.is_file():
        raise UsageError("import_file_missing", path=str(file))
    central = Central.open(url)
    try:
        with central.read() as conn:
            require_site(conn)
            if not conn.execute(text('SELECT 1 FROM queue WHERE "key" = :key'), {"key": queue}).scalar():
                raise UsageError("queue_unknown", queue=queue)
        report = run_import(file, LedgerSink(central, now), zone, progress, queue=queue, received_at=now)
        counts = {"imported": report.imported, "unchanged": report.unchanged, "bad": report.bad.total()}
        with central.write() as conn:
            audit.add(conn, now, ACTOR, "import.log", {"file": file.name, **counts})
        return report
    finally:
        central.close()
