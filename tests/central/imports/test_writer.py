"""A run in chunks: what it counts, and that another run changes nothing."""

import random
from pathlib import Path

import pytest

from msc_console.central.imports import writer
from msc_console.central.imports.report import LISTED, Report
from msc_console.central.imports.writer import CHUNK, run_import
from msc_console.domain.model import Ticket
from msc_console.domain.terms import State
from tests.central.imports.stage import MemorySink, life, line, lives, log, packed


def silent(done: int, total: int, rows: int) -> None: ...


def imported(path: Path, content: bytes, sink: MemorySink) -> Report:
    path.write_bytes(content)
    return run_import(path, sink, "UTC", silent)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "log.csv"


def test_the_report_counts_what_the_file_holds(file: Path) -> None:
    rows = [
        *life("INC1"),
        line(number="INC2", incident_state="-100", reopen_count="2"),
        line(number="INC2", incident_state="Active", priority="1 - Critical", reopen_count="3"),
        line(number="INC2", incident_state="Asleep"),
        "rusak",
    ]
    assert imported(file, log(*rows), MemorySink()).document() == {
        "rows": 6,
        "incidents": 2,
        "continued": 0,
        "imported": 2,
        "unchanged": 0,
        "complete": True,
        "bad": {
            "count": 2,
            "by_reason": {"state": 1, "columns": 1},
            "lines": [{"line": 8, "reason": "state"}, {"line": 9, "reason": "columns"}],
        },
        "by_state": {"Active": 2, "New": 1, "Resolved": 1, "Closed": 1, "-100": 1},
        "by_priority": {"3 - Moderate": 1, "1 - Critical": 1},
        "reopens": 3,
        "reassignments": 1,
    }


def test_a_second_run_changes_nothing(file: Path) -> None:
    sink = MemorySink()
    first = imported(file, log(*lives(range(5))), sink)
    tickets, entries = dict(sink.tickets), dict(sink.entries)
    second = imported(file, log(*lives(range(5))), sink)
    assert (first.imported, first.unchanged, second.imported, second.unchanged) == (5, 0, 0, 5)
    assert (sink.tickets, sink.entries) == (tickets, entries)
    assert {**first.document(), "imported": 0, "unchanged": 5} == second.document()


def test_chunks_hold_at_most_the_agreed_rows(file: Path) -> None:
    sink = MemorySink()
    seen: list[tuple[int, int, int]] = []
    file.write_bytes(packed(log(*lives(range(2_500)))))
    report = run_import(file, sink, "UTC", lambda *at: seen.append(at))
    assert CHUNK == 5_000
    assert sink.sizes == [5_000, 5_000, 2_500]
    assert (len(sink.tickets), len(sink.entries), report.imported) == (2_500, 10_000, 2_500)
    size = file.stat().st_size
    assert [rows for _, _, rows in seen] == [4_000, 8_000, 10_000]
    assert [total for _, total, _ in seen] == [size] * 3
    assert seen[-1][0] == size
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)


@pytest.mark.parametrize("chunk", [2, 7, 5_000])
def test_a_log_in_any_order_of_incidents_gives_the_same(
    file: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CHUNK", chunk)
    queues = [life(f"INC{n}") for n in range(6)]
    apart, rng = [], random.Random(4)
    while any(queues):
        apart.append(rng.choice([rows for rows in queues if rows]).pop(0))
    sink, ordered = MemorySink(), MemorySink()
    report = imported(file, log(*apart), sink)
    expected = imported(file, log(*lives(range(6))), ordered)
    assert set(sink.entries) == set(ordered.entries)
    assert {id: t.state for id, t in _tickets(sink)} == {id: t.state for id, t in _tickets(ordered)}
    same = ("rows", "incidents", "by_state", "by_priority", "reopens", "reassignments")
    assert [report.document()[name] for name in same] == [expected.document()[name] for name in same]
    assert report.imported + report.unchanged == report.incidents + report.continued
    again = imported(file, log(*apart), sink)
    assert (again.imported, again.unchanged) == (0, report.imported)


def _tickets(sink: MemorySink) -> list[tuple[str, Ticket]]:
    return [(id, ticket) for id, ticket in sink.tickets.items() if isinstance(ticket, Ticket)]


def test_a_repaired_row_comes_in_where_it_belongs(file: Path) -> None:
    rows = life("INC1")
    damaged = [rows[0], rows[1].replace("1/3/2026 07:30", "kemarin"), *rows[2:]]
    sink, whole = MemorySink(), MemorySink()
    assert imported(file, log(*damaged), sink).bad.total() == 1
    assert len(sink.entries) == 3
    repaired = imported(file, log(*rows), sink)
    assert (repaired.imported, repaired.bad.total()) == (1, 0)
    imported(file, log(*rows), whole)
    assert set(sink.entries) == set(whole.entries)


def test_a_log_that_grew_brings_its_new_rows(file: Path) -> None:
    sink = MemorySink()
    imported(file, log(*life("INC1")[:3], *life("INC2")), sink)
    report = imported(file, log(*life("INC1"), *life("INC2")), sink)
    assert (report.imported, report.unchanged) == (1, 1)
    assert [ticket.state for _, ticket in _tickets(sink)] == [State.CLOSED, State.CLOSED]


def test_a_cut_archive_is_told_and_its_beginning_is_in(file: Path) -> None:
    rows = [line(number=f"INC{n}", caller_id=f"Pelapor {n * n}") for n in range(2_000)]
    sink = MemorySink()
    report = imported(file, packed(log(*rows))[:-2_000], sink)
    assert not report.complete
    assert 0 < report.imported == len(sink.tickets) < 2_000
    assert report.document()["bad"]["by_reason"] == {"damaged": 1}


def test_many_bad_lines_are_counted_and_some_are_listed(file: Path) -> None:
    report = imported(file, log(*(["rusak"] * 1_000)), MemorySink())
    document = report.document()["bad"]
    assert (document["count"], len(document["lines"])) == (1_000, LISTED)
