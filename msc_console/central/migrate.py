"""Numbered migrations of central's database: `migrations/0001_*.sql` and on, each in one transaction, never edited.

One text serves both databases; `{braces}` stand where their words differ (`WORDS`). Statements end with `;` at the
end of a line.
"""

import secrets
from importlib import resources
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from .. import clock
from ..errors import MscError
from . import audit

if TYPE_CHECKING:
    from .db import Central

WORDS: dict[str, dict[str, str]] = {
    "sqlite": {
        "pk": "INTEGER PRIMARY KEY",
        "auto": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "norowid": " WITHOUT ROWID",
        "hot": "",
        "blob": "BLOB",
        "unlogged": "",
    },
    "postgresql": {
        "pk": "BIGINT PRIMARY KEY",
        "auto": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "norowid": "",
        "hot": " WITH (fillfactor = 10)",
        "blob": "BYTEA",
        "unlogged": "UNLOGGED ",
    },
}
"""`pk`: a 64-bit integer key; `auto`: one that counts by itself; `norowid`: rows kept in the order of their key;
`hot`: room for updates in place, for a row that every transaction changes; `blob`: bytes;
`unlogged`: a table that may be lost with a crash."""

CHAINED = 8
"""The migration that makes the audit trail a chain; hashes are beyond SQL."""
INDEXED = 17
"""The migration that finds the trail's records by what they are about."""
_LOCK = 7_237_201
"""PostgreSQL advisory lock: two processes that start together migrate one after the other."""


def scripts() -> list[tuple[int, str]]:
    """(version, SQL) of every migration, in order."""
    folder = resources.files(__package__) / "migrations"
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    return [(int(name[:4]), (folder / name).read_text(encoding="utf-8")) for name in names]


def statements(script: str, dialect: str) -> list[str]:
    """The statements of a migration in a database's words, without comments."""
    for word, meaning in WORDS[dialect].items():
        script = script.replace("{" + word + "}", meaning)
    lines = [line for line in script.splitlines() if not line.lstrip().startswith("--")]
    parts = ("\n".join(lines) + "\n").split(";\n")
    return [part.strip() for part in parts if part.strip()]


def run(central: "Central") -> int:
    """Applies what is missing and returns the schema's version. MscError `database_newer` for a newer database."""
    with central.write() as conn:
        return within(conn)


def within(conn: Connection, upto: int | None = None) -> int:
    """The same inside a writing transaction of the caller's, no further than to version `upto`."""
    known = scripts()
    dialect = conn.dialect.name
    if dialect == "postgresql":
        conn.execute(text("SET LOCAL statement_timeout = 0"))
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    conn.exec_driver_sql(
        "CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL)"
    )
    current = version_of(conn)
    if current > known[-1][0]:
        raise MscError("database_newer", found=current, known=known[-1][0])
    last = known[-1][0] if upto is None else upto
    for version, script in known:
        if current < version <= last:
            _apply(conn, version, statements(script, dialect))
    return last


def newest() -> int:
    """The schema's version that this program brings."""
    return scripts()[-1][0]


def version_of(conn: Connection) -> int:
    """The version of the schema that is there; the table `migration` must exist."""
    return int(conn.execute(text("SELECT coalesce(max(version), 0) FROM migration")).scalar_one())


def _apply(conn: Connection, version: int, parts: list[str]) -> None:
    for part in parts:
        conn.exec_driver_sql(part)
    if version == CHAINED:
        audit.adopt(conn)
    if version == INDEXED:
        audit.index(conn)
    conn.execute(
        text("INSERT INTO migration (version, applied_at) VALUES (:version, :at)"),
        {"version": version, "at": clock.to_ms(clock.now())},
    )
    if version == 1:
        conn.execute(
            text("INSERT INTO feed_head (id, generation, seq, number) VALUES (1, :generation, 0, 0)"),
            {"generation": secrets.token_hex(8)},
        )
        conn.execute(
            text("INSERT INTO meta (key, value) VALUES ('cursor_secret', :secret)"),
            {"secret": secrets.token_hex(32)},
        )
