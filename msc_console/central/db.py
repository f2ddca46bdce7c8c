"""Central's database: SQLite in one file (WAL, full synchronisation) or PostgreSQL. The one place that opens it.

SQL is written once for both: text with named binds, quoted column names, no function that only one of them has. What
differs stands here (how a transaction begins, `for_update`) or behind the braces of a migration.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from .. import clock
from ..errors import MscError, UsageError
from . import audit, endings
from . import migrate as migrations

BUSY_MS = 10_000
"""How long a SQLite writer waits for another process."""
LOCK_MS = 2_000
"""How long a PostgreSQL statement waits for a row lock; then the request is answered 503 and tried again."""
CONNECTIONS = 30
"""Most connections of one process to PostgreSQL."""
POOL_SECONDS = 10
"""How long a request waits for one of them before it is answered 503; a laptop hangs up after 20."""
STATEMENT_MS = 15_000
"""How long one statement of a serving central may take: on PostgreSQL any but a migration's, on SQLite one that reads.
Then it is answered 503; a laptop would hang up soon after."""
STEPS = 100_000
"""Instructions of SQLite between two looks at the clock: about a millisecond of work."""
IDLE_MS = 30_000
"""PostgreSQL ends a transaction that a hung process leaves open for so long."""


class Central:
    """An open central database. One per process, shared by its threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self.for_update = " FOR UPDATE" if self.dialect == "postgresql" else ""
        """Ends a SELECT whose rows this transaction will write; SQLite's single writer needs none."""
        self.memory: dict[str, Any] = {}
        """What rooms of central keep between transactions, each under its own name; never the truth."""
        self._writer = threading.Lock() if self.dialect == "sqlite" else None

    @classmethod
    def open(cls, url: str, connections: int = CONNECTIONS, statement_ms: int = 0) -> "Central":
        """Opens `sqlite:///path` or `postgresql+psycopg://...`; nothing is created but the SQLite file.

        `connections` is the most that PostgreSQL gets from this process; `statement_ms` ends statements that take
        longer (`STATEMENT_MS`), 0 none. UsageError for any other kind of address.
        """
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise UsageError("database_url_unknown", url=parsed.render_as_string())
            engine = create_engine(
                parsed,
                hide_parameters=True,
                connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False, "isolation_level": None},
            )
            event.listen(engine, "connect", _sqlite_connected)
            event.listen(engine, "begin", _sqlite_begin)
            if statement_ms:
                _watch(engine, statement_ms / 1000)
            return cls(engine)
        if parsed.drivername == "postgresql+psycopg":
            options = f"-c lock_timeout={LOCK_MS} -c idle_in_transaction_session_timeout={IDLE_MS} -c timezone=UTC"
            if statement_ms:  # otherwise whatever the administrator has set for the role or the database
                options += f" -c statement_timeout={statement_ms}"
            connect_args = {"options": options}
            kept = min(10, connections)
            return cls(
                create_engine(
                    parsed,
                    hide_parameters=True,
                    connect_args=connect_args,
                    pool_size=kept,
                    max_overflow=connections - kept,
                    pool_timeout=POOL_SECONDS,
                )
            )
        raise UsageError("database_url_unknown", url=parsed.render_as_string())

    def close(self) -> None:
        """Closes every pooled connection."""
        self.engine.dispose()

    def migrate(self) -> int:
        """Brings the schema up to this version of the program and returns it. MscError when the database is newer."""
        return migrations.run(self)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only transaction that sees one moment of the database from its first statement to its last."""
        with self.engine.connect() as conn:
            if self.dialect == "postgresql":
                conn = conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with conn.begin():
                yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A writing transaction, committed when the block ends and rolled back when it raises. What it told the audit
        trail is written last."""
        if self._writer is None:
            with self._writing() as conn:
                yield conn
            return
        if not self._writer.acquire(timeout=BUSY_MS / 1000):
            raise MscError("database_busy")
        try:
            with self._writing(msc_write=True) as conn:
                yield conn
        finally:
            self._writer.release()

    @contextmanager
    def _writing(self, **options: Any) -> Iterator[Connection]:
        options |= {audit.PENDING: [], endings.PENDING: []}
        with self.engine.connect() as conn, conn.execution_options(**options).begin():
            yield conn
            endings.close(conn)
            audit.close(conn)


def _sqlite_connected(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(conn: Connection) -> None:
    """A writer takes its lock at once: one that started by reading could not be upgraded without losing its view."""
    conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get("msc_write") else "BEGIN")


def _watch(engine: Engine, seconds: float) -> None:
    """Interrupts a SQLite statement that has read for longer than `seconds`; writers are left alone."""

    def connected(connection: Any, record: Any) -> None:
        record.info["until"] = inf
        connection.set_progress_handler(lambda: clock.monotonic() > record.info["until"], STEPS)

    def begins(conn: Connection, *_: Any) -> None:
        conn.info["until"] = inf if conn.get_execution_options().get("msc_write") else clock.monotonic() + seconds

    event.listen(engine, "connect", connected)
    event.listen(engine, "before_cursor_execute", begins)
