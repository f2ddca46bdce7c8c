"""The stream over real sockets: a central that pokes, a proxy that holds back, a line that goes dead."""

import socket
import threading
from collections.abc import Iterator, Sequence
from functools import partialmethod
from time import monotonic

import pytest

from msc_console.sync.driver import SyncDriver
from msc_console.sync.faults import Broken, Declined, Fault
from msc_console.sync.listener import Listener
from msc_console.sync.moves import Source
from msc_console.sync.stream import Word
from msc_console.sync.transport import HttpTransport
from msc_console.sync.wire import Bye, Head
from tests.central.service.conftest import Laptop, Place, running
from tests.central.service.conftest import place as place
from tests.central.service.talk import create

from .test_against_central import PATIENCE, Outbox, eventually, sign_in
from .tokens import FakeTokens

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
WORD = b'id: 3\nevent: head\ndata: {"seq":3,"jitter_ms":2}\n\n'


class Scripted:
    """A server of one connection at a time: says its pieces with pauses, then holds the line or closes it."""

    def __init__(self, *pieces: bytes | float, holds: bool = True) -> None:
        self._pieces, self._holds, self._over = pieces, holds, threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        line, _ = self._socket.accept()
        with line:
            line.recv(65536)
            for piece in self._pieces:
                if isinstance(piece, float):
                    self._over.wait(piece)
                else:
                    line.sendall(piece)
            if self._holds:
                self._over.wait(20)

    def close(self) -> None:
        self._over.set()
        self._thread.join(5)
        self._socket.close()


def through(server: Scripted) -> HttpTransport:
    return HttpTransport(server.url, FakeTokens())


@pytest.mark.protocol("P-131")
@pytest.mark.parametrize("pieces", [(), (HEAD,)])
def test_a_line_without_a_first_word_times_out(pieces: tuple[bytes, ...]) -> None:
    server = Scripted(*pieces)
    way, begun = through(server), monotonic()
    with pytest.raises(Broken) as caught:
        list(way.stream(first=0.2, silence=0.4))
    assert caught.value.kind is Fault.TIMEOUT
    assert monotonic() - begun < 5
    way.close()
    server.close()


@pytest.mark.protocol("P-132")
def test_pings_keep_a_line_alive_and_their_absence_ends_it() -> None:
    server = Scripted(HEAD, WORD, 0.3, b": ping\n\n", 0.3, b": ping\n\n", WORD)
    way, heard = through(server), list[Sequence[Word]]()
    with pytest.raises(Broken) as caught:
        heard.extend(way.stream(first=0.1, silence=0.5))
    assert caught.value.kind is Fault.TIMEOUT
    assert [words for words in heard if words] == [[Head(3, 2)]] * 2
    assert [] in heard
    way.close()
    server.close()


@pytest.mark.protocol("P-127")
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>", Fault.NOT_OURS),
        (HEAD[:-2] + b"Content-Encoding: gzip\r\n\r\n" + WORD, Fault.NOT_OURS),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n", Fault.SERVER),
        (HEAD[:-2] + b"Content-Length: 999\r\n\r\n" + WORD, Fault.CUT),
    ],
)
def test_what_is_no_stream_is_named(reply: bytes, kind: Fault) -> None:
    server = Scripted(reply, holds=False)
    way = through(server)
    with pytest.raises(Broken) as caught:
        list(way.stream())
    assert caught.value.kind is kind
    way.close()
    server.close()


@pytest.mark.protocol("P-127")
def test_closing_wakes_the_thread_that_hears_a_stream() -> None:
    server = Scripted(HEAD, WORD)
    way, heard, ended = through(server), threading.Event(), threading.Event()

    def hear() -> None:
        try:
            for _ in way.stream():
                heard.set()
        except Broken:
            pass
        ended.set()

    threading.Thread(target=hear, daemon=True).start()
    assert heard.wait(5)
    way.close()
    assert ended.wait(2)
    server.close()


class Office:
    """Rina at a desk that listens through `gate`, if one is given, and Budi who writes."""

    def __init__(self, place: Place, url: str, gate: str | None = None) -> None:
        self.place, self.rina, self.budi = place, Laptop.new(), Laptop.new()
        self.disk, self.changed, self.stop = Outbox(), threading.Event(), threading.Event()
        self.way = sign_in(place, url, "rina", self.rina)
        if gate is not None:
            self.way._base = gate
        self.other = sign_in(place, url, "budi", self.budi)
        self.driver = SyncDriver.open(self.way, self.disk, lambda _: self.changed.set())
        self.thread = threading.Thread(target=self.driver.run_forever, args=(self.stop,))
        self.thread.start()
        self.listener = Listener(self.driver, self.way, wait=5)
        self.listening = self.listener.start(self.stop)

    def write(self, subject: str) -> float:
        """Seconds until an op of Budi's is a row at Rina's."""
        op, theirs = create(self.place, self.budi, subject), Outbox()
        theirs.sealed = [op]
        assert SyncDriver.open(self.other, theirs).run_until_quiet(PATIENCE).pending == 0
        begun = monotonic()
        assert eventually(lambda: op.target in self.disk.rows, self.changed)
        return monotonic() - begun

    def close(self) -> None:
        self.stop.set()
        self.driver.poke(Source.LOCAL)
        self.thread.join(PATIENCE)
        self.way.close()
        self.listening.join(PATIENCE)
        self.other.close()
        assert not self.listening.is_alive()


@pytest.fixture
def url(place: Place) -> Iterator[str]:
    with running(place) as url:
        yield url


@pytest.mark.protocol("P-127", "P-130")
def test_news_comes_by_the_stream(place: Place, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    polls: list[int] = []
    real = HttpTransport.changes

    def changes(self: HttpTransport, cursor: str, limit: int, wait: int = 0, timeout: float | None = None):  # type: ignore[no-untyped-def]
        polls.append(wait)
        return real(self, cursor, limit, wait, timeout)

    monkeypatch.setattr(HttpTransport, "changes", changes)
    office = Office(place, url)
    try:
        assert eventually(lambda: office.listener._seq is not None, office.changed)
        assert max(office.write(f"Kuota {n}") for n in range(3)) < 5
        assert not any(polls), "no long poll was needed"
    finally:
        office.close()


class Buffering:
    """A proxy that hands a reply on when it is whole, as many do with pages: a stream never is."""

    def __init__(self, url: str) -> None:
        self._to = ("127.0.0.1", int(url.rpartition(":")[2]))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        try:
            with line, socket.create_connection(self._to) as central:
                asked = b""
                while b"\r\n\r\n" not in asked:
                    asked += line.recv(65536) or b"\r\n\r\n"
                head, _, body = asked.partition(b"\r\n\r\n")
                size = [part for part in head.lower().split(b"\r\n") if part.startswith(b"content-length:")]
                while size and len(body) < int(size[0].partition(b":")[2]):
                    body += line.recv(65536)
                central.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
                held = b""
                while piece := central.recv(65536):
                    held += piece
                line.sendall(held)
        except OSError:
            pass

    def close(self) -> None:
        self._socket.close()


@pytest.mark.protocol("P-131")
def test_behind_a_buffering_proxy_the_long_poll_takes_over(
    place: Place, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HttpTransport, "stream", partialmethod(HttpTransport.stream, 0.5))
    proxy = Buffering(url)
    office = Office(place, url, gate=proxy.url)
    try:
        assert eventually(lambda: office.listener._polls_until > 0, office.changed)
        assert max(office.write(f"Kuota {n}") for n in range(2)) < 5
        assert office.listener._seq is None, "the stream never said a word"
    finally:
        office.close()
        proxy.close()


@pytest.mark.protocol("P-129")
def test_a_stopping_central_says_goodbye_and_the_next_one_is_found(place: Place) -> None:
    with running(place) as url:
        way = sign_in(place, url, "rina", Laptop.new())
        words = way.stream()
        assert isinstance(next(words)[0], Head)
    assert [word for some in words for word in some] == [Bye("stopping", 2)]
    with pytest.raises(Broken) as caught:
        next(way.stream())
    assert caught.value.kind is Fault.UNREACHABLE
    way.close()


@pytest.mark.protocol("P-127")
def test_a_stream_without_a_session_is_refused(place: Place, url: str) -> None:
    way = HttpTransport(url, FakeTokens("x" * 43))
    with pytest.raises(Declined) as caught:
        next(way.stream())
    assert caught.value.problem.status == 401
    way.close()
