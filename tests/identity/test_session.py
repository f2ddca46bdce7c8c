"""The unlocked session as a real process: what it answers, to whom, and when it ends."""

import asyncio
import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from msc_console import clock, seal
from msc_console.config import Home
from msc_console.identity import agent, unix
from msc_console.identity.agent import Client, SessionGone, SessionRefused
from msc_console.identity.errors import SessionFailed, SessionRunning
from msc_console.identity.session import CannotStart, Order, Session
from msc_console.identity.signer import InProcess, Signer
from tests.identity.conftest import LOGIN, SECRET, Start

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the session needs a Unix socket")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
PUBLIC = seal.public_key(SECRET.device_key)


def _op(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "op": f"op-{number}", "device": SECRET.device, "inc": "nonce", "actor": SECRET.person, "kind": "entry.note",
        "kv": 1, "target": "ticket-1", "basis": {"ver": number}, "made_at": "2026-07-02T03:04:05.678Z", "skew": 0,
        "args": {"body": f"catatan {number} – kuota"}, **changes,
    }  # fmt: skip


def _path(home: Home) -> Path:
    return agent.socket_paths(home, LOGIN)[0]


def _until_end(home: Home) -> socket.socket:
    """A connection whose `recv` returns when the session's process is gone."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(20)
    connection.connect(str(_path(home)))
    # Answered once, it is sure to be accepted: its end is then no reset.
    connection.sendall(b'{"do":"ping"}\n')
    assert connection.recv(64) == b'{"ok":true}\n'
    return connection


def _check_chain(sealed: list[dict[str, Any]], counter: int, prev: str) -> None:
    for op in sealed:
        assert op["counter"] == counter
        assert op["prev"] == prev
        assert op["body"] == seal.body_hash(op["salt"], op["args"], op.get("before", {}))
        assert seal.verify(PUBLIC, seal.signed_bytes(op), op["sig"])
        counter, prev = counter + 1, seal.link(op)


def test_a_started_session_knows_whose_it_is(start: Start, home: Home) -> None:
    client = start()
    client.ping()
    status = client.status()
    assert status.pop("pid") != os.getpid()
    assert timedelta(minutes=59) < clock.parse(status.pop("until")) - clock.now() <= timedelta(hours=1)
    assert status == {"login": LOGIN, "person": "person-1", "device": "device-1", "code": "K7Q"}
    assert client.data_key() == SECRET.data_key


@pytest.mark.parametrize("where", ["process", "here"])
def test_a_sealed_batch_verifies_and_chains(start: Start, where: str) -> None:
    signer: Signer = start() if where == "process" else InProcess(SECRET)
    first = signer.seal(1, "", [_op(n) for n in range(1, 4)])
    assert [op["op"] for op in first] == ["op-1", "op-2", "op-3"]
    _check_chain(first, 1, "")
    last = seal.link(first[-1])
    second = signer.seal(4, last, [_op(4, before={"urgency": "low"}, deps=["op-1"])])
    _check_chain(second, 4, last)
    assert len({op["salt"] for op in first + second}) == 4
    proof = signer.sign_refresh("token")
    assert seal.verify(PUBLIC, b"msc-refresh|token", proof)


def test_a_full_batch_passes_the_socket(start: Start) -> None:
    sealed = start().seal(1, "", [_op(n, args={"body": "é" * 2500}) for n in range(100)])
    _check_chain(sealed, 1, "")
    assert len(sealed) == 100


def test_what_can_not_be_sealed_is_refused_and_the_session_goes_on(start: Start) -> None:
    client = start()
    for wrong in (_op(1, device="device-2"), _op(1, args={"price": 1.5}), _op(1, skew=2**53)):
        with pytest.raises(SessionRefused, match="bad_op"):
            client.seal(1, "", [_op(0), wrong])
    for request in ({"do": "sign_anything"}, {"do": "seal"}, {"do": "sign", "token": 7}, {}):
        with pytest.raises(SessionRefused, match="bad_request"):
            client._ask(request)
    with pytest.raises(SessionRefused, match="too_long"):
        client.sign_refresh("x" * agent.MAX_LINE)
    client.ping()


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"7", b"null", b"\xff", b"[" * 100_000, b'{"do": ["key"]}'])
def test_no_request_line_breaks_an_answer(home: Home, line: bytes) -> None:
    assert _here(home).answer(line) == {"ok": False, "error": "bad_request"}


def test_an_endless_line_ends_its_connection_alone(start: Start, home: Home) -> None:
    client = start()
    with _until_end(home) as connection:
        with contextlib.suppress(ConnectionError):
            for _ in range(2 * agent.MAX_LINE // 65536 + 2):
                connection.sendall(b"x" * 65536)
        with contextlib.suppress(ConnectionError):
            assert connection.recv(1) == b""
    client.ping()


def test_several_clients_share_it(start: Start, home: Home) -> None:
    first = start()
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            other = Client.connect(home, LOGIN)
            assert other is not None
            assert stack.enter_context(other).data_key() == SECRET.data_key
    first.ping()


def test_another_login_or_home_finds_nothing(start: Start, home: Home, tmp_path: Path) -> None:
    start()
    assert Client.connect(home, "bagus") is None
    assert Client.connect(Home(tmp_path / "other"), LOGIN) is None


def test_the_socket_lies_in_a_folder_of_its_own(start: Start, home: Home, runtime: Path) -> None:
    start()
    path = _path(home)
    assert path.parent == runtime / "msc"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_a_second_start_is_refused_while_one_answers(start: Start) -> None:
    client = start()
    with pytest.raises(SessionRunning):
        start()
    client.ping()


def test_a_second_start_is_refused_also_when_the_socket_was_lost(start: Start, home: Home) -> None:
    client = start()
    _path(home).unlink()
    assert Client.connect(home, LOGIN) is None
    with pytest.raises(SessionRunning):
        start()
    client.ping()


def test_lock_ends_it_and_a_new_one_may_start_at_once(start: Start, home: Home) -> None:
    client, other = start(), Client.connect(home, LOGIN)
    assert other is not None
    client.lock()
    assert not _path(home).exists()
    assert Client.connect(home, LOGIN) is None
    with pytest.raises(SessionGone):
        other.data_key()
    with pytest.raises(SessionGone):
        client.ping()
    start().ping()


def test_a_killed_session_leaves_a_socket_that_the_next_replaces(start: Start, home: Home) -> None:
    client = start()
    pid = client.status()["pid"]
    with _until_end(home) as connection:
        os.kill(pid, signal.SIGKILL)
        assert connection.recv(1) == b""
    assert _path(home).exists()
    assert Client.connect(home, LOGIN) is None
    with pytest.raises(SessionGone):
        client.ping()
    assert start().status()["pid"] != pid


def test_terminate_ends_it_cleanly(start: Start, home: Home) -> None:
    pid = start().status()["pid"]
    with _until_end(home) as connection:
        os.kill(pid, signal.SIGTERM)
        assert connection.recv(1) == b""
    assert not _path(home).exists()


def test_it_ends_with_its_vault(start: Start, home: Home) -> None:
    start(watch_seconds=0.05)
    with _until_end(home) as connection:
        home.person(LOGIN).vault.unlink()
        assert connection.recv(1) == b""
    assert Client.connect(home, LOGIN) is None


@pytest.mark.parametrize("which", ["now", "monotonic"])
async def test_it_ends_with_the_shift_on_either_clock(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    async with _serving(_here(home), tmp_path) as (task, path):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"do":"ping"}\n')
        assert await reader.readline() == b'{"ok":true}\n'
        assert not task.done()
        real = getattr(clock, which)()
        later = real + (timedelta(hours=1) if which == "now" else 3600.0)
        monkeypatch.setattr(clock, which, lambda: later)
        # What arrives before the next look at the time gets no answer either.
        writer.write(b'{"do":"key"}\n')
        assert await reader.read() == b""
        writer.close()
        await asyncio.wait_for(task, 20)


def test_a_shift_that_is_over_starts_none(start: Start, home: Home) -> None:
    with pytest.raises(SessionFailed) as caught:
        start(until=clock.now())
    assert caught.value.reason == "expired"
    assert Client.connect(home, LOGIN) is None


def test_no_session_is_longer_than_a_shift_and_its_handover(start: Start) -> None:
    status = start(until=clock.now() + timedelta(days=30)).status()
    assert clock.parse(status["until"]) <= clock.now() + timedelta(hours=14)


def test_no_session_without_a_vault(home: Home, start: Start) -> None:
    home.person(LOGIN).vault.unlink()
    with pytest.raises(SessionFailed):
        start()


@linux
def test_no_secret_stands_in_arguments_or_environment(start: Start) -> None:
    pid = start().status()["pid"]
    text = Path(f"/proc/{pid}/cmdline").read_bytes()
    # Root alone may read the environment of a process that is not dumpable.
    with contextlib.suppress(PermissionError):
        text += Path(f"/proc/{pid}/environ").read_bytes()
    assert b"msc_console.identity.session" in text
    for key in (SECRET.data_key, SECRET.device_key):
        assert key not in text
        assert key.hex().encode() not in text


@linux
def test_its_memory_goes_to_no_core_file(start: Start) -> None:
    limits = Path(f"/proc/{start().status()['pid']}/limits").read_text()
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]


@linux
def test_its_memory_can_not_be_read_by_other_processes_of_the_user() -> None:
    code = (
        "import ctypes; from msc_console.identity.session import harden; harden();"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def _here(home: Home) -> Session:
    """A session object in this process."""
    vault = home.person(LOGIN).make().vault
    vault.touch()
    secrets = {
        "data_key": SECRET.data_key.hex(), "device_key": SECRET.device_key.hex(), "device": SECRET.device,
        "code": SECRET.code, "person": SECRET.person,
    }  # fmt: skip
    until = clock.to_ms(clock.now() + timedelta(hours=1))
    return Session(Order(LOGIN, [], str(vault), until, 0.05, secrets))


@contextlib.asynccontextmanager
async def _serving(
    held: Session, tmp_path: Path, uid: int = os.getuid()
) -> AsyncIterator[tuple[asyncio.Task[None], str]]:
    """`held` answering in this process: its task and its socket's path."""
    ready, left = asyncio.Event(), list[bool]()
    listener = unix.listen([str(_short(tmp_path))])
    server = unix.Server(held, uid)
    task = asyncio.create_task(server.serve(listener, ready.set, lambda: left.append(True)))
    await ready.wait()
    yield task, listener.getsockname()
    server.over.set()
    await asyncio.wait_for(task, 20)
    assert left == [True]


@pytest.mark.parametrize(("other", "answer"), [(0, b'{"ok":true}\n'), (1, b"")])
async def test_another_user_gets_no_answer(home: Home, tmp_path: Path, other: int, answer: bytes) -> None:
    async with _serving(_here(home), tmp_path, os.getuid() + other) as (_, path):
        reader, writer = await asyncio.open_unix_connection(path)
        got = b""
        with contextlib.suppress(ConnectionError):
            writer.write(b'{"do":"ping"}\n')
            got = await reader.readline()
        assert got == answer
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def _short(tmp_path: Path) -> Path:
    """A socket path relative to a deep temporary folder, short enough to bind."""
    os.chdir(tmp_path)
    return Path("s", "x.sock")


@pytest.fixture(autouse=True)
def stay_here() -> Any:
    """Tests may change the working folder."""
    before = Path.cwd()
    yield
    os.chdir(before)


def test_a_wiped_session_holds_no_keys(home: Home) -> None:
    held = _here(home)
    held.wipe()
    assert held.answer(b'{"do":"key"}') == {"ok": True, "key": "00" * 32}


class _Peer:
    """A connection whose other end belongs to `uid`."""

    def __init__(self, uid: int) -> None:
        self._uid = uid

    def getsockopt(self, *_: int) -> bytes:
        return (4711).to_bytes(4, sys.byteorder) + self._uid.to_bytes(4, sys.byteorder) + bytes(4)


@linux
def test_the_peer_is_judged_by_the_kernels_word(monkeypatch: pytest.MonkeyPatch) -> None:
    stranger: Any = _Peer(65534)
    assert agent.peer_uid(stranger) == 65534
    assert not agent.trusted_peer(stranger, 1000)
    assert agent.trusted_peer(stranger, 65534)
    monkeypatch.delattr(socket, "SO_PEERCRED")
    assert agent.peer_uid(stranger) is None
    assert agent.trusted_peer(stranger, 1000)


def test_a_folder_that_others_may_enter_holds_no_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    assert agent.own_folder(own)
    (tmp_path / "link").symlink_to(own)
    (tmp_path / "file").touch(mode=0o700)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o711)
    for name in ("link", "file", "open", "absent"):
        assert not agent.own_folder(tmp_path / name)
    with pytest.raises(CannotStart, match="folder"):
        unix.listen([str(tmp_path / name / "x.sock") for name in ("link", "file", "open")])
    monkeypatch.setattr(os, "getuid", lambda: own.stat().st_uid + 1)
    assert not agent.own_folder(own)


def test_every_candidate_path_fits_a_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/" + "x" * 200)
    monkeypatch.setenv("TMPDIR", "relative")
    deep = Home(tmp_path / ("y" * 200))
    paths = agent.socket_paths(deep, LOGIN)
    assert [path.parent for path in paths] == [Path(f"/tmp/msc-{os.getuid()}")]
    assert len(os.fsencode(paths[0])) <= agent.MAX_PATH
    assert agent.socket_paths(deep, "bagus") != paths
