"""Opening a locked console: the password, how often, and what is asked where the password is not enough."""

from dataclasses import replace
from typing import Any

import pytest
from textual.widgets import Input

from msc_console.desk import Desk
from msc_console.errors import MscError, NotAllowed, Unreachable
from msc_console.identity.errors import VaultLocked, WrongPassword
from msc_console.identity.offline_pass import PassRefused
from tests.support.screens import screen_text

from .locks import PASSWORD, hidden, password
from .stage import at, press, settled, ticket_id, until, until_true


async def test_a_password_gets_to_no_clipboard(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        await press(pilot, "ctrl+l")
        await press(pilot, *"rahasia", "shift+home", "ctrl+c", "ctrl+x")
        assert app.clipboard == ""
        assert app.screen.query_one("#password", Input).value == "rahasia"


class Central:
    """A sign-in at central: this password, this code, and a session on another device."""

    needs_setup = False

    def __init__(self, _home: Any, _chosen: Any, login: str) -> None:
        assert login == "rina"

    def password(self, words: str) -> None:
        assert words == PASSWORD

    def code(self, code: str, *, take_over: bool = False) -> None:
        if code != "123456":
            raise NotAllowed("credentials_wrong")
        if not take_over:
            raise MscError("session_active")

    def close(self) -> None:
        pass


@pytest.fixture
def over(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> type[Central]:
    """The pass for working without central is over."""

    def refuse(_home: Any, _login: str, words: str) -> None:
        if words != PASSWORD:
            raise WrongPassword(9)
        raise PassRefused("over", until="2026-11-24T02:00:00Z")

    desk.settings = replace(desk.settings, central="https://pusat.example")
    monkeypatch.setattr("msc_console.desk.opening.unlock", refuse)
    monkeypatch.setattr("msc_console.desk.opening.SigningIn", Central)
    monkeypatch.setattr("msc_console.desk.conversing.Conversation.start", lambda _self: None)
    return Central


async def test_over_its_pass_it_opens_by_password_and_code_at_central(desk: Desk, over: type[Central]) -> None:
    async with at(desk) as (app, pilot):
        app.open_ticket(ticket_id(4211))
        await settled(pilot)
        await press(pilot, "c", *"tulisanku", "ctrl+l")
        await password(pilot, "salah")
        await until(pilot, "9 percobaan lagi")
        await password(pilot, PASSWORD)
        await until(pilot, "Kode dari autentikator")
        assert "tulisanku" not in screen_text(app)
        await press(pilot, *"999 999", "enter")
        await until(pilot, "Nama masuk, kata sandi, atau kode salah.")
        await press(pilot, *"123 456", "enter")
        await until(pilot, "^t ambil alih sesi")
        await press(pilot, "ctrl+t")
        await until_true(pilot, lambda: not app.locked)
        await until(pilot, "tulisanku")


async def test_over_its_pass_and_without_central_it_stays_shut_and_says_why(
    desk: Desk, over: type[Central], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_self: Any, _words: str) -> None:
        raise Unreachable("unreachable")

    monkeypatch.setattr(over, "password", gone)
    async with at(desk) as (app, pilot):
        await press(pilot, "ctrl+l")
        await password(pilot, PASSWORD)
        await until(pilot, "berakhir pada")
        assert hidden(app)
        assert app.screen.query_one("#password", Input).has_focus


async def test_ten_wrong_passwords_end_with_what_is_left_to_do(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_args: Any) -> None:
        raise VaultLocked

    monkeypatch.setattr("msc_console.desk.opening.unlock", closed)
    async with at(desk) as (app, pilot):
        await press(pilot, "ctrl+l")
        await password(pilot, "salah")
        await until(pilot, "msc vault recover")
        assert hidden(app)
