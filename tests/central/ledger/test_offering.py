"""A fenced act that its author leaves to the holder: both see it, either ends it, and it ends for both."""

from collections.abc import Iterator

import pytest

from msc_console.desk import unsettled
from msc_console.desk.unsettled import Standing, Unsettled
from msc_console.domain.terms import ConflictState
from msc_console.errors import ConflictError, NotAllowed
from msc_console.store.outbox import OpState
from tests.central.ledger.desks import At
from tests.central.ledger.stage import Stage
from tests.central.ledger.test_settling import fenced


@pytest.fixture
def pair(stage: Stage) -> Iterator[tuple[At, At]]:
    found = (At(stage, stage.rina), At(stage, stage.budi))
    for one in found:
        one.pull()
    yield found
    for one in found:
        one.close()


def only(at: At) -> Unsettled:
    (row,) = unsettled.unsettled(at.desk)
    return row


def offered(rina: At, budi: At) -> tuple[str, str]:
    """(ticket, act) of an act that Rina left to Budi; nothing of it waits at her laptop any more."""
    ticket, op = fenced(rina, budi)
    row = only(rina)
    assert (row.standing, row.holder) == (Standing.YOURS, "Budi")
    unsettled.offer(rina.desk, row)
    assert rina.desk.counts() == (0, 0)
    assert (only(rina).id, only(rina).standing) == (op, Standing.OFFERED)
    with pytest.raises(ConflictError, match="offered_already"):
        unsettled.offer(rina.desk, only(rina))
    budi.pull()
    assert (only(budi).id, only(budi).standing, only(budi).author) == (op, Standing.PROPOSAL, "Rina")
    return ticket, op


@pytest.mark.protocol("P-184", "P-189")
@pytest.mark.parametrize(("choice", "state"), [("mine", "resolved"), ("theirs", "open"), ("note", "open")])
def test_the_holder_ends_what_was_left_to_them(pair: tuple[At, At], choice: str, state: str) -> None:
    rina, budi = pair
    ticket, op = offered(rina, budi)
    assert isinstance(unsettled.why_not(only(budi), "withdraw", budi.desk.person), NotAllowed)
    budi.desk.settle(op, choice)  # type: ignore[arg-type]
    budi.sync()
    rina.sync()
    for one in pair:
        assert unsettled.unsettled(one.desk) == []
        assert one.desk.ticket(ticket).ticket.state == state
    assert rina.rows() == budi.rows()
    closed = ConflictState.ADOPTED if choice == "mine" else ConflictState.RESOLVED
    assert rina.rows()["conflict", op]["state"] == closed
    assert rina.desk.act(op).state is OpState.DISMISSED


@pytest.mark.protocol("P-184", "P-185")
def test_its_author_may_still_take_it_back_and_who_is_late_is_told(pair: tuple[At, At]) -> None:
    rina, budi = pair
    ticket, op = offered(rina, budi)
    rina.desk.settle(op, "withdraw")
    late = budi.desk.settle(op, "mine").op
    rina.sync()
    budi.sync()
    assert budi.desk.ticket(ticket).ticket.state == "open"
    assert budi.rows()["conflict", op]["state"] == ConflictState.WITHDRAWN
    row = only(budi)
    assert (row.id, row.standing, row.answer["reason"]) == (late, Standing.YOURS, "conflict_closed")
    budi.desk.dismiss(late)
    assert unsettled.unsettled(budi.desk) == unsettled.unsettled(rina.desk) == []
