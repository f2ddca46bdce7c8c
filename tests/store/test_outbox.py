"""What leaves when, how it is sealed, and where each of central's answers leads."""

from datetime import timedelta
from typing import Any

import pytest

from msc_console.domain.commands import Effects, Refusal
from msc_console.errors import ConflictError, NotFound
from msc_console.store import feed, outbox, sealing
from msc_console.store.outbox import OpState
from msc_console.sync.wire import OpResult

from .world import ANDI, DEVICE, INC, Desk, PlainSigner, a_ticket, put

LATER = timedelta(minutes=1)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.apply([put("ticket", a_ticket(id)) for id in ("t1", "t2")] + [put("contact", ANDI, ver=1)])
    return desk


def ids(batch: list[dict[str, Any]]) -> list[str]:
    return [envelope["op"] for envelope in batch]


def answer(op: str, result: str, **more: Any) -> OpResult:
    return OpResult(op=op, result=result, **more)


def only(desk: Desk) -> outbox.OutboxOp:
    (op,) = desk.ops()
    return op


def pushable(desk: Desk) -> list[str]:
    found: list[str] = desk.read(sealing.pushable, desk.at)
    return found


@pytest.mark.protocol("P-045", "P-046", "P-047")
def test_acts_leave_in_the_order_they_were_made_as_one_chain(desk: Desk) -> None:
    from msc_console.seal import link

    desk.do("ticket.take", "t1")
    desk.do("entry.note", "t2", body="a")
    desk.do("entry.note", "t1", body="b")
    first = desk.batch(2)
    second = desk.batch(3)
    assert [envelope["counter"] for envelope in second] == [1, 2, 3]
    assert first == second[:2], "a sealed act goes out again as it was"
    assert [envelope["prev"] for envelope in second] == ["", link(second[0]), link(second[1])]
    assert desk.read(sealing.chain_head, DEVICE, INC) == (3, link(second[2]))
    assert ids(second) == [op.id for op in desk.ops()]
    assert {op.state for op in desk.ops()} == {OpState.SEALED}


@pytest.mark.protocol("P-046")
def test_a_failing_signer_leaves_everything_open(desk: Desk) -> None:
    desk.do("ticket.take", "t1")

    class Gone:
        def seal(self, *_: Any) -> list[dict[str, Any]]:
            raise ConnectionError

    with pytest.raises(ConnectionError), desk.cache.write() as conn:
        sealing.seal_batch(conn, Gone(), DEVICE, INC, desk.at)
    assert only(desk).state is OpState.OPEN
    assert desk.read(sealing.chain_head, DEVICE, INC) == (0, "")


@pytest.mark.protocol("P-075")
def test_a_held_act_holds_the_state_of_its_ticket_but_not_notes_nor_other_tickets(desk: Desk) -> None:
    desk.do("ticket.take", "t1")
    desk.do("entry.reply", "t1", body="tunggu", hold_until=desk.at + LATER)
    desk.do("ticket.resolve", "t1", solution="beres")
    desk.do("entry.note", "t1", body="catatan")
    desk.do("ticket.take", "t2")
    take, reply, resolve, note, other = (op.id for op in desk.ops())
    assert pushable(desk) == [take, note, other]
    assert desk.read(outbox.next_wake, desk.at) == desk.ops()[1].hold_until
    desk.at += LATER
    assert pushable(desk) == [take, reply, resolve, note, other]
    assert desk.read(outbox.next_wake, desk.at) is None


@pytest.mark.parametrize("state", ["held", "refused"])
@pytest.mark.protocol("P-053", "P-075")
def test_what_only_adds_does_not_wait_for_the_claim_it_was_made_on(desk: Desk, state: str) -> None:
    """A note, a call and time behind an own claim that stays back; an act of state behind it does not leave."""
    desk.do("ticket.take", "t1", hold_until=desk.at + LATER if state == "held" else None)
    if state == "refused":
        desk.batch()
        desk.settle([answer(only(desk).id, "deferred")])
    desk.do("entry.note", "t1", body="catatan")
    desk.do("entry.call", "t1", body="menelepon", minutes=3, direction="out")
    desk.do("entry.time", "t1", body="memeriksa", minutes=5)
    desk.do("ticket.resolve", "t1", solution="beres")
    take, note, call, time, resolve = desk.ops()
    if state == "refused":
        desk.settle([answer(take.id, "fenced", reason="held")])
    assert {op.command.basis.claim for op in (note, call, time, resolve)} == {take.id}
    assert pushable(desk) == [note.id, call.id, time.id]
    assert desk.read(outbox.dependents, take.id) == [resolve.id]


@pytest.mark.protocol("P-053")
def test_taking_a_claim_back_leaves_the_notes_that_were_made_on_it(desk: Desk) -> None:
    desk.do("ticket.take", "t1")
    desk.do("entry.note", "t1", body="catatan")
    take, note = (op.id for op in desk.ops())
    with desk.cache.write() as conn:
        assert [op.id for op in desk.replica.withdraw(conn, take, desk.at)] == [take]
    assert pushable(desk) == [note]


@pytest.mark.protocol("P-075")
def test_nothing_passes_the_act_that_makes_its_ticket(desk: Desk) -> None:
    desk.do("ticket.create", "new", subject="Baru", queue="helpdesk", hold_until=desk.at + LATER)
    desk.do("entry.note", "new", body="a")
    assert pushable(desk) == []
    desk.at += LATER
    assert len(pushable(desk)) == 2


@pytest.mark.protocol("P-076")
def test_a_batch_keeps_to_its_bytes_but_never_starves_a_large_act(desk: Desk) -> None:
    for _ in range(3):
        desk.do("entry.note", "t1", body="x" * 2000)
    with desk.cache.write() as conn:
        one = sealing.seal_batch(conn, PlainSigner(), DEVICE, INC, desk.at, max_bytes=100)
        assert len(one) == 1
        two = sealing.seal_batch(conn, PlainSigner(), DEVICE, INC, desk.at, max_bytes=6000)
    assert len(two) == 2
    assert two[0] == one[0]


@pytest.mark.parametrize("result", ["applied", "merged", "duplicate"])
@pytest.mark.protocol("P-073", "P-092")
def test_an_accepted_act_waits_for_its_echo_and_then_is_done(desk: Desk, result: str) -> None:
    desk.do("ticket.take", "t1")
    op = only(desk).id
    desk.batch()
    desk.settle([answer(op, result, seq=7, ver=2)])
    assert only(desk).state is OpState.ACKED
    assert desk.read(outbox.counts) == (0, 0)
    desk.apply([put("contact", ANDI, seq=6, ver=2)])
    assert only(desk).state is OpState.ACKED
    desk.apply([put("contact", ANDI, seq=7, ver=3)])
    assert desk.ops() == []
    assert desk.read(outbox.get, op).state is OpState.DONE


@pytest.mark.protocol("P-073")
def test_an_act_whose_echo_came_first_is_done_at_once(desk: Desk) -> None:
    desk.do("entry.note", "t1", body="a")
    op = only(desk).id
    desk.batch()
    desk.apply([put("contact", ANDI, seq=9, ver=2)])
    desk.settle([answer(op, "applied", seq=8, ver=2)])
    assert desk.ops() == []


@pytest.mark.parametrize(
    "result", ["conflict", "fenced", "invalid", "forbidden", "unsupported", "quarantined", "a_newer_word"]
)
@pytest.mark.protocol("P-075", "P-092")
def test_a_refused_act_is_kept_for_a_person_and_leaves_the_view(desk: Desk, result: str) -> None:
    desk.do("entry.note", "t1", body="a")
    op = only(desk).id
    desk.batch()
    desk.settle([answer(op, result, reason="held", data={"owner": "bagus"})])
    kept = only(desk)
    assert kept.state is OpState.ATTENTION
    assert kept.result is not None
    assert (kept.result["result"], kept.result["reason"], kept.result["data"]) == (result, "held", {"owner": "bagus"})
    assert desk.read(outbox.counts) == (0, 1)
    with desk.cache.read() as conn:
        assert conn.execute("SELECT count(*) FROM entry").fetchone()[0] == 0
        assert conn.execute("SELECT count(*) FROM base").fetchone()[0] == 0


@pytest.mark.protocol("P-062")
def test_the_repeated_answer_to_a_refused_act_is_a_refusal(desk: Desk) -> None:
    desk.do("entry.note", "t1", body="a")
    op = only(desk).id
    desk.batch()
    desk.settle([answer(op, "duplicate", data={"result": "fenced"})])
    assert only(desk).state is OpState.ATTENTION


@pytest.mark.protocol("P-068")
def test_a_deferred_act_comes_again_later_and_at_once_when_what_it_waits_for_is_there(desk: Desk) -> None:
    desk.do("entry.note", "t1", body="a")
    first = only(desk).id
    desk.do("ticket.take", "t2", deps=(first,))
    desk.do("ticket.release", "t2")
    second, third = (op.id for op in desk.ops()[1:])
    desk.batch()
    desk.settle([answer(second, "deferred", data={"missing": [first]}), answer(third, "deferred")])
    assert ids(desk.batch()) == [first]
    assert desk.read(sealing.has_pushable, desk.at)
    desk.settle([answer(first, "applied", seq=3, ver=2)])
    assert ids(desk.batch()) == [second]
    desk.settle([answer(second, "deferred")])
    assert not desk.read(sealing.has_pushable, desk.at)
    wake = desk.read(outbox.next_wake, desk.at)
    assert wake is not None
    desk.at = wake
    assert desk.read(sealing.has_pushable, desk.at)


@pytest.mark.protocol("P-064", "P-065")
def test_gap_and_fork_are_reported_and_change_nothing(desk: Desk) -> None:
    desk.do("entry.note", "t1", body="a")
    op = only(desk).id
    desk.batch()
    settled = desk.settle([answer(op, "gap", data={"expected": 1})])
    assert (settled.gap, settled.forked) == (1, False)
    assert desk.settle([answer(op, "forked")]).forked
    assert only(desk).state is OpState.SEALED
    assert ids(desk.batch()) == [op]


@pytest.mark.protocol("P-047", "P-064")
def test_a_lost_chain_is_sent_again_from_the_journal(desk: Desk) -> None:
    for body in "abc":
        desk.do("entry.note", "t1", body=body)
    first, second, third = (op.id for op in desk.ops())
    desk.batch(2)
    desk.settle([answer(first, "applied", seq=1, ver=2), answer(second, "applied", seq=1, ver=3)])
    assert [op.id for op in desk.ops()] == [third]
    with desk.cache.write() as conn:
        again = sealing.seal_batch(conn, PlainSigner(), DEVICE, INC, desk.at, from_counter=2)
        assert ids(again) == [second]
        assert sealing.seal_batch(conn, PlainSigner(), DEVICE, INC, desk.at, from_counter=9) == []
        outbox.prune(conn, desk.at + timedelta(days=15))
        assert sealing.seal_batch(conn, PlainSigner(), DEVICE, INC, desk.at, from_counter=2) == []


@pytest.mark.protocol("P-089")
def test_a_central_set_back_is_offered_everything_of_the_journal_again(desk: Desk) -> None:
    desk.do("entry.note", "t1", body="a")
    desk.do("entry.note", "t1", body="b")
    first, second = (op.id for op in desk.ops())
    desk.batch()
    desk.settle([answer(first, "applied", seq=1, ver=2), answer(second, "applied", seq=50, ver=3)])
    with desk.cache.write() as conn:
        feed.reset(conn, "g1")  # the first reset that this cache sees, whatever generation it began under
    assert [(op.id, op.state, op.acked_seq) for op in desk.ops()] == [
        (first, OpState.SEALED, None),
        (second, OpState.SEALED, None),
    ]
    assert ids(desk.batch()) == [first, second]


@pytest.mark.protocol("P-064")
def test_what_was_refused_is_not_offered_again_with_a_lost_chain(desk: Desk) -> None:
    for body in ("a", "b"):
        desk.do("entry.note", "t1", body=body)
    first, second = (op.id for op in desk.ops())
    desk.batch()
    desk.settle([answer(first, "invalid"), answer(second, "applied", seq=9, ver=2)])
    with desk.cache.write() as conn:
        assert sealing.seal_batch(conn, PlainSigner(), DEVICE, INC, desk.at, from_counter=1) == []
        assert ids(sealing.seal_batch(conn, PlainSigner(), DEVICE, INC, desk.at, from_counter=2)) == [second]
        desk.replica.dismiss(conn, first, desk.at)
        assert sealing.seal_batch(conn, PlainSigner(), DEVICE, INC, desk.at, from_counter=1) == []


@pytest.mark.protocol("P-068", "P-075")
def test_a_clock_that_was_set_back_keeps_no_act_for_a_day(desk: Desk) -> None:
    desk.do("entry.reply", "t1", body="a", hold_until=desk.at + timedelta(seconds=10))
    assert pushable(desk) == []
    desk.at -= timedelta(days=1)
    held = only(desk).id
    assert pushable(desk) == [held]
    assert ids(desk.batch()) == [held]
    desk.at += timedelta(days=1)
    desk.settle([answer(held, "deferred")])
    assert desk.batch() == [], "put off for 30 s"
    desk.at -= timedelta(days=1)
    assert ids(desk.batch()) == [held]


@pytest.mark.protocol("P-047")
def test_an_open_act_can_be_changed_and_taken_back_a_sealed_one_never(desk: Desk) -> None:
    desk.do("entry.note", "t1", body="a")
    op = only(desk).id
    with desk.cache.write() as conn:
        desk.replica.edit(conn, op, {"body": "b"})
        assert [row[0] for row in conn.execute("SELECT body FROM entry")] == ["b"]
    with desk.cache.write() as conn:
        desk.replica.withdraw(conn, op, desk.at)
        assert conn.execute("SELECT count(*) FROM entry").fetchone()[0] == 0
    assert desk.read(outbox.get, op).state is OpState.WITHDRAWN
    desk.do("entry.note", "t1", body="c")
    op = only(desk).id
    desk.batch()
    with desk.cache.write() as conn:
        with pytest.raises(ConflictError) as caught:
            desk.replica.edit(conn, op, {"body": "d"})
        assert caught.value.key == "op_sealed"
        with pytest.raises(ConflictError):
            desk.replica.withdraw(conn, op, desk.at)
        with pytest.raises(NotFound):
            desk.replica.withdraw(conn, "no-such", desk.at)


@pytest.mark.protocol("P-068")
def test_what_stands_on_a_withdrawn_act_goes_with_it_or_stops_it(desk: Desk) -> None:
    desk.do("ticket.take", "t1")
    desk.do("entry.reply", "t1", body="halo")
    take, reply = (op.id for op in desk.ops())
    with desk.cache.write() as conn:
        with pytest.raises(ConflictError) as caught:
            desk.replica.withdraw(conn, take, desk.at)
        assert caught.value.data["ops"] == [reply]
        gone = desk.replica.withdraw(conn, take, desk.at, with_dependents=True)
    assert [op.id for op in gone] == [take, reply]
    assert desk.ops() == []


@pytest.mark.protocol("P-049")
def test_trying_again_asks_for_the_same_on_what_is_so_now(desk: Desk) -> None:
    desk.do("ticket.take", "t1")
    desk.do("ticket.set", "t1", subject="Punya saya", before={"subject": "Stempel gagal"})
    take, change = (op.id for op in desk.ops())
    desk.batch()
    mine = a_ticket(ver=3, owner="rina", owner_epoch=1, state="open", subject="Punya mereka")
    desk.settle([answer(take, "applied", seq=2, ver=2), answer(change, "conflict", reason="same_field")])
    desk.apply([put("ticket", mine, seq=3)])
    desk.do("entry.note", "t1", body="sesudahnya", deps=(change,))
    assert pushable(desk) == []
    with desk.cache.write() as conn:
        outcome = desk.replica.retry(conn, change, "again", desk.at, None)
    assert isinstance(outcome, Effects)
    again, note = desk.ops()
    assert again.command.before == {"subject": "Punya mereka"}
    assert (again.command.basis.ver, again.command.basis.epoch, again.command.cause) == (3, 1, change)
    assert note.command.deps == ("again",)
    assert desk.read(outbox.get, change).state is OpState.RESOLVED


@pytest.mark.protocol("P-092")
def test_trying_again_in_vain_keeps_the_act(desk: Desk) -> None:
    desk.do("ticket.take", "t1")
    op = only(desk).id
    desk.batch()
    desk.settle([answer(op, "fenced", reason="held")])
    desk.apply(
        [put("ticket", a_ticket(ver=2, owner="bagus", owner_epoch=1, state="open", claim_until=desk.at + LATER))]
    )
    with desk.cache.write() as conn:
        assert isinstance(desk.replica.retry(conn, op, "again", desk.at, None), Refusal)
    assert only(desk).id == op


@pytest.mark.protocol("P-089")
def test_a_refused_act_can_be_let_go_and_stays_in_the_journal_for_14_days(desk: Desk) -> None:
    desk.do("ticket.take", "t1")
    op = only(desk).id
    with desk.cache.write() as conn, pytest.raises(ConflictError):
        desk.replica.dismiss(conn, op, desk.at)
    desk.batch()
    desk.settle([answer(op, "fenced", reason="held")])
    with desk.cache.write() as conn:
        desk.replica.dismiss(conn, op, desk.at)
        assert outbox.get(conn, op).state is OpState.DISMISSED
        assert outbox.prune(conn, desk.at + timedelta(days=14)) == 0
        assert outbox.prune(conn, desk.at + timedelta(days=14, milliseconds=1)) == 1


@pytest.mark.protocol("P-061")
def test_a_late_or_repeated_answer_changes_nothing(desk: Desk) -> None:
    desk.do("ticket.take", "t1")
    op = only(desk).id
    desk.batch()
    desk.settle([answer(op, "fenced", reason="held")])
    desk.settle([answer(op, "applied", seq=1, ver=2), answer("unknown", "applied")])
    assert only(desk).state is OpState.ATTENTION


@pytest.mark.protocol("P-050")
def test_aliases_count_up(desk: Desk) -> None:
    with desk.cache.write() as conn:
        assert [outbox.next_alias(conn, "K7Q") for _ in range(3)] == ["~K7Q-1", "~K7Q-2", "~K7Q-3"]
        assert outbox.next_alias(conn, "ABC") == "~ABC-1"
