"""`msc central serve --workers`: one ready line, workers that are replaced, news across them, one end for all."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from typer.testing import CliRunner

from msc_console import clock
from msc_console.central import masterkey, workers
from msc_console.central.db import CONNECTIONS
from msc_console.central.limits import FREE_TRIES
from msc_console.central.passwords import TEST
from msc_console.central.serve import Listen
from msc_console.central.service import Service
from msc_console.cli.central import app
from msc_console.errors import Exit, MscError, UsageError
from tests.support.processes import eventually, held_connections, workers_of

from .conftest import Laptop, Place
from .talk import create, lines, push

COUNT = 2
SECONDS = 20.0

posix = pytest.mark.skipif(os.name != "posix", reason="workers share a socket of POSIX")


@contextmanager
def serving(url: str, log: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A supervisor that has said it is ready, and its address."""
    words = ["central", "serve", "-d", url, "--port", "0", "--workers", str(COUNT)]
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "msc_console", *words], stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, log.read_text()
        ready = json.loads(line)
        assert ready["ready"] is True
        yield process, ready["url"]
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def real(place: Place, request: pytest.FixtureRequest) -> Place:
    """The small centre on PostgreSQL, under the wall clock."""
    if place.central.dialect != "postgresql":
        pytest.fail("parametrize central_url with postgresql alone")
    place.hands.at = clock.now()
    return place


only_postgresql = pytest.mark.parametrize("central_url", ["postgresql"], indirect=True)


def hello(url: str) -> bool:
    """Over a connection of its own, so that any worker may take it."""
    return httpx.get(f"{url}/v1/hello", trust_env=False, timeout=SECONDS).status_code == 200


@posix
@only_postgresql
@pytest.mark.slow
def test_a_dead_worker_is_replaced_and_sigterm_ends_all(real: Place, tmp_path: Path) -> None:
    with serving(real.url, tmp_path / "log") as (process, url):
        first = workers_of(process.pid)
        assert len(first) == COUNT
        for victim in first:
            os.kill(victim, signal.SIGKILL)
            eventually(lambda victim=victim: victim not in workers_of(process.pid), SECONDS, "a dead worker is a child")
            eventually(lambda: len(workers_of(process.pid)) == COUNT, SECONDS, "the worker was not replaced")
            assert hello(url)
        assert not {*first} & {*workers_of(process.pid)}
        assert all(hello(url) for _ in range(20))
        living = workers_of(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == Exit.OK
        assert process.stdout is not None
        assert process.stdout.read() == "", "ready is said once"
        for pid in living:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
    assert (tmp_path / "log").read_text().count("has ended with -9") == COUNT


def supervised(work: workers.Work, line: "Connection[Any, Any]") -> None:
    """A supervisor in a process of its own; its port is said when all workers are ready."""
    with workers.bound("127.0.0.1", 0) as sock:
        workers.Supervisor(work, sock, lambda: line.send(sock.getsockname()[1])).run()


@posix
@only_postgresql
@pytest.mark.slow
def test_a_worker_that_hangs_is_replaced(real: Place) -> None:
    """A stopped process ends by nothing but its supervisor's look at it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    work = workers.Work(real.url, Listen(port=0), real.key, TEST, COUNT, beat=0.1, silence=3.0)
    process = context.Process(target=supervised, args=(work, theirs))
    process.start()
    assert process.pid is not None
    try:
        assert ours.poll(3 * SECONDS), "the workers are not ready"
        url = f"http://127.0.0.1:{ours.recv()}"
        victim = workers_of(process.pid)[-1]
        os.kill(victim, signal.SIGSTOP)
        eventually(lambda: victim not in workers_of(process.pid), SECONDS, "a worker that hangs is kept")
        eventually(lambda: len(workers_of(process.pid)) == COUNT, SECONDS, "the worker was not replaced")
        assert all(hello(url) for _ in range(10))
    finally:
        process.terminate()
        process.join(SECONDS)
        process.kill()


@posix
def test_what_silence_means(tmp_path: Path) -> None:
    """Asked once, killed when that was left unanswered for too long, spared where the supervisor itself stood still."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process, at = Mock(), 1000.0
    with workers.bound("127.0.0.1", 0) as sock:
        keeper = workers.Supervisor(
            workers.Work("unused", Listen(), masterkey.create(tmp_path / "key"), TEST, 1), sock, lambda: None
        )
    (slot,) = keeper._slots
    slot.process, slot.line, slot.ready, slot.heard = process, ours, True, at
    keeper._check(slot, at + workers.BEAT_SECONDS / 2, held_up=False)
    assert not theirs.poll(), "asked before its time"
    at += workers.BEAT_SECONDS
    for seconds in (0.0, 1.0, workers.SILENCE_SECONDS):
        keeper._check(slot, at + seconds, held_up=False)
    assert theirs.recv_bytes() == b"there?"
    assert not theirs.poll(), "a line that nobody reads would fill"
    keeper._check(slot, at + 10 * workers.SILENCE_SECONDS, held_up=True)
    assert not process.kill.called
    at += 10 * workers.SILENCE_SECONDS
    theirs.send_bytes(b"here")
    assert keeper._hear(slot, ours)
    assert slot.asked is None
    slot.asked, slot.ready = at, False
    keeper._check(slot, at + workers.START_SECONDS, held_up=False)
    assert not process.kill.called, "a start takes longer"
    slot.ready = True
    keeper._check(slot, at + workers.SILENCE_SECONDS + 1, held_up=False)
    assert process.kill.call_count == 1


@posix
@only_postgresql
@pytest.mark.slow
def test_workers_end_with_a_supervisor_that_is_killed(real: Place, tmp_path: Path) -> None:
    with serving(real.url, tmp_path / "log") as (process, url):
        living = workers_of(process.pid)
        assert hello(url)
        process.kill()
        process.wait(10)

        def gone() -> bool:
            try:
                return not hello(url)
            except httpx.ConnectError:
                return True

        eventually(gone, SECONDS, f"{living} still answer")


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="who holds a connection is read from /proc")
@only_postgresql
@pytest.mark.slow
@pytest.mark.protocol("P-086")
def test_a_long_poll_at_one_worker_hears_of_a_push_at_the_other(real: Place, tmp_path: Path) -> None:
    """As many clients wait as it takes for both workers to hold some; every one of them is told."""
    waiting = 6
    rina, budi = Laptop.new(), Laptop.new()
    access, others = (real.sign_in(name, laptop).access for name, laptop in (("rina", rina), ("budi", budi)))

    def client(token: str) -> httpx.Client:
        bearer = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=url, headers=bearer, trust_env=False, timeout=40)

    with serving(real.url, tmp_path / "log") as (process, url):
        with client(access) as reader:
            *_, end = lines(reader.get("/v1/changes").content)
        told: list[tuple[float, int]] = []
        pause = threading.Event()

        def listen() -> None:
            with client(access) as reader:
                ask = {"cursor": end.cursor, "wait": 20}
                while (reply := reader.get("/v1/changes", params=ask)).status_code in (429, 503):
                    pause.wait(0.02)  # they share one device, which has one pull at a time but for those that wait
                told.append((clock.monotonic(), len(lines(reply.content))))

        threads = [threading.Thread(target=listen) for _ in range(waiting)]
        for thread in threads:
            thread.start()
        port = int(url.rpartition(":")[2])
        both = workers_of(process.pid)

        def shares() -> list[int]:
            return [held_connections(pid, port) for pid in both]

        eventually(lambda: sum(shares()) == waiting, SECONDS, "the long polls have not come in")
        print("long polls at each worker", shares())
        with client(others) as writer:
            pushed = clock.monotonic()
            (result,) = push(writer, budi, [create(real, budi)])
            assert result.result == "applied"
        for thread in threads:
            thread.join(30)
    assert len(told) == waiting
    assert all(rows > 1 for _, rows in told)
    latest = max(at for at, _ in told) - pushed
    print(f"the last of {waiting} long polls heard after {latest:.3f} s")
    assert latest < 5, "a long poll slept its time out"


def test_only_postgresql_has_several(place: Place) -> None:
    """On SQLite nothing is changed and the words say why."""
    said = CliRunner().invoke(app, ["serve", "-d", place.url, "--port", "0", "--workers", "0"])
    assert said.exit_code == Exit.USAGE
    if place.central.dialect == "sqlite":
        said = CliRunner().invoke(app, ["serve", "-d", place.url, "--port", "0", "--workers", "2"])
        assert said.exit_code == Exit.USAGE
        assert "PostgreSQL" in said.stderr
    workers.check(place.central.dialect, 1)


def test_windows_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("msc_console.central.workers.os.name", "nt")
    workers.check("postgresql", 1)
    with pytest.raises(UsageError, match="workers_not_on_windows"):
        workers.check("postgresql", 2)


def test_an_address_in_use_is_said() -> None:
    with workers.bound("127.0.0.1", 0) as taken, pytest.raises(MscError, match="central_not_started"):
        workers.bound("127.0.0.1", taken.getsockname()[1])


@posix
def test_a_worker_that_cannot_start_ends_the_first_start(tmp_path: Path) -> None:
    """No use in trying again: nothing has ever worked. The signals of this process are put back."""
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    said: list[str] = []
    with workers.bound("127.0.0.1", 0) as sock:
        work = workers.Work("mysql://nowhere", Listen(), masterkey.create(tmp_path / "key"), TEST, COUNT)
        assert workers.Supervisor(work, sock, lambda: said.append("ready")).run() is False
    assert said == []
    for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
        signal.signal(number, handler)


@pytest.mark.protocol("P-024")
def test_shares(place: Place) -> None:
    """Together the workers stay below what PostgreSQL allows and allow no more wrong tries than one process does."""
    assert workers.connections(1) == CONNECTIONS
    for count in (2, 4, 8, 16):
        assert workers.connections(count) * count <= workers.TOGETHER
    for count in (2, 4):
        service = Service(place.central, place.settings(workers=count))
        free = [service.auth.logins.begin("rina", 0.0) for _ in range(FREE_TRIES)].count(0)
        assert 1 <= free * count <= 2 * FREE_TRIES
        assert free < FREE_TRIES
    work = workers.Work(place.url, Listen(), place.key, TEST, 4)
    assert [work.settings(number).tick_seconds for number in range(4)] == [1.0, None, None, None]
    assert {work.settings(number).workers for number in range(4)} == {4}
