"""What the site keeps for so long and no longer: persons whose tickets have been over for the time that it says.

Central's tick erases them as `privacy` does, an hour between two looks, a few at a time; the audit trail has each.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from .. import clock
from . import privacy, sql
from .db import Central
from .problems import ProblemError

EVERY = timedelta(hours=1)
AT_ONCE = 50
"""Most persons of one look; when there are more, the next tick goes on."""
DAYS = "site_retention_contacts"
"""Key of the site's word: days, 0 = for ever."""

_OVER = sql.listed(
    "SELECT c.id FROM contact c WHERE c.erased_at IS NULL AND c.created_at < :before AND NOT EXISTS (SELECT 1 FROM "
    "ticket t WHERE t.contact = c.id AND (t.state NOT IN :ids OR t.updated_at >= :before)) ORDER BY c.id LIMIT :most"
)


def sweep(central: Central, now: datetime) -> int:
    """Erases whoever is due; how many."""
    if now < central.memory.get("retention_due", now):
        return 0
    with central.read() as conn:
        due = _due(conn, now)
    for id in due:
        try:
            privacy.erase(central, id, "system", now)
        except ProblemError:  # a ticket of theirs has been made or opened meanwhile
            continue
    if len(due) < AT_ONCE:
        central.memory["retention_due"] = now + EVERY
    return len(due)


def _due(conn: Connection, now: datetime) -> list[str]:
    days = int(sql.meta(conn, DAYS) or 0)
    if not days:
        return []
    before = clock.to_ms(now - timedelta(days=days))
    told = {"before": before, "ids": sorted(map(str, privacy.ENDED)), "most": AT_ONCE}
    return list(conn.execute(_OVER, told).scalars())
