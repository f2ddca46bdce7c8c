"""Signing in at the console: password, code, a session elsewhere, and what central says in between."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from msc_console.config import Home, Settings
from msc_console.desk import Desk
from msc_console.errors import MscError, NotAllowed, Unreachable
from msc_console.screens.console import Console
from msc_console.screens.sign_in import SignInScreen
from tests.support.screens import screen_text

from .stage import settled, until, until_true

PASSWORD = "kuda putih di tepi kali"


class FakeSigningIn:
    """A central that knows one password and one code, and a session on another device."""

    asked: list[tuple[str, bool]]

    def __init__(self, home: Home, chosen: Settings, login: str, device_name: str = "") -> None:
        self.login = login
        type(self).asked = []

    def password(self, password: str) -> None:
        if password != PASSWORD:
            raise NotAllowed("credentials_wrong")

    def code(self, code: str, *, take_over: bool = False) -> None:
        self.asked.append((code, take_over))
        if code != "123456":
            raise NotAllowed("credentials_wrong")
        if not take_over:
            raise MscError("session_active")


async def enter(pilot: Pilot[Any], id: str, text: str) -> None:
    """Fills a line and presses Enter in it."""
    line = pilot.app.screen.query_one(id, Input)
    line.value = text
    line.focus()
    await pilot.press("enter")
    await settled(pilot)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, desk: Desk) -> Console:
    """A console at the sign-in, before the fake central."""
    monkeypatch.setattr("msc_console.desk.opening.SigningIn", FakeSigningIn)
    monkeypatch.setattr("msc_console.desk.opening.sit_down", lambda *_a, **_o: desk)
    return Console(Home(tmp_path / "msc"), Settings(central="https://pusat.example"), login="rina")


async def test_password_code_and_taking_over(app: Console) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await enter(pilot, "#password", "salah")
        await until(pilot, "Nama masuk, kata sandi, atau kode salah.")
        assert app.screen.query_one("#password", Input).value == ""
        await enter(pilot, "#password", PASSWORD)
        await until(pilot, "Kode dari autentikator")
        assert not app.screen.query_one("#password-part").display
        await enter(pilot, "#code", "999 999")
        await until(pilot, "Nama masuk, kata sandi, atau kode salah.")
        await enter(pilot, "#code", "123 456")
        await until(pilot, "^t ambil alih sesi")
        await pilot.press("ctrl+t")
        await until(pilot, "MSC-004211")
        assert FakeSigningIn.asked == [("999999", False), ("123456", False), ("123456", True)]
        assert app.current_mode == "queue"


async def test_esc_goes_back_to_the_password_and_never_out(app: Console) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("escape")
        await enter(pilot, "#password", PASSWORD)
        await until(pilot, "Kode dari autentikator")
        await pilot.press("escape")
        await until_true(pilot, lambda: app.screen.query_one("#password", Input).has_focus)
        assert app.screen.query_one("#password", Input).value == ""
        assert app.is_running


async def test_the_first_time_needs_central(app: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_self: object, _password: str) -> None:
        raise Unreachable("unreachable")

    monkeypatch.setattr(FakeSigningIn, "password", gone)
    app._login = "baru"
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.screen.query_one("#login", Input).value = "baru"
        await enter(pilot, "#password", PASSWORD)
        await until(pilot, "Pusat tidak terjangkau.")
        assert isinstance(app.screen, SignInScreen)


async def test_an_error_nobody_expected_keeps_the_sign_in_up(app: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_self: object, _password: str) -> None:
        raise RuntimeError(PASSWORD)

    monkeypatch.setattr(FakeSigningIn, "password", breaks)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await enter(pilot, "#password", PASSWORD)
        await until(pilot, "Rujukan:")
        assert PASSWORD not in screen_text(app)
