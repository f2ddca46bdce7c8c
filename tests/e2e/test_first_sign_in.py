"""The first sign-in at a real terminal: a code for the laptop, the password, an authenticator, recovery codes; then a
lost telephone."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import text

from msc_console import clock
from msc_console.config import Home

from .conftest import Laptops
from .stage import PASSWORD, Centre, Laptop
from .terminal import ENTER, Terminal, ctrl, terminal

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

SEED = re.compile(r"((?:[A-Z2-7]{4} ){3}[A-Z2-7]{4})\s*$", re.MULTILINE)
RECOVERY = re.compile(r"^ +((?:[A-Z2-7]{4}-){5}[A-Z2-7]{4})$", re.MULTILINE)
LEFT_THE_OTHER_SCREEN = "\x1b[?1049l"


@pytest.fixture
def rina(centre: Centre, tmp_path: Path) -> Iterator[Laptop]:
    """Rina has a password and no authenticator, at a centre that asks for a code; nobody has used her laptop."""
    with centre.open() as central, central.write() as conn:
        conn.execute(text("UPDATE meta SET value = 'required' WHERE key = 'site_enrolment'"))
        conn.execute(text("UPDATE person SET totp_secret = NULL WHERE login = 'rina'"))
    laptop = Laptop(Home(tmp_path / "laptops" / "rina"), "rina", centre)
    yield laptop
    laptop.leave()


def invitation(laptop: Laptop) -> str:
    """A code from whoever holds the database."""
    return str(laptop.msc("central", "device", "enrol", "-d", laptop.centre.url, "rina", "--json").json["code"])


def seed_on(screen: Terminal) -> str:
    """The base32 text beside the QR code."""
    shown = screen.until(lambda told: len(SEED.findall(told)) == 2)
    assert any("█" in line or "▀" in line for line in shown.split("\n"))
    return "".join(SEED.findall(shown)).replace(" ", "")


def codes_of(seed: str) -> tuple[str, str]:
    """Of this step and, early by a few seconds, of the next."""
    now = clock.now()
    return pyotp.TOTP(seed).at(now), pyotp.TOTP(seed).at(now + timedelta(seconds=30))


def answer(screen: Terminal, prompt: str, words: str) -> None:
    screen.until(lambda shown: prompt in shown.rstrip().split("\n")[-1])
    screen.type(words + ENTER)


@pytest.mark.parametrize("size", [(80, 24), (120, 34)])
def test_the_whole_first_sign_in_by_the_command_line(rina: Laptop, size: tuple[int, int]) -> None:
    code = invitation(rina)
    with terminal("login", "-u", "rina", env=rina.environment, columns=size[0], rows=size[1]) as screen:
        answer(screen, "Password:", PASSWORD)
        answer(screen, "Code for this laptop:", code.lower())
        seed = seed_on(screen)
        first, second = codes_of(seed)
        answer(screen, "Code:", "000000")
        answer(screen, "The next code:", second)
        screen.until("These two don't fit.")
        assert seed_on(screen) == seed
        answer(screen, "Code:", first)
        answer(screen, "The next code:", second)
        shown = screen.until("written down")
        recovery = RECOVERY.findall(shown)
        assert len(set(recovery)) == 10
        screen.type(ENTER)
        screen.until("Signed in as rina.")
        assert screen.ended() == 0
        after = screen.raw.decode().rpartition(LEFT_THE_OTHER_SCREEN)[2]
        assert after.strip()
        assert not any(secret in after for secret in (*recovery, seed[:4] + " " + seed[4:8]))
    assert rina.msc("account", "--json").json["recovery_left"] == 10
    again = rina.msc("login", "-u", "rina", "--stdin", stdin=f"{PASSWORD}\n{recovery[0]}\n")
    assert again.code == 0, again.err
    assert rina.msc("account", "show", "--json").json["recovery_left"] == 9


def test_a_lost_telephone_is_set_back_by_two_others(rina: Laptop, centre: Centre, laptops: Laptops) -> None:
    with centre.open() as central, central.write() as conn:
        conn.execute(text("UPDATE meta SET value = 'open' WHERE key = 'site_enrolment'"))
        conn.execute(text("UPDATE person SET role = 'manager' WHERE login = 'budi'"))
    sari, budi = laptops("sari", centre), laptops("budi", centre)
    assert "another lead" in sari.msc("user", "reset-2fa", "rina").out
    assert [row["login"] for row in budi.msc("user", "reset-2fa", "--json").json] == ["rina"]
    refused = sari.msc("user", "reset-2fa", "rina", "--approve")
    assert (refused.code, "yourself" in refused.err) == (4, True)
    assert budi.msc("user", "reset-2fa", "rina", "--approve", "--json").json[0]["state"] == "approved"
    assert budi.msc("user", "reset-2fa", "rina", "--approve").code != 0
    made = json.loads(budi.msc("device", "enrol", "rina", "--json").out)
    assert (made["login"], len(made["code"].replace("-", ""))) == ("rina", 26)
    assert sari.msc("device", "enrol", "rina").code == 4
    with terminal("login", "-u", "rina", env=rina.environment) as screen:
        answer(screen, "Password:", PASSWORD)
        first, second = codes_of(seed_on(screen))
        answer(screen, "Code:", first)
        answer(screen, "The next code:", second)
        answer(screen, "written down:", "")
        screen.until("asked by sari, approved by budi")
        assert screen.ended() == 0


def test_a_script_hears_what_is_missing(rina: Laptop) -> None:
    new = rina.msc("login", "-u", "rina", "--stdin", stdin=f"{PASSWORD}\n000000\n")
    assert (new.code, "msc login --enrol" in new.err) == (4, True)
    known = rina.msc("login", "-u", "rina", "--enrol", "--stdin", stdin=f"{invitation(rina)}\n{PASSWORD}\n000000\n")
    assert (known.code, "needs a terminal" in known.err) == (2, True)


@pytest.mark.parametrize("size", [(80, 24), (120, 34)])
def test_the_whole_first_sign_in_at_the_console(rina: Laptop, centre: Centre, size: tuple[int, int]) -> None:
    (number,) = centre.fill(1)
    code = invitation(rina)
    with terminal(env=rina.environment, columns=size[0], rows=size[1]) as console:
        console.until("Password")
        console.still()
        console.type("rina" + ENTER)
        console.type(PASSWORD + ENTER)
        console.until("is new here")
        console.still()
        console.type(code + ENTER)
        seed = seed_on(console)
        first, second = codes_of(seed)
        console.still()
        console.type(first + ENTER)
        console.type(second + ENTER)
        shown = console.until(lambda told: len(re.findall(r"(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}", told)) == 10)
        assert seed[:4] + " " + seed[4:8] not in shown
        console.still()
        console.keys(ENTER)
        console.until(number)
        console.keys(ctrl("q"))
        assert console.ended() == 0
    assert rina.msc("account", "--json").json["recovery_left"] == 10


def test_a_locked_console_opens_by_the_password_alone_with_central_gone(centre: Centre, laptops: Laptops) -> None:
    (number,) = centre.fill(1)
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    with terminal(env=rina.environment) as console:
        console.until(number)
        console.still()
        console.keys(ctrl("l"))
        console.until(lambda shown: "Locked" in shown and number not in shown)
        console.still()
        assert rina.msc("status").code == 4  # the keys are gone
        centre.kill()
        console.type("salah sama sekali" + ENTER)
        console.until("The password is wrong.")
        assert number not in console.text
        console.still()
        console.type(PASSWORD + ENTER)
        console.until(number)
        assert rina.msc("session", "status").code == 0
        console.keys(ctrl("q"))
        assert console.ended() == 0


def test_a_lock_by_the_command_line_locks_the_console_too(centre: Centre, laptops: Laptops) -> None:
    (number,) = centre.fill(1)
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    with terminal(env=rina.environment) as console:
        console.until(number)
        assert rina.msc("lock").code == 0
        console.until(lambda shown: "Locked" in shown and number not in shown)
        console.still()
        console.type(PASSWORD + ENTER)
        console.until(number)
        console.keys(ctrl("q"))
        assert console.ended() == 0


def test_a_password_that_can_not_be_taken_is_told_before_anything_more_is_asked(
    centre: Centre, laptops: Laptops
) -> None:
    sari = laptops("sari", centre)
    for old, new, told in (("salah sama sekali", "", "Password"), (PASSWORD, "pendek", "at least 15 characters")):
        with terminal("passwd", env=sari.environment) as screen:
            answer(screen, "Password:", old)
            if new:
                answer(screen, "New password, at least 15 characters:", new)
            assert screen.ended() != 0
            last = screen.text.rstrip().splitlines()[-1]
            assert told.lower() in last.lower()
            assert not last.endswith(":")
            assert "again" not in screen.text
