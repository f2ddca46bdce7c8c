"""A home of its own, cheap vaults, and sessions that never outlive their test."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from msc_console import clock
from msc_console.config import Home
from msc_console.identity import vault
from msc_console.identity.agent import Client
from msc_console.identity.kdf import TEST
from msc_console.identity.launch import start_session
from msc_console.identity.vault import Secrets

LOGIN = "rina"
PASSWORD = "kuda putih di tepi kali"
SECRET = Secrets(bytes(range(32)), bytes(range(32, 64)), "device-1", "K7Q", "person-1")

Start = Callable[..., Client]


@pytest.fixture(autouse=True)
def cheap_vaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """256 MiB per opening is for production."""
    monkeypatch.setenv("MSC_KDF", "test")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home").make()


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime folder with a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="msc", dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def start(home: Home, runtime: Path) -> Iterator[Start]:
    """Starts real sessions of LOGIN; what is still alive at the end of the test is locked."""
    vault.create_vault(home.person(LOGIN).vault, LOGIN, PASSWORD, SECRET, clock.now(), TEST)
    clients = []

    def begin(**options: Any) -> Client:
        options.setdefault("until", clock.now() + timedelta(hours=1))
        clients.append(start_session(home, LOGIN, SECRET, **options))
        return clients[-1]

    yield begin
    for client in clients:
        client.lock()
