"""Every test starts from the same place: a home of its own, no network, Bahasa Indonesia, an odd time zone."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before anything imports textual or the product: both read the environment once.
for _name in list(os.environ):
    if _name.startswith(("MSC_", "TEXTUAL", "XDG_", "SSH_")) and not _name.startswith("MSC_TEST_"):
        del os.environ[_name]
for _name in (
    "DBUS_SESSION_BUS_ADDRESS",
    "NO_COLOR",
    "TMUX",
    "EDITOR",
    "VISUAL",
    "COLUMNS",
    "LINES",
    "http_proxy",
    "https_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
):
    os.environ.pop(_name, None)
os.environ |= {
    "TEXTUAL_ANIMATIONS": "none",
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
    "LC_ALL": "C.UTF-8",
    "TZ": "America/St_Johns",  # half an hour off: code that leans on the machine's zone can't pass by luck
    "MSC_KEYRING": "optional",
}
if sys.platform != "win32":
    time.tzset()
SHARED_MEMORY = Path("/dev/shm")
if SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > 4 << 30:
    # What a commit waits for on a disk is most of a test's time; a killed process loses nothing of it here either.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(SHARED_MEMORY))

from hypothesis import settings  # noqa: E402

from msc_console import i18n  # noqa: E402
from tests.support import golden as golden_text  # noqa: E402
from tests.support.databases import (  # noqa: E402
    central_url,
    postgres_of_worker,
    postgres_url,
    sqlite_template,
    sqlite_url,
)
from tests.support.network import loopback_only  # noqa: E402
from tests.support.skips import ALLOWED, SkipPolicy, allowed  # noqa: E402

__all__ = ["central_url", "postgres_of_worker", "postgres_url", "sqlite_template", "sqlite_url"]

# A shared machine is slow at odd moments; a failing example is printed so that it can be replayed. The same code meets
# the same examples: others are sought with MSC_TEST_SEEK=1, where a find is not in somebody's way.
settings.register_profile("msc", deadline=None, print_blob=True, derandomize="MSC_TEST_SEEK" not in os.environ)
settings.load_profile("msc")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of this suite."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew")


def pytest_configure(config: pytest.Config) -> None:
    """Skips are judged in every run."""
    config.pluginmanager.register(SkipPolicy(allowed(ALLOWED.read_text(encoding="utf-8"))), "skip-policy")


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Sockets reach this machine alone."""
    with loopback_only():
        yield


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home that dies with the test, and the default language; gives the home's folder."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("MSC_HOME", str(folder / "msc"))
    i18n.set_language(i18n.DEFAULT)
    yield folder
    i18n.set_language(i18n.DEFAULT)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> golden_text.Golden:
    """`golden(name, text)` compares with tests/golden/<name>.txt."""
    return golden_text.of(request.config)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of public data sets: `$MSC_TEST_DATA`, else ../shared/data. Skips when there is none."""
    folder = Path(os.environ.get("MSC_TEST_DATA") or SHARED_DATA)
    if not folder.is_dir():
        pytest.skip(f"no test data: MSC_TEST_DATA is not set and {SHARED_DATA} is not there")
    return folder
