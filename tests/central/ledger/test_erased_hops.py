"""Erasure of escalations by their ops: reason, solution and proxy leave hop, ticket, timeline and laptops."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.central.ledger.desks import At
from tests.central.ledger.stage import Stage

from .test_erasure import SECRET, erase, everywhere, laptop_holds


@pytest.fixture
def rina_desk(stage: Stage) -> Iterator[At]:
    at = At(stage, stage.rina)
    yield at
    at.close()


def done(result: Any) -> str:
    assert result.result in ("applied", "merged"), result
    return str(result.op)


@pytest.mark.protocol("P-190")
@pytest.mark.parametrize("told", ["reason", "proxy", "outcome"])
@pytest.mark.parametrize("returned", [False, True])
def test_no_words_of_an_escalation_are_left(stage: Stage, rina_desk: At, told: str, returned: bool) -> None:
    """Each act of an escalation carries the secret in turn, and is erased while the ticket waits or afterwards."""
    rina, lead = stage.laptop(stage.rina), stage.laptop(stage.lead)
    ticket = rina.create(take=True)
    words = {name: SECRET if name == told else f"kata {name}" for name in ("reason", "proxy", "outcome")}
    ops = {"reason": done(rina.do("escalation.raise", ticket, {"tier": "principal", "reason": words["reason"]},
                                  basis={"epoch": 1}))}  # fmt: skip
    ops["proxy"] = done(lead.do("escalation.ack", ticket, {"hop": ops["reason"], "proxy": words["proxy"]}))
    if returned or told == "outcome":
        args = {"hop": ops["reason"], "outcome": words["outcome"], "proxy": "per telepon"}
        ops["outcome"] = done(lead.do("escalation.return", ticket, args))
    rina_desk.sync()
    assert "hop" in laptop_holds(rina_desk) or (told == "proxy" and returned)
    before = stage.row("hop", ops["reason"])
    erase(stage, ops[told])
    assert everywhere(stage) == []
    hop = stage.row("hop", ops["reason"])
    assert hop["ver"] == before["ver"] + 1
    kept = {"state", "tier", "raised_at", "acked_at", "returned_at", "acked_by", "returned_by"}
    assert {name: hop[name] for name in kept} == {name: before[name] for name in kept}
    rina_desk.sync()
    assert laptop_holds(rina_desk) == []
    erase(stage, ops[told])
    assert stage.row("hop", ops["reason"])["ver"] == hop["ver"], "doing it again changes nothing"


@pytest.mark.protocol("P-190")
def test_the_other_words_of_the_escalation_stay(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    ticket = rina.create(take=True)
    raised = done(rina.do("escalation.raise", ticket, {"tier": "l1", "reason": "tetap"}, basis={"epoch": 1}))
    note = done(rina.do("entry.note", ticket, {"body": SECRET}))
    erase(stage, note)
    assert stage.row("hop", raised)["reason"] == "tetap"
    assert stage.row("ticket", ticket)["hold_reason"] == "tetap"
