"""The one module on the laptop that opens databases: SQLCipher with a raw key, proven at every open.

Traps this guards against, each with a test: a driver that ignores `PRAGMA key` and writes plaintext, a raw key of
another length taken as a passphrase, a plaintext or truncated file put in place of the cache, driver messages on
stderr that tear the screen, temporary files outside the encryption.
"""

import errno
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from sqlcipher3 import dbapi2 as driver

from . import migrate
from .failures import CacheError, DiskFull

KEY_BYTES = 32
BUSY_MS = 5_000
PLAIN = b"SQLite format 3\0"
CANARY = "msc-console cache"

_FULL, _BUSY, _LOCKED, _CORRUPT, _NOTADB, _READONLY, _IOERR = 13, 5, 6, 11, 26, 8, 10
_KEYS = {_BUSY: "cache_busy", _LOCKED: "cache_busy", _CORRUPT: "cache_damaged", _NOTADB: "cache_key"}
_KEYS |= {_READONLY: "cache_read_only", _IOERR: "cache_damaged"}
PROBE_BYTES = 256 * 1024
"""More than one commit of an act writes."""
_IO_FULL = (10 | (3 << 8), 10 | (4 << 8))
"""SQLITE_IOERR_WRITE and SQLITE_IOERR_FSYNC: what a full or vanished disk gives where SQLITE_FULL doesn't come."""

Values = Sequence[Any] | Mapping[str, Any]

# Without it the driver looks for three ways to turn None into something and raises an exception within for each: 20
# times what a number costs to bind, and half of a ticket's columns are NULL. `{}.get` needs no Python frame.
driver.register_adapter(type(None), {}.get)


class Cursor(Protocol):
    rowcount: int

    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """What the store uses of a driver's connection. Rows answer to names and to places."""

    in_transaction: bool

    def execute(self, sql: str, values: Values = ..., /) -> Cursor: ...
    def executemany(self, sql: str, rows: Iterable[Values], /) -> Cursor: ...
    def close(self) -> None: ...


@contextmanager
def _named_failures(path: Path) -> Iterator[None]:
    """Driver errors that a person can do something about become `CacheError`; the rest passes as it is."""
    try:
        yield
    except driver.DatabaseError as error:
        code = int(getattr(error, "sqlite_errorcode", 0) or 0)
        if code & 0xFF == _FULL or code in _IO_FULL or (code & 0xFF == _IOERR and _no_room(path.parent)):
            raise DiskFull("disk_full", path=str(path)) from error
        key = _KEYS.get(code & 0xFF)
        if key is None:
            raise
        raise CacheError(key, path=str(path)) from error


def _no_room(folder: Path) -> bool:
    """Whether the disk is full: SQLite calls it a plain input/output error where its shared memory finds no room."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(PROBE_BYTES))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return error.errno in (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
    return False


def connect(path: Path, key: bytes, *, read_only: bool = False) -> Connection:
    """A proven connection to an existing cache. CacheError says what is wrong with the file or the key."""
    _check_key(key)
    try:
        with path.open("rb") as file:
            head = file.read(len(PLAIN))
    except FileNotFoundError:
        raise CacheError("cache_missing", path=str(path)) from None
    if head == PLAIN:
        raise CacheError("cache_plaintext", path=str(path))
    if len(head) < len(PLAIN):
        raise CacheError("cache_damaged", path=str(path))
    with _named_failures(path):
        conn = _keyed(path, key, read_only=read_only)
        try:
            _settings(conn, read_only=read_only)
            row = conn.execute("SELECT v FROM canary").fetchone()
            if row is None or row[0] != CANARY:
                raise CacheError("cache_key", path=str(path))
        except driver.OperationalError as error:
            conn.close()
            if "no such table" in str(error):
                raise CacheError("cache_key", path=str(path)) from error
            raise
        except BaseException:
            conn.close()
            raise
    return conn


def create(path: Path, key: bytes) -> None:
    """Make an empty cache at `path`, whole or not at all. One that another process made meanwhile is left alone."""
    _check_key(key)
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with _named_failures(path):
            conn = _keyed(part, key, read_only=False)
            try:
                _settings(conn, read_only=False)
                migrate.migrate(conn)
                conn.execute("INSERT INTO canary(v) VALUES (?)", (CANARY,))
                conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                conn.close()
        with part.open("rb") as file:
            if file.read(len(PLAIN)) == PLAIN:
                raise CacheError("cache_driver", path=str(path))
        _publish(part, path)
    finally:
        for suffix in ("", "-wal", "-shm"):
            part.with_name(part.name + suffix).unlink(missing_ok=True)


def change_key(path: Path, old: bytes, new: bytes) -> None:
    """Encrypt the cache anew under `new`, whole or not at all: killed at any moment, one of the two keys opens it.

    Nobody else may have it open: CacheError `cache_busy`, and nothing was changed. The rollback journal holds the old
    pages as they were encrypted, so a start after a kill may come with either key.
    """
    _check_key(new)
    conn = connect(path, old)
    with _named_failures(path):
        try:
            conn.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
            if conn.execute("PRAGMA journal_mode = DELETE").fetchone()[0] != "delete":
                raise CacheError("cache_busy", path=str(path))
            conn.execute(f"PRAGMA rekey = \"x'{new.hex()}'\"").fetchall()
        finally:
            conn.close()
    connect(path, new).close()  # which puts the write-ahead log back, and proves the key


def _publish(part: Path, path: Path) -> None:
    """Give the finished file its name unless somebody was first."""
    try:
        if os.name == "nt":
            part.rename(path)
        else:
            os.link(part, path)
    except FileExistsError:
        pass


def versions() -> dict[str, str]:
    """What the driver has inside, by its own word: SQLCipher, SQLite and the OpenSSL that encrypts."""
    conn = driver.connect(":memory:")
    try:
        conn.execute("PRAGMA key = 'none'").fetchall()  # the provider is told to whoever encrypts
        cipher = conn.execute("PRAGMA cipher_version").fetchone()
        provider = conn.execute("PRAGMA cipher_provider_version").fetchone()
    finally:
        conn.close()
    told = {"SQLCipher": cipher, "SQLite": (driver.sqlite_version,), "OpenSSL": provider}
    return {name: str(row[0]).removeprefix("OpenSSL ").split()[0] for name, row in told.items() if row}


def _check_key(key: bytes) -> None:
    if len(key) != KEY_BYTES:
        raise ValueError(f"the cache key has {len(key)} bytes instead of {KEY_BYTES}")


def _keyed(path: Path, key: bytes, *, read_only: bool) -> Connection:
    mode = "ro" if read_only else "rw"
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    conn: Connection = driver.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    conn.row_factory = driver.Row  # type: ignore[attr-defined]
    conn.execute("PRAGMA cipher_log_level = NONE").fetchall()
    conn.execute(f"PRAGMA key = \"x'{key.hex()}'\"").fetchall()
    if not conn.execute("PRAGMA cipher_version").fetchone():
        conn.close()
        raise CacheError("cache_driver", path=str(path))
    return conn


def _settings(conn: Connection, *, read_only: bool) -> None:
    conn.execute(f"PRAGMA busy_timeout = {BUSY_MS}").fetchall()
    conn.execute("PRAGMA temp_store = MEMORY").fetchall()
    conn.execute("PRAGMA foreign_keys = ON").fetchall()
    if read_only:
        conn.execute("PRAGMA query_only = ON").fetchall()
        return
    mode = conn.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise CacheError("cache_damaged", mode=mode)
    conn.execute("PRAGMA synchronous = FULL").fetchall()


def _inside(conn: Connection) -> bool:
    return conn.in_transaction


@contextmanager
def _unsynced(conn: Connection) -> Iterator[None]:
    conn.execute("PRAGMA synchronous = NORMAL").fetchall()
    try:
        yield
    finally:
        conn.execute("PRAGMA synchronous = FULL").fetchall()


class Cache:
    """The cache of one person on this laptop: one connection for each thread that asks, writers in a row.

    `write()` is one transaction that holds whole or not at all, on disk when it returns. `read()` sees one moment.
    """

    def __init__(self, path: Path, key: bytes, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._key = key
        self._local = threading.local()
        self._guard = threading.Lock()
        self._writer = threading.Lock()
        self._open: dict[int, Connection] = {}
        with self._named():
            if not read_only:
                migrate.migrate(self._connection())
            else:
                migrate.check(self._connection())

    @classmethod
    def open(cls, path: Path, key: bytes, *, create_missing: bool = True, read_only: bool = False) -> "Cache":
        """Open the cache at `path`; make it when there is none and `create_missing`. CacheError otherwise."""
        if create_missing and not read_only and not path.exists():
            create(path, key)
        return cls(path, key, read_only=read_only)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one moment of the cache until the block ends; inside `write()` its transaction."""
        conn = self._connection()
        with self._named():
            if _inside(conn):
                yield conn
                return
            conn.execute("BEGIN")
            try:
                yield conn
            finally:
                if _inside(conn):
                    conn.execute("ROLLBACK")

    @contextmanager
    def write(self, *, comes_again: bool = False) -> Iterator[Connection]:
        """One transaction: committed (and synced) at the end of the block, rolled back when it raises.

        `comes_again`: what is written can be had again from central, as the rows of a first pull, so that nobody waits
        for the disk. A loss of power may take it back together with what was written so after it, never in part; the
        next other commit makes it last, too (sqlite.org/pragma.html#pragma_synchronous: NORMAL and FULL with a WAL).
        """
        if self.read_only:
            raise CacheError("cache_read_only", path=str(self.path))
        conn = self._connection()
        if _inside(conn):
            raise RuntimeError("a write inside another transaction of the same thread")
        with self._named(), self._writer, _unsynced(conn) if comes_again else nullcontext():
            conn.execute("BEGIN IMMEDIATE")
            try:
                yield conn
                conn.execute("COMMIT")
            except BaseException:
                if _inside(conn):
                    conn.execute("ROLLBACK")
                raise

    def version(self) -> int:
        """A number that changes when another process or thread has committed since this thread last asked."""
        with self._named():
            return int(self._connection().execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close every connection and forget the key. Threads must be done with theirs."""
        with self._guard:
            for conn in self._open.values():
                conn.close()
            self._open.clear()
            self._local = threading.local()
            self._key = b""

    def _connection(self) -> Connection:
        conn: Connection | None = getattr(self._local, "conn", None)
        if conn is None:
            conn = connect(self.path, self._key, read_only=self.read_only)
            self._local.conn = conn
            with self._guard:
                self._drop_orphans()
                self._open[threading.get_ident()] = conn
        return conn

    def _drop_orphans(self) -> None:
        """Close what threads that have ended left open."""
        living = {thread.ident for thread in threading.enumerate()}
        for ident in [ident for ident in self._open if ident not in living]:
            self._open.pop(ident).close()

    def _named(self) -> Any:
        return _named_failures(self.path)
