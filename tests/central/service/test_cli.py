"""`msc central` as whoever runs the server meets it: output, exit codes, passwords kept off the command line."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import Result
from sqlalchemy import text
from typer.testing import CliRunner

from msc_console import clock
from msc_console.central import ca
from msc_console.central.db import Central
from msc_console.central.gate import networks
from msc_console.central.serve import Listen
from msc_console.cli.central import app
from msc_console.errors import Exit, UsageError

from .conftest import CENTRE, PASSWORD

ENTRY = [sys.executable, "-c", "from msc_console.cli.central import app; app(prog_name='msc central')"]


@pytest.fixture
def database(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MSC_KDF", "test")
    monkeypatch.setenv("MSC_CENTRAL_DATABASE", sqlite_url)
    monkeypatch.delenv("MSC_CENTRAL_KEY_FILE", raising=False)
    (tmp_path / "centre.toml").write_text(CENTRE, encoding="utf-8")
    return sqlite_url


def run(*words: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], input=stdin)


@pytest.fixture
def centre(database: str, tmp_path: Path) -> Path:
    """The set-up file of a central that has been set up."""
    config = tmp_path / "centre.toml"
    done = run("init", "--config", config)
    assert done.exit_code == Exit.OK, done.output
    return config


def test_set_up_and_change(centre: Path) -> None:
    assert (centre.parent / "central.db.key").is_file()
    again = run("init", "--config", centre)
    assert again.exit_code == Exit.USAGE
    assert again.stderr
    centre.write_text(CENTRE.replace('name = "Rina"', 'name = "Rina W."'), encoding="utf-8")
    planned = run("apply", centre, "--dry-run", "--json")
    assert planned.exit_code == Exit.OK
    expected = {
        "entity": "person",
        "key": "rina",
        "act": "change",
        "fields": {"name": {"old": "Rina", "new": "Rina W."}},
    }
    assert json.loads(planned.stdout) == [expected]
    assert "rina" in run("apply", centre).stdout
    assert json.loads(run("apply", centre, "--json").stdout) == []


def test_a_wrong_file_is_told_by_its_place(database: str, tmp_path: Path) -> None:
    config = tmp_path / "centre.toml"
    config.write_text(CENTRE.replace('role = "agent"', 'role = "boss"', 1), encoding="utf-8")
    failed = run("init", "--config", config)
    assert failed.exit_code == Exit.USAGE
    assert failed.stderr.startswith(f"{config}: person[1] role: must be one of agent")
    assert failed.stdout == ""


def test_people(centre: Path, tmp_path: Path) -> None:
    made = run("user", "add", "rina", "--json", stdin=f"{PASSWORD}\n")
    assert made.exit_code == Exit.OK, made.output
    assert json.loads(made.stdout)["uri"].startswith("otpauth://totp/Pusat%20Uji:rina?secret=")
    assert PASSWORD not in made.output
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n", encoding="utf-8")
    assert run("user", "add", "budi", "--password-file", secret).exit_code == Exit.OK
    assert run("user", "add", "rina", stdin=f"{PASSWORD}\n").exit_code == Exit.USAGE
    assert run("user", "add", "tamu", "--name", "T", "--role", "boss", stdin=f"{PASSWORD}\n").exit_code == Exit.USAGE
    assert run("user", "add", "tamu", "--name", "T", "--role", "agent", stdin="short\n").exit_code == Exit.USAGE
    assert run("user", "add", "tamu", "--name", "T", "--role", "agent", stdin="").exit_code == Exit.USAGE
    listed = json.loads(run("user", "list", "--json").stdout)
    assert {row["login"]: row["can_sign_in"] for row in listed} == {"budi": True, "rina": True}
    assert "Rina" in run("user", "list").stdout


def test_no_option_takes_a_password(centre: Path) -> None:
    shown = run("user", "add", "--help").output
    assert "--password-file" in shown
    assert run("user", "add", "rina", "--password", PASSWORD).exit_code == Exit.USAGE


def test_channels(centre: Path, database: str, tmp_path: Path) -> None:
    assert run("channel", "email").exit_code == Exit.USAGE
    assert run("channel", "pigeon", "--off").exit_code == Exit.USAGE
    assert run("channel", "email", "--maildir", tmp_path / "mail").exit_code == Exit.OK
    central = Central.open(database)
    with contextlib.closing(central), central.read() as conn:
        assert conn.execute(text("SELECT channel, target FROM channel")).all() == [("email", str(tmp_path / "mail"))]
    assert run("channel", "email", "--off").exit_code == Exit.OK


LOG_HEAD = (
    "number,incident_state,reassignment_count,reopen_count,opened_at,sys_created_at,sys_updated_at,"
    "impact,urgency,priority,resolved_at,closed_at"
)
LOG_ROWS = (
    "INC1,New,0,0,29/2/2016 01:16,29/2/2016 01:23,29/2/2016 01:23,2 - Medium,2 - Medium,3 - Moderate,?,?",
    "INC1,Closed,0,0,29/2/2016 1:16,29/2/2016 1:23,29/2/2016 8:53,2 - Medium,2 - Medium,3 - Moderate,?,1/3/2016 12:00",
    "INC2,New,0,0,29/2/2016 02:16,29/2/2016 02:23,29/2/2016 02:23,1 - High,2 - Medium,2 - High,?,?",
    "INC3,New,0,0,yesterday,29/2/2016 02:23,29/2/2016 02:23,1 - High,2 - Medium,2 - High,?,?",
)


def test_imports_a_log_once(centre: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("\n".join([LOG_HEAD, *LOG_ROWS]) + "\n", encoding="utf-8")
    first, second = (run("import", "servicenow-log", log, "--json") for _ in range(2))
    assert (first.exit_code, second.exit_code) == (Exit.OK, Exit.OK), first.output
    counts = [
        {key: json.loads(done.stdout)[key] for key in ("rows", "imported", "unchanged")} for done in (first, second)
    ]
    assert counts == [{"rows": 3, "imported": 2, "unchanged": 0}, {"rows": 3, "imported": 0, "unchanged": 2}]
    assert json.loads(first.stdout)["bad"]["lines"][0]["line"] == 5
    assert run("import", "servicenow-log", tmp_path / "none.csv").exit_code == Exit.FAILED
    assert run("import", "servicenow-log", log, "--queue", "vip").exit_code == Exit.USAGE
    assert run("import", "servicenow-log", log, "--zone", "Mars").exit_code == Exit.USAGE


@pytest.mark.slow
def test_the_demo_is_seeded_once(database: str, tmp_path: Path) -> None:
    from .test_setup import DEMO

    assert run("init", "--config", DEMO).exit_code == Exit.OK
    done = run("seed")
    assert done.exit_code == Exit.OK, done.output
    report = json.loads(done.stdout)
    assert report["refused"] == []
    assert {"login", "password", "secret", "uri"} == set(report["people"][0])
    assert run("seed").exit_code == Exit.USAGE


@contextlib.contextmanager
def serving(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen([*ENTRY, "serve", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()
        process.stderr.close()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_serves_on_a_free_port_until_sigterm(centre: Path) -> None:
    with serving("--port", "0") as (process, line):
        ready = json.loads(line)
        assert ready["ready"] is True
        assert not ready["url"].endswith(":0")
        assert httpx.get(f"{ready['url']}/v1/hello", trust_env=False).json()["site"]["name"] == "Pusat Uji"
        if sys.platform == "linux":
            limits = Path(f"/proc/{process.pid}/limits").read_text("ascii")
            assert re.search(r"Max core file size +0 +0 ", limits), "keys would lie in a core dump"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == Exit.OK


@pytest.mark.slow
def test_doesnt_serve_what_isnt_set_up(database: str) -> None:
    with serving("--port", "0") as (process, line):
        assert line == ""
        assert process.wait(10) == Exit.USAGE


def test_plain_text_stays_on_this_machine(tmp_path: Path) -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        Listen(host=host).check()
    for host in ("0.0.0.0", "::", "10.1.2.3", "central.example"):
        with pytest.raises(UsageError, match="tls_needed"):
            Listen(host=host).check()
    file = tmp_path / "pem"
    with pytest.raises(UsageError, match="tls_file_missing"):
        Listen(host="0.0.0.0", certificate=file, key=file).check()
    file.write_text("")
    with pytest.raises(UsageError, match="tls_files_both"):
        Listen(host="0.0.0.0", certificate=file).check()
    Listen(host="0.0.0.0", proxies=networks(["10.1.2.3"])).check()
    ca.init(tmp_path, "Pusat Uji", clock.now())
    made = ca.issue(tmp_path, ["central.example"], tmp_path, clock.now())
    Listen(host="0.0.0.0", certificate=made.certificate, key=made.key).check()


def test_a_password_of_the_database_is_never_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever lists the processes of the machine would read it; from the environment or a file it may come."""
    monkeypatch.delenv("MSC_CENTRAL_DATABASE", raising=False)
    url = "postgresql+psycopg://msc:secret@127.0.0.1:9/msc"
    typed = run("user", "list", "--database", url)
    assert typed.exit_code == Exit.USAGE
    assert "MSC_CENTRAL_DATABASE_FILE" in typed.stderr
    assert "secret" not in typed.output
    monkeypatch.setenv("MSC_CENTRAL_DATABASE", url)
    assert run("user", "list").exit_code == Exit.FAILED, "nobody listens there, but it was tried"


def test_the_database_is_named_by_a_file(centre: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tmp_path / "database"
    named.write_text(os.environ["MSC_CENTRAL_DATABASE"] + "\n", "utf-8")
    named.chmod(0o600)
    monkeypatch.delenv("MSC_CENTRAL_DATABASE")
    assert run("user", "list").exit_code == Exit.USAGE, "named nowhere"
    monkeypatch.setenv("MSC_CENTRAL_DATABASE_FILE", str(named))
    assert "rina" in run("user", "list").stdout
    named.chmod(0o640)
    refused = run("user", "list")
    assert (refused.exit_code, str(named) in refused.stderr) == (Exit.USAGE, os.name == "posix")


def test_a_bare_centre_needs_no_file(database: str) -> None:
    ran = run("init", "--db", database, "--json")
    assert ran.exit_code == Exit.OK, ran.output
    assert {row["key"] for row in json.loads(ran.stdout) if row["entity"] == "queue"} == {"triage"}


def test_what_is_kept_and_what_is_due_is_told(centre: Path, database: str) -> None:
    from msc_console.central import retention
    from msc_console.clock import now

    shown = run("retention")
    assert shown.exit_code == Exit.OK, shown.output
    assert "730" not in shown.stdout
    centre.write_text(f"{CENTRE}\n[retention]\nacts = 730\n", encoding="utf-8")
    assert "site" in run("apply", centre).stdout
    central = Central.open(database)
    retention.sweep(central, now())
    central.close()
    told = json.loads(run("retention", "--json").stdout)
    assert told.pop("last_run")
    none = {"days": None, "last": None, "due": None}
    acts = {"days": 730, "last": 0, "due": 0}
    assert told == {"classes": {"contacts": none, "tickets": none, "acts": acts, "sessions": none}}
    assert "730" in run("retention").stdout


def test_erasing_is_told_and_an_unknown_act_is_an_error(centre: Path, database: str) -> None:
    from msc_console.central import ledger
    from msc_console.central.system import SYSTEM, op_id
    from msc_console.clock import now
    from msc_console.domain.commands import Command

    central = Central.open(database)
    args = {"subject": "Rahasia", "queue": "triage", "body": "NIK 3174"}
    made = Command(
        id=op_id("a"), kind="ticket.create", actor=SYSTEM.id, target=op_id("a", "t"), args=args, made_at=now()
    )
    assert ledger.system(central, [made])[0].result == "applied"
    done = run("erase", made.id, "--json")
    assert json.loads(done.stdout) == {"ops": 1, "conflicts": 0, "entries": 1}
    with central.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM op_body")).scalar() == 0
        assert conn.execute(text("SELECT act FROM audit WHERE act = 'op.erase'")).scalar() == "op.erase"
    central.close()
    assert run("erase", op_id("b")).exit_code == Exit.FAILED
