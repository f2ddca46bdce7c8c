"""The ways in which a cache could be unencrypted, wrongly keyed or unreadable, and what is said then."""

import os
import sqlite3
import stat
import sys
import threading
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as driver

from msc_console.store import opening
from msc_console.store.failures import CacheError, DiskFull
from msc_console.store.opening import Cache

from .world import KEY, Desk, a_ticket, put

MARKER = "kata-sandi-yang-dicari-9137"


def reason(path: Path, key: bytes = KEY, **options: bool) -> str:
    with pytest.raises(CacheError) as caught:
        Cache.open(path, key, **options)
    return caught.value.key


def test_a_new_cache_holds_no_readable_byte(path: Path, desk: Desk) -> None:
    desk.apply([put("ticket", a_ticket(subject=MARKER))])
    for file in path.parent.iterdir():
        content = file.read_bytes()
        assert MARKER.encode() not in content, file.name
        assert opening.PLAIN not in content, file.name
    desk.cache.close()
    assert MARKER.encode() not in path.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_only_the_owner_may_read_its_files(path: Path, desk: Desk) -> None:
    desk.apply([put("ticket", a_ticket())])
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_creating_leaves_nothing_but_the_cache(path: Path, cache: Cache) -> None:
    cache.close()
    assert [file.name for file in path.parent.iterdir()] == ["cache.db"]


def test_settings_of_a_connection(cache: Cache) -> None:
    with cache.read() as conn:
        found = {
            name: conn.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "temp_store", "foreign_keys", "busy_timeout")
        }
        assert conn.execute("PRAGMA cipher_version").fetchone()
    assert found == {"journal_mode": "wal", "synchronous": 2, "temp_store": 2, "foreign_keys": 1, "busy_timeout": 5000}


def test_a_wrong_key_is_refused_and_changes_nothing(path: Path, cache: Cache) -> None:
    cache.close()
    before = path.read_bytes()
    assert reason(path, bytes(32)) == "cache_key"
    assert path.read_bytes() == before
    Cache.open(path, KEY).close()


@pytest.mark.parametrize("length", [0, 2, 31, 33, 64])
def test_a_key_of_another_length_never_becomes_a_passphrase(path: Path, length: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        Cache.open(path, b"k" * length)
    assert not path.exists()


def test_a_plaintext_database_in_its_place_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as plain:
        plain.execute("CREATE TABLE canary (v TEXT)")
        plain.execute("INSERT INTO canary VALUES (?)", (opening.CANARY,))
    plain.close()
    assert reason(path) == "cache_plaintext"


def test_a_cache_of_the_same_key_without_the_canary_is_foreign(path: Path) -> None:
    conn = driver.connect(str(path), isolation_level=None)
    conn.execute(f"PRAGMA key = \"x'{KEY.hex()}'\"")
    conn.execute("CREATE TABLE other (v TEXT)")
    conn.close()
    assert reason(path) == "cache_key"


@pytest.mark.parametrize("size", [0, 7, 15])
def test_a_file_cut_to_nothing_is_damaged_not_new(path: Path, cache: Cache, size: int) -> None:
    cache.close()
    os.truncate(path, size)
    assert reason(path) == "cache_damaged"
    assert path.stat().st_size == size


def test_a_file_cut_in_the_middle_is_refused(path: Path, cache: Cache) -> None:
    cache.close()
    os.truncate(path, 1000)
    assert reason(path) in ("cache_key", "cache_damaged")


def test_a_flipped_byte_is_named_and_nothing_reaches_stderr(
    path: Path, desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    desk.apply([put("ticket", a_ticket(f"t{n}", subject="x" * 200)) for n in range(50)])
    desk.cache.close()
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 + 100] ^= 1
    path.write_bytes(content)
    with pytest.raises(CacheError) as caught, Cache.open(path, KEY).read() as conn:
        conn.execute("SELECT sum(length(subject)) FROM ticket").fetchall()
    assert caught.value.key in ("cache_damaged", "cache_key")
    assert capfd.readouterr().err == ""


def test_a_driver_without_encryption_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Plain:
        @staticmethod
        def connect(place: str, **options: object) -> sqlite3.Connection:
            return sqlite3.connect(place, uri=True, isolation_level=None)

        Row = sqlite3.Row
        DatabaseError = sqlite3.DatabaseError
        OperationalError = sqlite3.OperationalError

    monkeypatch.setattr(opening, "driver", Plain)
    assert reason(path) == "cache_driver"
    assert not path.exists()


def test_a_missing_cache_is_made_only_when_asked(path: Path) -> None:
    assert reason(path, create_missing=False) == "cache_missing"
    assert not path.exists()


def test_whoever_is_second_to_create_uses_the_first_ones(path: Path, cache: Cache) -> None:
    with cache.write() as conn:
        conn.execute("INSERT INTO setting VALUES ('a', '1')")
    opening.create(path, bytes(32))
    with cache.read() as conn:
        assert conn.execute("SELECT value FROM setting").fetchone()[0] == "1"


def test_read_only_reads_and_never_writes(path: Path, cache: Cache) -> None:
    with cache.write() as conn:
        conn.execute("INSERT INTO setting VALUES ('a', '1')")
    watcher = Cache.open(path, KEY, read_only=True)
    with watcher.read() as conn:
        assert conn.execute("SELECT value FROM setting").fetchone()[0] == "1"
        with pytest.raises(driver.OperationalError):
            conn.execute("DELETE FROM setting")
    with pytest.raises(CacheError) as caught, watcher.write():
        raise AssertionError("never entered")
    assert caught.value.key == "cache_read_only"
    watcher.close()


def test_a_write_that_raises_leaves_nothing(cache: Cache) -> None:
    def killed() -> None:
        with cache.write() as conn:
            conn.execute("INSERT INTO setting VALUES ('a', '1')")
            raise KeyError

    with pytest.raises(KeyError):
        killed()
    with cache.read() as conn:
        assert conn.execute("SELECT count(*) FROM setting").fetchone()[0] == 0


def test_a_full_disk_is_said_and_nothing_is_half_written(cache: Cache) -> None:
    with cache.write() as conn:
        conn.execute("INSERT INTO setting VALUES ('a', '1')")
        size = conn.execute("PRAGMA page_count").fetchone()[0]
    with cache.read() as conn:
        conn.execute(f"PRAGMA max_page_count = {size + 2}")

    def fill() -> None:
        with cache.write() as conn:
            conn.execute("UPDATE setting SET value = '2'")
            conn.executemany("INSERT INTO setting VALUES (?, ?)", [(str(n), "x" * 1000) for n in range(100)])

    with pytest.raises(DiskFull) as caught:
        fill()
    assert caught.value.key == "disk_full"
    with cache.write() as conn:
        assert [tuple(row) for row in conn.execute("SELECT * FROM setting")] == [("a", "1")]


def test_threads_have_connections_of_their_own_and_write_in_a_row(cache: Cache) -> None:
    with cache.write() as conn:
        conn.execute("INSERT INTO setting VALUES ('n', '0')")

    def add() -> None:
        for _ in range(10):
            with cache.write() as conn:
                value = int(conn.execute("SELECT value FROM setting").fetchone()[0])
                conn.execute("UPDATE setting SET value = ?", (str(value + 1),))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with cache.read() as conn:
        assert conn.execute("SELECT value FROM setting").fetchone()[0] == "40"


def test_a_read_sees_one_moment(path: Path, cache: Cache) -> None:
    other = Cache.open(path, KEY)
    with cache.read() as conn:
        first = conn.execute("SELECT count(*) FROM setting").fetchone()[0]
        with other.write() as writer:
            writer.execute("INSERT INTO setting VALUES ('a', '1')")
        assert conn.execute("SELECT count(*) FROM setting").fetchone()[0] == first
    other.close()


def test_version_tells_of_other_processes_writes(path: Path, cache: Cache) -> None:
    other = Cache.open(path, KEY)
    before = cache.version()
    assert cache.version() == before
    with other.write() as conn:
        conn.execute("INSERT INTO setting VALUES ('a', '1')")
    assert cache.version() != before
    other.close()


def test_a_write_inside_a_write_is_a_mistake(cache: Cache) -> None:
    with cache.write(), pytest.raises(RuntimeError), cache.write():
        raise AssertionError("never entered")


def test_null_is_bound_by_an_adapter_and_stays_null(desk: Desk) -> None:
    assert (type(None), driver.PrepareProtocol) in driver.adapters
    assert driver.adapters[type(None), driver.PrepareProtocol](None) is None
    with desk.cache.read() as conn:
        assert tuple(conn.execute("SELECT ?, typeof(?)", (None, None)).fetchone()) == (None, "null")


def test_what_comes_again_waits_for_no_disk_and_every_other_commit_does(cache: Cache) -> None:
    def level() -> int:
        with cache.read() as conn:
            return int(conn.execute("PRAGMA synchronous").fetchone()[0])

    with cache.write(comes_again=True):
        assert level() == 1
    with cache.write():
        assert level() == 2
    with pytest.raises(ZeroDivisionError), cache.write(comes_again=True):
        raise ZeroDivisionError
    assert level() == 2
