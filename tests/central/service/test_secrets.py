"""Passwords, one-time codes and the master key."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from cryptography.exceptions import InvalidTag

from msc_console.central import masterkey, totp
from msc_console.central.passwords import PRODUCTION, TEST, Passwords, kdf_of_environment, refuse_unfit
from msc_console.errors import UsageError

NOW = datetime(2026, 11, 24, 3, 0, 10, tzinfo=UTC)
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code(offset_steps: int = 0) -> str:
    return pyotp.TOTP(SEED).at(NOW + timedelta(seconds=30 * offset_steps))


def test_a_password_opens_its_own_hash_alone() -> None:
    passwords = Passwords(TEST)
    stored = passwords.hash("correct horse battery")
    assert passwords.verify(stored, "correct horse battery")
    assert not passwords.verify(stored, "correct horse batterz")
    assert not passwords.verify(None, "correct horse battery")
    assert not passwords.verify("not a hash", "correct horse battery")
    assert not passwords.verify(stored, "x" * 1025)


def test_a_password_is_one_however_the_keyboard_writes_it() -> None:
    composed, apart = "caf\u00e9 di tepi kali besar", "cafe\u0301 di tepi kali besar"
    passwords = Passwords(TEST)
    for typed in (composed, apart):
        assert passwords.verify(passwords.hash(typed), composed)
        assert passwords.verify(passwords.hash(typed), apart)
    before = passwords._hasher.hash(apart.encode())  # of what was typed, as it was kept once
    assert passwords.verify(before, apart)
    assert passwords.outdated(before, apart)
    assert not passwords.outdated(passwords.hash(composed), composed)


def test_production_never_accepts_a_cheap_hash() -> None:
    cheap = Passwords(TEST).hash("correct horse battery")
    assert not Passwords(PRODUCTION).verify(cheap, "correct horse battery")


def test_the_test_costs_have_to_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MSC_KDF", raising=False)
    assert kdf_of_environment() is PRODUCTION
    monkeypatch.setenv("MSC_KDF", "test")
    assert kdf_of_environment() is TEST


@pytest.mark.parametrize("password", ["fourteen chars", "", "é" * 600])
def test_unfit_passwords(password: str) -> None:
    with pytest.raises(UsageError):
        refuse_unfit(password)


def test_fifteen_characters_of_any_script_are_fit() -> None:
    refuse_unfit("sandi rahasia 1")
    refuse_unfit("пароль" * 3)


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_code_is_good_one_step_around_now(offset: int) -> None:
    here = int(NOW.timestamp()) // 30
    assert totp.matching_step(SEED, code(offset), NOW) == here + offset


@pytest.mark.parametrize(
    "bad", [code(-2), code(2), code() + "0", code()[:5], " " + code(), code()[:3] + " " + code()[3:]]
)
def test_other_codes_are_not(bad: str) -> None:
    assert totp.matching_step(SEED, bad, NOW) is None


def test_digits_of_other_scripts_are_not_digits() -> None:
    assert totp.matching_step(SEED, code().translate({48 + n: 0xFF10 + n for n in range(10)}), NOW) is None


def test_a_seed_is_sealed_for_one_person_under_one_key() -> None:
    key = bytes(range(32))
    sealed = totp.seal_seed(key, "person-1", SEED)
    assert SEED not in sealed
    assert totp.open_seed(key, "person-1", sealed) == SEED
    with pytest.raises(InvalidTag):
        totp.open_seed(key, "person-2", sealed)
    with pytest.raises(InvalidTag):
        totp.open_seed(bytes(32), "person-1", sealed)


def test_the_key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(masterkey.VARIABLE, raising=False)
    path = masterkey.path_for(f"sqlite:///{tmp_path}/central.db")
    assert path == tmp_path / "central.db.key"
    made = masterkey.create(path)
    assert masterkey.create(path).seeds == made.seeds == masterkey.load(path).seeds
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o640)
        with pytest.raises(UsageError, match="key_file_readable_by_others"):
            masterkey.load(path)
        path.chmod(0o600)
    path.write_text("no key")
    with pytest.raises(UsageError, match="key_file_damaged"):
        masterkey.load(path)
    with pytest.raises(UsageError, match="key_file_missing"):
        masterkey.load(tmp_path / "none")


def test_a_server_database_needs_a_named_key_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(masterkey.VARIABLE, raising=False)
    with pytest.raises(UsageError, match="key_file_needed"):
        masterkey.path_for("postgresql+psycopg://x/y")
    monkeypatch.setenv(masterkey.VARIABLE, str(tmp_path / "k"))
    assert masterkey.path_for("postgresql+psycopg://x/y") == tmp_path / "k"


def test_uses_of_the_key_dont_share_it() -> None:
    key = masterkey.MasterKey(bytes(32))
    assert len({key.seeds, key.derive("token-access", b"x"), key.derive("token-refresh", b"x")}) == 3
