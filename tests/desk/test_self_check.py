"""What the self-check does to the cache: tickets closed long ago go, and the index holds what is here."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from msc_console.desk.syncing import CacheDisk
from msc_console.domain.terms import Op
from msc_console.store.opening import Cache
from tests.store.world import ANDI, KEY, T0, Desk, a_ticket, put


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    cache = Cache.open(tmp_path / "cache.db", KEY)
    yield Desk(cache)
    cache.close()


def tickets(desk: Desk) -> set[str]:
    """As another thread sees them: a screen reads in its own."""
    sql = "SELECT id FROM ticket"
    with ThreadPoolExecutor(1) as pool:
        return {row[0] for row in pool.submit(desk.read, lambda conn: conn.execute(sql).fetchall()).result()}


def test_who_hears_of_tickets_that_go_finds_them_gone(desk: Desk) -> None:
    cut = T0 - timedelta(days=90)
    long_ago = {"state": "closed", "closed_at": cut - timedelta(milliseconds=1)}
    lines = [put("ticket", a_ticket("old", **long_ago)), put("ticket", a_ticket("mine", **long_ago))]
    lines += [put("ticket", a_ticket("kept", state="closed", closed_at=cut)), put("ticket", a_ticket("open"))]
    desk.apply([put("contact", ANDI), *lines], up_to_date=True)
    desk.do(Op.ENTRY_NOTE, "mine", body="Masih ada pertanyaan")
    heard: list[tuple[frozenset[str], set[str]]] = []
    disk = CacheDisk(desk.cache, desk.replica, cast(Any, None), lambda ids: heard.append((ids, tickets(desk))))
    disk.shed(cut)
    left = {"mine", "kept", "open"}
    assert heard == [(frozenset({"old"}), left)]
    disk.shed(cut)
    assert (len(heard), tickets(desk)) == (1, left)


def test_what_no_row_stands_behind_leaves_the_index_with_the_next_mending(desk: Desk) -> None:
    desk.apply([put("contact", ANDI), put("ticket", a_ticket("t1")), put("ticket", a_ticket("t2"))], up_to_date=True)
    with desk.cache.write() as conn:
        conn.execute("DELETE FROM ticket WHERE id = 't1'")
    disk = CacheDisk(desk.cache, desk.replica, cast(Any, None))
    disk.mend("ticket", [], [], T0)
    said = "SELECT t.id FROM search_ticket_docsize s LEFT JOIN ticket t ON t.n = s.id"
    assert [row[0] for row in desk.read(lambda conn: conn.execute(said).fetchall())] == ["t2"]
