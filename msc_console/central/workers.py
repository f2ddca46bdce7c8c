"""Several API processes on one socket, for a central on PostgreSQL.

The supervisor serves nothing: it binds the address, starts the workers, starts one again when it ends or no longer
answers, and ends all of them when it is told to. A connection is answered by whichever worker takes it; they know of
each other through the database alone. A worker whose supervisor is gone ends by itself.
"""

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from .. import clock
from ..errors import MscError, UsageError
from ..hardening import harden
from . import logs
from .app import create_app
from .checkpoints import Anchors
from .db import CONNECTIONS, STATEMENT_MS, Central
from .masterkey import MasterKey
from .passwords import Kdf, Passwords
from .service import Settings

if TYPE_CHECKING:
    from .serve import Listen

if sys.platform == "win32":
    from multiprocessing.connection import PipeConnection as Connection
else:
    from multiprocessing.connection import Connection

log = logging.getLogger("msc.central")

TOGETHER = 80
"""Most database connections of all workers; PostgreSQL allows 100 as it comes."""
LEAST = 5
"""Connections that a worker has in any case."""
BACKLOG = 2048
PAUSE = 0.5
"""Seconds before a worker that has ended is started again; doubled each time that it ends before it is ready."""
LONGEST_PAUSE = 10.0
BEAT_SECONDS = 5.0
"""How often a worker is asked whether its event loop still turns."""
SILENCE_SECONDS = 30.0
"""A worker that leaves that unanswered for so long is killed, and replaced."""
START_SECONDS = 120.0
"""How long a worker may take until it is ready."""
GRACE_SECONDS = 8.0
"""How long workers may take to end; they give requests under way five seconds."""


def check(dialect: str, workers: int) -> None:
    """UsageError where several workers can't be had: on SQLite, whose one writer they would only queue for, and on
    Windows, whose processes can't share a listening socket."""
    if workers == 1:
        return
    if dialect != "postgresql":
        raise UsageError("workers_need_postgresql", workers=workers)
    if os.name != "posix":
        raise UsageError("workers_not_on_windows", workers=workers)


def connections(workers: int) -> int:
    """Database connections of one of `workers` processes."""
    return min(CONNECTIONS, max(LEAST, TOGETHER // workers))


def bound(host: str, port: int) -> socket.socket:
    """A listening socket. MscError `central_not_started` when the address can't be had."""
    try:
        family, _kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.create_server((str(address[0]), port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise MscError("central_not_started", host=host, port=port) from error
    found.set_inheritable(True)
    return found


@dataclass(frozen=True)
class Work:
    """What `count` workers are given: they need no database to start, and answer 503 until there is one."""

    url: str
    listen: "Listen"
    key: MasterKey
    costs: Kdf
    count: int
    anchors: Anchors = field(default_factory=Anchors)
    beat: float = BEAT_SECONDS
    silence: float = SILENCE_SECONDS

    def settings(self, number: int) -> Settings:
        """The first worker alone looks for central's own acts: they are safe to do twice, but once is enough."""
        chosen = Settings(
            key=self.key, passwords=Passwords(self.costs), workers=self.count, describe=self.listen.describe,
            anchors=self.anchors,
        )  # fmt: skip
        return chosen if number == 0 else replace(chosen, tick_seconds=None)


@dataclass
class _Slot:
    """One worker's place: it keeps its number when its process is replaced."""

    number: int
    process: BaseProcess | None = None
    line: "Connection[Any, Any] | None" = None
    """Says `ready` once, then answers each question, and by its end on either side that the other one is gone."""
    ready: bool = False
    asked: float | None = None
    """Since when (monotonic seconds) an answer is waited for: one at most, so that the line never fills."""
    heard: float = 0.0
    """When it last answered."""
    failures: int = 0
    at: float = 0.0
    """When to start it (monotonic seconds)."""


class Supervisor:
    """Keeps `work.count` processes on `sock`. `run` is called on the main thread."""

    def __init__(self, work: Work, sock: socket.socket, on_ready: Callable[[], None]) -> None:
        self._work = work
        self._sock = sock
        self._on_ready = on_ready
        self._context = multiprocessing.get_context("spawn")
        self._slots = [_Slot(number) for number in range(work.count)]
        self._stopped, self._stop = self._context.Pipe(duplex=False)
        self._announced = False
        self._looked = clock.monotonic()

    def run(self) -> bool:
        """Serves until SIGTERM or SIGINT. False when a worker ended before all were ready for the first time."""
        for name in ("SIGTERM", "SIGINT"):
            signal.signal(getattr(signal, name), self._told_to_stop)
        try:
            while self._keep():
                pass
            return self._announced
        finally:
            self._end()

    def _told_to_stop(self, _number: int, _frame: Any) -> None:
        self._stop.send_bytes(b"stop")

    def _keep(self) -> bool:
        """One look at all workers; False when it is over."""
        now = clock.monotonic()
        held_up, self._looked = now - self._looked > 2 * self._work.beat, now
        for slot in self._slots:
            if slot.process is not None:
                self._check(slot, now, held_up=held_up)
            elif slot.at <= now:
                self._start(slot)
        later = [slot.at - now for slot in self._slots if slot.process is None]
        lines = {slot.line: slot for slot in self._slots if slot.line is not None}
        found = wait([self._stopped, *lines], timeout=max(0.0, min([self._work.beat, *later])))
        if self._stopped in found:
            return False
        for line in found:
            if isinstance(line, Connection) and not self._hear(lines[line], line):
                return False
        if not self._announced and all(slot.ready for slot in self._slots):
            self._announced = True
            self._on_ready()
        return True

    def _check(self, slot: _Slot, now: float, *, held_up: bool) -> None:
        """Asks a worker whether it is there; kills it when it has been asked for too long, and its end is then heard.

        `held_up`: this process itself did not run for a while, and what was asked before that proves nothing.
        """
        assert slot.process is not None
        assert slot.line is not None
        if slot.asked is None:
            if now - slot.heard >= self._work.beat:
                slot.asked = now
                with suppress(OSError):  # it has ended: that is heard from the line
                    slot.line.send_bytes(b"there?")
        elif held_up:
            slot.asked = now
        elif now - slot.asked > (self._work.silence if slot.ready else START_SECONDS):
            log.error("worker %d has not answered for %.0f s", slot.number, now - slot.asked)
            slot.asked = now
            slot.process.kill()

    def _hear(self, slot: _Slot, line: "Connection[Any, Any]") -> bool:
        """What a worker said, or that it has ended; False when there is no use in going on."""
        try:
            line.recv_bytes()
        except (EOFError, OSError):
            return self._ended(slot)
        slot.ready, slot.failures = True, 0
        slot.asked, slot.heard = None, clock.monotonic()
        return True

    def _ended(self, slot: _Slot) -> bool:
        assert slot.process is not None
        slot.process.join()
        log.warning("worker %d has ended with %s", slot.number, slot.process.exitcode)
        self._forget(slot)
        slot.failures += not slot.ready
        slot.at = clock.monotonic() + min(LONGEST_PAUSE, PAUSE * 2.0**slot.failures)
        slot.ready = False
        return self._announced

    def _start(self, slot: _Slot) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=serve_as_worker, args=(self._work, self._sock, slot.number, theirs), daemon=True
        )
        process.start()
        theirs.close()
        slot.process, slot.line, slot.asked = process, ours, clock.monotonic()

    def _forget(self, slot: _Slot) -> None:
        if slot.line is not None:
            slot.line.close()
        if slot.process is not None:
            slot.process.close()
        slot.process = slot.line = None

    def _end(self) -> None:
        """All are told to stop; whoever has not after the grace is killed."""
        living = [slot.process for slot in self._slots if slot.process is not None]
        for process in living:
            process.terminate()
        until = clock.monotonic() + GRACE_SECONDS
        for process in living:
            process.join(max(0.0, until - clock.monotonic()))
            if process.exitcode is None:
                process.kill()
                process.join()
        for slot in self._slots:
            self._forget(slot)
        self._stop.close()
        self._stopped.close()


def serve_as_worker(work: Work, sock: socket.socket, number: int, line: "Connection[Any, Any]") -> None:
    """A worker's whole life: serves from the shared socket until SIGTERM, or until its supervisor is gone."""
    from .serve import ApiServer, end_quietly

    harden()
    logs.start()
    central = Central.open(work.url, connections=connections(work.count), statement_ms=STATEMENT_MS)
    try:
        app = create_app(central, work.settings(number))
        server = ApiServer(app, work.listen, lambda _url: line.send_bytes(b"ready"))

        def answer() -> None:
            with suppress(OSError):  # it is gone: `answer_supervisor` hears of that
                line.send_bytes(b"here")

        def answer_supervisor() -> None:
            try:
                while line.recv_bytes():
                    server.on_loop(answer)
            except (EOFError, OSError):
                server.should_exit = True  # it is gone

        threading.Thread(target=answer_supervisor, name="msc-lifeline", daemon=True).start()
        end_quietly()
        server.run(sockets=[sock])
        if not server.started:
            sys.exit(1)
    finally:
        central.close()
