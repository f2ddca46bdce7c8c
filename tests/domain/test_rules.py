"""What each act demands and does."""

from typing import Any

import pytest

from msc_console.domain.commands import Conflict, Effects, Refusal
from msc_console.domain.terms import Delivery, HopState, Priority, Result, State, Tier

from .worlds import DEWI, HENDRA, RINA, SARI, SYSTEM, World


def refused(outcome: object) -> Refusal:
    assert isinstance(outcome, Refusal), outcome
    return outcome


@pytest.fixture
def held() -> World:
    world = World()
    world.ok("ticket.take", RINA)
    return world


def test_classifying_follows_the_matrix(held: World) -> None:
    held.ok(
        "ticket.set", RINA, before={"urgency": "medium", "impact": "medium"}, urgency="high", impact="high", service="x"
    )
    assert held.ticket.priority == Priority.CRITICAL
    assert held.situation.entries[-1].changes["priority"] == ["medium", "critical"]


def test_an_override_needs_a_right_and_a_reason(held: World) -> None:
    assert refused(held.ask("ticket.set", RINA, before={"priority": "medium"}, priority="critical")).reason == (
        "no_override"
    )
    held.ok("ticket.assign", DEWI, before={"owner": "rina"}, owner="dewi")
    seen = {"priority": "medium"}
    assert refused(held.ask("ticket.set", DEWI, before=seen, priority="critical")).reason == "reason_missing"
    held.ok("ticket.set", DEWI, before=seen, priority="critical", priority_reason="tender siang ini")
    held.ok("ticket.set", DEWI, before={"urgency": "medium"}, urgency="low")
    assert held.ticket.priority == Priority.CRITICAL  # an override outlives a new urgency


@pytest.mark.protocol("P-070")
def test_a_field_that_others_changed_is_a_conflict_with_all_three_values(held: World) -> None:
    held.ok("ticket.set", RINA, before={"urgency": "medium"}, urgency="high")
    clash = held.ask("ticket.set", RINA, before={"urgency": "medium"}, urgency="low")
    assert isinstance(clash, Conflict)
    assert clash.fields == {"urgency": ("medium", "low", "high")}


@pytest.mark.protocol("P-070")
def test_different_fields_merge(held: World) -> None:
    old = held.basis()
    held.ok("ticket.set", RINA, before={"urgency": "medium"}, urgency="high")
    effects = held.ok("ticket.set", RINA, basis=old, before={"category": None}, category="gagal")
    assert effects.merged
    assert (held.ticket.urgency, held.ticket.category) == ("high", "gagal")


@pytest.mark.parametrize(
    ("kind", "args", "reason"),
    [
        ("ticket.set", {}, "nothing_to_set"),
        ("ticket.set", {"owner": "x"}, "field_unknown"),
        ("ticket.set", {"urgency": "sangat"}, "value_unknown"),
        ("ticket.set", {"urgency": 3}, "value_unknown"),
        ("ticket.set", {"subject": "  "}, "subject_missing"),
        ("ticket.set", {"subject": "x" * 201}, "too_long"),
        ("ticket.hold", {"state": "waiting_customer"}, "reason_missing"),
        ("ticket.hold", {"state": "waiting_level", "reason": "x"}, "hold_state"),
        ("ticket.hold", {"state": "waiting_customer", "waiting_party": "vendor", "reason": "x"}, "hold_party"),
        ("ticket.resume", {}, "transition"),
        ("ticket.resolve", {}, "solution_missing"),
        ("ticket.close", {}, "transition"),
        ("ticket.cancel", {}, "reason_missing"),
        ("ticket.take", {}, "already_yours"),
        ("entry.note", {"body": "  "}, "body_missing"),
        ("entry.note", {"body": ["x"]}, "value_unknown"),
        ("entry.reply", {"body": "x" * 20_001}, "too_long"),
        ("entry.call", {"direction": "up"}, "call_direction"),
        ("entry.call", {"direction": "in", "minutes": -1}, "minutes"),
        ("entry.time", {"minutes": 0}, "minutes"),
        ("entry.time", {"minutes": True}, "value_unknown"),
        ("escalation.raise", {"tier": "l1"}, "reason_missing"),
        ("escalation.raise", {"tier": "l0", "reason": "x"}, "tier_unknown"),
        ("escalation.return", {"outcome": "x"}, "not_escalated"),
        ("ticket.create", {"subject": "x", "queue": "helpdesk"}, "ticket_exists"),
    ],
)
@pytest.mark.protocol("P-050")
def test_bad_requests_say_what_is_missing(held: World, kind: str, args: dict[str, Any], reason: str) -> None:
    assert refused(held.ask(kind, RINA, **args)).reason == reason


@pytest.mark.protocol("P-050")
def test_a_ticket_goes_to_a_queue_that_exists() -> None:
    with pytest.raises(AssertionError, match="queue_unknown"):
        World(queue="nowhere")


def test_kinds_of_the_registry_that_are_not_built_and_newer_ones_are_unsupported(held: World) -> None:
    for kind in ("ticket.merge", "takeover.take", "ticket.teleport"):
        assert refused(held.ask(kind, DEWI)).code == Result.UNSUPPORTED


@pytest.mark.protocol("P-112")
def test_a_reply_goes_to_a_written_address(held: World) -> None:
    effects = held.ok("entry.reply", RINA, body="Pak Andi, kuota sudah kembali.")
    assert effects.entry is not None
    assert (effects.entry.delivery, effects.entry.channel) == (Delivery.QUEUED, "email")
    assert effects.address is not None
    assert effects.address.value == "a@b.example"
    assert "a@b.example" not in repr(effects.entry)


@pytest.mark.protocol("P-112")
def test_without_a_written_address_the_act_is_a_call(held: World) -> None:
    from dataclasses import replace

    contact = held.situation.contact
    assert contact is not None
    held.situation = replace(held.situation, contact=replace(contact, addresses=contact.addresses[:1]))
    assert refused(held.ask("entry.reply", RINA, body="halo")).reason == "no_written_address"
    held.ok("entry.call", RINA, direction="out", minutes=3, body="diberi tahu")


@pytest.mark.protocol("P-113")
def test_delivery_is_central_alone(held: World) -> None:
    reply = held.ok("entry.reply", RINA, body="halo").entry
    assert reply is not None
    assert refused(held.ask("system.deliver", RINA, entry=reply.id, state="sent")).code == Result.FORBIDDEN
    held.wait(minutes=2).ok("system.deliver", SYSTEM, entry=reply.id, state="sent")
    assert held.situation.entries[-1].delivered_at == held.at
    assert held.ticket.clocks[0].fulfilled_at == held.at
    assert refused(held.ask("system.deliver", SYSTEM, entry=reply.id, state="sent")).reason == "nothing_to_set"


def test_hold_and_resume(held: World) -> None:
    held.ok("ticket.hold", RINA, state="waiting_customer", reason="menunggu dokumen")
    assert (held.ticket.state, held.ticket.waiting_party, held.ticket.hold_reason) == (
        State.WAITING_CUSTOMER,
        "customer",
        "menunggu dokumen",
    )
    held.ok("ticket.resume", RINA)
    assert (held.ticket.state, held.ticket.waiting_party, held.ticket.hold_reason) == (State.OPEN, None, None)


@pytest.mark.protocol("P-070")
def test_a_state_that_changed_meanwhile_is_a_conflict_and_the_same_end_is_not(held: World) -> None:
    seen = {"state": "open"}
    held.ok("ticket.hold", RINA, state="waiting_vendor", reason="vendor")
    clash = held.ask("ticket.hold", RINA, before=seen, state="waiting_customer", reason="x")
    assert isinstance(clash, Conflict)
    assert clash.kind == "state"
    held.ok("ticket.resolve", RINA, solution="pertama")
    again = held.ok("ticket.resolve", RINA, before=seen, solution="kedua")
    assert again.entry is not None
    assert again.entry.body == "kedua"  # the words are kept, the state is not set twice
    assert "state" not in again.entry.changes


def test_escalation_acknowledge_and_return(held: World) -> None:
    held.ok("escalation.raise", RINA, tier="l1", reason="log 504")
    assert (held.ticket.state, held.ticket.owner, held.ticket.tier) == (State.WAITING_LEVEL, "rina", Tier.L1)
    assert held.hops[0].asked == ("hendra",)
    assert refused(held.ask("escalation.ack", SARI)).reason == "not_your_tier"
    assert refused(held.ask("escalation.ack", RINA)).reason == "proxy_missing"
    held.ok("escalation.ack", HENDRA)
    assert refused(held.ask("escalation.ack", DEWI, proxy="telepon")).reason == "already_acknowledged"
    held.ok("escalation.return", HENDRA, outcome="node POS dimulai ulang")
    assert (held.ticket.state, held.hops[0].state, held.ticket.tier) == (State.OPEN, HopState.RETURNED, Tier.L0)
    assert refused(held.ask("escalation.return", HENDRA, hop=held.hops[0].id, outcome="lagi")).reason == "hop_returned"


def test_a_resolver_passes_on_to_the_next_tier_and_answers_come_back_one_by_one(held: World) -> None:
    held.ok("escalation.raise", RINA, tier="l1", reason="a")
    held.ok("escalation.raise", HENDRA, tier="l2", reason="b")
    assert refused(held.ask("escalation.raise", RINA, tier="l1", reason="lagi")).reason == "tier_not_higher"
    held.ok("escalation.return", SARI, hop=held.hops[1].id, outcome="dari L2")
    assert (held.ticket.state, held.ticket.waiting_party) == (State.WAITING_LEVEL, "l1")
    held.ok("escalation.return", HENDRA, outcome="dari L1")
    assert held.ticket.state == State.OPEN


def test_resolving_ends_open_hops(held: World) -> None:
    held.ok("escalation.raise", RINA, tier="principal", reason="a")
    held.ok("escalation.ack", RINA, proxy="Pak Joko, telepon 10:02")
    held.ok("ticket.resolve", RINA, solution="selesai sendiri")
    assert [hop.state for hop in held.hops] == [HopState.RETURNED]
    assert held.ticket.tier == Tier.L0


def test_reopen_within_the_window_only(held: World) -> None:
    held.ok("ticket.resolve", RINA, solution="x")
    held.ok("ticket.close", RINA)
    held.wait(days=6).ok("ticket.reopen", RINA)
    assert (held.ticket.state, held.ticket.reopened, held.ticket.resolved_at) == (State.OPEN, 1, None)
    held.ok("ticket.resolve", RINA, solution="y")
    assert refused(held.wait(days=8).ask("ticket.reopen", RINA)).reason == "reopen_window"


@pytest.mark.protocol("P-110")
def test_an_offline_act_counts_when_it_happened_within_what_central_can_vouch_for(held: World) -> None:
    start = held.at
    held.wait(hours=3)
    from datetime import timedelta

    made = start + timedelta(hours=1)
    effects = held.ok("ticket.resolve", RINA, made_at=made, solution="luring")
    assert effects.entry is not None
    assert (effects.entry.at, effects.entry.clamped, held.ticket.resolved_at) == (made, False, made)
    backdated = held.ask("entry.note", RINA, made_at=start - timedelta(days=9), seen_at=start, body="x")
    assert isinstance(backdated, Effects)
    assert backdated.entry is not None
    assert (backdated.entry.at, backdated.entry.clamped) == (start, True)
    ahead = held.ask("entry.note", RINA, made_at=held.at + timedelta(days=1), body="x")
    assert isinstance(ahead, Effects)
    assert ahead.entry is not None
    assert (ahead.entry.at, ahead.entry.clamped) == (held.at, True)
