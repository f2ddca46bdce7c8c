"""Search in what is on this laptop. What a person types is words, never query syntax."""

import unicodedata
from typing import TYPE_CHECKING, cast

from ..domain.rows import QueueRow
from . import index, queues, rows
from .opening import Connection

if TYPE_CHECKING:
    from ..domain.model import Article, Contact

TERMS_MAX = 12
TERM_LETTERS_MAX = 64


def query(text: str) -> str | None:
    """`text` as an FTS5 query: every word must be there, the last one may go on. None when it holds no word."""
    plain = "".join(" " if letter == '"' or unicodedata.category(letter)[0] == "C" else letter for letter in text)
    words = [word[:TERM_LETTERS_MAX] for word in plain.split() if any(map(str.isalnum, word))][:TERMS_MAX]
    if not words:
        return None
    return " ".join(f'"{word}"' for word in words) + "*"


def complete(conn: Connection) -> bool:
    """Whether a search finds everything that is here; after a first pull the index is built behind it."""
    return index.complete(conn)


def tickets(conn: Connection, text: str, me: str, limit: int = 50) -> list[QueueRow]:
    """Tickets of any state whose subject, customer or timeline holds the words, the newest first."""
    ids = _ids(conn, "ticket", text, "search_ticket.rowid DESC", limit)
    return queues.by_ids(conn, ids, me)


def articles(conn: Connection, text: str, limit: int = 20) -> "list[Article]":
    """Articles that hold the words, the best first; a hit in the title counts most."""
    from ..domain.model import Article

    return _in_order(conn, Article, "article", text, "bm25(search_article, 8.0, 4.0, 1.0)", limit)


def suggestions(conn: Connection, text: str, service: str | None, limit: int) -> "list[Article]":
    """Articles that hold any of the words, the best first; where a service is given, its own and those of none."""
    from ..domain.model import Article

    wanted = query(text)
    if wanted is None:
        return []
    found = conn.execute(
        "SELECT article.id FROM search_article CROSS JOIN article ON article.n = search_article.rowid"
        " WHERE search_article MATCH ?1 AND (?2 IS NULL OR article.service IS NULL OR article.service = ?2)"
        " ORDER BY bm25(search_article, 8.0, 4.0, 1.0), article.id LIMIT ?3",
        (wanted.replace('" "', '" OR "'), service, limit),
    )
    return _by_ids(conn, Article, "article", [row[0] for row in found])


def contacts(conn: Connection, text: str, limit: int = 20) -> "list[Contact]":
    """Contacts by name, organisation or address, by name."""
    from ..domain.model import Contact

    return _in_order(conn, Contact, "contact", text, "contact.name COLLATE NOCASE, contact.id", limit)


def _ids(conn: Connection, entity: str, text: str, order: str, limit: int) -> list[str]:
    wanted = query(text)
    if wanted is None:
        return []
    found = conn.execute(
        f"SELECT {entity}.id FROM search_{entity} CROSS JOIN {entity} ON {entity}.n = search_{entity}.rowid"
        f" WHERE search_{entity} MATCH ? ORDER BY {order} LIMIT ?",
        (wanted, limit),
    )
    return [row[0] for row in found]


def _in_order(conn: Connection, kind: type[rows.T], entity: str, text: str, order: str, limit: int) -> list[rows.T]:
    return _by_ids(conn, kind, entity, _ids(conn, entity, text, order, limit))


def _by_ids(conn: Connection, kind: type[rows.T], entity: str, ids: list[str]) -> list[rows.T]:
    values = rows.values(conn, kind, entity, f"id {rows.IN}", (rows.bind(ids),))
    by_id = {cast(str, getattr(value, "id", "")): value for value in values}
    return [by_id[id] for id in ids]
