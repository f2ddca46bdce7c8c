"""Where files lie, who may read them, and what a setting is worth."""

import os
import sys
from pathlib import Path

import pytest

from msc_console.config import ConfigError, Home, KeyringPolicy, Settings, load, private_folder, private_umask
from msc_console.errors import Exit, UsageError
from msc_console.messages import sentence

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists instead of modes")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").make()


def test_the_environment_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Home.locate({"MSC_HOME": str(tmp_path)}).folder == tmp_path
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Home.locate({}).folder.name == "msc-console"
    assert Home.locate({}).folder.is_relative_to(tmp_path) or sys.platform == "win32"


def test_locating_creates_nothing(tmp_path: Path) -> None:
    Home.locate({"MSC_HOME": str(tmp_path / "new")}).person("rina")
    assert not (tmp_path / "new").exists()


@posix
def test_folders_are_their_owners_alone(home: Home, tmp_path: Path) -> None:
    for path in (home.folder, home.laptop, home.person("rina").make().folder):
        assert path.stat().st_mode & 0o777 == 0o700
    loose = tmp_path / "loose"
    loose.mkdir(mode=0o755)
    assert private_folder(loose).stat().st_mode & 0o777 == 0o700


@posix
def test_new_files_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        private_umask()
        (tmp_path / "file").touch(0o666)
        assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_a_persons_files_lie_together(home: Home) -> None:
    person = home.person("rina.w")
    assert {person.vault.parent, person.cache.parent, person.incarnation.parent} == {home.folder / "people" / "rina.w"}
    assert home.config == home.folder / "laptop" / "config.toml"


@pytest.mark.parametrize(
    "login", ["", "..", "../x", "a/b", "a\\b", "Rina", ".x", "x.", "con", "com1.x", "a\0", "x" * 65, "é", "a\n"]
)
def test_a_login_that_is_no_folder_name(home: Home, login: str) -> None:
    with pytest.raises(UsageError) as caught:
        home.person(login)
    assert caught.value.key == "bad_login"


def test_defaults(home: Home) -> None:
    assert load(home, {}) == Settings(
        language="id",
        zone="Asia/Jakarta",
        central=None,
        keyring=None,
        ca_file=home.laptop / "ca.pem",
    )


def test_the_ca_is_looked_for_beside_the_settings(home: Home, tmp_path: Path) -> None:
    home.config.write_text('ca_file = "own.pem"\n')
    assert load(home, {}).ca_file == home.laptop / "own.pem"
    assert load(home, {"MSC_CA_FILE": str(tmp_path / "x.pem")}).ca_file == tmp_path / "x.pem"
    home.config.write_text("ca_file = 7\n")
    with pytest.raises(ConfigError, match="config_value"):
        load(home, {})


def test_the_environment_wins_over_the_file(home: Home) -> None:
    home.config.write_text('language = "en"\nzone = "Asia/Makassar"\nkeyring = "optional"\n')
    got = load(home, {"MSC_ZONE": "Asia/Jayapura", "MSC_LANGUAGE": ""})
    assert (got.language, got.zone, got.keyring) == ("en", "Asia/Jayapura", KeyringPolicy.OPTIONAL)


@pytest.mark.parametrize(
    "url", ["https://pusat.example", "https://pusat.example:8443/msc", "http://127.0.0.1:8000", "http://[::1]:1"]
)
def test_addresses_of_central(home: Home, url: str) -> None:
    assert load(home, {"MSC_CENTRAL": url + "/"}).central == url


@pytest.mark.parametrize(
    "url",
    ["http://pusat.example", "pusat.example", "ftp://x", "https://", "https://a:b@x", "https://x/?q=1", "https://x/#f"],
)
def test_addresses_that_would_leak_or_fail(home: Home, url: str) -> None:
    with pytest.raises(ConfigError):
        load(home, {"MSC_CENTRAL": url})


@pytest.mark.parametrize(
    ("content", "key", "names"),
    [
        (b'language = "fr"', "config_value", ("language", "fr")),
        (b'zone = "Mars/Base"', "config_value", ("zone", "Mars/Base")),
        (b'zone = "../../etc/passwd"', "config_value", ("zone",)),
        (b"zone = 7", "config_value", ("zone", "7")),
        (b"central = []", "config_value", ("central",)),
        (b'keyring = "no"', "config_value", ("keyring", "no")),
        (b'langauge = "id"', "config_unknown", ("langauge",)),
        (b"language = ", "config_syntax", ()),
        (b"\xff\xfe", "config_syntax", ()),
    ],
)
def test_errors_name_file_and_setting(home: Home, content: bytes, key: str, names: tuple[str, ...]) -> None:
    home.config.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(home, {})
    assert caught.value.key == key
    assert caught.value.exit == Exit.USAGE
    said = sentence(caught.value.key, caught.value.data)
    for name in (str(home.config), *names):
        assert name in said


def test_errors_name_the_variable(home: Home) -> None:
    with pytest.raises(ConfigError) as caught:
        load(home, {"MSC_KEYRING": "never"})
    assert caught.value.data["where"] == "MSC_KEYRING"


def test_a_file_that_cannot_be_read(home: Home) -> None:
    home.config.mkdir()
    with pytest.raises(ConfigError) as caught:
        load(home, {})
    assert caught.value.key == "config_unreadable"
