"""After any sequence of acts, news, answers, losses and kills the view is the fold of base and pending acts.

The base is kept by the test from the lines it handed over, and folded by a second, plain implementation.
"""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from msc_console import records
from msc_console.domain import clocks
from msc_console.domain.commands import Basis, Command, Effects, Situation
from msc_console.domain.decide import decide
from msc_console.domain.model import Entry, Hop, Ticket
from msc_console.errors import ConflictError
from msc_console.store import feed, outbox
from msc_console.store.opening import Cache
from msc_console.store.outbox import OpState
from msc_console.sync.wire import Line

from .world import ANDI, BAGUS, DEWI, KEY, Desk, ModelCentral, a_ticket, context_of, view_of

TICKETS = ("t1", "t2", "new1", "new2")
DONE = (OpState.DONE, OpState.WITHDRAWN, OpState.RESOLVED, OpState.DISMISSED)

ACTS: dict[str, tuple[dict[str, Any], str | None]] = {
    "ticket.take": ({}, None),
    "ticket.release": ({}, None),
    "ticket.hold": ({"state": "waiting_customer", "reason": "data"}, "state"),
    "ticket.resume": ({}, "state"),
    "ticket.resolve": ({"solution": "beres"}, "state"),
    "ticket.reopen": ({"reason": "lagi"}, "state"),
    "entry.note": ({"body": "catatan"}, None),
    "entry.reply": ({"body": "balasan"}, None),
    "entry.call": ({"direction": "out", "minutes": 3}, None),
    "escalation.raise": ({"tier": "l1", "reason": "log"}, "state"),
    "escalation.ack": ({"proxy": "telepon"}, None),
    "escalation.return": ({"proxy": "telepon", "outcome": "selesai"}, None),
}


class Laptop(RuleBasedStateMachine):
    """One laptop, one central, and everything that can come between them."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.desk = Desk(Cache.open(Path(self.folder.name) / "cache.db", KEY))
        self.central = ModelCentral(
            rows={("contact", "andi"): ANDI, ("ticket", "t1"): a_ticket("t1"), ("ticket", "t2"): a_ticket("t2")}
        )
        self.central.feed += [(1, "contact", "andi", "a"), (2, "ticket", "t1", "b"), (3, "ticket", "t2", "c")]
        self.base: dict[tuple[str, str], dict[str, Any]] = {}
        self.recorded: list[str] = []
        self.stale: set[tuple[str, str]] = set()
        self.pulled_all = False
        self.pull(100)

    def teardown(self) -> None:
        if not hasattr(self, "desk"):
            return
        try:
            self.quiesce()
        finally:
            self.desk.cache.close()
            self.folder.cleanup()

    # -- acts of this person ------------------------------------------------------------------------------------

    def _record(self, kind: str, target: str, **args: Any) -> None:
        outcome = self.desk.do(kind, target, **args)
        if isinstance(outcome, Effects):
            self.recorded.append(self.desk.ops()[-1].id)

    @rule(on=st.sampled_from(TICKETS), kind=st.sampled_from(sorted(ACTS)), stale=st.booleans())
    def act(self, on: str, kind: str, stale: bool) -> None:
        args, field = ACTS[kind]
        before = {}
        if field is not None:
            seen = self.desk.read(view_of, on).get(("ticket", on), {})
            before = {field: "new" if stale else seen.get(field)}
        self._record(kind, on, **args, before=before)

    @rule(on=st.sampled_from(("t1", "t2")), subject=st.sampled_from("xyz"))
    def set_subject(self, on: str, subject: str) -> None:
        seen = self.desk.read(view_of, on).get(("ticket", on), {})
        self._record("ticket.set", on, subject=subject, before={"subject": seen.get("subject")})

    @rule(on=st.sampled_from(("new1", "new2")), take=st.booleans())
    def create(self, on: str, take: bool) -> None:
        self._record("ticket.create", on, subject="Baru", queue="helpdesk", contact="andi", take=take)

    @rule(last=st.booleans(), text=st.sampled_from("ab"))
    def edit_or_withdraw(self, last: bool, text: str) -> None:
        found = [op for op in self.desk.ops() if op.state is OpState.OPEN]
        if not found:
            return
        op = found[-1 if last else 0]
        with self.desk.cache.write() as conn:
            if "body" in op.command.args:
                self.desk.replica.edit(conn, op.id, {"body": text})
            else:
                self.desk.replica.withdraw(conn, op.id, self.desk.at, with_dependents=True)

    @rule(again=st.booleans())
    def answer_a_refusal(self, again: bool) -> None:
        found = [op for op in self.desk.ops() if op.state is OpState.ATTENTION]
        if not found:
            return
        with self.desk.cache.write() as conn:
            if again:
                new = f"again-{len(self.recorded):03}"
                outcome = self.desk.replica.retry(conn, found[0].id, new, self.desk.at, None)
                if isinstance(outcome, Effects):
                    self.recorded.append(new)
                return
            if outbox.dependents(conn, found[0].id):
                with pytest.raises(ConflictError, match="op_has_dependents"):
                    self.desk.replica.dismiss(conn, found[0].id, self.desk.at)
            else:
                self.desk.replica.dismiss(conn, found[0].id, self.desk.at)

    @rule(kind=st.sampled_from(("ticket.take", "entry.note")))
    def killed_while_acting(self, kind: str) -> None:
        args, _ = ACTS[kind]
        try:
            with self.desk.cache.write() as conn:
                self.desk.replica.record(conn, self.desk.command(conn, kind, "t1", **args))
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            pass

    # -- the others and central ---------------------------------------------------------------------------------

    @rule(
        who=st.sampled_from((BAGUS, DEWI)), on=st.sampled_from(TICKETS), kind=st.sampled_from(sorted(ACTS)),
        knows=st.booleans(),
    )  # fmt: skip
    def others(self, who: Any, on: str, kind: str, knows: bool) -> None:
        ticket = self.central.rows.get(("ticket", on))
        if ticket is None:
            return
        self.central.at = max(self.central.at, self.desk.at)
        basis = Basis(ver=ticket.ver, epoch=ticket.owner_epoch if knows else 0)
        args, field = ACTS[kind]
        self.central.act(
            Command(
                id=f"{who.id}-{len(self.central.answers)}",
                kind=kind,
                actor=who.id,
                target=on,
                basis=basis,
                args=args,
                before={field: str(ticket.state)} if field else {},
                made_at=self.desk.at,
            )
        )

    @rule(on=st.sampled_from(("t1", "t2")))
    def scope(self, on: str) -> None:
        if on in self.central.hidden:
            self.central.show(on)
        else:
            self.central.hide(on)

    @rule(limit=st.integers(1, 4), reply_is_lost=st.booleans())
    def push(self, limit: int, reply_is_lost: bool) -> None:
        self.central.at = max(self.central.at, self.desk.at)
        answers = self.central.push(self.desk.batch(limit))
        if not reply_is_lost:
            self.desk.settle(answers)

    @rule(limit=st.sampled_from((1, 2, 3, 100)))
    def pull(self, limit: int) -> None:
        after = int(self.desk.read(feed.position).cursor or 0)
        lines, end, up_to_date = self.central.page(after, limit)
        self.desk.apply(lines, str(end), up_to_date=up_to_date)
        self._take(lines, up_to_date)
        self.pulled_all = up_to_date

    @rule()
    def killed_while_pulling(self) -> None:
        after = int(self.desk.read(feed.position).cursor or 0)
        lines, end, _ = self.central.page(after, 2)
        try:
            with self.desk.cache.write() as conn:
                self.desk.replica.apply_page(conn, lines, str(end), self.desk.at)
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            pass

    @rule()
    def cursor_expired(self) -> None:
        with self.desk.cache.write() as conn:
            feed.reset(conn, "")
        self.stale = set(self.base)

    # -- the second implementation ------------------------------------------------------------------------------

    def _take(self, lines: list[Line], up_to_date: bool) -> None:
        gone: list[str] = []
        for line in lines:
            key = (line.entity, line.id)
            if line.t == "put":
                if line.d["ver"] >= self.base.get(key, {}).get("ver", 0) or key in self.stale:  # type: ignore[index]
                    self.base[key] = line.d  # type: ignore[assignment]
                self.stale.discard(key)
                if line.id in gone:
                    gone.remove(line.id)
            else:
                gone.append(line.id)
        if up_to_date:
            for key in self.stale:
                self.base.pop(key, None)
            self.stale = set()
        for id in gone:
            for key in [k for k, row in self.base.items() if k[1] == id or row.get("ticket") == id]:
                del self.base[key]
                self.stale.discard(key)

    def _fold(self, target: str) -> dict[tuple[str, str], dict[str, Any]]:
        rows = {k: row for k, row in self.base.items() if k[1] == target or row.get("ticket") == target}
        shown = self.desk.read(view_of, target)
        for op in self.desk.ops(target):
            if self._halfway(op, rows):
                rows |= {key: shown[key] for key in (("entry", op.id), ("hop", op.id)) if key in shown}
        values: dict[tuple[str, str], Any] = {
            k: records.from_wire(records.ENTITIES[k[0]], row) for k, row in rows.items()
        }
        ops = [op for op in self.desk.ops(target) if op.state in outbox.PENDING]
        left = ("ticket", target) not in rows and not any(op.kind == "ticket.create" for op in ops)
        claims = {
            entry.id: entry.changes["owner_epoch"][1]
            for entry in values.values()
            if isinstance(entry, Entry) and "owner_epoch" in entry.changes
        }
        for op in ops:
            if left or ("entry", op.id) in rows or self._halfway(op, rows):
                continue
            entries = [row for row in values.values() if isinstance(row, Entry) and clocks.counts(row)]
            entries.sort(key=lambda row: row.at)
            ticket = values.get(("ticket", target))
            situation = Situation(
                ticket=ticket if isinstance(ticket, Ticket) else None,
                hops=tuple(
                    sorted((r for r in values.values() if isinstance(r, Hop)), key=lambda r: (r.raised_at, r.id))
                ),
                entries=tuple(entries),
                contact=ANDI,
            )
            outcome = decide(situation, op.command, replace(context_of(op.command), claims=claims))
            if not isinstance(outcome, Effects):
                continue
            assert outcome.ticket is not None
            assert outcome.entry is not None
            if outcome.claimed:
                claims[op.id] = outcome.ticket.owner_epoch
            values["ticket", target] = outcome.ticket
            values["entry", op.id] = outcome.entry
            values |= {("hop", hop.id): hop for hop in outcome.hops}
        return {k: records.to_wire(value) for k, value in values.items()}

    def _halfway(self, op: outbox.OutboxOp, rows: dict[tuple[str, str], dict[str, Any]]) -> bool:
        """The ticket as of the act has come; the act's own entry comes with a later page, and stays if it was shown."""
        ver = rows.get(("ticket", op.target), {}).get("ver", 0)
        return (op.state is OpState.ACKED and ver >= (op.acked_ver or 0)) or (op.kind == "ticket.create" and ver > 0)

    @invariant()
    def view_is_the_fold(self) -> None:
        for target in TICKETS:
            away = self._away(target)
            wanted = {} if away else self._fold(target)
            found = self.desk.read(view_of, target)
            assert found == wanted, target

    def _away(self, target: str) -> bool:
        with self.desk.cache.read() as conn:
            row = conn.execute("SELECT away FROM base WHERE id = ? AND target = id", (target,)).fetchone()
        away = row is not None and bool(row[0])
        if away:
            assert ("ticket", target) not in self.base
            assert self.desk.ops(target)
        return away

    @invariant()
    def folding_again_changes_nothing(self) -> None:
        for target in TICKETS:
            before = self.desk.read(view_of, target)
            with self.desk.cache.write() as conn:
                self.desk.replica.refold(conn, target)
            assert self.desk.read(view_of, target) == before

    @invariant()
    def every_act_is_in_exactly_one_place(self) -> None:
        with self.desk.cache.read() as conn:
            waiting = [row[0] for row in conn.execute("SELECT id FROM outbox")]
            over = {row[0]: row[1] for row in conn.execute("SELECT id, state FROM journal")}
        assert sorted([*waiting, *over]) == sorted(self.recorded)
        assert set(over.values()) <= set(DONE)

    @invariant()
    def bases_and_index_hold_what_they_must(self) -> None:
        with self.desk.cache.read() as conn:
            loose = conn.execute(
                "SELECT count(*) FROM base WHERE target NOT IN (SELECT target FROM outbox)"
            ).fetchone()[0]
            assert loose == 0
            indexed = [row[0] for row in conn.execute("SELECT rowid FROM search_ticket ORDER BY 1")]
            assert indexed == [row[0] for row in conn.execute("SELECT n FROM ticket ORDER BY 1")]

    def quiesce(self) -> None:
        """After the faults stop the laptop shows what central has, and every act is over or with a person."""
        for _ in range(50):
            while self.desk.push(self.central):
                pass
            self.pull(100)
            if self.pulled_all and not [op for op in self.desk.ops() if op.state is not OpState.ATTENTION]:
                break
        stuck = [op for op in self.desk.ops() if op.state is not OpState.ATTENTION]
        refused = {op.target for op in self.desk.ops() if op.state is OpState.ATTENTION}
        assert {op.target for op in stuck} <= refused, "an act waits only behind a refused one of its ticket"
        for target in TICKETS:
            if target in {op.target for op in stuck}:
                continue
            wanted = {
                key: records.to_wire(row)
                for key, row in self.central.rows.items()
                if target not in self.central.hidden and (key[1] == target or getattr(row, "ticket", None) == target)
            }
            assert self.desk.read(view_of, target) == wanted, target


def _play(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Laptop,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        ),
    )


@pytest.mark.slow
@pytest.mark.protocol("P-092")
def test_any_sequence_of_events() -> None:
    _play(15, 25)


@pytest.mark.deep
@pytest.mark.protocol("P-092")
def test_any_long_sequence_of_events() -> None:
    _play(300, 50)
