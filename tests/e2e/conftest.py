"""Centres and laptops of end-to-end tests; whatever was started is ended."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from msc_console.central import masterkey
from msc_console.config import Home

from .stage import Centre, Laptop, make_centre

Laptops = Callable[[str, Centre], Laptop]


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Test costs of the password hashing, here and in every process started from here."""
    monkeypatch.setenv("MSC_KDF", "test")
    monkeypatch.setenv(masterkey.VARIABLE, str(tmp_path / "central.key"))


@pytest.fixture
def centre(cheap: None, sqlite_url: str, tmp_path: Path) -> Iterator[Centre]:
    """A centre on SQLite that serves."""
    yield from _serving(sqlite_url, tmp_path)


@pytest.fixture
def postgres_centre(cheap: None, postgres_url: str, tmp_path: Path) -> Iterator[Centre]:
    """A centre on PostgreSQL that serves."""
    yield from _serving(postgres_url, tmp_path)


def _serving(url: str, folder: Path) -> Iterator[Centre]:
    centre = make_centre(url, folder)
    centre.start()
    try:
        yield centre
    finally:
        centre.kill()


@pytest.fixture
def laptops(cheap: None, tmp_path: Path) -> Iterator[Laptops]:
    """`laptops(login, centre)`: a laptop of that person, signed in."""
    made: list[Laptop] = []

    def make(login: str, centre: Centre) -> Laptop:
        laptop = Laptop(Home(tmp_path / "laptops" / login), login, centre)
        made.append(laptop)
        laptop.sign_in()
        return laptop

    yield make
    for laptop in made:
        laptop.leave()
    gc.collect()  # a command's desk lives as long as its process, which here is the tests'
