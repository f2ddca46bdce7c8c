"""A refused act while it is settled: nothing a person did vanishes, and what waited behind it goes on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from msc_console.domain.commands import Effects, Refusal
from msc_console.domain.model import Conflict
from msc_console.domain.terms import ConflictKind, ConflictState
from msc_console.store import migrate, outbox, reads, sealing
from msc_console.store.opening import Cache
from msc_console.store.outbox import OpState, OutboxOp
from msc_console.sync.wire import Line, OpResult

from .world import ANDI, BAGUS, KEY, RINA, T0, Desk, a_ticket, put

FIELDS = {"subject": ["Stempel gagal", "Meterai", "Kuota"]}


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.apply([put("ticket", a_ticket(owner="rina", owner_epoch=1, state="open")), put("contact", ANDI, ver=1)])
    return desk


def answer(desk: Desk, op: str, result: str, **more: Any) -> None:
    desk.settle([OpResult(op=op, result=result, **more)])


def refuse(desk: Desk) -> str:
    """An own change of the subject that central answers with a conflict; its id."""
    desk.do("ticket.set", "t1", subject="Meterai", before={"subject": "Stempel gagal"})
    op: str = desk.batch()[-1]["op"]
    answer(desk, op, "conflict", reason="same_field", data={"fields": FIELDS, "conflict": op})
    return op


def news(desk: Desk, op: str, **values: Any) -> None:
    """The conflict and the others' subject as central sends them."""
    kept = Conflict(
        id=op, ticket="t1", ver=1, kind=ConflictKind.SAME_FIELD, act="ticket.set", author="rina", made_at=T0,
        args={"subject": "Meterai"}, fields=FIELDS,
    )  # fmt: skip
    desk.apply(
        [
            put("ticket", a_ticket(ver=2, owner="rina", owner_epoch=1, state="open", subject="Kuota"), 2),
            put("conflict", replace(kept, **values), 2),
        ]
    )


def settle(desk: Desk, conflict: str, choice: str, new: str = "settling", who: str = "rina") -> Any:
    with desk.cache.write() as conn:
        command = desk.replica.resolution(conn, conflict, choice, who, new, desk.at, None)
        return desk.replica.resolve(conn, command)


def act(desk: Desk, op: str) -> OutboxOp:
    found: OutboxOp = desk.read(outbox.get, op)
    return found


def subject(desk: Desk) -> str:
    ticket = desk.read(reads.ticket_by_id, "t1")
    return str(ticket.subject)


@pytest.mark.protocol("P-182", "P-189")
@pytest.mark.parametrize("pulled", [True, False])
def test_the_settled_act_ends_and_its_lane_goes_on(desk: Desk, pulled: bool) -> None:
    """Also before the pull has brought the conflict's row: central's answer says enough."""
    op = refuse(desk)
    desk.do("ticket.hold", "t1", state="waiting_customer", reason="data", before={"state": "open"})
    assert desk.read(sealing.pushable, desk.at) == []
    if pulled:
        news(desk, op)
    assert isinstance(settle(desk, op, "mine"), Effects)
    assert act(desk, op).state is OpState.RESOLVED
    assert subject(desk) == "Meterai"
    first, second = desk.ops()
    assert (first.id, first.command.cause, first.command.args) == ("settling", op, {"conflict": op, "choice": "mine"})
    assert first.command.before == {"subject": "Kuota" if pulled else "Stempel gagal"}
    assert desk.read(sealing.pushable, desk.at) == ["settling", second.id]
    assert desk.read(reads.conflicts) == []


@pytest.mark.protocol("P-189")
def test_taking_the_settling_back_brings_the_act_back(desk: Desk) -> None:
    op = refuse(desk)
    news(desk, op)
    settle(desk, op, "theirs")
    with desk.cache.write() as conn:
        desk.replica.withdraw(conn, "settling", desk.at)
    assert [(one.id, one.state) for one in desk.ops()] == [(op, OpState.ATTENTION)]
    assert act(desk, "settling").state is OpState.WITHDRAWN
    assert [kept.id for kept, _, _ in desk.read(reads.conflicts)] == [op]
    assert isinstance(settle(desk, op, "theirs", "again"), Effects), "and it can be settled after all"


@pytest.mark.protocol("P-189")
def test_taking_a_retry_back_brings_the_first_try_back_with_what_stands_on_it(desk: Desk) -> None:
    op = refuse(desk)
    news(desk, op)
    with desk.cache.write() as conn:
        assert isinstance(desk.replica.retry(conn, op, "retry", desk.at, None), Effects)
    desk.do("entry.note", "t1", body="catatan", deps=["retry"])
    note = desk.ops()[-1].id
    with desk.cache.write() as conn:
        desk.replica.withdraw(conn, "retry", desk.at)
    assert [(one.id, one.state) for one in desk.ops()] == [(op, OpState.ATTENTION), (note, OpState.OPEN)]
    assert act(desk, note).command.deps == (op,)


@pytest.mark.protocol("P-189")
@pytest.mark.parametrize("reason", ["same_field", "no_right"])
def test_a_settling_that_central_refuses_brings_the_act_back(desk: Desk, reason: str) -> None:
    op = refuse(desk)
    news(desk, op)
    settle(desk, op, "mine")
    desk.batch()
    newer = {"subject": ["Kuota", "Meterai", "Segel"]}
    if reason == "same_field":
        answer(desk, "settling", "conflict", reason=reason, data={"fields": newer, "conflict": op})
    else:
        answer(desk, "settling", "forbidden", reason=reason)
    (back,) = desk.ops()
    assert (back.id, back.state) == (op, OpState.ATTENTION)
    assert back.result is not None
    if reason == "same_field":
        assert back.result["data"]["fields"] == newer
    else:
        assert back.result["data"]["settling"]["reason"] == reason
        assert back.result["data"]["conflict"] == op
    assert act(desk, "settling").state is OpState.RESOLVED


@pytest.mark.protocol("P-185", "P-189")
def test_what_was_settled_elsewhere_ends_by_itself(desk: Desk) -> None:
    op = refuse(desk)
    news(desk, op, ver=2, state=ConflictState.ADOPTED, resolved_by="bagus")
    assert desk.ops() == []
    assert act(desk, op).state is OpState.RESOLVED
    closed = settle(desk, op, "mine")
    assert isinstance(closed, Refusal)
    assert closed.reason == "conflict_closed"


@pytest.mark.protocol("P-185", "P-189")
def test_an_answer_that_comes_after_the_conflict_was_settled_needs_no_person(desk: Desk) -> None:
    desk.do("ticket.set", "t1", subject="Meterai", before={"subject": "Stempel gagal"})
    (envelope,) = desk.batch()
    op = envelope["op"]
    news(desk, op, ver=2, state=ConflictState.RESOLVED, resolved_by="bagus")
    answer(desk, op, "duplicate", reason="same_field", data={"result": "conflict", "fields": FIELDS, "conflict": op})
    assert act(desk, op).state is OpState.RESOLVED


@pytest.mark.protocol("P-189")
def test_one_that_comes_too_late_stays_to_be_read(desk: Desk) -> None:
    op = refuse(desk)
    news(desk, op)
    settle(desk, op, "mine")
    desk.batch()
    answer(desk, "settling", "invalid", reason="conflict_closed")
    assert [(one.id, one.state) for one in desk.ops()] == [("settling", OpState.ATTENTION)]


@pytest.mark.protocol("P-189")
@pytest.mark.parametrize(
    ("choice", "state", "over"),
    [
        ("theirs", ConflictState.WITHDRAWN, True),
        ("withdraw", ConflictState.ERASED, True),
        ("theirs", ConflictState.ADOPTED, False),
        ("withdraw", ConflictState.RESOLVED, False),
        ("note", ConflictState.WITHDRAWN, False),
        ("mine", ConflictState.WITHDRAWN, False),
    ],
)
def test_one_that_wanted_no_more_than_what_is_so_needs_no_person(
    desk: Desk, choice: str, state: ConflictState, over: bool
) -> None:
    """Nothing came of the act, which is all that setting it aside asks for."""
    op = refuse(desk)
    news(desk, op)
    settle(desk, op, choice)
    desk.batch()
    answer(desk, "settling", "invalid", reason="conflict_closed", data={"by": "Bagus", "state": str(state)})
    assert act(desk, "settling").state is (OpState.RESOLVED if over else OpState.ATTENTION)


@pytest.mark.protocol("P-184")
def test_the_holder_adopts_anothers_act(desk: Desk) -> None:
    news(desk, "theirs", author="bagus", kind=ConflictKind.FENCED)
    assert isinstance(settle(desk, "theirs", "mine"), Effects)
    assert subject(desk) == "Meterai"
    stranger = settle(desk, "theirs", "mine", "x", BAGUS.id)
    assert isinstance(stranger, Refusal)


@pytest.mark.protocol("P-181")
def test_it_leaves_with_its_ticket(desk: Desk) -> None:
    news(desk, "theirs", author="bagus")
    desk.apply([Line(t="leave", entity="ticket", id="t1", seq=3)])
    assert desk.read(reads.conflict, "theirs") is None


def take_back(desk: Desk, op: str, target: str = "t1") -> str:
    outcome = desk.do("op.withdraw", target, op=op)
    assert isinstance(outcome, Effects)
    return desk.ops()[-1].id


@pytest.mark.protocol("P-187", "P-188")
@pytest.mark.parametrize("knew", [True, False])
def test_a_sealed_act_shows_until_central_has_taken_it_back(desk: Desk, knew: bool) -> None:
    """Central had put it off (`knew`), or hears of both at once."""
    desk.do("ticket.set", "t1", subject="Salah", before={"subject": "Stempel gagal"})
    op = desk.batch()[0]["op"]
    if knew:
        answer(desk, op, "deferred", reason="dependency_missing", data={"missing": ["x"]})
    back = take_back(desk, op)
    assert desk.read(outbox.withdrawals) == {op: back}
    assert subject(desk) == "Salah"
    assert [envelope["op"] for envelope in desk.batch()] == ([back] if knew else [op, back])
    if not knew:
        answer(desk, op, "invalid", reason="withdrawn")
    answer(desk, back, "applied")
    assert desk.ops() == []
    assert (act(desk, op).state, act(desk, back).state) == (OpState.WITHDRAWN, OpState.DONE)
    assert subject(desk) == "Stempel gagal"


@pytest.mark.protocol("P-187")
@pytest.mark.parametrize(("reason", "left"), [("op_applied", 1), ("op_answered", 0)])
def test_taking_back_too_late(desk: Desk, reason: str, left: int) -> None:
    """What was applied is said to the person; a refusal is before them already by itself."""
    desk.do("entry.note", "t1", body="a")
    op = desk.batch()[0]["op"]
    back = take_back(desk, op)
    desk.batch()
    answer(desk, op, "applied", seq=0)
    answer(desk, back, "invalid", reason=reason)
    assert [one.id for one in desk.ops()] == [back][:left]
    desk.do("ticket.hold", "t1", state="waiting_customer", reason="data", before={"state": "open"})
    assert desk.read(sealing.pushable, desk.at) == [desk.ops()[-1].id], "it holds nobody up"


@pytest.mark.protocol("P-188")
def test_a_new_ticket_that_is_held_back_does_not_hold_its_own_withdrawal(desk: Desk) -> None:
    desk.do("ticket.create", "new", subject="Baru", queue="helpdesk", deps=["missing"])
    op = desk.batch()[0]["op"]
    answer(desk, op, "deferred", reason="dependency_missing", data={"missing": ["missing"]})
    back = take_back(desk, op, "new")
    assert [envelope["op"] for envelope in desk.batch()] == [back]
    answer(desk, back, "applied")
    assert desk.read(reads.ticket_by_id, "new") is None


def test_a_cache_of_before_opens_with_its_work(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Schema 1 with a ticket and an unsent act: both are there, and a conflict can be kept."""
    every = migrate.scripts()
    with monkeypatch.context() as patched:
        patched.setattr(migrate, "scripts", lambda folder=migrate.FOLDER: every[:1])
        old = Cache.open(path, KEY)
        with old.write() as conn:
            conn.execute("INSERT INTO setting (key, value) VALUES ('me', '1')")
            outbox.append(conn, Desk(old).command(conn, "entry.note", "t1", body="belum terkirim"))
        old.close()
    desk = Desk(Cache.open(path, KEY), RINA)
    assert [op.command.args for op in desk.ops()] == [{"body": "belum terkirim"}]
    desk.apply([put("ticket", a_ticket())])
    news(desk, "theirs", author="bagus")
    assert len(desk.read(reads.conflicts)) == 1
    desk.cache.close()
