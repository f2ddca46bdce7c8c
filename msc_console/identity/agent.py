"""The light side of the unlocked session: what a console or CLI command asks of the `msc session` process.

This module imports the standard library alone, and little of it: it stands between a key press and a first row.
The session listens on a Unix socket in a 0700 folder of this user, on Windows on a named pipe of this user alone
(`pipes`); one request is one line of JSON, and so is its answer: `{"ok": true, ...}` or `{"ok": false, "error": code}`.
Requests: ping, status, key, seal, sign, lock.
"""

import json
import os
import socket
import stat
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

try:
    from _blake2 import blake2b  # `hashlib` brings OpenSSL, which takes longer to load than all of this
except ImportError:  # another interpreter than CPython
    from hashlib import blake2b

if TYPE_CHECKING:
    from ..config import Home

MAX_PATH = 100
"""Bytes of a socket path that every platform takes (104 on macOS, 108 on Linux, with the closing NUL)."""
MAX_LINE = 4 * 1024 * 1024
"""Bytes of one request or answer; a full push is 256 KiB."""
TIMEOUT = 10.0
"""Seconds to wait for an answer; sealing a hundred ops takes some milliseconds."""


class SessionGone(ConnectionError):
    """The session ended (locked, shift over, killed): connect again or ask for the password."""


class SessionRefused(Exception):
    """The session won't do this request. `code`: `bad_request`, `bad_op`, `too_long`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def place(home: "Home", login: str) -> str:
    """16 hex digits that stand for `login`'s session under `home`."""
    return blake2b(os.fsencode(home.folder.resolve()) + b"\0" + login.encode(), digest_size=8).hexdigest()


def socket_paths(home: "Home", login: str) -> list[Path]:
    """Where the socket of `login`'s session under `home` may lie, best first.

    Several, because a shell without `XDG_RUNTIME_DIR` (cron, ssh) must find the session too. The name is a hash, so
    that a long home doesn't make a path that no socket can have; what is too long all the same is left out.
    """
    if sys.platform == "win32":
        return []
    name = place(home, login) + ".sock"
    roots = [(os.environ.get("XDG_RUNTIME_DIR", ""), "msc")]
    roots += [(shared, f"msc-{os.getuid()}") for shared in (os.environ.get("TMPDIR", ""), "/tmp")]  # noqa: S108
    paths = [Path(root, folder, name) for root, folder in roots if root.startswith("/")]
    return [path for path in dict.fromkeys(paths) if len(os.fsencode(path)) <= MAX_PATH]


def own_folder(folder: Path) -> bool:
    """True when `folder` is a real folder of this user that nobody else may enter."""
    if sys.platform == "win32":
        return False
    try:
        info = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(info.st_mode) and info.st_uid == os.getuid() and not info.st_mode & 0o077


def peer_uid(connection: socket.socket) -> int | None:
    """The user at the other end; None where the platform can't say (then the 0700 folder alone keeps others out)."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII"))
    return int(struct.unpack("iII", raw)[1])


def trusted_peer(connection: socket.socket, uid: int) -> bool:
    """True unless the platform says that another user than `uid` is at the other end."""
    peer = peer_uid(connection)
    return peer is None or peer == uid


class Channel(Protocol):
    """A line to the session. All calls raise OSError (or ValueError, once closed) when it is broken."""

    def send(self, line: bytes, /) -> None: ...

    def receive(self, most: int, /) -> bytes:
        """The next line, of `most` bytes; empty at the end."""

    def close(self) -> None: ...


class SocketChannel:
    """A channel over a connected Unix socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = connection.makefile("rb")

    def send(self, line: bytes, /) -> None:
        """See Channel."""
        self._connection.sendall(line)

    def receive(self, most: int, /) -> bytes:
        """See Channel."""
        return self._reader.readline(most)

    def close(self) -> None:
        """See Channel."""
        self._reader.close()
        self._connection.close()


def channels(home: "Home", login: str) -> Iterator[Channel]:
    """Lines to whatever of this user's own stands where `login`'s session may be found, best first."""
    if sys.platform == "win32":
        from . import pipes

        channel = pipes.connect(pipes.windows(), place(home, login))
        if channel is not None:
            yield channel
        return
    for path in socket_paths(home, login):
        if not own_folder(path.parent):
            continue
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(TIMEOUT)
        try:
            connection.connect(str(path))
            trusted = trusted_peer(connection, os.getuid())
        except OSError:
            trusted = False
        if trusted:
            yield SocketChannel(connection)
        else:
            connection.close()


class Client:
    """A connection to an unlocked session; safe to share between threads. It is a `Signer`.

    Each method raises SessionGone when the session has ended and SessionRefused when it says no.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._turn = threading.Lock()

    @classmethod
    def connect(cls, home: "Home", login: str) -> "Client | None":
        """The session of `login` on this laptop, or None when none answers."""
        for channel in channels(home, login):
            client = cls(channel)
            try:
                client.ping()
            except (OSError, SessionRefused):
                client.close()
            else:
                return client
        return None

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; the session goes on."""
        self._channel.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        line = json.dumps(request, separators=(",", ":")).encode("ascii") + b"\n"
        if len(line) > MAX_LINE:
            raise SessionRefused("too_long")
        with self._turn:
            try:
                self._channel.send(line)
                answer = self._channel.receive(MAX_LINE)
            except (OSError, ValueError) as error:
                # A late answer would be taken for that of the next request.
                self.close()
                raise SessionGone from error
            if not answer.endswith(b"\n"):
                self.close()
                raise SessionGone
        reply: dict[str, Any] = json.loads(answer)
        if not reply.get("ok"):
            raise SessionRefused(str(reply.get("error")))
        return reply

    def ping(self) -> None:
        """Raises when the session doesn't answer."""
        self._ask({"do": "ping"})

    def answers(self) -> bool:
        """Whether the session goes on."""
        try:
            self.ping()
        except (SessionGone, SessionRefused):
            return False
        return True

    def status(self) -> dict[str, Any]:
        """`login`, `person`, `device`, `code`, `until` (RFC 3339) and `pid` of the session."""
        reply = self._ask({"do": "status"})
        return {name: value for name, value in reply.items() if name != "ok"}

    def data_key(self) -> bytes:
        """The 32 bytes that open this person's cache."""
        return bytes.fromhex(self._ask({"do": "key"})["key"])

    def seal(self, first_counter: int, prev: str, envelopes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """`envelopes` sealed as a chain that starts at `first_counter` behind the link `prev`."""
        request = {"do": "seal", "counter": first_counter, "prev": prev, "ops": envelopes}
        sealed: list[dict[str, Any]] = self._ask(request)["ops"]
        return sealed

    def sign_refresh(self, token: str) -> str:
        """The proof that this device may use the refresh token `token`, as hex."""
        return str(self._ask({"do": "sign", "token": token})["sig"])

    def lock(self) -> None:
        """End the session. Returns when the process has closed the connection, so a new one may start at once."""
        try:
            self._ask({"do": "lock"})
            with self._turn:
                self._channel.receive(1)
        except (OSError, ValueError):
            pass
        self.close()
