"""Opening a locked console: the password, how often, and what is asked where the password is not enough."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from msc_console.config import Home, Settings
from msc_console.desk import Desk
from msc_console.desk.wiping import Wiped
from msc_console.errors import Exit, MscError, NotAllowed, Unreachable
from msc_console.identity.errors import KeyringUnavailable, VaultLocked, WrongPassword
from msc_console.identity.offline_pass import PassRefused
from msc_console.messages import sentence
from msc_console.screens.console import Console
from msc_console.sync.status import SyncStatus
from tests.support.screens import screen_text

from .locks import PASSWORD, hidden, password
from .stage import NOW, at, press, settled, ticket_id, until, until_true


async def test_a_password_gets_to_no_clipboard(desk: Desk) -> None:
    async with at(desk) as (app, pilot):
        await press(pilot, "ctrl+l")
        await press(pilot, *"rahasia", "shift+home", "ctrl+c", "ctrl+x")
        assert app.clipboard == ""
        assert app.screen.query_one("#password", Input).value == "rahasia"


class Central:
    """A sign-in at central: this password, this code, and a session on another device."""

    needs_setup = False
    needs_password = False

    def __init__(self, _home: Any, _chosen: Any, login: str) -> None:
        assert login == "rina"

    def password(self, words: str) -> None:
        assert words == PASSWORD

    def code(self, code: str, *, take_over: bool = False) -> None:
        if code != "123456":
            raise NotAllowed("code_wrong")
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
        await until(pilot, "Kodenya salah")
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


@pytest.fixture
def ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Central has ended the session; what was done to the keys."""
    done: list[str] = []

    def unlock(_home: Any, _login: str, words: str) -> None:
        if words != PASSWORD:
            raise WrongPassword(9)
        done.append("unlock")

    desk.settings = replace(desk.settings, central="https://pusat.example")
    monkeypatch.setattr("msc_console.desk.opening.unlock", unlock)
    monkeypatch.setattr("msc_console.desk.opening.SigningIn", Central)
    monkeypatch.setattr("msc_console.desk.conversing.Conversation.start", lambda _self: None)
    return done


async def hear(app: Console, pilot: Pilot[Any], problem: str) -> None:
    app._status(SyncStatus(online=True, since=NOW, problem=problem))
    await settled(pilot)


@pytest.mark.parametrize("problem", ["signed_out", "session_superseded"])
async def test_a_session_that_central_has_ended_is_said_and_begun_again_from_the_lock(
    desk: Desk, ended: list[str], problem: str
) -> None:
    async with at(desk) as (app, pilot):
        await hear(app, pilot, problem)
        text = screen_text(app)
        assert "sudah keluar" in text.split("\n")[0]
        assert "daring" not in text.split("\n")[0]
        assert "^l, kata sandi, dan kode" in app.told
        await press(pilot, "ctrl+l")
        await password(pilot, PASSWORD)
        await until(pilot, "Kode dari autentikator")
        await press(pilot, *"123456", "enter")
        await until(pilot, "^t ambil alih sesi")
        await press(pilot, "ctrl+t")
        await until_true(pilot, lambda: not app.locked)
        assert ended == []


async def test_without_the_telephone_the_password_goes_on_without_central(desk: Desk, ended: list[str]) -> None:
    async with at(desk) as (app, pilot):
        await hear(app, pilot, "signed_out")
        await press(pilot, "ctrl+l")
        await password(pilot, PASSWORD)
        await until(pilot, "Kode dari autentikator")
        await press(pilot, "escape")
        assert hidden(app)  # the password has to be shown again: nobody gets in by Esc
        await password(pilot, PASSWORD)
        await until_true(pilot, lambda: not app.locked)
        assert ended == ["unlock"]


@pytest.mark.parametrize("error", [Unreachable("unreachable"), NotAllowed("credentials_wrong")])
async def test_a_central_that_is_of_no_help_locks_nobody_out(
    desk: Desk, ended: list[str], error: MscError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Any, _words: str) -> None:
        raise error

    monkeypatch.setattr(Central, "password", refuse)
    async with at(desk) as (app, pilot):
        await hear(app, pilot, "signed_out")
        await press(pilot, "ctrl+l")
        await password(pilot, PASSWORD)
        await settled(pilot)
        if not isinstance(error, Unreachable):
            await until(pilot, "Nama masuk, kata sandi, atau kode salah.")
            await password(pilot, PASSWORD)
        await until_true(pilot, lambda: not app.locked)
        assert ended == ["unlock"]


async def test_an_authenticator_that_was_set_back_is_set_up_elsewhere(
    desk: Desk, ended: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Central, "needs_setup", True)
    async with at(desk) as (app, pilot):
        await hear(app, pilot, "signed_out")
        await press(pilot, "ctrl+l")
        await password(pilot, PASSWORD)
        await until(pilot, "Autentikator harus dipasang dulu")
        assert hidden(app)


async def test_a_laptop_that_was_revoked_says_so_and_ends(
    desk: Desk, ended: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wiped(_self: Any, _words: str) -> None:
        raise Wiped(None, unsent=True)

    monkeypatch.setattr(Central, "password", wiped)
    async with at(desk) as (app, pilot):
        await hear(app, pilot, "signed_out")
        await press(pilot, "ctrl+l")
        await password(pilot, PASSWORD)
        await until_true(pilot, lambda: app.return_code == int(Exit.NOT_ALLOWED))


async def test_what_is_typed_while_a_password_is_looked_at_is_not_lost(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, go_on = threading.Event(), threading.Event()

    def slow(*_args: Any) -> None:
        looked.set()
        go_on.wait(5)
        raise WrongPassword(9)

    monkeypatch.setattr("msc_console.desk.opening.unlock", slow)
    async with at(desk) as (app, pilot):
        await press(pilot, "ctrl+l")
        await password(pilot, "salah")
        await until_true(pilot, looked.is_set)
        await press(pilot, *"kuda")
        go_on.set()
        await until(pilot, "9 percobaan lagi")
        assert app.screen.query_one("#password", Input).value == "kuda"


@pytest.mark.parametrize("error", [Wiped(None, unsent=False), KeyringUnavailable("absent"), VaultLocked()])
async def test_what_refuses_a_sign_in_is_said_in_full(
    tmp_path: Path, error: MscError, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A revoked laptop, no keyring, ten wrong passwords: the whole sentence fits the smallest window."""

    class Refusing(Central):
        def __init__(self, *_args: Any, **_more: Any) -> None:
            pass

        def password(self, _words: str, _former: str | None = None) -> None:
            raise error

    monkeypatch.setattr("msc_console.desk.opening.SigningIn", Refusing)
    app = Console(Home(tmp_path / "msc"), Settings(central="https://pusat.example"), login="rina")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.screen.query_one("#password", Input).value = PASSWORD
        app.screen.query_one("#password", Input).focus()
        await pilot.press("enter")
        meant = sentence(error.key, error.data)
        await until_true(pilot, lambda: " ".join(meant.split()) in _words(app))
        assert app.screen.query_one("#password", Input).value == ""


def _words(app: Console) -> str:
    return " ".join(screen_text(app).replace("\u2502", " ").split())


async def test_a_password_that_was_set_back_is_replaced_elsewhere(
    desk: Desk, ended: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Central, "needs_password", True)
    async with at(desk) as (app, pilot):
        await hear(app, pilot, "signed_out")
        await press(pilot, "ctrl+l")
        await password(pilot, PASSWORD)
        await until(pilot, "diketahui orang lain")
        assert hidden(app)
