"""What central has erased is forgotten here too: acts whose words are gone by what the rows of a page say."""

from collections.abc import Iterable

from ..domain.terms import ConflictState
from . import outbox
from .feed import FeedLine
from .opening import Connection


def heed(conn: Connection, lines: Iterable[FeedLine]) -> None:
    """Takes the words of erased acts, and of those about erased persons, from outbox and journal."""
    puts = [line for line in lines if line.t == "put"]
    acts = [line.id for line in puts if line.entity in ("conflict", "entry") and _wordless(line)]
    nobody = [line.id for line in puts if line.entity == "contact" and line.d.get("erased_at")]
    for contact in nobody:
        found = conn.execute(
            "SELECT id FROM outbox WHERE target = ? UNION SELECT id FROM journal WHERE target = ?", (contact, contact)
        )
        acts += [row[0] for row in found]
    outbox.erase(conn, acts)


def _wordless(line: FeedLine) -> bool:
    return line.d.get("state") == ConflictState.ERASED or bool((line.d.get("data") or {}).get("erased"))
