"""A line that can be cut: a TCP proxy in the test's process, with faults that are switched on and off while it runs.

The bytes are passed on as they come; a fault applies to connections under way and to new ones.
"""

import selectors
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum

CHUNK = 65_536
TICK = 0.02
"""Longest that a fault waits to be noticed by a connection under way, in seconds."""


class Line(Enum):
    """What becomes of connections."""

    OPEN = "open"
    CUT = "cut"
    """All are reset; a new one is reset as soon as it is made."""
    BLACKHOLE = "blackhole"
    """They stay, and nothing gets through."""
    HALF_CUT = "half cut"
    """Requests get through, and each reply is reset after its first `keep` bytes: done there, not heard of here."""


class TcpProxy:
    """Listens on a free port of this machine and passes on to `target`. `faults` counts what each fault has hit."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.faults: Counter[Line] = Counter()
        self.connections = 0
        self._line = Line.OPEN
        self._delay = 0.0
        self._keep = 0
        self._closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = int(self._listener.getsockname()[1])
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, name="tcp-proxy", daemon=True)
        self._accepting.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        self._line = Line.CUT

    def blackhole(self) -> None:
        self._line = Line.BLACKHOLE

    def half_cut(self, keep: int = 100) -> None:
        """Replies end after `keep` bytes from now on."""
        self._keep, self._line = keep, Line.HALF_CUT

    def delay(self, seconds: float) -> None:
        """Each portion of bytes waits so long, whichever way it goes."""
        self._delay = seconds

    def restore(self) -> None:
        """The line as new, without delay. Connections that a blackhole held go on where they stood."""
        self._delay, self._line = 0.0, Line.OPEN

    def close(self) -> None:
        self._closed.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in (self._accepting, *self._threads):
            thread.join(5)

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = threading.Thread(target=self._carry, args=(near,), name="tcp-proxy-line", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _carry(self, near: socket.socket) -> None:
        """One connection's whole life: a polite end where there was one, a reset where a fault hit."""
        end = _reset
        far = None
        try:
            if self._line is Line.CUT:
                self.faults[Line.CUT] += 1
                return
            far = socket.create_connection(self.target, 5)
            with selectors.DefaultSelector() as watch:
                watch.register(near, selectors.EVENT_READ, (far, False))
                watch.register(far, selectors.EVENT_READ, (near, True))
                if self._pass_on(watch):
                    end = socket.socket.close
        except OSError:
            pass
        finally:
            for side in (near, far):
                if side is not None:
                    end(side)

    def _pass_on(self, watch: selectors.BaseSelector) -> bool:
        """True when a side has ended it, False when a fault has."""
        replied, held = 0, False
        while not self._closed.is_set():
            line = self._line
            if line is Line.CUT:
                self.faults[line] += 1
                return False
            if line is Line.BLACKHOLE:
                self.faults[line] += not held
                held = True
                self._closed.wait(TICK)
                continue
            held = False
            for key, _ in watch.select(TICK):
                source: socket.socket = key.fileobj  # type: ignore[assignment]
                sink, is_reply = key.data
                if self._delay:
                    self._closed.wait(self._delay)
                data = source.recv(CHUNK)
                if not data:
                    return True
                if is_reply and self._line is Line.HALF_CUT:
                    left = max(0, self._keep - replied)
                    replied += len(data)
                    sink.sendall(data[:left])
                    if replied > self._keep:
                        self.faults[Line.HALF_CUT] += 1
                        return False
                else:
                    sink.sendall(data)
        return False


def _reset(side: socket.socket) -> None:
    """Ends a connection with RST, as a broken line looks, not with a polite end."""
    with suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    side.close()


@contextmanager
def proxied(port: int) -> Iterator[TcpProxy]:
    """A proxy before a port of this machine."""
    proxy = TcpProxy(("127.0.0.1", port))
    try:
        yield proxy
    finally:
        proxy.close()
