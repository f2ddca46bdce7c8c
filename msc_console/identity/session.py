"""`msc session`: one small process of one person that holds the unlocked keys, like an ssh agent.

It seals ops and hands out the cache's key over a Unix socket until it is locked, its time is over or the vault is
gone. Its keys come on standard input, never by arguments or environment. What it can't do: Python and the libraries
keep copies of key bytes that nobody can overwrite, so `wipe` clears our buffers and the end of the process the rest;
swap and hibernation are the business of the disk's encryption.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from .. import clock
from ..hardening import harden
from . import signer
from .agent import MAX_LINE, own_folder, trusted_peer

LONGEST = timedelta(hours=14)
"""A shift of 12 h and 2 h for its handover."""
LOCK_NAME = "session.lock"


class Order(NamedTuple):
    """What a session is started with; `secrets` has the fields of `vault.Secrets`, the keys as hex."""

    login: str
    sockets: list[str]
    vault: str
    until: int
    """Milliseconds since the epoch."""
    watch: float
    """Seconds between two looks at the time and the vault."""
    secrets: dict[str, str]


class CannotStart(Exception):
    """Why no session was started: `running`, `folder` or `expired`."""


class Session:
    """The keys and the answers. `uid` is the only user who gets any."""

    def __init__(self, order: Order, uid: int) -> None:
        held = order.secrets
        self._data_key = bytearray.fromhex(held["data_key"])
        self._device_key = bytearray.fromhex(held["device_key"])
        self._device = held["device"]
        self._about = {"login": order.login, "person": held["person"], "device": self._device, "code": held["code"]}
        self._vault = Path(order.vault)
        self._watch = order.watch
        self._uid = uid
        began = clock.now()
        self._until = min(clock.from_ms(order.until), began + LONGEST)
        # Counted on both clocks: putting the wall clock back doesn't make a shift longer.
        self._last = clock.monotonic() + (self._until - began).total_seconds()
        self._over = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        if self.over():
            raise CannotStart("expired")

    def over(self) -> bool:
        """True when the time is up or the vault is gone."""
        return clock.now() >= self._until or clock.monotonic() >= self._last or not self._vault.exists()

    def wipe(self) -> None:
        """Overwrite our own copies of the keys."""
        for key in (self._data_key, self._device_key):
            key[:] = bytes(len(key))

    def answer(self, line: bytes) -> dict[str, Any]:
        """The reply to one request line; never raises for what a client sent."""
        try:
            request = json.loads(line)
            return {"ok": True, **self._do(request["do"], request)}
        except (KeyError, TypeError, AttributeError, RecursionError, UnicodeError):
            return {"ok": False, "error": "bad_request"}
        except json.JSONDecodeError:
            return {"ok": False, "error": "bad_request"}
        except ValueError:
            return {"ok": False, "error": "bad_op"}

    def _do(self, what: str, request: dict[str, Any]) -> dict[str, Any]:
        match what:
            case "ping":
                return {}
            case "status":
                return {**self._about, "until": clock.iso(self._until), "pid": os.getpid()}
            case "key":
                return {"key": self._data_key.hex()}
            case "seal":
                private = bytes(self._device_key)
                first, prev, ops = request["counter"], request["prev"], request["ops"]
                return {"ops": signer.seal_chain(private, self._device, first, prev, ops)}
            case "sign":
                return {"sig": signer.sign_refresh(bytes(self._device_key), request["token"])}
            case "lock":
                self._over.set()
                return {}
        raise KeyError(what)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: a line in, a line out, until either side ends it."""
        self._writers.add(writer)
        try:
            if not trusted_peer(writer.get_extra_info("socket"), self._uid):
                return
            while line := await reader.readline():
                if self.over():
                    self._over.set()
                if self._over.is_set():
                    return
                writer.write(json.dumps(self.answer(line), separators=(",", ":")).encode("ascii") + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the client left, or its line was longer than MAX_LINE
        finally:
            if not self._over.is_set():
                self._writers.discard(writer)
                writer.close()

    async def serve(self, listener: socket.socket, ready: Callable[[], None], leave: Callable[[], None]) -> None:
        """Answer on `listener` until the session is over.

        `ready` is called once connections are taken. `leave` is called before the last ones are closed: a client
        that sees its connection end may start the next session at once.
        """
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._over.set)
        server = await asyncio.start_unix_server(self._client, sock=listener, limit=MAX_LINE)
        ready()
        while not self._over.is_set():
            try:
                await asyncio.wait_for(self._over.wait(), self._watch)
            except TimeoutError:
                if self.over():
                    self._over.set()
        server.close()
        leave()
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)


def listen(paths: list[str]) -> socket.socket:
    """A listening socket at the first of `paths` whose folder is, or can be made, this user's own.

    Only the holder of the session lock may call this: whatever lies at the path is then a dead session's.
    """
    for path in map(Path, paths):
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            if not own_folder(path.parent):
                continue
            path.unlink(missing_ok=True)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(path))
        except OSError:
            continue
        listener.listen(16)
        return listener
    raise CannotStart("folder")


def only_one(vault: Path) -> int:
    """Hold the lock beside the vault, as a file descriptor; CannotStart `running` when another session has it."""
    import fcntl

    handle = os.open(vault.with_name(LOCK_NAME), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise CannotStart("running") from error
    return handle


def run(order: Order, report: Callable[[str | None], None]) -> None:
    """Hold a session until it is over. `report` gets None when it answers, else why it can't start."""
    try:
        lock = only_one(Path(order.vault))
        session = Session(order, os.getuid())
        listener = listen(order.sockets)
    except CannotStart as error:
        report(str(error))
        return
    path = Path(listener.getsockname())

    def leave() -> None:
        session.wipe()
        path.unlink(missing_ok=True)
        os.close(lock)

    asyncio.run(session.serve(listener, lambda: report(None), leave))


def main() -> None:
    """The process: one line of JSON in (an Order), one word out (`ready` or why not), then silence."""
    harden()
    if os.fork():
        # The starter waits for this process alone; the session is nobody's child and leaves no zombie.
        os._exit(0)
    order = Order(**json.loads(sys.stdin.buffer.readline()))
    os.chdir("/")

    def report(problem: str | None) -> None:
        print(problem or "ready", flush=True)  # noqa: T201
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(silence, stream)

    run(order, report)


if __name__ == "__main__":
    main()
