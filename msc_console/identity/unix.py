"""The unlocked session on a Unix socket: who is let in, and its end."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .agent import MAX_LINE, own_folder, trusted_peer
from .session import CannotStart, Session

assert sys.platform != "win32"


def run(session: Session, paths: Sequence[str], ready: Callable[[], None], leave: Callable[[], None]) -> None:
    """Answer at the first of `paths` that can be had until the session is over. CannotStart `folder` when none can."""
    listener = listen(paths)
    path = Path(listener.getsockname())

    def gone() -> None:
        path.unlink(missing_ok=True)
        leave()

    asyncio.run(Server(session, os.getuid()).serve(listener, ready, gone))


def listen(paths: Sequence[str]) -> socket.socket:
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


class Server:
    """The connections of a session. `uid` is the only user who gets an answer."""

    def __init__(self, session: Session, uid: int) -> None:
        self._session = session
        self._uid = uid
        self.over = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, listener: socket.socket, ready: Callable[[], None], leave: Callable[[], None]) -> None:
        """Answer on `listener` until the session is over.

        `ready` is called once connections are taken. `leave` is called before the last ones are closed: a client
        that sees its connection end may start the next session at once.
        """
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.over.set)
        server = await asyncio.start_unix_server(self._client, sock=listener, limit=MAX_LINE)
        ready()
        while not self.over.is_set():
            try:
                await asyncio.wait_for(self.over.wait(), self._session.watch)
            except TimeoutError:
                if self._session.over():
                    self.over.set()
        server.close()
        leave()
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: a line in, a line out, until either side ends it."""
        self._writers.add(writer)
        try:
            if not trusted_peer(writer.get_extra_info("socket"), self._uid):
                return
            while line := await reader.readline():
                if self._session.over():
                    self.over.set()
                if self.over.is_set():
                    return
                writer.write(self._session.reply(line))
                if self._session.over():
                    self.over.set()
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the client left, or its line was longer than MAX_LINE
        finally:
            if not self.over.is_set():
                self._writers.discard(writer)
                writer.close()
