"""A person who asks to be forgotten: no word of them is left at central or on a laptop, and none comes back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from msc_console.central import privacy, retention
from msc_console.central.problems import ProblemError
from tests.central.ledger.desks import At
from tests.central.ledger.stage import NOW, Stage, new_id

from .test_erasure import SECRET, everywhere, laptop_holds

LATER = NOW + timedelta(minutes=5)


def known(stage: Stage, rina: Any) -> tuple[str, str]:
    """A contact with one ticket, its words all over the place; (contact, ticket)."""
    contact = new_id()
    address = {"channel": "email", "value": f"{SECRET}@a.example", "verified": True}
    made = rina.do("contact.create", contact, {"name": f"Andi {SECRET}", "addresses": [address]})
    assert made.result == "applied"
    ticket = rina.create(take=True, contact=contact, subject=f"Andi {SECRET}")
    for kind, args in (("entry.note", {"body": SECRET}), ("entry.reply", {"body": f"Yth. {SECRET}"})):
        assert rina.do(kind, ticket, args, basis={"epoch": 1}).result in ("applied", "merged")
    raised = rina.do("escalation.raise", ticket, {"tier": "l1", "reason": SECRET}, basis={"epoch": 1})
    assert raised.result == "applied", raised
    return contact, ticket


def cancelled(stage: Stage, rina: Any, ticket: str) -> None:
    row = stage.row("ticket", ticket)
    done = rina.do(
        "ticket.cancel", ticket, {"reason": SECRET}, before={"state": row["state"]},
        basis={"ver": row["ver"], "epoch": row["owner_epoch"]},
    )  # fmt: skip
    assert done.result == "applied", done


@pytest.fixture
def rina_desk(stage: Stage) -> Iterator[At]:
    at = At(stage, stage.rina)
    yield at
    at.close()


@pytest.mark.protocol("P-232")
def test_nothing_is_left_at_central_or_on_a_laptop(stage: Stage, rina_desk: At) -> None:
    rina = stage.laptop(stage.rina)
    contact, ticket = known(stage, rina)
    cancelled(stage, rina, ticket)
    rina_desk.sync()
    assert {"contact", "ticket", "entry", "hop"} <= set(laptop_holds(rina_desk))
    gone = privacy.erase(stage.central, contact, stage.lead.id, LATER)
    assert (gone.tickets, gone.ops) == (1, 6)
    assert everywhere(stage) == []
    row = stage.row("contact", contact)
    assert (row["name"], row["addresses"]) == (privacy.nobody(contact), "[]")
    assert stage.row("ticket", ticket)["state"] == "cancelled"
    rina_desk.sync()
    assert laptop_holds(rina_desk) == []
    assert privacy.erase(stage.central, contact, stage.lead.id, LATER) == privacy.Gone(0, 0, 0)


@pytest.mark.protocol("P-232")
def test_who_made_the_contact_forgets_that_act_too(stage: Stage, rina_desk: At) -> None:
    contact = rina_desk.desk.new_contact(f"Andi {SECRET}", [("email", f"{SECRET}@a.example")], None, "id").target
    rina_desk.sync()
    assert {"contact", "journal"} <= set(laptop_holds(rina_desk))
    privacy.erase(stage.central, contact, stage.lead.id, LATER)
    rina_desk.sync()
    assert laptop_holds(rina_desk) == []
    rina_desk.disk.reset_cursor("another")
    assert [envelope.op for envelope in rina_desk.seal()] == [], "a restored central is not offered it again"


@pytest.mark.protocol("P-233")
def test_what_comes_late_is_refused_and_leaves_no_word(stage: Stage) -> None:
    rina, late = stage.laptop(stage.rina), stage.laptop(stage.rina)
    contact, ticket = known(stage, rina)
    cancelled(stage, rina, ticket)
    privacy.erase(stage.central, contact, stage.lead.id, LATER)
    got = [
        late.do("entry.note", ticket, {"body": SECRET}),
        late.do("ticket.create", new_id(), {"subject": SECRET, "queue": "umum", "contact": contact}),
        late.do("contact.create", contact, {"name": SECRET}),
    ]
    assert [(item.result, item.reason) for item in got] == [("invalid", "contact_erased")] * 3
    assert everywhere(stage) == []
    again = late.do("ticket.create", new_id(), {"subject": "Lain", "queue": "umum"})
    assert again.result == "applied", "the chain goes on"


@pytest.mark.protocol("P-232")
def test_while_a_ticket_is_worked_on_nothing_is_erased(stage: Stage) -> None:
    contact, _ticket = known(stage, stage.laptop(stage.rina))
    with pytest.raises(ProblemError) as caught:
        privacy.erase(stage.central, contact, stage.lead.id, LATER)
    assert (caught.value.code, caught.value.data["count"]) == ("contact_open", 1)
    assert {"contact", "op_body", "entry", "ticket", "hop"} <= set(everywhere(stage))
    with pytest.raises(ProblemError, match="not_found"):
        privacy.erase(stage.central, new_id(), stage.lead.id, LATER)


@pytest.mark.protocol("P-234")
def test_one_document_holds_all_of_a_person(stage: Stage) -> None:
    contact, ticket = known(stage, stage.laptop(stage.rina))
    found = privacy.export(stage.central, contact, stage.lead.id, LATER)
    assert found["contact"]["addresses"][0]["value"] == f"{SECRET}@a.example"
    (only,) = found["tickets"]
    assert (only["id"], [hop["reason"] for hop in only["escalations"]]) == (ticket, [SECRET])
    assert [entry["body"] for entry in only["timeline"] if entry["body"]][:2] == [SECRET, f"Yth. {SECRET}"]
    for act in ("contact.export", "contact.erase"):
        count = stage.scalar("SELECT count(*) FROM audit WHERE act = :act AND actor = :by", act=act, by=stage.lead.id)
        assert count == (act == "contact.export")


@pytest.mark.protocol("P-232")
def test_who_is_kept_long_enough_is_erased_by_central_itself(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    contact, ticket = known(stage, rina)
    other, _open = known(stage, rina)
    cancelled(stage, rina, ticket)
    late = NOW + timedelta(days=31)
    assert retention.sweep(stage.central, late) == 0, "without the site's word everything is kept"
    with stage.central.write() as conn:
        conn.execute(text("INSERT INTO meta (key, value) VALUES (:key, '30')"), {"key": retention.key("contacts")})
    stage.central.memory.pop("retention")
    assert retention.sweep(stage.central, NOW + timedelta(days=29)) == 0
    assert retention.sweep(stage.central, late) == 1
    assert retention.sweep(stage.central, late) == 0, "an hour between two looks"
    assert stage.row("contact", contact)["name"] == privacy.nobody(contact)
    assert stage.row("contact", other)["erased_at"] is None, "a ticket of theirs is open"
    assert stage.scalar("SELECT actor FROM audit WHERE act = :act", act="contact.erase") == "system"
