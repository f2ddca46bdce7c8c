"""`msc doctor`: each thing that can be wrong on a laptop is told with what to do, and decides the exit code."""

import json
import shutil
import sys
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from msc_console import checkup, clock
from msc_console.central import ca
from msc_console.checkup import State
from msc_console.config import Home
from msc_console.desk import checkup as desk_checkup
from msc_console.errors import Exit
from msc_console.identity import os_keyring
from msc_console.messages import SENTENCES
from msc_console.store import opening
from msc_console.sync.faults import Broken, Fault
from tests.identity.keyrings import Memory

from .conftest import Msc

Usage = namedtuple("Usage", "total used free")
Looked = Callable[[], tuple[int, dict[str, dict[str, Any]]]]


@dataclass
class Way:
    """To a central whose clock is `ahead` of ours, or that does not answer."""

    ahead: float = 0.0
    fault: Fault | None = None

    def hello(self, _seconds: float) -> "Way":
        if self.fault is not None:
            raise Broken(self.fault)
        return self

    @property
    def server_time(self) -> str:
        return clock.iso(clock.now() + timedelta(seconds=self.ahead))

    def close(self) -> None: ...


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Way:
    """Central answers and its clock is ours."""
    made = Way()
    monkeypatch.setattr(desk_checkup, "transport", lambda *_: made)
    return made


@pytest.fixture
def laptop(way: Way, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A laptop where all is well."""
    home = Home.locate().make()
    home.current.write_text("rina", "utf-8")
    home.current.chmod(0o600)
    home.config.write_text('central = "https://central.example"\nkeyring = "required"\n', "utf-8")
    home.config.chmod(0o600)
    ca.init(home.laptop, "Pusat Uji", clock.now())
    (home.laptop / "ca.pem").chmod(0o600)
    monkeypatch.delenv("MSC_KEYRING")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(2**40, 0, 2**40))
    monkeypatch.setattr(os_keyring, "system_backend", Memory)
    return home


@pytest.fixture
def looked(msc: Msc, laptop: Home) -> Looked:
    """`msc doctor --json`: exit code, and name -> finding."""

    def call() -> tuple[int, dict[str, dict[str, Any]]]:
        ran = msc("doctor", "--json")
        document = json.loads(ran.out)
        checks = {one["name"]: one for one in document["checks"]}
        assert all(one["key"] is None or one["key"] in SENTENCES for one in checks.values())
        states = [one["state"] for one in checks.values()]
        assert document["state"] == next(state for state in ("fail", "warn", "ok") if state in states)
        return ran.code, checks

    return call


def test_a_sound_laptop(looked: Looked) -> None:
    code, checks = looked()
    assert {name: one["state"] for name, one in checks.items()} == dict.fromkeys(
        ("program", "parts", "cipher", "modes", "keyring", "ca", "central", "clock", "disk"), "ok"
    )
    assert code == Exit.OK
    assert checks["cipher"]["value"] == ", ".join(f"{part} {of}" for part, of in opening.versions().items())
    assert all(one["key"] is None for one in checks.values())


def test_people_read_what_to_do(msc: Msc, laptop: Home, way: Way) -> None:
    way.fault = Fault.TLS_EXPIRED
    (laptop.laptop / "ca.pem").unlink()
    ran = msc("doctor")
    assert ran.code == Exit.FAILED
    assert "BURUK" in ran.out
    assert "ca.pem" in ran.out
    assert "habis masa berlakunya" in ran.out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists instead of modes")
def test_a_file_that_others_may_read(looked: Looked, laptop: Home) -> None:
    laptop.config.chmod(0o640)
    code, checks = looked()
    assert (code, checks["modes"]["state"], checks["modes"]["key"]) == (Exit.FAILED, "fail", "files_open")
    assert str(laptop.config) in checks["modes"]["value"]


@pytest.mark.parametrize(("policy", "state"), [("required", "fail"), ("optional", "warn"), ("", "fail")])
def test_no_keyring(looked: Looked, laptop: Home, monkeypatch: pytest.MonkeyPatch, policy: str, state: str) -> None:
    def absent() -> Memory:
        raise ImportError

    monkeypatch.setattr(os_keyring, "system_backend", absent)
    laptop.config.write_text(f'keyring = "{policy}"\n' if policy else "", "utf-8")
    _code, checks = looked()
    assert (checks["keyring"]["state"], checks["keyring"]["key"]) == (state, "keyring_absent")


@pytest.mark.parametrize(("days", "state"), [(31, "ok"), (29, "warn"), (-1, "fail")])
def test_the_ca_is_told_before_it_ends(looked: Looked, laptop: Home, days: int, state: str) -> None:
    for name in ("ca.pem", "ca.key"):
        (laptop.laptop / name).unlink()
    ca.init(laptop.laptop, "Pusat Uji", clock.now() - ca.ROOT_LIFE + timedelta(days=days, minutes=5))
    (laptop.laptop / "ca.pem").chmod(0o600)
    assert looked()[1]["ca"]["state"] == state


def test_no_ca(looked: Looked, laptop: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (laptop.laptop / "ca.pem").unlink()
    code, checks = looked()
    assert (code, checks["ca"]["state"], checks["ca"]["key"]) == (Exit.FAILED, "fail", "ca_unusable")
    assert checks["ca"]["value"] == str(laptop.laptop / "ca.pem")
    monkeypatch.setenv("MSC_CENTRAL", "http://127.0.0.1:1")
    assert looked()[1]["ca"]["state"] == "ok", "a central on this machine needs none"


@pytest.mark.parametrize(("ahead", "state"), [(50.0, "ok"), (-50.0, "ok"), (70.0, "warn"), (-70.0, "warn")])
def test_a_clock_that_is_wrong(looked: Looked, way: Way, ahead: float, state: str) -> None:
    way.ahead = ahead
    code, checks = looked()
    assert (code, checks["clock"]["state"]) == (Exit.OK, state)
    assert checks["clock"]["value"].startswith("-" if ahead > 0 else "+")


def test_a_central_that_does_not_answer_is_no_failure_of_the_laptop(looked: Looked, way: Way) -> None:
    way.fault = Fault.UNREACHABLE
    code, checks = looked()
    assert (code, checks["central"]["state"], checks["central"]["key"]) == (Exit.OK, "warn", "unreachable")
    assert "clock" not in checks


@pytest.mark.parametrize(("free", "state"), [(2**31, "ok"), (2**29, "warn"), (2**20, "fail")])
def test_the_disk(looked: Looked, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(2**40, 0, free))
    assert looked()[1]["disk"]["state"] == state


def test_parts_that_were_not_tested(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "versions", lambda: {"SQLCipher": "4.0.0"})
    real = checkup.metadata.version
    monkeypatch.setattr(checkup.metadata, "version", lambda name: "0.0" if name == "httpx" else real(name))
    code, checks = looked()
    assert code == Exit.OK
    assert (checks["cipher"]["state"], checks["parts"]["state"]) == ("warn", "warn")
    assert checks["parts"]["value"] == "httpx 0.0"


def test_what_is_not_there_is_a_finding_and_no_crash(tmp_path: Path) -> None:
    assert checkup.disk(tmp_path / "none").state is State.FAIL
    assert checkup.private([tmp_path / "none"]).value == "0"
