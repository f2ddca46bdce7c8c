"""`msc central backup`: the whole of central in one file that either kind of database can be restored from.

The file is NDJSON in one zstd frame: a header, then for each table its columns, its rows as arrays and a footer with
their number and SHA-256, and an end line. It is read from one moment of the database while others go on writing.
Sessions are left out: who signed in before must sign in again after a restore. The master key is not in it, only a
mark by which a restore can tell whether the key at hand is the right one.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import zstandard
from sqlalchemy import Connection, inspect, text

from .. import __version__, clock
from ..errors import MscError, UsageError
from . import audit, masterkey, migrate
from .db import Central
from .setup import require_site

FORMAT = "msc-central-backup"
VERSION = 1
LEVEL = 9
LEFT_OUT = frozenset({"session_token", "snapshot", "snapshot_part"})
"""Tables whose rows stay out: a restore must not revive sessions that were ended since, and what was cut ready for
laptops belongs to the feed as it was."""
AT_ONCE = 2_000
"""Rows between two reads from the database."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a backup holds. `key`: the mark of the master key, None where none was at hand."""

    schema: int
    made_at: str
    program: str
    site: str
    name: str
    generation: str
    seq: int
    key: str | None
    rows: Mapping[str, int] = field(default_factory=dict)


def backup(url: str, file: Path, now: datetime) -> Summary:
    """Writes the central at `url` to `file` (mode 0600), which appears when it is whole.

    UsageError when the file exists or this central was never set up.
    """
    if file.exists():
        raise UsageError("backup_exists", path=str(file))
    part = file.with_name(file.name + ".part")
    central = Central.open(url)
    try:
        with _private(part) as raw:
            found = _write(central, raw, now, _mark_at(url))
        part.replace(file)
        if found.schema >= migrate.CHAINED:
            with central.write() as conn:  # everything has left the house, which is an act
                audit.add(conn, now, "system", "central.backup", {"seq": found.seq})
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        central.close()
    return found


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """A new file that its owner alone may read, on disk when the block ends."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "wb") as raw:
        yield raw
        raw.flush()
        os.fsync(raw.fileno())


def _write(central: Central, raw: IO[bytes], now: datetime, key: str | None) -> Summary:
    pack = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    rows: dict[str, int] = {}
    with central.read() as conn, pack.stream_writer(raw, closefd=False) as out:
        tables = sorted(inspect(conn).get_table_names())
        if "migration" not in tables:
            raise UsageError("central_not_set_up")
        meta = require_site(conn)
        generation, seq = conn.execute(text("SELECT generation, seq FROM feed_head WHERE id = 1")).one()
        found = Summary(
            schema=migrate.version_of(conn), made_at=clock.iso(now), program=__version__, site=meta["site_id"],
            name=meta["site_name"], generation=generation, seq=int(seq), key=key, rows=rows,
        )  # fmt: skip
        header = {name: getattr(found, name) for name in Summary.__slots__ if name != "rows"}
        out.write(_line({"format": FORMAT, "version": VERSION, **header}))
        for table in tables:
            if table != "migration":
                rows[table] = _table(conn, table, out)
        out.write(_line({"end": len(rows), "rows": sum(rows.values())}))
    return found


def _table(conn: Connection, table: str, out: Any) -> int:
    inspected = inspect(conn)
    columns = [str(column["name"]) for column in inspected.get_columns(table)]
    listed = ", ".join(f'"{name}"' for name in columns)
    order = ", ".join(f'"{name}"' for name in inspected.get_pk_constraint(table)["constrained_columns"])
    out.write(_line({"table": table, "columns": columns}))
    digest, count = hashlib.sha256(), 0
    if table not in LEFT_OUT:
        statement = text(f'SELECT {listed} FROM "{table}" ORDER BY {order}').execution_options(yield_per=AT_ONCE)
        for some in conn.execute(statement).partitions():
            lines = b"".join(_line(list(row)) for row in some)
            digest.update(lines)
            out.write(lines)
            count += len(some)
    out.write(_line({"rows": count, "sha256": digest.hexdigest()}))
    return count


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _mark_at(url: str) -> str | None:
    try:
        return mark(masterkey.load(masterkey.path_for(url)))
    except UsageError:
        return None


def mark(key: masterkey.MasterKey) -> str:
    """Tells two master keys apart and helps nobody to find one."""
    return key.derive("backup").hex()[:16]


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a backup. `rows` must be read to its end before the next table."""

    name: str
    columns: Sequence[str]
    rows: Iterator[list[Any]]


class Reader:
    """A backup file, read once from front to back. MscError `backup_damaged` wherever it isn't what was written."""

    def __init__(self, lines: Iterator[bytes], path: Path) -> None:
        self._lines = lines
        self._path = path
        self._counts: dict[str, int] = {}
        head = self._next()
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise UsageError("backup_unknown", path=str(path))
        if head.get("version") != VERSION:
            raise UsageError("backup_newer", found=head.get("version"), known=VERSION)
        try:
            self.summary = Summary(**{name: head[name] for name in Summary.__slots__ if name != "rows"})
        except KeyError:
            raise self._damaged() from None

    def tables(self) -> Iterator[Table]:
        """Each table in turn; after the last the file is known to be whole."""
        while True:
            told = self._next()
            if not isinstance(told, dict):
                raise self._damaged()
            if "end" in told:
                if told != {"end": len(self._counts), "rows": sum(self._counts.values())} or next(self._lines, None):
                    raise self._damaged()
                return
            name, columns = told.get("table"), told.get("columns")
            if not isinstance(name, str) or not isinstance(columns, list) or name in self._counts:
                raise self._damaged()
            yield Table(name, columns, self._rows(name, len(columns)))
            if name not in self._counts:
                raise self._damaged()

    def _rows(self, table: str, width: int) -> Iterator[list[Any]]:
        digest, count = hashlib.sha256(), 0
        while True:
            raw = next(self._lines, b"")
            told = self._parsed(raw)
            if isinstance(told, dict):
                if told != {"rows": count, "sha256": digest.hexdigest()}:
                    raise self._damaged()
                self._counts[table] = count
                return
            if not isinstance(told, list) or len(told) != width:
                raise self._damaged()
            digest.update(raw)
            count += 1
            yield told

    def _next(self) -> Any:
        return self._parsed(next(self._lines, b""))

    def _parsed(self, raw: bytes) -> Any:
        try:
            return json.loads(raw)
        except ValueError:
            raise self._damaged() from None

    def _damaged(self) -> MscError:
        return MscError("backup_damaged", path=str(self._path))

    @property
    def counts(self) -> Mapping[str, int]:
        """Rows of the tables read so far."""
        return self._counts


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """A backup file to read. UsageError when it is missing or none of ours, MscError when it is damaged."""
    try:
        raw = path.open("rb")
    except OSError:
        raise UsageError("backup_missing", path=str(path)) from None
    with raw:
        yield Reader(_unpacked(raw, path), path)


def _unpacked(raw: IO[bytes], path: Path) -> Iterator[bytes]:
    """The lines of the file. A frame that is cut or changed ends as `backup_damaged`, by zstd's own checksum too."""
    unpack, rest = zstandard.ZstdDecompressor().decompressobj(), b""
    try:
        while piece := raw.read(1 << 18):
            if unpack.eof:
                raise MscError("backup_damaged", path=str(path))
            *lines, rest = (rest + unpack.decompress(piece)).split(b"\n")
            for line in lines:
                yield line + b"\n"
    except zstandard.ZstdError:
        raise MscError("backup_damaged", path=str(path)) from None
    if not unpack.eof or unpack.unused_data or rest:
        raise MscError("backup_damaged", path=str(path))


def check(path: Path) -> Summary:
    """Reads a whole backup and says what it holds. MscError `backup_damaged` unless every checksum holds."""
    with opened(path) as reader:
        for table in reader.tables():
            for _ in table.rows:
                pass
        return Summary(**{name: getattr(reader.summary, name) for name in Summary.__slots__ if name != "rows"},
                       rows=dict(reader.counts))  # fmt: skip
