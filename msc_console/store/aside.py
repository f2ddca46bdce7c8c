"""Own acts that central has put aside: refused, and yet their answer may still change (protocol, P-079)."""

from .opening import Connection

WHERE = "state = 'attention' AND 'quarantined' IN (result ->> '$.result', result ->> '$.data.result')"
"""Which of the outbox they are, also where central said it as a duplicate."""


def ids(conn: Connection) -> list[str]:
    """In the order in which they were made."""
    return [row[0] for row in conn.execute(f"SELECT id FROM outbox WHERE {WHERE} ORDER BY n")]
