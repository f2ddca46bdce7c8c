"""The keyring: which back ends are asked, how long, and what is believed."""

import sys
from pathlib import Path

import pytest

from msc_console.identity.errors import KeyringUnavailable
from msc_console.identity.os_keyring import Item, OsKeyring, system_backend
from tests.identity.keyrings import Hanging, Memory, Null, Stubborn, keyring

SECRET = bytes(range(32))
linux = pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is Linux'")


def test_an_item_is_short_and_comes_back(tmp_path: Path) -> None:
    ring = keyring(tmp_path, Memory())
    assert ring.read() is None
    item = Item(SECRET, tries=9, until=4_102_444_800_000, highest=2**31)
    assert ring.write(item) == item
    assert ring.read() == item
    secret, *_ = item.text().split(".")
    assert len(secret) == 43
    assert len(item.text()) < 100


def test_two_new_items_share_nothing_and_show_nothing() -> None:
    first, second = Item.new(), Item.new()
    assert first.secret != second.secret
    assert repr(first.secret) not in repr(first)


def test_the_highest_counter_only_rises_and_makes_no_item(tmp_path: Path) -> None:
    ring = keyring(tmp_path, Memory())
    ring.remember(3)
    assert ring.read() is None
    ring.write(Item(SECRET, tries=2))
    ring.remember(3)
    ring.remember(1)
    assert ring.read() == Item(SECRET, tries=2, highest=3)


def test_a_deleted_item_is_gone_and_may_be_deleted_again(tmp_path: Path) -> None:
    ring = keyring(tmp_path, Memory())
    ring.write(Item(SECRET))
    ring.delete()
    ring.delete()
    assert ring.read() is None


def test_each_person_and_each_home_has_an_item_of_its_own(tmp_path: Path) -> None:
    one = Memory()
    names = {keyring(tmp_path, one).service, keyring(tmp_path / "x", one).service}
    assert len(names | {keyring(tmp_path, one, "bagus").service}) == 3


def test_what_a_keyring_forgets_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(KeyringUnavailable) as caught:
        keyring(tmp_path, Null()).write(Item(SECRET))
    assert caught.value.reason == "forgets"


def test_what_a_keyring_does_not_delete_is_noticed(tmp_path: Path) -> None:
    ring = keyring(tmp_path, Stubborn())
    ring.write(Item(SECRET))
    with pytest.raises(KeyringUnavailable) as caught:
        ring.delete()
    assert caught.value.reason == "refused"


def test_a_prompt_that_nobody_answers_is_left_behind(tmp_path: Path) -> None:
    hanging = Hanging()
    with pytest.raises(KeyringUnavailable) as caught:
        keyring(tmp_path, hanging, seconds=0.01).read()
    assert caught.value.reason == "slow"
    hanging.answered.set()


@pytest.mark.parametrize(
    "text", ["", "x", "A" * 43, "A" * 43 + ".1.2", "A" * 43 + ".-1.0.0", "A" * 42 + ".0.0.0", "A" * 43 + ".a.0.0", "é"]
)
def test_another_programs_words_are_no_item(tmp_path: Path, text: str) -> None:
    backend = Memory()
    ring = keyring(tmp_path, backend)
    backend.set_password(ring.service, "rina", text)
    with pytest.raises(KeyringUnavailable) as caught:
        ring.read()
    assert caught.value.reason == "foreign"


@linux
def test_without_a_bus_there_is_no_keyring(tmp_path: Path) -> None:
    with pytest.raises(KeyringUnavailable) as caught:
        OsKeyring(tmp_path, "rina").read()
    assert caught.value.reason == "absent"


@linux
@pytest.mark.parametrize("name", ["null", "fail", "chainer"])
def test_the_environment_and_a_file_choose_no_back_end(
    monkeypatch: pytest.MonkeyPatch, isolated: Path, name: str
) -> None:
    chosen = f"keyring.backends.{name}.Keyring"
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", chosen)
    monkeypatch.setenv("KEYRING_PROPERTY_PREFERRED_COLLECTION", "/org/example/other")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(isolated / "config"))
    rc = isolated / "config" / "python_keyring" / "keyringrc.cfg"
    rc.parent.mkdir(parents=True)
    rc.write_text(f"[backend]\ndefault-keyring={chosen}\n")
    from keyring.backends import SecretService

    made = system_backend()
    assert isinstance(made, SecretService.Keyring)
    assert not hasattr(made, "preferred_collection")
