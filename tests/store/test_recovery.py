"""How the outbox gets out of what went wrong: refused acts tried again, chains begun anew, caches put back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from msc_console.domain.commands import Effects, Refusal
from msc_console.errors import ConflictError, NotFound
from msc_console.store import aside, outbox, reads, sealing
from msc_console.store.outbox import OpState

from .test_outbox import answer, ids, only, pushable
from .world import ANDI, DEVICE, INC, Desk, PlainSigner, a_ticket, put


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.apply([put("ticket", a_ticket("t1")), put("contact", ANDI, ver=1)])
    return desk


@pytest.mark.protocol("P-068")
def test_a_ticket_that_is_made_at_the_second_try_is_made_before_what_was_written_on_it(desk: Desk) -> None:
    desk.do("ticket.create", "t9", subject="Baru", queue="helpdesk", contact="andi")
    create = only(desk).id
    desk.batch()
    desk.do("entry.note", "t9", body="penting")
    desk.settle([answer(create, "invalid", reason="queue_unknown")])
    assert pushable(desk) == []
    with desk.cache.write() as conn:
        assert isinstance(desk.replica.retry(conn, create, "again", desk.at, None), Effects)
    again, note = desk.ops()
    assert (again.id, again.state, note.predicted) == ("again", OpState.OPEN, None)
    assert pushable(desk) == ["again", note.id]
    batch = desk.batch()
    desk.settle([answer(op, "applied", seq=1, ver=1) for op in ids(batch)])
    desk.apply([], "c2", up_to_date=True)
    assert desk.ops() == []
    assert desk.read(outbox.get, create).state is OpState.RESOLVED


@pytest.mark.protocol("P-049", "P-068")
def test_what_was_refused_for_what_it_stands_on_stands_on_the_second_try(desk: Desk) -> None:
    desk.do("contact.create", "c9", name="Bu Tini")
    contact = only(desk).id
    desk.do("ticket.create", "t9", subject="Baru", queue="helpdesk", contact="c9", deps=(contact,))
    ticket = desk.ops()[1].id
    desk.batch()
    refused = answer(ticket, "invalid", reason="dependency_refused", data={"ops": [contact]})
    desk.settle([answer(contact, "quarantined"), refused])
    with desk.cache.write() as conn:
        assert isinstance(desk.replica.retry(conn, contact, "again", desk.at, None), Effects)
        assert isinstance(desk.replica.retry(conn, ticket, "too", desk.at, None), Effects)
    assert [op.command.deps for op in desk.ops()] == [(), ("again",)]
    assert pushable(desk) == ["again", "too"]


@pytest.mark.protocol("P-049")
def test_a_second_try_does_not_stand_on_a_claim_made_after_it(desk: Desk) -> None:
    desk.do("ticket.take", "t1")
    take = only(desk).id
    desk.batch()
    desk.do("entry.note", "t1", body="a")
    desk.settle([answer(take, "quarantined")])
    desk.do("ticket.set", "t1", urgency="high", before={"urgency": "medium"})
    with desk.cache.write() as conn:
        assert isinstance(desk.replica.retry(conn, take, "again", desk.at, None), Refusal), "it is theirs by now"
    last = desk.ops()[-1]
    with desk.cache.write() as conn:
        desk.replica.withdraw(conn, last.id, desk.at)
        assert isinstance(desk.replica.retry(conn, take, "again", desk.at, None), Effects)
    assert desk.ops()[0].command.basis.claim is None


@pytest.mark.protocol("P-084", "P-092")
def test_an_act_that_the_rules_trip_over_keeps_no_news_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def tripping(*_: Any) -> Any:
        raise KeyError("a bug")

    desk.do("ticket.take", "t1")
    desk.replica = replace(desk.replica, decide=tripping)
    desk.apply([put("ticket", a_ticket(ver=2, subject="Kabar"), seq=2)])
    act = only(desk)
    assert (act.state, act.predicted and act.predicted["reason"]) == (OpState.OPEN, "failed_here")
    with desk.cache.read() as conn:
        assert conn.execute("SELECT subject, owner FROM ticket WHERE id = 't1'").fetchone()[:] == ("Kabar", None)


@pytest.mark.protocol("P-089")
def test_the_journal_is_cleared_of_old_acts_when_the_laptop_is_up_to_date(desk: Desk) -> None:
    desk.do("entry.note", "t1", body="a")
    op = only(desk).id
    desk.batch()
    desk.settle([answer(op, "applied", seq=1, ver=2)])
    desk.at += timedelta(days=15)
    desk.apply([])
    assert desk.read(outbox.get, op).state is OpState.DONE
    desk.apply([], up_to_date=True)
    with pytest.raises(NotFound):
        desk.read(outbox.get, op)


@pytest.mark.protocol("P-050")
def test_aliases_count_on_from_the_tickets_that_came_back_to_an_older_cache(desk: Desk) -> None:
    desk.apply([put("ticket", a_ticket("t7", alias="~K7Q-9")), put("ticket", a_ticket("t8", alias="~K7R-70"))])
    with desk.cache.write() as conn:
        assert [outbox.next_alias(conn, "K7Q") for _ in range(2)] == ["~K7Q-10", "~K7Q-11"]


@pytest.mark.parametrize(("device", "inc"), [(DEVICE, "i2"), ("d2", INC), ("d2", "i2")])
@pytest.mark.protocol("P-046", "P-065")
def test_what_has_no_answer_is_sealed_again_in_a_new_chain(desk: Desk, device: str, inc: str) -> None:
    for body in "abc":
        desk.do("entry.note", "t1", body=body)
    first, second, third = (op.id for op in desk.ops())
    desk.batch(2)
    desk.settle([answer(first, "applied", seq=90, ver=2)])

    def sealed(limit: int = 100) -> list[dict[str, Any]]:
        with desk.cache.write() as conn:
            return sealing.seal_batch(conn, PlainSigner(), device, inc, desk.at, max_ops=limit)

    batch = sealed()
    assert [(op["op"], op["device"], op["inc"], op["counter"], op["prev"] == "") for op in batch] == [
        (second, device, inc, 1, True),
        (third, device, inc, 2, False),
    ]
    assert sealed() == batch, "from now on as it is"
    with pytest.raises(ConflictError):
        desk.read(outbox.change_args, second, {"body": "lain"})


@pytest.mark.protocol("P-046")
def test_sealing_again_keeps_the_order_and_the_size_of_a_push(desk: Desk) -> None:
    for number in range(5):
        desk.do("entry.note", "t1", body=f"{number}" * 900)
    made = [op.id for op in desk.ops()]
    desk.batch(2)
    with desk.cache.write() as conn:
        sealing.seal_batch(conn, PlainSigner(), DEVICE, "i2", desk.at, max_ops=3)
        # as if the third had been sealed in between by a copy, under a name of its own
        conn.execute("UPDATE outbox SET inc = 'i1' WHERE id = ?", (made[1],))
        rest = sealing.seal_batch(conn, PlainSigner(), DEVICE, "i3", desk.at, max_bytes=4000)
        assert ids(rest) == made[: len(rest)]
        assert 1 <= len(rest) < 5
        desk.replica.settle(conn, [answer(op, "applied", seq=90, ver=2) for op in ids(rest)], desk.at)
        assert ids(sealing.seal_batch(conn, PlainSigner(), DEVICE, "i3", desk.at)) == made[len(rest) :]


@pytest.mark.protocol("P-079")
def test_what_central_put_aside_and_did_after_all_is_shown_and_ends_with_its_page(desk: Desk) -> None:
    desk.do("ticket.take", "t1")
    take = only(desk).id
    desk.batch()
    desk.settle([answer(take, "duplicate", data={"result": "quarantined"})])
    assert desk.read(aside.ids) == [take]
    desk.settle([answer(take, "applied", seq=9, ver=2)])
    assert desk.read(aside.ids) == []
    assert only(desk).state is OpState.ACKED
    assert desk.read(reads.ticket_by_id, "t1").owner == only(desk).command.actor
    desk.apply([put("ticket", a_ticket("t1", ver=2))], "c9", up_to_date=True)
    assert desk.ops() == []
    assert desk.read(outbox.get, take).state is OpState.DONE


@pytest.mark.protocol("P-079")
@pytest.mark.parametrize("gone", ["let go", "tried again"])
def test_an_answer_to_what_its_author_has_settled_meanwhile_changes_nothing(desk: Desk, gone: str) -> None:
    desk.do("entry.note", "t1", body="a")
    note = only(desk).id
    desk.batch()
    desk.settle([answer(note, "quarantined", reason="op_quarantined")])
    with desk.cache.write() as conn:
        if gone == "let go":
            desk.replica.dismiss(conn, note, desk.at)
        else:
            desk.replica.retry(conn, note, "again", desk.at, None)
    before = desk.ops()
    assert desk.read(aside.ids) == []
    desk.settle([answer(note, "applied", seq=9, ver=2)])
    assert desk.ops() == before


@pytest.mark.protocol("P-079")
def test_what_was_dismissed_at_central_says_why(desk: Desk) -> None:
    desk.do("entry.note", "t1", body="a")
    note = only(desk).id
    desk.batch()
    desk.settle([answer(note, "quarantined", reason="rights_gone")])
    desk.settle([answer(note, "invalid", reason="dismissed", data={"why": "sudah dicatat"})])
    (op,) = desk.ops()
    assert op.state is OpState.ATTENTION
    assert op.result is not None
    assert (op.result["reason"], op.result["data"]["why"]) == ("dismissed", "sudah dicatat")
    assert desk.read(aside.ids) == []
