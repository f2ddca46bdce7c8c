"""Processes that a process has started, as the system lists them."""

import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from msc_console import clock

PAUSE = 0.02


def children(pid: int, word: str = "") -> list[int]:
    """Living children of a process whose command line holds `word`, the oldest first."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = (line.split(None, 3) for line in listed.splitlines())
    return sorted(
        int(child) for child, parent, state, args in (row for row in rows if len(row) == 4)
        if int(parent) == pid and word in args and not state.startswith("Z")
    )  # fmt: skip


def workers_of(pid: int) -> list[int]:
    """The worker processes of a supervisor of central."""
    return children(pid, "spawn_main")


def held_connections(pid: int, port: int) -> int:
    """How many accepted TCP connections to `port` of this machine a process holds; read from /proc (Linux)."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"}
    found = 0
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found += str(handle.readlink()) in ours
    return found


def eventually(what: Callable[[], bool], seconds: float, why: str) -> None:
    """Looks again and again until it is so; AssertionError with `why` after `seconds`."""
    pause, until = threading.Event(), clock.monotonic() + seconds
    while not what():
        assert clock.monotonic() < until, why
        pause.wait(PAUSE)
