"""The vault: what opens it, what is told apart, and what a write leaves behind."""

import hashlib
import json
import os
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from msc_console import clock
from msc_console.identity import vault
from msc_console.identity.errors import VaultDamaged, VaultLocked, VaultMissing, VaultWeak, WrongPassword
from msc_console.identity.kdf import PRODUCTION, TEST, Kdf, policy
from tests.identity.conftest import LOGIN, PASSWORD, SECRET

NOW = clock.parse("2026-07-02T03:04:05.678Z")
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX file modes")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A fresh vault of LOGIN under PASSWORD."""
    path = tmp_path / "people" / LOGIN / "vault"
    vault.create_vault(path, LOGIN, PASSWORD, SECRET, NOW)
    return path


def _checked(body: bytes) -> bytes:
    """`body` with a checksum that fits, as an attacker would write it."""
    return body + hashlib.sha256(body).digest()


def _header(path: Path) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(path.read_bytes().partition(b"\n")[0])
    return header


def _edit_header(path: Path, **changes: Any) -> None:
    raw, _, rest = path.read_bytes()[:-32].partition(b"\n")
    path.write_bytes(_checked(json.dumps({**json.loads(raw), **changes}).encode() + b"\n" + rest))


def test_the_password_opens_it(path: Path) -> None:
    assert vault.open_vault(path, LOGIN, PASSWORD) == SECRET


def test_the_same_password_composed_otherwise_opens_it(tmp_path: Path) -> None:
    vault.create_vault(tmp_path / "vault", LOGIN, "caf\u00e9 di tepi kali", SECRET, NOW)
    assert vault.open_vault(tmp_path / "vault", LOGIN, "cafe\u0301 di tepi kali") == SECRET


@pytest.mark.parametrize("password", ["", PASSWORD + " ", PASSWORD.upper(), PASSWORD[:-1], "\udc80"])
def test_a_wrong_password_is_said_to_be_wrong(path: Path, password: str) -> None:
    with pytest.raises(WrongPassword):
        vault.open_vault(path, LOGIN, password)


def test_the_header_says_what_is_needed_and_no_more(path: Path) -> None:
    header = _header(path)
    assert set(header) == {"magic", "version", "mode", "kdf", "salt", "person", "created"}
    assert (header["magic"], header["version"], header["mode"]) == ("msc-vault", 1, "password")
    assert header["kdf"] == {"name": "argon2id", "memory_kib": 64, "time": 1, "parallelism": 1}
    assert (header["person"], header["created"]) == (LOGIN, "2026-07-02T03:04:05.678Z")


def test_no_key_stands_in_the_file_or_in_a_repr(path: Path) -> None:
    content = path.read_bytes()
    for key in (SECRET.data_key, SECRET.device_key):
        assert key not in content
        assert key.hex().encode() not in content
        assert key.hex() not in repr(SECRET)
        assert repr(key) not in repr(SECRET)


def test_two_vaults_of_the_same_password_share_no_salt_and_no_text(path: Path) -> None:
    before = path.read_bytes()
    vault.create_vault(path, LOGIN, PASSWORD, SECRET, NOW)
    assert _header(path)["salt"].encode() not in before
    assert path.read_bytes().partition(b"\n")[2] != before.partition(b"\n")[2]


def test_a_flipped_bit_anywhere_is_damage(path: Path) -> None:
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(VaultDamaged):
            vault.open_vault(path, LOGIN, PASSWORD)


def test_a_flipped_bit_with_a_fitting_checksum_opens_nothing(path: Path) -> None:
    content = path.read_bytes()[:-32]
    for place in range(len(content)):
        path.write_bytes(_checked(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]))
        with pytest.raises((VaultDamaged, VaultWeak, WrongPassword)):
            vault.open_vault(path, LOGIN, PASSWORD)


def test_an_edited_header_fails_the_tag(path: Path) -> None:
    _edit_header(path, created="2020-01-01T00:00:00.000Z")
    with pytest.raises(WrongPassword):
        vault.open_vault(path, LOGIN, PASSWORD)


def test_a_truncated_vault_is_damage_at_every_length(path: Path) -> None:
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(VaultDamaged):
            vault.open_vault(path, LOGIN, PASSWORD)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\n" * 64, b"SQLite format 3\0" + bytes(4096), b"{}\n" + bytes(64), b"[]\n" + bytes(64), bytes(10**6),
        b'{"magic":"other","version":1}\n' + bytes(64), b"\xff\xfe\n" + bytes(64),
        _checked(b'{"magic":"msc-vault","version":1,"mode":"password"}\n'),
        _checked(b'{"magic":"msc-vault","version":1,"mode":"password","kdf":[],"salt":"","person":1,"created":1}\n'),
    ],
)  # fmt: skip
def test_a_foreign_file_is_no_vault(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(VaultDamaged) as caught:
        vault.open_vault(path, LOGIN, PASSWORD)
    assert caught.value.reason == "format"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 2}, "version"),
        ({"mode": "token"}, "mode"),
        ({"person": "bagus"}, "person"),
        ({"salt": "00"}, "format"),
        ({"kdf": {"name": "scrypt", "memory_kib": 64, "time": 1, "parallelism": 1}}, "kdf"),
        ({"kdf": {"name": "argon2id", "memory_kib": 64, "time": 0, "parallelism": 1}}, "kdf"),
        ({"kdf": {"name": "argon2id", "memory_kib": 2**31, "time": 1, "parallelism": 1}}, "kdf"),
        ({"kdf": {"name": "argon2id", "memory_kib": 64, "time": 10**6, "parallelism": 1}}, "kdf"),
    ],
)
def test_a_header_that_is_not_ours_to_open(path: Path, changes: dict[str, Any], reason: str) -> None:
    _edit_header(path, **changes)
    with pytest.raises(VaultDamaged) as caught:
        vault.open_vault(path, LOGIN, PASSWORD)
    assert caught.value.reason == reason


def test_another_persons_vault_is_not_tried(path: Path) -> None:
    with pytest.raises(VaultDamaged) as caught:
        vault.open_vault(path, "bagus", PASSWORD)
    assert caught.value.reason == "person"


def test_no_vault(tmp_path: Path) -> None:
    assert not vault.vault_exists(tmp_path / "vault")
    with pytest.raises(VaultMissing):
        vault.open_vault(tmp_path / "vault", LOGIN, PASSWORD)


def test_production_refuses_a_test_vault(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(VaultWeak):
        vault.open_vault(path, LOGIN, PASSWORD, PRODUCTION)
    monkeypatch.delenv("MSC_KDF")
    with pytest.raises(VaultWeak):
        vault.open_vault(path, LOGIN, PASSWORD)
    with pytest.raises(VaultWeak):
        vault.rewrap(path, LOGIN, PASSWORD, "another password of mine")


@pytest.mark.parametrize("weaker", [{"memory_kib": 128 * 1024}, {"time": 3}, {"parallelism": 1}])
def test_production_refuses_any_weaker_parameter(path: Path, weaker: dict[str, int]) -> None:
    _edit_header(path, kdf={**PRODUCTION.kdf.document(), **weaker})
    with pytest.raises(VaultWeak):
        vault.open_vault(path, LOGIN, PASSWORD, PRODUCTION)


@pytest.mark.parametrize("value", [None, "", "TEST", "production", "weak"])
def test_only_the_exact_word_selects_the_test_policy(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    assert policy() is TEST
    monkeypatch.delenv("MSC_KDF") if value is None else monkeypatch.setenv("MSC_KDF", value)
    assert policy() is PRODUCTION


def test_production_costs_what_the_design_says() -> None:
    assert PRODUCTION.kdf == Kdf(memory_kib=262_144, time=4, parallelism=4)
    assert PRODUCTION.with_keyring == Kdf(memory_kib=65_536, time=3, parallelism=4)
    assert PRODUCTION.most.covers(PRODUCTION.kdf)


HALF = bytes(range(64, 96))


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """A vault of LOGIN that needs PASSWORD and HALF."""
    path = tmp_path / "both"
    vault.create_vault(path, LOGIN, PASSWORD, SECRET, NOW, keyring_secret=HALF)
    return path


def test_with_a_keyring_both_halves_are_needed(both: Path) -> None:
    assert (vault.mode_of(both), set(_header(both))) == (
        "keyring", {"magic", "version", "mode", "kdf", "salt", "person", "created"},
    )  # fmt: skip
    assert vault.open_vault(both, LOGIN, PASSWORD, keyring_secret=HALF) == SECRET
    with pytest.raises(WrongPassword):
        vault.open_vault(both, LOGIN, PASSWORD, keyring_secret=bytes(32))
    with pytest.raises(WrongPassword):
        vault.open_vault(both, LOGIN, "not it", keyring_secret=HALF)
    with pytest.raises(VaultLocked):
        vault.open_vault(both, LOGIN, PASSWORD)


def test_a_header_that_pretends_to_need_no_keyring_opens_nothing(both: Path) -> None:
    _edit_header(both, mode="password")
    with pytest.raises(WrongPassword):
        vault.open_vault(both, LOGIN, PASSWORD, keyring_secret=HALF)


def test_production_refuses_a_keyring_vault_at_less_and_takes_it_at_its_own_cost(tmp_path: Path, both: Path) -> None:
    with pytest.raises(VaultWeak):
        vault.check_vault(both, LOGIN, PRODUCTION)
    _edit_header(both, kdf=PRODUCTION.with_keyring.document())
    assert vault.check_vault(both, LOGIN, PRODUCTION) == "keyring"
    _edit_header(both, mode="password")
    with pytest.raises(VaultWeak):
        vault.check_vault(both, LOGIN, PRODUCTION)


def test_there_and_back(both: Path) -> None:
    vault.rewrap(both, LOGIN, PASSWORD, PASSWORD, keyring_secret=HALF, new_keyring_secret=b"")
    assert (vault.mode_of(both), vault.open_vault(both, LOGIN, PASSWORD)) == ("password", SECRET)
    vault.rewrap(both, LOGIN, PASSWORD, PASSWORD, new_keyring_secret=HALF)
    assert vault.open_vault(both, LOGIN, PASSWORD, keyring_secret=HALF) == SECRET


def test_the_key_of_before_is_kept_while_it_may_be_needed(both: Path) -> None:
    changing = replace(SECRET, data_key=bytes(32), former_key=SECRET.data_key)
    vault.rewrap(both, LOGIN, PASSWORD, PASSWORD, changing, keyring_secret=HALF)
    assert vault.open_vault(both, LOGIN, PASSWORD, keyring_secret=HALF) == changing
    assert SECRET.data_key.hex() not in repr(changing)


@pytest.mark.slow
def test_a_production_vault_opens_under_both_policies(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MSC_KDF")
    vault.create_vault(path, LOGIN, PASSWORD, SECRET, NOW)
    assert _header(path)["kdf"] == {"name": "argon2id", "memory_kib": 262_144, "time": 4, "parallelism": 4}
    assert vault.open_vault(path, LOGIN, PASSWORD) == SECRET
    assert vault.open_vault(path, LOGIN, PASSWORD, TEST) == SECRET


def test_rewrap_changes_the_password_and_keeps_the_keys(path: Path) -> None:
    assert vault.rewrap(path, LOGIN, PASSWORD, "kuda hitam di tepi kali") == SECRET
    assert vault.open_vault(path, LOGIN, "kuda hitam di tepi kali") == SECRET
    assert _header(path)["created"] == "2026-07-02T03:04:05.678Z"
    with pytest.raises(WrongPassword):
        vault.open_vault(path, LOGIN, PASSWORD)


def test_rewrap_with_a_wrong_password_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(WrongPassword):
        vault.rewrap(path, LOGIN, "not it", "kuda hitam di tepi kali")
    assert path.read_bytes() == before


def test_rewrap_never_weakens() -> None:
    assert TEST.for_rewrap(PRODUCTION.kdf) == PRODUCTION.kdf
    assert PRODUCTION.for_rewrap(TEST.kdf) == PRODUCTION.kdf
    assert PRODUCTION.for_rewrap(TEST.kdf, keyring=True) == PRODUCTION.with_keyring


@posix
def test_nobody_else_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "rina" / "vault"
    old = os.umask(0)
    try:
        vault.create_vault(path, LOGIN, PASSWORD, SECRET, NOW)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_write_that_fails_leaves_the_old_vault_and_no_litter(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        vault.rewrap(path, LOGIN, PASSWORD, "kuda hitam di tepi kali")
    assert path.read_bytes() == before
    assert [item.name for item in path.parent.iterdir()] == ["vault"]


def test_the_header_says_how_it_is_locked(path: Path) -> None:
    assert vault.mode_of(path) == "password"
    assert vault.mode_of(path.with_name("none")) is None
    path.write_bytes(b"something else")
    assert vault.mode_of(path) is None
