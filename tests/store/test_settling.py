"""What an answer makes the laptop do: as little as keeps the view the fold of base and pending acts."""

import pytest

from msc_console.domain.commands import Command, Context, Outcome, Situation
from msc_console.store.replica import Replica
from msc_console.sync.wire import OpResult

from .world import Desk, ModelCentral, a_ticket, context_of, decide, put, view_of


@pytest.fixture
def counted(desk: Desk) -> list[str]:
    """Targets of the acts that the rules are asked about, as they are."""
    asked: list[str] = []

    def counting(situation: Situation, command: Command, context: Context) -> Outcome:
        asked.append(command.target)
        return decide(situation, command, context)

    desk.replica = Replica(counting, context_of)
    desk.apply([put("ticket", a_ticket("t1")), put("ticket", a_ticket("t2"), seq=2)], up_to_date=True)
    return asked


def test_an_accepted_act_that_has_not_come_back_is_not_decided_again(desk: Desk, counted: list[str]) -> None:
    for target in ("t1", "t2"):
        desk.do("entry.note", target, body="a")
    before = [desk.read(view_of, target) for target in ("t1", "t2")]
    first, second = (op.id for op in desk.ops())
    desk.batch()
    counted.clear()
    settled = desk.settle([OpResult(op=first, result="applied", seq=8, ver=2), OpResult(op=second, result="invalid")])
    assert counted == [], "the accepted one shows as before; of the other nothing is left to decide"
    assert (settled.targets, settled.to_fold) == ({"t1", "t2"}, {"t2"})
    assert desk.read(view_of, "t1") == before[0]
    assert desk.read(view_of, "t2") != before[1]


def test_an_answer_after_its_effects_leaves_the_base_alone_in_the_view(desk: Desk, counted: list[str]) -> None:
    central = ModelCentral()
    central.rows["ticket", "t1"] = a_ticket("t1")
    desk.do("entry.note", "t1", body="a")
    results = central.push(desk.batch())
    lines, _, _ = central.page(0, 500)
    desk.apply(lines, "c2")
    settled = desk.settle(results)
    assert settled.to_fold == {"t1"}
    assert all(row["ver"] > 0 for row in desk.read(view_of, "t1").values()), "nothing but central's rows"
    assert desk.ops() == [], "read already: the act is done"


def test_what_was_put_off_comes_again_once_it_stands_on_something(desk: Desk, counted: list[str]) -> None:
    desk.do("entry.note", "t1", body="a")
    stands_on = desk.ops()[0].id
    desk.do("entry.note", "t2", body="b", deps=(stands_on,))
    waiting = desk.ops()[1].id
    desk.batch()
    desk.settle([OpResult(op=waiting, result="deferred", data={"missing": [stands_on]})])
    assert desk.ops()[1].next_at is not None
    desk.settle([OpResult(op=stands_on, result="applied", seq=8, ver=2)])
    assert [op.next_at for op in desk.ops()] == [None, None]


def test_one_reply_with_both_brings_it_again_too(desk: Desk, counted: list[str]) -> None:
    desk.do("entry.note", "t1", body="a")
    stands_on = desk.ops()[0].id
    desk.do("entry.note", "t2", body="b", deps=(stands_on,))
    waiting = desk.ops()[1].id
    desk.batch()
    desk.settle([OpResult(op=waiting, result="deferred"), OpResult(op=stands_on, result="applied", seq=8, ver=2)])
    assert desk.ops()[1].next_at is None
