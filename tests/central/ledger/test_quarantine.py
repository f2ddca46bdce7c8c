"""Acts that were put aside: who sees them, that each is done once at most, and what its author is told."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from msc_console import clock
from msc_console.central import erasure, ledger, people, quarantine
from msc_console.central.problems import ProblemError
from msc_console.clock import iso
from msc_console.domain import decide
from msc_console.domain.commands import Command, Context, Effects, Outcome, Situation
from msc_console.domain.model import Person
from msc_console.domain.terms import Op, Role
from msc_console.errors import NotFound
from msc_console.sync.wire import Envelope, PushReply
from msc_console.sync.wire_quarantine import Held, Settled
from tests.central.ledger.desks import At
from tests.central.ledger.stage import NOW, Laptop, Stage, new_id

HOUR = timedelta(hours=1)
THEN = {"made_at": iso(NOW - 2 * HOUR), "seen_at": iso(NOW - 2 * HOUR)}


def put_aside(stage: Stage, kind: str = "entry.note", queue: str = "umum", **args: Any) -> tuple[Laptop, Envelope]:
    """An act of Rina's, who did it while she might and has become quality assurance since."""
    laptop, ticket = stage.laptop(stage.rina), stage.laptop(stage.lead).create(queue)
    late = laptop.seal(kind, ticket, args or {"body": "ditulis di luar jaringan"}, **THEN)
    laptop.person = stage.change(stage.rina, NOW - HOUR, role=Role.QA)
    (result,) = laptop.push(late)
    assert (result.result, result.reason) == ("quarantined", "rights_gone")
    return laptop, late


def broken(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> tuple[Laptop, Envelope]:
    """An act on which a rule fails, until `monkeypatch.undo()`."""

    def careless(*_: object) -> None:
        raise RuntimeError("a rule with a bug")

    monkeypatch.setitem(decide.RULES, Op.ENTRY_TIME, careless)
    laptop, ticket = stage.laptop(stage.rina), stage.laptop(stage.budi).create()
    bad = laptop.seal("entry.time", ticket, {"minutes": 5, "body": "cek"})
    assert laptop.push(bad)[0].reason == "op_quarantined"
    return laptop, bad


def listed(stage: Stage, by: Person) -> list[Held]:
    with stage.central.read() as conn:
        return quarantine.page(conn, by, "", quarantine.PAGE, NOW).acts


def again(stage: Stage, op: str, by: Person, *, dry_run: bool = False) -> Settled:
    act = lambda conn: quarantine.again(stage.central, conn, op, by, NOW)  # noqa: E731
    return people.change(stage.central, act, dry_run=dry_run)


def dismiss(stage: Stage, op: str, by: Person, why: str = "sudah dicatat", *, dry_run: bool = False) -> Settled:
    act = lambda conn: quarantine.dismiss(stage.central, conn, op, why, by, NOW)  # noqa: E731
    return people.change(stage.central, act, dry_run=dry_run)


def audited(stage: Stage, act: str) -> list[dict[str, Any]]:
    with stage.central.read() as conn:
        rows = conn.execute(text("SELECT data FROM audit WHERE act = :act ORDER BY seq"), {"act": act}).scalars()
        return [json.loads(row) for row in rows]


@pytest.mark.protocol("P-195")
def test_an_act_is_shown_with_who_when_where_and_what(stage: Stage) -> None:
    laptop, late = put_aside(stage)
    (held,) = listed(stage, stage.lead)
    assert (held.op, held.kind, held.target) == (late.op, "entry.note", late.target)
    assert (held.author, held.laptop, held.queue, held.number) == ("rina", laptop.id[-8:], "umum", "MSC-000001")
    assert (held.made_at, held.received_at, held.reason) == (THEN["made_at"], iso(NOW), "rights_gone")
    assert (held.words, held.args) == ("shown", {"body": "ditulis di luar jaringan"})


@pytest.mark.protocol("P-195")
def test_who_looks_after_everybody_sees_that_there_is_one_and_not_what_it_says(stage: Stage) -> None:
    _, late = put_aside(stage, queue="umum")
    manager = stage.change(stage.budi, role=Role.MANAGER, queues=())
    (held,) = listed(stage, manager)
    assert (held.op, held.words, held.args, held.queue) == (late.op, "hidden", {}, "umum")


@pytest.mark.protocol("P-195")
def test_a_supervisor_of_other_queues_sees_nothing_of_it(stage: Stage) -> None:
    _, late = put_aside(stage)
    other = replace(stage.lead, queues=("khusus",))
    assert listed(stage, other) == []
    for act in (again, dismiss):
        with pytest.raises(NotFound):
            act(stage, late.op, other)
    assert stage.row_code(late.op) == "quarantined"


@pytest.mark.protocol("P-195")
def test_a_ticket_that_never_came_to_be_is_its_queues(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    late = laptop.seal("ticket.create", new_id(), {"subject": "Di luar", "queue": "umum"}, **THEN)
    contact = laptop.seal("contact.create", new_id(), {"name": "Ana"}, **THEN)
    laptop.person = stage.change(stage.rina, NOW - HOUR, active=False)
    assert {result.reason for result in laptop.push(late, contact)} == {"rights_gone"}
    found = {held.op: held for held in listed(stage, stage.lead)}
    assert (found[late.op].words, found[late.op].queue) == ("shown", "umum")
    assert found[contact.op].args == {"name": "Ana"}
    assert listed(stage, replace(stage.lead, queues=("khusus",))) == []


@pytest.mark.protocol("P-195")
def test_pages_hold_each_act_once_the_longest_waiting_first(stage: Stage) -> None:
    laptop, ticket = stage.laptop(stage.rina), stage.laptop(stage.lead).create()
    late = [laptop.seal("entry.note", ticket, {"body": str(n)}, **THEN) for n in range(7)]
    laptop.person = stage.change(stage.rina, NOW - HOUR, role=Role.QA)
    for n, op in enumerate(late):
        laptop.push(op, now=NOW + timedelta(seconds=n // 2))
    found, after = list[str](), ""
    with stage.central.read() as conn:
        while True:
            page = quarantine.page(conn, stage.lead, after, 3, NOW)
            found += [held.args["body"] for held in page.acts]
            if not (after := page.more):
                break
        first = quarantine.page(conn, stage.lead, "", 3, NOW)
        assert quarantine.page(conn, stage.lead, new_id(), 3, NOW) == first
    assert sorted(found) == [str(n) for n in range(7)]
    assert found[0] in "01"
    assert found[-1] == "6"


@pytest.mark.protocol("P-196", "P-079")
def test_done_again_it_is_done_once_in_its_authors_name(stage: Stage) -> None:
    laptop, late = put_aside(stage)
    assert again(stage, late.op, stage.lead, dry_run=True).result == "applied"
    assert stage.row_code(late.op) == "quarantined"
    done = again(stage, late.op, stage.lead)
    assert (done.op, done.result) == (late.op, "applied")
    entry = stage.row("entry", late.op)
    assert (entry["author"], entry["body"]) == (stage.rina.id, "ditulis di luar jaringan")
    (told,) = ledger.statuses(stage.central, laptop.person, [late.op])
    assert (told.result, told.data["released"]["by"], told.seq > 0) == ("applied", stage.lead.id, True)
    (sent,) = laptop.push(late)
    assert (sent.result, sent.data["result"]) == ("duplicate", "applied")
    with pytest.raises(ProblemError, match="quarantine_settled"):
        again(stage, late.op, stage.lead)
    with pytest.raises(ProblemError, match="quarantine_settled"):
        dismiss(stage, late.op, stage.lead)
    assert stage.scalar("SELECT count(*) FROM entry WHERE id = :id", id=late.op) == 1
    assert audited(stage, "quarantine.again") == [{"op": late.op, "result": "applied"}]
    assert listed(stage, stage.lead) == []


@pytest.mark.protocol("P-196")
def test_nobody_answers_for_what_they_may_not_do_themselves(stage: Stage) -> None:
    _, late = put_aside(stage)
    technician = stage.change(stage.budi, role=Role.DUKTEK, queues=())
    with pytest.raises(ProblemError, match="forbidden"):
        again(stage, late.op, technician)  # may note, but sees no such ticket
    _, reply = put_aside(stage, "ticket.set", urgency="low")
    with pytest.raises(ProblemError, match="forbidden"):
        again(stage, reply.op, stage.change(technician, queues=("umum",)))  # sees it, and may not
    assert stage.row_code(late.op) == stage.row_code(reply.op) == "quarantined"


@pytest.mark.protocol("P-196")
def test_a_fault_of_centrals_is_tried_by_whoever_looks_after_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    _, bad = broken(stage, monkeypatch)
    technician = stage.change(stage.sari, role=Role.DUKTEK, queues=())
    (held,) = listed(stage, technician)
    assert (held.reason, len(held.reference)) == ("op_quarantined", 8)
    still = again(stage, bad.op, technician)
    assert (still.result, still.reason) == ("quarantined", "op_quarantined")
    monkeypatch.undo()
    assert again(stage, bad.op, technician).result == "applied"
    assert [told["result"] for told in audited(stage, "quarantine.again")] == ["quarantined", "applied"]


@pytest.mark.protocol("P-196")
def test_what_the_database_refuses_again_stays(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    note = decide.RULES[Op.ENTRY_NOTE]

    def careless(command: Command, situation: Situation, context: Context) -> Outcome:
        effects = note(command, situation, context)
        assert isinstance(effects, Effects)
        assert effects.ticket is not None
        return replace(effects, ticket=replace(effects.ticket, service={"no": "text"}))  # type: ignore[arg-type]

    monkeypatch.setitem(decide.RULES, Op.ENTRY_TIME, careless)
    laptop, ticket = stage.laptop(stage.rina), stage.laptop(stage.budi).create()
    bad = laptop.seal("entry.time", ticket, {"body": "racun", "minutes": 1})
    assert laptop.push(bad)[0].result == "quarantined"
    assert again(stage, bad.op, stage.lead).result == "quarantined"
    assert stage.row_code(bad.op) == "quarantined"
    assert len(audited(stage, "quarantine.again")) == 1
    assert stage.scalar("SELECT count(*) FROM change") == stage.scalar("SELECT seq FROM feed_head")


@pytest.mark.protocol("P-196")
def test_the_fence_and_the_three_way_test_hold_for_it_too(stage: Stage) -> None:
    laptop, late = put_aside(stage, "ticket.resolve", solution="Beres")
    stage.laptop(stage.lead).do("ticket.take", late.target)
    done = again(stage, late.op, stage.lead)
    assert done.result == "fenced"
    assert stage.row("ticket", late.target)["state"] == "open"
    (told,) = ledger.statuses(stage.central, laptop.person, [late.op])
    assert (told.result, told.data["conflict"]) == ("fenced", late.op)


@pytest.mark.protocol("P-197")
def test_what_its_author_has_done_anew_is_not_done_twice(stage: Stage) -> None:
    laptop, late = put_aside(stage)
    laptop.person = stage.change(laptop.person, NOW, role=Role.AGENT)
    assert laptop.do("entry.note", late.target, {"body": "sekali lagi"}, cause=late.op).result == "applied"
    with pytest.raises(ProblemError, match="quarantine_done_anew"):
        again(stage, late.op, stage.lead)
    assert dismiss(stage, late.op, stage.lead).reason == "dismissed"


@pytest.mark.protocol("P-197")
def test_who_tries_again_what_was_done_out_of_quarantine_hears_so(stage: Stage) -> None:
    laptop, late = put_aside(stage)
    again(stage, late.op, stage.lead)
    laptop.person = stage.change(laptop.person, NOW, role=Role.AGENT)
    second = laptop.do("entry.note", late.target, {"body": "sekali lagi"}, cause=late.op)
    assert (second.result, second.reason, second.data["op"]) == ("invalid", "done_from_quarantine", late.op)
    other = laptop.do("entry.time", late.target, {"minutes": 3}, cause=late.op)
    assert other.result == "applied"


@pytest.mark.protocol("P-196", "P-079")
def test_dismissed_its_author_is_told_why_and_the_words_stay(stage: Stage) -> None:
    laptop, late = put_aside(stage)
    with pytest.raises(ProblemError, match="invalid_request"):
        dismiss(stage, late.op, stage.lead, "   ")
    assert dismiss(stage, late.op, stage.lead, dry_run=True).result == "invalid"
    dismiss(stage, late.op, stage.lead, "sudah\x1b[2J dicatat")
    (told,) = ledger.statuses(stage.central, laptop.person, [late.op])
    assert (told.result, told.reason, told.data["by"]) == ("invalid", "dismissed", stage.lead.id)
    assert told.data["why"].isprintable()
    assert stage.scalar("SELECT count(*) FROM op_body WHERE op_id = :id", id=late.op) == 1
    assert audited(stage, "quarantine.dismiss") == [{"op": late.op}]
    with pytest.raises(ProblemError, match="quarantine_settled"):
        again(stage, late.op, stage.lead)


@pytest.mark.protocol("P-196")
def test_what_is_erased_can_only_be_dismissed(stage: Stage) -> None:
    laptop, late = put_aside(stage)
    erasure.erase(stage.central, [late.op], stage.lead.id, NOW)
    (held,) = listed(stage, stage.lead)
    assert (held.words, held.args) == ("erased", {})
    with pytest.raises(ProblemError, match="quarantine_erased"):
        again(stage, late.op, stage.lead)
    dismiss(stage, late.op, stage.lead, "terlalu lama")
    erasure.erase(stage.central, [late.op], stage.lead.id, NOW)
    (told,) = ledger.statuses(stage.central, laptop.person, [late.op])
    assert "why" not in told.data


@pytest.mark.protocol("P-195")
def test_an_op_that_was_never_put_aside_is_none_of_them(stage: Stage) -> None:
    done = stage.laptop(stage.rina).create()
    op = stage.scalar("SELECT op_id FROM op WHERE target = :ticket", ticket=done)
    for wrong in (op, new_id(), "x\0"):
        with pytest.raises(NotFound):
            again(stage, wrong, stage.lead)


@pytest.mark.protocol("P-079")
def test_its_authors_laptop_hears_what_came_of_it(stage: Stage) -> None:
    desk = At(stage, stage.rina)
    try:
        ticket = stage.laptop(stage.lead).create()
        desk.sync()
        op = desk.desk.note(ticket, "ditulis di luar jaringan").op
        desk.laptop.person = stage.change(stage.rina, clock.now() + timedelta(seconds=1), active=False)
        assert desk.push()
        assert list(desk.disk.quarantined()) == [op]
        desk.laptop.person = stage.change(desk.laptop.person, clock.now() + timedelta(seconds=2), active=True)
        act = lambda conn: quarantine.again(stage.central, conn, op, stage.lead, clock.now())  # noqa: E731
        assert people.change(stage.central, act, dry_run=False).result == "applied"
        desk.disk.settle(PushReply(iso(NOW), ledger.statuses(stage.central, desk.laptop.person, [op])))
        desk.sync()
        assert desk.disk.counts() == (0, 0)
        assert desk.rows()["entry", op]["body"] == "ditulis di luar jaringan"
    finally:
        desk.close()
