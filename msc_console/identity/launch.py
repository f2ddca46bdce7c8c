"""Starting the unlocked session of a person."""

import json
import subprocess
import sys
from datetime import datetime

from .. import clock
from ..config import Home
from .agent import Client, socket_paths
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
    if sys.platform == "win32":
        # A named pipe with the peer's user checked isn't written yet; an unchecked channel would give the key away.
        raise SessionFailed("unsupported")
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


def _spawn(order: bytes) -> str:
    """Run the session's process, in a terminal session of its own; the one word it answers."""
    # -P keeps the current folder out of the module path: it may hold anybody's `json.py`.
    command = [sys.executable, "-P", "-m", "msc_console.identity.session"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            answer, _ = process.communicate(order, timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return "start"
    return answer.decode("ascii", "replace").strip()
