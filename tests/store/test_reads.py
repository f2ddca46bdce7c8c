"""Queue pages, look-ups, search and the small reads of screens."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msc_console.domain.model import Article, Clock, Contact, Entry, Hop, Queue, Service
from msc_console.domain.terms import EntryKind, HopState, Metric, Party, State, Tier
from msc_console.errors import NotFound, UsageError
from msc_console.store import drafts, queues, reads, search
from msc_console.store import settings as kept
from msc_console.store.drafts import Draft
from msc_console.store.opening import Cache
from msc_console.store.queues import TicketSource

from .world import ANDI, DEWI, HENDRA, RINA, T0, Desk, a_ticket, put

HOUR = timedelta(hours=1)


def due(minutes: int | None) -> dict[str, object]:
    return {"next_due": None if minutes is None else T0 + timedelta(minutes=minutes)}


def a_clock(**values: object) -> Clock:
    given: dict[str, object] = {"metric": Metric.RESOLUTION, "party": Party.CUSTOMER, "policy": 1, "started_at": T0}
    given |= {"target": 8 * HOUR, "first_due": T0 + 8 * HOUR, "due": T0 + 8 * HOUR}
    return Clock(**(given | values))  # type: ignore[arg-type]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from([None, 1, 2, 3]), st.booleans(), st.booleans()), max_size=25),
    st.integers(1, 7),
)
def test_pages_forwards_and_backwards_equal_the_whole_order(
    cache: Cache, tickets: list[tuple[int | None, bool, bool]], limit: int
) -> None:
    desk = Desk(cache)
    with cache.write() as conn:
        conn.execute("DELETE FROM ticket")
    rows = [
        a_ticket(f"t{n:02}", **due(minutes), owner="rina" if mine else None, state="open" if is_open else "closed")
        for n, (minutes, mine, is_open) in enumerate(tickets)
    ]
    desk.apply([put("ticket", row) for row in rows])
    for view, wanted in (
        (queues.all_open(), [row for row in rows if row.state == "open"]),
        (queues.mine("rina"), [row for row in rows if row.state == "open" and row.owner]),
        (queues.my_queues(["helpdesk", "other"]), [row for row in rows if row.state == "open"]),
        (queues.my_queues([]), [row for row in rows if row.state == "open"]),
    ):
        far = T0 + timedelta(days=999)
        order = [row.id for row in sorted(wanted, key=lambda row: (row.next_due or far, row.id))]
        source = TicketSource(cache, view, "rina")
        assert source.count() == len(order)
        forwards, key = [], None
        while found := source.page(key, limit):
            forwards += [row.id for row in found]
            key = found[-1].key
        assert forwards == order
        backwards: list[str] = []
        key = None
        while found := source.before(key, limit):
            backwards = [row.id for row in found] + backwards
            key = found[0].key
        assert backwards == order
        for place, id in enumerate(order):
            near = [row.id for row in source.around(id, limit)]
            assert id in near
            assert len(near) == min(limit, len(order))
            assert near == order[order.index(near[0]) :][: len(near)], place
        assert source.around("elsewhere", limit) == []


@pytest.mark.parametrize(
    "view",
    [queues.all_open(), queues.mine("rina"), queues.unassigned(), queues.queue("a"), queues.my_queues(["a", "b"]),
     queues.waiting_customer(), queues.due_before(T0)],
    ids=lambda view: view.key,
)  # fmt: skip
def test_no_page_sorts(cache: Cache, view: queues.View) -> None:
    sql = f"EXPLAIN QUERY PLAN {view.select()} AND (t.due_order, t.id) > (?, ?) ORDER BY t.due_order, t.id LIMIT 50"
    with cache.read() as conn:
        plan = " / ".join(row[3] for row in conn.execute(sql, (*view.binds, 1, "x")))
    assert "TEMP B-TREE" not in plan
    assert "SCAN t" not in plan or "USING INDEX ticket_due" in plan


def test_views_hold_what_their_names_say(desk: Desk) -> None:
    desk.apply(
        [
            put("ticket", a_ticket("a", **due(30), queue="priority")),
            put("ticket", a_ticket("b", **due(180), owner="rina", state="open")),
            put("ticket", a_ticket("c", owner="bagus", state="waiting_customer")),
            put("ticket", a_ticket("d", owner="bagus", state="waiting_level")),
            put("ticket", a_ticket("e", **due(-10), state="resolved")),
            put("ticket", a_ticket("f", **due(-10), state="a_newer_state")),
            put("hop", Hop(id="h", ticket="d", ver=1, from_tier=Tier.L0, tier=Tier.L1, reason="r", raised_by="bagus",
                           raised_at=T0)),
            put("hop", Hop(id="g", ticket="b", ver=1, from_tier=Tier.L0, tier=Tier.L1, reason="r", raised_by="bagus",
                           raised_at=T0, state=HopState.RETURNED)),
            put("person", RINA, ver=1),
        ]
    )  # fmt: skip
    found = {
        view.key: [row.id for row in desk.read(queues.page, view, "rina", None, 50)]
        for view in (
            queues.mine("rina"), queues.unassigned(), queues.queue("priority"), queues.all_open(),
            queues.waiting_customer(), queues.escalated(), queues.due_soon(T0),
        )
    }  # fmt: skip
    assert found == {
        "mine": ["b"],
        "unassigned": ["f", "a"],
        "queue:priority": ["a"],
        "open": ["f", "a", "b", "c", "d"],
        "waiting_customer": ["c"],
        "escalated": ["d"],
        "due_soon": ["f", "a"],
    }
    (row,) = desk.read(queues.page, queues.mine("rina"), "rina", None, 1)
    assert (row.owner_name, row.mine, row.customer) == ("Rina Wulandari", True, "Andi Prasetyo")


def test_a_row_shows_the_clock_that_runs_out_next_or_what_a_paused_one_has_left(desk: Desk) -> None:
    response = a_clock(metric=Metric.RESPONSE, target=HOUR / 4, due=T0 + HOUR / 4)
    provider = a_clock(party=Party.PROVIDER, target=HOUR, due=T0 + HOUR)
    paused = a_clock(paused_at=T0 + 3 * HOUR)
    done = a_clock(metric=Metric.RESPONSE, fulfilled_at=T0)
    desk.apply(
        [
            put("ticket", a_ticket("run", clocks=(a_clock(), response, provider), next_due=response.due)),
            put("ticket", a_ticket("wait", clocks=(paused, done, provider))),
            put("ticket", a_ticket("none")),
        ]
    )
    rows = {row.id: row for row in desk.read(queues.page, queues.all_open(), "rina", None, 9)}
    assert (rows["run"].due, rows["run"].target, rows["run"].left) == (response.due, HOUR / 4, None)
    assert (rows["wait"].due, rows["wait"].target, rows["wait"].left) == (None, 8 * HOUR, 5 * HOUR)
    assert (rows["none"].due, rows["none"].target, rows["none"].left) == (None, None, None)


def test_a_row_counts_own_acts_that_wait(desk: Desk) -> None:
    desk.apply([put("ticket", a_ticket())])
    desk.do("ticket.take", "t1")
    desk.do("entry.note", "t1", body="a")
    (row,) = desk.read(queues.by_ids, ["t1", "gone"], "rina")
    assert (row.pending, row.attention, row.mine) == (2, 0, True)


UUID = "0193a5b2-7c11-7000-8000-00000000000{}"


def test_every_name_of_a_ticket_finds_it(desk: Desk) -> None:
    desk.apply(
        [
            put("ticket", a_ticket(UUID.format(1), number=123, alias="~K7Q-14")),
            put("ticket", a_ticket(UUID.format(2), number=4211)),
            put("ticket", a_ticket("ffffffff-0000-7000-8000-000000000001")),
            put("ticket", a_ticket("12345678-0000-7000-8000-000000000001")),
        ]
    )
    for ref in (
        "MSC-000123",
        "msc-123",
        "123",
        "000123",
        "~K7Q-14",
        " ~k7q-14 ",
        UUID.format(1),
        UUID.format(1).upper(),
    ):
        assert desk.read(reads.ticket, ref).number == 123, ref
    assert desk.read(reads.ticket_id, "ffffffff").startswith("ffffffff")
    assert desk.read(reads.ticket_id, "12345678").startswith("12345678"), "no number of that kind: an id"
    with pytest.raises(UsageError) as caught:
        desk.read(reads.ticket_id, "0193a5b2")
    assert caught.value.data["hits"] == ["MSC-000123", "MSC-004211"]
    for ref in ("", "9", "0193a5b", "~K7Q-15", "MSC-", "%", "' OR 1", "zzzzzzzz"):
        with pytest.raises(NotFound):
            desk.read(reads.ticket_id, ref)


def test_the_timeline_is_in_order_with_own_acts(desk: Desk) -> None:
    entries = [
        Entry(id=f"e{n}", ticket="t1", ver=1, kind=EntryKind.NOTE, act="entry.note", body=f"{n}", made_at=T0, at=at)
        for n, at in enumerate((T0 + HOUR / 2, T0, T0))
    ]
    desk.apply([put("ticket", a_ticket()), *(put("entry", entry) for entry in entries)])
    desk.do("entry.note", "t1", body="saya")
    assert [entry.body for entry in desk.read(reads.timeline, "t1")] == ["1", "2", "0", "saya"]


def test_escalations_for_me(desk: Desk) -> None:
    def hop(id: str, **values: object) -> Hop:
        given: dict[str, object] = {"ticket": "t1", "ver": 1, "from_tier": Tier.L0, "tier": Tier.L2, "reason": "r"}
        given |= {"raised_by": "rina", "raised_at": T0}
        return Hop(id=id, **(given | values))  # type: ignore[arg-type]

    desk.apply(
        [
            put("ticket", a_ticket()),
            put("hop", hop("tier", tier=Tier.L1)),
            put("hop", hop("asked", asked=("hendra",))),
            put("hop", hop("mine", state=HopState.ACKNOWLEDGED, acked_by="hendra")),
            put("hop", hop("other", tier=Tier.L1, state=HopState.ACKNOWLEDGED, acked_by="sari")),
            put("hop", hop("over", tier=Tier.L1, state=HopState.RETURNED)),
        ]
    )
    found = desk.read(reads.escalations, HENDRA)
    assert [(item.id, row.id) for item, row in found] == [("asked", "t1"), ("mine", "t1"), ("tier", "t1")]


def test_catalogue_and_people(desk: Desk) -> None:
    article = Article(id="k1", ver=1, code="PT-017", title="Kuota terpotong", body="Isi", service="pos", updated_at=T0)
    desk.apply(
        [
            put("person", RINA, ver=1), put("person", DEWI, ver=1), put("contact", ANDI, ver=1),
            put("article", article),
            put("queue", Queue(id="q", ver=1, key="helpdesk", name="Helpdesk")),
            put("service", Service(id="s", ver=1, key="pos", name="POS")),
            put("ticket", a_ticket()),
        ]
    )  # fmt: skip
    assert [person.id for person in desk.read(reads.persons)] == ["dewi", "rina"]
    assert desk.read(reads.person, "rina").name == RINA.name
    assert desk.read(reads.contact, "andi").addresses == ANDI.addresses
    assert desk.read(reads.contact, "nobody") is None
    assert [row.id for row in desk.read(reads.tickets_of_contact, "andi", "rina")] == ["t1"]
    assert [queue.key for queue in desk.read(reads.queue_list)] == ["helpdesk"]
    assert [service.key for service in desk.read(reads.services)] == ["pos"]
    assert desk.read(reads.articles, "pos") == [article]
    assert desk.read(reads.articles, "sign") == []
    assert desk.read(reads.article, "pt-017") == desk.read(reads.article, "k1") == article
    with pytest.raises(NotFound):
        desk.read(reads.article, "PT-9")


def found(desk: Desk, text: str) -> list[str]:
    return [row.id for row in desk.read(search.tickets, text, "rina")]


def test_search_finds_words_of_a_ticket_and_its_timeline_newest_first(desk: Desk) -> None:
    entry = Entry(id="e1", ticket="old", ver=1, kind=EntryKind.NOTE, act="entry.note", body="Kuota terpotong, café",
                  made_at=T0, at=T0)  # fmt: skip
    desk.apply([put("ticket", a_ticket("new", subject="Kuota POS", created_at=T0 + HOUR, number=4211, state="closed"))])
    desk.apply([put("ticket", a_ticket("old", organisation_name="Bank Sagara", alias="~K7Q-3")), put("entry", entry)])
    assert found(desk, "kuota") == ["new", "old"]
    assert found(desk, "KUOTA terp") == ["old"]
    assert found(desk, "cafe") == found(desk, "CAFÉ") == ["old"]
    assert found(desk, "terpotong kuota sagara") == ["old"]
    assert found(desk, "MSC-004211") == found(desk, "4211") == ["new"]
    assert found(desk, "~K7Q-3") == ["old"]
    assert found(desk, "kuota hilang") == []
    desk.do("entry.note", "new", body="ditemukan segera")
    assert found(desk, "segera") == ["new"]


def test_what_left_is_not_found_any_more(desk: Desk) -> None:
    from msc_console.sync.wire import Line

    desk.apply([put("ticket", a_ticket())])
    assert found(desk, "stempel") == ["t1"]
    desk.apply([Line(t="leave", entity="ticket", id="t1", seq=2)])
    assert found(desk, "stempel") == []
    with desk.cache.read() as conn:
        assert conn.execute("SELECT count(*) FROM search_ticket").fetchone()[0] == 0


def test_articles_and_contacts_are_searched(desk: Desk) -> None:
    one = Article(id="k1", ver=1, code="PT-001", title="Kode 504", body="stempel " * 3, updated_at=T0)
    two = Article(id="k2", ver=1, code="PT-002", title="Stempel gagal", body="lain", updated_at=T0)
    desk.apply([put("article", one), put("article", two), put("contact", ANDI, ver=1)])
    assert [article.id for article in desk.read(search.articles, "stempel")] == ["k2", "k1"]
    assert [contact.id for contact in desk.read(search.contacts, "andi@sagara.example")] == ["andi"]
    assert [contact.id for contact in desk.read(search.contacts, "sagara pras")] == ["andi"]
    desk.apply([put("article", Article(id="k2", ver=2, code="PT-002", title="Lain", body="", updated_at=T0))])
    assert [article.id for article in desk.read(search.articles, "stempel")] == ["k1"]


HOSTILE = ['"', '""', "*", "a*b", "NEAR(a b)", "a OR", "AND", "NOT x", "subject:x", "^a", "-a", "(", "{a b}: c", "'",
           "\x00", "a\x00b", "\ud800", "a\ud800", "+", "a + b", "$x", "\\", ";--", "ẞ", "é", "🙂", "  ", "",
           "x" * 100_000, "a " * 10_000]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_syntax(desk: Desk, text: str) -> None:
    desk.apply([put("ticket", a_ticket(contact_name="Budi"))])
    assert found(desk, text) == []
    assert found(desk, f"stempel {text}") in ([], ["t1"])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=30))
def test_no_text_breaks_a_search(desk: Desk, text: str) -> None:
    found(desk, text)
    desk.read(search.articles, text)
    desk.read(search.contacts, text)


def test_hostile_contacts_are_kept_as_text(desk: Desk) -> None:
    desk.apply([put("contact", Contact(id="c", ver=1, name="'); DROP TABLE contact;--", created_at=T0))])
    assert desk.read(reads.contact, "c").name.startswith("');")
    assert [contact.id for contact in desk.read(search.contacts, "drop")] == ["c"]


def test_drafts_survive_and_end(desk: Desk) -> None:
    reply = Draft(target="t1", kind="reply", body="Pak", updated_at=T0)
    longer = Draft(target="t1", kind="reply", body="Pak Andi", data={"channel": "email"}, updated_at=T0 + HOUR)
    note = Draft(target="t1", kind="note", body="x", updated_at=T0)
    with desk.cache.write() as conn:
        for draft in (reply, note, longer):
            drafts.save(conn, draft)
    assert desk.read(drafts.load, "t1", "reply") == longer
    assert desk.read(drafts.listing) == [longer, note]
    with desk.cache.write() as conn:
        drafts.discard(conn, "t1", "reply")
        drafts.save(conn, Draft(target="t1", kind="note", body="  ", updated_at=T0))
    assert desk.read(drafts.listing) == []


def test_settings_clock_and_what_was_read(desk: Desk) -> None:
    with desk.cache.write() as conn:
        assert kept.get(conn, "state", {"a": 1}) == {"a": 1}
        kept.put(conn, "state", {"b": [1, None]})
        assert kept.get(conn, "state") == {"b": [1, None]}
        assert kept.server_time(conn) == (timedelta(0), None)
        kept.hear_time(conn, T0 + HOUR, T0)
        kept.hear_time(conn, T0, T0 + HOUR)
        assert kept.server_time(conn) == (-HOUR, T0 + HOUR)
        assert kept.mark_seen(conn, "t1", T0) is None
        assert kept.mark_seen(conn, "t1", T0 + HOUR) == T0
        assert kept.last_seen(conn, "t1") == T0 + HOUR


def test_outbox_list_names_what_acts_are_on(desk: Desk) -> None:
    desk.apply([put("ticket", a_ticket(number=7))])
    desk.do("entry.note", "t1", body="a")
    desk.do("ticket.create", "new", subject="Baru", queue="helpdesk", alias="~K7Q-1")
    desk.do("contact.create", "c9", name="Siti", addresses=[])
    found = desk.read(reads.outbox_list)
    assert [(label, title) for _, label, title in found] == [
        ("MSC-000007", "Stempel gagal"),
        ("~K7Q-1", "Baru"),
        ("", "Siti"),
    ]
    assert desk.read(reads.ticket, "~K7Q-1").state == State.NEW


@given(order=st.permutations(range(6)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@pytest.mark.protocol("P-191")
def test_entries_of_one_moment_are_in_one_order_on_every_laptop(desk: Desk, order: list[int]) -> None:
    """In whatever order they came here; by receipt, then by id."""
    with desk.cache.write() as conn:
        conn.execute("DELETE FROM entry")
    made = [
        Entry(
            id=f"e{id}", ticket="t1", ver=1, kind=EntryKind.NOTE, act="entry.note", made_at=T0, at=T0,
            received_at=T0 + timedelta(minutes=minutes), author="bagus", body=id,
        )
        for id, minutes in (("9", 0), ("2", 1), ("4", 1), ("7", 1), ("1", 2), ("0", 3))
    ]  # fmt: skip
    desk.apply([put("ticket", a_ticket()), *(put("entry", made[place]) for place in order)])
    assert [entry.id for entry in desk.read(reads.timeline, "t1")] == [entry.id for entry in made]
