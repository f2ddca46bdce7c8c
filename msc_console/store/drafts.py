"""What a person is typing, journalled as they type: it survives a kill, a scope change and the ticket itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .. import clock
from .opening import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Unsent text. `kind` is what it would become (`reply`, `note`, `create`, ...), `target` the ticket or ""."""

    target: str
    kind: str
    body: str
    data: Mapping[str, Any] = field(default_factory=dict)
    """Other fields of the form."""
    updated_at: datetime


def save(conn: Connection, draft: Draft) -> None:
    """Keep a draft in place of the former one of its target and kind; one without any text is discarded."""
    if not draft.body.strip() and not draft.data:
        discard(conn, draft.target, draft.kind)
        return
    conn.execute(
        "INSERT INTO draft (target, kind, body, data, updated_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (target, kind)"
        " DO UPDATE SET body = excluded.body, data = excluded.data, updated_at = excluded.updated_at",
        (draft.target, draft.kind, draft.body, json.dumps(dict(draft.data)), clock.to_ms(draft.updated_at)),
    )


def load(conn: Connection, target: str, kind: str) -> Draft | None:
    """The draft of a target and kind."""
    found = _read(conn, "WHERE target = ? AND kind = ?", (target, kind))
    return found[0] if found else None


def discard(conn: Connection, target: str, kind: str) -> None:
    """Delete a draft: it was sent, or thrown away by its author."""
    conn.execute("DELETE FROM draft WHERE target = ? AND kind = ?", (target, kind))


def listing(conn: Connection) -> list[Draft]:
    """All drafts, the latest first."""
    return _read(conn, "ORDER BY updated_at DESC, target, kind", ())


def _read(conn: Connection, rest: str, binds: tuple[str, ...]) -> list[Draft]:
    found = conn.execute(f"SELECT target, kind, body, data, updated_at FROM draft {rest}", binds)
    return [
        Draft(target=row[0], kind=row[1], body=row[2], data=json.loads(row[3]), updated_at=clock.from_ms(row[4]))
        for row in found
    ]
