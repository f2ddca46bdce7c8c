"""Unlocking with central gone: the pass in the cache, the highest time ever stored, an older copy put back."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from msc_console import clock, seal
from msc_console.config import Home, Settings
from msc_console.desk import offline, opening
from msc_console.identity.custody import Custody
from msc_console.identity.errors import KeyringRequired
from msc_console.identity.offline_pass import PassRefused
from msc_console.store import settings
from msc_console.store.opening import Cache
from tests.identity.conftest import LOGIN, PASSWORD, SECRET
from tests.identity.keyrings import Memory, keyring
from tests.support.passes import CENTRE, a_pass, give, signed

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSC_KDF", "test")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").make()


@pytest.fixture
def keys(home: Home) -> Custody:
    """A vault with two halves."""
    people = home.person(LOGIN).make()
    made = Custody(people, LOGIN, keyring=keyring(people.folder, Memory()))
    made.make(PASSWORD, SECRET, clock.now(), "keyring")
    return made


@pytest.fixture
def cache(home: Home) -> Iterator[Cache]:
    opened = Cache.open(home.person(LOGIN).make().cache, SECRET.data_key)
    yield opened
    opened.close()


def _reason(cache: Cache, keys: Custody, ahead: timedelta = timedelta()) -> str:
    with pytest.raises(PassRefused) as caught:
        offline.admit(cache, keys, SECRET, clock.now() + ahead)
    return caught.value.reason


def test_without_a_pass_nobody_unlocks(cache: Cache, keys: Custody) -> None:
    assert _reason(cache, keys) == "missing"


def test_a_pass_opens_until_its_end_in_the_devices_own_time(home: Home, cache: Cache, keys: Custody) -> None:
    now = clock.now()
    give(home.person(LOGIN), SECRET, now)
    with cache.write() as conn:
        settings.hear_time(conn, now, now + HOUR)  # this device's clock is an hour fast
    given, until = offline.admit(cache, keys, SECRET, now + HOUR)
    assert abs(until - (now + 15 * HOUR)) < timedelta(seconds=1)
    assert keys.highest() == given.counter == 1


def test_the_clock_may_not_go_back_behind_an_unlocking(home: Home, cache: Cache, keys: Custody) -> None:
    give(home.person(LOGIN), SECRET)
    offline.admit(cache, keys, SECRET, clock.now() + 5 * HOUR)
    assert _reason(cache, keys, 4 * HOUR) == "clock"


def test_the_clock_may_not_go_back_behind_centrals_time(home: Home, cache: Cache, keys: Custody) -> None:
    give(home.person(LOGIN), SECRET)
    with cache.write() as conn:
        settings.hear_time(conn, clock.now() + 3 * HOUR, clock.now() + 3 * HOUR)
    assert _reason(cache, keys, 2 * HOUR) == "clock"


def test_an_older_copy_of_the_folder_is_noticed(home: Home, keys: Custody, tmp_path: Path) -> None:
    people = home.person(LOGIN)
    give(people, SECRET, counter=1)
    shutil.copytree(people.folder, tmp_path / "copy")
    give(people, SECRET, counter=2)
    with _opened(people.cache) as cache:
        offline.admit(cache, keys, SECRET)
    shutil.rmtree(people.folder)
    shutil.copytree(tmp_path / "copy", people.folder)
    with _opened(people.cache) as cache:
        assert _reason(cache, keys) == "older"


class _opened:
    def __init__(self, path: Path) -> None:
        self.cache = Cache.open(path, SECRET.data_key)

    def __enter__(self) -> Cache:
        return self.cache

    def __exit__(self, *_: object) -> None:
        self.cache.close()


@pytest.mark.protocol("P-032")
def test_a_renewal_brings_newer_passes_of_the_pinned_key_alone(cache: Cache) -> None:
    now = clock.now()
    with cache.write() as conn:
        offline.keep(conn, signed(a_pass(SECRET, now, counter=3)), pin=True)
        offline.keep(conn, signed(a_pass(SECRET, now, counter=2)), pin=False)
        offline.keep(conn, signed(a_pass(SECRET, now, counter=9), private=bytes(32)), pin=False)
        offline.keep(conn, None, pin=False)
        assert (offline.kept(conn).counter, offline.pinned_key(conn)) == (3, seal.public_key(CENTRE))
        offline.keep(conn, signed(a_pass(SECRET, now, counter=4)), pin=False)
        assert offline.kept(conn).counter == 4


def test_a_sign_in_believes_a_restored_central(cache: Cache, keys: Custody) -> None:
    with cache.write() as conn:
        offline.keep(conn, signed(a_pass(SECRET, clock.now(), counter=30)), pin=True)
    offline.admit(cache, keys, SECRET)
    with cache.write() as conn:
        offline.keep(conn, signed(a_pass(SECRET, clock.now(), counter=2), private=bytes(32)), pin=True)
    assert _reason(cache, keys) == "older"
    keys.remember(2, anew=True)
    assert offline.admit(cache, keys, SECRET)[0].counter == 2


def test_unlocking_ends_with_the_pass(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    people, told = home.person(LOGIN).make(), []
    Custody(people, LOGIN).make(PASSWORD, SECRET, clock.now(), "password")
    monkeypatch.setattr("msc_console.identity.launch.start_session", lambda *given: told.append(given) or _Started())
    with pytest.raises(PassRefused):
        opening.unlock(home, LOGIN, PASSWORD)
    now = clock.now()
    give(people, SECRET, now, not_after=clock.iso(now + HOUR))
    opening.unlock(home, LOGIN, PASSWORD)
    assert abs(told[0][3] - (now + HOUR)) < timedelta(seconds=1)
    give(people, SECRET, not_after=clock.iso(now + 100 * HOUR))
    opening.unlock(home, LOGIN, PASSWORD)
    assert told[1][3] <= clock.now() + opening.SHIFT / 2, "the password alone opens this vault"


def test_no_session_is_longer_than_what_its_vault_is_worth(home: Home, cache: Cache) -> None:
    def hours(mode: str) -> float:
        return round((opening.session_until(cache, mode) - clock.now()) / HOUR, 2)

    assert (hours("keyring"), hours("password")) == (14, 7)
    now = clock.now()
    with cache.write() as conn:
        policy = {"vault": "keyring", "keyring": "optional"}
        given = a_pass(SECRET, now, not_after=clock.iso(now + 10 * HOUR), policy=policy)
        offline.keep(conn, signed(given), pin=True)
    assert (hours("keyring"), hours("password")) == (10, 5)


def test_unlocking_with_one_half_needs_centrals_leave(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    people = home.person(LOGIN).make()
    Custody(people, LOGIN).make(PASSWORD, SECRET, clock.now(), "password")
    give(people, SECRET, policy={"keyring": "required"})
    with pytest.raises(KeyringRequired):
        opening.unlock(home, LOGIN, PASSWORD)
    assert opening.current_login(home) is None


class _Started:
    def close(self) -> None:
        pass


def test_another_devices_pass_opens_nothing(home: Home, cache: Cache, keys: Custody) -> None:
    give(home.person(LOGIN), replace(SECRET, device="device-2"))
    assert _reason(cache, keys) == "foreign"


@pytest.mark.parametrize(("ahead", "online", "goes_on"), [(13, False, True), (15, False, False), (15, True, True)])
def test_an_open_desk_goes_on_without_central_until_its_pass_is_over(
    home: Home, keys: Custody, ahead: int, online: bool, goes_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = home.person(LOGIN)
    give(people, SECRET)
    desk = opening.sit_down_with(people, Settings(), LOGIN, SECRET)
    try:
        later = clock.now() + ahead * HOUR
        monkeypatch.setattr(clock, "now", lambda: later)
        assert offline.may_go_on(desk, online=online) is goes_on
    finally:
        desk.leave()


def test_an_open_desk_is_over_with_its_session(home: Home, keys: Custody, monkeypatch: pytest.MonkeyPatch) -> None:
    give(home.person(LOGIN), SECRET)
    desk = opening.sit_down_with(home.person(LOGIN), Settings(), LOGIN, SECRET)
    monkeypatch.setattr(desk.unlocked.signer, "answers", lambda: False)
    try:
        assert not offline.may_go_on(desk, online=True)
    finally:
        desk.leave()
