"""Requests made up from central's own description: whatever comes, the answer is one that the description names.

Schemathesis runs as its own program with every check on; `MSC_TEST_SEED` repeats a run. Central's clock stands still,
so tokens don't run out, and a long poll ends at once.
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from uuid_utils import uuid7

from msc_console.central import ledger
from msc_console.central.admission import Loads
from tests.central.service.conftest import Laptop, Place, running
from tests.central.service.talk import told_by_central

pytestmark = pytest.mark.deep

CONFIG = Path(__file__).parent / "schemathesis.toml"
EXAMPLES = 60
"""Requests made up for each operation and phase, beside those at the edges of the description."""
SECONDS = 110
MANY = 1_000_000
"""Wrong sign-ins a minute, requests of a device a second: limits have tests of their own, here they hide the rest."""
TICKETS = 3

Run = Callable[..., None]


@pytest.fixture
def run(place: Place, tmp_path: Path) -> Iterator[Run]:
    """`run(*options)`: made-up requests; fails with Schemathesis's own report."""
    ledger.system(place.central, [told_by_central(place, f"Tiket {n}") for n in range(TICKETS)])
    plenty = Loads(rate=MANY, burst=MANY)
    with running(place, describe=True, wait_seconds=0, address_failures=MANY, loads=plenty) as url:

        def run(*options: str, access: str | None = None, device: str | None = None) -> None:
            told = ["-H", f"Authorization:Bearer {access}"] if access else []
            seed = os.environ.get("MSC_TEST_SEED") or str(secrets.randbelow(10**6))
            command = [
                "--config-file", str(CONFIG), "run", f"{url}/v1/schema/openapi.json", "--checks", "all",
                "--max-examples", str(EXAMPLES), "--seed", seed,
                "--generation-database", "none", "--continue-on-failure", "--no-color", *told, *options,
            ]  # fmt: skip
            done = subprocess.run(
                [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", *command],
                cwd=tmp_path,
                env=os.environ | {"MSC_TEST_DEVICE": device or str(uuid7()), "PYTHONPATH": str(CONFIG.parents[2])},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=SECONDS,
            )
            print(done.stdout)
            assert done.returncode == 0, "made-up requests found something: the report and its seed stand above"

        yield run


def test_without_a_token(run: Run) -> None:
    run()


def test_signed_in(place: Place, run: Run) -> None:
    laptop = Laptop.new()
    access = place.sign_in("rina", laptop).access
    # Signing out would end the session that everything else needs: it comes last, on its own.
    run("--exclude-method", "DELETE", access=access, device=laptop.device)
    run("--include-method", "DELETE", access=access)
