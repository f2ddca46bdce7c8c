"""A checkpoint on another host, over TLS under a CA of its own."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from msc_console import clock, trail
from msc_console.central import ca, checkpoints
from msc_console.central.checkpoints import Anchors, Keeper
from msc_console.errors import UsageError
from tests.central.ledger.stage import NOW, Stage

from .test_audit import KEY, findings, told

__all__ = ["told"]


class Host(HTTPServer):
    """Keeps what is posted; `status` is what it answers."""

    status = 204

    def __init__(self, pair: ca.Pair) -> None:
        super().__init__(("127.0.0.1", 0), Post)
        self.kept: list[tuple[str, str, str]] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.server_port}/points"

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that does not believe this host hangs up."""


class Post(BaseHTTPRequestHandler):
    server: Host

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.kept.append((self.path, self.headers["Content-Type"], body))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    ca.init(tmp_path / "ca", "Saksi", clock.now())
    server = Host(ca.issue(tmp_path / "ca", ["localhost"], tmp_path / "tls", clock.now()))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_each_checkpoint_is_posted_and_verifies_there(told: Stage, host: Host, tmp_path: Path) -> None:
    anchors = Anchors(url=host.url, ca=tmp_path / "ca" / "ca.pem")
    anchors.check()
    keeper = Keeper(anchors, KEY)
    keeper.step(told.central, NOW)
    keeper.step(told.central, NOW + checkpoints.EVERY)
    assert [(path, kind) for path, kind, _ in host.kept] == [("/points", checkpoints.KIND)] * 2
    points = "\n".join(note for _, _, note in host.kept)
    assert len(trail.notes(points)) == 2
    assert findings(told.central, points) == []


@pytest.mark.parametrize("status", [302, 403, 500])
def test_any_answer_but_yes_is_tried_again(told: Stage, host: Host, tmp_path: Path, status: int) -> None:
    keeper = Keeper(Anchors(url=host.url, ca=tmp_path / "ca" / "ca.pem"), KEY)
    host.status = status
    keeper.step(told.central, NOW)
    host.status = 200
    keeper.step(told.central, NOW + checkpoints.RETRY)
    keeper.step(told.central, NOW + checkpoints.RETRY * 2)
    assert [path for path, _, _ in host.kept] == ["/points"] * 2, "no redirect is followed, and one yes is enough"


def test_a_host_under_another_ca_gets_nothing(told: Stage, host: Host, tmp_path: Path) -> None:
    ca.init(tmp_path / "lain", "Lain", clock.now())
    Keeper(Anchors(url=host.url, ca=tmp_path / "lain" / "ca.pem"), KEY).step(told.central, NOW)
    assert host.kept == []


def test_no_plain_address_and_no_address_without_a_ca(tmp_path: Path) -> None:
    for url, named in (("http://localhost/points", tmp_path), ("https://localhost/points", None)):
        with pytest.raises(UsageError):
            Anchors(url=url, ca=named).check()
