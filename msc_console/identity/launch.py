"""Starting the unlocked session of a person."""

import json
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import datetime

from .. import clock
from ..config import Home
from .agent import Client, place, socket_paths
from .errors import SessionFailed, SessionRunning
from .vault import Secrets

START_SECONDS = 30.0
WATCH_SECONDS = 5.0


def start_session(
    home: Home, login: str, secret: Secrets, until: datetime, watch_seconds: float = WATCH_SECONDS
) -> Client:
    """Start `login`'s session, which ends at `until` (14 h from now at most), and connect to it.

    It outlives this process. Raises SessionRunning when one answers already, SessionFailed otherwise.
    """
    running = Client.connect(home, login)
    if running is not None:
        running.close()
        raise SessionRunning
    order = {
        "login": login,
        "sockets": [str(path) for path in socket_paths(home, login)],
        "vault": str(home.person(login).vault),
        "until": clock.to_ms(until),
        "watch": watch_seconds,
        "pipe": place(home, login),
        "secrets": {
            "data_key": secret.data_key.hex(),
            "device_key": secret.device_key.hex(),
            "device": secret.device,
            "code": secret.code,
            "person": secret.person,
        },
    }
    word = _spawn(json.dumps(order).encode("ascii") + b"\n")
    if word == "running":
        raise SessionRunning
    client = Client.connect(home, login) if word == "ready" else None
    if client is None:
        raise SessionFailed(word if word in ("folder", "expired") else "start")
    return client


_started: list["subprocess.Popen[bytes]"] = []
"""Held on to: on Windows the process itself is the session, which outlives whoever started it."""


def _spawn(order: bytes) -> str:
    """Run the session's process, out of reach of the terminal's Ctrl+C and hang-up; the one word it answers."""
    # -P keeps the current folder out of the module path: it may hold anybody's `json.py`.
    command = [sys.executable, "-P", "-m", "msc_console.identity.session"]
    no_window = 0
    if sys.platform == "win32":
        no_window = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=no_window,
    )
    word = first_word(process, order)
    if sys.platform == "win32":
        _started.append(process)
    else:
        process.wait()
    return word


def first_word(process: "subprocess.Popen[bytes]", order: bytes, seconds: float = START_SECONDS) -> str:
    """Hand a process its order and read its first line; empty when it ends without one. Killed after `seconds`."""
    assert process.stdin is not None
    assert process.stdout is not None
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        with suppress(OSError), process.stdin as order_in:  # it may have ended already
            order_in.write(order)
        with process.stdout as told:
            return told.readline(100).decode("ascii", "replace").strip()
    finally:
        timer.cancel()
