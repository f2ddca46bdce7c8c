"""Signing in at the console: password, code, a session elsewhere, and what central says in between."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from msc_console import authenticator
from msc_console.config import Home, Settings
from msc_console.desk import Desk
from msc_console.desk.opening import SigningIn
from msc_console.errors import MscError, NotAllowed, Unreachable
from msc_console.identity.errors import WrongPassword
from msc_console.screens.console import THEMES, Console
from msc_console.screens.sign_in import SignInScreen
from msc_console.sync.wire_accounts import Seed
from tests.support.golden import Golden
from tests.support.screens import screen_text

from .stage import SIZES, settled, until, until_true

PASSWORD = "kuda putih di tepi kali"
OWN = "burung camar pulang petang"
INVITATION = "ABCD-EFGH"
SEED = Seed("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "otpauth://totp/Pusat:rina?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
RECOVERY = tuple(f"{letter * 4}-{letter * 4}-{letter * 4}-{letter * 4}-{letter * 4}-2345" for letter in "ABCDEFGHIJ")


class FakeSigningIn:
    """A central that knows one password and one code, and a session on another device."""

    asked: list[tuple[str, bool]]

    clock_off = timedelta(0)
    needs_setup = False
    needs_password = False
    enrolled = True
    own = ""

    def __init__(self, home: Home, chosen: Settings, login: str, device_name: str = "", enrolment: str = "") -> None:
        self.login, self.enrolment = login, enrolment
        type(self).asked = []

    def password(self, password: str, former: str | None = None) -> None:
        if not self.enrolled and self.enrolment != INVITATION:
            raise NotAllowed("enrolment_wrong" if self.enrolment else "enrolment_needed")
        if password != PASSWORD:
            raise NotAllowed("credentials_wrong")

    def own_password(self, new: str, again: str) -> None:
        SigningIn.own_password(self, new, again)  # type: ignore[arg-type]
        self.own = new

    def seed(self) -> Seed:
        return SEED

    def confirm(self, first: str, second: str) -> list[str]:
        if self.needs_password and self.own != OWN:
            raise MscError("password_guessable")
        if (first, second) != ("111111", "222222"):
            raise MscError("code_clock", seconds=120)
        return list(RECOVERY)

    def close(self) -> None:
        pass

    def code(self, code: str, *, take_over: bool = False) -> None:
        if self.needs_password and self.own != OWN:
            raise MscError("password_guessable")
        self.asked.append((code, take_over))
        if code != "123456":
            raise NotAllowed("code_wrong")
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
        await until(pilot, "Kodenya salah")
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
    def gone(_self: object, *_words: object) -> None:
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
    def breaks(_self: object, *_words: object) -> None:
        raise RuntimeError(PASSWORD)

    monkeypatch.setattr(FakeSigningIn, "password", breaks)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await enter(pilot, "#password", PASSWORD)
        await until(pilot, "Rujukan:")
        assert PASSWORD not in screen_text(app)


async def test_a_new_laptop_is_asked_for_its_code(app: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSigningIn, "enrolled", False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert not app.screen.query_one("#enrolment-part").display
        await enter(pilot, "#password", PASSWORD)
        await until(pilot, "Laptop ini baru di sini.")
        assert app.screen.query_one("#password", Input).value == PASSWORD
        await enter(pilot, "#enrolment", "WXYZ")
        await until(pilot, "Kode untuk laptop baru salah")
        await enter(pilot, "#enrolment", INVITATION)
        await until(pilot, "Kode dari autentikator")
        assert not app.screen.query_one("#enrolment-part").display


async def test_a_clock_that_is_off_is_said_with_the_code(app: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSigningIn, "clock_off", timedelta(seconds=-61))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await enter(pilot, "#password", PASSWORD)
        await until(pilot, "61 detik")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_an_authenticator_is_set_up(
    app: Console, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], golden: Golden
) -> None:
    monkeypatch.setattr(FakeSigningIn, "needs_setup", True)
    name = f"{size[0]}x{size[1]}"
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await enter(pilot, "#password", PASSWORD)
        await until(pilot, "JBSW Y3DP EHPK 3PXP")
        golden(f"screens/authenticator_{name}", screen_text(app))
        await enter(pilot, "#first", "333333")
        await enter(pilot, "#second", "444444")
        await until(pilot, "120 d")
        await enter(pilot, "#first", "111 111")
        await enter(pilot, "#second", "222222")
        await until(pilot, RECOVERY[9])
        golden(f"screens/recovery_{name}", screen_text(app))
        await pilot.press("enter")
        await until(pilot, "MSC-004211")
        assert "JJJJ" not in screen_text(app)


async def test_going_back_from_the_set_up_asks_for_the_password(app: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSigningIn, "needs_setup", True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await enter(pilot, "#password", PASSWORD)
        await until(pilot, "JBSW Y3DP EHPK 3PXP")
        await pilot.press("escape")
        await until_true(pilot, lambda: isinstance(app.screen, SignInScreen))
        assert app.screen.query_one("#password", Input).value == ""
        assert "JBSW" not in screen_text(app)


async def test_a_password_that_was_changed_elsewhere_asks_for_the_former_one(
    app: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[str, str | None]] = []

    def password(_self: object, words: str, former: str | None = None) -> None:
        shown.append((words, former))
        if former != "yang lama":
            raise WrongPassword(9)

    monkeypatch.setattr(FakeSigningIn, "password", password)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert not app.screen.query_one("#former-part").display
        await enter(pilot, "#password", PASSWORD)
        await until(pilot, "9 percobaan lagi")
        await until(pilot, "Kata sandi lama")
        app.screen.query_one("#password", Input).value = PASSWORD
        await enter(pilot, "#former", "yang lama")
        await until(pilot, "Kode dari autentikator")
        assert shown == [(PASSWORD, None), (PASSWORD, "yang lama")]


@pytest.mark.parametrize("theme", THEMES)
async def test_a_telephone_can_read_the_code_in_every_theme(
    app: Console, theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every module of it, white on black: no theme turns it around or takes its contrast."""
    monkeypatch.setattr(FakeSigningIn, "needs_setup", True)
    async with app.run_test(size=(80, 24)) as pilot:
        app.theme = theme
        await settled(pilot)
        await enter(pilot, "#password", PASSWORD)
        await until(pilot, "Pindai kode")
        rows = authenticator.rows(SEED.uri)
        assert [line[: len(rows[0])] for line in screen_text(app).split("\n")[: len(rows)]] == rows
        code = app.screen.query_one("#code")
        painted = [segment for y in range(code.size.height) for segment in code.render_line(y)]
        colours = {(str(piece.style.color.name), str(piece.style.bgcolor.name)) for piece in painted if piece.style}
        assert colours == {("#ffffff", "#000000")}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_password_that_others_were_told_is_replaced_before_the_code(
    app: Console, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], golden: Golden
) -> None:
    monkeypatch.setattr(FakeSigningIn, "needs_password", True)
    name = f"{size[0]}x{size[1]}"
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await enter(pilot, "#password", PASSWORD)
        await until(pilot, "Kata sandi Anda sendiri")
        golden(f"screens/own_password_{name}", screen_text(app))
        await enter(pilot, "#new", OWN)
        await enter(pilot, "#again", "burung camar pulang siang")
        await until(pilot, "baru berbeda")
        assert app.screen.query_one("#new", Input).value == ""
        await enter(pilot, "#new", "pendek")
        await enter(pilot, "#again", "pendek")
        await until(pilot, "paling sedikit 15")
        await enter(pilot, "#new", "kata sandi kata sandi")
        await enter(pilot, "#again", "kata sandi kata sandi")
        await until(pilot, "Kode dari autentikator")
        await enter(pilot, "#code", "123456")
        await until(pilot, "mudah ditebak")
        assert FakeSigningIn.asked == []
        await enter(pilot, "#new", OWN)
        await enter(pilot, "#again", OWN)
        await until(pilot, "Kode dari autentikator")
        await enter(pilot, "#code", "123456")
        await until(pilot, "^t ambil alih sesi")
        assert OWN not in screen_text(app)


async def test_an_unfit_password_is_replaced_at_the_set_up_with_the_same_seed(
    app: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeSigningIn, "needs_password", True)
    monkeypatch.setattr(FakeSigningIn, "needs_setup", True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await enter(pilot, "#password", PASSWORD)
        for word in ("kata sandi kata sandi", OWN):
            await until(pilot, "Kata sandi Anda sendiri")
            await enter(pilot, "#new", word)
            await enter(pilot, "#again", word)
            await until(pilot, "JBSW Y3DP EHPK 3PXP")
            await enter(pilot, "#first", "111111")
            await enter(pilot, "#second", "222222")
        await until(pilot, RECOVERY[9])


async def test_going_back_from_the_own_password_asks_for_the_first_one(
    app: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeSigningIn, "needs_password", True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await enter(pilot, "#password", PASSWORD)
        await until(pilot, "Kata sandi Anda sendiri")
        await pilot.press("escape")
        await until_true(pilot, lambda: isinstance(app.screen, SignInScreen))
        assert app.screen.query_one("#password", Input).value == ""
