"""A round of the conversation that brought nothing new writes nothing; whatever is left to be ended is ended."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from msc_console import clock
from msc_console.desk.syncing import CacheDisk
from msc_console.domain.terms import Op
from msc_console.store import settings
from msc_console.store.opening import Cache
from msc_console.store.outbox import KEEP_DONE
from msc_console.sync.state import EngineState
from tests.store.world import ANDI, KEY, T0, Desk, a_ticket, put


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    cache = Cache.open(tmp_path / "cache.db", KEY)
    desk = Desk(cache)
    desk.apply([put("contact", ANDI), put("ticket", a_ticket("t1"))], up_to_date=True)
    yield desk
    cache.close()


class Counted:
    """The disk, and how many of its calls wrote."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.disk = CacheDisk(desk.cache, desk.replica, cast(Any, None))
        self.cursor = self.disk.cursor()

    def wrote(self, work: Any) -> bool:
        changed: list[str] = []
        with self.desk.cache.read() as conn:
            conn.set_trace_callback(lambda line: changed.append(line) if line == "BEGIN IMMEDIATE" else None)
        work()
        with self.desk.cache.read() as conn:
            conn.set_trace_callback(None)
        return bool(changed)

    def page(self) -> None:
        self.disk.apply([], self.cursor, up_to_date=True)


def test_an_empty_page_at_the_same_place_writes_nothing(desk: Desk) -> None:
    here = Counted(desk)
    assert not here.wrote(here.page)
    assert here.wrote(lambda: here.disk.apply([], here.cursor + "+", up_to_date=True))
    assert here.disk.cursor() == here.cursor + "+"


def test_an_answered_act_ends_with_the_next_page_however_empty(desk: Desk) -> None:
    here = Counted(desk)
    desk.do(Op.ENTRY_NOTE, "t1", body="Sudah dicoba")
    with desk.cache.write() as conn:
        conn.execute("UPDATE outbox SET state = 'acked', acked_seq = 1, acked_ver = 1")
    assert here.wrote(here.page)
    assert desk.read(lambda conn: conn.execute("SELECT count(*) FROM outbox").fetchone()[0]) == 0
    assert desk.read(lambda conn: conn.execute("SELECT state FROM journal").fetchone()[0]) == "done"
    assert not here.wrote(here.page)


def test_what_had_to_come_again_goes_with_the_next_page_however_empty(desk: Desk) -> None:
    here = Counted(desk)
    with desk.cache.write() as conn:
        conn.execute("INSERT INTO stale (entity, id) VALUES ('ticket', 't1')")
    assert here.wrote(here.page)
    assert desk.read(lambda conn: conn.execute("SELECT count(*) FROM ticket").fetchone()[0]) == 0


def test_the_journal_is_pruned_by_an_empty_page(desk: Desk) -> None:
    here = Counted(desk)
    desk.do(Op.ENTRY_NOTE, "t1", body="Sudah dicoba")
    with desk.cache.write() as conn:
        conn.execute("UPDATE outbox SET state = 'acked', acked_seq = 1, acked_ver = 1")
    here.page()
    with desk.cache.write() as conn:
        conn.execute("UPDATE journal SET done_at = ?", (clock.to_ms(clock.now() - KEEP_DONE) - 1,))
    assert here.wrote(here.page)
    assert desk.read(lambda conn: conn.execute("SELECT count(*) FROM journal").fetchone()[0]) == 0


def test_the_same_time_is_written_once(desk: Desk) -> None:
    here = Counted(desk)
    ms = timedelta(milliseconds=1)
    assert here.wrote(lambda: here.disk.note_time(T0, T0))
    assert not here.wrote(lambda: here.disk.note_time(T0 + 999 * ms, T0 + 900 * ms))
    assert here.wrote(lambda: here.disk.note_time(T0 + 900 * ms, T0 + 800 * ms)), "the clocks are 100 ms apart"
    assert here.wrote(lambda: here.disk.note_time(T0 + 1900 * ms, T0 + 1800 * ms)), "a second later"
    assert here.wrote(lambda: here.disk.note_time(T0, T0 + 900 * ms)), "central's clock went back"
    with desk.cache.read() as conn:
        assert settings.server_time(conn) == (-900 * ms, T0 + 1900 * ms)


def test_a_second_round_within_a_second_leaves_the_same_state() -> None:
    saved = EngineState(generation="g", last_sync=T0)
    for later, differs in ((0, False), (999, False), (1000, True), (-1, True)):
        state = EngineState(generation="g", last_sync=T0 + timedelta(milliseconds=later))
        assert state.differs(saved) is differs
    assert EngineState(generation="h", last_sync=T0).differs(saved)
    assert saved.differs(EngineState())
    assert not EngineState().differs(EngineState())
