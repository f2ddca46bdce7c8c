"""What a refused act leaves behind, who may settle it and how, and taking an op back."""

from dataclasses import replace
from typing import Any

import pytest

from msc_console.domain import conflict_rules
from msc_console.domain.commands import Basis, Command, Conflict, Effects, Refusal
from msc_console.domain.model import Conflict as Record
from msc_console.domain.model import Person
from msc_console.domain.terms import Choice, ConflictKind, ConflictState, EntryKind, Result, Visibility

from .worlds import BAGUS, DEWI, MADE, RINA, World


def refused(world: World, kind: str, actor: Person, *, before: dict[str, Any] | None = None, **args: Any) -> Record:
    """An act that must be refused, its conflict put before the world."""
    outcome = world.ask(kind, actor, before=before, **args)
    assert not isinstance(outcome, Effects)
    command = Command(
        id=f"op{world.count}", kind=kind, actor=actor.id, target="t1", before=before or {}, args=args, made_at=world.at
    )
    kept = conflict_rules.record(command, world.ticket, outcome, actor.name, world.at)
    assert kept is not None
    world.situation = replace(world.situation, conflict=kept)
    return kept


def clash() -> tuple[World, Record]:
    """Rina's subject of this morning against the one that she gave the ticket since from another laptop."""
    world = World(take=True)
    world.ok("ticket.set", RINA, before={"subject": "Stempel gagal"}, subject="Stempel gagal POS")
    return world, refused(world, "ticket.set", RINA, before={"subject": "Stempel gagal"}, subject="Meterai gagal")


def fenced() -> tuple[World, Record]:
    """Rina wanted to solve what a supervisor has given to Bagus."""
    world = World(take=True)
    world.ok("ticket.assign", DEWI, before={"owner": "rina"}, owner="bagus")
    kept = refused(world, "ticket.resolve", RINA, before={"state": "open"}, solution="Sudah beres")
    return world, kept


@pytest.mark.protocol("P-180")
def test_a_conflict_holds_base_mine_and_theirs() -> None:
    _, kept = clash()
    assert kept.kind == ConflictKind.SAME_FIELD
    assert kept.fields == {"subject": ["Stempel gagal", "Meterai gagal", "Stempel gagal POS"]}
    assert (kept.act, kept.author, kept.args) == ("ticket.set", "rina", {"subject": "Meterai gagal"})
    _, held = fenced()
    assert (held.kind, held.fields, held.epoch) == (ConflictKind.FENCED, {"state": ["open", "resolved", "open"]}, 2)


@pytest.mark.protocol("P-180")
def test_an_impossible_transition_is_a_conflict_and_other_refusals_are_none() -> None:
    world = World(take=True)
    world.ok("ticket.resolve", RINA, solution="beres")
    kept = refused(world, "ticket.hold", RINA, state="waiting_customer", reason="data")
    assert (kept.kind, kept.fields) == (ConflictKind.TRANSITION, {"state": [None, "waiting_customer", "resolved"]})
    note = world.ask("entry.note", RINA, body=" ")
    assert isinstance(note, Refusal)
    asked = Command(id="x", kind="entry.note", actor="rina", target="t1", made_at=world.at)
    assert conflict_rules.record(asked, world.ticket, note, "", None) is None


@pytest.mark.protocol("P-182")
def test_mine_is_the_kept_act_on_what_is_now() -> None:
    world, kept = clash()
    before = {"subject": world.ticket.subject}
    done = world.ok("conflict.resolve", RINA, before=before, conflict=kept.id, choice="mine")
    assert done.ticket is not None
    assert done.entry is not None
    assert done.conflict is not None
    assert done.ticket.subject == "Meterai gagal"
    assert done.entry.act == "conflict.resolve"
    assert done.entry.changes["subject"] == ["Stempel gagal POS", "Meterai gagal"]
    assert done.entry.data["conflict"] == kept.id
    assert (done.conflict.state, done.conflict.choice, done.conflict.resolved_by) == (
        ConflictState.RESOLVED, Choice.MINE, "rina",
    )  # fmt: skip


@pytest.mark.protocol("P-182", "P-070")
def test_mine_may_conflict_again() -> None:
    world, kept = clash()
    again = world.ask("conflict.resolve", RINA, before={"subject": "Stempel gagal"}, conflict=kept.id, choice="mine")
    assert isinstance(again, Conflict)
    assert again.fields == {"subject": ("Stempel gagal", "Meterai gagal", "Stempel gagal POS")}


@pytest.mark.protocol("P-182", "P-071")
def test_mine_is_fenced_like_the_act_itself_and_the_holder_adopts_it() -> None:
    world, kept = fenced()
    author = world.ask("conflict.resolve", RINA, before={"state": "open"}, conflict=kept.id, choice="mine")
    assert isinstance(author, Refusal)
    assert (author.code, author.reason) == (Result.FENCED, "held")
    stale = world.ask("conflict.resolve", BAGUS, basis=Basis(epoch=1), conflict=kept.id, choice="mine")
    assert isinstance(stale, Refusal)
    done = world.ok("conflict.resolve", BAGUS, before={"state": "open"}, conflict=kept.id, choice="mine")
    assert done.ticket is not None
    assert done.conflict is not None
    assert done.entry is not None
    assert (str(done.ticket.state), done.entry.body, done.entry.author) == ("resolved", "Sudah beres", "bagus")
    assert done.entry.data["author"] == "rina"
    assert (done.conflict.state, done.conflict.resolved_by) == (ConflictState.ADOPTED, "bagus")


@pytest.mark.protocol("P-183")
@pytest.mark.parametrize(
    ("choice", "state"), [("theirs", ConflictState.RESOLVED), ("withdraw", ConflictState.WITHDRAWN)]
)
def test_theirs_and_withdraw_close_it_and_change_nothing(choice: str, state: ConflictState) -> None:
    world, kept = fenced()
    done = world.ok("conflict.resolve", RINA, conflict=kept.id, choice=choice)
    assert done.entry is not None
    assert done.conflict is not None
    assert done.entry.changes == {}
    assert done.claimed is False
    assert (done.conflict.state, done.conflict.choice) == (state, choice)


@pytest.mark.protocol("P-183")
def test_a_note_tells_what_had_been_wanted() -> None:
    world, kept = fenced()
    done = world.ok("conflict.resolve", RINA, conflict=kept.id, choice="note")
    assert done.entry is not None
    assert (done.entry.kind, done.entry.visibility, done.entry.changes) == (EntryKind.NOTE, Visibility.INTERNAL, {})
    assert done.entry.body == f"ticket.resolve · Rina Wulandari · {world.at:%Y-%m-%dT%H:%M:%S}.000Z\n\nSudah beres"
    assert done.conflict is not None
    assert done.conflict.choice == Choice.NOTE


@pytest.mark.protocol("P-184")
@pytest.mark.parametrize(
    ("who", "choice", "reason"),
    [
        (BAGUS, "withdraw", "not_your_act"),
        (DEWI, "mine", "not_your_conflict"),
        (MADE, "theirs", "no_right"),
    ],
)
def test_who_may_not(who: Person, choice: str, reason: str) -> None:
    world, kept = fenced()
    got = world.ask("conflict.resolve", who, conflict=kept.id, choice=choice)
    assert isinstance(got, Refusal)
    assert (got.code, got.reason) == (Result.FORBIDDEN, reason)


@pytest.mark.protocol("P-184")
def test_a_supervisor_closes_what_nobody_settles() -> None:
    world, kept = fenced()
    assert isinstance(world.ask("conflict.resolve", DEWI, conflict=kept.id, choice="theirs"), Effects)


@pytest.mark.protocol("P-185")
def test_a_settled_or_unknown_conflict_is_not_settled_again() -> None:
    world, kept = clash()
    world.ok("conflict.resolve", RINA, conflict=kept.id, choice="theirs")
    for choice in Choice:
        again = world.ask("conflict.resolve", RINA, conflict=kept.id, choice=choice)
        assert isinstance(again, Refusal)
        assert (again.code, again.reason) == (Result.INVALID, "conflict_closed")
    world.situation = replace(world.situation, conflict=replace(kept, ticket="other"))
    foreign = world.ask("conflict.resolve", RINA, conflict=kept.id, choice="theirs")
    assert isinstance(foreign, Refusal)
    assert foreign.reason == "conflict_unknown"


@pytest.mark.protocol("P-187")
@pytest.mark.parametrize(
    ("answered", "reason"),
    [
        (None, None),
        (Result.DEFERRED, None),
        (Result.UNSUPPORTED, None),
        (Result.APPLIED, "op_applied"),
        (Result.MERGED, "op_applied"),
        (Result.CONFLICT, "op_answered"),
        (Result.FORBIDDEN, "op_answered"),
    ],
)
def test_only_an_op_that_may_still_be_applied_is_taken_back(answered: Result | None, reason: str | None) -> None:
    world = World()
    world.situation = replace(world.situation, answered=answered)
    got = world.ask("op.withdraw", RINA, op="op77")
    if reason is None:
        assert got == Effects(withdrawn="op77")
    else:
        assert isinstance(got, Refusal)
        assert (got.code, got.reason) == (Result.INVALID, reason)
