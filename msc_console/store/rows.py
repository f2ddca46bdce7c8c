"""Rows of the synced tables, read and written in bulk. What they mean is the fold's and the feed's business."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar
from zlib import crc32

from .. import records
from .opening import Connection

T = TypeVar("T")
Row = dict[str, Any]

IN = "IN (SELECT value FROM json_each(?))"
"""Any number of values in one bind: `json.dumps(list)`."""

RUN = 4096
"""Row ids of tickets that are looked at together where they lie close."""
TIMELINE = "at, received_at IS NULL, received_at, CASE WHEN received_at IS NULL THEN n END, id"
"""The order of a ticket's entries, as `domain.clocks.place_of`: the same on every laptop."""
OWNING_TICKET = ("entry", "hop", "conflict")
"""Entities that come and go with their ticket."""


def bind(values: Iterable[str]) -> str:
    """Values for `IN`."""
    return json.dumps(list(values))


def target_of(entity: str, row: Mapping[str, Any]) -> str:
    """What the acts that change this row are aimed at: its ticket, or itself."""
    return str(row["ticket"] if entity in OWNING_TICKET else row["id"])


@cache
def columns_sql(entity: str, table: str = "") -> str:
    """The entity's columns for a SELECT; `references` and the like need their quotes."""
    prefix = f"{table}." if table else ""
    return ", ".join(f'{prefix}"{name}"' for name in records.columns(records.ENTITIES[entity]))


@cache
def _upsert_sql(entity: str) -> str:
    names = records.columns(records.ENTITIES[entity])
    place = "n, " if entity == "ticket" else ""
    marks = ", ".join("?" * (len(names) + bool(place)))
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name != "id")
    conflict = "" if place else "(id) "
    into = f"INSERT INTO {entity} ({place}{columns_sql(entity)}) VALUES ({marks})"
    return f"{into} ON CONFLICT {conflict}DO UPDATE SET {changes}"


def put(conn: Connection, entity: str, rows: Sequence[Row]) -> None:
    """Write rows (SQL values, all columns) over what is there."""
    if not rows:
        return
    names = records.columns(records.ENTITIES[entity])
    put_values(conn, entity, [[row[name] for name in names] for row in rows])


def put_values(conn: Connection, entity: str, rows: Sequence[list[Any]]) -> None:
    """`put` for rows as lists, in the order of `records.columns`."""
    if entity == "ticket":
        id, created = _id_and_created()
        places = _places(conn, [(row[id], row[created]) for row in rows])
        rows = [[places[row[id]], *row] for row in rows]
    conn.executemany(_upsert_sql(entity), rows)


@cache
def _id_and_created() -> tuple[int, int]:
    names = records.columns(records.ENTITIES["ticket"])
    return names.index("id"), names.index("created_at")


def _places(conn: Connection, tickets: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Ticket id -> row id: its own if it is here, else a free one that grows with the time of creation."""
    ids = bind(id for id, _ in tickets)
    have = {row[0]: int(row[1]) for row in conn.execute(f"SELECT id, n FROM ticket WHERE id {IN}", (ids,))}
    wanted = {id: (int(created) << 10) + (crc32(id.encode()) & 1023) for id, created in tickets if id not in have}
    if not wanted:
        return have
    numbers = json.dumps(list(wanted.values()))
    taken = {int(row[0]) for row in conn.execute(f"SELECT n FROM ticket WHERE n {IN}", (numbers,))}
    crowded: list[tuple[int, str]] = []
    for id, place in wanted.items():
        if place in taken:
            crowded.append((place, id))
        else:
            have[id] = place
            taken.add(place)
    return have | _next_free(conn, crowded, taken)


def _next_free(conn: Connection, crowded: list[tuple[int, str]], taken: set[int]) -> dict[str, int]:
    """Each ticket's first free row id above its own place. `taken`: row ids that are not in the cache yet.

    Thousands of tickets of one moment (an import) lie side by side, so what is there is read a run at a time.
    """
    found: dict[str, int] = {}
    last = known = -1
    for place, id in sorted(crowded):
        last = max(place, last + 1)
        while last > known or last in taken:
            if last > known:
                known = last + RUN
                held = conn.execute("SELECT n FROM ticket WHERE n BETWEEN ? AND ?", (last, known))
                taken.update(int(row[0]) for row in held)
            else:
                last += 1
        found[id] = last
    return found


def versions(conn: Connection, entity: str, ids: Iterable[str]) -> dict[str, int]:
    """Id -> central's version of those of the rows that are here; 0 = made by an act that waits."""
    found = conn.execute(f"SELECT id, ver FROM {entity} WHERE id {IN}", (bind(ids),))
    return {row[0]: int(row[1]) for row in found}


def one(conn: Connection, entity: str, id: str) -> Row | None:
    """One row with all columns of its entity."""
    row = conn.execute(f"SELECT {columns_sql(entity)} FROM {entity} WHERE id = ?", (id,)).fetchone()
    return None if row is None else dict(row)


def value(conn: Connection, entity: str, id: str | None) -> Any:
    """One row as its domain value, or None."""
    row = None if id is None else one(conn, entity, id)
    return None if row is None else records.from_row(records.ENTITIES[entity], row)


def values(conn: Connection, kind: type[T], entity: str, where: str, binds: Sequence[Any] = ()) -> list[T]:
    """Domain values by a WHERE clause (with its ORDER BY)."""
    found = conn.execute(f"SELECT {columns_sql(entity)} FROM {entity} WHERE {where}", binds)
    return [records.from_row(kind, row) for row in found]


def document(entity: str, row: Row) -> str:
    """A row as central's document, for keeping."""
    return json.dumps(records.row_to_wire(records.ENTITIES[entity], row), ensure_ascii=False, separators=(",", ":"))


def from_document(entity: str, doc: str) -> Row:
    """The row of a kept document."""
    return records.wire_to_row(records.ENTITIES[entity], json.loads(doc))
