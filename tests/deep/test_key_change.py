"""The cache's key is changed and the program killed, at any moment: one of the two keys opens, and nothing is lost."""

import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from msc_console import clock
from msc_console.config import Home
from msc_console.desk import keeping
from msc_console.identity.custody import Custody
from msc_console.store import settings
from msc_console.store.opening import Cache
from tests.identity.conftest import LOGIN, PASSWORD, SECRET

pytestmark = [pytest.mark.deep, pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")]

KILLS = 100
ROWS = 400
CHANGE = f"""
import sys
from pathlib import Path
from msc_console.config import Home
from msc_console.desk import keeping
print("ready", flush=True)
sys.stdin.readline()
keeping.change_key(Home(Path(sys.argv[1])), {LOGIN!r}, {PASSWORD!r})
"""


def test_a_hundred_kills_lose_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSC_KDF", "test")
    seed = int(os.environ.get("MSC_TEST_SEED") or secrets.randbelow(10**6))
    print("MSC_TEST_SEED", seed)
    chance, home = random.Random(seed), Home(tmp_path / "home").make()
    people = home.person(LOGIN).make()
    keys = Custody(people, LOGIN)
    keys.make(PASSWORD, SECRET, clock.now(), "password")
    cache = Cache.open(people.cache, SECRET.data_key)
    with cache.write() as conn:
        for n in range(ROWS):
            settings.put(conn, f"row-{n}", "x" * 10_000)
    cache.close()
    whole = _one(home, None)
    ends = {"before": 0, "during": 0, "after": 0}
    for _ in range(KILLS):
        secret = keeping.settle(people, keys, PASSWORD, keys.open(PASSWORD))
        died = _one(home, chance.uniform(0, whole * 1.2))
        after = keys.open(PASSWORD)
        settled = keeping.settle(people, keys, PASSWORD, after)
        changed = settled.data_key != secret.data_key
        ends["during" if after.former_key else "after" if changed else "before"] += 1
        assert died or changed
        _whole(people.cache, settled.data_key)
    shutil.rmtree(home.folder)
    print(ends)
    assert sum(ends.values()) == KILLS
    assert ends["during"] > KILLS // 10, ends


def _one(home: Home, seconds: float | None) -> float:
    """Change the key once, killed after `seconds`; how long it took, or whether it died (1.0) with `seconds`."""
    command = [sys.executable, "-c", CHANGE, str(home.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        begun = clock.monotonic()
        if seconds is not None:
            threading.Event().wait(seconds)
            process.send_signal(signal.SIGKILL)
        process.wait()
        took = clock.monotonic() - begun
        if seconds is None:
            assert process.returncode == 0
            return took
        return float(process.returncode == -signal.SIGKILL)


def _whole(path: Path, key: bytes) -> None:
    """Every page verifies, and every row is there."""
    cache = Cache.open(path, key, create_missing=False)
    try:
        with cache.read() as conn:
            assert conn.execute("PRAGMA cipher_integrity_check").fetchall() == []
            assert [tuple(row) for row in conn.execute("PRAGMA integrity_check").fetchall()] == [("ok",)]
            assert all(settings.get(conn, f"row-{n}") == "x" * 10_000 for n in range(ROWS))
    finally:
        cache.close()
