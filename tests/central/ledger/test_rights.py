"""Acts that arrive after their author's rights have changed: judged by what the author was then and is now."""

import json
import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from msc_console import clock
from msc_console.central import ledger
from msc_console.central.problems import ProblemError
from msc_console.central.system import SYSTEM
from msc_console.clock import iso
from msc_console.domain.commands import Command
from msc_console.domain.model import Person
from msc_console.domain.terms import Role, Tier
from msc_console.errors import MscError
from tests.central.ledger.desks import PARTS, At
from tests.central.ledger.stage import NOW, Stage, new_id

HOUR = timedelta(hours=1)


def made(hours: float) -> dict[str, str]:
    """An act of so many hours ago, by a laptop that had just heard of central."""
    at = iso(NOW - hours * HOUR)
    return {"made_at": at, "seen_at": at}


@pytest.mark.protocol("P-078")
@pytest.mark.parametrize("change", [{"role": Role.QA}, {"queues": ("khusus",)}])
def test_what_was_allowed_then_and_is_not_now_goes_to_quarantine(stage: Stage, change: dict[str, object]) -> None:
    laptop = stage.laptop(stage.rina)
    ticket = stage.laptop(stage.budi).create()
    late = laptop.seal("entry.note", ticket, {"body": "ditulis di luar jaringan"}, **made(2))
    laptop.person = stage.change(stage.rina, NOW - HOUR, **change)
    (result,) = laptop.push(late)
    assert (result.result, result.reason) == ("quarantined", "rights_gone")
    kept = stage.scalar("SELECT args FROM op_body WHERE op_id = :id", id=late.op)
    assert json.loads(kept) == {"body": "ditulis di luar jaringan"}
    assert stage.scalar("SELECT count(*) FROM entry WHERE id = :id", id=late.op) == 0
    (again,) = laptop.push(late)
    assert (again.result, again.data["result"], again.reason) == ("duplicate", "quarantined", "rights_gone")


@pytest.mark.protocol("P-078")
@pytest.mark.parametrize("kind", ["ticket.create", "contact.create", "entry.note"])
def test_what_somebody_did_who_has_left_since_goes_to_quarantine(stage: Stage, kind: str) -> None:
    laptop, ticket = stage.laptop(stage.rina), stage.laptop(stage.budi).create()
    args = {
        "ticket.create": {"subject": "Ditulis di luar jaringan", "queue": "umum"},
        "contact.create": {"name": "Ana"},
        "entry.note": {"body": "ditulis di luar jaringan"},
    }[kind]
    late = laptop.seal(kind, ticket if kind == "entry.note" else new_id(), args, **made(2))
    laptop.person = stage.change(stage.rina, NOW - HOUR, active=False)
    after = laptop.seal(kind, ticket if kind == "entry.note" else new_id(), args, **made(0))
    first, second = laptop.push(late, after)
    assert (first.result, first.reason) == ("quarantined", "rights_gone")
    assert second.result == "forbidden"


@pytest.mark.protocol("P-078")
def test_a_push_that_was_let_in_before_its_person_left_is_judged_as_of_now(stage: Stage) -> None:
    """The request knows the person as they were; the account goes off before its transaction begins."""
    laptop = stage.laptop(stage.rina)
    op = laptop.seal("ticket.create", new_id(), {"subject": "Terlambat", "queue": "umum"}, **made(0))
    stage.change(stage.rina, NOW - HOUR, active=False)
    assert laptop.push(op)[0].result == "forbidden"
    assert (
        stage.scalar("SELECT active FROM standing WHERE person = :id ORDER BY since DESC LIMIT 1", id=stage.rina.id)
        == 0
    )


@pytest.mark.protocol("P-029")
def test_a_push_that_was_let_in_before_its_laptop_was_revoked_is_refused(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    op = laptop.seal("ticket.create", new_id(), {"subject": "Terlambat", "queue": "umum"})
    with stage.central.write() as conn:
        conn.execute(text("UPDATE device SET state = 'revoked' WHERE id = :id"), {"id": laptop.id})
    with pytest.raises(ProblemError) as refused:
        laptop.push(op)
    assert refused.value.code == "session_ended"
    assert stage.scalar("SELECT count(*) FROM ticket") == 0


@pytest.mark.protocol("P-071")
def test_what_central_takes_from_its_holder_is_fenced_for_them(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    ticket = laptop.create(take=True)
    offline = [
        laptop.seal("ticket.resolve", ticket, {"solution": "Beres"}, basis={"epoch": 1}, before={"state": "open"}),
        laptop.seal("entry.note", ticket, {"body": "masih dicek"}, basis={"epoch": 1}),
    ]
    back = Command(id=new_id(), kind="ticket.release", actor=SYSTEM.id, target=ticket, made_at=NOW)
    (result,) = ledger.system(stage.central, [back], NOW)
    row = stage.row("ticket", ticket)
    assert (result.result, row["owner"], row["owner_epoch"], row["state"]) == ("applied", None, 2, "open")
    assert [(item.result, item.reason) for item in laptop.push(*offline)] == [
        ("fenced", "changed_hands"), ("applied", None)
    ]  # fmt: skip
    assert stage.scalar("SELECT late FROM entry WHERE id = :id", id=offline[1].op) == 1


@pytest.mark.protocol("P-078")
def test_what_was_not_allowed_then_is_not_made_good_by_a_later_role(stage: Stage) -> None:
    ticket = stage.laptop(stage.rina).create()
    reader = stage.change(stage.budi, NOW - 3 * HOUR, role=Role.QA)
    laptop = stage.laptop(reader)
    early = laptop.seal("entry.note", ticket, {"body": "x"}, **made(2))
    laptop.person = stage.change(reader, NOW - HOUR, role=Role.AGENT)
    (result,) = laptop.push(early)
    assert (result.result, result.reason, result.data["role"]) == ("forbidden", "no_right", "qa")
    assert laptop.do("entry.note", ticket, {"body": "sekarang"}).result == "applied"


@pytest.mark.protocol("P-078")
def test_an_account_that_was_off_then_has_done_nothing(stage: Stage) -> None:
    ticket = stage.laptop(stage.rina).create()
    off = stage.change(stage.budi, NOW - 3 * HOUR, active=False)
    laptop = stage.laptop(stage.change(off, NOW - HOUR, active=True))
    assert laptop.do("entry.note", ticket, {"body": "x"}, **made(2)).reason == "no_right"


@pytest.mark.protocol("P-078")
def test_a_ticket_that_came_into_scope_meanwhile_may_be_worked_on(stage: Stage) -> None:
    """The queue of then is not asked: the act may be on a ticket that was moved behind its author."""
    ticket = stage.laptop(stage.lead).create("khusus")
    laptop = stage.laptop(stage.rina)
    act = laptop.seal("entry.note", ticket, {"body": "x"}, **made(2))
    laptop.person = stage.change(stage.rina, NOW - HOUR, queues=("khusus",))
    assert laptop.push(act)[0].result == "applied"


@pytest.mark.protocol("P-078")
def test_a_claimed_past_before_what_central_had_said_does_not_count(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    ticket = stage.laptop(stage.budi).create()
    laptop.person = stage.change(stage.rina, NOW - HOUR, role=Role.QA)
    told = {"made_at": iso(NOW - 2 * HOUR), "seen_at": iso(NOW - HOUR / 2)}
    assert laptop.do("entry.note", ticket, {"body": "x"}, **told).reason == "no_right"


@pytest.mark.protocol("P-108")
def test_who_may_not_see_customers_cannot_name_one(stage: Stage) -> None:
    """The name of a contact must not come out by a ticket that is opened for it."""
    contact = new_id()
    stage.laptop(stage.rina).do("contact.create", contact, {"name": "Ana Rahasia"})
    technician = stage.laptop(stage.change(stage.budi, role=Role.DUKTEK))
    ticket = {"subject": "Laptop rusak", "queue": "umum", "contact": contact}
    known = technician.do("ticket.create", new_id(), ticket)
    unknown = technician.do("ticket.create", new_id(), ticket | {"contact": new_id()})
    assert (known.result, known.reason) == (unknown.result, unknown.reason) == ("invalid", "contact_unknown")


STANDINGS = st.fixed_dictionaries(
    {
        "role": st.sampled_from([role for role in Role if role is not Role.SYSTEM]),
        "tier": st.sampled_from([Tier.L1, Tier.L2]),
        "queues": st.sampled_from([(), ("umum",), ("khusus",), ("umum", "khusus")]),
    }
)
BY_QUEUE = {Role.AGENT, Role.AGENT_B2B, Role.EOS, Role.SUPERVISOR, Role.MANAGER, Role.QA, Role.DUKTEK}
HOLDERS = {role for role in Role if role not in (Role.WFM, Role.CUSTOMER)}
CUSTOMER_FACING = {Role.AGENT, Role.AGENT_B2B, Role.EOS, Role.SUPERVISOR, Role.MANAGER, Role.QA}


def _scope(stage: Stage, who: Person) -> dict[str, set[str]]:
    """What a laptop of `who` holds, written apart from the product's own table and statements."""

    def rows(table: str) -> list[dict[str, Any]]:
        with stage.central.read() as conn:
            return [dict(row) for row in conn.execute(text(f"SELECT * FROM {table}")).mappings()]

    hops = rows("hop")
    asked = {hop["ticket"] for hop in hops if hop["state"] != "returned" and hop["tier"] == who.tier}
    mine = {
        row["id"]
        for row in rows("ticket")
        if (who.role in BY_QUEUE and row["queue"] in who.queues)
        or (who.role in HOLDERS and row["owner"] == who.id)
        or (who.role == Role.RESOLVER and row["id"] in asked)
    }
    found = {
        "ticket": mine,
        "contact": {row["id"] for row in rows("contact")} if who.role in CUSTOMER_FACING else set(),
    }
    parts = {part: {r["id"] for r in rows(part) if r["ticket"] in mine} for part in ("entry", "hop", "conflict")}
    return found | parts


def _held(desk: At) -> dict[str, set[str]]:
    with desk.cache.read() as conn:
        said = "SELECT t.id FROM search_ticket_docsize s LEFT JOIN ticket t ON t.n = s.id"
        indexed = {row[0] for row in conn.execute(said).fetchall()}
        found = {
            entity: {row[0] for row in conn.execute(f"SELECT id FROM {entity}").fetchall()}
            for entity in (*PARTS, "contact")
        }
    assert indexed == found["ticket"], "the index names rows that are not there"
    return found


def _fill(stage: Stage) -> list[str]:
    """Tickets in both queues, with notes, a reply, escalations to both tiers, and a conflict."""
    lead, contact = stage.laptop(stage.lead), new_id()
    lead.do("contact.create", contact, {"name": "Ana", "addresses": [{"channel": "email", "value": "a@b.example"}]})
    tickets = [lead.create(queue, contact=contact, take=True) for queue in ("umum", "khusus", "umum", "khusus")]
    for place, ticket in enumerate(tickets):
        lead.do("entry.note", ticket, {"body": "dari dalam"})
        assert lead.do("entry.reply", ticket, {"body": "Yth."}, basis={"epoch": 1}).result == "applied"
        if place:
            told = {"tier": "l1" if place == 1 else "l2", "reason": "perlu ahli"}
            assert lead.do("escalation.raise", ticket, told, basis={"epoch": 1}).result == "applied"
    clash = lead.do("ticket.set", tickets[0], {"urgency": "low"}, before={"urgency": "high"}, basis={"epoch": 1})
    assert clash.result == "conflict"
    return tickets


@pytest.mark.protocol("P-105", "P-106", "P-107", "P-078")
@given(st.lists(st.tuples(STANDINGS, st.booleans()), min_size=1, max_size=5), st.randoms(use_true_random=False))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_laptop_never_holds_what_is_out_of_scope(
    stage: Stage, changes: list[tuple[dict[str, Any], bool]], chance: random.Random
) -> None:
    """Roles, tiers and queues change at random, with and without acts that wait for the network meanwhile."""
    tickets = _fill(stage)
    who = stage.change(stage.rina, role=Role.AGENT, queues=("umum",), tier=Tier.L0)
    desk, acts = At(stage, who), 0
    try:
        desk.sync()
        for standing, writes in changes:
            if writes:
                try:
                    desk.desk.note(chance.choice(tickets), "ditulis di luar jaringan")
                    acts += 1
                except MscError:
                    pass  # not there, or not allowed: said at once
            desk.laptop.person = who = stage.change(who, clock.now(), **standing)
            desk.sync()
            assert _held(desk) == _scope(stage, who)
            answered = stage.scalar("SELECT count(*) FROM op WHERE device = :device", device=desk.laptop.id)
            assert answered == acts, "an act is gone"
            with desk.cache.read() as conn:
                kept = conn.execute("SELECT id FROM outbox WHERE state = 'attention'").fetchall()
            refused = stage.scalar(
                "SELECT count(*) FROM op WHERE device = :device AND code IN ('quarantined', 'forbidden')",
                device=desk.laptop.id,
            )
            assert len(kept) == refused, "what is refused stays before its author"
    finally:
        desk.close()
