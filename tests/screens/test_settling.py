"""The agent's side of conflicts: all three values with who and when, one key for each way on, nothing lost."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from msc_console import records
from msc_console.desk import Desk, unsettled
from msc_console.desk.unsettled import Standing
from msc_console.domain.model import Conflict, Ticket
from msc_console.domain.terms import ConflictKind, ConflictState, Level
from msc_console.errors import MscError
from msc_console.widgets.pick_list import PickList
from tests.support.golden import Golden
from tests.support.screens import screen_text

from .stage import BAGUS, NOW, RINA, SARI, SIZES, a_ticket, apply, at, press, seeded, ticket_id, until

MINUTE = timedelta(minutes=1)


def at_central(number: int) -> Ticket:
    """A ticket of the stage as the cache has it from central."""
    from .stage import tickets

    return next(ticket for ticket in tickets() if ticket.number == number)


def conflict(id: str, number: int, **values: Any) -> Conflict:
    """An open conflict on a ticket; own and over the urgency unless told otherwise."""
    given: dict[str, Any] = {
        "kind": ConflictKind.SAME_FIELD,
        "act": "ticket.set",
        "author": RINA.id,
        "author_name": RINA.name,
        "made_at": NOW - 10 * MINUTE,
        "received_at": NOW - 2 * MINUTE,
        "args": {"urgency": "high"},
        "fields": {"urgency": ["medium", "high", "low"]},
        "theirs_by": BAGUS.name,
        "theirs_at": NOW - 5 * MINUTE,
        "epoch": 1,
    }
    return Conflict(id=id, ticket=ticket_id(number), ver=1, **(given | values))


def answered(desk: Desk, op: str, kept: Conflict, result: str, reason: str | None = None, **data: Any) -> None:
    """Central's answer to an own act and the row it made, as the sync would have kept them."""
    document = {"result": result, "reason": reason, "data": {"conflict": op, **data}}
    with desk.cache.write() as conn:
        conn.execute("UPDATE outbox SET state = 'attention', result = ? WHERE id = ?", (json.dumps(document), op))
        desk.replica.refold(conn, kept.ticket)
    apply(desk, [("conflict", kept)])


def own_conflict(desk: Desk) -> str:
    """Rina wanted a high urgency, Bagus had made it low; the op."""
    op = desk.set(ticket_id(4198), urgency="high").op
    apply(desk, [("ticket", replace(at_central(4198), urgency=Level.LOW, ver=4))])
    answered(desk, op, conflict(op, 4198), "conflict", fields={"urgency": ["medium", "high", "low"]})
    return op


def fenced(desk: Desk) -> str:
    """Rina resolved a ticket that Bagus had taken meanwhile; the op."""
    op = desk.resolve(ticket_id(4205), "Sertifikat diperbarui.").op
    ticket = replace(at_central(4205), owner=BAGUS.id, owner_epoch=2, owned_at=NOW - 6 * MINUTE, ver=5)
    apply(desk, [("ticket", ticket)])
    kept = conflict(
        op,
        4205,
        kind=ConflictKind.FENCED,
        act="ticket.resolve",
        args={"solution": "Sertifikat diperbarui."},
        fields={"state": ["open", "resolved", "open"]},
        theirs_at=NOW - 6 * MINUTE,
    )
    answered(
        desk,
        op,
        kept,
        "fenced",
        "held",
        owner=BAGUS.id,
        owner_name=BAGUS.name,
        since=records.to_wire(ticket)["owned_at"],
    )
    return op


PROPOSED = "0198f000-0000-7000-8000-00000000c001"


def proposal(desk: Desk, number: int = 4102) -> str:
    """Bagus had wanted another urgency of a ticket that Rina holds."""
    kept = conflict(
        PROPOSED,
        number,
        kind=ConflictKind.FENCED,
        author=BAGUS.id,
        author_name=BAGUS.name,
        fields={"urgency": ["medium", "high", "medium"]},
        theirs_by=RINA.name,
    )
    apply(desk, [("conflict", kept)])
    return PROPOSED


def standings(desk: Desk) -> dict[str, Standing]:
    return {row.id: row.standing for row in unsettled.unsettled(desk)}


def settling(desk: Desk) -> list[tuple[str, Any]]:
    """(what is settled, how) of every act that settles a conflict."""
    acts = [act for act, _label, _title in desk.outbox() if act.kind == "conflict.resolve"]
    return [(act.command.args["conflict"], act.command.args["choice"]) for act in acts]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_as_drawn(desk: Desk, size: tuple[int, int], golden: Golden) -> None:
    own_conflict(desk)
    fenced(desk)
    proposal(desk)
    desk.note(ticket_id(4150), "Berkas sudah diminta.")
    async with at(desk, size) as (app, pilot):
        await press(pilot, "0")
        pictures = {"conflict": screen_text(app)}
        await press(pilot, "j")
        pictures["fenced"] = screen_text(app)
        await press(pilot, "j")
        pictures["proposal"] = screen_text(app)
    for name, picture in pictures.items():
        golden(f"screens/sync_{name}_{size[0]}x{size[1]}", picture)


async def test_a_conflict_tells_all_three_values_with_who_and_when(desk: Desk) -> None:
    own_conflict(desk)
    async with at(desk, (80, 24)) as (app, pilot):
        await press(pilot, "0")
        lines = [line.split() for line in screen_text(app).splitlines()]
        assert ["urgensi", "sedang", "tinggi", "rendah"] in lines
        assert ["09:12", "Anda", "09:07", "Bagus", "Santoso"] in lines
        assert "Tidak ada yang hilang" in screen_text(app)


async def test_what_changed_again_since_is_shown_as_it_is_now(desk: Desk) -> None:
    own_conflict(desk)
    apply(desk, [("ticket", replace(at_central(4198), urgency=Level.MEDIUM, ver=9))])
    async with at(desk) as (app, pilot):
        await press(pilot, "0")
        assert ["urgensi", "sedang", "tinggi", "sedang"] in [line.split() for line in screen_text(app).splitlines()]
        assert "berubah lagi sejak itu" in screen_text(app)
        assert "Bagus" not in screen_text(app)


@pytest.mark.parametrize(("key", "choice"), [("m", "mine"), ("t", "theirs"), ("n", "note"), ("w", "withdraw")])
async def test_one_key_settles_an_own_conflict(desk: Desk, key: str, choice: str) -> None:
    op = own_conflict(desk)
    async with at(desk) as (app, pilot):
        await press(pilot, "0", key)
        await until(pilot, "Menunggu pusat: 1")
        assert settling(desk) == [(op, choice)]
        assert desk.counts() == (1, 0)
        assert "Anda yang memutuskan" not in screen_text(app)
        wanted = "high" if choice == "mine" else "low"
        assert desk.find_ticket(ticket_id(4198)).urgency == wanted


async def test_settling_that_is_taken_back_brings_the_conflict_back(desk: Desk) -> None:
    op = own_conflict(desk)
    async with at(desk) as (_app, pilot):
        await press(pilot, "0", "t")
        await until(pilot, "Menunggu pusat: 1")
        await press(pilot, "w")
        await until(pilot, "Anda yang memutuskan: 1")
        assert standings(desk) == {op: Standing.YOURS}


async def test_a_fenced_act_is_offered_and_may_still_be_taken_back(desk: Desk) -> None:
    op = fenced(desk)
    async with at(desk) as (app, pilot):
        await press(pilot, "0")
        assert "Bagus Santoso" in screen_text(app)
        await press(pilot, "o")
        await until(pilot, "Diserahkan kepada pemegang tiket: 1")
        assert "Bagus Santoso melihat usulan Anda pada MSC-004205." in app.told
        assert desk.counts() == (0, 0)
        assert standings(desk) == {op: Standing.OFFERED}
        assert "Terbuka di pusat sampai Bagus Santoso atau Anda menyelesaikannya." in screen_text(app)
        await press(pilot, "o")
        assert app.told == app.words_of(MscError("offered_already"))
        await press(pilot, "w")
        await until(pilot, "Menunggu pusat: 1")
        assert settling(desk) == [(op, "withdraw")]


async def test_the_open_ways_are_told_and_one_that_the_rules_refuse_is_not(desk: Desk) -> None:
    op = fenced(desk)
    async with at(desk, (80, 24)) as (app, pilot):
        await press(pilot, "0")
        told = [line.split()[:2] for line in screen_text(app).splitlines()]
        assert [line[0] for line in told if line and line[0] in set("motnwadx")][:4] == ["o", "t", "n", "w"]
        assert "versi saya" not in screen_text(app)
        await press(pilot, "m")
        assert "Bagus Santoso memegang tiket ini sejak" in app.told
        assert settling(desk) == []
        assert standings(desk) == {op: Standing.YOURS}


async def test_the_cursor_goes_to_the_next_act_that_needs_a_person(desk: Desk) -> None:
    op, other, theirs = own_conflict(desk), fenced(desk), proposal(desk)
    async with at(desk) as (app, pilot):
        await press(pilot, "0", "j")
        assert app.screen.query_one(PickList).cursor_id == other
        await press(pilot, "o")
        await until(pilot, "Diserahkan kepada pemegang tiket: 1")
        assert app.screen.query_one(PickList).cursor_id == theirs
        await press(pilot, "d")
        await until(pilot, "Menunggu pusat: 1")
        assert app.screen.query_one(PickList).cursor_id == op


async def test_an_offer_needs_somebody_to_offer_it_to(desk: Desk) -> None:
    own_conflict(desk)
    async with at(desk) as (app, pilot):
        await press(pilot, "0", "o")
        assert app.told == app.words_of(MscError("offer_not_fenced"))
    op = fenced(desk)
    ticket = replace(at_central(4205), owner=None, owner_epoch=2, owned_at=None, claim_until=None, ver=8)
    apply(desk, [("ticket", ticket)])
    row = next(row for row in unsettled.unsettled(desk) if row.id == op)
    with pytest.raises(MscError, match="offer_no_holder"):
        unsettled.offer(desk, row)
    assert standings(desk)[op] is Standing.YOURS


@pytest.mark.parametrize(("key", "choice", "urgency"), [("a", "mine", "high"), ("d", "theirs", "medium")])
async def test_a_colleagues_proposal_is_adopted_or_declined(desk: Desk, key: str, choice: str, urgency: str) -> None:
    proposal(desk)
    async with at(desk, (80, 24)) as (app, pilot):
        await until(pilot, "1 usulan rekan: 0 lihat.")
        await press(pilot, "0")
        assert "Usulan rekan: 1" in screen_text(app)
        assert "oleh Bagus Santoso" in screen_text(app)
        assert re.search(r"\d\d[.:]\d\d Bagus  ", screen_text(app)), "who proposed it and when is told whole"
        await press(pilot, "w")
        assert app.told == app.words_of(MscError("not_your_act", author_name=BAGUS.name))
        await press(pilot, "m")
        assert app.told == app.words_of(MscError("is_a_proposal", author_name=BAGUS.name))
        assert desk.outbox() == []
        await press(pilot, key)
        await until(pilot, "Menunggu pusat: 1")
        assert settling(desk) == [(PROPOSED, choice)]
        assert desk.find_ticket(ticket_id(4102)).urgency == urgency
        assert "Usulan rekan" not in screen_text(app)


async def test_a_proposal_on_a_ticket_of_somebody_else_is_not_ones_own_to_settle(desk: Desk, tmp_path: Path) -> None:
    proposal(desk, 4187)
    apply(desk, [("conflict", replace(conflict(PROPOSED, 4187, author="p-x", author_name="Xaverius"), ver=2))])
    assert unsettled.unsettled(desk) == []
    lead = seeded(tmp_path / "lead", SARI)
    apply(lead, [("conflict", conflict(PROPOSED, 4187, author="p-x", author_name="Xaverius"))])
    async with at(lead) as (app, pilot):
        await press(pilot, "0", "a")
        assert app.told == app.words_of(MscError("not_your_conflict", author_name="Xaverius"))
        await press(pilot, "d")
        await until(pilot, "Menunggu pusat: 1")
        assert settling(lead) == [(PROPOSED, "theirs")]
    lead.cache.close()


async def test_a_conflict_that_ends_elsewhere_goes_from_the_screen(desk: Desk) -> None:
    op = own_conflict(desk)
    async with at(desk) as (app, pilot):
        await press(pilot, "0")
        assert "Anda yang memutuskan: 1" in screen_text(app)
        closed = replace(conflict(op, 4198), ver=2, state=ConflictState.RESOLVED, resolved_by=SARI.id)
        apply(desk, [("conflict", closed)])
        app.changed_here(frozenset({ticket_id(4198)}))
        await until(pilot, "Tidak ada yang menunggu")
        assert desk.counts() == (0, 0)


async def test_a_sent_act_is_taken_back_by_asking_central(desk: Desk) -> None:
    done = desk.note(ticket_id(4198), "catatan")
    with desk.cache.write() as conn:
        conn.execute("UPDATE outbox SET state = 'sealed' WHERE id = ?", (done.op,))
    async with at(desk) as (app, pilot):
        await press(pilot, "0", "w")
        await until(pilot, "Sedang ditarik kembali: 1")
        assert "Pusat diminta menariknya kembali" in app.told
        assert standings(desk)[done.op] is Standing.WITHDRAWING


async def test_own_acts_are_neither_adopted_nor_declined(desk: Desk) -> None:
    own_conflict(desk)
    async with at(desk) as (app, pilot):
        await press(pilot, "0")
        for key in "ad":
            await press(pilot, key)
            assert app.told == app.words_of(MscError("not_proposed"))
        assert settling(desk) == []


async def test_counts_tell_confirmed_and_waiting_apart(desk: Desk) -> None:
    apply(desk, [("ticket", a_ticket(4400, "Satu lagi", ago=30 * MINUTE))])
    async with at(desk) as (app, pilot):
        await until(pilot, "Antrean saya 9")
        desk.take(ticket_id(4400))
        desk.note(ticket_id(4211), "dilihat")
        app.changed_here(frozenset({ticket_id(4400), ticket_id(4211)}))
        await until(pilot, "Antrean saya 7 +2~")
        await until(pilot, "antre 2")
        assert "tolak 0" in screen_text(app)
        await press(pilot, "slash", *"Satu")
        await until(pilot, "Pencarian 0 +1~")
