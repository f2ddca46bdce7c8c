"""Claims, epochs and the fence."""

import pytest

from msc_console.domain.commands import Basis, Conflict, Effects, Refusal
from msc_console.domain.terms import Result, State

from .worlds import BAGUS, DEWI, HENDRA, MADE, RINA, World


def refused(outcome: object) -> Refusal:
    assert isinstance(outcome, Refusal), outcome
    return outcome


@pytest.mark.protocol("P-054")
def test_a_take_claims_and_opens() -> None:
    world = World()
    effects = world.ok("ticket.take", RINA)
    assert (world.ticket.owner, world.ticket.owner_epoch, world.ticket.state) == ("rina", 1, State.OPEN)
    assert effects.claimed
    assert world.ticket.claim_until > world.at


@pytest.mark.protocol("P-071")
def test_a_second_take_is_told_who_and_since_when() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    no = refused(world.wait(minutes=5).ask("ticket.take", BAGUS))
    assert (no.code, no.reason, no.data["owner_name"]) == (Result.FENCED, "held", "Rina Wulandari")
    assert no.data["since"] == "2026-03-02T02:00:00.000Z"


@pytest.mark.protocol("P-111")
def test_a_silent_holders_ticket_is_offered_again() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    assert refused(world.wait(minutes=30).ask("ticket.take", BAGUS)).reason == "held"
    assert isinstance(world.wait(minutes=1).ask("ticket.take", BAGUS), Effects)


@pytest.mark.protocol("P-111")
def test_presence_keeps_the_claim() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    seen = world.wait(minutes=50).at
    assert refused(world.ask("ticket.take", BAGUS, seen=seen)).reason == "held"


@pytest.mark.protocol("P-111")
def test_work_by_the_holder_moves_the_claim() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    world.wait(minutes=20).ok("entry.note", RINA, body="dicek")
    assert refused(world.wait(minutes=20).ask("ticket.take", BAGUS)).reason == "held"


def test_a_note_by_someone_else_does_not_move_the_claim() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    until = world.ticket.claim_until
    world.wait(minutes=20).ok("entry.note", BAGUS, body="saya lihat juga")
    assert world.ticket.claim_until == until


@pytest.mark.protocol("P-054")
def test_work_on_a_free_ticket_takes_it_in_the_same_act() -> None:
    world = World()
    effects = world.ok("ticket.set", BAGUS, before={"urgency": "medium"}, urgency="high")
    assert (world.ticket.owner, world.ticket.owner_epoch, world.ticket.state) == ("bagus", 1, State.OPEN)
    assert effects.entry is not None
    assert effects.entry.changes["owner"] == [None, "bagus"]


@pytest.mark.protocol("P-071")
def test_a_stale_epoch_is_fenced_even_on_a_ticket_that_is_free_again() -> None:
    world = World()
    stale = world.basis()
    world.ok("ticket.take", BAGUS)
    world.ok("ticket.release", BAGUS)
    no = refused(world.ask("ticket.resolve", RINA, basis=stale, solution="selesai"))
    assert (no.code, no.reason) == (Result.FENCED, "changed_hands")


@pytest.mark.protocol("P-049", "P-071")
def test_a_command_on_an_own_pending_claim_passes_only_while_its_epoch_holds() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    claim = next(iter(world.claims))
    onto = Basis(ver=1, epoch=0, claim=claim)
    assert isinstance(world.ask("ticket.resume", RINA, basis=onto), Refusal)  # open already: the rule, not the fence
    assert isinstance(world.ask("ticket.resolve", RINA, basis=onto, solution="ok"), Effects)
    world.ok("ticket.assign", DEWI, before={"owner": "rina"}, owner="bagus")
    world.ok("ticket.assign", DEWI, before={"owner": "bagus"}, owner="rina")
    assert refused(world.ask("ticket.resolve", RINA, basis=onto, solution="ok")).reason == "changed_hands"


@pytest.mark.protocol("P-071")
def test_a_claim_that_was_refused_carries_nothing() -> None:
    world = World()
    onto = Basis(claim="never-applied")
    assert refused(world.ask("ticket.resolve", RINA, basis=onto, solution="ok")).code == Result.FENCED


@pytest.mark.protocol("P-053")
def test_notes_are_never_fenced_and_say_that_they_are_late() -> None:
    world = World()
    stale = world.basis()
    world.ok("ticket.take", BAGUS)
    effects = world.ok("entry.note", RINA, basis=stale, body="catatan luring")
    assert effects.entry is not None
    assert effects.entry.late
    assert world.ticket.owner == "bagus"


@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.protocol("P-053")
def test_a_note_on_a_claim_that_was_not_applied_is_late_only_where_the_ticket_changed_hands(taken: bool) -> None:
    """It went ahead of a held claim (nobody else has the ticket), or its claim was refused for another's."""
    world = World()
    onto = Basis(ver=1, epoch=world.ticket.owner_epoch, claim="not-applied")
    if taken:
        world.ok("ticket.take", BAGUS)
    effects = world.ok("entry.note", RINA, basis=onto, body="catatan luring")
    assert effects.entry is not None
    assert effects.entry.late is taken


@pytest.mark.protocol("P-070")
def test_two_supervisors_who_assign_differently_meet_in_a_conflict() -> None:
    world = World()
    world.ok("ticket.assign", DEWI, before={"owner": None}, owner="bagus")
    clash = world.ask("ticket.assign", DEWI, before={"owner": None}, owner="rina")
    assert isinstance(clash, Conflict)
    assert clash.fields == {"owner": (None, "rina", "bagus")}


@pytest.mark.protocol("P-054")
def test_an_agent_gives_away_only_what_is_theirs() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    assert refused(world.ask("ticket.assign", BAGUS, owner="bagus")).reason == "held"
    world.ok("ticket.assign", RINA, owner="bagus")
    assert (world.ticket.owner, world.ticket.owner_epoch) == ("bagus", 2)


def test_nobody_is_given_a_ticket_who_may_not_take_one() -> None:
    world = World()
    for person in (MADE, HENDRA):
        assert refused(world.ask("ticket.assign", DEWI, owner=person.id)).reason == "assignee_unknown"


@pytest.mark.protocol("P-054")
def test_a_move_frees_the_ticket_and_keeps_the_epoch() -> None:
    world = World()
    world.ok("ticket.take", RINA)
    world.ok("ticket.move", RINA, before={"queue": "helpdesk"}, queue="priority")
    assert (world.ticket.queue, world.ticket.owner, world.ticket.owner_epoch) == ("priority", None, 1)
    assert refused(world.ask("ticket.move", DEWI, before={"queue": "priority"}, queue="nowhere")).reason == (
        "queue_unknown"
    )


def test_a_reader_is_forbidden() -> None:
    assert refused(World().ask("entry.note", MADE, body="x")).code == Result.FORBIDDEN
