"""Whatever stands in an act's arguments, the rules answer: they never raise and never make a row that can't be kept."""

from dataclasses import MISSING, fields, replace
from types import NoneType
from typing import Any, get_args

import pytest

from msc_console import records
from msc_console.domain.commands import Command, Context, Effects, Refusal, Situation
from msc_console.domain.decide import RULES, decide
from msc_console.domain.model import Contact, Ticket
from msc_console.domain.shapes import ARGS, LINE_MAX
from msc_console.domain.terms import Op, Result, Role

from .worlds import ANDI, DEWI, HENDRA, PERSONS, RINA, SYSTEM, T0, World

VALUES = (
    None, "", " ", "x", "x" * (LINE_MAX + 1), "x" * 20_001, 3, -1, 2**60, True, 1.5, [], [1], ["x"], {}, [{}],
    [{"channel": {}}], [{"channel": "email", "value": None}], [{"channel": "email", "value": "a@b.example"}] * 21,
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-02T02:00:00",
)  # fmt: skip
SOUND: dict[str, dict[str, Any]] = {
    "ticket.create": {"subject": "Stempel gagal", "queue": "helpdesk"},
    "ticket.assign": {"owner": "bagus"},
    "ticket.move": {"queue": "priority"},
    "ticket.set": {"urgency": "high", "priority": "high", "priority_reason": "sebab"},
    "ticket.hold": {"state": "waiting_customer", "reason": "x"},
    "ticket.resolve": {"solution": "x"},
    "ticket.cancel": {"reason": "x"},
    "entry.note": {"body": "x"},
    "entry.reply": {"body": "x"},
    "entry.call": {"direction": "in", "minutes": 1},
    "entry.time": {"minutes": 1},
    "escalation.raise": {"tier": "l1", "reason": "x"},
    "escalation.return": {"outcome": "x"},
    "contact.create": {"name": "Bu Tini"},
}


def _ground(kind: Op) -> tuple[Situation, Context]:
    """A ticket that the supervisor holds, or none where the act makes its target."""
    world = World()
    world.ok("ticket.assign", DEWI, before={"owner": None}, owner="dewi")
    actor = SYSTEM if kind is Op.SYSTEM_DELIVER else DEWI
    situation = Situation() if kind in (Op.TICKET_CREATE, Op.CONTACT_CREATE) else world.situation
    return situation, Context(actor=actor, now=T0, persons=PERSONS, queues=frozenset({"helpdesk", "priority"}))


@pytest.mark.parametrize("final", [False, True])
@pytest.mark.parametrize("kind", list(RULES))
def test_no_value_makes_a_rule_raise_or_a_row_that_has_a_hole(kind: Op, final: bool) -> None:
    situation, context = _ground(kind)
    for name in ARGS[kind]:
        for value in VALUES:
            args = SOUND.get(kind, {}) | {name: value}
            command = Command(id="op", kind=kind, actor=context.actor.id, target="t1", args=args, made_at=T0)
            outcome = decide(situation, command, replace(context, final=final))
            if isinstance(outcome, Effects):
                for row in (outcome.ticket, outcome.contact, outcome.entry, *outcome.hops):
                    if row is not None:
                        assert not holes(row), (name, value)
                        assert records.to_row(row)


def holes(row: Any) -> list[str]:
    """Fields without a value in a row whose class says that they have one."""
    return [
        item.name
        for item in fields(row)
        if getattr(row, item.name) is None and NoneType not in get_args(item.type) and item.default is not None
    ]


def test_a_hole_is_found() -> None:
    ticket = Ticket(id="t", subject="x", queue="q", contact_at=T0, created_at=T0, updated_at=T0)
    assert holes(ticket) == []
    assert holes(replace(ticket, urgency=None)) == ["urgency"]  # type: ignore[arg-type]
    assert fields(Contact)[0].default is MISSING


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("ticket.hold", {"state": "waiting_customer", "reason": "x" * (LINE_MAX + 1)}),
        ("ticket.cancel", {"reason": "x" * 300_000}),
        ("entry.call", {"direction": "in", "body": "x" * 20_001}),
        ("ticket.set", {"service": "x" * (LINE_MAX + 1)}),
    ],
)
def test_a_text_that_no_push_could_carry_is_refused_at_the_desk(kind: str, args: dict[str, Any]) -> None:
    world = World()
    world.ok("ticket.take", RINA)
    outcome = world.ask(kind, RINA, **args)
    assert isinstance(outcome, Refusal)
    assert outcome.reason == "too_long"


def test_who_may_not_take_gets_no_ticket_by_making_it() -> None:
    technician = replace(RINA, id="tono", role=Role.DUKTEK)
    args = {"subject": "x", "queue": "helpdesk", "take": True}
    command = Command(id="op", kind="ticket.create", actor="tono", target="t9", args=args, made_at=T0)
    outcome = decide(Situation(), command, Context(actor=technician, now=T0, final=True))
    assert isinstance(outcome, Refusal)
    assert (outcome.code, outcome.reason) == (Result.FORBIDDEN, "no_right")


@pytest.mark.parametrize("alias", ["MSC-000001", "~k7q-1", "~K7Q-0", "~K7Q-1 ", "x"])
@pytest.mark.protocol("P-050")
def test_an_alias_has_the_form_of_one(alias: str) -> None:
    args = {"subject": "x", "queue": "helpdesk", "alias": alias}
    command = Command(id="op", kind="ticket.create", actor="rina", target="t9", args=args, made_at=T0)
    outcome = decide(Situation(), command, Context(actor=RINA, now=T0, final=True))
    assert isinstance(outcome, Refusal)
    assert outcome.data["field"] == "alias"


def test_another_contact_brings_their_name_and_has_to_exist() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    tini = replace(ANDI, id="tini", name="Bu Tini", organisation="o1", organisation_name="Bank Sagara")
    world.situation = replace(world.situation, contact=tini)
    world.ok("ticket.set", RINA, before={"contact": "andi"}, contact="tini")
    found = world.ticket
    assert (found.contact, found.contact_name, found.organisation) == ("tini", "Bu Tini", "o1")
    world.situation = replace(world.situation, contact=None)
    outcome = world.ask("ticket.set", RINA, before={"contact": "tini"}, contact="nobody")
    assert isinstance(outcome, Refusal)
    assert outcome.reason == "contact_unknown"


def test_only_its_holder_or_a_supervisor_records_that_a_level_gave_a_ticket_back() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    world.ok("escalation.raise", RINA, tier="principal", reason="x")
    bagus = PERSONS["bagus"]
    world.ok("escalation.ack", bagus, proxy="Pak Joko, telepon")
    outcome = world.ask("escalation.return", bagus, outcome="beres", proxy="Pak Joko, telepon")
    assert isinstance(outcome, Refusal)
    assert (outcome.code, outcome.reason) == (Result.FENCED, "held")
    world.ok("escalation.return", DEWI, outcome="beres", proxy="Pak Joko, telepon")
    assert world.ticket.state == "open"


def test_a_resolved_ticket_whose_holder_is_gone_can_be_reopened_by_who_answers_the_customer() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    world.ok("ticket.resolve", RINA, before={"state": "open"}, solution="x")
    bagus = PERSONS["bagus"]
    outcome = world.ask("ticket.reopen", bagus, before={"state": "resolved"})
    assert isinstance(outcome, Refusal)
    assert outcome.reason == "held"
    epoch = world.ticket.owner_epoch
    world.wait(minutes=31).ok("ticket.reopen", bagus, before={"state": "resolved"})
    assert (world.ticket.owner, world.ticket.owner_epoch, world.ticket.state) == ("bagus", epoch + 1, "open")


def test_an_end_closes_hops_at_the_time_that_counts() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    world.ok("escalation.raise", RINA, tier="l1", reason="x")
    world.ok("escalation.ack", HENDRA)
    world.ok("ticket.resolve", RINA, made_at=T0.replace(year=2031), solution="x")
    assert world.hops[0].returned_at == world.at
