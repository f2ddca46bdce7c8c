"""The lock: it hides everything, a flag keeps it there whatever asks, and the password alone takes it away."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.widgets import Input

from msc_console import clock
from msc_console.desk import Desk
from msc_console.errors import MscError
from msc_console.identity.errors import WrongPassword
from msc_console.screens.composer import Composer
from msc_console.screens.confirm import Confirm
from msc_console.screens.console import Console
from msc_console.screens.jump import Jump
from tests.support.golden import Golden
from tests.support.screens import screen_text

from .locks import PASSWORD, hidden, password
from .stage import SIZES, at, press, settled, ticket_id, until, until_true

CLICKS = ("[ @click=app.quit]x", "[5% @click=app.pop_screen]x", '[link="]', "[@click=app.switch_mode('queue')]x")
"""What a ticket may say to get a lock out of the way."""


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A vault that one password opens; what was done to the keys, in order."""
    done: list[str] = []

    def unlock(_home: Any, login: str, password: str) -> None:
        if password != PASSWORD:
            raise WrongPassword(7)
        done.append(f"unlock {login}")

    monkeypatch.setattr("msc_console.desk.opening.unlock", unlock)
    for room in ("conversing", "opening"):
        name = f"msc_console.desk.{room}.end_session"
        monkeypatch.setattr(name, lambda _home, login: done.append(f"forget {login}"))
    return done


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_key_hides_everything_and_the_password_brings_it_back(
    desk: Desk, keys: list[str], size: tuple[int, int], golden: Golden
) -> None:
    async with at(desk, size) as (app, pilot):
        app.open_ticket(ticket_id(4211))
        await settled(pilot)
        before = screen_text(app)
        await press(pilot, "ctrl+l")
        assert hidden(app)
        assert keys == ["forget rina"]
        golden(f"screens/locked_{size[0]}x{size[1]}", screen_text(app))
        await password(pilot, "salah")
        await until(pilot, "7 percobaan lagi")
        assert hidden(app)
        assert app.screen.query_one("#password", Input).value == ""
        await password(pilot, PASSWORD)
        await until_true(pilot, lambda: not app.locked)
        await settled(pilot)
        assert screen_text(app) == before
        assert keys == ["forget rina", "unlock rina"]


async def test_a_form_that_is_open_is_hidden_too_and_there_again_afterwards(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        await press(pilot, "ctrl+g")
        form = app.screen
        await press(pilot, "4", "2")
        await press(pilot, "ctrl+l")
        assert hidden(app)
        await password(pilot, PASSWORD)
        await until_true(pilot, lambda: app.screen is form)
        assert form.query_one(Input).value == "42"


@pytest.mark.parametrize("words", CLICKS)
async def test_nothing_gets_the_lock_out_of_the_way(desk: Desk, words: str) -> None:
    async with at(desk) as (app, pilot):
        await press(pilot, "ctrl+l")
        app.notify(words)
        app.tell(words, warn=True, seconds=60)
        app.tell_error(MscError("held", holder=words))
        app.pop_screen()
        app.switch_mode("queue")
        app.push_screen(Confirm(words, words, key="y", yes=words, no=words))
        app.switch_screen(Confirm(words, words, key="y", yes=words, no=words))
        app.open_ticket(ticket_id(4211))
        for action in ("app.pop_screen", "app.switch_mode('queue')", "app.quit", "app.push_screen('x')"):
            await app.run_action(action)
        await app.run_action("app.simulate_key('x')")
        await settled(pilot)
        assert app.screen.query_one("#password", Input).value == ""
        await pilot.click(offset=(2, 2))
        await press(pilot, "escape", "1", "question_mark", "ctrl+p", "ctrl+g", "tab", "ctrl+l")
        assert hidden(app)
        assert not app._notifications
        assert app.told == ""
        assert "x" not in screen_text(app).split()


async def test_what_wanted_to_be_shown_under_the_lock_is_there_after_it(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        await press(pilot, "ctrl+l")
        app.open_ticket(ticket_id(4211))
        await settled(pilot)
        assert hidden(app)
        await password(pilot, PASSWORD)
        await until(pilot, "MSC-004211")
        assert app.current_mode == "ticket"


async def test_what_came_meanwhile_is_shown_in_its_order(desk: Desk) -> None:
    """A list of results, the end of a form that was waiting, a ticket beside one that is open already."""
    async with at(desk) as (app, pilot):
        app.open_ticket(ticket_id(4198))
        await settled(pilot)
        await press(pilot, "ctrl+g")
        form = app.screen
        assert isinstance(form, Jump)
        await press(pilot, "ctrl+l")
        app.tell_error(MscError("held", holder="Bagus"))
        form.dismiss(ticket_id(4211))
        app.push_screen(Confirm("Hasil", "Hasil perbuatan", key="y", yes="ya", no="tidak"))
        await settled(pilot)
        assert hidden(app)
        await password(pilot, PASSWORD)
        await until(pilot, "Hasil perbuatan")
        await press(pilot, "escape")
        await until(pilot, "MSC-004211")
        assert "memegang tiket ini" in app.told
        await press(pilot, "escape")
        assert app.current_mode == "queue"


@pytest.mark.parametrize("words", ["app.pop_screen", "app.switch_mode('ticket')", "app.push_screen('ticket')"])
async def test_nothing_that_a_text_asked_for_comes_after_the_lock(desk: Desk, words: str) -> None:
    async with at(desk) as (app, pilot):
        await press(pilot, "ctrl+g", "ctrl+l")
        await app.run_action(words)
        await password(pilot, PASSWORD)
        await until_true(pilot, lambda: not app.locked)
        await settled(pilot)
        assert isinstance(app.screen, Jump)
        assert app.current_mode == "queue"


async def test_what_was_told_when_it_was_locked_is_not_seen(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        app.tell("Catatan MSC-004211", seconds=60)
        app.notify("Catatan MSC-004211")
        await settled(pilot)
        await press(pilot, "ctrl+l")
        assert hidden(app)


async def test_what_is_being_written_is_kept(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        app.open_ticket(ticket_id(4211))
        await settled(pilot)
        await press(pilot, "c", *"tulisanku")
        await press(pilot, "ctrl+l")
        assert "tulisanku" not in screen_text(app)
        await password(pilot, PASSWORD)
        await until(pilot, "tulisanku")


async def test_nobody_there_for_ten_minutes_locks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at(desk) as (app, pilot):
        steady, wall = app._last_touch
        app._last_touch = (steady - 599, wall)
        assert not app.lock_when_idle()
        await press(pilot, "j")  # somebody is there
        assert app.idle() < timedelta(minutes=1)
        app._last_touch = (steady, clock.now() - timedelta(minutes=10))  # the laptop slept
        assert app.lock_when_idle()
        await settled(pilot)
        assert hidden(app)


@pytest.mark.parametrize("touch", ["key", "paste", "click"])
async def test_a_laptop_that_wakes_up_is_locked_before_it_is_heard(desk: Desk, touch: str) -> None:
    async with at(desk) as (app, pilot):
        app.open_ticket(ticket_id(4211))
        await settled(pilot)
        await press(pilot, "c", "a")
        app._last_touch = (app._last_touch[0], clock.now() - timedelta(minutes=10))
        if touch == "key":
            await pilot.press("b")
        elif touch == "paste":
            app.post_message(events.Paste("bb"))
        else:
            await pilot.mouse_down(offset=(5, 5))
        await until_true(pilot, lambda: app.locked)
        await settled(pilot)
        assert hidden(app)
        assert app.screen.query_one("#password", Input).value == ""
        await password(pilot, PASSWORD)
        await until_true(pilot, lambda: not app.locked)
        assert app.screen.query_one(Composer).text == "a"


async def test_a_console_whose_session_ended_locks_by_itself(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """By `msc lock` in another window, because its time is over, or because the vault is gone."""
    async with at(desk) as (app, pilot):
        monkeypatch.setattr(desk.unlocked.signer, "answers", lambda: False)
        app.lock_when_over()
        await until_true(pilot, lambda: app._missed == 1)  # one that is being replaced is away for a moment
        assert not app.locked
        app.lock_when_over()
        await until_true(pilot, lambda: app.locked)
        await settled(pilot)
        assert hidden(app)


async def test_a_session_that_is_replaced_locks_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at(desk) as (app, pilot):
        for there in (False, True, False):
            missed = app._missed
            monkeypatch.setattr(desk.unlocked.signer, "answers", lambda there=there: there)
            app.lock_when_over()
            await until_true(pilot, lambda missed=missed: app._missed != missed)
        assert not app.locked


async def test_what_is_unsent_is_sealed_before_the_keys_go(desk: Desk, keys: list[str]) -> None:
    note = desk.note(ticket_id(4211), "Belum terkirim.")
    reply = desk.reply(ticket_id(4211), "Sedang kami periksa.", hold=timedelta(seconds=10))
    async with at(desk) as (_app, pilot):
        await press(pilot, "ctrl+l")
        await until_true(pilot, lambda: keys == ["forget rina"])
        assert [desk.act(done.op).state for done in (note, reply)] == ["sealed", "sealed"]


async def test_keys_go_also_where_nothing_can_be_sealed(
    desk: Desk, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_args: Any) -> None:
        raise MscError("cache_busy")

    monkeypatch.setattr("msc_console.desk.syncing.CacheDisk.seal_all", busy)
    async with at(desk) as (app, pilot):
        await press(pilot, "ctrl+l")
        await until_true(pilot, lambda: keys == ["forget rina"])
        assert hidden(app)


@pytest.mark.parametrize(("site", "laptop", "meant"), [(10, 10, 10), (5, 10, 5), (10, 3, 3), (60, 60, 60)])
async def test_site_and_laptop_may_each_ask_for_less(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, site: int, laptop: int, meant: int
) -> None:
    desk.settings = replace(desk.settings, lock_minutes=laptop)
    desk._world = replace(desk.world, lock_minutes=site)
    async with at(desk) as (app, _pilot):
        assert app.lock_after() == timedelta(minutes=meant)


async def test_a_sign_in_is_not_locked(tmp_path: Path) -> None:
    from msc_console.config import Home, Settings

    app = Console(Home(tmp_path / "msc"), Settings(central="https://pusat.example"), login="rina")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "ctrl+l")
        app.lock_when_idle()
        assert not app.locked


async def test_quitting_under_the_lock_asks_nothing(desk: Desk) -> None:
    desk.note(ticket_id(4211), "Belum terkirim.")
    async with at(desk) as (app, pilot):
        await press(pilot, "ctrl+l")
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert app.return_code == 0


async def test_the_end_of_the_shift_says_what_is_unsent(
    desk: Desk, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_out: list[str] = []
    monkeypatch.setattr("msc_console.desk.conversing.sign_out", lambda one: signed_out.append(one.unlocked.login))
    desk.note(ticket_id(4211), "Belum terkirim.")
    async with at(desk) as (app, pilot):
        await press(pilot, "ctrl+p")
        await pilot.press(*"keluar sesi")
        await settled(pilot)
        await press(pilot, "enter")
        await until(pilot, "1 perbuatan belum terkirim")
        await press(pilot, "escape")
        assert signed_out == []
        app.do_app_sign_out()
        await settled(pilot)
        await pilot.press("y")
        await until_true(pilot, lambda: app.return_code is not None)
        assert (signed_out, keys) == (["rina"], ["forget rina"])
