"""Starting, stopping and breaking: imports, the unlocked session, a second console, a crash."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hatch_build import compile_catalogues
from msc_console import clock, i18n
from msc_console.app import _forgive_input, run
from msc_console.config import Home, Settings
from msc_console.desk import Desk
from msc_console.desk.opening import end_session
from msc_console.desk.places import console_lock
from msc_console.desk.syncing import held
from msc_console.errors import MscError
from msc_console.identity import vault
from msc_console.identity.kdf import TEST
from msc_console.identity.launch import start_session
from msc_console.screens import crash
from msc_console.screens.console import Console
from msc_console.widgets.ticket_list import TicketList
from tests.support.passes import give
from tests.support.screens import screen_text
from tests.test_imports import HEAVY

from .stage import SECRET, at, console, press, seeded, settled, ticket_id, until, until_true

pytestmark = pytest.mark.slow

PASSWORD = "kuda putih di tepi kali"
FIRST_ROW = """
import sys
from msc_console.app import open_console
from msc_console import config, i18n
from msc_console.screens import console as room

home = config.Home.locate()
app = open_console(home, config.load(home))
seen = []

def look(_console):
    text = "\\n".join(strip.text for strip in app.screen._compositor.render_strips())
    seen.append("MSC-004211" in text)
    seen.append({name.split(".")[0] for name in sys.modules})
    app.exit()

room.Console._begin = look
app.run(headless=True, size=(120, 34))
print(seen[0], *sorted(seen[1]))
"""


@pytest.fixture
def unlocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Rina's session, unlocked in a process of its own, with the small centre in her cache."""
    monkeypatch.setattr(clock, "now", _REAL_NOW)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    desk = seeded(tmp_path)
    desk.cache.close()
    home = Home(tmp_path / "msc")
    monkeypatch.setenv("MSC_HOME", str(home.folder))
    monkeypatch.setenv("MSC_KDF", "test")
    vault.create_vault(home.person("rina").vault, "rina", PASSWORD, SECRET, clock.now(), TEST)
    start_session(home, "rina", SECRET, clock.now() + timedelta(hours=1)).close()
    home.current.write_text("rina", "utf-8")
    yield home
    end_session(home, "rina")


_REAL_NOW = clock.now


def test_nothing_heavy_is_loaded_when_the_first_row_is_painted(unlocked: Home) -> None:
    compile_catalogues(i18n.LOCALE)  # as in an installed product; a source newer than it would be parsed
    done = subprocess.run([sys.executable, "-c", FIRST_ROW], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown, *loaded = done.stdout.split()
    assert shown == "True"
    assert set(loaded) & HEAVY == set()


SLOW = """
import sys, threading, time
from msc_console.app import open_console, _run
from msc_console import config
home = config.Home.locate()
app = open_console(home, config.load(home))

def stuck():
    threading.Event().wait(60)

def begin():
    app.in_thread(stuck, print, group="acts")
    app.set_timer(0.2, lambda: app.exit(0))

app._begin = begin
run_ = app.run
app.run = lambda loop: run_(headless=True, size=(80, 24), loop=loop)
started = time.monotonic()
import os
real = os._exit
def leave(code):
    print(round(time.monotonic() - started, 1), flush=True)
    real(code)
os._exit = leave
_run(app)
print(round(time.monotonic() - started, 1))
"""


def test_quitting_does_not_wait_for_a_thread_that_hangs(unlocked: Home) -> None:
    done = subprocess.run([sys.executable, "-c", SLOW], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[-1]) < 3.5  # mounting, the 0.2 s before it leaves, and at most 2 s for the end


async def test_without_a_session_one_signs_in(tmp_path: Path) -> None:
    app = Console(Home(tmp_path / "msc"), Settings(), None, None, "rina")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Kata sandi" in screen_text(app)
        await pilot.press("ctrl+q")
        await until_true(pilot, lambda: not app.is_running)


async def test_offline_the_password_opens_the_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", _REAL_NOW)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    seeded(tmp_path).cache.close()
    home = Home(tmp_path / "msc")
    vault.create_vault(home.person("rina").vault, "rina", PASSWORD, SECRET, clock.now(), TEST)
    give(home.person("rina"), SECRET)
    app = Console(home, Settings(central="http://127.0.0.1:1"), None, None, "rina")
    try:
        async with app.run_test(size=(120, 34)) as pilot:
            await settled(pilot)
            field = app.screen.query_one("#password")
            field.value = "salah sama sekali"  # type: ignore[attr-defined]
            await pilot.press("enter")
            await until(pilot, "Kata sandi salah.")
            assert field.value == ""  # type: ignore[attr-defined]
            field.value = PASSWORD  # type: ignore[attr-defined]
            await pilot.press("enter")
            await until(pilot, "MSC-004211")
            await until(pilot, "Terbuka tanpa pusat.")
            await until(pilot, "hanya kata sandi")
    finally:
        app.desk.unlocked.signer.close()  # type: ignore[attr-defined]
        end_session(home, "rina")


async def test_a_second_console_is_told_and_may_look(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    other = seeded_reader(desk)
    monkeypatch.setattr("msc_console.desk.opening.sit_down", lambda *_a, **_o: other)
    with held(console_lock(desk), "rina"):
        app = console(desk)
        async with app.run_test(size=(120, 34)) as pilot:
            await settled(pilot)
            assert "Konsol lain sedang terbuka di sini: rina" in screen_text(app)
            await press(pilot, "b")
            await until(pilot, "○ hanya lihat")
            assert "luring" not in screen_text(app)
            app.screen.query_one(TicketList).go_to(ticket_id(4177))
            await press(pilot, "t")
            assert app.told == app.words_of(MscError("cache_read_only"))
            app.open_ticket(ticket_id(4211))
            await until(pilot, "Stempel gagal")
            assert desk.find_ticket(ticket_id(4177)).owner is None
    other.cache.close()


def seeded_reader(desk: Desk) -> Desk:
    """The same desk, which can't write."""
    from msc_console.store.opening import Cache

    return Desk(desk.home, desk.settings, Cache.open(desk.cache.path, SECRET.data_key, read_only=True), desk.unlocked)


async def test_a_crash_gives_a_reference_and_nobody_s_words(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    app = console(desk)
    secret = "kata pelanggan"

    def breaks() -> None:
        hidden = secret
        raise ValueError(hidden)

    async def play() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            app.call_later(breaks)
            await until_true(pilot, lambda: app.return_code == 1)

    with pytest.raises(ValueError, match=secret):
        await play()
    [line] = (app.home.laptop / crash.LOG).read_text("ascii").splitlines()
    logged = json.loads(line)
    assert logged["error"] == "builtins.ValueError"
    assert "breaks" in logged["frames"][-1]
    assert secret not in line
    told = capsys.readouterr().err
    assert logged["reference"] in told
    assert secret not in told


def test_bytes_that_are_no_utf_8_do_not_end_the_input() -> None:
    _forgive_input()
    from textual.drivers import linux_driver

    decoder = linux_driver.getincrementaldecoder("utf-8")()  # type: ignore[attr-defined]
    assert decoder.decode(b"a\xff\xfeb") == "a\ufffd\ufffdb"


def test_a_bad_setting_is_said_before_anything_is_drawn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MSC_ZONE", "Mars/Olympus")
    assert run() == 2
    assert "Mars/Olympus" in capsys.readouterr().err


async def test_threads_end_with_the_console(desk: Desk) -> None:
    before = set(threading.enumerate())
    async with at(desk) as (app, pilot):
        await until_true(pilot, lambda: app._conversation is not None)
    alive = [one for one in threading.enumerate() if one not in before and one.name.startswith("msc-")]
    for thread in alive:
        thread.join(2)
    assert not any(thread.is_alive() for thread in alive)
