"""The program is killed while it writes the spool, and while it hands it on: every act arrives, no file is half."""

import base64
import os
import random
import secrets
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from msc_console import escrow
from msc_console.config import Home, Settings
from msc_console.desk import conversing, opening, spool
from tests.desk.test_spool import IDENTITY, add
from tests.identity.conftest import LOGIN, SECRET
from tests.support.passes import give

pytestmark = [pytest.mark.deep, pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")]

KILLS, ACTS = 40, 1500
START = """
import sys
from pathlib import Path
from msc_console import clock
from msc_console.config import Home, Settings
from msc_console.desk import opening, spool
from tests.identity.conftest import LOGIN, SECRET
home, log = Home(Path(sys.argv[1])), Path(sys.argv[2])
"""
WRITE = (
    START
    + """
desk = opening.sit_down_with(home.person(LOGIN), Settings(), LOGIN, SECRET)
print("ready", flush=True)
sys.stdin.readline()
spool.write(desk, clock.now())
"""
)
BRING = (
    START
    + """
import hashlib
from msc_console.identity.files import write_private
from msc_console.sync.wire import SpoolReply
class Way:
    def bring(self, sealed, timeout=None, /):
        write_private(log / hashlib.sha256(sealed.encode()).hexdigest(), sealed.encode())
        return SpoolReply(1)
print("ready", flush=True)
sys.stdin.readline()
spool.bring(home, Way(), clock.now())
"""
)


def _run(code: str, home: Home, log: Path, seconds: float | None) -> bool:
    """Whether it came to its end."""
    command = [sys.executable, "-c", code, str(home.folder), str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        if seconds is not None:
            threading.Event().wait(seconds)
            process.send_signal(signal.SIGKILL)
        return process.wait() == 0


@pytest.mark.protocol("P-205")
def test_killed_at_any_moment_every_act_arrives(tmp_path: Path) -> None:
    seed = int(os.environ.get("MSC_TEST_SEED") or secrets.randbelow(10**6))
    print("MSC_TEST_SEED", seed)
    chance, home, log = random.Random(seed), Home(tmp_path / "home").make(), tmp_path / "central"
    log.mkdir()
    give(home.person(LOGIN), SECRET, policy={"spool": escrow.public_of(IDENTITY)})
    desk = opening.sit_down_with(home.person(LOGIN), Settings(), LOGIN, SECRET)
    add(desk, *range(ACTS))
    conversing.CacheDisk(desk.cache, desk.replica, desk.unlocked).seal_all()
    desk.leave()
    cut = 0
    for _ in range(KILLS):
        cut += not _run(WRITE, home, log, chance.uniform(0, 0.15))
        for path in spool.folder(home).glob("[!.]*.age"):
            assert escrow.unseal(IDENTITY, path.read_bytes())["device"] == SECRET.device
        cut += not _run(BRING, home, log, chance.uniform(0, 0.05))
    assert _run(WRITE, home, log, None)
    assert _run(BRING, home, log, None)
    assert spool.waiting(home) == spool.Waiting(0, 0, 0)
    lines = [path.read_bytes() for path in log.glob("[!.]*")]
    found = {op["op"] for line in lines for op in escrow.unseal(IDENTITY, base64.b64decode(line))["ops"]}
    assert found == {f"op-{n}" for n in range(ACTS)}
    assert cut > KILLS // 4
