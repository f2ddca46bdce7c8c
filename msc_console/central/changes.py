"""`GET /v1/changes`: pages of the feed for one person, without holes and whatever the size of a page.

A page never ends inside an op and holds each row once, as it is now. When a person's groups change, the cursor still
says which ones the laptop holds: what left is told at once, what entered is caught up from the feed's beginning.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, TextClause, text

from .. import clock
from ..domain.model import Person
from ..domain.rights import Sight
from ..sync.wire import Line
from . import delta, feed, sql
from .access import Reader
from .cursors import Cursor, CursorExpired, Desk
from .db import Central
from .delta import Ref

SPARE = 100
"""Rows read beyond a page for the end of its last op; a longer op costs a second statement."""

__all__ = ["CursorExpired", "Page", "page", "read"]


class Page(NamedTuple):
    """What one request gets. `cursor` is where the next begins; `seq` is the feed position it stands for."""

    lines: list[Line]
    seq: int
    cursor: str
    up_to_date: bool


class _Row(NamedTuple):
    seq: int
    entity: str
    id: str
    effect: str
    till: int
    group: str


def page(
    central: Central, person: Person, after_seq: int, limit: int, now: datetime | None = None
) -> tuple[list[Line], int]:
    """Lines of the person's groups after a feed position, and the position they reach."""
    with central.read() as conn:
        moment = now or clock.now()
        reader = Reader.of(person)
        news, seq = _window(conn, reader.groups, after_seq, feed.head(conn).seq, limit)
        return delta.lines(conn, reader, news, moment), seq


def read(
    central: Central,
    person: Person,
    cursor: str,
    limit: int,
    now: datetime | None = None,
    *,
    sight: Sight | None = None,
) -> Page:
    """The next page after `cursor` (empty = from the beginning). CursorExpired when the cursor is void.

    `sight` is narrower than that of the person's role. An empty page is always up to date: stretches of the feed that
    hold nothing for the reader are passed over.
    """
    with central.read() as conn:
        moment = now or clock.now()
        reader = Reader.of(person, sight)
        head = feed.head(conn)
        desk = Desk(conn, head.generation, person.id, reader.sight.name)
        place = desk.open(cursor, head.horizon) if cursor else Cursor(groups=reader.groups, born=head.seq)
        left = (place.groups | place.entering) - reader.groups
        out = _left(conn, reader, left, place.seq, moment) if left else []
        place = _scoped(place, reader)
        while True:
            news, place = _step(conn, place, reader, head.seq, limit)
            out += delta.lines(conn, reader, news, moment)
            up_to_date = not place.entering and place.seq >= head.seq
            if out or up_to_date:
                return Page(out, place.seq, desk.seal(place), up_to_date)


def at_head(conn: Connection, reader: Reader, place: Cursor, head: int) -> bool:
    """Whether a cursor stands at the end: the reader's groups are those of it, and nothing in them is newer."""
    if place.entering or place.groups != reader.groups:
        return False
    news, _ = _window(conn, place.groups, place.seq, head, 1)
    return not news


def _step(
    conn: Connection, place: Cursor, reader: Reader, head: int, limit: int
) -> tuple[dict[Ref, tuple[int, str]], Cursor]:
    """The next stretch: of the groups being caught up while there are any, of the feed itself after that."""
    if not place.entering:
        news, seq = _window(conn, place.groups, place.seq, head, limit)
        return news, replace(place, seq=seq)
    news, back = _window(conn, place.entering, place.back, place.seq, limit)
    if back >= place.seq:
        return news, Cursor(seq=place.seq, groups=reader.groups, born=place.born)
    return news, replace(place, back=back)


def _scoped(place: Cursor, reader: Reader) -> Cursor:
    """The cursor under the groups of now. Groups that are new to it begin from the feed's beginning."""
    held = place.groups & reader.groups
    entering = reader.groups - held
    if place.seq == 0:
        return Cursor(groups=reader.groups, born=place.born)
    back = place.back if entering == place.entering else 0
    return Cursor(seq=place.seq, groups=held, entering=entering, back=back, born=place.born)


def _left(conn: Connection, reader: Reader, left: frozenset[str], seq: int, now: datetime) -> list[Line]:
    """Leaves for all that the reader may hold by groups that are no longer theirs."""
    rows = conn.execute(_HELD, {"ids": sorted(left), "seq": seq}).all()
    refs = sorted({(str(entity), str(id)) for entity, id in rows})
    return [Line(t="leave", entity=entity, id=id, seq=seq) for entity, id in delta.gone(conn, reader, refs, now)]


_HELD = sql.listed(
    "SELECT entity, id FROM change_group "
    "WHERE group_id IN :ids AND coalesce(since, seq) <= :seq "
    "AND entity NOT IN ('entry', 'hop', 'conflict') GROUP BY entity, id"
)


def _window(
    conn: Connection, groups: frozenset[str], after: int, top: int, limit: int
) -> tuple[dict[Ref, tuple[int, str]], int]:
    """The newest (seq, effect) of each row in at least `limit` feed rows after a position, and where they end."""
    if not groups or after >= top:
        return {}, max(after, top)
    rows, whole = _rows(conn, groups, after, top, limit + SPARE)
    upper = rows[limit - 1].till if len(rows) > limit else top
    if whole < upper:
        rows, _ = _rows(conn, groups, after, upper, None)
    news: dict[Ref, tuple[int, str]] = {}
    for row in rows:
        if row.seq > upper:
            break
        news.pop((row.entity, row.id), None)
        news[row.entity, row.id] = (row.seq, row.effect)
    return news, upper


def _rows(conn: Connection, groups: frozenset[str], after: int, top: int, size: int | None) -> tuple[list[_Row], int]:
    """Feed rows of groups in (after, top], in feed order, at most `size` of each group; and up to which seq none is
    missing."""
    binds: dict[str, Any] = {"after": after, "top": top} | ({} if size is None else {"size": size})
    binds |= {f"g{place}": group for place, group in enumerate(sorted(groups))}
    found = [_Row(*row) for row in conn.execute(_reading(len(groups), size is not None), binds)]
    counted = Counter(row.group for row in found)
    full = [group for group, rows in counted.items() if rows == size]
    whole = min((max(row.seq for row in found if row.group == group) - 1 for group in full), default=top)
    return sorted(found), whole


@cache
def _reading(groups: int, limited: bool) -> TextClause:
    """One ordered range of the key per group: a list of groups would make the database sort all that is left."""
    tail = " LIMIT :size" if limited else ""
    parts = [
        "SELECT * FROM (SELECT seq, entity, id, effect, till, group_id FROM change_group "
        f"WHERE group_id = :g{place} AND seq > :after AND seq <= :top ORDER BY seq{tail}) AS p{place}"
        for place in range(groups)
    ]
    return text(" UNION ALL ".join(parts))
