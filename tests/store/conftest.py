"""A cache in a folder of the test, and a desk at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from msc_console.store.opening import Cache

from .world import KEY, Desk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


@pytest.fixture
def cache(path: Path) -> Iterator[Cache]:
    cache = Cache.open(path, KEY)
    yield cache
    cache.close()


@pytest.fixture
def desk(cache: Cache) -> Desk:
    return Desk(cache)
