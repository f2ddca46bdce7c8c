"""The small centre on each kind of database."""

from collections.abc import Iterator

import pytest

from msc_console.central.db import Central
from tests.central.ledger.stage import Stage, set_up


@pytest.fixture
def central_db(central_url: str) -> Iterator[Central]:
    """An open, migrated central."""
    central = Central.open(central_url)
    yield central
    central.close()


@pytest.fixture
def stage(central_db: Central) -> Stage:
    return set_up(central_db)
