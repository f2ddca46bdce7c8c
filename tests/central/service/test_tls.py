"""Central's own certificates: made, checked before serving, and complained about before they run out."""

import json
import logging
import os
import ssl
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from msc_console import clock, config
from msc_console.central import ca, tls
from msc_console.central.serve import Listen
from msc_console.cli.central import app
from msc_console.config import Home
from msc_console.desk.conversing import NoTokens, transport
from msc_console.errors import Exit, UsageError

from .conftest import Place, running

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists instead of modes")


@pytest.fixture
def pair(tmp_path: Path) -> ca.Pair:
    """A server certificate of today for this machine; its CA lies in `ca/`."""
    ca.init(tmp_path / "ca", "Pusat Uji", clock.now())
    return ca.issue(tmp_path / "ca", ["localhost"], tmp_path / "tls", clock.now())


def test_a_laptop_with_the_centres_ca_reaches_a_central_with_its_certificate(
    place: Place, pair: ca.Pair, tmp_path: Path
) -> None:
    """All the way: files of `msc central ca`, a real server, the settings file of a laptop."""
    home = Home(tmp_path / "home").make()
    with running(place, Listen(port=0, certificate=pair.certificate, key=pair.key)) as url:
        assert url.startswith("https://127.0.0.1:")
        home.config.write_text(f'central = "{url.replace("127.0.0.1", "localhost")}"\n', "utf-8")
        (home.laptop / "ca.pem").write_bytes((tmp_path / "ca" / "ca.pem").read_bytes())
        way = transport(config.load(home, {}), NoTokens())
        assert way.hello().site.name == "Pusat Uji"
        way.close()


def test_nothing_older_than_tls_1_2_and_no_weak_cipher(pair: ca.Pair) -> None:
    context = tls.context(pair.certificate, pair.key)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.maximum_version == ssl.TLSVersion.MAXIMUM_SUPPORTED
    old = [cipher for cipher in context.get_ciphers() if cipher["protocol"] != "TLSv1.3"]
    assert old
    assert all(cipher["aead"] and "ecdhe" in cipher["kea"] for cipher in old)


@posix
def test_keys_are_their_owners_alone(pair: ca.Pair, tmp_path: Path) -> None:
    for key in (pair.key, tmp_path / "ca" / "ca.key"):
        assert key.stat().st_mode & 0o777 == 0o600
    for mode in (0o640, 0o604):
        pair.key.chmod(mode)
        with pytest.raises(UsageError) as caught:
            Listen(certificate=pair.certificate, key=pair.key).check()
        assert caught.value.key == "key_file_readable_by_others"
    (tmp_path / "ca" / "ca.key").chmod(0o640)
    with pytest.raises(UsageError) as caught:
        ca.issue(tmp_path / "ca", ["localhost"], tmp_path / "more", clock.now())
    assert caught.value.key == "key_file_readable_by_others"


def test_files_that_dont_fit_are_told_before_serving(pair: ca.Pair, tmp_path: Path) -> None:
    other = ca.issue(tmp_path / "ca", ["localhost"], tmp_path / "other", clock.now())
    empty = tmp_path / "empty.pem"
    empty.touch(0o600)
    for certificate, key in ((pair.certificate, other.key), (empty, pair.key), (pair.certificate, empty)):
        with pytest.raises(UsageError) as caught:
            Listen(certificate=certificate, key=key).check()
        assert caught.value.key == "tls_files_damaged"


def test_nothing_is_overwritten_unless_it_is_renewed(pair: ca.Pair, tmp_path: Path) -> None:
    before = pair.certificate.read_bytes()
    for again in (
        lambda: ca.init(tmp_path / "ca", "Pusat Uji", clock.now()),
        lambda: ca.issue(tmp_path / "ca", ["localhost"], tmp_path / "tls", clock.now()),
    ):
        with pytest.raises(UsageError) as caught:
            again()
        assert caught.value.key == "file_exists"
    assert pair.certificate.read_bytes() == before
    ca.issue(tmp_path / "ca", ["localhost"], tmp_path / "tls", clock.now(), replace=True)
    assert pair.certificate.read_bytes() != before
    tls.context(pair.certificate, pair.key)


@pytest.mark.parametrize("name", ["", " ", "two words", "a" * 64 + ".example", "..", "x..y"])
def test_what_is_no_name_gets_no_certificate(pair: ca.Pair, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        ca.issue(tmp_path / "ca", [name], tmp_path / "more", clock.now())
    assert caught.value.key == "tls_name_wrong"


def test_a_certificate_lives_a_year_and_never_longer_than_its_root(tmp_path: Path) -> None:
    now = clock.now().replace(microsecond=0)
    root = ca.init(tmp_path / "ca", "Pusat Uji", now)
    assert root.until == now + timedelta(days=3652)
    assert ca.issue(tmp_path / "ca", ["localhost"], tmp_path / "a", now).until == now + timedelta(days=365)
    late = ca.issue(tmp_path / "ca", ["localhost"], tmp_path / "b", root.until - timedelta(days=40))
    assert late.until == root.until
    both = tmp_path / "both.pem"
    both.write_bytes((tmp_path / "a" / "server.pem").read_bytes() + root.certificate.read_bytes())
    assert ca.holds_until(both) == now + timedelta(days=365), "the first of them to end"


def test_a_ca_can_make_servers_and_no_further_ca(pair: ca.Pair, tmp_path: Path) -> None:
    root = x509.load_pem_x509_certificate((tmp_path / "ca" / "ca.pem").read_bytes())
    server = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    limits = root.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (limits.critical, limits.value.ca, limits.value.path_length) == (True, True, 0)
    limits = server.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (limits.critical, limits.value.ca) == (True, False)
    assert not server.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


@pytest.mark.parametrize(("days", "level"), [(31, None), (30, "WARNING"), (1, "WARNING"), (0, "ERROR"), (-5, "ERROR")])
def test_the_log_warns_from_thirty_days_on(
    pair: ca.Pair, caplog: pytest.LogCaptureFixture, days: int, level: str | None
) -> None:
    caplog.set_level(logging.INFO)
    tls.look(pair.certificate, pair.until - timedelta(days=days))
    assert [record.levelname for record in caplog.records] == ([level] if level else [])


def test_a_served_certificate_is_looked_at(
    place: Place, pair: ca.Pair, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old = ca.issue(tmp_path / "ca", ["localhost"], tmp_path / "old", place.hands.at - ca.SERVER_LIFE)
    caplog.set_level(logging.INFO)
    with running(place, Listen(port=0, certificate=old.certificate, key=old.key)):
        pass
    assert "expired" in caplog.text


def test_the_command_line_makes_both(tmp_path: Path) -> None:
    made = CliRunner().invoke(app, ["ca", "init", "--folder", str(tmp_path / "ca"), "--json"])
    assert made.exit_code == Exit.OK, made.output
    assert json.loads(made.stdout)["certificate"] == str(tmp_path / "ca" / "ca.pem")
    words = ["ca", "issue", "central.example", "10.0.0.7", "--folder", str(tmp_path / "ca"), "--to", str(tmp_path)]
    made = CliRunner().invoke(app, words)
    assert made.exit_code == Exit.OK, made.output
    assert made.stdout.splitlines()[:2] == [str(tmp_path / "server.pem"), str(tmp_path / "server.key")]
    names = x509.load_pem_x509_certificate((tmp_path / "server.pem").read_bytes()).extensions
    listed = names.get_extension_for_class(x509.SubjectAlternativeName).value
    assert listed.get_values_for_type(x509.DNSName) == ["central.example"]
    assert [str(found) for found in listed.get_values_for_type(x509.IPAddress)] == ["10.0.0.7"]
    again = CliRunner().invoke(app, words)
    assert (again.exit_code, os.fspath(tmp_path / "server.pem") in again.stderr) == (Exit.USAGE, True)
    nowhere = CliRunner().invoke(app, ["ca", "issue", "x.example", "--folder", str(tmp_path), "--to", str(tmp_path)])
    assert nowhere.exit_code == Exit.USAGE
