"""The audit trail: rows are added, never changed."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from .. import clock
from . import sql

_ADD = sql.insert("audit", ("at", "actor", "act", "data"))


def add(conn: Connection, at: datetime, actor: str, act: str, data: Mapping[str, Any] | None = None) -> None:
    """Says that `actor` (a person's id or `system`) did `act` at `at`. `data` holds no secrets."""
    body = json.dumps(dict(data or {}), sort_keys=True)
    sql.many(conn, _ADD, [{"at": clock.to_ms(at), "actor": actor, "act": act, "data": body}])
