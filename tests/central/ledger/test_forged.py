"""Ops that no client of ours makes: what a changed client sends must break no promise made to the others."""

from threading import Barrier, Thread
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from msc_console import seal
from msc_console.central import changes
from msc_console.central.cursors import CursorExpired
from msc_console.central.problems import ProblemError
from msc_console.central.snapshots import Snapshots
from msc_console.sync.wire import OpResult
from tests.central.ledger.stage import NOW, Cache, Laptop, Stage, new_id
from tests.central.ledger.test_conflicts import fenced, settle


def free_again(stage: Stage, ticket: str) -> OpResult:
    """Budi takes a ticket and gives it back; his take."""
    budi = stage.laptop(stage.budi)
    take = budi.do("ticket.take", ticket)
    assert (take.result, take.data["epoch"]) == ("applied", 1)
    assert budi.do("ticket.release", ticket, basis={"epoch": 1}).result == "applied"
    return take


def resolve(laptop: Laptop, ticket: str, basis: dict[str, Any]) -> OpResult:
    return laptop.do("ticket.resolve", ticket, {"solution": "x"}, basis=basis, before={"state": "open"})


@pytest.mark.protocol("P-071")
def test_the_claim_of_another_person_carries_nobody(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    ticket = rina.create()
    take = free_again(stage, ticket)
    got = resolve(rina, ticket, {"claim": take.op})
    assert (got.result, got.reason) == ("fenced", "changed_hands")


@pytest.mark.protocol("P-071")
def test_a_claim_of_another_ticket_carries_nobody(stage: Stage) -> None:
    """Both tickets are at the same epoch, which says nothing."""
    rina = stage.laptop(stage.rina)
    ticket, other = rina.create(), rina.create()
    free_again(stage, ticket)
    mine = rina.do("ticket.take", other)
    assert mine.data["epoch"] == 1
    assert resolve(rina, ticket, {"claim": mine.op}).result == "fenced"
    assert resolve(rina, other, {"claim": mine.op}).result == "applied"


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.protocol("P-068")
def test_a_circle_of_dependencies_ends(stage: Stage, size: int, together: bool) -> None:
    """Each op waits for the next one, the last for the first: none waits for ever, in one push or in several."""
    rina = stage.laptop(stage.rina)
    ticket, ids = rina.create(), [new_id() for _ in range(size)]
    ops = [
        rina.seal("entry.note", ticket, {"body": "x"}, op=id, deps=[ids[(place + 1) % size]])
        for place, id in enumerate(ids)
    ]
    results = rina.push(*ops) if together else [rina.push(op)[0] for op in ops]
    assert [item.result for item in results] == ["deferred"] * (size - 1) + ["invalid"]
    assert results[-1].reason == "dependency_refused"
    for op in reversed(ops[:-1]):
        assert rina.push(op)[0].result == "invalid"
    assert stage.scalar("SELECT count(*) FROM op WHERE code = 'deferred'") == 0
    assert rina.do("entry.note", ticket, {"body": "lanjut"}).result == "applied"


@pytest.mark.protocol("P-068")
def test_a_long_row_of_waiting_ops_is_no_circle(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    ticket, first = rina.create(), new_id()
    ops = [rina.seal("entry.note", ticket, {"body": "x"}, deps=[first])]
    for _ in range(5):
        ops.append(rina.seal("entry.note", ticket, {"body": "x"}, deps=[ops[-1].op]))
    assert {item.result for item in rina.push(*ops)} == {"deferred"}
    opening = rina.seal("entry.note", ticket, {"body": "mula"}, op=first)
    assert {item.result for item in rina.push(opening, *ops)} == {"applied"}


@pytest.mark.parametrize(("kind", "args"), [
    ("ticket.resolve", {"solution": "x"}), ("ticket.cancel", {"reason": "dobel"}),
    ("ticket.hold", {"state": "waiting_vendor", "reason": "suku cadang"}), ("ticket.set", {"subject": "Lain"}),
    ("ticket.move", {"queue": "khusus"}),
])  # fmt: skip
@pytest.mark.protocol("P-049", "P-070")
def test_what_its_author_did_not_look_at_is_not_replaced(stage: Stage, kind: str, args: dict[str, Any]) -> None:
    """Without `before` every value that is there differs from the one seen."""
    rina = stage.laptop(stage.rina)
    ticket = rina.create(take=True)
    before = stage.row("ticket", ticket)
    got = rina.do(kind, ticket, args, basis={"epoch": 1})
    assert got.result == "conflict", got
    assert stage.row("ticket", ticket) == before
    ((base, _mine, theirs),) = got.data["fields"].values()
    assert base is None
    assert theirs is not None


@pytest.mark.protocol("P-065")
def test_a_counter_given_twice_is_a_fork_of_which_the_first_counts(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    ticket = rina.create()
    counter, prev = rina.counter, rina.prev
    first = rina.seal("entry.note", ticket, {"body": "asli"})
    rina.counter, rina.prev = counter, prev
    twin = rina.seal("entry.note", ticket, {"body": "kembar"})
    assert [item.result for item in rina.push(first, twin)] == ["applied", "forked"]
    assert rina.push(twin)[0].result == "forked"
    assert stage.scalar("SELECT count(*) FROM op WHERE op_id = :id", id=twin.op) == 0


@pytest.mark.protocol("P-065", "P-067")
def test_a_link_of_ones_own_making_is_no_place_in_the_chain(stage: Stage) -> None:
    """The op says that it follows one that central has not seen, under a right signature."""
    rina = stage.laptop(stage.rina)
    ticket = rina.create()
    unseen = rina.seal("entry.note", ticket, {"body": "tidak dikirim"})
    forged = rina.seal("entry.note", ticket, {"body": "palsu"}, counter=unseen.counter)
    assert rina.push(forged)[0].result == "forked"
    assert rina.push(unseen)[0].result == "applied", "the true chain goes on"


@pytest.mark.protocol("P-062", "P-063")
def test_an_op_id_of_another_person_gives_neither_answer_nor_effect(stage: Stage) -> None:
    rina, budi = stage.laptop(stage.rina), stage.laptop(stage.budi)
    ticket = rina.create(take=True)
    mine = rina.seal("ticket.set", ticket, {"subject": "Rahasia"}, basis={"epoch": 1}, before={"subject": "lain"})
    assert rina.push(mine)[0].result == "conflict"
    taken = budi.seal("entry.note", ticket, {"body": "x"}, op=mine.op)
    got = budi.push(taken)[0]
    assert (got.result, got.reason, got.data) == ("invalid", "op_id_reused", {})
    same = budi.seal("ticket.set", ticket, dict(mine.args), op=mine.op, salt=mine.salt, before=dict(mine.before))
    assert same.body == mine.body
    got = budi.push(same)[0]
    assert (got.result, got.reason, got.data) == ("invalid", "op_id_reused", {}), "also under the very same body"


@pytest.mark.protocol("P-187")
def test_nobody_takes_back_anothers_op_before_or_after_it_came(stage: Stage) -> None:
    rina, budi = stage.laptop(stage.rina), stage.laptop(stage.budi)
    ticket, missing = rina.create(), new_id()
    coming = rina.seal("entry.note", ticket, {"body": "datang"})
    waiting = rina.seal("entry.note", ticket, {"body": "menunggu"}, deps=[missing])
    assert budi.do("op.withdraw", ticket, {"op": coming.op}).result == "applied"
    assert [item.result for item in rina.push(coming, waiting)] == ["applied", "deferred"]
    assert budi.do("op.withdraw", ticket, {"op": waiting.op}).result == "applied"
    first = rina.seal("entry.note", ticket, {"body": "mula"}, op=missing)
    assert [item.result for item in rina.push(first, waiting)] == ["applied", "applied"]


@pytest.mark.protocol("P-069", "P-184")
def test_a_conflict_is_settled_by_nobody_outside_its_ticket(stage: Stage) -> None:
    """Sari is in another queue: neither on the ticket itself nor by naming the conflict on a ticket of hers."""
    ticket, _, _, got = fenced(stage)
    sari = stage.laptop(stage.sari)
    own = sari.create("khusus", take=True)
    for choice in ("mine", "theirs", "note", "withdraw"):
        assert settle(sari, ticket, got.op, choice).reason == "out_of_scope"
        told = settle(sari, own, got.op, choice)
        assert (told.result, told.reason) == ("invalid", "conflict_unknown")
    assert settle(sari, own, got.op, "theirs", cause=got.op).reason == "conflict_unknown"
    assert sari.do("entry.note", own, {"body": "x"}, cause=got.op).result == "applied"
    assert stage.row("conflict", got.op)["state"] == "open"


@pytest.mark.protocol("P-185")
def test_two_who_settle_at_the_same_moment(stage: Stage) -> None:
    """Of Rina's `withdraw` and Budi's `mine` one counts, whichever comes first, and the other is told so."""
    for _ in range(4):
        ticket, rina, budi, got = fenced(stage)
        start, heard = Barrier(2), dict[str, OpResult]()

        def push(
            laptop: Laptop, choice: str, ticket: str = ticket, id: str = got.op, start: Barrier = start,
            heard: dict[str, OpResult] = heard,
        ) -> None:  # fmt: skip
            start.wait(10)
            heard[laptop.person.login] = settle(laptop, ticket, id, choice, before={"state": "open"})

        threads = [Thread(target=push, args=pair) for pair in ((rina, "withdraw"), (budi, "mine"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        codes = sorted((item.result, item.reason or "") for item in heard.values())
        assert codes == [("applied", ""), ("invalid", "conflict_closed")], heard
        state = stage.row("conflict", got.op)["state"]
        assert state == ("withdrawn" if heard["rina"].result == "applied" else "adopted")
        assert (stage.row("ticket", ticket)["state"] == "resolved") is (state == "adopted")


@pytest.mark.protocol("P-085")
def test_a_cursor_of_others_is_void(stage: Stage) -> None:
    """Of another person with the same groups, of another generation, cut, lengthened or changed in any place."""
    cache = Cache(stage.central, stage.rina)
    stage.laptop(stage.rina).create()
    cache.pull()
    good = cache.cursor
    forged = [good[:-2], good + "AA", "A" + good[1:], good[:30] + ("A" if good[30] != "A" else "B") + good[31:], "é"]
    for cursor in forged:
        with pytest.raises(CursorExpired):
            changes.read(stage.central, stage.rina, cursor, 10, NOW)
    with pytest.raises(CursorExpired):
        changes.read(stage.central, stage.budi, good, 10, NOW)
    assert changes.read(stage.central, stage.rina, good, 10, NOW).up_to_date
    with stage.central.write() as conn:
        conn.execute(text("UPDATE feed_head SET generation = 'lain'"))
    with pytest.raises(CursorExpired):
        changes.read(stage.central, stage.rina, good, 10, NOW)


@pytest.mark.protocol("P-143")
def test_parts_of_a_snapshot_of_other_groups_are_not_there(stage: Stage) -> None:
    """Sari asks for the manifest and the parts of Rina's; Budi, of the same groups, gets the shared parts alone."""
    rina = stage.laptop(stage.rina)
    mine = rina.create(subject="Milik Rina", take=True)
    snapshots = Snapshots(stage.central, lambda: NOW)
    try:
        id = snapshots.begin(stage.rina)
        snapshots.close()
        parts = snapshots.manifest(stage.rina, id).parts
        own = [part.n for part in parts if part.n < 0]
        assert own
        for part in parts:
            with pytest.raises(ProblemError) as caught:
                snapshots.part(stage.sari, id, part.n)
            assert caught.value.code == "snapshot_gone"
        with pytest.raises(ProblemError):
            snapshots.manifest(stage.sari, id)
        for n in own:
            with pytest.raises(ProblemError) as caught:
                snapshots.part(stage.budi, id, n)
            assert caught.value.code == "not_found"
        assert mine
    finally:
        snapshots.close()


@pytest.mark.protocol("P-043", "P-067")
def test_a_signature_holds_for_its_own_op_alone(stage: Stage) -> None:
    """A body, a salt and a signature of one op set into another."""
    rina = stage.laptop(stage.rina)
    ticket = rina.create()
    true = rina.seal("entry.note", ticket, {"body": "asli"})
    rina.counter, rina.prev = rina.counter - 1, true.prev
    other = rina.seal("entry.note", ticket, {"body": "lain"})
    mixed = msgspec.structs.replace(other, body=true.body, salt=true.salt, args=true.args, sig=true.sig)
    got = rina.push(mixed)[0]
    assert (got.result, got.reason) == ("forbidden", "bad_signature")
    assert seal.verify(rina.public, seal.signed_bytes(msgspec.to_builtins(true)), true.sig)
