"""A line that counts what passes: a plain TCP relay on this machine. And HTTP statuses as they arrive."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

PIECE = 64 * 1024


@dataclass(slots=True)
class Counted:
    """Where to connect, and the bytes of payload that went up and down since it was opened."""

    url: str
    up: int = 0
    down: int = 0

    def total(self) -> int:
        """Both ways."""
        return self.up + self.down


@contextmanager
def counted(url: str) -> Iterator[Counted]:
    """A relay in front of `url`."""
    target = urlsplit(url)
    listener = socket.create_server(("127.0.0.1", 0))
    line = Counted(f"http://127.0.0.1:{listener.getsockname()[1]}")

    def pump(source: socket.socket, sink: socket.socket, way: str) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                setattr(line, way, getattr(line, way) + len(piece))
                sink.sendall(piece)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection((target.hostname, target.port))
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=pump, args=(near, far, "up"), daemon=True).start()
                threading.Thread(target=pump, args=(far, near, "down"), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield line
    finally:
        listener.close()


class Statuses(httpx.BaseTransport):
    """httpx's own transport, with every status that comes back counted; `lost` requests had none."""

    def __init__(self, counts: Counter[int]) -> None:
        self._inner = httpx.HTTPTransport()
        self._counts = counts

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        response = self._inner.handle_request(request)
        self._counts[response.status_code] += 1
        return response

    def close(self) -> None:
        """Its connections."""
        self._inner.close()
