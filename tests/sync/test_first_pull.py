"""A first pull in parts by a real laptop from a real central in one process: cut, killed and crossed by news at every
step, it ends where plain pages end."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msc_console.central import cutting
from msc_console.central.db import Central
from msc_console.store import intake, search
from msc_console.sync import snapshots
from msc_console.sync.faults import Declined
from msc_console.sync.wire import Problem

from .pulls import Killed, Office

pytestmark = pytest.mark.protocol("P-144")


@pytest.fixture
def office(central_url: str, tmp_path: Path) -> Iterator[Office]:
    central = Central.open(central_url)
    found = Office(central, tmp_path)
    yield found
    found.cuts.close()
    central.close()


def test_parts_bring_what_pages_bring(office: Office) -> None:
    office.fill(6)
    for person in (office.stage.rina, office.stage.budi, office.stage.lead, office.stage.engineer):
        laptop = office.laptop(person)
        laptop.sync()
        assert "begin" in laptop.way.asked
        assert laptop.way.asked.count("changes") == 1
        office.same(laptop, person)


def test_a_central_without_snapshots_gives_pages(office: Office) -> None:
    office.fill()
    laptop = office.laptop(office.stage.rina, parts=False)
    laptop.sync()
    assert set(laptop.way.asked) == {"changes"}
    office.same(laptop, office.stage.rina)


@pytest.mark.protocol("P-145")
def test_a_kill_at_any_request_costs_one_part(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "PART_ROWS", 3)
    office.fill(6)
    whole = office.laptop(office.stage.rina)
    whole.sync()
    fetched = whole.way.asked.count("part")
    assert fetched > 5
    for at in range(len(whole.way.asked)):
        laptop = office.laptop(office.stage.rina)
        laptop.sync_killed(at)  # a cut that was quicker needs a request less
        laptop.sync()
        assert laptop.way.asked.count("part") <= fetched + 1
        assert laptop.rows() == whole.rows()


@pytest.mark.protocol("P-145")
def test_a_kill_between_two_batches_of_a_part(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "PIECE", 700)
    office.fill(6)
    laptop = office.laptop(office.stage.rina)
    taken: list[int | None] = []
    real = intake.take

    def dying(conn: Any, lines: Any, part: int | None) -> Any:
        taken.append(part)
        if len(taken) == 6:
            raise Killed
        return real(conn, lines, part)

    monkeypatch.setattr(intake, "take", dying)
    with pytest.raises(Killed):
        laptop.sync()
    assert None in taken, "parts come in several batches"
    monkeypatch.setattr(intake, "take", real)
    office.same(laptop, office.stage.rina)


@pytest.mark.protocol("P-141")
@pytest.mark.parametrize("at", [0, 2, 4, 6, 8, 9])
def test_news_between_any_two_steps_arrive(office: Office, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Tickets are made, noted on, moved away and closed while the snapshot is on its way. How often a laptop asks for
    more parts depends on how fast they are cut, so that doesn't count as a step."""
    monkeypatch.setattr(cutting, "PART_ROWS", 2)
    made = office.fill(4)
    laptop, counted = office.laptop(office.stage.rina), itertools.count()
    lead = office.stage.laptop(office.stage.lead)

    def before(name: str) -> None:
        if name != "manifest" and next(counted) == at:
            lead.create(subject="Baru")
            lead.do("entry.note", made[0], {"body": "sementara itu"})
            moved = lead.do("ticket.move", made[2], {"queue": "khusus"}, before={"queue": "umum"})
            assert moved.result == "applied"

    laptop.way.before = before
    laptop.sync()
    assert next(counted) > at
    laptop.way.before = lambda name: None
    office.same(laptop, office.stage.rina)
    assert laptop.one("SELECT count(*) FROM ticket WHERE id = ?", made[2]) == 0


@pytest.mark.protocol("P-143")
@pytest.mark.parametrize("at", range(1, 9))
def test_groups_that_change_under_way(office: Office, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Nothing of a queue that was taken away stays, and nothing of one that came is missing."""
    monkeypatch.setattr(cutting, "PART_ROWS", 2)
    lead = office.stage.laptop(office.stage.lead)
    gone = [lead.create("khusus") for _ in range(2)]
    office.fill(4)
    laptop, counted = office.laptop(office.stage.lead), itertools.count()

    def before(name: str) -> None:
        if name != "manifest" and next(counted) == at:
            laptop.way.person = office.stage.change(office.stage.lead, queues=("umum",))

    laptop.way.before = before
    laptop.sync()
    assert next(counted) > at
    laptop.way.before = lambda name: None
    office.same(laptop, laptop.way.person)
    for ticket in gone:
        assert laptop.one("SELECT count(*) FROM ticket WHERE id = ?", ticket) == 0


@pytest.mark.protocol("P-143")
@pytest.mark.parametrize("parts", [0, 2], ids=["at_once", "after_two_parts"])
def test_snapshots_that_are_always_lost_end_in_pages(
    office: Office, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    monkeypatch.setattr(cutting, "PART_ROWS", 3)
    office.fill(6)
    laptop = office.laptop(office.stage.rina)

    def lost(name: str) -> None:
        if name == "part" and laptop.way.asked.count("part") % (parts + 1) == 0:
            raise Declined(Problem("about:blank", "gone", 410, "snapshot_gone"))

    laptop.way.before = lost
    laptop.sync()
    assert laptop.way.asked.count("begin") == 3
    assert laptop.way.asked[-1] == "changes"
    laptop.way.before = lambda name: None
    office.same(laptop, office.stage.rina)


def test_a_row_that_is_newer_here_stays(office: Office) -> None:
    """The parts of an older cut never undo what a page has brought."""
    made = office.fill(2)
    office.cuts.begin(office.stage.budi)
    laptop = office.laptop(office.stage.rina)
    held = laptop.way.begin_snapshot()
    office.stage.laptop(office.stage.lead).do("entry.note", made[0], {"body": "lebih baru"})
    pages = office.laptop(office.stage.rina, parts=False)
    pages.sync()
    newer = pages.rows()
    for part in held.parts:
        for lines, last in snapshots.read_part(part, laptop.way.part(held.id, part.n)):
            with pages.cache.write() as conn:
                if last:
                    intake.begin(conn, msgspec.to_builtins(held))
                    conn.execute("DELETE FROM stale")
                intake.take(conn, lines, part.n if last else None)
    assert pages.rows() == newer


def test_tickets_show_before_the_tail_has_come(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "PART_ROWS", 4)
    made = office.fill(8)
    laptop = office.laptop(office.stage.rina)
    seen: list[int] = []
    laptop.way.before = lambda name: seen.append(len(laptop.heard & set(made)))
    laptop.sync()
    assert any(0 < count < 8 for count in seen)


@pytest.mark.protocol("P-146")
def test_a_closed_tickets_timeline_comes_when_it_is_opened(office: Office) -> None:
    open_, closed = office.fill(2)
    laptop = office.laptop(office.stage.rina)
    laptop.sync()
    count = "SELECT count(*) FROM entry WHERE ticket = ?"
    assert (laptop.one(count, open_), laptop.one(count, closed)) == (2, 0)
    with laptop.cache.write() as conn:
        assert intake.is_thin(conn, closed)
        assert not intake.want(conn, open_)
        assert intake.want(conn, closed)
    laptop.sync()
    assert laptop.one(count, closed) == 3
    assert "timeline" in laptop.way.asked
    with laptop.cache.read() as conn:
        assert not intake.is_thin(conn, closed)
        assert [row.id for row in search.tickets(conn, "baris kata1x", "rina")] == [closed]


@pytest.mark.protocol("P-146")
def test_a_closed_ticket_that_is_opened_again_brings_its_timeline(office: Office) -> None:
    rina = office.stage.laptop(office.stage.rina)
    closed = rina.create(take=True)
    for kind, args, state in (("resolve", {"solution": "stempel diulang"}, "open"), ("close", {}, "resolved")):
        done = rina.do(f"ticket.{kind}", closed, args, basis={"epoch": 1}, before={"state": state})
        assert done.result == "applied", done
    laptop = office.laptop(office.stage.rina)
    laptop.sync()
    assert laptop.one("SELECT count(*) FROM entry WHERE ticket = ?", closed) == 0
    reopened = rina.do("ticket.reopen", closed, {"reason": "belum"}, basis={"epoch": 1}, before={"state": "closed"})
    assert reopened.result == "applied", reopened
    laptop.sync()
    assert laptop.one("SELECT count(*) FROM entry WHERE ticket = ?", closed) == 4


@pytest.mark.protocol("P-146")
def test_a_timeline_that_central_no_longer_gives_is_not_asked_for_again(office: Office) -> None:
    _, closed = office.fill(2)
    laptop = office.laptop(office.stage.rina)
    laptop.sync()
    with laptop.cache.write() as conn:
        intake.want(conn, closed)
    laptop.way.before = lambda name: None
    laptop.way.person = office.stage.change(office.stage.rina, queues=())
    laptop.sync()
    assert laptop.one("SELECT count(*) FROM thin") == 0
    asked = laptop.way.asked.count("timeline")
    laptop.sync()
    assert laptop.way.asked.count("timeline") == asked


@pytest.mark.protocol("P-147")
def test_the_index_is_built_behind_and_finds_everything(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    made = office.fill(6)
    laptop = office.laptop(office.stage.rina)
    building: list[bool] = []
    real = intake.index_some

    def some(conn: Any) -> bool:
        building.append(not search.complete(conn))
        return real(conn)

    monkeypatch.setattr(intake, "index_some", some)
    laptop.sync()
    assert building
    assert all(building)
    with laptop.cache.read() as conn:
        assert search.complete(conn)
        assert {row.id for row in search.tickets(conn, "stempel", "rina")} == set(made)
        assert conn.execute("SELECT count(*) FROM search_ticket_docsize").fetchone()[0] == 6


@pytest.mark.protocol("P-147")
def test_a_second_first_pull_leaves_no_row_twice_in_the_index(office: Office) -> None:
    made = office.fill(6)
    laptop = office.laptop(office.stage.rina)
    laptop.sync()
    office.stage.laptop(office.stage.lead).do("entry.note", made[0], {"body": "kata istimewa"})
    with laptop.cache.write() as conn:
        changes_at = conn.execute('SELECT generation FROM "cursor"').fetchone()[0]
    laptop.driver._disk.reset_cursor(changes_at)
    laptop.sync()
    with laptop.cache.read() as conn:
        assert [row.id for row in search.tickets(conn, "istimewa", "rina")] == [made[0]]
        assert conn.execute("SELECT count(*) FROM search_ticket_docsize").fetchone()[0] == 6
        conn.execute("INSERT INTO search_ticket (search_ticket) VALUES ('integrity-check')")


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(1, 8), piece=st.integers(300, 4000), kills=st.lists(st.integers(0, 25), max_size=4),
    news=st.lists(st.integers(0, 25), max_size=4),
)  # fmt: skip
def test_any_cut_any_kill_any_news(
    sqlite_url: str, tmp_path: Path, rows: int, piece: int, kills: list[int], news: list[int]
) -> None:
    """Parts and batches of any size, kills at any requests, writes between any two: the same end."""
    file = tmp_path / f"{uuid4()}-central.db"
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), file)
    central = Central.open(f"sqlite:///{file}")
    office = Office(central, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "PART_ROWS", rows)
        patch.setattr(snapshots, "PIECE", piece)
        made = office.fill(4)
        lead = office.stage.laptop(office.stage.lead)
        laptop = office.laptop(office.stage.rina)
        for at in kills:
            laptop.sync_killed(at)
            if news:
                lead.do("entry.note", made[news[0] % 4], {"body": "di sela"})
        counted = itertools.count()

        def before(name: str) -> None:
            if next(counted) in news:
                lead.do("entry.note", made[0], {"body": "kabar"})

        laptop.way.before = before
        laptop.sync()
        laptop.way.before = lambda name: None
        office.same(laptop, office.stage.rina)
    office.cuts.close()
    central.close()
