"""The demo's central as a process of its own: `python -m msc_console.demo_run.server DATABASE PORT LOCK`.

It holds the lock as long as it lives, so whether it runs is never a guess, and it is no child of the console that
started it: a second console goes on when the first one ends.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from .. import clock
from ..config import private_umask
from ..desk.syncing import held, holder
from ..errors import MscError
from .place import Demo, Record

START_SECONDS = 30.0
STOP_SECONDS = 10.0
LOOKS = 20
"""How often the lock is tried for: another process may be holding it just to look."""
TAKEN = 3
"""Exit code of a central that found another one at work."""
_LOOK_SECONDS = 0.05
_started: list["subprocess.Popen[bytes]"] = []
"""Held on to, for they outlive whoever started them."""
_NO_WINDOW = 0
if sys.platform == "win32":
    _NO_WINDOW = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
_TAIL = 300
"""Characters of the log that a failure to start is told with."""


def running(demo: Demo) -> int | None:
    """The process id of the demo's central, None when it does not run."""
    if not demo.serving.exists():
        return None
    with held(demo.serving, "look") as free:
        if free:
            return None
    words = holder(demo.serving).split()
    return int(words[1]) if len(words) == 2 and words[1].isdigit() and words[0] == "central" else None


def start(demo: Demo, record: Record) -> Record:
    """Run central and wait until it answers; nothing to do when it does. Returns the record, with a new port if the
    old one was taken by somebody else. MscError `demo_central_failed`."""
    if running(demo) is not None:
        return record
    if not _free(record.port):
        record = demo.move(record, free_port())
    command = [sys.executable, "-P", "-m", __name__, demo.database, str(record.port), str(demo.serving)]
    with demo.log.open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_environment(),
            # Out of reach of the terminal's Ctrl+C and hang-up.
            start_new_session=True,
            creationflags=_NO_WINDOW,
        )
    # The one line on its standard output is the sign that it answers; its end without one, that it failed.
    _started.append(process)
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    try:
        ready = _first_line(process)
    finally:
        timer.cancel()
    if not ready and process.wait() == TAKEN and running(demo) is not None:
        return demo.load() or record  # somebody else started it at the same moment
    if not ready:
        tail = demo.log.read_text("utf-8", "replace")[-_TAIL:]
        raise MscError("demo_central_failed", log=str(demo.log), detail=" ".join(tail.split()))
    return record


def stop(demo: Demo) -> bool:
    """End central and wait until it is gone. False when it did not run. MscError `demo_central_stays`."""
    pid = running(demo)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    end, pause = clock.monotonic() + STOP_SECONDS, threading.Event()
    while running(demo) is not None:
        if clock.monotonic() > end:
            raise MscError("demo_central_stays", pid=pid)
        pause.wait(_LOOK_SECONDS)
    for process in _started:
        if process.pid == pid:
            process.wait(STOP_SECONDS)
    return True


def cut(demo: Demo) -> None:
    """As if the line were cut: central ends, and nobody but a person starts it again."""
    demo.cut.touch()
    stop(demo)


def mend(demo: Demo, record: Record) -> Record:
    """Undo `cut`. Errors and result as `start`."""
    demo.cut.unlink(missing_ok=True)
    return start(demo, record)


def _first_line(process: "subprocess.Popen[bytes]") -> bytes:
    if process.stdout is None:
        return b""
    with process.stdout as lines:
        return lines.readline()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _free(port: int) -> bool:
    with socket.socket() as probe:
        if sys.platform != "win32":
            # As the server does it: a port that the last one has just left counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _environment() -> dict[str, str]:
    """This process's, without what a real central of this machine may have set there."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MSC_CENTRAL")}


def main(database: str, port: str, lock: str) -> int:
    """Serve until stopped; `TAKEN` when another central holds the lock."""
    from ..central.serve import Listen, serve

    private_umask()
    pause = threading.Event()
    for _again in range(LOOKS):
        with held(Path(lock), "central") as mine:
            if mine:
                serve(database, Listen(port=int(port)))
                return 0
        pause.wait(_LOOK_SECONDS)
    return TAKEN


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
