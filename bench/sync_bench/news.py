"""Rows that changed at central, acts on tickets that are there, and the same rows by other means."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import text

from msc_console import clock, records
from msc_console.central import ledger
from msc_console.central.db import Central
from msc_console.central.system import SYSTEM
from msc_console.desk.seat import new_id
from msc_console.domain.commands import Command
from msc_console.domain.terms import Op

from .peer import Document

WORDS = "Log POS: 4 kali 504, saldo dipotong dulu. Sedang dicek bersama L1."
PART = 500
"""Rows of one transaction, as a page has them."""


def tickets(central: Central, count: int | None = None) -> list[str]:
    """Ids of tickets, the newest first."""
    with central.read() as conn:
        found = conn.execute(text("SELECT id FROM ticket ORDER BY number DESC")).scalars().all()
    return [str(id) for id in found[:count]]


def notes(targets: Sequence[str], actor: str, count: int) -> Iterator[Command]:
    """So many notes, spread over the targets in turn."""
    for n in range(count):
        yield Command(
            id=new_id(), kind=Op.ENTRY_NOTE, actor=actor, target=targets[n % len(targets)], args={"body": WORDS},
            made_at=clock.now(),
        )  # fmt: skip


def change(central: Central, targets: Sequence[str]) -> None:
    """A note by central on each target: two rows."""
    now, commands = clock.now(), list(notes(targets, SYSTEM.id, len(targets)))
    for start in range(0, len(commands), PART):
        results = ledger.system(central, commands[start : start + PART], now)
        if any(result.result != "applied" for result in results):
            raise RuntimeError(f"central did not write: {results}")


def bare(documents: Sequence[Document], folder: Path) -> float:
    """Seconds in which a plain SQLite file takes these rows: WAL, full synchronisation, a transaction per `PART`."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for document in documents:
        entity = str(document["_id"]).partition(":")[0]
        if entity in ("ticket", "entry"):
            kind = records.ENTITIES[entity]
            row = {name: value for name, value in document.items() if name != "_id"}
            found[entity].append(records.wire_to_row(kind, row))
    file = folder / f"bare-{new_id()}.db"
    conn = sqlite3.connect(file, isolation_level=None)
    try:
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("PRAGMA synchronous=FULL")
        statements = {entity: _table(conn, entity) for entity in found}
        begun = perf_counter()
        for entity, rows in found.items():
            for start in range(0, len(rows), PART):
                conn.execute("BEGIN IMMEDIATE")
                conn.executemany(statements[entity], rows[start : start + PART])
                conn.execute("COMMIT")
        return perf_counter() - begun
    finally:
        conn.close()


def _table(conn: sqlite3.Connection, entity: str) -> str:
    """Makes the table of an entity; the upsert for it."""
    names = records.columns(records.ENTITIES[entity])
    conn.execute(f'CREATE TABLE "{entity}" ({", ".join(f"{_quoted(name)}" for name in names)}, PRIMARY KEY (id))')
    sets = ", ".join(f"{_quoted(name)} = excluded.{_quoted(name)}" for name in names if name != "id")
    binds = ", ".join(f":{name}" for name in names)
    return f'INSERT INTO "{entity}" VALUES ({binds}) ON CONFLICT (id) DO UPDATE SET {sets}'


def _quoted(name: str) -> str:
    return f'"{name}"'
