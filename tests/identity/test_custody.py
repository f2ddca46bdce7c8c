"""Tries, waits, the tenth wrong password, and the way between the two modes."""

import itertools
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from msc_console import clock
from msc_console.config import Home, KeyringPolicy
from msc_console.errors import NotAllowed
from msc_console.identity import vault
from msc_console.identity.custody import Custody, permitted, wait_after
from msc_console.identity.errors import KeyringRequired, KeyringUnavailable, VaultLocked, WrongPassword
from msc_console.locking import held
from tests.identity.conftest import LOGIN, PASSWORD, SECRET
from tests.identity.keyrings import Hanging, Memory, Null, keyring

NOW = clock.parse("2026-07-02T03:04:05.678Z")
HOUR = timedelta(hours=1)


@pytest.fixture
def backend() -> Memory:
    """The system's keyring."""
    return Memory()


def custody(home: Home, backend: Memory) -> Custody:
    """The keys of LOGIN over `backend`."""
    people = home.person(LOGIN).make()
    return Custody(people, LOGIN, keyring=keyring(people.folder, backend))


@pytest.fixture(params=["keyring", "password"])
def made(request: pytest.FixtureRequest, home: Home, backend: Memory) -> Custody:
    """A vault of either mode."""
    keys = custody(home, backend)
    keys.make(PASSWORD, SECRET, NOW, request.param)
    assert keys.mode == request.param
    return keys


def _wrong(keys: Custody, at: int) -> NotAllowed:
    with pytest.raises(NotAllowed) as caught:
        keys.open("a password that is wrong", NOW + at * HOUR)
    return caught.value


def test_five_tries_are_free_and_then_each_waits_twice_as_long() -> None:
    waits = [wait_after(tries) // 1000 for tries in range(1, 13)]
    assert waits == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]


def test_a_try_before_its_time_is_not_judged(made: Custody) -> None:
    for at in range(5):
        _wrong(made, at)
    with pytest.raises(NotAllowed) as caught:
        made.open(PASSWORD, NOW + 4 * HOUR + timedelta(seconds=29))
    assert (caught.value.key, caught.value.data["retry_after"]) == ("too_many_tries", 1)
    assert made.open(PASSWORD, NOW + 4 * HOUR + timedelta(seconds=30)) == SECRET


def test_a_right_password_starts_the_count_anew(made: Custody) -> None:
    for round in range(3):
        for at in range(4):
            _wrong(made, round * 10 + at)
        assert made.open(PASSWORD, NOW + (round * 10 + 5) * HOUR) == SECRET


def test_a_clock_set_back_makes_no_wait_longer_than_any(made: Custody) -> None:
    for at in range(5):
        _wrong(made, at)
    assert made.open(PASSWORD, NOW - 24 * HOUR) == SECRET


def test_the_tenth_wrong_password_closes_the_vault_for_good(home: Home, backend: Memory) -> None:
    keys = custody(home, backend)
    keys.make(PASSWORD, SECRET, NOW, "keyring")
    for at in range(9):
        error = _wrong(keys, at)
        assert isinstance(error, WrongPassword)
        assert error.left == 9 - at
    assert isinstance(_wrong(keys, 9), VaultLocked)
    assert not backend.kept
    with pytest.raises(VaultLocked):
        keys.open(PASSWORD, NOW + 20 * HOUR)


def test_without_a_keyring_the_waits_go_on_and_nothing_is_deleted(home: Home, backend: Memory) -> None:
    keys = custody(home, backend)
    keys.make(PASSWORD, SECRET, NOW, "password")
    for at in range(12):
        assert isinstance(_wrong(keys, at), WrongPassword)
    assert keys.open(PASSWORD, NOW + 13 * HOUR) == SECRET


def test_a_copy_of_the_folder_does_not_set_the_keyrings_count_back(home: Home, backend: Memory) -> None:
    keys = custody(home, backend)
    keys.make(PASSWORD, SECRET, NOW, "keyring")
    before = {path: path.read_bytes() for path in home.person(LOGIN).folder.iterdir()}
    for at in range(9):
        _wrong(keys, at)
    for path, content in before.items():
        path.write_bytes(content)
    assert isinstance(_wrong(keys, 9), VaultLocked)


def test_a_try_counts_before_it_is_judged(made: Custody, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever kills the program while it thinks has used a try up all the same."""
    seen = []

    def killed(*args: object, **more: object) -> None:
        item = made.keyring.read()
        seen.append(item.tries if item else int(made._tries.read_bytes()[1:2]))
        raise WrongPassword

    monkeypatch.setattr(vault, "open_vault", killed)
    _wrong(made, 0)
    _wrong(made, 1)
    assert seen == [1, 2]


def test_what_is_no_guess_is_not_counted(made: Custody, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **more: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(vault, "open_vault", full)
        for _ in range(20):
            with pytest.raises(MemoryError):
                made.open(PASSWORD, NOW)
    assert made.open(PASSWORD, NOW) == SECRET


def test_two_programs_do_not_try_at_once(made: Custody) -> None:
    with held(made._lock, "other") as mine:
        assert mine
        with pytest.raises(NotAllowed) as caught:
            made.open(PASSWORD, NOW)
    assert caught.value.key == "vault_busy"


def test_there_and_back_again(home: Home, backend: Memory) -> None:
    keys = custody(home, backend)
    keys.make(PASSWORD, SECRET, NOW, "password")
    keys.to_keyring(PASSWORD, NOW)
    assert (keys.mode, keys.open(PASSWORD, NOW), len(backend.kept)) == ("keyring", SECRET, 1)
    keys.to_password(PASSWORD, KeyringPolicy.OPTIONAL, NOW)
    assert (keys.mode, keys.open(PASSWORD, NOW), len(backend.kept)) == ("password", SECRET, 0)


def test_policy_keeps_the_keyring(home: Home, backend: Memory) -> None:
    keys = custody(home, backend)
    keys.make(PASSWORD, SECRET, NOW, "keyring")
    with pytest.raises(KeyringRequired):
        keys.to_password(PASSWORD, KeyringPolicy.REQUIRED, NOW)
    assert (keys.mode, keys.open(PASSWORD, NOW)) == ("keyring", SECRET)


@pytest.mark.parametrize("broken", [Null(), None])
def test_a_keyring_that_does_not_work_changes_nothing(home: Home, broken: Memory | None) -> None:
    hanging = Hanging()
    people = home.person(LOGIN).make()
    keys = Custody(people, LOGIN, keyring=keyring(people.folder, broken or hanging, seconds=0.01 if not broken else 3))
    keys.make(PASSWORD, SECRET, NOW, "password")
    with pytest.raises(KeyringUnavailable):
        keys.to_keyring(PASSWORD, NOW)
    assert (keys.mode, keys.open(PASSWORD, NOW)) == ("password", SECRET)
    hanging.answered.set()


def test_a_wrong_password_changes_no_mode(home: Home, backend: Memory) -> None:
    keys = custody(home, backend)
    keys.make(PASSWORD, SECRET, NOW, "password")
    with pytest.raises(WrongPassword):
        keys.to_keyring("a password that is wrong", NOW)
    assert not backend.kept
    keys.to_keyring(PASSWORD, NOW)
    with pytest.raises(WrongPassword):
        keys.to_password("a password that is wrong", KeyringPolicy.OPTIONAL, NOW)
    assert keys.open(PASSWORD, NOW) == SECRET


def test_a_new_password_keeps_the_mode(made: Custody) -> None:
    mode = made.mode
    changed = replace(SECRET, device="device-9")
    assert made.rewrap(PASSWORD, "kuda hitam di tepi kali", changed, NOW) == changed
    assert (made.mode, made.open("kuda hitam di tepi kali", NOW)) == (mode, changed)


def test_the_keyring_remembers_the_highest_counter(home: Home, backend: Memory) -> None:
    keys = custody(home, backend)
    keys.make(PASSWORD, SECRET, NOW, "keyring")
    keys.remember(7)
    keys.remember(5)
    assert keys.highest() == 7
    assert keys.open(PASSWORD, NOW) == SECRET
    assert keys.highest() == 7


def test_the_mode_of_a_new_vault(home: Home, backend: Memory) -> None:
    keys = custody(home, backend)
    assert keys.mode_for_new(KeyringPolicy.OPTIONAL) == "keyring"
    alone = Custody(home.person(LOGIN), LOGIN)
    assert alone.mode_for_new(KeyringPolicy.OPTIONAL) == "password"
    with pytest.raises(KeyringUnavailable):
        alone.mode_for_new(KeyringPolicy.REQUIRED)


def test_whoever_asks_for_the_keyring_gets_it() -> None:
    words = (None, KeyringPolicy.REQUIRED, KeyringPolicy.OPTIONAL)
    table = {
        (laptop, str(central or "")): permitted(laptop, str(central or ""))
        for laptop, central in itertools.product(words, words)
    }
    optional = {pair for pair, word in table.items() if word is KeyringPolicy.OPTIONAL}
    assert optional == {(None, "optional"), (KeyringPolicy.OPTIONAL, ""), (KeyringPolicy.OPTIONAL, "optional")}


def test_no_half_of_the_keyring_stands_in_a_file(home: Home, backend: Memory) -> None:
    keys = custody(home, backend)
    keys.make(PASSWORD, SECRET, NOW, "keyring")
    item = keys.keyring.read()
    assert item is not None
    files = [path.read_bytes() for path in Path(home.folder).rglob("*") if path.is_file()]
    for needle in (item.secret, item.secret.hex().encode(), item.text().encode()[:43]):
        assert not any(needle in content for content in files)
