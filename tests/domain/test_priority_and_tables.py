"""R2, and the tables that the rules stand on."""

import pytest

from msc_console.domain.decide import MERGING, RULES
from msc_console.domain.people import Person
from msc_console.domain.priority import MATRIX, priority
from msc_console.domain.rights import GRANTS, OP_RIGHT, Right, has, may
from msc_console.domain.scope import groups_of_person
from msc_console.domain.shapes import ARGS
from msc_console.domain.terms import Level, Op, Priority, Role, State, term
from msc_console.domain.workflow import ACTIVE, TRANSITIONS, allows

R2 = """
high    medium high   critical
medium  low    medium high
low     low    low    medium
"""


def test_the_matrix_is_the_contracts() -> None:
    rows = [line.split() for line in R2.strip().splitlines()]
    want = {(Level(u), impact): Priority(p) for u, *cells in rows for impact, p in zip(Level, cells, strict=True)}
    assert want == MATRIX
    assert priority(Level.HIGH, Level.LOW) == Priority.MEDIUM


@pytest.mark.protocol("P-051")
def test_every_built_op_has_rights_and_a_shape_and_no_other() -> None:
    assert set(RULES) == set(OP_RIGHT) == set(ARGS)
    assert set(RULES) >= MERGING


def test_every_role_has_a_row() -> None:
    assert set(GRANTS) == set(Role)


@pytest.mark.parametrize("role", [Role.QA, Role.WFM, Role.CUSTOMER])
def test_readers_write_nothing(role: Role) -> None:
    assert [op for op in RULES if may(role, op)] == []


def test_a_resolver_never_replies() -> None:
    assert Right.REPLY not in GRANTS[Role.RESOLVER].rights


def test_a_role_of_a_newer_peer_may_nothing() -> None:
    role = term(Role, "astronaut")
    assert role == "astronaut"
    assert not any(may(role, op) for op in RULES)
    assert not any(has(role, right) for right in Right)
    assert groups_of_person(Person(id="a", login="a", name="A", role=role, queues=("umum",))) == frozenset()


def test_each_view_has_a_name_of_its_own() -> None:
    views = {grant.sight.name: grant.sight for grant in GRANTS.values()}
    assert all(grant.sight is views[grant.sight.name] for grant in GRANTS.values())


def test_no_act_leaves_an_end_but_reopen_and_close() -> None:
    ends = set(State) - ACTIVE
    leaving = {row.act for row in TRANSITIONS if row.sources & ends}
    assert leaving == {Op.TICKET_CLOSE, Op.TICKET_REOPEN}
    assert not allows(Op.TICKET_RESOLVE, State.MERGED, State.RESOLVED)
