"""What a laptop must hold, by plain SQL over central: written apart from the product's own way of telling changes."""

from typing import Any

from sqlalchemy import Connection, text

from msc_console import clock, records
from msc_console.domain.terms import Role

Rows = dict[tuple[str, str], dict[str, Any]]
"""(entity, id) -> document."""

FRONT = {Role.AGENT, Role.AGENT_B2B, Role.EOS, Role.SUPERVISOR, Role.MANAGER, Role.QA}
OF_TICKETS = tuple(entity for entity, kind in records.ENTITIES.items() if "ticket" in kind.__dataclass_fields__)
"""What comes and goes with its ticket."""
DAYS_90 = 90 * 24 * 3600 * 1000

_TICKETS = """
SELECT t.* FROM ticket t
WHERE (t.closed_at IS NULL OR t.closed_at >= :since) AND (
    t.owner = :person
    OR EXISTS (SELECT 1 FROM person p WHERE p.id = :person AND p.queues LIKE '%"' || t.queue || '"%')
    OR EXISTS (SELECT 1 FROM hop h JOIN person p ON p.id = :person
               WHERE h.ticket = t.id AND h.state <> 'returned' AND p.role = 'resolver' AND p.tier = h.tier))
"""


def scope_of(conn: Connection, person: str, now_ms: int) -> Rows:
    """The rows of a person's scope as central holds them."""
    me = conn.execute(text("SELECT role, active FROM person WHERE id = :p"), {"p": person}).one()
    if not me.active:
        return {}
    found: Rows = {}
    for row in conn.execute(text(_TICKETS), {"person": person, "since": now_ms - DAYS_90}).mappings():
        _keep(found, "ticket", row)
    tickets = {id for _, id in found}
    for entity in OF_TICKETS:
        for row in conn.execute(text(f"SELECT * FROM {entity}")).mappings():
            if row["ticket"] in tickets:
                _keep(found, entity, row)
    everywhere = ["person", "queue", "service", "article"]
    for entity in everywhere + (["contact", "organisation"] if me.role in FRONT else []):
        for row in conn.execute(text(f'SELECT * FROM "{entity}"')).mappings():
            _keep(found, entity, row)
    return found


def _keep(found: Rows, entity: str, row: Any) -> None:
    found[entity, row["id"]] = records.row_to_wire(records.ENTITIES[entity], row)


def when(chance_now: Any) -> int:
    """Milliseconds of a moment."""
    return clock.to_ms(chance_now)
