"""Text snapshots: what a screen or a message looked like when somebody last approved of it.

`pytest --update-golden` writes them anew; look at the difference before committing it.
"""

import difflib
from pathlib import Path

import pytest

from .skips import in_ci

FOLDER = Path(__file__).parent.parent / "golden"


def normal(text: str) -> str:
    """Without blanks at line ends, which editors and git fight over."""
    return "\n".join(line.rstrip() for line in text.rstrip("\n").split("\n")) + "\n"


class Golden:
    """Compares text with `tests/golden/<name>.txt`; `name` may hold folders."""

    def __init__(self, folder: Path, update: bool) -> None:
        self.folder = folder
        self.update = update

    def __call__(self, name: str, text: str) -> None:
        """Fails with a difference when `text` is not what is stored."""
        path = self.folder / f"{name}.txt"
        text = normal(text)
        stored = path.read_text(encoding="utf-8") if path.exists() else None
        if stored == text:
            return
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        if stored is None:
            pytest.fail(f"nothing stored for {name}: look at it, then run with --update-golden\n{text}", pytrace=False)
        lines = difflib.unified_diff(stored.splitlines(), text.splitlines(), "stored", "now", lineterm="", n=1)
        pytest.fail(f"{name} looks different:\n" + "\n".join(lines), pytrace=False)


def of(config: pytest.Config) -> Golden:
    """The comparer of this run. CI never writes."""
    return Golden(FOLDER, bool(config.getoption("--update-golden")) and not in_ci())
