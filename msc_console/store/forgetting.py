"""What central has erased is forgotten here too: acts whose words are gone by what the rows of a page say."""

from collections.abc import Iterable

from ..domain.terms import ConflictState
from . import outbox
from .feed import FeedLine
from .opening import Connection

NAMES = ("by", "owner_name", "author_name")
"""Keys of an answer's data that hold a person's name."""


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


def rename(conn: Connection, lines: Iterable[FeedLine]) -> None:
    """Before rows are taken in: names of persons that change in central's answers to own acts."""
    for line in lines:
        if line.entity == "person" and line.t == "put":
            _rename(conn, line.id, str(line.d.get("name", "")))


def _rename(conn: Connection, person: str, name: str) -> None:
    """Whose name has changed (an erased one's to a pseudonym) bears the new one in answers to own acts, too."""
    held = conn.execute("SELECT name FROM person WHERE id = ?", (person,)).fetchone()
    if held is None or held[0] == name or not name:
        return
    for key in NAMES:
        place = f"$.data.{key}"
        conn.execute(
            "UPDATE outbox SET result = json_set(result, ?, ?) WHERE json_extract(result, ?) = ?",
            (place, name, place, held[0]),
        )


def _wordless(line: FeedLine) -> bool:
    return line.d.get("state") == ConflictState.ERASED or bool((line.d.get("data") or {}).get("erased"))
