"""Keys that come faster than the console can follow end up where their turn was, as if typed slowly."""

from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from msc_console.desk import Desk
from msc_console.domain.terms import State
from msc_console.screens.jump import Jump
from msc_console.widgets.ticket_list import TicketList

from .stage import at, settled, ticket_id, until_true

OWN = ticket_id(4198)


def rush(pilot: Pilot[Any], *keys: str) -> None:
    """Keys all at once, as a slow machine or a quick hand gives them; a word is typed letter by letter."""
    driver = pilot.app._driver
    assert driver is not None
    named = {"tab", "enter", "escape", "space", "down"}
    for word in keys:
        for key in [word] if word in named or "+" in word else word:
            key = "space" if key == " " else key
            event = events.Key(key, " " if key == "space" else key if len(key) == 1 else None)
            event.set_sender(pilot.app)
            driver.send_message(event)


def written(app: Any) -> str:
    """What stands in the box of the ticket; empty as long as there is none."""
    areas = app.screen.query("Composer TextArea")
    return str(areas.first().text) if areas else ""


async def test_a_form_gets_its_keys_its_fields_and_its_last_letters(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        app.screen.query_one(TicketList).go_to(OWN)
        rush(pilot, "h", "tab", "menunggu contoh berkas dari Andi", "ctrl+s")
        await until_true(pilot, lambda: desk.find_ticket(OWN).state == State.WAITING_CUSTOMER)
        assert desk.find_ticket(OWN).hold_reason == "menunggu contoh berkas dari Andi"


async def test_a_text_is_sent_whole_and_into_the_right_box(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        app.screen.query_one(TicketList).go_to(OWN)
        rush(pilot, "c", "sudah ditelepon hari ini", "ctrl+s", "c", "dan sekali lagi")
        await until_true(pilot, lambda: written(app) == "dan sekali lagi")
        await until_true(pilot, lambda: desk.ticket(OWN).entries[-1].body == "sudah ditelepon hari ini")


async def test_a_jump_typed_in_one_go(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        rush(pilot, "ctrl+g", "4187", "enter", "c", "halo")
        await until_true(pilot, lambda: written(app) == "halo")
        assert app.open_ticket_id == ticket_id(4187)


async def test_escape_and_a_key_at_once_reach_the_screen_below(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        rush(pilot, "ctrl+g", "41", "escape", "3")
        await until_true(pilot, lambda: app.current_mode == "knowledge")


async def test_a_paste_keeps_its_place_among_the_keys(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        rush(pilot, "ctrl+g")
        assert pilot.app._driver is not None
        pilot.app._driver.send_message(events.Paste("99"))
        rush(pilot, "5", "enter")
        await until_true(pilot, lambda: isinstance(app.screen, Jump) and app.screen.query_one(Input).value == "995")
        await settled(pilot)
        assert isinstance(app.screen, Jump)


async def test_a_widget_that_went_away_holds_nothing_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("msc_console.screens.key_order.PATIENCE_SECONDS", 0.01)
    async with at(desk) as (app, pilot):
        monkeypatch.setattr(app, "_follow", lambda *_args: None)  # the question is never answered
        rush(pilot, "down", "3")
        await until_true(pilot, lambda: app.current_mode == "knowledge")
