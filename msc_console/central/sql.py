"""Statements that both databases take, built from the column lists of the domain's classes."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, TextClause, bindparam, text

from .. import records

KEPT = frozenset({"id", records.EXTRA})
"""Columns that an update never touches: the key, and what a newer peer wrote beside our fields."""
BESIDE: Mapping[str, tuple[str, ...]] = {"entry": ("clocked",)}
"""Columns of central's own in a synced table that are written with its row."""

PORTION = 5_000
"""Most ids in one statement."""

_META = text("SELECT value FROM meta WHERE key = :key")


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
    found = conn.execute(statement, binds)
    names = tuple(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found]


def meta(conn: Connection, key: str) -> str:
    """What `meta` says of a key; empty where it says nothing."""
    return str(conn.execute(_META, {"key": key}).scalar() or "")


def storable(told: str) -> bool:
    """Whether a text can stand in either database at all: PostgreSQL refuses NUL, so nothing has such a key."""
    return "\0" not in told


def portions(ids: Iterable[str]) -> Iterator[list[str]]:
    """Ids that can be stored, in order, in portions that every driver takes."""
    wanted = sorted({id for id in ids if storable(id)})
    return (wanted[start : start + PORTION] for start in range(0, len(wanted), PORTION))


def by_ids(conn: Connection, statement: TextClause, ids: Iterable[str]) -> Sequence[Mapping[str, Any]]:
    """Rows of a statement with a list bind, asked in id order."""
    return [row for some in portions(ids) for row in rows(conn, statement, ids=some)]


def many(conn: Connection, statement: TextClause, values: Collection[Mapping[str, Any]]) -> None:
    """Runs a statement once per row through the driver's bulk path: sqlite3 takes our named binds as they are,
    PostgreSQL takes all rows of an insert as one document."""
    if not values:
        return
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(statement.text, [row if isinstance(row, dict) else dict(row) for row in values])
        return
    bulk = _bulk(statement.text)
    listed = [] if bulk is None else [tuple(row[name] for name in bulk.names) for row in values]
    if bulk is None or not bulk.takes(listed):
        conn.execute(statement, list(values))
        return
    document = msgspec.json.encode([dict(zip(bulk.names, row, strict=True)) for row in listed])
    conn.exec_driver_sql(bulk.statement, {"rows": document.decode()})


_INSERT = re.compile(r'INSERT INTO "(\w+)" \(("[\w", ]+")\) VALUES \([\w:, ]+\)((?: ON CONFLICT .*)?)')
_TARGET = re.compile(r" ON CONFLICT \(([\w, ]+)\) DO UPDATE ")
_AS_DOCUMENT = frozenset(
    {*records.ENTITIES, "op", "op_body", "change", "change_group", "dispatch", "audit", "audit_about"}
)
"""Tables that grow with every push. All of their columns are text and integers, which JSON keeps as they are."""
_KEPT_BY_JSON = frozenset({str, int, type(None)})


@dataclass(frozen=True, slots=True)
class _Bulk:
    """An insert of many rows as one statement of PostgreSQL: `rows` is a JSON array of objects."""

    statement: str
    names: tuple[str, ...]
    key: tuple[str, ...]
    """Columns by which an existing row is updated: one statement must not meet the same row twice."""

    def takes(self, rows: Sequence[tuple[Any, ...]]) -> bool:
        """Whether the rows say by this way what they say one by one: what no column takes is refused by the driver."""
        if not {type(value) for row in rows for value in row} <= _KEPT_BY_JSON:
            return False
        places = [self.names.index(name) for name in self.key]
        return not places or len({tuple(row[place] for place in places) for row in rows}) == len(rows)


@cache
def _bulk(statement: str) -> _Bulk | None:
    """None for a statement that isn't a plain insert into one of the tables that are worth it."""
    found = _INSERT.fullmatch(statement)
    if found is None or found[1] not in _AS_DOCUMENT:
        return None
    updated = _TARGET.match(found[3])
    whole = (
        f'INSERT INTO "{found[1]}" ({found[2]}) SELECT {found[2]} '
        f'FROM json_populate_recordset(NULL::"{found[1]}", %(rows)s::json){found[3]}'
    )
    names = tuple(name.strip(' "') for name in found[2].split(","))
    return _Bulk(whole, names, tuple(updated[1].split(", ")) if updated else ())
