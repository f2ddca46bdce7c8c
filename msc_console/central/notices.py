"""Words to persons about accounts: that a recovery code was used, that a second factor was set back.

They lie at central until the person has seen them. Their data are ids and logins, no secrets.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from ..clock import iso_ms, to_ms
from ..domain.rights import Right, has
from ..domain.terms import Role
from ..sync.wire_accounts import Notice
from . import sql, tokens

MOST = 50
"""Of the newest that one person is told."""


def tell(conn: Connection, now: datetime, to: Sequence[str], code: str, **data: Any) -> None:
    """A notice for each of the persons (ids)."""
    body = json.dumps(data, sort_keys=True)
    rows = [
        {"id": tokens.new_id(), "person": person, "code": code, "data": body, "made_at": to_ms(now)} for person in to
    ]
    sql.many(conn, sql.insert("notice", ("id", "person", "code", "data", "made_at")), rows)


def to_leads(conn: Connection, now: datetime, code: str, about: tokens.Row, **data: Any) -> None:
    """A notice about a person for all others who may set second factors back."""
    roles = [str(role) for role in Role if role is not Role.SYSTEM and has(role, Right.RESET)]
    others = sql.listed("SELECT id FROM person WHERE role IN :ids AND active = 1 AND id <> :about")
    found = conn.execute(others, {"ids": roles, "about": about["id"]}).scalars().all()
    tell(conn, now, found, code, login=about["login"], **data)


def unseen(conn: Connection, person: str) -> list[Notice]:
    """What the person has not seen yet, the oldest first."""
    rows = conn.execute(
        text("SELECT * FROM notice WHERE person = :p AND seen_at IS NULL ORDER BY made_at DESC, id DESC LIMIT :most"),
        {"p": person, "most": MOST},
    ).mappings()
    return [
        Notice(id=row["id"], at=iso_ms(row["made_at"]), code=row["code"], data=json.loads(row["data"]))
        for row in reversed(list(rows))
    ]


def seen(conn: Connection, person: str, ids: Sequence[str], now: datetime) -> None:
    """The person has seen these; those of others stay as they are."""
    statement = sql.listed("UPDATE notice SET seen_at = :at WHERE id IN :ids AND person = :p AND seen_at IS NULL")
    for some in sql.portions(ids):
        conn.execute(statement, {"at": to_ms(now), "ids": some, "p": person})
