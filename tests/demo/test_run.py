"""The demo at work: made once for this module, then entered, cut off and thrown away as a person would."""

import gc
import io
import json
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyotp
import pytest

from msc_console import clock
from msc_console.cli import demo as cli_demo
from msc_console.cli import front
from msc_console.config import Home
from msc_console.demo_run import making, server
from msc_console.demo_run.codes import code_after, next_code
from msc_console.demo_run.place import Demo, Record, WayIn
from msc_console.errors import MscError
from msc_console.identity.agent import Client

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class Said(NamedTuple):
    code: int
    out: str
    err: str


def msc(*words: str) -> Said:
    """A command as typed, without a terminal."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = int(front.run(list(words)))
    return Said(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where this module's demo lies."""
    folder = tmp_path_factory.mktemp("demo") / "here"
    yield folder
    server.stop(Demo(folder))
    making.lock_sessions(Demo(folder))


@pytest.fixture(autouse=True)
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Demo]:
    """The demo that `msc demo` finds; cheap hashing, and settings of a real laptop that must not matter."""
    monkeypatch.setenv("MSC_DEMO", str(folder))
    monkeypatch.setenv("MSC_KDF", "test")
    monkeypatch.setenv("MSC_LANGUAGE", "en")
    monkeypatch.setenv("MSC_CENTRAL", "https://real.example")
    monkeypatch.setenv("MSC_CENTRAL_KEY_FILE", "/nowhere/real.key")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    yield Demo(folder)
    gc.collect()  # a command's desk lives as long as its process, which here is the tests'


@pytest.fixture
def made(here: Demo) -> Record:
    """What `demo.json` holds, once the demo is there."""
    return making.ensure(here, lambda words: None)


def session(demo: Demo, login: str) -> bool:
    client = Client.connect(demo.laptop(login), login)
    if client is not None:
        client.close()
    return client is not None


def test_the_first_start_makes_everything_and_the_second_finds_it(here: Demo) -> None:
    assert here.load() is None
    said = msc("demo")
    assert said.code == 0, said
    assert str(here.folder) in said.out
    assert "Signing in as agent" in said.err
    assert session(here, "agent")
    assert server.running(here) is None, "without a console nobody needs central"
    again = msc("demo")
    assert again.code == 0
    assert "Setting up" not in again.err
    assert "Signing in" not in again.err


def test_nothing_of_it_lies_in_the_own_home_or_open_to_others(here: Demo, made: Record) -> None:
    assert not Home.locate().folder.exists() or not list(Home.locate().folder.glob("people/*/*"))
    for path in (here.folder / "demo.json", here.central / "central.db", here.central / "central.db.key"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE(here.folder.stat().st_mode) == 0o700


def test_who_shows_everybody_with_a_password_of_their_own(made: Record) -> None:
    people = json.loads(msc("demo", "who", "--json").out)
    assert len(people) == len(made.people) == 16
    assert len({person["password"] for person in people}) == 16
    assert {"agent", "sari", "hendra"} <= {person["login"] for person in people}
    table = msc("demo", "who").out
    assert all(person["password"] in table for person in people)


def test_a_code_is_one_that_central_takes_next(here: Demo, made: Record) -> None:
    way = made.way("agent")
    document = json.loads(msc("demo", "code", "agent", "--json").out)
    steps = (clock.now() + timedelta(seconds=30 * ahead) for ahead in (-1, 0, 1, 2))
    assert document["code"] in {pyotp.TOTP(way.secret).at(step) for step in steps}
    assert next_code(here, way, clock.now()).good_until > clock.now()


@pytest.mark.parametrize(("used", "ahead", "wait"), [(-1, 0, 0), (0, 1, 0), (1, 2, 20)])
def test_a_used_code_gives_way_to_the_next(used: int, ahead: int, wait: int) -> None:
    now = datetime(2026, 11, 24, 3, 0, 10, tzinfo=UTC)
    step = clock.to_ms(now) // 30_000
    found = code_after(step + used, SEED, now)
    assert found.digits == pyotp.TOTP(SEED).at(now + timedelta(seconds=30 * ahead))
    assert found.wait(now) == timedelta(seconds=wait)


def test_two_people_are_two_laptops_and_a_shell_can_be_one(here: Demo, made: Record) -> None:
    said = msc("demo", "env", "sari", "--json")
    assert said.code == 0, said
    variables: dict[str, str] = json.loads(said.out)
    assert variables["MSC_HOME"] == str(here.laptop("sari").folder)
    assert variables["MSC_DEMO"] == str(here.folder)
    assert f"export MSC_HOME={variables['MSC_HOME']}" in msc("demo", "env", "sari").out
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        assert json.loads(msc("status", "--json").out)["login"] == "sari"
        rows = json.loads(msc("ticket", "list", "--view", "open", "--json").out)
        assert len(rows) > 20
        done = json.loads(msc("ticket", "note", rows[0]["label"], "Dari supervisor.", "--wait", "20", "--json").out)
        assert done[0]["result"]["result"] == "applied"
    assert server.running(here) is not None, "a shell has no end that could stop central"


def test_cut_off_central_stays_cut_and_a_known_laptop_opens_without_it(here: Demo, made: Record) -> None:
    msc("demo", "as", "sari")
    assert msc("demo", "central", "start").code == 0
    status: dict[str, Any] = json.loads(msc("demo", "central", "--json").out)
    assert status["running"]
    assert msc("demo", "central", "stop").code == 0
    assert server.running(here) is None
    making.lock_sessions(here)
    known = msc("demo", "as", "sari")
    assert known.code == 0, known
    assert "password alone" in known.err
    assert session(here, "sari")
    stranger = msc("demo", "as", "bagus")
    assert (stranger.code, "msc demo central start" in stranger.err) == (3, True)
    assert server.running(here) is None
    assert msc("demo").code == 0
    assert not here.cut.exists(), "msc demo mends the line"


def test_another_program_on_the_port_moves_central(here: Demo, made: Record) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", made.port))
        squatter.listen()
        moved = server.mend(here, made)
    try:
        assert moved.port != made.port
        assert here.load() == moved
        home = making.laptop(here, moved, "agent")
        assert f":{moved.port}" in home.config.read_text("utf-8")
    finally:
        server.stop(here)


def test_a_second_start_of_central_is_no_failure(here: Demo, made: Record) -> None:
    record = server.start(here, made)
    pid = server.running(here)
    assert pid is not None
    assert server.start(here, record) == record
    assert server.running(here) == pid
    assert server.main(here.database, str(record.port), str(here.serving)) == server.TAKEN
    assert server.stop(here)
    assert not server.stop(here)


def test_an_old_demo_asks_on_a_terminal_and_is_kept_by_default(
    here: Demo, made: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = clock.iso(clock.now() - timedelta(hours=13))
    here.save(Record(made_at=old, port=made.port, people=made.people))
    monkeypatch.setattr(cli_demo, "terminal", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    said = msc("demo")
    assert "more than twelve hours old" in said.err
    assert (said.code, here.load().made_at) == (0, old)  # type: ignore[union-attr]


def test_an_unknown_person_is_said_so(made: Record) -> None:
    for verb in ("as", "code", "env"):
        said = msc("demo", verb, "nobody")
        assert (said.code, "nobody" in said.err) == (1, True), said


def test_reset_waits_for_open_consoles_and_deletes_nothing_else(here: Demo, made: Record) -> None:
    from msc_console.desk.syncing import held

    (here.folder / "mine.txt").write_text("not the demo's")
    here.consoles.mkdir(mode=0o700, exist_ok=True)
    (here.consoles / "agent.1").touch()  # of one that was killed
    with held(here.consoles / "agent.2", "console"):
        said = msc("demo", "reset")
        assert (said.code, "still open" in said.err) == (1, True)
        assert here.load() is not None
    assert msc("demo", "reset").code == 0
    assert here.load() is None
    assert not here.central.exists()
    assert not session(here, "agent")
    assert (here.folder / "mine.txt").read_text() == "not the demo's"


def test_a_damaged_record_is_told_and_reset_heals_it(here: Demo) -> None:
    here.make()
    (here.folder / "demo.json").write_text("{")
    said = msc("demo", "who")
    assert (said.code, "msc demo reset" in said.err) == (1, True)
    assert msc("demo", "reset").code == 0
    assert here.load() is None


def test_where_it_lies(tmp_path: Path) -> None:
    assert Demo.locate({"MSC_DEMO": str(tmp_path)}).folder == tmp_path
    plain = Demo.locate({"MSC_HOME": str(tmp_path / "own")}).folder
    assert plain.name == "msc-console-demo"
    assert os.fspath(tmp_path / "own") not in os.fspath(plain)


def test_a_central_that_does_not_start_says_where_its_log_is(tmp_path: Path) -> None:
    demo = Demo(tmp_path)
    demo.central.mkdir()
    way = WayIn(login="agent", password="", secret=SEED, uri="")
    with pytest.raises(MscError, match="demo_central_failed") as failed:
        server.start(demo, Record(made_at=clock.iso(clock.now()), port=server.free_port(), people=(way,)))
    assert failed.value.data["log"] == str(demo.log)
