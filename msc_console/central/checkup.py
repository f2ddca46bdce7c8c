"""`msc central doctor`: whether a central is fit to serve. Reads only; nothing of its answer is a secret."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from .. import checkup
from ..checkup import Check, State
from ..errors import UsageError
from . import ca, masterkey, migrate, tls
from .db import Central


def central(url: str, now: datetime, certificate: Path | None = None, key: Path | None = None) -> Iterator[Check]:
    """Every check in order, each as soon as it is done. UsageError for what is no address of a database."""
    database = make_url(url)
    yield checkup.program()
    yield checkup.parts()
    yield _database(url)
    yield _master_key(url)
    if database.get_backend_name() == "sqlite" and database.database:
        file = Path(database.database)
        yield checkup.private([file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))])
        yield checkup.disk(file.parent)
    if certificate is not None and key is not None:
        yield _certificate(certificate, key, now)


def _database(url: str) -> Check:
    """Whether it answers, and whether its schema is this program's. To ask makes no file."""
    named = make_url(url)
    if named.get_backend_name() == "sqlite" and not Path(named.database or "").is_file():
        return Check("database", State.FAIL, str(named.database), "database_away")
    opened = Central.open(url)
    try:
        with opened.read() as conn:
            version = conn.execute(text(_VERSION[opened.dialect])).scalar_one()
            schema = migrate.version_of(conn)
    except DBAPIError:
        return Check("database", State.FAIL, opened.dialect, "database_away")
    finally:
        opened.close()
    value = f"{opened.dialect} {version}, {schema}"
    if schema != migrate.newest():
        return Check("database", State.FAIL, value, "schema_differs", {"found": schema, "known": migrate.newest()})
    return Check("database", State.OK, value)


_VERSION = {"sqlite": "SELECT sqlite_version()", "postgresql": "SHOW server_version"}


def _master_key(url: str) -> Check:
    try:
        path = masterkey.path_for(url)
        masterkey.load(path)
    except UsageError as wrong:
        return Check("key", State.FAIL, str(wrong.data.get("path", "")), wrong.key, wrong.data)
    return Check("key", State.OK, str(path))


def _certificate(certificate: Path, key: Path, now: datetime) -> Check:
    try:
        tls.context(certificate, key)
    except UsageError as wrong:
        return Check("certificate", State.FAIL, str(certificate), wrong.key, wrong.data)
    return checkup.certificate("certificate", certificate, ca.holds_until(certificate), now)
