"""A real keyring, as a person's session has it: gnome-keyring open, locked, absent, and hanging on a prompt.

Needs gnome-keyring and dbus-daemon, and Xvfb for the prompt that nobody answers; `.ci/run` installs them.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = [pytest.mark.deep, pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is Linux'")]

ASK = """
import sys, time
from pathlib import Path
from msc_console.identity.errors import KeyringUnavailable
from msc_console.identity.os_keyring import Item, OsKeyring
ring = OsKeyring(Path(sys.argv[1]), "rina")
begun = time.monotonic()
try:
    for step in sys.argv[2:]:
        if step == "write":
            kept = ring.write(Item(bytes(range(32)), tries=3, highest=9))
            assert ring.read() == kept
        elif step == "read":
            print("read", ring.read() == Item(bytes(range(32)), tries=3, highest=9))
        elif step == "delete":
            ring.delete()
            print("gone", ring.read() is None)
    print("done")
except KeyringUnavailable as error:
    print(error.reason, "early" if time.monotonic() - begun < 2.9 else "at the limit")
"""
UNLOCKED = 'printf %s "$0" | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; exec "$@"'
STARTED = 'gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1; exec "$@"'


@pytest.fixture
def session() -> Iterator[dict[str, str]]:
    """The environment of a desktop session of its own; whatever its bus started dies with it."""
    folder = Path(tempfile.mkdtemp(prefix="msc", dir="/tmp"))
    for name in ("h", "d", "r"):
        (folder / name).mkdir(mode=0o700)
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    yield kept | {
        "HOME": str(folder / "h"), "XDG_DATA_HOME": str(folder / "d"), "XDG_RUNTIME_DIR": str(folder / "r"),
        "MSC_FOLDER": str(folder),
    }  # fmt: skip
    shutil.rmtree(folder, ignore_errors=True)


def _ask(session: dict[str, str], password: str | None, *steps: str, before: str = "") -> list[str]:
    """What the keyring says within a bus of its own, unlocked with `password` (None: nobody unlocks)."""
    words = [sys.executable, "-c", ASK, session["MSC_FOLDER"], *steps]
    script = UNLOCKED if password is not None else STARTED
    command = ["dbus-run-session", "--", "sh", "-c", before + script, password or "-", *words]
    done = subprocess.run(command, env=session, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def test_open_it_keeps_what_it_is_given_over_sessions(session: dict[str, str]) -> None:
    assert _ask(session, "ci-only", "write") == ["done"]
    assert _ask(session, "ci-only", "read", "delete") == ["read True", "gone True", "done"]


def test_locked_it_is_refused_at_once(session: dict[str, str]) -> None:
    assert _ask(session, "ci-only", "write") == ["done"]
    assert _ask(session, "another password", "read") == ["locked early"]
    assert _ask(session, "ci-only", "read") == ["read True", "done"]


def test_absent_it_is_refused_at_once(session: dict[str, str]) -> None:
    words = [sys.executable, "-c", ASK, session["MSC_FOLDER"], "read"]
    done = subprocess.run(words, env=session, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "absent early\n"


def test_a_prompt_that_nobody_answers_is_left_after_the_limit(session: dict[str, str]) -> None:
    assert _ask(session, "ci-only", "write") == ["done"]
    with _display() as display:
        said = _ask(session | {"DISPLAY": display}, None, "read")
    assert said[-1] == "slow at the limit"  # the desktop's own programs talk before it
    assert _ask(session, "ci-only", "read") == ["read True", "done"]


@contextmanager
def _display() -> Iterator[str]:
    """An X display that nobody sits at."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "640x480x8", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        with os.fdopen(read) as told:
            number = told.readline().strip()
        try:
            yield f":{number}"
        finally:
            server.terminate()
            server.wait(20)
