"""What `msc doctor` looks at on either side: the program, its parts, files, the disk. The standard library alone.

A check never raises for what it finds; what can't be looked at is told as a finding too.
"""

import json
import platform
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from . import __version__

CERTIFICATE_ALERT = timedelta(days=30)
"""How long before its end a certificate is complained about."""
DISK_LOW = 1024**3
DISK_LEAST = 100 * 1024**2
"""Bytes free: below the one it is worth a word, below the other work is in danger."""


class State(StrEnum):
    """How a check went."""

    OK = "ok"
    WARN = "warn"
    """Something to do soon, or by choice."""
    FAIL = "fail"
    """Something is not safe, or does not work."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `value`: versions, paths, moments, no words; `key`: the sentence that says what to do."""

    name: str
    state: State
    value: str = ""
    key: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@cache
def materials() -> dict[str, Any]:
    """The bill of materials that ships with the program (CycloneDX)."""
    found: dict[str, Any] = json.loads((resources.files(__package__) / "sbom.json").read_text("utf-8"))
    return found


def bundled(package: str) -> dict[str, str]:
    """Name -> version of what a package's wheel has inside, by the bill of materials."""
    found: dict[str, Any] = next((part for part in materials()["components"] if part["name"] == package), {})
    return {one["name"]: one["version"] for one in found.get("components", ())}


def program() -> Check:
    """Versions of the program and what runs it."""
    return Check("program", State.OK, f"msc {__version__}, Python {platform.python_version()}, {platform.system()}")


def parts() -> Check:
    """Whether what is installed is what the program was tested with."""
    listed = {part["name"]: part["version"] for part in materials()["components"]}
    other = []
    for name, version in listed.items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:  # of another platform, or of a central
            continue
        if found != version:
            other.append(f"{name} {found}")
    if other:
        return Check("parts", State.WARN, ", ".join(other), "parts_differ")
    return Check("parts", State.OK, str(len(listed)))


def inside(name: str, package: str, found: Mapping[str, str]) -> Check:
    """Whether what a wheel has inside (`found`: name -> version) is what the bill of materials says."""
    value = ", ".join(f"{part} {version}" for part, version in found.items())
    if bundled(package) != found:
        return Check(name, State.WARN, value, "parts_differ")
    return Check(name, State.OK, value)


def private(paths: Iterable[Path]) -> Check:
    """Whether files and folders are their owner's alone. Windows has access lists instead and is passed over."""
    if sys.platform == "win32":
        return Check("modes", State.OK)
    count = 0
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        count += 1
        if mode & 0o077:
            return Check("modes", State.FAIL, f"{path} {mode & 0o777:04o}", "files_open", {"path": str(path)})
    return Check("modes", State.OK, str(count))


def disk(folder: Path) -> Check:
    """Free room where data lies."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check(
            "disk", State.FAIL, str(folder), "file_unreadable", {"path": str(folder), "detail": error.strerror}
        )
    state = State.FAIL if free < DISK_LEAST else State.WARN if free < DISK_LOW else State.OK
    return Check("disk", state, f"{free // 1024**2} MiB", "" if state is State.OK else "disk_low")


def certificate(name: str, path: Path, until: datetime, now: datetime) -> Check:
    """How long a certificate still holds."""
    state = State.FAIL if until <= now else State.WARN if until - now <= CERTIFICATE_ALERT else State.OK
    value = f"{path} {until:%Y-%m-%d}"
    return Check(name, state, value, "" if state is State.OK else "certificate_ends", {"path": str(path)})
