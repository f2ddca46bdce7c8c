"""The session's named pipe, everything but Windows itself: who may talk, what is said, how it ends."""

import contextlib
import ctypes
import queue
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest

from msc_console import clock, seal
from msc_console.config import Home
from msc_console.identity import pipes, winapi
from msc_console.identity.agent import MAX_LINE, Client, SessionGone, place
from msc_console.identity.session import CannotStart, Order, Session
from tests.identity.conftest import LOGIN, SECRET

ME, STRANGER = "S-1-5-21-7-1001", "S-1-5-21-7-1002"


class Machine:
    """`pipes.Windows` with pipes of `multiprocessing` in this process. `serving` and `asking`: whose the ends are."""

    def __init__(self) -> None:
        self.calls: dict[str, queue.Queue[Any]] = {}
        self.handles: list[str] = []
        self.serving = self.asking = ME
        self.unknown = False

    def user(self) -> str:
        return ME

    def listen(self, name: str, user: str, *, first: bool) -> int:
        if first and name in self.calls:
            raise PermissionError(name)
        assert user == ME
        self.calls.setdefault(name, queue.Queue())
        self.handles.append(name)
        return len(self.handles) - 1

    def accept(self, handle: int) -> Any:
        return self.calls[self.handles[handle]].get()

    def dial(self, name: str) -> Any:
        if name not in self.calls:
            raise FileNotFoundError(name)
        ours, theirs = Pipe()
        self.calls[name].put(theirs)
        return ours

    def server_user(self, end: Any) -> str:
        if self.unknown:
            raise PermissionError("no process")
        return self.serving

    def client_user(self, end: Any) -> str:
        return self.asking


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def held(tmp_path: Path) -> Session:
    vault = Home(tmp_path / "home").person(LOGIN).make().vault
    vault.touch()
    secrets = {
        "data_key": SECRET.data_key.hex(), "device_key": SECRET.device_key.hex(), "device": SECRET.device,
        "code": SECRET.code, "person": SECRET.person,
    }  # fmt: skip
    return Session(Order(LOGIN, [], str(vault), clock.to_ms(clock.now() + timedelta(hours=1)), 0.02, secrets))


@pytest.fixture
def serve(machine: Machine, held: Session, tmp_path: Path) -> Iterator[Callable[[], threading.Thread]]:
    """Starts the session at its place; it is ended after the test."""
    started: list[threading.Thread] = []
    left: list[bool] = []

    def begin() -> threading.Thread:
        ready = threading.Event()
        thread = threading.Thread(
            target=pipes.serve, args=(held, machine, _place(tmp_path), ready.set, lambda: left.append(True))
        )
        thread.start()
        started.append(thread)
        assert ready.wait(20)
        return thread

    yield begin
    held.answer(b'{"do":"lock"}')
    for thread in started:
        thread.join(20)
        assert not thread.is_alive()
    assert len(left) == len(started)


def _place(tmp_path: Path) -> str:
    return place(Home(tmp_path / "home"), LOGIN)


def _dial(machine: Machine, tmp_path: Path) -> Client | None:
    channel = pipes.connect(machine, _place(tmp_path))
    return Client(channel) if channel is not None else None


def test_a_line_is_answered(serve: Callable[[], Any], machine: Machine, tmp_path: Path) -> None:
    assert _dial(machine, tmp_path) is None
    serve()
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            client = _dial(machine, tmp_path)
            assert client is not None
            stack.enter_context(client)
            assert client.data_key() == SECRET.data_key
            assert client.status()["login"] == LOGIN
            proof = client.sign_refresh("token")
            assert seal.verify(seal.public_key(SECRET.device_key), b"msc-refresh|token", proof)


def test_lock_ends_it_for_everybody(serve: Callable[[], threading.Thread], machine: Machine, tmp_path: Path) -> None:
    thread = serve()
    client, other = _dial(machine, tmp_path), _dial(machine, tmp_path)
    assert client is not None
    assert other is not None
    other.ping()
    client.lock()
    with pytest.raises(SessionGone):
        other.data_key()
    thread.join(20)
    assert not thread.is_alive()


def test_it_ends_with_its_vault(
    serve: Callable[[], threading.Thread], machine: Machine, held: Session, tmp_path: Path
) -> None:
    thread = serve()
    Home(tmp_path / "home").person(LOGIN).vault.unlink()
    thread.join(20)
    assert not thread.is_alive()


def test_another_users_process_gets_no_answer(serve: Callable[[], Any], machine: Machine, tmp_path: Path) -> None:
    serve()
    machine.asking = STRANGER
    client = _dial(machine, tmp_path)
    assert client is not None
    with pytest.raises(SessionGone):
        client.ping()


@pytest.mark.parametrize("how", ["other", "unknown"])
def test_a_pipe_that_another_user_serves_is_told_nothing(machine: Machine, tmp_path: Path, how: str) -> None:
    name = pipes._name(ME, _place(tmp_path))
    machine.listen(name, ME, first=True)
    machine.serving, machine.unknown = (STRANGER, False) if how == "other" else (ME, True)
    assert _dial(machine, tmp_path) is None
    squatter = machine.accept(0)
    with pytest.raises(EOFError):
        squatter.recv_bytes(MAX_LINE)


def test_a_name_that_is_taken_starts_no_session(
    machine: Machine, held: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipes, "PAUSE", 0.001)
    machine.listen(pipes._name(ME, _place(tmp_path)), ME, first=True)
    with pytest.raises(CannotStart, match="folder"):
        pipes.serve(held, machine, _place(tmp_path), lambda: None, lambda: None)


def test_a_line_that_is_too_long_ends_its_connection_alone(
    serve: Callable[[], Any], machine: Machine, tmp_path: Path
) -> None:
    serve()
    client, channel = _dial(machine, tmp_path), pipes.connect(machine, _place(tmp_path))
    assert client is not None
    assert channel is not None
    with contextlib.suppress(OSError):
        channel.send(b"x" * (MAX_LINE + 1))
        assert channel.receive(10) == b""
    client.ping()


def test_silence_is_not_waited_out_for_ever(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "TIMEOUT", 0.01)
    machine.listen(pipes._name(ME, _place(tmp_path)), ME, first=True)
    client = _dial(machine, tmp_path)
    assert client is not None
    with pytest.raises(SessionGone):
        client.ping()


class Kernel:
    """kernel32, advapi32 and `_winapi` in one, for process 7 (this one) and others: see `asked`."""

    def __init__(self, users: dict[int, str]) -> None:
        self.users, self.asked, self.open = users, list[tuple[Any, ...]](), 0
        self.busy = 0

    def GetCurrentProcess(self) -> int:
        return 7

    def OpenProcess(self, right: int, inherit: int, process: ctypes.c_uint32) -> int:
        self.asked.append(("OpenProcess", right))
        self.open += process.value in self.users
        return process.value if process.value in self.users else 0

    def CloseHandle(self, handle: ctypes.c_void_p) -> None:
        self.open -= 1

    def LocalFree(self, what: Any) -> None:
        self.open -= 1

    def OpenProcessToken(self, process: ctypes.c_void_p, right: int, out: Any) -> int:
        assert right == winapi.TOKEN_QUERY
        ctypes.cast(out, ctypes.POINTER(ctypes.c_void_p))[0] = process.value
        self.open += 1
        return 1

    def GetTokenInformation(self, token: ctypes.c_void_p, kind: int, raw: Any, size: int, used: Any) -> int:
        assert kind == winapi.TOKEN_USER
        ctypes.memmove(raw, ctypes.byref(token), ctypes.sizeof(token))
        return 1

    def ConvertSidToStringSidW(self, sid: ctypes.c_void_p, out: Any) -> int:
        self.text = ctypes.create_unicode_buffer(self.users[int(sid.value or 0)])
        ctypes.cast(out, ctypes.POINTER(ctypes.c_void_p))[0] = ctypes.addressof(self.text)
        self.open += 1
        return 1

    def ConvertStringSecurityDescriptorToSecurityDescriptorW(self, text: Any, revision: int, out: Any, _: None) -> int:
        self.asked.append(("sddl", text.value, revision))
        ctypes.cast(out, ctypes.POINTER(ctypes.c_void_p))[0] = 4711
        self.open += 1
        return 1

    def CreateNamedPipe(self, *asked: Any) -> int:
        attributes = winapi._Attributes.from_address(asked[-1])
        self.asked.append((*asked[:-1], attributes.length, attributes.descriptor, attributes.inherit))
        return 11

    def CreateFile(self, *asked: Any) -> int:
        self.asked.append(asked)
        if self.busy:
            self.busy -= 1
            error = OSError("busy")
            error.winerror = winapi.ERROR_PIPE_BUSY  # type: ignore[attr-defined]
            raise error
        return 12

    def WaitNamedPipe(self, name: str, ms: int) -> None:
        self.asked.append(("WaitNamedPipe", name))

    def SetNamedPipeHandleState(self, *asked: Any) -> None:
        self.asked.append(asked)

    def GetNamedPipeServerProcessId(self, handle: ctypes.c_void_p, out: Any) -> int:
        ctypes.cast(out, ctypes.POINTER(ctypes.c_uint32))[0] = 21
        return 1

    def GetNamedPipeClientProcessId(self, handle: ctypes.c_void_p, out: Any) -> int:
        ctypes.cast(out, ctypes.POINTER(ctypes.c_uint32))[0] = 22
        return 1


class Handle:
    """A connection around a handle."""

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def fileno(self) -> int:
        return self.handle


def _system(kernel: Kernel) -> Any:
    return winapi.System(kernel, kernel, kernel, Handle)


def test_the_pipe_is_for_this_user_of_this_machine_alone() -> None:
    kernel = Kernel({7: ME})
    system = _system(kernel)
    assert system.listen("name", system.user(), first=True) == 11
    assert system.listen("name", ME, first=False) == 11
    sddl, first, _, later = kernel.asked
    assert sddl == ("sddl", f"O:{ME}D:P(A;;GA;;;{ME})", 1)
    assert first[1] & 0x80000
    assert not later[1] & 0x80000
    for made in (first, later):
        assert made[1] & 0x40000003 == 0x40000003
        assert made[2] == 0x4 | 0x2 | 0x8  # messages, and PIPE_REJECT_REMOTE_CLIENTS
        assert made[-3:] == (ctypes.sizeof(winapi._Attributes), 4711, 0)
    assert kernel.open == 0


def test_a_server_is_given_no_right_to_act_as_us() -> None:
    kernel = Kernel({7: ME})
    kernel.busy = 1
    end = _system(kernel).dial("name")
    assert end.handle == 12
    opened = [asked for asked in kernel.asked if asked[1:2] == (0xC0000000,)]
    assert len(opened) == 2  # the second after waiting for an instance
    assert ("WaitNamedPipe", "name") in kernel.asked
    assert all(asked[5] & 0x00110000 == 0x00110000 for asked in opened)
    assert (12, 0x2, None, None) in kernel.asked


def test_users_of_both_ends_are_those_of_their_processes() -> None:
    kernel = Kernel({7: ME, 21: STRANGER, 22: ME})
    system = _system(kernel)
    assert (system.server_user(Handle(12)), system.client_user(Handle(11))) == (STRANGER, ME)
    assert ("OpenProcess", 0x1000) in kernel.asked
    assert kernel.open == 0
    with pytest.raises(PermissionError):  # a process that may not be asked is nobody of ours
        _system(Kernel({7: ME})).server_user(Handle(12))
    with pytest.raises(OSError, match="not Windows"):
        winapi.system()
