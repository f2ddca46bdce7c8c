"""What this laptop holds of central, as digests; and what a difference comes down to, row by row.

Own acts have no part in it: of a row that they cover central's version counts, rows that they made are not counted.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from .. import clock, digest, records
from ..digest import Digest
from . import settings
from .feed import SET_UP
from .opening import Connection
from .rows import OWNING_TICKET, bind

AT_ONCE = 1_000
_VER = (
    "SELECT e.id, coalesce(b.ver, e.ver) AS ver FROM {entity} e"
    " LEFT JOIN base b ON b.entity = '{entity}' AND b.id = e.id AND b.away = 0"
)
_CLOSED = "iif(b.id IS NULL, {0}.closed_at, b.doc ->> 'closed_at')"
"""When central closed a ticket, whatever own acts make of it here."""
_TICKET = f" WHERE e.ver > 0 AND ifnull({_CLOSED.format('e')} >= ?, 1)"
_PART = (
    " WHERE e.ver > 0 AND NOT EXISTS (SELECT 1 FROM ticket t"
    " LEFT JOIN base b ON b.entity = 'ticket' AND b.id = t.id AND b.away = 0"
    f" WHERE t.id = e.ticket AND {_CLOSED.format('t')} IS NOT NULL)"
)


def sums(conn: Connection, cut: datetime) -> dict[str, Digest]:
    """Entity -> digest of central's rows here. `cut`: tickets closed before it are on their way out and don't count;
    nor does the timeline of closed tickets, which is here or not."""
    return {entity: digest.whole(_pairs(conn, entity, cut)) for entity in (*records.ENTITIES, *SET_UP)}


def buckets(conn: Connection, entity: str, cut: datetime) -> list[Digest]:
    """The digests of an entity's 256 buckets."""
    return digest.spread(_pairs(conn, entity, cut))


@dataclass(frozen=True, slots=True)
class Differences:
    """Ids by what is wrong with them here. `covered` are too many as well, but own acts on them are unsettled."""

    missing: frozenset[str]
    extra: frozenset[str]
    wrong: frozenset[str]
    covered: frozenset[str]


def differences(
    conn: Connection, entity: str, parts: Collection[int], theirs: Mapping[str, int], cut: datetime
) -> Differences:
    """How an entity's rows in some buckets differ from `theirs` (id -> version)."""
    wanted = set(parts)
    here = {id: ver for id, ver in _pairs(conn, entity, cut) if digest.bucket_of(id) in wanted}
    extra = here.keys() - theirs.keys()
    covered = _covered(conn, entity, extra) if extra else frozenset()
    return Differences(
        missing=frozenset(theirs.keys() - here.keys()),
        extra=frozenset(extra - covered),
        wrong=frozenset(id for id, ver in theirs.items() if here.get(id, ver) != ver),
        covered=covered,
    )


def outgrown(conn: Connection, cut: datetime) -> list[str]:
    """Tickets that central closed before `cut` and on which no own act is unsettled: `AT_ONCE` of them at most."""
    found = conn.execute(
        "SELECT t.id FROM ticket t LEFT JOIN base b ON b.entity = 'ticket' AND b.id = t.id AND b.away = 0"
        f" WHERE {_CLOSED.format('t')} < ? AND t.ver > 0 AND t.id NOT IN (SELECT target FROM outbox) LIMIT {AT_ONCE}",
        (clock.to_ms(cut),),
    )
    return [row[0] for row in found]


def doubt(conn: Connection, entity: str, ids: Collection[str]) -> None:
    """Let central's version of these rows replace what is here, even if it is lower."""
    conn.execute("INSERT OR IGNORE INTO stale (entity, id) SELECT ?, value FROM json_each(?)", (entity, bind(ids)))


def _pairs(conn: Connection, entity: str, cut: datetime) -> Iterator[tuple[str, int]]:
    if entity in SET_UP:
        if document := settings.set_up(conn, entity):
            yield entity, digest.version_of(document)
        return
    told = _VER.format(entity=entity)
    if entity == "ticket":
        found = conn.execute(told + _TICKET, (clock.to_ms(cut),))
    elif entity in OWNING_TICKET:
        found = conn.execute(told + _PART)
    else:
        found = conn.execute(told + " WHERE e.ver > 0")
    for row in found:
        yield row[0], int(row[1])


def _covered(conn: Connection, entity: str, ids: Collection[str]) -> frozenset[str]:
    """Those of the rows whose target has own acts that are not settled."""
    column = "ticket" if entity in OWNING_TICKET else "id"
    found = conn.execute(
        f"SELECT id FROM {entity} WHERE id IN (SELECT value FROM json_each(?))"
        f" AND {column} IN (SELECT target FROM outbox)",
        (bind(ids),),
    )
    return frozenset(row[0] for row in found)
