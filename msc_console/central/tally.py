"""What whoever is outside can bring about as often as they like, in the audit trail by a bounded number of records.

The first of a kind is recorded at once. Those that follow within the window are counted in a row of the database, and
become one record with their `count` when the window is over.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from ..clock import to_ms
from . import audit, sql
from .db import Central

WINDOW = timedelta(minutes=15)

_COUNT = text(
    "INSERT INTO tally (act, about, since, count) VALUES (:act, :about, :at, 0) "
    "ON CONFLICT (act, about) DO UPDATE SET count = tally.count + 1 RETURNING since, count"
)
_ANEW = text("UPDATE tally SET since = :at, count = 0 WHERE act = :act AND about = :about")
_OVER = "FROM tally WHERE since <= :before"
_ANY = text(f"SELECT 1 {_OVER} LIMIT 1")
_CLOSE = text(f"DELETE {_OVER} RETURNING act, about, since, count")


def add(
    conn: Connection,
    now: datetime,
    actor: str,
    act: str,
    about: Mapping[str, str],
    more: Mapping[str, Any] | None = None,
) -> None:
    """Says that `act` has happened `about` (a name and its id, which may be empty); `more` goes with a first record."""
    ((name, id),) = about.items()
    at, row = to_ms(now), {"act": act, "about": f"{actor}|{name}|{id}"}
    since, count = conn.execute(_COUNT, row | {"at": at}).one()
    if count and at - since < WINDOW // timedelta(milliseconds=1):
        return
    if count:
        _record(conn, now, act, row["about"], since, count - 1)
        conn.execute(_ANEW, row | {"at": at})
    audit.add(conn, now, actor, act, {name: id} | dict(more or {}))


def close(central: Central, now: datetime) -> None:
    """Records the counts whose window is over. Any number of workers may do so at once."""
    before = {"before": to_ms(now - WINDOW)}
    with central.read() as conn:
        if conn.execute(_ANY, before).first() is None:
            return
    with central.write() as conn:
        for row in sql.rows(conn, _CLOSE, **before):
            _record(conn, now, row["act"], row["about"], row["since"], row["count"])


def _record(conn: Connection, now: datetime, act: str, about: str, since: int, count: int) -> None:
    actor, name, id = about.split("|")
    if count:
        audit.add(conn, now, actor, act, {name: id, "count": count, "since": since})
