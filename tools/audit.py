"""Known weaknesses of what is locked: `make audit`. Asks pip-audit, which asks the advisory service of the registry.

Exit code 0: asked, nothing is known. 1: weaknesses are known, they are listed. 3: nobody could be asked, so nothing was
found out; a pipeline must not take that for the first.

What wheels carry inside (tools/bundled.toml) no such service knows: it is printed, to be compared with the news of
those projects by hand.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from . import sbom

CLEAN, KNOWN, NOT_ASKED = 0, 1, 3
SECONDS = 300
OPTIONS = ("--require-hashes", "--disable-pip", "--format", "json")
_MARKER = re.compile(r" ;[^\\\n]*")


def command() -> list[str] | None:
    """How to call pip-audit here: installed, or fetched for once by uv. None without either."""
    if found := shutil.which("pip-audit"):
        return [found]
    return [found, "pip-audit"] if (found := shutil.which("uvx")) else None


def every_platform(lock: str) -> str:
    """The lock without its markers: what a laptop of another system gets is judged here, too."""
    return _MARKER.sub("", lock)


def verdict(output: str) -> tuple[int, list[str]]:
    """Exit code and lines for what pip-audit wrote: the whole lock, judged, or nothing that counts.

    pip-audit leaves out what its service does not know and ends with 0 all the same: without a way to the service it
    finds nothing wrong with anything.
    """
    try:
        told: list[dict[str, Any]] = json.loads(output)["dependencies"]
        judged = {(canonicalize_name(item["name"]), item["version"]): item["vulns"] for item in told if "vulns" in item}
    except (ValueError, KeyError, TypeError, AttributeError):
        return NOT_ASKED, ["pip-audit gave no answer"]
    missing = sorted(set(sbom.locked().items()) - judged.keys())
    if missing:
        return NOT_ASKED, [f"{len(missing)} of {len(sbom.locked())} packages were not judged, {missing[0][0]} for one"]
    known = [
        f"{name} {version}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'no version yet'}"
        for (name, version), weak in judged.items()
        for one in weak
    ]
    return (KNOWN, known) if known else (CLEAN, [f"{len(judged)} packages, no known weakness"])


def main() -> int:
    """See the module."""
    for package, parts in sbom.bundled().items():
        print(f"inside {package}:", ", ".join(f"{part['name']} {part['version']}" for part in parts))
    call = command()
    if call is None:
        print("NOT AUDITED: pip-audit is not installed (pipx install pip-audit, or uv)")
        return NOT_ASKED
    with tempfile.TemporaryDirectory() as folder:
        return _ask(call, Path(folder) / "requirements.txt")


def _ask(call: list[str], lock: Path) -> int:
    lock.write_text(every_platform(sbom.LOCK.read_text("utf-8")), "utf-8")
    try:
        words = [*call, "--requirement", str(lock), *OPTIONS]
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=SECONDS)
        code, lines = verdict(done.stdout)
        reason = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    except subprocess.TimeoutExpired:
        code, lines, reason = NOT_ASKED, [f"pip-audit did not end within {SECONDS} s"], []
    if code == NOT_ASKED:
        lines = [f"NOT AUDITED: {line}" for line in [*lines, *reason]]
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
