"""Backup and restore: what comes back is what was there, on either database, and nothing half."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from msc_console import trail
from msc_console.central import audit, backup, changes, checkpoints, masterkey, migrate, restore, setup
from msc_console.central.auth import Auth
from msc_console.central.centre import parse
from msc_console.central.db import Central
from msc_console.central.passwords import TEST, Passwords
from msc_console.errors import MscError, UsageError
from tests.support.databases import postgres_database

from .conftest import CENTRE, Laptop, Place
from .talk import create


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'restored.db'}"
        return
    request.getfixturevalue("postgres_of_worker")
    with postgres_database() as url:
        yield url.render_as_string(hide_password=False)


def work(place: Place, count: int = 3) -> Laptop:
    """A person signs in and makes tickets; the text is such that a careless format would break on it."""
    from msc_console.central import ledger

    laptop = Laptop.new()
    place.sign_in("rina", laptop)
    with place.central.read() as conn:
        person = setup_person(conn, laptop.person)
        device = dict(conn.execute(text("SELECT * FROM device")).mappings().one())
    ops = [create(place, laptop, f"Meterai «{n}» gagal \\n \u2028 🙂 'x' \"y\"") for n in range(count)]
    results = ledger.push(place.central, person, device, ops, place.hands.at)
    assert [result.result for result in results] == ["applied"] * count
    return laptop


def setup_person(conn: Any, id: str) -> Any:
    from msc_console import records
    from msc_console.central import sql
    from msc_console.domain.model import Person

    return records.from_row(Person, sql.by_ids(conn, sql.select("person", "id IN :ids"), [id])[0])


def everything(url: str) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables, but those that a restore changes on purpose."""
    central = Central.open(url)
    try:
        with central.read() as conn:
            names = sorted(
                set(inspect(conn).get_table_names()) - {"migration", "session_token", "channel", "audit", "audit_about"}
            )
            rows = {
                name: [dict(row) for row in conn.execute(text(f'SELECT * FROM "{name}"')).mappings()] for name in names
            }
    finally:
        central.close()
    for row in rows["feed_head"]:
        del row["generation"], row["number"]
    return {name: sorted(some, key=lambda row: json.dumps(row, sort_keys=True)) for name, some in rows.items()}


def scalar(url: str, statement: str) -> Any:
    central = Central.open(url)
    try:
        with central.read() as conn:
            return conn.execute(text(statement)).scalar()
    finally:
        central.close()


@pytest.mark.protocol("P-170")
def test_a_central_comes_back_on_either_database(place: Place, target: str, tmp_path: Path) -> None:
    """All four ways: SQLite and PostgreSQL, each into each."""
    laptop = work(place)
    file = tmp_path / "central.msc"
    told = backup.backup(place.url, file, place.hands.at)
    assert told.rows["ticket"] == 3
    assert told.rows["session_token"] == 0
    assert told.rows["audit"] > 0
    assert backup.check(file) == told
    done = restore.restore(file, target, place.hands.at)
    assert everything(target) == everything(place.url)
    assert done.key_fits is True
    assert done.schema == migrate.scripts()[-1][0]
    old, new = (scalar(url, "SELECT generation FROM feed_head") for url in (place.url, target))
    assert new == done.generation != old
    assert scalar(target, "SELECT count(*) FROM session_token") == 0
    central = Central.open(target)
    try:
        auth = Auth(central, place.key, Passwords(TEST), monotonic=place.hands.monotonic)
        token = auth.sign_in(place.ask("rina", laptop), "10.0.0.1", place.hands.at).token
        assert token, "the person and the device are known again"
        with central.read() as conn:
            person = setup_person(conn, laptop.person)
        page = changes.read(central, person, "", 500, place.hands.at)
        assert len([line for line in page.lines if line.entity == "ticket"]) == 3
        again = setup.apply(target, parse(CENTRE.replace('"Pusat Uji"', '"Pusat Lain"')), place.hands.at)
        assert [change.entity for change in again] == ["site"], "its own counters go on behind the restored rows"
    finally:
        central.close()


@pytest.mark.protocol("P-171")
def test_numbers_given_since_the_backup_are_passed_over(place: Place, target: str, tmp_path: Path) -> None:
    work(place)
    file = tmp_path / "central.msc"
    backup.backup(place.url, file, place.hands.at)
    given = scalar(place.url, "SELECT number FROM feed_head")
    restore.restore(file, target, place.hands.at)
    assert scalar(target, "SELECT number FROM feed_head") == given + restore.NUMBERS


def test_replies_wait_after_a_restore(place: Place, target: str, tmp_path: Path) -> None:
    from msc_console.central import delivery
    from msc_console.domain.terms import Channel

    delivery.switch_on(place.central, Channel.EMAIL, tmp_path / "out", place.hands.at)
    file = tmp_path / "central.msc"
    backup.backup(place.url, file, place.hands.at)
    restore.restore(file, target, place.hands.at)
    assert scalar(target, "SELECT count(*) FROM channel") == 0


def test_a_database_in_use_is_not_overwritten(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "central.msc"
    backup.backup(place.url, file, place.hands.at)
    work(place)
    before = everything(place.url)
    with pytest.raises(UsageError, match="restore_not_empty"):
        restore.restore(file, place.url, place.hands.at)
    assert everything(place.url) == before
    place.central.engine.dispose()
    restore.restore(file, place.url, place.hands.at, replace=True)
    assert everything(place.url)["ticket"] == []
    assert len(everything(place.url)["person"]) == 2


def test_a_database_of_others_is_never_touched(sqlite_url: str, place: Place, target: str, tmp_path: Path) -> None:
    file = tmp_path / "central.msc"
    backup.backup(place.url, file, place.hands.at)
    central = Central.open(target)
    with central.write() as conn:
        conn.exec_driver_sql("CREATE TABLE accounts (id INTEGER PRIMARY KEY)")
    central.close()
    with pytest.raises(UsageError, match="restore_not_ours"):
        restore.restore(file, target, place.hands.at, replace=True)
    assert scalar(target, "SELECT count(*) FROM accounts") == 0


@pytest.mark.parametrize("how", ["flip", "cut", "append", "row", "table", "plain"])
def test_a_damaged_backup_touches_nothing(place: Place, tmp_path: Path, how: str) -> None:
    """A bit in the frame, a cut, something behind it, a row or a table less within sound zstd, no backup at all."""
    work(place)
    file, before = tmp_path / "central.msc", None
    backup.backup(place.url, file, place.hands.at)
    raw = file.read_bytes()
    lines = zstandard.ZstdDecompressor().decompressobj().decompress(raw).splitlines(keepends=True)
    start = next(place for place, line in enumerate(lines) if line.startswith(b'{"table":"ticket"'))
    pack = zstandard.ZstdCompressor().compress
    file.write_bytes(
        {
            "flip": raw[: len(raw) // 2] + bytes([raw[len(raw) // 2] ^ 4]) + raw[len(raw) // 2 + 1 :],
            "cut": raw[:-9],
            "append": raw + b"x",
            "row": pack(b"".join(lines[: start + 1] + lines[start + 2 :])),
            "table": pack(b"".join(lines[:start] + lines[start + 5 :])),
            "plain": b"SQLite format 3\0",
        }[how]
    )
    before = everything(place.url)
    with pytest.raises(MscError, match="backup_damaged"):
        restore.restore(file, place.url, place.hands.at, replace=True)
    assert everything(place.url) == before


def test_a_restore_that_fails_halfway_leaves_the_old(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(place)
    file = tmp_path / "central.msc"
    backup.backup(place.url, file, place.hands.at)
    before = everything(place.url)
    monkeypatch.setattr(restore, "_begin_anew", lambda conn, generation: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        restore.restore(file, place.url, place.hands.at, replace=True)
    assert everything(place.url) == before


def test_an_older_backup_is_brought_up(place: Place, target: str, tmp_path: Path) -> None:
    """A backup of the first schema: built as it was, filled, then migrated like any database."""
    old = f"sqlite:///{tmp_path / 'old.db'}"
    central = Central.open(old)
    with central.write() as conn:
        migrate.within(conn, 1)
        conn.execute(text("INSERT INTO meta (key, value) VALUES ('site_id', 's'), ('site_name', 'Lama')"))
        conn.execute(text("INSERT INTO change_group VALUES ('kb', 1, 'article', 'a', 'put', 1)"))
    central.close()
    file = tmp_path / "old.msc"
    assert backup.backup(old, file, place.hands.at).schema == 1
    done = restore.restore(file, target, place.hands.at)
    assert done.schema == migrate.scripts()[-1][0]
    assert scalar(target, "SELECT horizon FROM feed_head") == 0
    assert scalar(target, "SELECT count(*) FROM change_group WHERE since IS NULL") == 1


def test_a_backup_of_a_newer_program_is_refused(place: Place, target: str, tmp_path: Path) -> None:
    with place.central.write() as conn:
        conn.execute(text("INSERT INTO migration (version, applied_at) VALUES (9999, 0)"))
    file = tmp_path / "central.msc"
    backup.backup(place.url, file, place.hands.at)
    with pytest.raises(MscError, match="database_newer"):
        restore.restore(file, target, place.hands.at)


def test_the_file_is_private_whole_and_without_the_key(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "central.msc"
    backup.backup(place.url, file, place.hands.at)
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.glob("*.part")) == []
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(file.read_bytes())
    secret = masterkey.path_for(place.url).read_text().strip()
    assert secret.encode() not in plain
    with pytest.raises(UsageError, match="backup_exists"):
        backup.backup(place.url, file, place.hands.at)
    with pytest.raises(UsageError, match="central_not_set_up"):
        backup.backup(f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "none.msc", place.hands.at)
    assert not (tmp_path / "none.msc").exists()
    assert list(tmp_path.glob("*.part")) == []


def test_another_master_key_is_noticed(
    place: Place, tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "central.msc"
    backup.backup(place.url, file, place.hands.at)
    monkeypatch.setenv(masterkey.VARIABLE, str(tmp_path / "other.key"))
    assert restore.restore(file, target, place.hands.at).key_fits is False
    masterkey.create(tmp_path / "other.key")
    assert restore.restore(file, target, place.hands.at, replace=True).key_fits is False


def test_a_backup_sees_one_moment_while_others_write(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ticket that is made between two tables of the backup is in none of them."""
    work(place)
    write, made = backup._table, []

    def table(conn: Any, name: str, out: Any) -> int:
        if name == "entry" and not made:
            made.append(work_more(place))
        return write(conn, name, out)

    monkeypatch.setattr(backup, "_table", table)
    told = backup.backup(place.url, tmp_path / "central.msc", place.hands.at + timedelta(seconds=1))
    assert made
    assert (told.rows["ticket"], told.rows["change"]) == (3, told.seq)
    assert scalar(place.url, "SELECT count(*) FROM ticket") == 4


def work_more(place: Place) -> str:
    from msc_console.central import ledger
    from msc_console.central.system import SYSTEM
    from msc_console.domain.commands import Command
    from tests.central.ledger.stage import new_id

    id = new_id()
    args = {"subject": "Susulan", "queue": "triage"}
    command = Command(id=new_id(), kind="ticket.create", actor=SYSTEM.id, target=id, args=args, made_at=place.hands.at)
    assert ledger.system(place.central, [command], place.hands.at)[0].result == "applied"
    return id


def test_the_trail_comes_back_whole_and_what_came_after_the_backup_is_named(
    place: Place, target: str, tmp_path: Path
) -> None:
    work(place)
    file = tmp_path / "central.msc"
    points = checkpoints.make(place.central, place.key, place.hands.at, "")
    backup.backup(place.url, file, place.hands.at)
    key = checkpoints.verifier_key(place.central, place.key)
    restore.restore(file, target, place.hands.at)
    central = Central.open(target)
    try:
        check = checkpoints.verify(central, points, key)
        assert (check.findings, check.restores) == ([], [check.upto])
        with central.read() as conn:
            acts = [record.act for record in audit.every(conn)]
        assert acts[-1] == "central.restore"
        assert "central.backup" not in acts, "that record is made when the file is whole"
        with pytest.raises(DBAPIError), central.write() as conn:
            conn.execute(text("DELETE FROM audit"))
        with place.central.write() as conn:
            audit.add(conn, place.hands.at, "system", "op.erase")
        assert checkpoints.verify(place.central, points, key).findings == []
        later = points + "\n" + checkpoints.make(place.central, place.key, place.hands.at, trail.digest(points))
        assert [finding.what for finding in checkpoints.verify(central, later, key).findings] == ["lost"]
    finally:
        central.close()
