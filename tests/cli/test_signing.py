"""Coming and going: with central, without it, and what is said about unsent work."""

import io
import json
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from msc_console import clock
from msc_console.cli import seats, signing
from msc_console.config import Home
from msc_console.desk import Desk, conversing, opening
from msc_console.errors import Exit, MscError, UsageError
from msc_console.identity import vault
from msc_console.identity.agent import Client
from msc_console.identity.errors import WrongPassword
from msc_console.identity.kdf import TEST
from msc_console.sync.faults import Broken, Declined, Fault
from msc_console.sync.wire import Problem
from msc_console.sync.wire_accounts import Seed
from tests.support.passes import give

from .conftest import SECRET, Msc

PASSWORD = "kuda putih di tepi kali"
linux = pytest.mark.skipif(sys.platform == "win32", reason="the session needs a Unix socket")


class Flow:
    """A sign-in whose steps raise what a test says, in order; None lets a step pass."""

    steps: list[MscError | None] = []  # noqa: RUF012
    seen: list[tuple[str, str, bool]] = []  # noqa: RUF012
    invitations: list[str] = []  # noqa: RUF012
    setup = False
    change = False

    clock_off = timedelta(0)

    def __init__(
        self, home: Home, chosen: object, login: str, device: str, *, recovered: object, enrolment: str
    ) -> None:
        assert recovered is None
        self.login, self.enrolment = login, enrolment
        self.needs_setup, self.needs_password = Flow.setup, Flow.change

    def password(self, password: str, former: str | None = None) -> None:
        Flow.invitations.append(self.enrolment)
        self._step("password", password, False)
        if former is not None:
            Flow.seen.append(("former", former, False))

    def code(self, code: str, *, take_over: bool = False) -> None:
        self._step("code", code, take_over)

    def own_password(self, new: str, again: str) -> None:
        self._step("own", f"{new}|{again}", False)

    def close(self) -> None:
        pass

    def seed(self) -> Seed:
        return Seed("ABCDEFGH", "otpauth://totp/uji:rina?secret=ABCDEFGH")

    def confirm(self, first: str, second: str) -> list[str]:
        self._step("confirm", f"{first} {second}", False)
        return ["AAAA-BBBB", "CCCC-DDDD"]

    def _step(self, name: str, value: str, take_over: bool) -> None:
        Flow.seen.append((name, value, take_over))
        error = Flow.steps.pop(0) if Flow.steps else None
        if error is not None:
            raise error


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> type[Flow]:
    Flow.steps, Flow.seen, Flow.invitations, Flow.setup = [], [], [], False
    Flow.change = False
    monkeypatch.setattr(opening, "SigningIn", Flow)
    monkeypatch.setattr(signing, "_first_sync", lambda home, chosen: None)
    return Flow


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, msc: Msc) -> Callable[..., Any]:
    """`msc login` on a terminal with these lines typed."""

    def call(*words: str, lines: str) -> Any:
        monkeypatch.setattr(seats, "terminal", lambda: True)
        monkeypatch.setattr(seats, "ask_secret", lambda prompt: sys.stdin.readline().strip())
        return msc("login", *words, stdin=lines)

    return call


def declined(code: str, status: int = 401, **data: object) -> Declined:
    return Declined(Problem("about:blank", code, status, code, data=data))


def test_two_lines_of_standard_input(msc: Msc, flow: type[Flow]) -> None:
    ran = msc("login", "--user", "rina", "--stdin", stdin=f"{PASSWORD}\n123456\n")
    assert (ran.code, ran.out) == (Exit.OK, "")
    assert flow.seen == [("password", PASSWORD, False), ("code", "123456", False)]
    assert "rina" in ran.err


def test_a_wrong_code_from_a_script_is_final(msc: Msc, flow: type[Flow]) -> None:
    flow.steps = [None, declined("code_wrong")]
    ran = msc("login", "-u", "rina", "--stdin", stdin=f"{PASSWORD}\n1\n")
    assert ran.code == Exit.NOT_ALLOWED
    assert len(flow.seen) == 2


def test_another_device_is_signed_in(msc: Msc, flow: type[Flow], typed: Callable[..., Any]) -> None:
    flow.steps = [None, declined("session_active", 409)]
    script = msc("login", "-u", "rina", "--stdin", stdin=f"{PASSWORD}\n123456\n")
    assert script.code == Exit.CONFLICT
    flow.steps, flow.seen[:] = [None, declined("session_active", 409)], []
    assert typed("-u", "rina", lines=f"{PASSWORD}\n123456\ny\n").code == Exit.OK
    assert flow.seen[1:] == [("code", "123456", False), ("code", "123456", True)]
    flow.steps, flow.seen[:] = [None, declined("session_active", 409)], []
    assert typed("-u", "rina", lines=f"{PASSWORD}\n123456\nn\n").code == Exit.CONFLICT
    flow.steps, flow.seen[:] = [], []
    assert msc("login", "-u", "rina", "--stdin", "--take-over", stdin=f"{PASSWORD}\n123456\n").code == Exit.OK
    assert flow.seen[1] == ("code", "123456", True)


def test_a_password_changed_elsewhere_asks_for_the_former_one(flow: type[Flow], typed: Callable[..., Any]) -> None:
    flow.steps = [WrongPassword(9)]
    ran = typed("-u", "rina", lines=f"{PASSWORD}\nkata sandi yang lama\n123456\n")
    assert ran.code == Exit.OK
    assert flow.seen[1:3] == [("password", PASSWORD, False), ("former", "kata sandi yang lama", False)]
    assert "9 percobaan" in ran.err


def test_a_password_that_others_were_told_is_replaced_first(
    msc: Msc, flow: type[Flow], typed: Callable[..., Any]
) -> None:
    flow.change = True
    flow.steps = [None, UsageError("passwords_differ"), None, declined("password_guessable", 400)]
    ran = typed("-u", "rina", lines=f"{PASSWORD}\nsatu\nsalah\nsatu\nsatu\n111111\ndua\ndua\n222222\n")
    assert ran.code == Exit.OK, ran.err
    assert [value for _name, value, _over in flow.seen] == [
        PASSWORD, "satu|salah", "satu|satu", "111111", "dua|dua", "222222",
    ]  # fmt: skip
    assert "diketahui orang lain" in ran.err.replace("\n", " ")
    flow.seen[:] = []
    done = msc("login", "-u", "rina", "--stdin", stdin=f"{PASSWORD}\n123456\nbaru\n")
    assert (done.code, [value for _name, value, _over in flow.seen]) == (Exit.OK, [PASSWORD, "baru|baru", "123456"])
    assert msc("login", "-u", "rina", "--stdin", stdin=f"{PASSWORD}\n123456\n").code == Exit.USAGE


def test_an_unfit_password_is_replaced_at_the_set_up(flow: type[Flow], typed: Callable[..., Any]) -> None:
    flow.change = flow.setup = True
    flow.steps = [None, None, declined("password_guessable", 400)]
    ran = typed("-u", "rina", lines=f"{PASSWORD}\nsatu\nsatu\n1\n2\ndua\ndua\n3\n4\n\n")
    assert ran.code == Exit.OK, ran.err
    assert [value for _name, value, _over in flow.seen] == [PASSWORD, "satu|satu", "1 2", "dua|dua", "3 4"]


def test_a_script_is_not_asked_for_a_former_password(msc: Msc, flow: type[Flow]) -> None:
    flow.steps = [WrongPassword()]
    ran = msc("login", "-u", "rina", "--stdin", stdin=f"{PASSWORD}\n123456\n")
    assert (ran.code, len(flow.seen)) == (Exit.NOT_ALLOWED, 1)


def test_a_new_laptop_is_let_in_by_a_code(msc: Msc, flow: type[Flow], typed: Callable[..., Any]) -> None:
    assert typed("-u", "rina", "--enrol", lines=f"ABCD EFGH\n{PASSWORD}\n123456\n").code == Exit.OK
    assert msc("login", "-u", "rina", "--enrol", "--stdin", stdin=f"WXYZ\n{PASSWORD}\n123456\n").code == Exit.OK
    assert flow.invitations == ["ABCD EFGH", "WXYZ"]
    flow.steps, flow.invitations[:] = [declined("enrolment_needed", 403)], []
    ran = typed("-u", "rina", lines=f"{PASSWORD}\nABCD-EFGH\n123456\n")
    assert (ran.code, flow.invitations) == (Exit.OK, ["", "ABCD-EFGH"])
    assert "baru di sini" in ran.err.replace("\n", " ")
    flow.steps = [declined("enrolment_needed", 403)]
    assert msc("login", "-u", "rina", "--stdin", stdin=f"{PASSWORD}\n1\n").code == Exit.NOT_ALLOWED


def test_an_authenticator_is_set_up_on_the_other_screen(flow: type[Flow], typed: Callable[..., Any]) -> None:
    flow.setup, flow.steps = True, [None, declined("code_clock", seconds=90)]
    ran = typed("-u", "rina", lines=f"{PASSWORD}\n111 111\n222222\n333333\n444444\n\n")
    assert ran.code == Exit.OK
    confirmed = [value for name, value, _over in flow.seen if name == "confirm"]
    assert confirmed == ["111111 222222", "333333 444444"]
    before, _start, rest = ran.err.partition("\x1b[?1049h")
    shown, _end, after = rest.partition("\x1b[?1049l")
    assert "ABCD EFGH" in shown
    assert "AAAA-BBBB" in shown
    assert "90" in shown
    assert shown.endswith("\x1b[2J\x1b[H")
    for secret in ("ABCD EFGH", "AAAA-BBBB"):
        assert secret not in before + after


def test_a_script_can_not_set_an_authenticator_up(msc: Msc, flow: type[Flow]) -> None:
    flow.setup = True
    ran = msc("login", "-u", "rina", "--stdin", stdin=f"{PASSWORD}\n123456\n")
    assert (ran.code, [name for name, *_rest in flow.seen]) == (Exit.USAGE, ["password"])


def test_a_laptops_clock_that_is_off_is_told(
    flow: type[Flow], typed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for seconds, told in ((59, False), (-60, True), (75, True)):
        monkeypatch.setattr(flow, "clock_off", timedelta(seconds=seconds))
        assert (f"{abs(seconds)} d" in typed("-u", "rina", lines=f"{PASSWORD}\n123456\n").err) is told


def test_a_person_may_mistype_the_code(flow: type[Flow], typed: Callable[..., Any]) -> None:
    flow.steps = [None, declined("code_wrong")]
    ran = typed(lines=f"rina\n{PASSWORD}\n111111\n222222\n")
    assert ran.code == Exit.OK
    assert [value for name, value, _over in flow.seen if name == "code"] == ["111111", "222222"]
    flow.steps = [None, *[declined("code_wrong")] * 3]
    assert typed(lines=f"rina\n{PASSWORD}\n1\n2\n3\n").code == Exit.NOT_ALLOWED


def test_login_needs_lines_or_a_terminal(msc: Msc, flow: type[Flow]) -> None:
    for words, stdin in ((["login"], ""), (["login", "--stdin"], "a\nb\n"), (["login", "-u", "r", "--stdin"], "one\n")):
        ran = msc(*words, stdin=stdin)
        assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert flow.seen == []


@linux
def test_without_central_the_password_alone_unlocks(
    msc: Msc, home: Home, flow: type[Flow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSC_KDF", "test")
    flow.steps = [Broken(Fault.UNREACHABLE)]
    first = msc("login", "-u", "rina", "--stdin", stdin=f"{PASSWORD}\n1\n")
    assert first.code == Exit.UNREACHABLE
    assert len(first.err.splitlines()) == 2
    people = home.person("rina").make()
    vault.create_vault(people.vault, "rina", PASSWORD, SECRET, clock.now(), TEST)
    give(people, SECRET)
    flow.steps = [Broken(Fault.UNREACHABLE)]
    assert msc("login", "-u", "rina", "--stdin", stdin="salah sama sekali\n1\n").code == Exit.NOT_ALLOWED
    assert Client.connect(home, "rina") is None
    flow.steps = [None, Broken(Fault.TIMEOUT)]
    ran = msc("login", "-u", "rina", "--stdin", stdin=f"{PASSWORD}\n1\n")
    try:
        assert ran.code == Exit.OK
        assert "tanpa pusat" in ran.err
        found = json.loads(msc("session", "--json").out)
        assert {"login": "rina", "vault": "password"}.items() <= found.items()
    finally:
        locked = msc("lock")
    assert (locked.code, locked.out) == (Exit.OK, "")
    assert Client.connect(home, "rina") is None
    assert msc("session").code == Exit.NOT_ALLOWED


@linux
def test_locked_on_a_terminal_asks_for_the_password(msc: Msc, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSC_KDF", "test")
    people = home.person("rina").make()
    vault.create_vault(people.vault, "rina", PASSWORD, SECRET, clock.now(), TEST)
    give(people, SECRET)
    home.current.write_text("rina", "utf-8")
    monkeypatch.setattr(seats, "terminal", lambda: True)
    monkeypatch.setattr(seats, "ask_secret", lambda prompt: PASSWORD)
    try:
        ran = msc("sync", "list", "--json")
        assert (ran.code, json.loads(ran.out)) == (Exit.OK, [])
    finally:
        opening.end_session(home, "rina")


def test_signing_out_says_what_stays(msc: Msc, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = []
    monkeypatch.setattr(opening, "end_session", lambda home, login: ended.append(login) or True)
    msc("ticket", "note", "4", "satu")
    msc("ticket", "note", "4", "dua")
    ran = msc("logout")
    assert (ran.code, ran.out) == (Exit.OK, "")
    assert ended == ["rina"]
    assert "2 perbuatan belum terkirim" in ran.err
    assert "Aman di laptop ini" in ran.err


def test_signing_out_forgets_the_tokens_also_without_central(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from msc_console.desk.syncing import CacheTokens
    from msc_console.store import settings as kept

    with desk.cache.write() as conn:
        kept.put(conn, "tokens", {"access": "a", "refresh": "b"})
    monkeypatch.setattr(desk, "settings", type(desk.settings)(central="http://127.0.0.1:9"))
    conversing.sign_out(desk, 0.5)
    tokens = CacheTokens(desk.cache, desk.unlocked)
    assert tokens.access() is None
    assert tokens.refresh_token() is None


def test_nobody_to_sign_out(msc: Msc) -> None:
    for words in ("logout", "lock"):
        ran = msc(words)
        assert ran.code == Exit.OK
        assert ran.err


def test_status_says_who_and_what_waits(msc: Msc, desk: Desk) -> None:
    msc("ticket", "note", "4", "satu")
    found = json.loads(msc("status", "--json").out)
    assert found == {
        "login": "rina", "name": "Rina Wulandari", "role": "agent", "tier": "l0", "queues": ["helpdesk"],
        "vault": None, "session_until": None, "central": None, "online": False, "problem": "central_unset",
        "pending": 1, "attention": 0, "last_sync": None,
    }  # fmt: skip
    assert msc("status").out.splitlines()[0].split() == ["Masuk", "Rina", "Wulandari", "(rina)"]


def test_sync_status_and_now_without_central(msc: Msc, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "settings", type(desk.settings)(central="http://127.0.0.1:9"))
    state = json.loads(msc("sync", "--json").out)
    assert state["online"] is False
    assert state["problem"] == "unreachable"
    ran = msc("sync", "now", "--json")
    assert ran.code == Exit.UNREACHABLE
    assert json.loads(ran.out)["problem"] == "unreachable"


def test_a_prompt_is_talk(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("rina\n"))
    assert seats.ask("Login") == "rina"
    assert capsys.readouterr() == ("", "Login: ")
