"""The cache's key changed, a change cut off at each step, and modes under policy."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from msc_console import clock, escrow
from msc_console.config import Home, PersonHome
from msc_console.desk import keeping
from msc_console.errors import NotAllowed
from msc_console.identity import recovery, vault
from msc_console.identity.custody import Custody
from msc_console.identity.errors import KeyringRequired, WrongPassword
from msc_console.locking import held
from msc_console.store import opening as store
from msc_console.store import settings
from msc_console.store.failures import CacheError
from msc_console.store.opening import Cache
from tests.identity.conftest import LOGIN, PASSWORD, SECRET
from tests.identity.keyrings import Memory, keyring
from tests.support.passes import give

FRESH = bytes(range(100, 132))


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSC_KDF", "test")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").make()


@pytest.fixture
def people(home: Home) -> PersonHome:
    return home.person(LOGIN).make()


@pytest.fixture
def keys(people: PersonHome) -> Custody:
    """A vault of two halves and a cache with something in it."""
    made = Custody(people, LOGIN, keyring=keyring(people.folder, Memory()))
    made.make(PASSWORD, SECRET, clock.now(), "keyring")
    cache = Cache.open(people.cache, SECRET.data_key)
    with cache.write() as conn:
        settings.put(conn, "kept", "x" * 100_000)
    cache.close()
    return made


def _inside(people: PersonHome, key: bytes) -> Any:
    cache = Cache.open(people.cache, key, create_missing=False)
    try:
        with cache.read() as conn:
            return settings.get(conn, "kept")
    finally:
        cache.close()


def test_a_changed_key_opens_and_the_old_one_does_not(home: Home, people: PersonHome, keys: Custody) -> None:
    _, recipient = escrow.new_identity()
    give(people, SECRET, policy={"recovery": recipient})
    keeping.change_key(home, LOGIN, PASSWORD, keys)
    held_now = keys.open(PASSWORD)
    assert held_now.data_key != SECRET.data_key
    assert not held_now.former_key
    assert _inside(people, held_now.data_key) == "x" * 100_000
    with pytest.raises(CacheError):
        store.connect(people.cache, SECRET.data_key)
    assert recovery.is_current(people, held_now, recipient)


def test_a_wrong_password_changes_nothing(home: Home, people: PersonHome, keys: Custody) -> None:
    with pytest.raises(WrongPassword):
        keeping.change_key(home, LOGIN, "not it", keys)
    assert _inside(people, SECRET.data_key)


@pytest.mark.parametrize("name", ["sync.lock", "console.lock"])
def test_nobody_changes_the_key_under_a_colleagues_hands(
    home: Home, people: PersonHome, keys: Custody, name: str
) -> None:
    with held(people.folder / name, "test") as mine:
        assert mine
        with pytest.raises(NotAllowed) as caught:
            keeping.change_key(home, LOGIN, PASSWORD, keys)
    assert caught.value.key == "vault_in_use"
    assert keys.open(PASSWORD) == SECRET


@pytest.mark.skipif(sys.platform == "win32", reason="shared memory of WAL")
def test_a_cache_that_is_open_elsewhere_keeps_its_key(home: Home, people: PersonHome, keys: Custody) -> None:
    other = Cache.open(people.cache, SECRET.data_key)
    with other.read() as conn:
        conn.execute("SELECT count(*) FROM setting").fetchone()
        with pytest.raises(CacheError) as caught:
            keeping.change_key(home, LOGIN, PASSWORD, keys)
    assert caught.value.key == "cache_busy"
    other.close()
    assert keys.open(PASSWORD) == SECRET
    assert _inside(people, SECRET.data_key)


def _before(people: PersonHome) -> None:
    pass


def _after(people: PersonHome) -> None:
    store.change_key(people.cache, SECRET.data_key, FRESH)


@pytest.mark.parametrize(("cut", "right"), [(_before, SECRET.data_key), (_after, FRESH)])
def test_a_change_that_was_cut_off_ends_with_the_key_that_opens(
    people: PersonHome, keys: Custody, cut: Callable[[PersonHome], None], right: bytes
) -> None:
    keys.rewrap(PASSWORD, PASSWORD, replace(SECRET, data_key=FRESH, former_key=SECRET.data_key))
    cut(people)
    settled = keeping.settle(people, keys, PASSWORD, keys.open(PASSWORD))
    assert (settled.data_key, settled.former_key) == (right, b"")
    assert keys.open(PASSWORD) == settled
    assert _inside(people, right)


def test_where_neither_key_opens_both_are_kept(people: PersonHome, keys: Custody) -> None:
    changing = replace(SECRET, data_key=FRESH, former_key=bytes(32))
    keys.rewrap(PASSWORD, PASSWORD, changing)
    with pytest.raises(CacheError):
        keeping.settle(people, keys, PASSWORD, changing)
    assert keys.open(PASSWORD) == changing


def test_one_half_is_enough_only_where_both_permit_it(
    home: Home, people: PersonHome, keys: Custody, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(people, SECRET, policy={"keyring": "required"})
    with pytest.raises(KeyringRequired):
        keeping.to_password(home, LOGIN, PASSWORD, keys)
    give(people, SECRET, policy={"keyring": "optional", "vault": "keyring"})
    monkeypatch.setenv("MSC_KEYRING", "required")
    with pytest.raises(KeyringRequired):
        keeping.to_password(home, LOGIN, PASSWORD, keys)
    monkeypatch.delenv("MSC_KEYRING")
    keeping.to_password(home, LOGIN, PASSWORD, keys)
    assert vault.mode_of(people.vault) == "password"
    keeping.to_keyring(home, LOGIN, PASSWORD, keys)
    assert (keys.mode, keys.open(PASSWORD)) == ("keyring", SECRET)


def test_the_standing_says_what_holds(home: Home, people: PersonHome, keys: Custody) -> None:
    cache = Cache.open(people.cache, SECRET.data_key)
    bare = keeping.standing(home, LOGIN, cache)
    assert (bare.mode, bare.until, bare.recoverable) == ("keyring", None, False)
    _, recipient = escrow.new_identity()
    give(people, SECRET, policy={"recovery": recipient})
    assert not keeping.standing(home, LOGIN, cache).recoverable
    recovery.seal(people, LOGIN, SECRET, recipient, clock.now())
    found = keeping.standing(home, LOGIN, cache)
    assert found.recoverable
    assert found.given is not None
    assert found.until == found.given.not_after
    cache.close()
