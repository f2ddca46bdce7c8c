"""The command: what it asks for, what it says, what it leaves in a database of each kind."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from msc_console import clock, i18n
from msc_console.central.db import Central
from msc_console.central.imports.command import WHY, run
from msc_console.central.imports.lines import Reason
from msc_console.central.imports.mapping import entry_id, ticket_id
from msc_console.cli.central import app
from msc_console.errors import Exit, MscError, UsageError
from tests.central.imports.stage import line, lives, log, packed, set_up


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def url(central_url: str) -> str:
    set_up(central_url)
    return central_url


@pytest.fixture
def central(url: str) -> Iterator[Central]:
    central = Central.open(url)
    yield central
    central.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_bytes(log(*lives(range(3)), "rusak"))
    return path


def held(central: Central) -> list[object]:
    """What a second run must leave as it is."""
    with central.read() as conn:
        return [
            conn.execute(text(query)).all()
            for query in (
                "SELECT * FROM ticket ORDER BY id",
                "SELECT * FROM entry ORDER BY id",
                "SELECT * FROM feed_head",
                "SELECT * FROM change ORDER BY seq",
                "SELECT act, data FROM audit",
            )
        ]


def test_imports_once(url: str, central: Central, file: Path) -> None:
    first = run(file, url, "Asia/Jakarta", True, None)
    report = json.loads(first.text)
    assert first.exit == Exit.OK
    assert (report["imported"], report["rows"], report["bad"]["lines"]) == (3, 12, [{"line": 14, "reason": "columns"}])
    before = held(central)
    again = run(file, url, "Asia/Jakarta", True, None)
    assert json.loads(again.text) == {**report, "imported": 0, "unchanged": 3}
    assert held(central) == before
    with central.read() as conn:
        found = conn.execute(
            text('SELECT number, ver, queue, state, "references", created_at FROM ticket WHERE id = :id'),
            {"id": ticket_id("INC1")},
        ).one()
        audited = conn.execute(text("SELECT act, data FROM audit")).all()
    opened = clock.to_ms(clock.parse("2026-03-01T07:00:00+07:00"))
    assert tuple(found) == (2, 1, "triage", "closed", '{"servicenow-log":"INC1"}', opened)
    assert audited == [("import", '{"imported":3,"incidents":3,"source":"servicenow-log"}')]


def test_a_damaged_row_repaired_later_is_the_only_one_that_comes(url: str, central: Central, file: Path) -> None:
    rows = lives(range(3))
    file.write_bytes(log(*rows[:5], rows[5].replace("1/3/2026 07:30", "kemarin"), *rows[6:]))
    assert json.loads(run(file, url, "UTC", True, None).text)["bad"]["lines"] == [{"line": 7, "reason": "date"}]
    file.write_bytes(log(*rows))
    report = json.loads(run(file, url, "UTC", True, None).text)
    assert (report["imported"], report["unchanged"]) == (1, 2)
    with central.read() as conn:
        ids = conn.execute(text("SELECT id FROM entry WHERE ticket = :id"), {"id": ticket_id("INC1")}).scalars().all()
    assert sorted(ids) == sorted(entry_id("INC1", place) for place in range(4))


def test_open_incidents_reach_the_queues_laptops_and_are_not_judged(url: str, central: Central, file: Path) -> None:
    file.write_bytes(log(line(incident_state="Awaiting Vendor", category="\x00\x1b[2J")))
    assert run(file, url, "UTC", True, None).exit == Exit.OK
    with central.read() as conn:
        groups = conn.execute(text("SELECT group_id, entity, effect FROM change_group ORDER BY seq")).all()
        ticket = conn.execute(text("SELECT state, waiting_party, clocks, next_due, subject FROM ticket")).one()
    assert groups == [("queue:triage", "ticket", "put"), ("queue:triage", "entry", "put")]
    assert tuple(ticket) == ("waiting_vendor", "vendor", "[]", None, "INC1: \u2400\u241b[2J")


def test_a_cut_archive_is_a_failure_that_keeps_its_beginning(url: str, central: Central, file: Path) -> None:
    rows = [line(number=f"INC{n}", caller_id=f"Pelapor {n * n}") for n in range(500)]
    file.write_bytes(packed(log(*rows))[:-500])
    told = run(file, url, "UTC", True, None)
    report = json.loads(told.text)
    assert (told.exit, report["complete"]) == (Exit.FAILED, False)
    with central.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM ticket")).scalar() == report["imported"] > 0


@pytest.mark.parametrize("language", ["id", "en"])
def test_words_for_people(sqlite_url: str, file: Path, language: str) -> None:
    set_up(sqlite_url)
    i18n.set_language(language)
    first, second = run(file, sqlite_url, "UTC", False, None).text.splitlines()
    assert [number for number in ("12", "3", "0", "1") if number in first] == ["12", "3", "0", "1"]
    assert "14" in second
    assert set(WHY) == set(Reason)


def test_a_bar_is_drawn_on_a_terminal_alone(sqlite_url: str, file: Path) -> None:
    set_up(sqlite_url)
    screen, script = Terminal(), io.StringIO()
    run(file, sqlite_url, "UTC", True, screen)
    run(file, sqlite_url, "UTC", True, script)
    assert "100%" in screen.getvalue()
    assert script.getvalue() == ""


def test_what_it_needs_is_asked_for_first(sqlite_url: str, central_url: str, file: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="central_not_set_up"):
        run(file, central_url, "UTC", True, None)
    set_up(central_url)
    with pytest.raises(UsageError, match="queue_unknown"):
        run(file, central_url, "UTC", True, None, "antah")
    with pytest.raises(UsageError, match="zone_unknown"):
        run(file, central_url, "Asia/Nowhere", True, None)
    file.write_bytes(b"a,b\n")
    with pytest.raises(UsageError, match="import_not_a_log"):
        run(file, central_url, "UTC", True, None)
    for path in (tmp_path / "gone.csv", tmp_path):
        with pytest.raises(MscError, match="import_file_unreadable"):
            run(path, central_url, "UTC", True, None)
    central = Central.open(central_url)
    try:
        with central.read() as conn:
            assert conn.execute(text("SELECT count(*) FROM ticket")).scalar() == 0
    finally:
        central.close()


def test_from_the_command_line(central_url: str, file: Path) -> None:
    set_up(central_url)
    words = ["import", "servicenow-log", str(file), "--db", central_url, "--zone", "Asia/Jakarta", "--json"]
    first, again = (CliRunner().invoke(app, words) for _ in range(2))
    assert (first.exit_code, first.stderr) == (Exit.OK, "")
    assert (json.loads(first.stdout)["imported"], json.loads(again.stdout)["unchanged"]) == (3, 3)
    file.write_bytes(packed(file.read_bytes())[:-4])
    assert CliRunner().invoke(app, words).exit_code == Exit.FAILED
    file.write_bytes(b"")
    refused = CliRunner().invoke(app, words)
    assert (refused.exit_code, refused.stdout) == (Exit.USAGE, "")
    assert refused.stderr
