"""Whom the laptop talks to at all: addresses, proxies, certificates, over real sockets."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import msgspec
import pytest
from cryptography import x509

from msc_console import clock
from msc_console.central import ca, tls
from msc_console.errors import UsageError
from msc_console.sync.faults import Broken, Fault
from msc_console.sync.transport import HttpTransport

from .fakes import JSON
from .test_transport import HELLO
from .tokens import FakeTokens


@pytest.mark.parametrize(
    "url",
    ["http://central.example", "ftp://central.example", "central.example", "https://", "https://u:p@central.example",
     "https://central.example/?x=1", "http://127.0.0.1.example"],
)  # fmt: skip
@pytest.mark.protocol("P-001")
def test_an_address_that_would_leak_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        HttpTransport(url, FakeTokens())


@pytest.mark.protocol("P-001")
def test_this_machine_may_be_plain_and_nobody_listening_is_unreachable() -> None:
    with pytest.raises(Broken) as caught:
        HttpTransport("http://127.0.0.1:9", FakeTokens()).hello()
    assert caught.value.kind is Fault.UNREACHABLE


@pytest.mark.protocol("P-005")
def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever listens there would be told every token."""
    heard: list[bytes] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.requestline.encode())
            self.send_error(502)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("no_proxy", "")
        with httpx.Client() as careless:
            assert careless.get("http://127.0.0.1:9/v1/hello").status_code == 502, "the trap works"
        heard.clear()
        with pytest.raises(Broken):
            HttpTransport("http://127.0.0.1:9", FakeTokens()).hello()
        assert heard == []
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.protocol("P-001")
def test_a_ca_that_cannot_be_read_trusts_nobody(tmp_path: Path) -> None:
    """Nor does it fall back on the roots of the machine, which would believe half the world."""
    bad = tmp_path / "ca.pem"
    for ca_file in (None, bad, tmp_path):
        with pytest.raises(Broken) as caught:
            HttpTransport("https://127.0.0.1:9", FakeTokens(), ca_file=ca_file).hello()
        assert caught.value.kind is Fault.CA
    bad.write_text("no certificate")
    with pytest.raises(Broken) as caught:
        HttpTransport("https://127.0.0.1:9", FakeTokens(), ca_file=bad).hello()
    assert caught.value.kind is Fault.CA


class Says(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = msgspec.json.encode(HELLO)
        self.send_response(200)
        self.send_header("Content-Type", JSON)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving(pair: ca.Pair | None) -> Iterator[int]:
    """A port of this machine that greets as central does, with the certificate `pair` or in plain text."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Says)
    if pair is not None:
        server.socket = tls.context(pair.certificate, pair.key).wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *args: None  # type: ignore[method-assign]  # a refused handshake is the point
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def greeted(url: str, ca_file: Path) -> Fault | None:
    """What went wrong with a greeting; None when it went well."""
    way = HttpTransport(url, FakeTokens(), ca_file=ca_file)
    try:
        assert way.hello().generation == "g1"
    except Broken as broken:
        return broken.kind
    finally:
        way.close()
    return None


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a CA that was made some time ago."""
    folder = tmp_path_factory.mktemp("ca")
    ca.init(folder, "Pusat Uji", clock.now() - timedelta(days=1000))
    return folder


@pytest.fixture(scope="module")
def central(centre: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(ca.issue(centre, ["localhost", "::1"], tmp_path_factory.mktemp("tls"), clock.now())) as port:
        yield port


@pytest.mark.protocol("P-001")
def test_the_centres_own_ca_is_believed_and_no_other(centre: Path, central: int, tmp_path: Path) -> None:
    ca.init(tmp_path, "Pusat Uji", clock.now())
    assert greeted(f"https://localhost:{central}", centre / "ca.pem") is None
    assert greeted(f"https://localhost:{central}", tmp_path / "ca.pem") is Fault.TLS


@pytest.mark.protocol("P-001")
def test_a_certificate_for_another_name_or_time_is_told_as_such(centre: Path, central: int, tmp_path: Path) -> None:
    assert greeted(f"https://127.0.0.1:{central}", centre / "ca.pem") is Fault.TLS_NAME
    over = ca.issue(centre, ["localhost"], tmp_path / "over", clock.now() - ca.SERVER_LIFE)
    early = ca.issue(centre, ["localhost"], tmp_path / "early", clock.now() + 2 * ca.EARLIER)
    foreign = ca.issue(centre, ["central.example"], tmp_path / "foreign", clock.now())
    for pair, fault in ((over, Fault.TLS_EXPIRED), (early, Fault.TLS_EXPIRED), (foreign, Fault.TLS_NAME)):
        with serving(pair) as port:
            assert greeted(f"https://localhost:{port}", centre / "ca.pem") is fault


@pytest.mark.protocol("P-001")
def test_an_address_in_the_certificate_is_a_name_too(centre: Path, tmp_path: Path) -> None:
    with serving(ca.issue(centre, ["127.0.0.1"], tmp_path, clock.now())) as port:
        assert greeted(f"https://127.0.0.1:{port}", centre / "ca.pem") is None


@pytest.mark.protocol("P-001")
def test_an_answer_in_plain_text_is_told_as_such(centre: Path) -> None:
    with serving(None) as port:
        assert greeted(f"https://127.0.0.1:{port}", centre / "ca.pem") is Fault.TLS_PLAIN


@pytest.mark.protocol("P-001")
def test_while_the_root_changes_both_are_believed(centre: Path, central: int, tmp_path: Path) -> None:
    ca.init(tmp_path / "next", "Pusat Uji", clock.now())
    both = tmp_path / "both.pem"
    both.write_bytes((tmp_path / "next" / "ca.pem").read_bytes() + (centre / "ca.pem").read_bytes())
    assert greeted(f"https://localhost:{central}", both) is None
    with serving(ca.issue(tmp_path / "next", ["localhost"], tmp_path, clock.now())) as port:
        assert greeted(f"https://localhost:{port}", both) is None
        assert greeted(f"https://localhost:{port}", centre / "ca.pem") is Fault.TLS


@pytest.mark.protocol("P-005")
def test_the_environment_neither_adds_a_root_nor_gets_the_keys(
    centre: Path, central: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`SSL_CERT_FILE` would put a CA beside ours, `SSLKEYLOGFILE` would let anybody read what was recorded."""
    ca.init(tmp_path, "Asing", clock.now())
    keys = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    monkeypatch.setenv("SSL_CERT_FILE", str(centre / "ca.pem"))
    assert ssl.create_default_context().keylog_filename, "the trap works"
    keys.unlink()
    assert greeted(f"https://localhost:{central}", centre / "ca.pem") is None
    assert not keys.exists()
    assert greeted(f"https://localhost:{central}", tmp_path / "ca.pem") is Fault.TLS


@pytest.mark.protocol("P-001")
def test_a_careless_root_fails_on_every_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.13 verifies strictly by itself; a root that only older ones take would split the laptops."""
    made = x509.CertificateBuilder.add_extension
    monkeypatch.setattr(x509.CertificateBuilder, "add_extension", lambda builder, value, _: made(builder, value, False))
    ca.init(tmp_path / "root", "Pusat Uji", clock.now())
    monkeypatch.undo()
    with serving(ca.issue(tmp_path / "root", ["localhost"], tmp_path, clock.now())) as port:
        assert greeted(f"https://localhost:{port}", tmp_path / "root" / "ca.pem") is Fault.TLS
