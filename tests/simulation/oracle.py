"""What a laptop must hold, by plain SQL over central, and what it holds, by plain SQL over its cache.

Nothing of the product is used: neither its list of entities nor its codec nor its way of telling changes. A row is
compared column by column, as `{column: plain value}`: JSON read, times in milliseconds, flags as 0 and 1.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

Key = tuple[str, str]
"""(entity, id)."""
Rows = dict[Key, dict[str, Any]]

OF_TICKETS = ("entry", "hop", "conflict")
"""What comes and goes with its ticket."""
EVERYWHERE = ("person", "queue", "service", "article")
CUSTOMERS = ("contact", "organisation")
ENTITIES = ("ticket", *OF_TICKETS, *EVERYWHERE, *CUSTOMERS)
FRONT = {"agent", "agent_b2b", "eos", "supervisor", "manager", "qa"}
"""Roles that face customers."""
DAYS_90 = 90 * 24 * 3600 * 1000

_JSON = {
    "tags", "watchers", "references", "clocks", "changes", "data", "args", "fields", "addresses", "queues", "skills",
    "components", "categories", "extra",
}  # fmt: skip
_HERE_ALONE = {"n"}
_TICKETS = """
SELECT t.* FROM ticket t
WHERE (t.closed_at IS NULL OR t.closed_at >= :since) AND (
    t.owner = :person
    OR EXISTS (SELECT 1 FROM person p
               WHERE p.id = :person AND p.role <> 'resolver' AND p.queues LIKE '%"' || t.queue || '"%')
    OR EXISTS (SELECT 1 FROM hop h JOIN person p ON p.id = :person
               WHERE h.ticket = t.id AND h.state <> 'returned' AND p.role = 'resolver' AND p.tier = h.tier))
"""


def scope_of(conn: Connection, person: str, now: datetime) -> Rows:
    """The rows of a person's scope as central holds them."""
    me = conn.execute(text("SELECT role, active FROM person WHERE id = :p"), {"p": person}).one()
    if not me.active:
        return {}
    binds = {"person": person, "since": ms(now) - DAYS_90}
    unseen = dict.fromkeys(("source", "extra")) if me.role == "resolver" else {}
    found: Rows = {("ticket", row["id"]): _row(row) | unseen for row in conn.execute(text(_TICKETS), binds).mappings()}
    tickets = {id for _, id in found}
    for entity in OF_TICKETS:
        for row in conn.execute(text(f"SELECT * FROM {entity}")).mappings():
            if row["ticket"] in tickets:
                found[entity, row["id"]] = _row(row)
    for entity in (*EVERYWHERE, *(CUSTOMERS if me.role in FRONT else ())):
        for row in conn.execute(text(f'SELECT * FROM "{entity}"')).mappings():
            found[entity, row["id"]] = _row(row)
    return found


def held(conn: Any) -> Rows:
    """What a cache holds of central: the rows that no own act covers, and the bases that are kept apart."""
    found: Rows = {}
    columns = {entity: _columns(conn, entity) for entity in ENTITIES}
    for entity, names in columns.items():
        for row in conn.execute(f'SELECT * FROM "{entity}" WHERE ver > 0').fetchall():
            found[entity, row["id"]] = _row({name: row[name] for name in names})
    for entity, id, away, document in conn.execute("SELECT entity, id, away, doc FROM base").fetchall():
        if away:
            found.pop((entity, id), None)
        else:
            found[entity, id] = _document(json.loads(document), columns[entity])
    return found


def set_up(conn: Connection) -> dict[str, Any]:
    """Central's policy and the persons on duty, by its tables."""
    policy = conn.execute(text("SELECT body FROM policy ORDER BY version DESC LIMIT 1")).scalar_one()
    duty = conn.execute(text("SELECT persons, tier, queue FROM duty ORDER BY place")).all()
    return {"policy": json.loads(policy), "duty": [(json.loads(row[0]), row[1], row[2]) for row in duty]}


def set_up_held(conn: Any) -> dict[str, Any]:
    """The same as a cache holds it; empty before it has come."""
    kept = dict(conn.execute("SELECT key, value FROM setting WHERE key LIKE 'set_up:%'").fetchall())
    duty = json.loads(kept.get("set_up:duty", "{}"))
    return {
        "policy": json.loads(kept.get("set_up:policy", "{}")),
        "duty": [(slot["persons"], slot.get("tier"), slot.get("queue")) for slot in duty.get("rows", ())],
    }


def differences(wanted: Mapping[str, Any], have: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """(column, at central, here) where two rows differ. Every column of the cache must be one of central's."""
    return [(name, wanted[name], value) for name, value in have.items() if wanted[name] != value]


def ms(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _columns(conn: Any, table: str) -> list[str]:
    """Without those that are computed from others."""
    return [row[1] for row in conn.execute(f'PRAGMA table_info("{table}")') if row[1] not in _HERE_ALONE]


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: _plain(name, value) for name, value in row.items()}
    return plain | {"extra": _lasting(plain.get("extra"))}


def _plain(name: str, value: Any) -> Any:
    return json.loads(value) if name in _JSON and isinstance(value, str) else value


def _document(document: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    row = {name: _of_wire(document.get(name)) for name in columns}
    return row | {"extra": _lasting({name: value for name, value in document.items() if name not in columns})}


def _of_wire(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.endswith("Z") and value[10:11] == "T":
        return ms(datetime.fromisoformat(value))
    return value


def _lasting(extra: dict[str, Any] | None) -> dict[str, Any] | None:
    """What a row holds beyond this version, without what was added on the way alone (`replies.newer_fields`)."""
    return {name: value for name, value in (extra or {}).items() if name != "x_later"} or None
