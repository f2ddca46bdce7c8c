"""A revoked laptop: whose order it obeys, what it saves first, and that nothing is left."""

import json
from pathlib import Path

import pytest

from msc_console import clock, escrow
from msc_console.central import recovery as at_central
from msc_console.config import Home
from msc_console.desk import wiping
from msc_console.domain.commands import Command
from msc_console.identity.custody import Custody
from msc_console.identity.os_keyring import OsKeyring
from msc_console.store import drafts, outbox
from msc_console.store.drafts import Draft
from msc_console.store.opening import Cache
from tests.identity.conftest import LOGIN, PASSWORD, SECRET
from tests.identity.keyrings import Memory
from tests.support.passes import Document, give, signed

NOW = clock.parse("2026-07-02T03:04:05.678Z")
ORDER = signed({"device": SECRET.device, "at": clock.iso(NOW)}, purpose="msc-wipe")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").make()


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch, home: Home) -> Memory:
    """The system's keyring, with a vault that needs it."""
    kept = Memory()
    monkeypatch.setenv("MSC_KDF", "test")
    monkeypatch.setattr("msc_console.identity.os_keyring.system_backend", lambda: kept)
    Custody(home.person(LOGIN).make(), LOGIN).make(PASSWORD, SECRET, NOW, "keyring")
    assert OsKeyring(home.person(LOGIN).folder, LOGIN).read() is not None
    return kept


def _cache(home: Home, *, busy: bool) -> Cache:
    cache = Cache.open(home.person(LOGIN).cache, SECRET.data_key)
    if busy:
        with cache.write() as conn:
            command = Command(
                id="op-1", kind="entry.note", actor=SECRET.person, target="t-1", args={"body": "RAHASIA"}, made_at=NOW
            )
            outbox.append(conn, command)
            drafts.save(conn, Draft(target="t-1", kind="reply", body="SETENGAH JADI", updated_at=NOW))
    return cache


def _obey(home: Home, cache: Cache, order: Document) -> wiping.Wiped:
    with pytest.raises(wiping.Wiped) as caught:
        wiping.obey(home, LOGIN, cache, SECRET.device, order, NOW)
    cache.close()
    return caught.value


@pytest.mark.protocol("P-034")
def test_unsent_work_is_saved_for_two_people_and_then_everything_goes(home: Home, backend: Memory) -> None:
    identity, recipient = escrow.new_identity()
    give(home.person(LOGIN), SECRET, policy={"recovery": recipient})
    home.current.write_text(LOGIN)
    wiped = _obey(home, _cache(home, busy=True), ORDER)
    assert wiped.key == "device_wiped_saved"
    assert wiped.saved is not None
    assert not backend.kept
    assert not home.person(LOGIN).folder.exists()
    assert not home.current.exists()
    left = {path: path.read_bytes() for path in home.folder.rglob("*") if path.is_file()}
    assert list(left) == [wiped.saved]
    assert b"RAHASIA" not in left[wiped.saved]
    kind, work = at_central.opened(left[wiped.saved], *escrow.split(identity))
    found = json.loads(work)
    assert (kind, found["login"], found["device"]) == ("work", LOGIN, SECRET.device)
    assert [(act["kind"], act["args"]["body"]) for act in found["acts"]] == [("entry.note", "RAHASIA")]
    assert [draft["body"] for draft in found["drafts"]] == ["SETENGAH JADI"]


@pytest.mark.parametrize(("busy", "key"), [(False, "device_wiped"), (True, "device_wiped_lost")])
def test_without_work_or_without_a_recovery_key_no_file_is_left(
    home: Home, backend: Memory, busy: bool, key: str
) -> None:
    give(home.person(LOGIN), SECRET)
    assert _obey(home, _cache(home, busy=busy), ORDER).key == key
    assert not [path for path in home.folder.rglob("*") if path.is_file()]


@pytest.mark.protocol("P-034")
@pytest.mark.parametrize(
    "order",
    [
        signed({"device": SECRET.device}, purpose="msc-wipe", private=bytes(32)),
        signed({"device": SECRET.device}, purpose="msc-pass"),
        signed({"device": "device-2"}, purpose="msc-wipe"),
        Document(ORDER.doc, "00" * 64, ORDER.key),
    ],
)
def test_no_other_order_is_obeyed(home: Home, backend: Memory, order: Document) -> None:
    give(home.person(LOGIN), SECRET)
    cache = _cache(home, busy=True)
    wiping.obey(home, LOGIN, cache, SECRET.device, order, NOW)
    cache.close()
    assert Custody(home.person(LOGIN), LOGIN).open(PASSWORD, NOW) == SECRET
    assert backend.kept


def test_before_a_sign_in_pinned_a_key_no_order_counts(home: Home, backend: Memory) -> None:
    cache = _cache(home, busy=False)
    wiping.obey(home, LOGIN, cache, SECRET.device, ORDER, NOW)
    cache.close()
    assert home.person(LOGIN).vault.exists()
