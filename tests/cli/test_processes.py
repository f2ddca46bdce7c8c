"""`msc` as a process with a real session beside it: what it loads, its streams and its exit codes."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from shutil import rmtree

import pytest

from msc_console import clock
from msc_console.config import Home, Settings
from msc_console.desk import opening
from msc_console.errors import Exit
from msc_console.identity import vault
from msc_console.identity.kdf import TEST
from msc_console.identity.launch import start_session

from .conftest import SECRET, seed, things

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the session needs a Unix socket")
HEAVY = ("textual", "sqlmodel", "sqlalchemy", "pydantic", "httpx", "keyring", "argon2", "cryptography")
PROBE = (
    "import sys; from msc_console.__main__ import main; code = main(sys.argv[1:]);"
    f"loaded = [name for name in {HEAVY!r} if name in sys.modules];"
    "rooms = ('msc_console.domain.decide', 'msc_console.desk.acts', 'msc_console.sync.driver', 'typer');"
    "ours = [name for name in rooms if name in sys.modules];"
    "print('loaded', *loaded, '/', *ours, file=sys.stderr); sys.exit(code)"
)


@pytest.fixture
def laptop(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Rina's laptop, unlocked, with a seeded cache."""
    runtime = Path(tempfile.mkdtemp(prefix="msc", dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("MSC_KDF", "test")
    people = home.person("rina").make()
    vault.create_vault(people.vault, "rina", "kuda putih di tepi kali", SECRET, clock.now(), TEST)
    desk = opening.sit_down_with(people, Settings(), "rina", SECRET)
    seed(desk, things())
    desk.cache.close()
    home.current.write_text("rina", "utf-8")
    start_session(home, "rina", SECRET, clock.now() + timedelta(hours=1)).close()
    yield home
    opening.end_session(home, "rina")
    rmtree(runtime)


def msc(*words: str, probe: bool = False, stdin: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
    """Run `msc WORDS`; `probe` adds what was loaded to standard error."""
    start = ["-c", PROBE] if probe else ["-m", "msc_console"]
    return subprocess.run(
        [sys.executable, *start, *words], input=stdin, stdin=None if stdin else subprocess.DEVNULL,
        capture_output=True, check=False, env=dict(os.environ), timeout=60,
    )  # fmt: skip


@pytest.mark.usefixtures("laptop")
@pytest.mark.parametrize(
    ("words", "rooms"),
    [
        ("--version", set()),
        ("--help", set()),
        ("ticket --help", set()),
        ("ticket list", {"typer"}),
        ("ticket show 4", {"typer"}),
        ("kb list --json", {"typer"}),
        ("queue list", {"typer"}),
        ("sync list", {"typer", "msc_console.desk.acts", "msc_console.domain.decide"}),
        ("ticket take 1 --dry-run", {"typer", "msc_console.desk.acts", "msc_console.domain.decide"}),
    ],
)
def test_a_command_loads_what_it_needs(words: str, rooms: set[str]) -> None:
    done = msc(*words.split(), probe=True)
    assert done.returncode == Exit.OK, done.stderr
    heavy, _slash, ours = done.stderr.decode().splitlines()[-1].removeprefix("loaded").partition("/")
    assert heavy.split() == []
    assert set(ours.split()) == rooms


@pytest.mark.usefixtures("laptop")
def test_a_shift_from_the_shell() -> None:
    assert msc("ticket", "take", "1", "2", "-q").stdout == b"MSC-000001\nMSC-000002\n"
    assert msc("ticket", "reply", "1", "-", stdin=b"Sudah kami cek.\n").returncode == Exit.OK
    listed = msc("ticket", "list", "--view", "mine", "-q").stdout.split()
    assert set(listed) == {b"MSC-000001", b"MSC-000002", b"MSC-000004"}
    assert b"Sudah kami cek." in msc("ticket", "show", "1").stdout
    assert msc("ticket", "take", "99").returncode == Exit.FAILED
    assert len(msc("sync", "list", "-q").stdout.split()) == 3
    assert msc("lock").returncode == Exit.OK
    out = msc("ticket", "list")
    assert (out.returncode, out.stdout) == (Exit.NOT_ALLOWED, b"")
    assert b"msc login" in out.stderr


@pytest.mark.usefixtures("laptop")
def test_a_reader_that_leaves_early_is_no_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "msc_console", "ticket", "list", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == Exit.OK


@pytest.mark.usefixtures("laptop")
def test_a_terminal_that_knows_ascii_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii:strict")
    done = msc("ticket", "take", "1", "--dry-run")
    assert done.returncode == Exit.OK
    assert b"baru ? terbuka" in done.stdout
