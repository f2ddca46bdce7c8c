"""A desk with a small centre, at a time that stands still."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from msc_console import clock
from msc_console.desk import Desk
from tests.support.screens import no_idle_sleeps

from .stage import NOW, SARI, seeded


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 09:12 in Jakarta, and nobody waits longer than something goes on."""
    no_idle_sleeps(monkeypatch)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setenv("MSC_KDF", "test")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Rina's desk."""
    desk = seeded(tmp_path)
    yield desk
    desk.cache.close()


@pytest.fixture
def lead(tmp_path: Path) -> Iterator[Desk]:
    """The supervisor's desk."""
    desk = seeded(tmp_path, SARI)
    yield desk
    desk.cache.close()
