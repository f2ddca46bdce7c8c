"""Two desks and a real central: conflicts are settled through the desk, and nothing that was done goes unaccounted."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msc_console import clock
from msc_console.domain.terms import ConflictState
from msc_console.errors import ConflictError, MscError
from msc_console.store.outbox import OpState
from tests.central.ledger.desks import PARTS, At
from tests.central.ledger.stage import Stage


@pytest.fixture
def pair(stage: Stage) -> Iterator[tuple[At, At]]:
    found = (At(stage, stage.rina), At(stage, stage.budi))
    for one in found:
        one.pull()
    yield found
    for one in found:
        one.close()


def new_ticket(by: At, *others: At, take: bool = False) -> str:
    ticket = by.desk.new_ticket("Stempel gagal", None, "umum", contact_name="Ana", take=take).target
    by.sync()
    for other in others:
        other.sync()
    return ticket


def fenced(rina: At, budi: At) -> tuple[str, str]:
    """Rina solves, offline, what a supervisor has given to Budi: (ticket, refused act)."""
    ticket = new_ticket(rina, budi, take=True)
    done = rina.desk.resolve(ticket, "Sudah beres")
    lead = rina.stage.laptop(rina.stage.lead)
    given = lead.do(
        "ticket.assign", ticket, {"owner": budi.laptop.person.id}, before={"owner": rina.laptop.person.id},
        made_at=clock.iso(clock.now()), now=clock.now(),
    )  # fmt: skip
    assert given.result == "applied"
    budi.sync()
    rina.sync()
    return ticket, done.op


@pytest.mark.protocol("P-181", "P-184", "P-189")
def test_the_new_holder_sees_and_adopts_a_fenced_act(pair: tuple[At, At]) -> None:
    rina, budi = pair
    ticket, op = fenced(rina, budi)
    assert rina.desk.act(op).state is OpState.ATTENTION
    budi.pull()
    for one in pair:
        ((kept, label, title),) = one.desk.conflicts()
        assert (kept.id, kept.theirs_by, title) == (op, "Lena", "Stempel gagal")
        assert label.startswith("MSC-")
    assert budi.desk.settle(op, "mine", dry_run=True).dry_run
    assert len(budi.desk.conflicts()) == 1
    done = budi.desk.settle(op, "mine")
    assert (done.changes["state"], done.label) == (["open", "resolved"], label)
    budi.sync()
    rina.pull()
    assert rina.desk.act(op).state is OpState.RESOLVED
    assert rina.desk.counts() == (0, 0)
    assert rina.desk.ticket(ticket).ticket.state == "resolved"
    assert rina.rows() == budi.rows()


@pytest.mark.protocol("P-182")
def test_the_author_of_a_fenced_act_cannot_keep_it_and_is_told_at_once(pair: tuple[At, At]) -> None:
    rina, budi = pair
    _, op = fenced(rina, budi)
    with pytest.raises(ConflictError) as caught:
        rina.desk.settle(op, "mine")
    assert caught.value.key == "held"
    assert rina.desk.act(op).state is OpState.ATTENTION
    rina.desk.settle(op, "note")
    rina.sync()
    budi.pull()
    assert budi.desk.conflicts() == []
    assert "Sudah beres" in budi.desk.ticket(rina.desk.act(op).target).entries[-1].body


@pytest.mark.protocol("P-187", "P-188")
def test_an_act_whose_answer_was_lost_is_taken_back_or_said_to_be_done(pair: tuple[At, At]) -> None:
    rina, _ = pair
    ticket = new_ticket(rina)
    lost = rina.desk.note(ticket, "salah tiket").op
    assert rina.seal()
    rina.desk.withdraw(lost)
    rina.desk.withdraw(lost)
    assert rina.desk.withdrawing() == {lost}
    assert len(rina.desk.outbox()) == 2
    rina.sync()
    assert (rina.desk.act(lost).state, rina.desk.outbox()) == (OpState.WITHDRAWN, [])
    done = rina.desk.note(ticket, "sudah di pusat").op
    rina.push(heard=lambda: False)
    rina.desk.withdraw(done)
    rina.sync()
    ((late, _, _),) = rina.desk.outbox()
    assert late.result is not None
    assert (late.kind, late.result["reason"]) == ("op.withdraw", "op_applied")
    assert rina.desk.act(done).state is OpState.DONE


@pytest.mark.protocol("P-189")
@pytest.mark.parametrize(("choice", "state"), [("theirs", OpState.DISMISSED), ("note", OpState.RESOLVED)])
def test_a_refusal_without_a_conflict_is_settled_in_the_same_words(
    pair: tuple[At, At], choice: Any, state: OpState
) -> None:
    rina, _ = pair
    ticket = new_ticket(rina)
    hop = "0" * 8 + "-0000-0000-0000-000000000000"
    rina.desk.take(ticket)
    with rina.cache.write() as conn:
        conn.execute("UPDATE outbox SET args = ?", (f'{{"hop": "{hop}"}}',))
        conn.execute("UPDATE outbox SET kind = 'escalation.ack'")
    rina.sync()
    ((refused, _, _),) = rina.desk.outbox()
    assert refused.state is OpState.ATTENTION
    rina.desk.settle(refused.id, choice)
    rina.sync()
    assert (rina.desk.act(refused.id).state, rina.desk.outbox()) == (state, [])


@pytest.mark.protocol("P-189")
@pytest.mark.parametrize("choice", ["theirs", "withdraw"])
def test_a_settling_that_was_refused_itself_can_be_let_go(pair: tuple[At, At], choice: Any) -> None:
    rina, budi = pair
    ticket = new_ticket(rina, budi)
    act = budi.desk.resolve(ticket, "beres").op
    rina.desk.take(ticket)
    rina.desk.release(ticket)
    rina.sync()
    budi.sync()
    budi.desk.dismiss(act)
    rina.desk.take(ticket)
    rina.sync()
    settling = budi.desk.settle(act, "mine").op
    budi.sync()
    refused = budi.desk.act(settling)
    assert refused.result is not None
    assert (refused.state, refused.result["reason"], refused.result["data"]["conflict"]) == (
        OpState.ATTENTION, "held", act,
    )  # fmt: skip
    budi.desk.settle(settling, choice)
    assert budi.desk.act(settling).state is OpState.DISMISSED


ACTS = st.sampled_from(
    ["take", "release", "subject a", "subject b", "urgency", "hold", "resume", "resolve", "reopen", "note", "give",
     "push", "lost", "pull", "sync", "mine", "theirs", "note it", "withdraw it", "retry", "take back", "dismiss"]
)  # fmt: skip


class History:
    """What two people do on two tickets, in whatever order; `made` are the acts that were kept."""

    def __init__(self, pair: tuple[At, At]) -> None:
        self.pair = pair
        self.tickets = [new_ticket(pair[0], pair[1]) for _ in range(2)]
        self.made: dict[At, set[str]] = {one: set() for one in pair}

    def step(self, one: At, what: str, ticket: str) -> None:
        try:
            done = self._do(one, what, ticket)
        except MscError:
            return
        if done is not None:
            self.made[one].add(done.op)

    def _do(self, one: At, what: str, ticket: str) -> Any:
        desk = one.desk
        acts: dict[str, Any] = {
            "take": lambda: desk.take(ticket),
            "release": lambda: desk.release(ticket),
            "subject a": lambda: desk.set(ticket, subject=f"a{len(self.made[one])}"),
            "subject b": lambda: desk.set(ticket, subject=f"b{len(self.made[one])}"),
            "urgency": lambda: desk.set(ticket, urgency="high"),
            "hold": lambda: desk.hold(ticket, "waiting_customer", "berkas"),
            "resume": lambda: desk.resume(ticket),
            "resolve": lambda: desk.resolve(ticket, "beres"),
            "reopen": lambda: desk.reopen(ticket, "lagi"),
            "note": lambda: desk.note(ticket, "catatan"),
            "mine": lambda: self._settle(one, "mine"),
            "theirs": lambda: self._settle(one, "theirs"),
            "note it": lambda: self._settle(one, "note"),
            "withdraw it": lambda: self._settle(one, "withdraw"),
        }
        if what in acts:
            return acts[what]()
        if what == "give":
            self._give(one, ticket)
        elif what == "push":
            one.push()
        elif what == "lost":
            one.push(heard=lambda: False)
        elif what == "pull":
            one.pull(1)
        elif what == "sync":
            one.sync()
        else:
            return self._look_after(one, what)
        return None

    def _settle(self, one: At, choice: Any) -> Any:
        waiting = [act.id for act, _, _ in one.desk.outbox() if act.state is OpState.ATTENTION]
        found = waiting + [kept.id for kept, _, _ in one.desk.conflicts()]
        return one.desk.settle(found[0], choice) if found else None

    def _look_after(self, one: At, what: str) -> Any:
        acts = [act for act, _, _ in one.desk.outbox()]
        refused = [act.id for act in acts if act.state is OpState.ATTENTION]
        waiting = [act.id for act in acts if act.state in (OpState.OPEN, OpState.SEALED)]
        if what == "take back" and waiting:
            one.desk.withdraw(waiting[-1])
        elif what == "retry" and refused:
            return one.desk.retry(refused[0])
        elif what == "dismiss" and refused:
            one.desk.dismiss(refused[0])
        return None

    def _give(self, one: At, ticket: str) -> None:
        stage, to = one.stage, one.laptop.person.id
        owner = stage.row("ticket", ticket)["owner"]
        now = clock.now()
        lead = stage.laptop(stage.lead)
        lead.do("ticket.assign", ticket, {"owner": to}, before={"owner": owner}, made_at=clock.iso(now), now=now)

    def quiet(self) -> None:
        """Everything leaves and arrives; what needs a person is let go, and what is open set aside by its author."""
        for _ in range(2):
            for one in self.pair:
                one.sync()
        for one in self.pair:
            for _ in range(20):
                refused = [act for act, _, _ in one.desk.outbox() if act.state is OpState.ATTENTION]
                mine = [kept for kept, _, _ in one.desk.conflicts() if kept.author == one.laptop.person.id]
                for id in dict.fromkeys([*(act.id for act in reversed(refused)), *(kept.id for kept in mine)]):
                    self._let_go(one, id)
                one.sync()
                if not refused and not mine:
                    break
        for one in self.pair:
            one.sync()

    def _let_go(self, one: At, id: str) -> None:
        """Settle or dismiss a refused act; open acts that stand on it are taken back first."""
        for let_go in (lambda: one.desk.settle(id, "theirs"), lambda: one.desk.dismiss(id)):
            try:
                let_go()
                return
            except ConflictError as error:
                for other in reversed(error.data.get("ops", ())):
                    if one.desk.act(other).state is OpState.OPEN:
                        one.desk.withdraw(other)

    def check(self) -> None:
        left, right = (one.rows() for one in self.pair)
        assert left == right
        for one in self.pair:
            assert one.desk.outbox() == []
            assert one.desk.conflicts() == []
            for op in self.made[one]:
                self._accounted(one, op)
        for (entity, id), document in left.items():
            assert entity in PARTS
            assert one.stage.row(entity, id)["ver"] == document["ver"], (entity, id)

    def _accounted(self, one: At, op: str) -> None:
        """What the laptop says of an act is what central says of it."""
        act = one.desk.act(op)
        code = one.stage.scalar("SELECT code FROM op WHERE op_id = :id", id=op)
        done = code in ("applied", "merged")
        assert (act.state is OpState.DONE) == done, (act.kind, act.state, code, act.result)
        if act.state is OpState.RESOLVED and code in ("conflict", "fenced"):
            kept = one.stage.scalar("SELECT state FROM conflict WHERE id = :id", id=op)
            assert act.kind == "conflict.resolve" or kept != ConflictState.OPEN, (op, kept)


def _any_history(pair: tuple[At, At], steps: list[tuple[int, str, int]]) -> None:
    history = History(pair)
    for who, what, on in steps:
        history.step(pair[who], what, history.tickets[on])
    history.quiet()
    history.check()


STEPS = st.lists(st.tuples(st.integers(0, 1), ACTS, st.sampled_from([0, 0, 0, 1])), min_size=8, max_size=40)
QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@pytest.mark.protocol("P-180", "P-182", "P-185", "P-188", "P-189")
@given(steps=STEPS)
@settings(max_examples=12, deadline=None, suppress_health_check=QUIET)
def test_any_history_ends_with_every_act_accounted_for(pair: tuple[At, At], steps: list[tuple[int, str, int]]) -> None:
    _any_history(pair, steps)


@pytest.mark.deep
@pytest.mark.protocol("P-180", "P-182", "P-185", "P-188", "P-189")
@given(steps=STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
def test_any_long_history(pair: tuple[At, At], steps: list[tuple[int, str, int]]) -> None:
    _any_history(pair, steps)
