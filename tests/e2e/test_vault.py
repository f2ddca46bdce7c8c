"""A laptop that nobody can open any more: two people bring its unsent work back. On a real central, with sessions."""

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from msc_console import clock
from msc_console.config import Home
from msc_console.desk.opening import SHIFT
from msc_console.errors import NotAllowed
from msc_console.identity import os_keyring
from msc_console.identity.custody import Custody
from tests.e2e.stage import PASSWORD, Centre, Laptop
from tests.identity.keyrings import Memory

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="the session is a Unix socket")]


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """The system's keyring."""
    kept = Memory()
    monkeypatch.setattr(os_keyring, "system_backend", lambda: kept)
    return kept


@pytest.fixture
def rina(centre: Centre, backend: Memory, tmp_path: Path) -> Iterator[Laptop]:
    """Rina's laptop; nobody has signed in yet, and the centre has a recovery key in `half-1` and `half-2`."""
    laptop = Laptop(Home(tmp_path / "rina").make(), "rina", centre)
    halves = [str(tmp_path / "half-1"), str(tmp_path / "half-2")]
    assert laptop.msc("central", "recovery-key", "init", "-d", centre.url, *halves).code == 0
    yield laptop
    laptop.leave()


def _code(centre: Centre) -> str:
    """The next step's code: not used yet, and right one step early."""
    return str(pyotp.TOTP(centre.secrets["rina"]).at(clock.now() + timedelta(seconds=30)))


def _ten_wrong(laptop: Laptop) -> None:
    keys = Custody(laptop.home.person("rina"), "rina")
    for at in range(10):
        with pytest.raises(NotAllowed):
            keys.open("a password that is wrong", clock.now() + timedelta(hours=at))


def test_ten_wrong_passwords_lose_nothing(centre: Centre, rina: Laptop, backend: Memory, tmp_path: Path) -> None:
    (number,) = centre.fill(1)
    rina.sign_in()
    status = rina.msc("vault", "status", "--json").json
    assert (status["login"], status["vault"], status["recoverable"]) == ("rina", "keyring", True)
    rina.msc("sync", "now")
    rina.cut()
    rina.do("ticket", "note", number, "Belum terkirim.")
    rina.leave()
    _ten_wrong(rina)
    assert not backend.kept
    closed = rina.msc("login", "-u", "rina", "--stdin", stdin=f"{PASSWORD}\n000000\n")
    assert closed.code != 0
    assert "msc vault recover" in closed.err

    ask, answer = str(tmp_path / "ask"), str(tmp_path / "answer")
    assert rina.msc("vault", "recover", "--ask", ask).code == 0
    both = ["--half", str(tmp_path / "half-2"), "--half", str(tmp_path / "half-1")]
    one = ["--half", str(tmp_path / "half-1"), "--half", str(tmp_path / "half-1")]
    assert rina.msc("central", "recovery-key", "open", ask, *one, "--out", answer).code != 0
    assert rina.msc("central", "recovery-key", "open", ask, *both, "--out", answer).code == 0
    rina.mend()
    lines = f"{PASSWORD}\n{_code(centre)}\n"
    said = rina.msc("vault", "recover", "--answer", answer, "--take-over", "--stdin", stdin=lines)
    assert said.code == 0, said.err
    assert rina.msc("sync", "now").code == 0
    assert rina.msc("sync", "list", "--json").json == []
    assert "Belum terkirim." in json.dumps(rina.msc("ticket", "show", number, "--json").json)
    assert len(backend.kept) == 1


def test_the_caches_key_is_changed_and_everything_is_there(centre: Centre, rina: Laptop, tmp_path: Path) -> None:
    (number,) = centre.fill(1)
    rina.sign_in()
    rina.msc("sync", "now")
    rina.do("ticket", "note", number, "Sebelum kunci diganti.")
    said = rina.msc("vault", "rotate", stdin=f"{PASSWORD}\n")
    assert said.code == 0, said.err
    assert rina.msc("status").code != 0
    rina.cut()
    assert rina.msc("login", "-u", "rina", "--stdin", stdin=f"{PASSWORD}\n0\n").code == 0
    assert "Sebelum kunci diganti." in json.dumps(rina.msc("ticket", "show", number, "--json").json)


def test_one_half_and_two_again(rina: Laptop, backend: Memory) -> None:
    rina.sign_in()
    longer = clock.parse(rina.msc("session", "status", "--json").json["until"])
    assert longer > clock.now() + SHIFT / 2
    assert rina.msc("vault", "password", stdin=f"{PASSWORD}\n").code == 0
    shorter = clock.parse(rina.msc("session", "status", "--json").json["until"])
    assert shorter <= clock.now() + SHIFT / 2, "the session that is unlocked is worth half, too"
    assert rina.msc("status", "--json").json["vault"] == "password"
    assert not backend.kept
    assert rina.msc("vault", "keyring", stdin="salah sama sekali\n").code != 0
    assert rina.msc("vault", "keyring", stdin=f"{PASSWORD}\n").code == 0
    assert rina.msc("vault", "status", "--json").json["vault"] == "keyring"
    assert len(backend.kept) == 1


@pytest.mark.parametrize("at", ["sync", "sign-in"])
def test_a_revoked_laptop_saves_its_work_and_wipes_itself(
    centre: Centre, rina: Laptop, backend: Memory, tmp_path: Path, at: str
) -> None:
    (number,) = centre.fill(1)
    rina.sign_in()
    rina.msc("sync", "now")
    rina.cut()
    rina.do("ticket", "note", number, "Tak terkirim lagi.")
    (device,) = rina.msc("central", "device", "list", "-d", centre.url, "--json").json
    assert rina.msc("central", "device", "revoke", "-d", centre.url, device["code"]).code == 0
    rina.mend()
    if at == "sync":
        said = rina.msc("sync", "now")
    else:
        rina.leave()
        said = rina.msc("login", "-u", "rina", "--stdin", stdin=f"{PASSWORD}\n{_code(centre)}\n")
    assert said.code != 0
    (saved,) = (rina.home.laptop / "rescued").iterdir()
    assert str(saved) in said.err
    assert not rina.home.person("rina").folder.exists()
    assert not backend.kept
    out, halves = tmp_path / "work.json", [str(tmp_path / "half-1"), str(tmp_path / "half-2")]
    opened = ["--half", halves[0], "--half", halves[1], "--out", str(out)]
    assert rina.msc("central", "recovery-key", "open", str(saved), *opened).code == 0
    assert "Tak terkirim lagi." in out.read_text()


def test_a_changed_password_is_the_laptops_and_centrals(centre: Centre, rina: Laptop) -> None:
    new = "kata sandi yang lain"
    rina.sign_in()
    assert rina.msc("passwd", "--stdin", stdin=f"salah sama sekali\n{new}\n").code != 0
    assert rina.msc("passwd", "--stdin", stdin=f"{PASSWORD}\npendek\n").code != 0
    said = rina.msc("passwd", "--stdin", stdin=f"{PASSWORD}\n{new}\n")
    assert said.code == 0, said.err
    rina.leave()
    assert rina.msc("login", "-u", "rina", "--stdin", stdin=f"{PASSWORD}\n0\n").code != 0
    assert rina.msc("login", "-u", "rina", "--stdin", stdin=f"{new}\n{_code(centre)}\n").code == 0
