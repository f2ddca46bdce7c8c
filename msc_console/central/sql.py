"""Statements that both databases take, built from the column lists of the domain's classes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, TextClause, bindparam, text

from .. import records

KEPT = frozenset({"id", records.EXTRA})
"""Columns that an update never touches: the key, and what a newer peer wrote beside our fields."""
BESIDE: Mapping[str, tuple[str, ...]] = {"entry": ("clocked",)}
"""Columns of central's own in a synced table that are written with its row."""

PORTION = 5_000
"""Most ids in one statement."""


@cache
def columns(entity: str) -> tuple[str, ...]:
    """The columns that central writes for a synced entity."""
    return (*records.columns(records.ENTITIES[entity]), *BESIDE.get(entity, ()))


@cache
def insert(table: str, names: tuple[str, ...]) -> TextClause:
    """`INSERT` of one row by named binds."""
    listed = ", ".join(f'"{name}"' for name in names)
    return text(f'INSERT INTO "{table}" ({listed}) VALUES ({", ".join(f":{name}" for name in names)})')


@cache
def insert_new(entity: str) -> TextClause:
    """`INSERT` of a synced row that leaves an existing one alone."""
    return text(f"{insert(entity, columns(entity)).text} ON CONFLICT (id) DO NOTHING")


@cache
def upsert(entity: str) -> TextClause:
    """Writes a synced row as it is now, new or not; `extra` of an existing row stays."""
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in columns(entity) if name not in KEPT)
    return text(f"{insert(entity, columns(entity)).text} ON CONFLICT (id) DO UPDATE SET {sets}")


@cache
def select(entity: str, where: str, tail: str = "") -> TextClause:
    """The synced columns of an entity's rows. A bind named `ids` takes a list."""
    listed = ", ".join(f'"{name}"' for name in records.columns(records.ENTITIES[entity]))
    statement = text(f'SELECT {listed} FROM "{entity}" WHERE {where}{tail}')
    return statement.bindparams(bindparam("ids", expanding=True)) if ":ids" in where else statement


@cache
def listed(statement: str) -> TextClause:
    """Any statement whose bind `ids` takes a list."""
    return text(statement).bindparams(bindparam("ids", expanding=True))


def rows(conn: Connection, statement: TextClause, **binds: Any) -> Sequence[Mapping[str, Any]]:
    """All rows as mappings."""
    return cast(Sequence[Mapping[str, Any]], conn.execute(statement, binds).mappings().all())


def storable(told: str) -> bool:
    """Whether a text can stand in either database at all: PostgreSQL refuses NUL, so nothing has such a key."""
    return "\0" not in told


def by_ids(conn: Connection, statement: TextClause, ids: Iterable[str]) -> Sequence[Mapping[str, Any]]:
    """Rows of a statement with a list bind, asked in id order and in portions that every driver takes."""
    wanted = sorted({id for id in ids if storable(id)})
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(wanted), PORTION):
        found += rows(conn, statement, ids=wanted[start : start + PORTION])
    return found


def many(conn: Connection, statement: TextClause, values: Collection[Mapping[str, Any]]) -> None:
    """Runs a statement once per row through the driver's bulk path."""
    if values:
        conn.execute(statement, list(values))
