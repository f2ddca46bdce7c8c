"""The shape of the cache over time: numbered SQL files, each run once and whole, counted in `PRAGMA user_version`.

A migration never rewrites the outbox: what waits there goes to central as it was made.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from .failures import CacheError

if TYPE_CHECKING:
    from .opening import Connection

FOLDER = Path(__file__).parent / "migrations"


def scripts(folder: Path = FOLDER) -> list[Path]:
    """The migrations in order. RuntimeError when a number is missing."""
    found = sorted(folder.glob("[0-9][0-9][0-9][0-9].sql"))
    for place, path in enumerate(found, start=1):
        if int(path.stem) != place:
            raise RuntimeError(f"migration {place:04} is missing before {path.name}")
    return found


def version(conn: "Connection") -> int:
    """How many migrations the file has seen."""
    return int(conn.execute("PRAGMA user_version").fetchone()[0])


def check(conn: "Connection", folder: Path = FOLDER) -> int:
    """The file's version. CacheError `cache_newer` when a newer program wrote it."""
    have, known = version(conn), len(scripts(folder))
    if have > known:
        raise CacheError("cache_newer", have=have, known=known)
    return have


def migrate(conn: "Connection", folder: Path = FOLDER, upto: int | None = None) -> int:
    """Bring the file to the newest version (or to `upto`); returns the number of migrations that ran."""
    ran = 0
    for path in scripts(folder)[check(conn, folder) : upto]:
        conn.execute("BEGIN IMMEDIATE")
        try:
            if version(conn) >= int(path.stem):
                conn.execute("ROLLBACK")  # another process was first
                continue
            for statement in statements(path.read_text(encoding="utf-8")):
                conn.execute(statement)
            conn.execute(f"PRAGMA user_version = {int(path.stem)}")
            conn.execute("COMMIT")
        except BaseException:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            raise
        ran += 1
    return ran


def statements(script: str) -> list[str]:
    """The statements of a migration: each ends with a semicolon at the end of a line, comments stand on own lines."""
    lines = [line for line in script.splitlines() if not line.lstrip().startswith("--")]
    parts = ("\n".join(lines) + "\n").split(";\n")
    return [part.strip() for part in parts if part.strip()]
