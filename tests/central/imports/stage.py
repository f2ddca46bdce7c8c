"""Logs made up for tests, a sink that holds what it was given, and a central to import into."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import text

from msc_console import records
from msc_console.central import sql
from msc_console.central.db import Central
from msc_console.central.imports.writer import Pair
from msc_console.domain.model import Queue

HEADER = (
    "number,incident_state,active,reassignment_count,reopen_count,sys_mod_count,made_sla,caller_id,opened_by,opened_at,"
    "sys_created_by,sys_created_at,sys_updated_by,sys_updated_at,contact_type,location,category,subcategory,u_symptom,"
    "cmdb_ci,impact,urgency,priority,assignment_group,assigned_to,knowledge,u_priority_confirmation,notify,problem_id,"
    "rfc,vendor,caused_by,closed_code,resolved_by,resolved_at,closed_at"
)
COLUMNS = HEADER.split(",")
KNOWN = {
    "number": "INC1",
    "incident_state": "New",
    "reassignment_count": "0",
    "reopen_count": "0",
    "made_sla": "true",
    "caller_id": "Pelapor 1",
    "opened_at": "1/3/2026 07:00",
    "sys_updated_by": "Petugas 1",
    "sys_updated_at": "1/3/2026 07:05",
    "contact_type": "Phone",
    "impact": "2 - Medium",
    "urgency": "2 - Medium",
    "priority": "3 - Moderate",
    "assignment_group": "Grup A",
}


def line(**words: str) -> str:
    """A row of the log; columns not named are as in KNOWN, or unknown."""
    return ",".join((KNOWN | words).get(name, "?") for name in COLUMNS)


def log(*rows: str, header: str = HEADER) -> bytes:
    """A whole file."""
    return "\n".join([header, *rows, ""]).encode()


def life(number: str) -> list[str]:
    """An incident that was opened, handed on, resolved and closed: four rows."""
    end = {"resolved_at": "1/3/2026 09:00", "closed_at": "6/3/2026 09:00"}
    return [
        line(number=number, sys_mod_count="0", **end),
        line(number=number, incident_state="Active", sys_mod_count="1", assignment_group="Grup B",
             reassignment_count="1", sys_updated_at="1/3/2026 07:30", **end),
        line(number=number, incident_state="Resolved", sys_mod_count="2", assignment_group="Grup B",
             reassignment_count="1", sys_updated_at="1/3/2026 09:00", **end),
        line(number=number, incident_state="Closed", sys_mod_count="3", assignment_group="Grup B",
             reassignment_count="1", made_sla="false", sys_updated_at="6/3/2026 09:00", **end),
    ]  # fmt: skip


def lives(numbers: Iterable[int]) -> list[str]:
    return [row for number in numbers for row in life(f"INC{number}")]


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


@dataclass
class MemorySink:
    """Keeps tickets and entries by id, as the ledger does."""

    tickets: dict[str, object] = field(default_factory=dict)
    entries: dict[str, object] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    """Rows of each batch."""

    def write(self, batch: list[Pair]) -> tuple[int, int]:
        assert len({ticket.id for ticket, _ in batch}) == len(batch)
        self.sizes.append(sum(1 + len(entries) for _, entries in batch))
        imported = 0
        for ticket, entries in batch:
            new = [entry for entry in entries if entry.id not in self.entries]
            if ticket.id not in self.tickets or new:
                imported += 1
                self.tickets[ticket.id] = ticket
                self.entries |= {entry.id: entry for entry in new}
        return imported, len(batch) - imported


def set_up(url: str) -> None:
    """A central that is set up as far as an import asks."""
    central = Central.open(url)
    try:
        with central.write() as conn:
            conn.execute(text("INSERT INTO meta (key, value) VALUES ('site_id', 'uji')"))
            queue = Queue(id="00000000-0000-7000-8000-000000000001", ver=1, key="triage", name="Triase")
            sql.many(conn, sql.upsert("queue"), [records.to_row(queue)])
    finally:
        central.close()
