"""Files that are replaced whole, also while another program holds them; a process and its first word."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from msc_console.identity import files, launch


def _held(monkeypatch: pytest.MonkeyPatch, times: int) -> list[Path]:
    """`Path.replace` refuses `times` times, as Windows does while a scanner has the file open; what was tried."""
    tried: list[Path] = []
    real = Path.replace

    def replace(self: Path, target: Any) -> Path:
        tried.append(self)
        if len(tried) <= times:
            raise PermissionError(13, "held")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(files, "HELD_SECONDS", 0.0)
    return tried


def test_on_windows_a_held_file_is_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "vault"
    path.write_bytes(b"old")
    tried = _held(monkeypatch, files.HELD_TRIES)
    monkeypatch.setattr(files.sys, "platform", "win32")
    files.write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert len(tried) == files.HELD_TRIES + 1


@pytest.mark.parametrize(("platform", "tries"), [("win32", files.HELD_TRIES + 1), ("linux", 1)])
def test_a_file_that_stays_held_keeps_its_content(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, tries: int
) -> None:
    path = tmp_path / "vault"
    path.write_bytes(b"old")
    tried = _held(monkeypatch, 99)
    monkeypatch.setattr(files.sys, "platform", platform)
    with pytest.raises(PermissionError):
        files.write_private(path, b"new")
    monkeypatch.undo()
    assert len(tried) == tries
    assert [item.name for item in tmp_path.iterdir()] == ["vault"]
    assert path.read_bytes() == b"old"


def _word(code: str, seconds: float) -> str:
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        return launch.first_word(process, b"order\n", seconds)


def test_the_first_word_is_not_waited_for_until_the_process_ends() -> None:
    code = "import sys; print(sys.stdin.readline().strip(), flush=True); sys.stdin.read()"
    assert _word(code, 30) == "order"


@pytest.mark.parametrize("code", ["raise SystemExit", "import threading; threading.Event().wait()"])
def test_a_process_without_a_word_has_none(code: str) -> None:
    assert _word(code, 0.5) == ""
