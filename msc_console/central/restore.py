"""`msc central restore`: a backup becomes the central of a database, under a new generation of the feed.

The file is read to its end and every checksum compared before the database is touched; then all happens in one
transaction. The schema is built as of the backup, filled, and brought up to this version. What the restored central
can't know is made harmless: laptops start their reading anew and offer again what they know to have been applied,
ticket numbers go on beyond those that were given since, and nothing goes out to customers until a way out is switched
on again, because it may have gone out already.
"""

import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from ..errors import MscError, UsageError
from . import audit, backup, masterkey, migrate, sql, tables
from .backup import Summary
from .db import Central

NUMBERS = 1_000
"""Ticket numbers passed over: one that was given after the backup must never become another ticket's."""
AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Restored:
    """`key_fits`: whether the master key at hand opens what the backup holds; None when that can't be told."""

    summary: Summary
    generation: str
    schema: int
    key_fits: bool | None


def restore(file: Path, url: str, now: datetime, *, replace: bool = False) -> Restored:
    """Makes the database at `url` the central that `file` holds.

    UsageError `restore_not_empty` for a database that is in use, unless `replace`; MscError `backup_damaged`,
    `database_newer`. Whatever is raised, the database is as it was.
    """
    summary = backup.check(file)
    newest = migrate.scripts()[-1][0]
    if summary.schema > newest:
        raise MscError("database_newer", found=summary.schema, known=newest)
    central = Central.open(url)
    try:
        with central.write() as conn:
            _make_room(conn, central.engine.url.render_as_string(), replace)
            migrate.within(conn, summary.schema)
            _fill(conn, file)
            schema = migrate.within(conn)
            generation = secrets.token_hex(8)
            _begin_anew(conn, generation)
            told = {"made_at": summary.made_at, "seq": summary.seq, "generation": generation}
            audit.add(conn, now, "system", "central.restore", told)
    finally:
        central.close()
    return Restored(summary, generation, schema, _key_fits(url, summary))


def _make_room(conn: Connection, url: str, replace: bool) -> None:
    """Takes central's tables away, where the person said so or there is nothing in them."""
    there = set(inspect(conn).get_table_names())
    if there and not {"meta", "feed_head", "migration"} <= there:
        raise UsageError("restore_not_ours", url=url)
    if there:
        known, found = migrate.scripts()[-1][0], migrate.version_of(conn)
        if found > known:
            raise MscError("database_newer", found=found, known=known)
        used = conn.execute(text("SELECT 1 FROM meta WHERE key = 'site_id'")).scalar()
        if not replace and (used or conn.execute(text("SELECT seq FROM feed_head")).scalar()):
            raise UsageError("restore_not_empty", url=url)
    for name in sorted(there & {*tables.Table.metadata.tables, "migration"}):
        conn.exec_driver_sql(f'DROP TABLE "{name}"')


def _fill(conn: Connection, file: Path) -> None:
    always = conn.dialect.name == "postgresql"
    for name in ("meta", "feed_head"):  # a new schema begins with values of its own
        conn.exec_driver_sql(f"DELETE FROM {name}")
    with backup.opened(file) as reader:
        for table in reader.tables():
            statement = sql.insert(table.name, tuple(table.columns)).text
            if always:  # keys that the database counts by itself come from the backup too
                statement = statement.replace(" VALUES (", " OVERRIDING SYSTEM VALUE VALUES (")
            insert = text(statement)
            for rows in _batches(table.rows):
                conn.execute(insert, [dict(zip(table.columns, row, strict=True)) for row in rows])
    if always:
        _count_on(conn)


def _batches(rows: Iterator[list[object]]) -> Iterator[list[list[object]]]:
    while some := list(itertools.islice(rows, AT_ONCE)):
        yield some


def _count_on(conn: Connection) -> None:
    """PostgreSQL's own counters go on behind the restored keys."""
    counted = text(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND is_identity = 'YES'"
    )
    for name, column in conn.execute(counted).all():
        conn.execute(
            text(f'SELECT setval(pg_get_serial_sequence(:name, :column), max("{column}")) FROM "{name}"'),
            {"name": f'"{name}"', "column": column},
        )


def _begin_anew(conn: Connection, generation: str) -> None:
    conn.execute(
        text("UPDATE feed_head SET generation = :generation, number = number + :numbers WHERE id = 1"),
        {"generation": generation, "numbers": NUMBERS},
    )
    conn.execute(text("DELETE FROM channel"))


def _key_fits(url: str, summary: Summary) -> bool | None:
    if summary.key is None:
        return None
    try:
        return backup.mark(masterkey.load(masterkey.path_for(url))) == summary.key
    except UsageError:
        return False
