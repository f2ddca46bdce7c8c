"""The hall on each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from msc_console.central import masterkey

from .hall import Hall, open_hall


@pytest.fixture
def hall(central_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hall]:
    """One person of each role, and what each may and may not see."""
    monkeypatch.setenv("MSC_KDF", "test")
    monkeypatch.setenv(masterkey.VARIABLE, str(tmp_path / "central.key"))
    with open_hall(central_url, tmp_path) as found:
        yield found
