"""The shape of the cache: from every earlier version to the newest, and as the classes say."""

from pathlib import Path
from typing import Any

import pytest
from sqlcipher3 import dbapi2 as driver

from msc_console import records
from msc_console.store import migrate
from msc_console.store.failures import CacheError
from msc_console.store.opening import Cache

from .world import KEY

NEWEST = len(migrate.scripts())


def blank() -> Any:
    conn = driver.connect(":memory:", isolation_level=None)
    conn.row_factory = driver.Row
    return conn


def shape(conn: Any) -> dict[str, str]:
    found = conn.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
    return {row[0]: row[1] for row in found}


@pytest.mark.parametrize("start", range(NEWEST))
def test_every_earlier_version_comes_to_the_same_shape(start: int) -> None:
    fresh, old = blank(), blank()
    migrate.migrate(fresh)
    migrate.migrate(old, upto=start)
    assert migrate.version(old) == start
    assert migrate.migrate(old) == NEWEST - start
    assert shape(old) == shape(fresh)
    assert migrate.migrate(old) == 0


def test_a_failing_migration_leaves_the_version_before(tmp_path: Path) -> None:
    (tmp_path / "0001.sql").write_text("CREATE TABLE a (x TEXT);\n")
    (tmp_path / "0002.sql").write_text("CREATE TABLE b (x TEXT);\nCREATE TABLE a (x TEXT);\n")
    conn = blank()
    with pytest.raises(driver.OperationalError):
        migrate.migrate(conn, tmp_path)
    assert migrate.version(conn) == 1
    assert list(shape(conn)) == ["a"]


def test_a_gap_in_the_numbers_is_found(tmp_path: Path) -> None:
    (tmp_path / "0002.sql").write_text("CREATE TABLE a (x TEXT);\n")
    with pytest.raises(RuntimeError, match="0001"):
        migrate.scripts(tmp_path)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_of_a_newer_program_is_refused_untouched(path: Path, cache: Cache, read_only: bool) -> None:
    with cache.write() as conn:
        conn.execute(f"PRAGMA user_version = {NEWEST + 1}")
    cache.close()
    with pytest.raises(CacheError) as caught:
        Cache.open(path, KEY, read_only=read_only)
    assert caught.value.key == "cache_newer"
    assert caught.value.data == {"have": NEWEST + 1, "known": NEWEST}


def test_the_classes_say_what_the_migrations_make() -> None:
    from msc_console.store.tables import Table

    conn = blank()
    migrate.migrate(conn)
    names = [row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    plain = {name for name in names if not name.startswith(("search_", "sqlite_"))}
    assert plain == set(Table.metadata.tables)
    for name, table in Table.metadata.tables.items():
        made = {
            row["name"]: (row["type"], not row["notnull"], bool(row["pk"]))
            for row in conn.execute(f'PRAGMA table_info("{name}")')
        }
        wanted = {
            column.name: ("INTEGER" if column.type.python_type is int else "TEXT", column.nullable, column.primary_key)
            for column in table.columns
        }
        assert made == wanted, name
        unique = {column.name for column in table.columns if column.unique}
        indexes = conn.execute(f'PRAGMA index_list("{name}")').fetchall()
        made_unique = {
            conn.execute(f'PRAGMA index_info("{row["name"]}")').fetchone()["name"]
            for row in indexes
            if row["origin"] == "u"
        }
        assert made_unique == unique, name


@pytest.mark.parametrize("entity", records.ENTITIES)
def test_synced_tables_hold_every_field(entity: str) -> None:
    conn = blank()
    migrate.migrate(conn)
    made = [row["name"] for row in conn.execute(f'PRAGMA table_info("{entity}")') if row["name"] != "n"]
    assert made == list(records.columns(records.ENTITIES[entity]))


def test_outbox_and_journal_have_the_same_columns() -> None:
    conn = blank()
    migrate.migrate(conn)
    names = [[row["name"] for row in conn.execute(f"PRAGMA table_info({table})")] for table in ("outbox", "journal")]
    assert [*names[0], "done_at"] == names[1]
