"""The full-text indexes, kept in step by one statement for each batch (row triggers cost three times as much).

They hold no text of their own: a row is known by the row id of its ticket, article or contact, and is taken out
before that row goes.
"""

from collections.abc import Collection, Mapping

from . import settings
from .opening import Connection
from .rows import IN, bind

_FILL = {
    "ticket": """
        INSERT INTO search_ticket (rowid, label, subject, customer, body)
        SELECT t.n, iif(t.number IS NULL, '', printf('MSC-%06d %d ', t.number, t.number)) || ifnull(t.alias, ''),
               t.subject, t.contact_name || ' ' || t.organisation_name,
               ifnull((SELECT group_concat(e.body, char(10)) FROM entry e WHERE e.ticket = t.id AND e.body <> ''), '')
        FROM ticket t WHERE """,
    "article": """
        INSERT INTO search_article (rowid, code, title, body)
        SELECT t.n, t.code, t.title, t.body FROM article t WHERE """,
    "contact": """
        INSERT INTO search_contact (rowid, name, organisation, address)
        SELECT t.n, t.name, t.organisation_name,
               (SELECT ifnull(group_concat(json_extract(a.value, '$.value'), ' '), '') FROM json_each(t.addresses) a)
        FROM contact t WHERE """,
}
INDEXED = tuple(_FILL)

BEHIND = "index_behind"
"""Setting: entity -> row id below which rows may not be indexed yet. What a first pull brings is indexed after it."""
LATER = ("ticket", "contact")
CHUNK = 2_000
"""Rows that are indexed in one transaction."""
_TOP = (1 << 63) - 1


def forget(conn: Connection, entity: str, ids: Collection[str]) -> None:
    """Take rows out of the index. Must come before the rows themselves go."""
    if ids and entity in _FILL:
        sql = f"DELETE FROM search_{entity} WHERE rowid IN (SELECT n FROM {entity} WHERE id {IN})"
        conn.execute(sql, (bind(ids),))


def sweep(conn: Connection, entity: str) -> None:
    """Take out what no row stands behind any more: by a fault of the program, rows went behind the index's back."""
    if entity in _FILL:
        ghosts = f"SELECT id FROM search_{entity}_docsize WHERE id NOT IN (SELECT n FROM {entity})"
        conn.execute(f"DELETE FROM search_{entity} WHERE rowid IN ({ghosts})")


def refresh(conn: Connection, entity: str, ids: Collection[str]) -> None:
    """Index rows as they are now."""
    if ids and entity in _FILL:
        forget(conn, entity, ids)
        conn.execute(f"{_FILL[entity]} t.id {IN}", (bind(ids),))


def leave_for_later(conn: Connection, touched: Mapping[str, Collection[str]]) -> None:
    """Rows of `LATER` have come in bulk (entity -> ids): `catch_up` indexes them as they are then."""
    behind: dict[str, int] = settings.get(conn, BEHIND, {})
    news = {entity: _TOP for entity in LATER if touched.get(entity)}
    for entity in news:
        if conn.execute(f"SELECT 1 FROM search_{entity}_docsize LIMIT 1").fetchone() is not None:
            forget(conn, entity, touched[entity])
    if behind | news != behind:
        settings.put(conn, BEHIND, behind | news)


def complete(conn: Connection) -> bool:
    """Whether a search finds everything that is here."""
    return not settings.get(conn, BEHIND)


def catch_up(conn: Connection, rows: int = CHUNK) -> bool:
    """Index some rows more, the newest first; whether any are left."""
    behind: dict[str, int] = settings.get(conn, BEHIND, {})
    for entity in [entity for entity in LATER if entity in behind]:
        sql = f"SELECT n FROM {entity} WHERE n < ? ORDER BY n DESC LIMIT ?"
        found = [int(row[0]) for row in conn.execute(sql, (behind[entity], rows))]
        if found:
            missing = f"t.n BETWEEN ? AND ? AND t.n NOT IN (SELECT id FROM search_{entity}_docsize)"
            conn.execute(f"{_FILL[entity]} {missing}", (found[-1], found[0]))
            behind[entity] = found[-1]
            break
        del behind[entity]
    settings.put(conn, BEHIND, behind)
    return bool(behind)
