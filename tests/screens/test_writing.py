"""Replies, notes, drafts, undo, and the knowledge that goes into a reply."""

from typing import Any

import pytest
from textual.widgets import Input

from msc_console.desk import Desk
from msc_console.desk.acts import UNDO_SEND
from msc_console.domain.terms import Op
from msc_console.errors import MscError
from msc_console.screens.composer import Composer
from msc_console.screens.knowledge import KnowledgePick
from msc_console.widgets.pick_list import PickList
from tests.support.screens import screen_text

from .stage import (
    ARTICLES,
    at,
    press,
    settled,
    ticket_id,
    until,
    until_true,
)

pytestmark = pytest.mark.slow


async def write(app: Any, pilot: Any, number: int, kind: str, text: str) -> Composer:
    app.open_ticket(ticket_id(number), kind)
    await settled(pilot)
    composer: Composer = app.screen.query_one(Composer)
    composer.area.text = text
    return composer


async def test_a_reply_waits_and_can_be_undone(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        await write(app, pilot, 4198, "reply", "Sudah kami kembalikan.")
        await press(pilot, "ctrl+s")
        await until(pilot, "Balasan MSC-004198 terkirim dalam 10 d.")
        [(act, _label, _title)] = desk.outbox()
        assert act.kind == Op.ENTRY_REPLY
        assert act.hold_until == act.command.made_at + UNDO_SEND
        assert desk.draft(ticket_id(4198), "reply") is None
        assert "z urungkan" in screen_text(app)
        await press(pilot, "z")
        await until(pilot, "Tulisan Anda menjadi draf lagi.")
        assert desk.outbox() == []
        assert app.screen.query_one(Composer).text == "Sudah kami kembalikan."


async def test_undo_is_over_when_the_reply_has_left(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        await write(app, pilot, 4198, "reply", "Terlambat.")
        await press(pilot, "ctrl+s")
        [(act, _label, _title)] = desk.outbox()
        with desk.cache.write() as conn:
            conn.execute("UPDATE outbox SET state = 'sealed' WHERE id = ?", (act.id,))
        await press(pilot, "z")
        await until_true(pilot, lambda: app.told == app.words_of(MscError("op_sealed")))
        assert len(desk.outbox()) == 1


async def test_a_draft_survives_a_kill(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        composer = await write(app, pilot, 4198, "reply", "Setengah kalimat")
        await until_true(pilot, lambda: desk.draft(ticket_id(4198), "reply") is not None)
        assert composer.text
        app.exit()
    async with at(desk) as (app, pilot):
        app.open_ticket(ticket_id(4198))
        await until(pilot, "Setengah kalimat")


async def test_a_sent_text_is_no_draft_and_an_empty_one_is_not_sent(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        await write(app, pilot, 4198, "note", "  ")
        await press(pilot, "ctrl+s")
        assert app.told == app.words_of(MscError("body_missing"))
        assert desk.outbox() == []
        composer = app.screen.query_one(Composer)
        composer.area.text = "Catatan pendek."
        await press(pilot, "ctrl+enter")
        await until(pilot, "Catatan tersimpan di MSC-004198.")
        assert desk.draft(ticket_id(4198), "note") is None
        assert not composer.display


async def test_no_reply_to_whom_nothing_can_be_written(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        app.open_ticket(ticket_id(4102))
        await settled(pilot)
        await press(pilot, "r")
        assert "Burhanuddin" in app.told
        assert not app.screen.query_one(Composer).display


async def test_knowledge_goes_into_the_reply(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        app.open_ticket(ticket_id(4198))
        await settled(pilot)
        await press(pilot, "k")
        assert isinstance(app.screen, KnowledgePick)
        app.screen.query_one(Input).value = "kuota"
        await until(pilot, ARTICLES[0].title)
        await press(pilot, "enter", "enter")
        assert app.screen.query_one(Composer).text == "Kuota Anda sedang kami kembalikan."
        await press(pilot, "escape", "escape", "3")
        assert app.current_mode == "knowledge"
        app.screen.query_one(PickList).action_step(1)
        await press(pilot, "r")
        assert app.current_mode == "ticket"
        assert "Tunggu lima menit" in app.screen.query_one(Composer).text
