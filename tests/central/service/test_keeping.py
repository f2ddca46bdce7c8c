"""`msc central backup`, `restore`, `upgrade` and `compact` as whoever runs the server types them."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import text
from typer.testing import CliRunner

from msc_console.central import migrate
from msc_console.central.db import Central
from msc_console.cli.central import app
from msc_console.errors import Exit

from .conftest import CENTRE


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def database(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A central that has been set up, named by the environment."""
    monkeypatch.setenv("MSC_KDF", "test")
    monkeypatch.setenv("MSC_CENTRAL_DATABASE", sqlite_url)
    monkeypatch.delenv("MSC_CENTRAL_KEY_FILE", raising=False)
    config = tmp_path / "centre.toml"
    config.write_text(CENTRE, encoding="utf-8")
    assert run("init", "--config", config).exit_code == Exit.OK
    return sqlite_url


def test_backup_and_restore(database: str, tmp_path: Path) -> None:
    file, to = tmp_path / "central.msc", f"sqlite:///{tmp_path / 'other.db'}"
    made = run("backup", file, "--json")
    assert made.exit_code == Exit.OK, made.output
    told = json.loads(made.stdout)
    assert (told["file"], told["key"]) == (str(file), True)
    assert run("backup", file).exit_code == Exit.USAGE
    done = run("restore", file, "--to", to, "--json")
    assert done.exit_code == Exit.OK, done.output
    said = json.loads(done.stdout)
    assert said["rows"] == told["rows"]
    assert said["key_fits"] is False, "the key lies beside the other database"
    assert run("user", "list", "--database", to).stdout == run("user", "list").stdout != ""
    again = run("restore", file, "--to", to)
    assert again.exit_code == Exit.USAGE
    assert "--replace" in again.stderr
    forced = run("restore", file, "--to", to, "--replace")
    assert forced.exit_code == Exit.OK
    assert forced.stderr, "the wrong key is said"
    file.write_bytes(file.read_bytes()[:-3])
    assert run("restore", file, "--to", to, "--replace").exit_code == Exit.FAILED
    assert run("restore", tmp_path / "none", "--to", to).exit_code == Exit.USAGE


def test_upgrade_keeps_what_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    monkeypatch.setenv("MSC_CENTRAL_DATABASE", url)
    kept = tmp_path / "before.msc"
    assert run("upgrade", "--backup", kept).exit_code == Exit.USAGE, "nothing there"
    central = Central.open(url)
    with central.write() as conn:
        migrate.within(conn, 1)
        conn.execute(text("INSERT INTO meta (key, value) VALUES ('site_id', 's'), ('site_name', 'Lama')"))
    central.close()
    kept.write_bytes(b"")
    assert run("upgrade", "--backup", kept).exit_code == Exit.USAGE
    kept.unlink()
    newest = migrate.scripts()[-1][0]
    done = run("upgrade", "--backup", kept, "--json")
    assert json.loads(done.stdout) == {"before": 1, "after": newest, "backup": str(kept)}
    back = f"sqlite:///{tmp_path / 'back.db'}"
    assert run("restore", kept, "--to", back).exit_code == Exit.OK
    twice = run("upgrade", "--backup", tmp_path / "again.msc", "--json")
    assert json.loads(twice.stdout) == {"before": newest, "after": newest, "backup": None}
    assert not (tmp_path / "again.msc").exists()


def test_compact(database: str, tmp_path: Path) -> None:
    """A person whose name changed twice stands in the feed once afterwards."""
    for name in ("Rina W.", "Rina S."):
        (tmp_path / "new.toml").write_text(CENTRE.replace('name = "Rina"', f'name = "{name}"'), encoding="utf-8")
        assert run("apply", tmp_path / "new.toml").exit_code == Exit.OK
    done = run("compact", "--json")
    assert json.loads(done.stdout) == {"superseded": 2, "parted": 0, "told": 0, "changes": 2}
    assert json.loads(run("compact", "--json").stdout) == {"superseded": 0, "parted": 0, "told": 0, "changes": 0}
