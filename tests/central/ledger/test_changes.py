"""What a laptop reads: the same cache whatever the page size, and never a row out of its scope."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from msc_console import records
from msc_console.central import changes, feed, sql
from msc_console.central.cursors import CursorExpired
from msc_console.clock import iso
from msc_console.domain.model import Article
from msc_console.domain.terms import Role
from tests.central.ledger.stage import NOW, Cache, Stage, new_id


def _story(stage: Stage) -> Iterator[str]:
    """Acts one by one: tickets that are taken, moved, escalated, given back, written to. Yields after each."""
    rina, lead, engineer = stage.laptop(stage.rina), stage.laptop(stage.lead), stage.laptop(stage.engineer)
    contact = new_id()
    rina.do("contact.create", contact, {"name": "Ana", "addresses": [{"channel": "email", "value": "a@b.example"}]})
    yield "contact"
    first, second, third = rina.create(contact=contact), rina.create(), lead.create("khusus")
    yield "created"
    take = rina.do("ticket.take", first)
    epoch = take.data["epoch"]
    rina.do("entry.reply", first, {"body": "Halo"}, basis={"ver": 2, "epoch": epoch})
    yield "replied"
    rina.do("entry.note", second, {"body": "catatan"})
    raised = rina.do("escalation.raise", first, {"tier": "l1", "reason": "perlu ahli"}, basis={"epoch": epoch})
    assert raised.result == "applied", raised
    yield "escalated"
    engineer.do("escalation.ack", first)
    engineer.do("entry.note", first, {"body": "sedang dilihat"})
    yield "acknowledged"
    moved = lead.do("ticket.move", second, {"queue": "khusus"}, before={"queue": "umum"})
    assert moved.result == "applied", moved
    yield "moved"
    engineer.do("escalation.return", first, {"outcome": "sudah diperbaiki"})
    yield "returned"
    lead.do("ticket.move", third, {"queue": "umum"}, before={"queue": "khusus"})
    yield "moved back"
    lead.do("entry.note", second, {"body": "di antrean khusus"})
    yield "noted"


def _readers(stage: Stage) -> list[Any]:
    return [stage.rina, stage.sari, stage.lead, stage.engineer]


@pytest.mark.protocol("P-081", "P-087", "P-100")
def test_every_page_size_and_every_moment_gives_the_same_cache(stage: Stage) -> None:
    """Laptops that pull after every act with pages of 1, 2 and 3 rows end where a fresh one does."""
    caches = {(who.login, size): Cache(stage.central, who) for who in _readers(stage) for size in (1, 2, 3)}
    for _ in _story(stage):
        for (_, size), cache in caches.items():
            cache.pull(size)
    for who in _readers(stage):
        fresh = Cache(stage.central, who)
        fresh.pull()
        slow = Cache(stage.central, who)
        slow.pull(1)
        assert slow.rows == fresh.rows
        for size in (1, 2, 3):
            assert caches[who.login, size].rows == fresh.rows, (who.login, size)


@pytest.mark.protocol("P-102")
def test_a_ticket_brings_its_timeline_into_a_scope_and_takes_it_away(stage: Stage) -> None:
    eko, rina = Cache(stage.central, stage.engineer), Cache(stage.central, stage.rina)
    story = _story(stage)
    while next(story) != "escalated":
        pass
    rina.pull()
    eko.pull()
    assert len(eko.ids("ticket")) == 1
    (ticket,) = eko.ids("ticket")
    mine = {key for key, row in rina.rows.items() if row.get("ticket") == ticket}
    assert len(mine) == 5  # opened, taken, replied, raised, and the hop
    assert mine == {key for key, row in eko.rows.items() if row.get("ticket") == ticket}
    assert eko.ids("contact") == set()
    while next(story) != "returned":
        pass
    lines = eko.pull()
    assert [(line.t, line.entity) for line in lines] == [("leave", "ticket")]
    assert {key for key, row in eko.rows.items() if row.get("ticket") == ticket} == set()


@pytest.mark.protocol("P-081", "P-101")
def test_a_move_between_own_groups_is_a_put(stage: Stage) -> None:
    lead = stage.laptop(stage.lead)
    ticket = lead.create()
    cache = Cache(stage.central, stage.lead)
    cache.pull()
    lead.do("ticket.move", ticket, {"queue": "khusus"}, before={"queue": "umum"})
    assert {line.t for line in cache.pull()} == {"put"}
    assert cache.rows["ticket", ticket]["queue"] == "khusus"


@pytest.mark.protocol("P-081")
def test_a_line_is_the_row_as_it_is_now_once(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    ticket = laptop.create()
    for turn in range(5):
        laptop.do("entry.note", ticket, {"body": f"catatan {turn}"})
    lines = [line for line in Cache(stage.central, stage.rina).pull() if line.entity == "ticket"]
    assert len(lines) == 1
    assert isinstance(lines[0].d, dict)
    assert lines[0].d["ver"] == 6


@pytest.mark.parametrize("size", [1, 2, 500])
@pytest.mark.protocol("P-105")
def test_a_queue_that_comes_to_a_person_is_caught_up(stage: Stage, size: int) -> None:
    """Old tickets of the new queue arrive, and what happens meanwhile is not lost."""
    lead = stage.laptop(stage.lead)
    old = [lead.create("khusus") for _ in range(4)]
    cache = Cache(stage.central, stage.rina)
    cache.pull()
    changed = stage.change(stage.rina, queues=("umum", "khusus"))
    cache.person = changed
    page = changes.read(stage.central, changed, cache.cursor, 1, NOW)
    for line in page.lines:
        cache.take(line)
    cache.cursor = page.cursor
    new = lead.create("khusus")
    lead.do("entry.note", old[0], {"body": "sementara itu"})
    cache.pull(size)
    assert cache.ids("ticket") == {*old, new}
    fresh = Cache(stage.central, changed)
    fresh.pull()
    assert cache.rows == fresh.rows


@pytest.mark.protocol("P-083", "P-105")
def test_a_queue_that_goes_from_a_person_leaves_the_laptop(stage: Stage) -> None:
    lead = stage.laptop(stage.lead)
    kept, gone = lead.create(), lead.create("khusus")
    owned = lead.create("khusus")
    lead.do("ticket.assign", owned, {"owner": stage.lead.id}, before={"owner": None})
    cache = Cache(stage.central, stage.lead)
    cache.pull()
    assert cache.ids("ticket") == {kept, gone, owned}
    cache.person = stage.change(stage.lead, queues=("umum",))
    cache.pull()
    assert cache.ids("ticket") == {kept, owned}
    assert all(row.get("ticket") != gone for row in cache.rows.values())


@pytest.mark.protocol("P-105")
def test_groups_that_change_again_during_the_catching_up(stage: Stage) -> None:
    lead = stage.laptop(stage.lead)
    tickets = [lead.create("khusus") for _ in range(4)]
    cache = Cache(stage.central, stage.rina)
    cache.pull()
    wide = stage.change(stage.rina, queues=("umum", "khusus"))
    page = changes.read(stage.central, wide, cache.cursor, 1, NOW)
    for line in page.lines:
        cache.take(line)
    assert cache.ids("ticket") < set(tickets)
    cache.cursor = page.cursor
    cache.person = stage.change(wide, queues=("umum",))
    cache.pull(1)
    assert cache.ids("ticket") == set()
    fresh = Cache(stage.central, cache.person)
    fresh.pull()
    assert cache.rows == fresh.rows


@pytest.mark.protocol("P-100", "P-103")
def test_a_role_without_customers_loses_them(stage: Stage) -> None:
    laptop, contact = stage.laptop(stage.rina), new_id()
    laptop.do("contact.create", contact, {"name": "Ana"})
    cache = Cache(stage.central, stage.rina)
    cache.pull()
    assert cache.ids("contact") == {contact}
    technician = stage.change(stage.rina, role=Role.DUKTEK)
    with pytest.raises(CursorExpired):
        changes.read(stage.central, technician, cache.cursor, 10, NOW)
    fresh = Cache(stage.central, technician)
    fresh.pull()
    assert fresh.ids("contact") == set()
    assert fresh.ids("queue") == cache.ids("queue")


@pytest.mark.protocol("P-104")
def test_the_customers_people_get_no_tickets(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    contact = new_id()
    laptop.do("contact.create", contact, {"name": "Ana", "addresses": [{"channel": "email", "value": "a@b.example"}]})
    ticket = laptop.create(contact=contact, take=True)
    laptop.do("entry.note", ticket, {"body": "rahasia"})
    reply = laptop.do("entry.reply", ticket, {"body": "terbuka"}, basis={"epoch": 1})
    assert reply.result == "applied", reply
    hop = laptop.do("escalation.raise", ticket, {"tier": "l1", "reason": "kami tidak tahu"}, basis={"epoch": 1})
    assert hop.result == "applied", hop
    customer = stage.change(stage.budi, role=Role.CUSTOMER)
    cache = Cache(stage.central, customer)
    cache.pull()
    assert all(cache.ids(entity) == set() for entity in ("ticket", "entry", "hop", "contact"))
    with pytest.raises(CursorExpired):
        changes.read(stage.central, stage.change(customer, role=Role.AGENT), cache.cursor, 10, NOW)


@pytest.mark.parametrize("spoil", [lambda c: c[:-2] + "xx", lambda c: "x", lambda c: c + "é", lambda c: "A" * 40])
@pytest.mark.protocol("P-085")
def test_a_cursor_that_is_not_ours_is_expired(stage: Stage, spoil: Any) -> None:
    cache = Cache(stage.central, stage.rina)
    cache.pull()
    with pytest.raises(CursorExpired):
        changes.read(stage.central, stage.rina, spoil(cache.cursor), 10, NOW)
    with pytest.raises(CursorExpired):
        changes.read(stage.central, stage.budi, cache.cursor, 10, NOW)


@pytest.mark.protocol("P-085")
def test_a_restored_central_voids_cursors(stage: Stage) -> None:
    cache = Cache(stage.central, stage.rina)
    cache.pull()
    with stage.central.write() as conn:
        conn.execute(text("UPDATE feed_head SET generation = 'lain'"))
    with pytest.raises(CursorExpired):
        changes.read(stage.central, stage.rina, cache.cursor, 10, NOW)


@pytest.mark.protocol("P-086")
def test_an_empty_page_is_up_to_date(stage: Stage) -> None:
    """News of others only moves the cursor; a poll must not be answered with a page that says nothing."""
    cache = Cache(stage.central, stage.sari)
    cache.pull()
    stage.laptop(stage.rina).create()
    page = changes.read(stage.central, stage.sari, cache.cursor, 1, NOW)
    assert (page.lines, page.up_to_date) == ([], True)
    assert page.cursor != cache.cursor


@pytest.mark.protocol("P-081")
def test_a_deleted_row_is_told(stage: Stage) -> None:
    article = Article(id=new_id(), ver=1, code="PT-001", title="Stempel", body="x", updated_at=NOW)
    heard = frozenset({"kb"})
    with stage.central.write() as conn:
        conn.execute(sql.upsert("article"), records.to_row(article))
        feed.announce(conn, [feed.Change(entity="article", id=article.id, ver=1, put_groups=heard)], at=NOW)
    cache = Cache(stage.central, stage.rina)
    cache.pull()
    assert cache.ids("article") == {article.id}
    with stage.central.write() as conn:
        conn.execute(text("DELETE FROM article"))
        feed.announce(conn, [feed.Change(entity="article", id=article.id, ver=2, put_groups=heard, gone=True)], at=NOW)
    assert [(line.t, line.id) for line in cache.pull()] == [("del", article.id)]


@pytest.mark.protocol("P-101")
def test_an_old_closed_ticket_goes_to_no_new_laptop(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    ticket = laptop.create(take=True)
    assert (
        laptop.do("ticket.resolve", ticket, {"solution": "x"}, basis={"epoch": 1}, before={"state": "open"}).result
        == "applied"
    )
    assert laptop.do("ticket.close", ticket, basis={"epoch": 1}, before={"state": "resolved"}).result == "applied"
    later = NOW + timedelta(days=91)
    cache = Cache(stage.central, stage.rina)
    cache.pull(now=later)
    assert cache.ids("ticket") == set()
    assert cache.ids("entry") == set()
    note = laptop.do("entry.note", ticket, {"body": "masih boleh"}, now=later, made_at=iso(later))
    assert note.result == "applied"
