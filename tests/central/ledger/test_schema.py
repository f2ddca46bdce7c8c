"""The migrated database is what the classes say, and a migration happens once."""

import pytest
from sqlalchemy import BigInteger, Integer, LargeBinary, String, inspect, text
from sqlalchemy.types import TypeDecorator, TypeEngine

from msc_console import records
from msc_console.central import migrate, tables
from msc_console.central.db import Central
from msc_console.errors import MscError, UsageError


def _kind(type_: TypeEngine[object], key: bool) -> str:
    if isinstance(type_, TypeDecorator):
        type_ = type_.impl_instance
    if isinstance(type_, BigInteger) or (key and isinstance(type_, Integer)):
        return "integer" if key else "bigint"  # SQLite's own row key is called INTEGER and has 64 bits
    if isinstance(type_, Integer):
        return "integer"
    if isinstance(type_, LargeBinary):
        return "bytes"
    assert isinstance(type_, String), type_
    return "text"


def test_the_classes_are_the_migrated_database(central_db: Central) -> None:
    found = inspect(central_db.engine)
    classes = tables.Table.metadata.tables
    assert set(found.get_table_names()) - {"migration"} == set(classes)
    for name, table in classes.items():
        keys = found.get_pk_constraint(name)["constrained_columns"]
        assert keys == [column.name for column in table.primary_key]
        there = {c["name"]: (_kind(c["type"], c["name"] in keys), c["nullable"] and c["name"] not in keys)
                 for c in found.get_columns(name)}  # fmt: skip
        wanted = {c.name: (_kind(c.type, bool(c.primary_key)), bool(c.nullable) and not c.primary_key)
                  for c in table.columns}  # fmt: skip
        assert there == wanted, name


def test_synced_tables_hold_the_domains_fields(central_db: Central) -> None:
    found = inspect(central_db.engine)
    for entity, kind in records.ENTITIES.items():
        assert set(records.columns(kind)) <= {column["name"] for column in found.get_columns(entity)}


def test_a_second_migration_changes_nothing(central_db: Central) -> None:
    with central_db.read() as conn:
        before = conn.execute(text("SELECT generation FROM feed_head")).scalar_one()
    assert central_db.migrate() == len(migrate.scripts())
    with central_db.read() as conn:
        assert conn.execute(text("SELECT generation FROM feed_head")).scalar_one() == before
        assert conn.execute(text("SELECT count(*) FROM migration")).scalar_one() == len(migrate.scripts())


def test_a_newer_database_is_refused(central_db: Central) -> None:
    with central_db.write() as conn:
        conn.execute(text("INSERT INTO migration (version, applied_at) VALUES (9999, 0)"))
    with pytest.raises(MscError, match="database_newer"):
        central_db.migrate()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "postgresql+psycopg2://x/y"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(UsageError, match="database_url_unknown"):
        Central.open(url)


@pytest.mark.protocol("P-061")
def test_sqlite_is_durable(sqlite_url: str) -> None:
    central = Central.open(sqlite_url)
    with central.read() as conn:
        assert conn.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert conn.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
    central.close()
