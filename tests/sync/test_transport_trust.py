"""Whom the laptop talks to at all: addresses, proxies, certificates, over real sockets."""

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from msc_console.errors import UsageError
from msc_console.sync.faults import Broken, Fault
from msc_console.sync.transport import HttpTransport

from .fakes import JSON, FakeTokens
from .test_transport import HELLO


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
    bad = tmp_path / "ca.pem"
    for ca_file in (bad, tmp_path):
        with pytest.raises(Broken) as caught:
            HttpTransport("https://127.0.0.1:9", FakeTokens(), ca_file=ca_file).hello()
        assert caught.value.kind is Fault.TLS
        bad.write_text("no certificate")


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server with a CA of its own; (address, CA file)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Pusat Uji")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    ca = folder / "ca.pem"
    ca.write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

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

    server = ThreadingHTTPServer(("127.0.0.1", 0), Says)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, folder / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *args: None  # type: ignore[method-assign]  # a refused handshake is the point
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://localhost:{server.server_address[1]}", ca
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.protocol("P-001")
def test_the_centres_own_ca_is_believed_and_no_other(tls_server: tuple[str, Path]) -> None:
    url, ca = tls_server
    way = HttpTransport(url, FakeTokens(), ca_file=ca)
    assert way.hello().generation == "g1"
    way.close()
    for address, ca_file in ((url, None), (url.replace("localhost", "127.0.0.1"), ca)):
        stranger = HttpTransport(address, FakeTokens(), ca_file=ca_file)
        with pytest.raises(Broken) as caught:
            stranger.hello()
        assert caught.value.kind is Fault.TLS
        stranger.close()
