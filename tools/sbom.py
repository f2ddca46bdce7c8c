"""The bill of materials that ships with the program: msc_console/sbom.json, CycloneDX 1.6.

    python -m tools.sbom write|check

Everything that `msc-console[central]` brings on any platform, by the lock (requirements.txt), with what wheels carry
inside and no scanner sees (tools/bundled.toml, kept by hand; a test asks the wheels). The same lock makes the same
file: no time, no serial number. Hashes stand in the lock.
"""

import json
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from msc_console import __version__

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.txt"
BUNDLED = ROOT / "tools" / "bundled.toml"
SBOM = ROOT / "msc_console" / "sbom.json"
PROGRAM = "msc-console"
EXTRAS = frozenset({"central"})
_PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;\\]+)")
_EXTRA = re.compile(r"""extra == ["']([^"']+)["']""")


@cache
def locked() -> dict[str, str]:
    """Name -> version of every pin of the lock."""
    pins = (_PIN.match(line) for line in LOCK.read_text("utf-8").splitlines())
    return {canonicalize_name(pin[1]): pin[2] for pin in pins if pin}


def needs(name: str, extras: frozenset[str]) -> dict[str, frozenset[str]]:
    """What `name` needs directly on any platform, by its installed metadata: name -> extras. Only what is locked."""
    try:
        told = distribution(name).requires or []
    except PackageNotFoundError:  # of another platform
        return {}
    found: dict[str, frozenset[str]] = {}
    for requirement in map(Requirement, told):
        asked = set(_EXTRA.findall(str(requirement.marker or "")))
        other = canonicalize_name(requirement.name)
        if other in locked() and (not asked or asked & extras):
            found[other] = found.get(other, frozenset()) | requirement.extras
    return found


def closure() -> dict[str, list[str]]:
    """Name -> names that it needs, of the program and of all it brings."""
    graph: dict[str, set[str]] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    left = [(PROGRAM, EXTRAS)]
    while left:
        name, extras = left.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        direct = needs(name, extras)
        graph.setdefault(name, set()).update(direct)
        left += direct.items()
    return {name: sorted(others) for name, others in sorted(graph.items())}


def licences(name: str) -> dict[str, Any]:
    """The `licenses` of a component as its metadata tells them; nothing when it doesn't."""
    try:
        told = distribution(name).metadata.json
    except PackageNotFoundError:
        return {}
    expression, words = told.get("license_expression"), str(told.get("license", "")).strip()
    if expression:
        return {"licenses": [{"expression": expression}]}
    if words and "\n" not in words and len(words) <= 60:
        return {"licenses": [{"license": {"name": words}}]}
    classes = [item.rpartition(" :: ")[2] for item in told.get("classifier", ()) if item.startswith("License ::")]
    return {"licenses": [{"license": {"name": item}} for item in classes]} if classes else {}


def ref(name: str) -> str:
    """The purl of a locked package, or of the program."""
    version = __version__ if name == PROGRAM else locked()[name]
    return f"pkg:pypi/{name}@{version}"


def bundled() -> dict[str, list[dict[str, str]]]:
    """Package -> what its wheel has inside (`name`, `version`, `purl`)."""
    found: dict[str, list[dict[str, str]]] = tomllib.loads(BUNDLED.read_text("utf-8"))
    return found


def component(name: str) -> dict[str, Any]:
    """One package with what it has inside."""
    inside = [{"type": "library", "bom-ref": f"{ref(name)}#{part['name']}", **part} for part in bundled().get(name, ())]
    made = {"type": "library", "bom-ref": ref(name), "name": name, "version": locked()[name], "purl": ref(name)}
    return made | licences(name) | ({"components": inside} if inside else {})


def document() -> dict[str, Any]:
    """The bill of materials as plain values."""
    graph = closure()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": ref(PROGRAM),
                "name": PROGRAM,
                "version": __version__,
                "purl": ref(PROGRAM),
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": [component(name) for name in graph if name != PROGRAM],
        "dependencies": [
            {"ref": ref(name), "dependsOn": [ref(other) for other in others]} for name, others in graph.items()
        ],
    }


def rendered() -> str:
    """The file as it is committed."""
    return json.dumps(document(), indent=1, ensure_ascii=True) + "\n"


def main(words: list[str]) -> int:
    """Exit code 1 when `check` finds the file out of date."""
    if words == ["write"]:
        SBOM.write_text(rendered(), "utf-8")
        return 0
    if words != ["check"]:
        print(__doc__)
        return 2
    fresh = SBOM.exists() and SBOM.read_text("utf-8") == rendered()
    print("sbom: fresh" if fresh else "sbom: out of date, python -m tools.sbom write")
    return 0 if fresh else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
