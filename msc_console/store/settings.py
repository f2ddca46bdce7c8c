"""Small things that the laptop remembers: settings, the difference to central's clock, what was read when."""

import json
from datetime import datetime, timedelta
from typing import Any

from .. import clock
from .opening import Connection


def get(conn: Connection, key: str, default: Any = None) -> Any:
    """A kept JSON value."""
    row = conn.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
    return default if row is None else json.loads(row[0])


def put(conn: Connection, key: str, value: Any) -> None:
    """Keep a JSON value."""
    conn.execute(
        "INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, json.dumps(value)),
    )


def drop(conn: Connection, key: str) -> None:
    """Forget a value."""
    conn.execute("DELETE FROM setting WHERE key = ?", (key,))


def set_up(conn: Connection, part: str) -> dict[str, Any]:
    """The document of a part of the centre's set-up (`feed.SET_UP`); empty until central has sent it."""
    found: dict[str, Any] = get(conn, f"set_up:{part}", {})
    return found


def keep_set_up(conn: Connection, part: str, document: Any) -> None:
    """Keep what central says of a part of its set-up."""
    put(conn, f"set_up:{part}", document)


def hear_time(conn: Connection, server: datetime, device: datetime) -> None:
    """Central's clock read `server` when this device's read `device`. The last seen server time never goes back."""
    server_ms = clock.to_ms(server)
    conn.execute(
        "UPDATE clock SET offset = ?, server_at = max(ifnull(server_at, 0), ?)",
        (server_ms - clock.to_ms(device), server_ms),
    )


def server_time(conn: Connection) -> tuple[timedelta, datetime | None]:
    """(central's time minus this device's, the server time last seen or None)."""
    row = conn.execute("SELECT offset, server_at FROM clock").fetchone()
    return timedelta(milliseconds=row[0]), None if row[1] is None else clock.from_ms(row[1])


def mark_seen(conn: Connection, ticket: str, at: datetime) -> datetime | None:
    """The person has a ticket before them at `at`; returns when they had it last."""
    last = last_seen(conn, ticket)
    conn.execute(
        "INSERT INTO seen (ticket, at) VALUES (?, ?) ON CONFLICT (ticket) DO UPDATE SET at = max(at, excluded.at)",
        (ticket, clock.to_ms(at)),
    )
    return last


def last_seen(conn: Connection, ticket: str) -> datetime | None:
    """When the person last had a ticket before them: entries after it are unread."""
    row = conn.execute("SELECT at FROM seen WHERE ticket = ?", (ticket,)).fetchone()
    return None if row is None else clock.from_ms(row[0])
