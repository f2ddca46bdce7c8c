"""The view is the base with the pending acts over it: single stories, each with its end at central."""

from datetime import timedelta
from typing import Any

import pytest

from msc_console.domain.commands import Conflict, Effects, Refusal
from msc_console.domain.model import Entry, Hop
from msc_console.domain.terms import EntryKind, State, Tier
from msc_console.store import feed, outbox, rows
from msc_console.store.outbox import OpState
from msc_console.sync.wire import Line, OpResult

from .world import ANDI, BAGUS, RINA, T0, Desk, ModelCentral, a_ticket, put, view_of


@pytest.fixture
def central() -> ModelCentral:
    central = ModelCentral(rows={("contact", "andi"): ANDI, ("ticket", "t1"): a_ticket(number=1)}, number=1)
    central.feed += [(1, "contact", "andi", "a"), (2, "ticket", "t1", "b")]
    return central


@pytest.fixture
def desk(desk: Desk, central: ModelCentral) -> Desk:
    desk.sync(central)
    return desk


def ticket(desk: Desk, id: str = "t1") -> dict[str, object]:
    found: dict[str, object] = desk.read(view_of, id)["ticket", id]
    return found


def bases(desk: Desk) -> int:
    with desk.cache.read() as conn:
        return int(conn.execute("SELECT count(*) FROM base").fetchone()[0])


def agree(desk: Desk, central: ModelCentral, id: str = "t1") -> None:
    """The laptop shows what central has."""
    from msc_console import records

    wanted = {
        key: records.to_wire(row)
        for key, row in central.rows.items()
        if row.id == id or getattr(row, "ticket", None) == id
    }
    assert desk.read(view_of, id) == wanted
    assert bases(desk) == 0


@pytest.mark.protocol("P-092")
def test_an_act_shows_at_once_and_central_confirms_it(desk: Desk, central: ModelCentral) -> None:
    assert isinstance(desk.do("ticket.take", "t1"), Effects)
    assert (ticket(desk)["owner"], ticket(desk)["state"], ticket(desk)["ver"]) == ("rina", "open", 1)
    assert bases(desk) == 1
    desk.sync(central)
    assert ticket(desk)["ver"] == 2
    assert desk.ops() == []
    agree(desk, central)


@pytest.mark.protocol("P-092")
def test_a_refusal_here_leaves_nothing_behind(desk: Desk) -> None:
    before = desk.read(view_of, "t1")
    assert isinstance(desk.do("ticket.resolve", "t1"), Refusal)
    assert isinstance(desk.do("ticket.take", "elsewhere"), Refusal)
    outcome = desk.do("ticket.set", "t1", subject="Baru", before={"subject": "Lama"})
    assert isinstance(outcome, Conflict)
    assert desk.ops() == []
    assert desk.read(view_of, "t1") == before


@pytest.mark.protocol("P-089", "P-090")
def test_what_left_beside_an_own_act_comes_back_in_whatever_version(desk: Desk) -> None:
    """A restored central may not know all that had been done to a ticket: its versions begin lower."""
    desk.apply([put("ticket", a_ticket("far", ver=5))])
    desk.do("entry.note", "far", body="belum terkirim")
    desk.apply([Line(t="leave", entity="ticket", id="far", seq=2)])
    assert ("ticket", "far") not in desk.read(view_of, "far")
    desk.apply([put("ticket", a_ticket("far", ver=2, subject="Kembali"), seq=3)])
    assert ticket(desk, "far")["subject"] == "Kembali"


@pytest.mark.protocol("P-050", "P-051", "P-092")
def test_a_whole_ticket_is_made_and_worked_on_without_central(desk: Desk, central: ModelCentral) -> None:
    desk.do("contact.create", "c1", name="Siti", addresses=[{"channel": "email", "value": "siti@x.example"}])
    create: dict[str, Any] = {"subject": "Akun", "queue": "helpdesk", "contact": "c1", "take": True, "alias": "~K7Q-1"}
    assert isinstance(desk.do("ticket.create", "new", **create), Effects)
    assert isinstance(desk.do("entry.reply", "new", body="Halo"), Effects)
    assert isinstance(desk.do("escalation.raise", "new", tier="l1", reason="perlu log"), Effects)
    shown = ticket(desk, "new")
    assert (shown["owner"], shown["contact_name"], shown["state"], shown.get("ver")) == (
        "rina",
        "Siti",
        "waiting_level",
        0,
    )
    (hop,) = [row for key, row in desk.read(view_of, "new").items() if key[0] == "hop"]
    assert (hop["tier"], hop["ver"]) == ("l1", 0)
    desk.push(central, limit=2)
    desk.pull(central, limit=1)
    desk.sync(central)
    assert desk.ops() == []
    agree(desk, central, "new")
    agree(desk, central, "c1")


@pytest.mark.protocol("P-092")
def test_others_news_comes_under_own_acts(desk: Desk, central: ModelCentral) -> None:
    desk.do("ticket.take", "t1")
    desk.do("ticket.hold", "t1", state="waiting_customer", reason="tunggu data", before={"state": "open"})
    other = Desk(desk.cache, BAGUS)
    with desk.cache.read() as conn:
        note = other.command(conn, "entry.note", "t1", body="dari Bagus")
    central.act(note)
    desk.pull(central)
    view = desk.read(view_of, "t1")
    assert view["entry", note.id]["body"] == "dari Bagus"
    assert ticket(desk)["state"] == "waiting_customer"
    assert ticket(desk)["ver"] == 2
    assert len([key for key in view if key[0] == "entry"]) == 3


@pytest.mark.protocol("P-092")
def test_a_lost_race_is_foretold_before_the_push(desk: Desk, central: ModelCentral) -> None:
    desk.do("ticket.take", "t1")
    desk.do("entry.note", "t1", body="sudah saya telepon")
    other = Desk(desk.cache, BAGUS)
    with desk.cache.read() as conn:
        take = other.command(conn, "ticket.take", "t1")
        take = type(take)(**{name: getattr(take, name) for name in ("id", "kind", "actor", "target", "made_at")})
    central.act(take)
    desk.pull(central)
    mine, note = desk.ops()
    assert mine.predicted is not None
    assert (mine.predicted["result"], mine.predicted["reason"]) == ("fenced", "held")
    assert note.predicted is None
    assert ticket(desk)["owner"] == "bagus"
    assert desk.read(view_of, "t1")["entry", note.id]["late"] is True
    desk.sync(central)
    (left,) = desk.ops()
    assert left.state is OpState.ATTENTION
    agree(desk, central)


@pytest.mark.protocol("P-070", "P-092")
def test_a_field_that_two_changed_stays_theirs_and_is_marked(desk: Desk, central: ModelCentral) -> None:
    desk.do("ticket.take", "t1")
    desk.do("ticket.set", "t1", subject="Punya saya", before={"subject": "Stempel gagal"})
    desk.apply([put("ticket", a_ticket(ver=5, number=1, subject="Punya mereka"), seq=50)])
    change = desk.ops()[1]
    assert change.predicted is not None
    assert change.predicted["data"]["fields"] == {"subject": ["Stempel gagal", "Punya saya", "Punya mereka"]}
    assert ticket(desk)["subject"] == "Punya mereka"
    assert ticket(desk)["owner"] == "rina"


@pytest.mark.protocol("P-092")
def test_an_answer_without_its_echo_keeps_the_act_in_the_view(desk: Desk, central: ModelCentral) -> None:
    desk.do("ticket.take", "t1")
    desk.push(central)
    assert ticket(desk)["owner"] == "rina"
    assert desk.ops()[0].state is OpState.ACKED
    desk.apply([put("contact", ANDI, seq=1, ver=2)], "2")
    assert ticket(desk)["owner"] == "rina", "an acked value doesn't flicker back"
    desk.sync(central)
    agree(desk, central)


@pytest.mark.protocol("P-092")
def test_a_ticket_that_comes_a_page_before_the_entry_loses_no_word(desk: Desk, central: ModelCentral) -> None:
    other = Desk(desk.cache, BAGUS)
    with desk.cache.read() as conn:
        central.act(other.command(conn, "entry.note", "t1", body="dari Bagus"))
    desk.do("entry.note", "t1", body="dari Rina")
    desk.push(central)
    lines, end, _ = central.page(2, 1)
    assert [(line.entity, line.d["ver"]) for line in lines] == [("ticket", 3), ("entry", 1)]  # type: ignore[index]
    desk.apply(lines, str(end))
    bodies = [row["body"] for key, row in desk.read(view_of, "t1").items() if key[0] == "entry"]
    assert sorted(bodies) == ["dari Bagus", "dari Rina"]
    assert ticket(desk)["ver"] == 3
    desk.sync(central)
    agree(desk, central)


@pytest.mark.protocol("P-092")
def test_an_echo_before_its_answer_is_not_counted_twice(desk: Desk, central: ModelCentral) -> None:
    desk.do("entry.note", "t1", body="sekali")
    batch = desk.batch()
    answers = central.push(batch)
    desk.pull(central)
    assert desk.ops()[0].state is OpState.SEALED
    assert [key for key in desk.read(view_of, "t1") if key[0] == "entry"] == [("entry", desk.ops()[0].id)]
    desk.settle(answers)
    agree(desk, central)


@pytest.mark.protocol("P-049")
def test_acts_stand_on_an_own_claim_while_central_has_not_confirmed_it_and_after(
    desk: Desk, central: ModelCentral
) -> None:
    desk.do("ticket.take", "t1")
    desk.do("entry.reply", "t1", body="Halo")
    take, reply = desk.ops()
    assert (reply.command.basis.epoch, reply.command.basis.claim) == (0, take.id)
    desk.push(central, limit=1)
    desk.pull(central)
    (reply,) = desk.ops()
    assert reply.predicted is None, "the claim is confirmed by its own entry"
    desk.do("ticket.hold", "t1", state="waiting_customer", reason="x", before={"state": "open"})
    hold = desk.ops()[1]
    assert (hold.command.basis.epoch, hold.command.basis.claim) == (1, None)
    desk.sync(central)
    assert desk.ops() == []
    agree(desk, central)


@pytest.mark.protocol("P-088")
def test_an_older_row_never_replaces_a_newer_one(desk: Desk) -> None:
    desk.apply([put("ticket", a_ticket(ver=5, subject="neu"), seq=9)])
    desk.apply([put("ticket", a_ticket(ver=4, subject="alt"), seq=10)])
    assert ticket(desk)["subject"] == "neu"
    desk.do("entry.note", "t1", body="a")
    desk.apply([put("ticket", a_ticket(ver=4, subject="alt"), seq=11)])
    assert ticket(desk)["subject"] == "neu"
    desk.apply([put("ticket", a_ticket(ver=6, subject="neuer"), seq=12)])
    assert ticket(desk)["subject"] == "neuer"


@pytest.mark.protocol("P-091")
def test_what_a_newer_peer_wrote_comes_back_from_under_an_act(desk: Desk) -> None:
    line = put("ticket", a_ticket(ver=2), seq=9, newer_field={"a": [1]})
    desk.apply([line, Line(t="put", entity="newer_entity", id="x", seq=9, d={"a": 1})])
    desk.do("ticket.take", "t1")
    assert ticket(desk)["newer_field"] == {"a": [1]}
    op = desk.ops()[0].id
    with desk.cache.write() as conn:
        desk.replica.withdraw(conn, op, desk.at)
    assert ticket(desk) == line.d


@pytest.mark.protocol("P-102", "P-106")
def test_leaving_scope_takes_everything_but_unsettled_acts(desk: Desk, central: ModelCentral) -> None:
    desk.do("ticket.take", "t1")
    op = desk.ops()[0].id
    central.hide("t1")
    desk.pull(central)
    assert desk.read(view_of, "t1") == {}
    from msc_console.store import queues, reads

    assert desk.read(queues.count, queues.all_open()) == 0
    ((kept, label, title),) = desk.read(reads.outbox_list)
    assert (kept.id, label, title) == (op, "MSC-000001", "Stempel gagal")
    assert isinstance(desk.do("entry.note", "t1", body="a"), Refusal)
    central.show("t1")
    desk.pull(central)
    assert ticket(desk)["owner"] == "rina", "back in scope, the act is over it again"
    central.hide("t1")
    desk.sync(central)
    assert desk.read(view_of, "t1") == {}
    assert bases(desk) == 0
    assert desk.ops() == []


@pytest.mark.protocol("P-106")
def test_an_own_move_out_of_scope_ends_well(desk: Desk, central: ModelCentral) -> None:
    desk.do("ticket.take", "t1")
    desk.do("ticket.move", "t1", queue="priority", before={"queue": "helpdesk"})
    desk.push(central)
    central.hide("t1")
    desk.sync(central)
    assert desk.read(view_of, "t1") == {}
    assert (desk.ops(), bases(desk)) == ([], 0)


@pytest.mark.protocol("P-090")
def test_starting_the_pull_anew_keeps_rows_and_acts_until_it_is_over(desk: Desk, central: ModelCentral) -> None:
    desk.apply([put("ticket", a_ticket("gone", ver=9))])
    desk.do("ticket.take", "t1")
    before = [op.id for op in desk.ops()]
    with desk.cache.write() as conn:
        feed.reset(conn, "g2")
    central.rows["ticket", "t1"] = a_ticket(number=1, ver=1, subject="aus der Sicherung")
    assert ("ticket", "gone") in desk.read(view_of, "gone")
    desk.apply([put("ticket", central.rows["ticket", "t1"], seq=1)], "1")
    assert ("ticket", "gone") in desk.read(view_of, "gone")
    desk.apply([put("contact", ANDI, seq=2)], "2", up_to_date=True)
    assert desk.read(view_of, "gone") == {}
    assert (ticket(desk)["subject"], ticket(desk)["owner"]) == ("aus der Sicherung", "rina")
    assert [op.id for op in desk.ops()] == before
    position = desk.read(feed.position)
    assert (position.cursor, position.generation) == ("2", "g2")


@pytest.mark.protocol("P-088")
def test_an_older_version_counts_after_a_new_start(desk: Desk) -> None:
    desk.apply([put("ticket", a_ticket(ver=9, subject="verloren"), seq=9)])
    with desk.cache.write() as conn:
        feed.reset(conn, "g2")
    desk.apply([put("ticket", a_ticket(ver=3, subject="gesichert"), seq=1)], up_to_date=True)
    assert (ticket(desk)["subject"], ticket(desk)["ver"]) == ("gesichert", 3)


@pytest.mark.protocol("P-084")
def test_a_page_is_applied_whole_or_not_at_all(desk: Desk) -> None:
    before = desk.read(feed.position)
    broken = put("ticket", a_ticket("t9"), seq=9)
    del broken.d["subject"]  # type: ignore[union-attr]
    with pytest.raises(Exception, match="NOT NULL"):
        desk.apply([put("ticket", a_ticket(ver=7, subject="halb"), seq=8), broken], "next")
    assert ticket(desk)["subject"] == "Stempel gagal"
    assert desk.read(feed.position) == before


@pytest.mark.protocol("P-092")
def test_an_act_and_its_view_are_one_transaction(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = desk.read(view_of, "t1")

    def fail(*_: object) -> None:
        raise OSError("killed")

    monkeypatch.setattr(rows, "put", fail)
    with pytest.raises(OSError, match="killed"):
        desk.do("ticket.take", "t1")
    assert desk.ops() == []
    assert desk.read(view_of, "t1") == before


@pytest.mark.protocol("P-088", "P-092")
def test_central_revises_an_entry_under_pending_acts(desk: Desk, central: ModelCentral) -> None:
    entry = Entry(id="e1", ticket="t1", ver=1, kind=EntryKind.REPLY, act="entry.reply", body="x", made_at=T0, at=T0)
    desk.apply([put("entry", entry, seq=5)])
    desk.do("ticket.take", "t1")
    desk.apply([put("entry", entry, seq=6, ver=2, delivery="sent")])
    assert desk.read(view_of, "t1")["entry", "e1"]["delivery"] == "sent"


@pytest.mark.protocol("P-092")
def test_a_hop_that_others_raised_is_covered_and_uncovered(desk: Desk) -> None:
    hop = Hop(id="h1", ticket="t1", ver=3, from_tier=Tier.L0, tier=Tier.L1, reason="r", raised_by="rina", raised_at=T0)
    held = a_ticket(number=1, ver=2, owner="rina", owner_epoch=1, state=State.WAITING_LEVEL, tier=Tier.L1)
    desk.apply([put("ticket", held, seq=5), put("hop", hop, seq=5)])
    assert isinstance(desk.do("escalation.ack", "t1", hop="h1", proxy="telepon Hendra"), Effects)
    shown = desk.read(view_of, "t1")["hop", "h1"]
    assert (shown["state"], shown["proxy"], shown["ver"]) == ("acknowledged", "telepon Hendra", 3)
    op = desk.ops()[0].id
    desk.batch()
    desk.settle([OpResult(op=op, result="invalid", reason="hop_returned")])
    assert desk.read(view_of, "t1")["hop", "h1"] == put("hop", hop).d
    assert bases(desk) == 0


@pytest.mark.protocol("P-092")
def test_a_second_laptop_process_cannot_lose_an_act(desk: Desk) -> None:
    """A CLI writes while the console's connection is open: both acts are there, in order."""
    from msc_console.store.opening import Cache

    from .world import KEY

    other = Desk(Cache.open(desk.cache.path, KEY), RINA)
    other.count = iter(range(100, 200))  # type: ignore[assignment]
    desk.do("ticket.take", "t1")
    assert isinstance(other.do("entry.reply", "t1", body="dari CLI"), Effects)
    assert [op.kind for op in desk.ops()] == ["ticket.take", "entry.reply"]
    assert desk.ops()[1].command.basis.claim == desk.ops()[0].id
    other.cache.close()


@pytest.mark.protocol("P-046")
def test_an_unknown_incarnation_starts_its_own_chain(desk: Desk) -> None:
    from msc_console.store import sealing

    from .world import DEVICE, PlainSigner

    desk.do("entry.note", "t1", body="a")
    desk.batch()
    desk.do("entry.note", "t1", body="b")
    with desk.cache.write() as conn:
        batch = sealing.seal_batch(conn, PlainSigner(), DEVICE, "i2", desk.at)
    assert [(item["inc"], item["counter"]) for item in batch] == [("i2", 1), ("i2", 2)]


@pytest.mark.protocol("P-075")
def test_wake_for_held_acts_is_told(desk: Desk) -> None:
    until = desk.at + timedelta(seconds=10)
    desk.do("ticket.take", "t1")
    desk.do("entry.reply", "t1", body="a", hold_until=until)
    assert desk.read(outbox.next_wake, desk.at) == until
    assert desk.read(outbox.counts) == (2, 0)
