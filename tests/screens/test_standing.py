"""Escalations and the sync: what waits for an answer, what was refused, and a desk that fails."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from msc_console.desk import Desk
from msc_console.domain.terms import HopState, Level, State, Tier
from msc_console.errors import MscError
from msc_console.screens.confirm import Confirm
from msc_console.screens.forms import AckForm
from msc_console.widgets.ticket_list import TicketList
from tests.support.screens import screen_text

from .filling import fill
from .stage import (
    BAGUS,
    HENDRA,
    HOUR,
    a_ticket,
    apply,
    at,
    hop_of,
    press,
    seeded,
    settled,
    ticket_id,
    tickets,
    until,
    until_true,
)

pytestmark = pytest.mark.slow


async def test_the_lead_acknowledges_by_proxy_and_returns(lead: Desk) -> None:
    async with at(lead) as (app, pilot):
        await press(pilot, "4")
        assert "504 berulang pada pembubuhan" in screen_text(app)
        await press(pilot, "a")
        assert isinstance(app.screen, AckForm)
        await press(pilot, "ctrl+s")
        assert "Belum diisi" in screen_text(app)
        fill(app, proxy="Hendra lewat telepon")
        await press(pilot, "ctrl+s")
        [hop] = lead.ticket(ticket_id(4160)).hops
        assert (hop.state, hop.proxy) == (HopState.ACKNOWLEDGED, "Hendra lewat telepon")
        await until(pilot, "diterima Sari")
        await press(pilot, "b")
        fill(app, proxy="Hendra", outcome="Sudah diperbaiki.")
        await press(pilot, "ctrl+s")
        [hop] = lead.ticket(ticket_id(4160)).hops
        assert (hop.state, hop.outcome) == (HopState.RETURNED, "Sudah diperbaiki.")
        await until(pilot, "Tidak ada eskalasi yang menunggu.")


async def test_escalations_stand_by_whose_they_are_with_what_to_do(desk: Desk) -> None:
    theirs = a_ticket(4300, "Milik Bagus", ago=HOUR, owner=BAGUS.id, state=State.WAITING_LEVEL, tier=Tier.L2)
    apply(desk, [("ticket", theirs), ("hop", hop_of(theirs, Tier.L2, asked=()))])
    async with at(desk) as (app, pilot):
        await press(pilot, "4")
        lines = screen_text(app).splitlines()
        heads = [next(at for at, line in enumerate(lines) if word in line) for word in ("Tiket Anda", "Tiket rekan")]
        rows = [next(at for at, line in enumerate(lines) if word in line) for word in ("MSC-004160", "MSC-004300")]
        assert heads[0] < rows[0] < heads[1] < rows[1]
        assert " Bagus " in lines[rows[1]]
        await press(pilot, "j")
        await until(pilot, "L2 yang menjawab. Yang mereka sampaikan")


async def test_a_resolver_sees_what_their_level_is_asked(tmp_path: Path) -> None:
    desk = seeded(tmp_path, HENDRA)
    async with at(desk) as (app, pilot):
        await press(pilot, "4")
        await until(pilot, "Tingkat Anda diminta")
        assert "a menyatakan tingkat Anda menerimanya" in screen_text(app)
        await press(pilot, "a")
        await until(pilot, "diterima Hendra")
        await until(pilot, "b mengembalikannya, dengan solusi atau alasan.")
    desk.cache.close()


def refuse(desk: Desk, op: str, result: dict[str, Any]) -> None:
    """Central's answer to an act, as the sync would have kept it."""
    import json

    with desk.cache.write() as conn:
        conn.execute("UPDATE outbox SET state = 'attention', result = ? WHERE id = ?", (json.dumps(result), op))
        target = conn.execute("SELECT target FROM outbox WHERE id = ?", (op,)).fetchone()[0]
        desk.replica.refold(conn, target)


async def test_what_was_refused_is_shown_with_all_three_values_and_a_way_on(desk: Desk) -> None:
    done = desk.set(ticket_id(4198), urgency="high")
    ticket = next(ticket for ticket in tickets() if ticket.number == 4198)
    apply(desk, [("ticket", replace(ticket, urgency=Level.LOW, ver=4))])
    fields = {"urgency": ["medium", "high", "low"]}
    refuse(desk, done.op, {"result": "conflict", "reason": "same_field", "data": {"fields": fields}})
    async with at(desk) as (app, pilot):
        await press(pilot, "0")
        text = screen_text(app)
        assert "bentrok" in text
        assert text.count("urgensi") == 2  # in the sentence, and once with its three values
        lines = [line.split() for line in text.splitlines() if "sedang" in line and "rendah" in line]
        assert lines
        assert [word for word in lines[0] if word in ("sedang", "tinggi", "rendah")] == ["sedang", "tinggi", "rendah"]
        await press(pilot, "w")
        assert "Pusat menolak perbuatan itu." in app.told
        await press(pilot, "r")
        [(act, _label, _title)] = desk.outbox()
        assert (act.state, act.command.cause) == ("open", done.op)
        await press(pilot, "w")
        await until(pilot, "Anda yang memutuskan: 1")
        assert [act.id for act, _label, _title in desk.outbox()] == [done.op], "what was tried again comes back"


async def test_a_refused_act_is_let_go_on_another_key(desk: Desk) -> None:
    done = desk.note(ticket_id(4198), "catatan")
    refuse(desk, done.op, {"result": "forbidden", "reason": "out_of_scope", "data": {}})
    async with at(desk) as (app, pilot):
        await press(pilot, "0")
        assert "Tiket itu" in screen_text(app)
        await press(pilot, "x")
        assert isinstance(app.screen, Confirm)
        await press(pilot, "enter")
        assert len(desk.outbox()) == 1
        await press(pilot, "x", "y")
        assert desk.outbox() == []


async def test_a_refused_classification_says_what_it_wanted_and_the_queue_says_where(desk: Desk) -> None:
    done = desk.set(ticket_id(4198), service="sign", component="", urgency="high")
    refuse(desk, done.op, {"result": "fenced", "reason": "held", "data": {"owner_name": "Bagus"}})
    async with at(desk, (80, 24)) as (app, pilot):
        await until(pilot, "1 perbuatan ditolak: 0 lihat.")
        await press(pilot, "0")
        words = [line.split() for line in screen_text(app).splitlines()]
        assert ["urgensi", "tinggi"] in words
        assert ["layanan", "Peruri", "Sign"] in words
        assert ["komponen", "—"] in words


@pytest.mark.parametrize("error", [RuntimeError("hantu"), MscError("disk_full")])
@pytest.mark.parametrize(
    ("mode", "method", "keys"),
    [
        ("queue", "take", ("t",)),
        ("ticket", "take", ("t",)),
        ("ticket", "mark_seen", ("n",)),
        ("queue", "count", ("v",)),
        ("queue", "search_tickets", ("slash", "a", "b")),
        ("knowledge", "search_articles", ("slash", "a")),
        ("escalations", "escalations", ("1", "4")),
        ("sync", "outbox", ("1", "0")),
        ("sync", "withdraw", ("w",)),
        ("ticket", "save_draft", ("c", "a")),
    ],
)
async def test_a_failing_desk_keeps_the_console_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception, mode: str, method: str, keys: tuple[str, ...]
) -> None:
    desk.note(ticket_id(4177), "menunggu")

    def fails(*_args: object, **_options: object) -> None:
        raise error

    async with at(desk) as (app, pilot):
        app.screen.query_one(TicketList).go_to(ticket_id(4177))
        if mode == "ticket":
            app.open_ticket(ticket_id(4177))
        else:
            app.go(mode)
        await settled(pilot)
        monkeypatch.setattr(desk, method, fails)
        await press(pilot, *keys)
        app.changed_here(frozenset())
        if method == "save_draft":
            await until(pilot, "DRAF TIDAK TERSIMPAN")
        else:
            await until_true(pilot, lambda: app.told)
        await settled(pilot)
        assert app.is_running
