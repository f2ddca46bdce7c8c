"""The public incident log, where it is at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

LOG = "uci_incident_log"


@pytest.fixture(scope="session")
def incident_log(test_data: Path) -> Path:
    """The compressed log. Skips when the data sets don't hold it."""
    path = test_data / LOG / "incident_event_log.csv.gz"
    if not path.is_file():
        pytest.skip(f"no incident log: {path} is not there")
    return path


@pytest.fixture(scope="session")
def expected(incident_log: Path) -> dict[str, Any]:
    """The figures that the data set's makers state for it."""
    found: dict[str, Any] = json.loads(incident_log.with_name("figures.json").read_text(encoding="utf-8"))
    return found
