"""What a cold start does not load. Each list is imported in a fresh interpreter that then looks at itself."""

import subprocess
import sys
from pathlib import Path

import pytest

import msc_console

ROOT = Path(msc_console.__file__).parent
HEAVY = {
    "sqlmodel",
    "sqlalchemy",
    "pydantic",
    "httpx",
    "keyring",
    "argon2",
    "cryptography",
    "typer",
    "babel",
    "litestar",
}
LATER = {"store.tables", "sync.transport"}
"""Modules that the first row does not need: table definitions, HTTP."""


def modules(*rooms: str) -> list[str]:
    """Dotted names, below the package, of every module of these rooms; a room is a folder or one module."""
    found = []
    for room in rooms:
        paths = sorted((ROOT / room).rglob("*.py")) if (ROOT / room).is_dir() else [ROOT / f"{room}.py"]
        assert all(path.exists() for path in paths), room
        found += [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return [name for name in found if name not in LATER]


def loaded(names: list[str]) -> set[str]:
    """Top-level packages in memory after importing the modules `names` of the product."""
    lines = [f"import msc_console.{name}" for name in names]
    code = "\n".join([*lines, "import sys", "print(*{name.split('.')[0] for name in sys.modules})"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


SMALL = ("text", "clock", "errors", "config", "i18n", "messages", "terminal")


def test_the_small_rooms_load_next_to_nothing() -> None:
    assert loaded(modules(*SMALL)) & (HEAVY | {"textual", "rich", "msgspec", "platformdirs", "sqlcipher3"}) == set()


@pytest.mark.parametrize("room", ["domain", "records", "seal", "store", "widgets"])
def test_nothing_heavy_before_the_first_row(room: str) -> None:
    assert loaded(modules(room)) & HEAVY == set()


@pytest.mark.parametrize("room", ["domain", "records", "seal", "store", "sync", "identity", "central"])
def test_whoever_works_without_a_screen_loads_none(room: str) -> None:
    assert loaded(modules(room)) & {"textual", "typer"} == set()


def test_the_domain_loads_the_standard_library_alone() -> None:
    ours = loaded(modules("domain")) - set(sys.stdlib_module_names) - {"msc_console", "__main__"}
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(*{name.split('.')[0] for name in sys.modules})"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ours - set(bare.stdout.split()) == set()
