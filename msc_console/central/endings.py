"""That sessions have ended, for every process that serves: polls and streams under way look whether theirs has.

Whatever ends sessions, tokens or devices notes it in its own transaction. The mark of the last one is read together
with the feed's head, so no route and no command line has to know who waits where.
"""

from sqlalchemy import Connection, text
from uuid_utils import uuid7

from . import sql

PENDING = "msc_ended"
"""Option of a writing connection (`db.Central.write`): holds something when its transaction ended a session."""

_KEY = "sessions_ended"
_MARK = text(
    'INSERT INTO meta ("key", value) VALUES (:key, :mark) ON CONFLICT ("key") DO UPDATE SET value = excluded.value'
)


def note(conn: Connection) -> None:
    """Says that this transaction ends sessions, tokens or devices."""
    conn.get_execution_options()[PENDING].append(True)


def close(conn: Connection) -> None:
    """Near the end of a transaction, since everybody who ends something waits for this row."""
    noted = conn.get_execution_options()[PENDING]
    if noted:
        conn.execute(_MARK, {"key": _KEY, "mark": str(uuid7())})
        noted.clear()


def mark(conn: Connection) -> str:
    """A word that is another one after each transaction that ended something."""
    return sql.meta(conn, _KEY)
