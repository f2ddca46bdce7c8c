"""The full-text indexes, kept in step by one statement for each batch (row triggers cost three times as much).

They hold no text of their own: a row is known by the row id of its ticket, article or contact, and is taken out
before that row goes.
"""

from collections.abc import Collection

from .opening import Connection
from .rows import IN, bind

_FILL = {
    "ticket": """
        INSERT INTO search_ticket (rowid, label, subject, customer, body)
        SELECT t.n, iif(t.number IS NULL, '', printf('MSC-%06d %d ', t.number, t.number)) || ifnull(t.alias, ''),
               t.subject, t.contact_name || ' ' || t.organisation_name,
               ifnull((SELECT group_concat(e.body, char(10)) FROM entry e WHERE e.ticket = t.id AND e.body <> ''), '')
        FROM ticket t WHERE t.id """,
    "article": """
        INSERT INTO search_article (rowid, code, title, body)
        SELECT n, code, title, body FROM article WHERE id """,
    "contact": """
        INSERT INTO search_contact (rowid, name, organisation, address)
        SELECT n, name, organisation_name,
               (SELECT ifnull(group_concat(json_extract(a.value, '$.value'), ' '), '') FROM json_each(addresses) a)
        FROM contact WHERE id """,
}
INDEXED = tuple(_FILL)


def forget(conn: Connection, entity: str, ids: Collection[str]) -> None:
    """Take rows out of the index. Must come before the rows themselves go."""
    if ids and entity in _FILL:
        sql = f"DELETE FROM search_{entity} WHERE rowid IN (SELECT n FROM {entity} WHERE id {IN})"
        conn.execute(sql, (bind(ids),))


def refresh(conn: Connection, entity: str, ids: Collection[str]) -> None:
    """Index rows as they are now."""
    if ids and entity in _FILL:
        forget(conn, entity, ids)
        conn.execute(_FILL[entity] + IN, (bind(ids),))
