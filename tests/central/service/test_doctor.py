"""`msc central doctor`: whether a central is fit to serve, on both databases."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from msc_console import checkup, clock
from msc_console.central import ca, masterkey
from msc_console.cli.central import app
from msc_console.errors import Exit

from .conftest import Place


def looked(place: Place, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and name -> finding."""
    monkeypatch.setenv("MSC_CENTRAL_DATABASE", place.url)
    ran = CliRunner().invoke(app, ["doctor", "--json", *words])
    return ran.exit_code, {one["name"]: one for one in json.loads(ran.stdout)["checks"]}


@pytest.fixture
def kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A central whose files are its owner's alone, as a serving one makes them, on a disk with room."""
    monkeypatch.setattr(checkup, "DISK_LOW", 0)
    if place.url.startswith("sqlite:///"):
        file = Path(place.url.removeprefix("sqlite:///"))
        for path in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
            if path.exists():
                path.chmod(0o600)
    return place


def test_a_sound_central(kept: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ca.init(tmp_path / "ca", "Pusat Uji", clock.now())
    pair = ca.issue(tmp_path / "ca", ["localhost"], tmp_path / "tls", clock.now())
    words = ["--tls-certificate", str(pair.certificate), "--tls-key", str(pair.key)]
    code, checks = looked(kept, monkeypatch, *words)
    assert {one["state"] for one in checks.values()} == {"ok"}, checks
    assert checks.keys() >= {"program", "parts", "database", "key", "certificate"}
    assert code == Exit.OK
    pair.key.unlink()
    code, checks = looked(kept, monkeypatch, *words)
    assert (code, checks["certificate"]["key"]) == (Exit.FAILED, "tls_file_missing")
    old = ca.issue(tmp_path / "ca", ["localhost"], tmp_path / "old", clock.now() - ca.SERVER_LIFE + ca.EARLIER)
    _code, checks = looked(kept, monkeypatch, "--tls-certificate", str(old.certificate), "--tls-key", str(old.key))
    assert (checks["certificate"]["state"], checks["certificate"]["key"]) == ("warn", "certificate_ends")


def test_another_schema(kept: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with kept.central.write() as conn:
        conn.execute(text("INSERT INTO migration (version, applied_at) VALUES (9999, 0)"))
    code, checks = looked(kept, monkeypatch)
    assert (code, checks["database"]["state"], checks["database"]["key"]) == (Exit.FAILED, "fail", "schema_differs")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists instead of modes")
def test_a_key_that_others_may_read(kept: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "central.key").chmod(0o644)
    code, checks = looked(kept, monkeypatch)
    assert (code, checks["key"]["key"]) == (Exit.FAILED, "key_file_readable_by_others")
    monkeypatch.delenv(masterkey.VARIABLE)
    code, checks = looked(kept, monkeypatch)
    assert (code, checks["key"]["state"]) == (Exit.FAILED, "fail"), "missing, or named nowhere"


def test_no_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for url in ("postgresql+psycopg://nobody@127.0.0.1:9/none", f"sqlite:///{tmp_path}/none/central.db"):
        monkeypatch.setenv("MSC_CENTRAL_DATABASE", url)
        ran = CliRunner().invoke(app, ["doctor"])
        assert ran.exit_code == Exit.FAILED
        assert "BURUK" in ran.stdout
    assert not (tmp_path / "none").exists(), "to look makes no file"
