"""Runs an import: reads, maps and hands tickets to a sink in chunks. Stopped halfway, it is simply run again."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ... import clock
from ...domain.model import Entry, Ticket
from .lines import Bad
from .mapping import to_ticket
from .report import Report
from .servicenow import read

CHUNK = 5_000
"""Most rows (tickets and entries) handed over at once; one transaction of the ledger's sink."""

Pair = tuple[Ticket, list[Entry]]
Progress = Callable[[int, int, int], None]
"""Called after each chunk with bytes read, bytes of the file, and rows written."""


class Sink(Protocol):
    """Where tickets end. What is known by its id is left alone, so a second run changes nothing."""

    def write(self, batch: list[Pair]) -> tuple[int, int]:
        """Writes tickets, each once a batch; returns how many were (imported, unchanged)."""
        ...


def run_import(
    path: Path,
    sink: Sink,
    zone: str,
    progress: Progress,
    *,
    queue: str = "triage",
    received_at: datetime | None = None,
) -> Report:
    """Imports a log into `sink`; tickets lie in `queue`. Errors of `servicenow.read`; OSError of the file."""
    at = received_at or clock.now()
    report = Report()
    batch: dict[str, Pair] = {}
    size = 0

    def flush() -> None:
        if batch:
            imported, unchanged = sink.write(list(batch.values()))
            report.imported += imported
            report.unchanged += unchanged
            batch.clear()

    with path.open("rb") as stream:
        total = path.stat().st_size
        for item in read(stream, zone):
            if not isinstance(item, Bad):
                ticket, entries = to_ticket(item, queue, at)
                if size + 1 + len(entries) > CHUNK:
                    flush()
                    progress(stream.tell(), total, report.rows)
                    size = 0
                if item.before is not None and ticket.id not in batch:
                    report.continued += 1
                _, earlier = batch.get(ticket.id, (ticket, []))
                batch[ticket.id] = (ticket, [*earlier, *entries])
                size += 1 + len(entries)
            report.take(item)
        flush()
        progress(total, total, report.rows)
    return report
