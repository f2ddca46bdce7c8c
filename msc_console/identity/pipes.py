"""The unlocked session on Windows: a named pipe that this user alone may open, from this machine alone.

The pipe's access list names this user and nobody else; remote clients are refused by the system. The client asks whose
process serves the pipe before it says a word (another user may have made a pipe of that name first), and the server
whose process has opened it. The calls to Windows themselves are in `winapi`; everything here runs anywhere.

A message of the pipe is a line of the protocol. The standard library alone is loaded.
"""

import contextlib
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from .agent import MAX_LINE, TIMEOUT

if TYPE_CHECKING:
    from .session import Session

TRIES, PAUSE = 20, 0.1
"""How often, and after how many seconds, a pipe is tried for that the last session still holds: it is ending."""


class End(Protocol):
    """One end of a pipe, as `multiprocessing.connection` has it. Each raises OSError, at the end EOFError."""

    def send_bytes(self, buf: bytes, /) -> None: ...
    def recv_bytes(self, maxlength: int, /) -> bytes: ...
    def poll(self, timeout: float, /) -> bool: ...
    def close(self) -> None: ...


class Windows(Protocol):
    """What is asked of the system. Users are SIDs as text."""

    def user(self) -> str:
        """Who runs this process."""

    def listen(self, name: str, user: str, *, first: bool) -> int:
        """A handle of a new instance of the pipe, for `user` of this machine alone. `first`: PermissionError when
        there is a pipe of that name."""

    def accept(self, handle: int) -> End:
        """Wait for a client of an instance."""

    def dial(self, name: str) -> End:
        """Open a pipe that is there, giving its server no right to act as this user. OSError when there is none."""

    def server_user(self, end: End) -> str:
        """Who serves the pipe. OSError when that can't be known: then it is nobody of ours."""

    def client_user(self, end: End) -> str:
        """Who opened the pipe. Errors as `server_user`."""


def windows() -> Windows:
    """The system's own. OSError elsewhere than on Windows."""
    if sys.platform == "win32":
        from .winapi import system

        return system()
    raise OSError("no named pipes here")


class PipeChannel:
    """`agent.Channel` over a pipe."""

    def __init__(self, end: End) -> None:
        self._end = end

    def send(self, line: bytes, /) -> None:
        """See Channel."""
        self._end.send_bytes(line)

    def receive(self, most: int, /) -> bytes:
        """See Channel. TimeoutError when nothing comes within `agent.TIMEOUT`."""
        if not self._end.poll(TIMEOUT):
            raise TimeoutError
        try:
            return self._end.recv_bytes(most)
        except EOFError:
            return b""

    def close(self) -> None:
        """See Channel."""
        self._end.close()


def _name(user: str, place: str) -> str:
    return rf"\\.\pipe\msc-{user}-{place}"


def connect(system: Windows, place: str) -> PipeChannel | None:
    """A line to this user's own session at `place`; None when there is none, or it is another user's."""
    user = system.user()
    try:
        end = system.dial(_name(user, place))
    except OSError:
        return None
    try:
        trusted = system.server_user(end) == user
    except OSError:
        trusted = False
    if trusted:
        return PipeChannel(end)
    end.close()
    return None


def serve(
    session: "Session", system: Windows, place: str, ready: Callable[[], None], leave: Callable[[], None]
) -> None:
    """Answer at `place` until the session is over. `ready` and `leave` as of `unix.Server.serve`.

    CannotStart `folder` when another has the pipe. Threads that wait for a client end with the process.
    """
    server = _Server(session, system, _name(system.user(), place))
    server.begin()
    ready()
    while not server.over.wait(session.watch):
        if session.over():
            server.over.set()
    leave()
    server.hang_up()


class _Server:
    def __init__(self, session: "Session", system: Windows, name: str) -> None:
        self._session, self._system, self._name = session, system, name
        self._user = system.user()
        self.over = threading.Event()
        self._ends: set[End] = set()
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Take the pipe's name and wait for clients in a thread."""
        handle = self._first()
        threading.Thread(target=self._take, args=(handle,), daemon=True).start()

    def _first(self) -> int:
        from .session import CannotStart

        for _ in range(TRIES):
            try:
                return self._system.listen(self._name, self._user, first=True)
            except OSError:
                self.over.wait(PAUSE)
        raise CannotStart("folder")

    def _take(self, handle: int) -> None:
        """Clients one after the other, each to a thread of its own. The next instance is there before it is served."""
        while not self.over.is_set():
            try:
                end = self._system.accept(handle)
                handle = self._system.listen(self._name, self._user, first=False)
            except OSError:
                self.over.set()
                return
            with self._lock:
                self._ends.add(end)
            threading.Thread(target=self._client, args=(end,), daemon=True).start()

    def _client(self, end: End) -> None:
        """One connection: a line in, a line out, until either side ends it."""
        try:
            if self._system.client_user(end) != self._user:
                return
            while not self.over.is_set():
                line = end.recv_bytes(MAX_LINE)
                if self._session.over():
                    self.over.set()
                    return
                end.send_bytes(self._session.reply(line))
                if self._session.over():
                    self.over.set()
        except (EOFError, OSError, TypeError):
            pass  # the client left, its line was longer than MAX_LINE, or `hang_up` closed the end under the read
        finally:
            if not self.over.is_set():
                with self._lock:
                    self._ends.discard(end)
                end.close()

    def hang_up(self) -> None:
        """Close what is open: each client sees its end."""
        with self._lock:
            for end in self._ends:
                with contextlib.suppress(OSError):
                    end.close()
