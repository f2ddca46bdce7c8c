"""The whole public log: every figure that its makers state and the product holds, from the file and from a database.

Figures that no ticket holds are left out: the width of the file, and rows of an incident standing together.
"""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from msc_console import records
from msc_console.central import sql
from msc_console.central.db import Central
from msc_console.central.imports.command import run
from msc_console.central.imports.report import Report
from msc_console.central.imports.writer import Pair, run_import
from msc_console.domain.model import Entry, Ticket
from msc_console.domain.priority import priority
from msc_console.domain.terms import Level, Priority
from msc_console.errors import Exit
from tests.central.imports.figures import Figures, agrees
from tests.central.imports.stage import set_up

HELD = (
    "rows", "incidents", "rows_per_incident", "last_row_is_max_sys_mod", "state_rows", "last_state", "first_state",
    "made_sla_rows", "made_sla_last", "made_sla_last_share", "made_sla_any_false", "made_sla_by_priority",
    "priority_last", "impact_last", "urgency_last", "matrix_rows", "matrix_last", "reassign", "reopen",
    "last_is_max_reassign", "resolved_missing", "closed_missing", "resolved_before_opened", "resolution_hours_all",
    "resolution_hours_by_priority", "close_hours_all", "close_minus_resolve_hours", "contact_type_last",
    "knowledge_last", "u_priority_confirmation_last", "distinct", "opened_min", "opened_max", "closed_max",
    "top_groups_last", "top_category", "opened_per_month", "incidents_with_priority_change",
    "incidents_with_sla_change",
)  # fmt: skip
LEFT_OUT = {"columns", "contiguous", "fcr_within_row"}

pytestmark = pytest.mark.slow


class FigureSink:
    """Counts what it is given and keeps nothing else."""

    def __init__(self) -> None:
        self.figures = Figures()
        self.ids: set[str] = set()

    def write(self, batch: list[Pair]) -> tuple[int, int]:
        for ticket, entries in batch:
            self.figures.take(ticket, entries)
            self.ids |= {ticket.id, *(entry.id for entry in entries)}
        return len(batch), 0


@pytest.fixture(scope="module")
def counted(incident_log: Path) -> tuple[Report, FigureSink]:
    sink = FigureSink()
    return run_import(incident_log, sink, "UTC", lambda done, total, rows: None), sink


@pytest.fixture(scope="module")
def document(counted: tuple[Report, FigureSink]) -> dict[str, Any]:
    return counted[1].figures.document()


@pytest.mark.parametrize("name", HELD)
def test_a_figure_of_the_log(name: str, document: dict[str, Any], expected: dict[str, Any]) -> None:
    assert agrees(document[name], expected[name]), (document[name], expected[name])


def test_a_figure_that_is_off_is_seen() -> None:
    assert agrees({"p50": Fraction(1, 8)}, {"p50": 0.125})
    assert agrees(Fraction(2333625, 10_000), 233.362)
    assert agrees(Fraction(2333625, 10_000), 233.363)
    assert not agrees({"p50": Fraction(1, 8)}, {"p50": 0.126})
    assert not agrees({"p50": Fraction(1, 8)}, {"p50": 0.125, "p90": 1})
    assert not agrees({"Closed": 2}, {"Closed": 3})


def test_no_figure_is_forgotten(document: dict[str, Any], expected: dict[str, Any]) -> None:
    assert set(HELD) == set(document)
    assert set(expected) == set(HELD) | LEFT_OUT


def test_the_report(counted: tuple[Report, FigureSink], expected: dict[str, Any]) -> None:
    report = counted[0].document()
    same = {"rows": "rows", "incidents": "incidents", "by_state": "state_rows", "by_priority": "priority_last"}
    assert {name: report[name] for name in same} == {name: expected[key] for name, key in same.items()}
    assert (report["reopens"], report["reassignments"]) == (expected["reopen"]["total"], expected["reassign"]["total"])
    assert (report["imported"], report["unchanged"], report["continued"]) == (expected["incidents"], 0, 0)
    assert (report["complete"], report["bad"]["count"]) == (True, 0)


def test_every_row_agrees_with_the_matrix_and_one_cell_is_never_shown(
    counted: tuple[Report, FigureSink], expected: dict[str, Any]
) -> None:
    figures = counted[1].figures
    assert figures.off_matrix() == {}
    assert sum(figures.count["matrix_rows"].values()) == expected["rows"]
    shown = {cell[:2] for cell in figures.count["matrix_rows"]}
    assert len(shown) == 8
    assert ("1 - High", "3 - Low") not in shown  # impact, urgency
    assert priority(Level.LOW, Level.HIGH) == Priority.MEDIUM


def test_ids_are_unique(counted: tuple[Report, FigureSink], expected: dict[str, Any]) -> None:
    assert len(counted[1].ids) == expected["rows"] + expected["incidents"]


def stored(url: str) -> tuple[Figures, dict[str, int]]:
    """The figures of what lies in the database, and what a second run must leave as it is."""
    central, figures = Central.open(url), Figures()
    try:
        with central.read() as conn:
            timelines: dict[str, list[Entry]] = {}
            for row in sql.rows(conn, sql.select("entry", "1 = 1")):
                entry = records.from_row(Entry, row)
                timelines.setdefault(entry.ticket, []).append(entry)
            for row in sql.rows(conn, sql.select("ticket", "1 = 1")):
                ticket = records.from_row(Ticket, row)
                assert ticket.clocks == ()
                assert ticket.next_due is None
                figures.take(ticket, sorted(timelines.pop(ticket.id), key=lambda entry: int(entry.data["row"])))
            assert not timelines
            state = {
                name: int(conn.execute(text(query)).scalar_one())
                for name, query in {
                    "tickets": "SELECT count(*) FROM ticket",
                    "entries": "SELECT count(*) FROM entry",
                    "versions": "SELECT sum(ver) FROM ticket",
                    "most number": "SELECT max(number) FROM ticket",
                    "numbers": "SELECT count(DISTINCT number) FROM ticket",
                    "seq": "SELECT seq FROM feed_head",
                    "next number": "SELECT number FROM feed_head",
                    "changes": "SELECT count(*) FROM change",
                    "told": "SELECT count(*) FROM change_group",
                    "on the way": "SELECT count(*) FROM dispatch",
                    "audited": "SELECT count(*) FROM audit",
                }.items()
            }
        return figures, state
    finally:
        central.close()


@pytest.mark.deep
def test_the_whole_log_in_a_database(central_url: str, incident_log: Path, expected: dict[str, Any]) -> None:
    set_up(central_url)
    told = run(incident_log, central_url, "UTC", True, None)
    assert told.exit == Exit.OK
    report = json.loads(told.text)
    incidents, rows = expected["incidents"], expected["rows"]
    assert (report["rows"], report["imported"], report["unchanged"]) == (rows, incidents, 0)
    figures, state = stored(central_url)
    document = figures.document()
    assert set(document) == set(HELD)
    assert [name for name in HELD if not agrees(document[name], expected[name])] == []
    assert figures.off_matrix() == {}
    assert state == {
        "tickets": incidents, "entries": rows, "versions": incidents, "most number": incidents, "numbers": incidents,
        "seq": incidents + rows, "next number": incidents, "changes": incidents + rows, "audited": 1,
        "told": 0,  # all closed for years: none goes to a laptop
        "on the way": 0,
    }  # fmt: skip
    again = json.loads(run(incident_log, central_url, "UTC", True, None).text)
    assert again == {**report, "imported": 0, "unchanged": incidents}
    assert stored(central_url)[1] == state
