"""Ops that are sealed as they should be and say whatever comes: central answers each, keeps none aside, goes on.

What Schemathesis makes up stops at the signature; this begins behind it.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msc_console.domain import shapes
from msc_console.domain.shapes import ARGS
from msc_console.domain.terms import Op, Result
from msc_console.seal import MAX_INTEGER
from tests.central.ledger.conftest import central_db, stage
from tests.central.ledger.stage import Cache, Stage, new_id
from tests.support.hostile import VECTORS

__all__ = ["central_db", "stage"]
pytestmark = pytest.mark.deep

EXAMPLES = 150
OPS = 12
"""Most ops in one push here."""
KINDS = [kind for kind in ARGS if kind is not Op.SYSTEM_DELIVER]

KNOWN = (
    "umum", "khusus", "high", "low", "incident", "email", "phone", "waiting_customer", "customer", "l1", "l2", "in",
    "2026-11-24T03:00:00.000Z", "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z", "~ABC-1", "id",
)  # fmt: skip
TEXTS = st.sampled_from((*KNOWN, *VECTORS, "", " ", "\0", "a\0b", "'", "%s", "x" * 30_000)) | st.text(max_size=20)
PLAIN = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXTS
VALUES = st.recursive(
    PLAIN, lambda part: st.lists(part, max_size=3) | st.dictionaries(TEXTS, part, max_size=3), max_leaves=6
)
OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    shapes.TEXT: TEXTS,
    shapes.NUMBER: st.integers(-MAX_INTEGER, MAX_INTEGER),
    shapes.FLAG: st.booleans(),
    shapes.TIME: st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
    shapes.LIST: st.lists(st.fixed_dictionaries({"channel": TEXTS, "value": TEXTS}) | st.just({}), max_size=3),
}


@st.composite
def said(draw: st.DrawFn) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Kind, arguments and `before`: arguments of the right type, and now and then anything under any name."""
    kind = draw(st.sampled_from(KINDS))
    fitting = {name: OF_TYPE[told] for name, told in ARGS[kind].items()}
    args = draw(st.fixed_dictionaries({}, optional=fitting))
    if draw(st.integers(0, 3)) == 0:
        args |= draw(st.dictionaries(st.sampled_from(sorted(fitting) or ["x"]) | TEXTS, VALUES, max_size=3))
    before = draw(st.dictionaries(st.sampled_from(sorted(fitting) or ["x"]), PLAIN, max_size=3))
    return draw(st.just(str(kind)) | st.sampled_from([str(kind), "ticket.nope"])), args, before


SAID = st.lists(
    st.tuples(said(), st.integers(0, 3), st.integers(0, MAX_INTEGER), st.integers(0, 3)), min_size=1, max_size=OPS
)


def test_every_sealed_op_has_an_answer(stage: Stage) -> None:
    laptop, other, cache = stage.laptop(stage.lead), stage.laptop(stage.rina), Cache(stage.central, stage.lead)
    tickets = [laptop.create() for _ in range(2)]
    hidden = stage.laptop(stage.sari).create("khusus")

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(SAID)
    def push(batch: list[tuple[tuple[str, dict[str, Any], dict[str, Any]], int, int, int]]) -> None:
        for device in (laptop, other):
            envelopes = [
                device.seal(
                    kind,
                    [*tickets, hidden, new_id()][place],
                    args,
                    before=before,
                    basis={"ver": ver, "epoch": epoch},
                )
                for (kind, args, before), place, ver, epoch in batch
            ]
            results = device.push(*envelopes)
            assert [result.op for result in results] == [envelope.op for envelope in envelopes]
            for result, envelope in zip(results, envelopes, strict=True):
                assert result.result in set(Result) - {Result.QUARANTINED}, (result, envelope)
            again = device.push(*envelopes)
            assert {result.result for result in again} <= {Result.DUPLICATE, Result.DEFERRED, Result.UNSUPPORTED}, again
        cache.pull()

    push()
    assert stage.scalar("SELECT count(DISTINCT seq) - max(seq) FROM change") == 0, "the feed is dense"
    answers = "SELECT count(*) FROM op WHERE code = :code"
    for code in (Result.APPLIED, Result.INVALID, Result.FORBIDDEN):
        assert int(stage.scalar(answers, code=code)) > 0, f"nothing of what was made up is {code}"
