"""Central's news into the base: puts, leaves and the cursor behind them, in the caller's one transaction.

Delivery is state-based: a put carries the row as it is now and counts when its version isn't older than what is here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from .. import clock, records
from . import bulk, index, outbox, rows, settings
from .opening import Connection
from .rows import IN, bind

SET_UP = ("policy", "duty", "site")
"""Parts of the set-up that are synced whole and kept as documents (`settings.set_up`), not as rows."""
TARGETS = ("ticket", "contact")
"""Entities that acts are aimed at and that a title is kept of while acts on them are unsettled."""

SNAPSHOT = "snapshot"
"""Setting: the snapshot that is being taken, and its parts that are in (`intake`)."""
_OPEN_AGAIN = (  # whose timeline lies at central alone
    f"UPDATE thin SET wanted = 1 WHERE ticket {IN} AND EXISTS"
    " (SELECT 1 FROM ticket t WHERE t.id = thin.ticket AND t.closed_at IS NULL)"
)


class FeedLine(Protocol):
    """A line of the feed (`sync.wire.Line`): `put` with its document `d`, `leave` or `del`."""

    @property
    def t(self) -> str: ...
    @property
    def entity(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def seq(self) -> int: ...
    @property
    def d(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Position:
    """How far this laptop has read. `seq` is the highest feed position that a page has named."""

    cursor: str
    generation: str
    seq: int


@dataclass(slots=True)
class Applied:
    """What a page changed."""

    put: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Entity -> ids that came."""
    gone: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Entity -> ids that left."""
    targets: set[str] = field(default_factory=set)
    """Tickets and contacts that changed in any way, own acts that ended included."""
    to_fold: set[str] = field(default_factory=set)
    """Those of them that own acts cover."""


def position(conn: Connection) -> Position:
    """Where the next page begins."""
    row = conn.execute('SELECT cursor, generation, seq FROM "cursor"').fetchone()
    return Position(row[0], row[1], int(row[2]))


def reset(conn: Connection, generation: str) -> None:
    """Pull everything again under `generation`. Nothing is deleted: what doesn't come again goes when it is over.

    Under another generation central may have lost acts that it had confirmed, so those of the journal's 14 days are
    offered again; what central still knows it answers as duplicates.
    """
    before = position(conn).generation
    conn.execute("UPDATE \"cursor\" SET cursor = '', generation = ?, seq = 0", (generation,))
    drop_snapshot(conn)
    if before != generation:  # empty before the first reset, whatever central the acts were made under
        outbox.offer_again(conn)


def mark_stale(conn: Connection) -> None:
    """Everything here must come again before the next `up_to_date`, or goes."""
    for entity in records.ENTITIES:
        conn.execute(f"INSERT OR IGNORE INTO stale (entity, id) SELECT '{entity}', id FROM {entity} WHERE ver > 0")
    conn.execute("INSERT OR IGNORE INTO stale (entity, id) SELECT entity, id FROM base")


def take(
    conn: Connection, lines: Sequence[FeedLine], cursor: str, now: datetime, *, up_to_date: bool = False
) -> Applied:
    """Bring one page into the base. The caller folds `to_fold` and then calls `index_page`, in the same transaction."""
    applied = Applied()
    before = position(conn)
    if not before.cursor and settings.get(conn, SNAPSHOT) is not None:
        drop_snapshot(conn)  # pages from the beginning after all
    _bring(conn, lines, applied)
    if up_to_date:
        for row in conn.execute("SELECT entity, id FROM stale").fetchall():
            applied.gone[row[0]].add(row[1])
    for entity, ids in applied.gone.items():
        _leave(conn, entity, ids, applied)
    seq = max([before.seq, *(line.seq for line in lines)])
    ended = finish_acked(conn, None if up_to_date else seq, now)
    applied.targets |= ended
    applied.to_fold |= _covered(conn, applied.targets) | _naming(conn, applied) | _left_over(conn, ended)
    conn.execute('UPDATE "cursor" SET cursor = ?, seq = ?', (cursor, seq))
    return applied


def open_ends(conn: Connection, kept_since: datetime) -> bool:
    """Whether the feed's end would end something: awaited rows of own acts, rows to come again, a journal to prune."""
    found = conn.execute(
        "SELECT EXISTS (SELECT 1 FROM outbox WHERE state = 'acked') OR EXISTS (SELECT 1 FROM stale)"
        " OR EXISTS (SELECT 1 FROM journal WHERE done_at < ?)",
        (clock.to_ms(kept_since),),
    ).fetchone()
    return bool(found[0])


def take_rows(conn: Connection, lines: Sequence[FeedLine]) -> Applied:
    """Bring rows that stand beside the feed into the base: puts alone, and the cursor stays. The caller folds."""
    applied = Applied()
    _bring(conn, [line for line in lines if line.t == "put"], applied)
    applied.to_fold |= _covered(conn, applied.targets) | _naming(conn, applied)
    return applied


def drop_snapshot(conn: Connection) -> None:
    """Forget a snapshot that was not taken to its end: what came of it has to come again, or goes."""
    settings.drop(conn, SNAPSHOT)
    mark_stale(conn)


def _bring(conn: Connection, lines: Sequence[FeedLine], applied: Applied) -> None:
    puts: dict[str, dict[str, Any]] = defaultdict(dict)
    for line in lines:
        if line.t == "reset":
            mark_stale(conn)
        if line.entity in SET_UP and line.t == "put":
            _keep_set_up(conn, line)
            applied.put[line.entity].add(line.id)
        if line.entity not in records.ENTITIES:
            continue  # kept apart, or a newer central's entity
        if line.t == "put":
            puts[line.entity][line.id] = line.d
            applied.gone[line.entity].discard(line.id)
        elif line.t in ("leave", "del"):
            puts[line.entity].pop(line.id, None)
            applied.gone[line.entity].add(line.id)
    for entity, documents in puts.items():
        _put(conn, entity, documents, applied)
    if "ticket" in puts:
        conn.execute(_OPEN_AGAIN, (bind(puts["ticket"]),))


def _keep_set_up(conn: Connection, line: FeedLine) -> None:
    """Of a policy the newest version counts; the others are one document each."""
    held = settings.set_up(conn, line.entity)
    if line.entity != "policy" or line.d.get("version", 0) >= held.get("version", 0):
        settings.keep_set_up(conn, line.entity, line.d)


def _put(conn: Connection, entity: str, documents: dict[str, Any], applied: Applied) -> None:
    ids = bind(documents)
    stale, covered = set(), {}
    if _any(conn, "stale"):
        found = conn.execute(f"SELECT id FROM stale WHERE entity = ? AND id {IN}", (entity, ids))
        stale = {row[0] for row in found}
    if _any(conn, "base"):
        # Of what has left, only the title is here: it comes back in whatever version central holds by then.
        found = conn.execute(f"SELECT id, iif(away, 0, ver) FROM base WHERE entity = ? AND id {IN}", (entity, ids))
        covered = {row[0]: int(row[1]) for row in found}
    have = rows.versions(conn, entity, documents) | covered
    if have:
        documents = {
            id: document
            for id, document in documents.items()
            if int(document.get("ver", 0)) >= have.get(id, 0) or id in stale
        }
    for id in covered.keys() & documents.keys():
        row = records.wire_to_row(records.ENTITIES[entity], documents[id])
        conn.execute(
            "UPDATE base SET ver = ?, doc = ?, away = 0 WHERE entity = ? AND id = ?",
            (row["ver"], rows.document(entity, row), entity, id),
        )
    take = bulk.taker(entity)
    rows.put_values(conn, entity, [take(item) for id, item in documents.items() if id not in covered])
    applied.put[entity].update(documents)
    if entity in TARGETS:
        applied.targets.update(documents)
    elif entity in rows.OWNING_TICKET:
        applied.targets.update(document["ticket"] for document in documents.values())
    if stale:
        conn.execute(f"DELETE FROM stale WHERE entity = ? AND id {IN}", (entity, bind(stale)))


def _any(conn: Connection, table: str) -> bool:
    return conn.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None


def _leave(conn: Connection, entity: str, ids: Collection[str], applied: Applied) -> None:
    if not ids:
        return
    gone = bind(ids)
    conn.execute(f"DELETE FROM stale WHERE entity = ? AND id {IN}", (entity, gone))
    index.forget(conn, entity, ids)
    if entity in TARGETS:
        applied.targets |= set(ids)
        _keep_titles(conn, entity, ids)
    elif entity in rows.OWNING_TICKET:
        applied.targets |= {row[0] for row in conn.execute(f"SELECT ticket FROM {entity} WHERE id {IN}", (gone,))}
        conn.execute(f"DELETE FROM base WHERE entity = ? AND id {IN}", (entity, gone))
    if entity == "ticket":
        for part in rows.OWNING_TICKET:
            conn.execute(
                f"DELETE FROM stale WHERE entity = ? AND id IN (SELECT id FROM {part} WHERE ticket {IN})", (part, gone)
            )
            conn.execute(f"DELETE FROM {part} WHERE ticket {IN}", (gone,))
        conn.execute(f"DELETE FROM seen WHERE ticket {IN}", (gone,))
        conn.execute(f"DELETE FROM thin WHERE ticket {IN}", (gone,))
    conn.execute(f"DELETE FROM {entity} WHERE id {IN}", (gone,))


def _keep_titles(conn: Connection, entity: str, ids: Collection[str]) -> None:
    """What leaves while acts on it are unsettled stays as a title beside them, out of every list."""
    for id in ids:
        conn.execute("DELETE FROM base WHERE target = ? AND id <> ?", (id, id))
        if conn.execute("SELECT 1 FROM outbox WHERE target = ?", (id,)).fetchone() is None:
            conn.execute("DELETE FROM base WHERE entity = ? AND id = ?", (entity, id))
            continue
        row = rows.one(conn, entity, id)
        if row is not None:
            conn.execute(
                "INSERT INTO base (entity, id, target, ver, away, doc) VALUES (?1, ?2, ?2, ?3, 1, ?4)"
                " ON CONFLICT (entity, id) DO UPDATE SET away = 1",
                (entity, id, row["ver"], rows.document(entity, row)),
            )


def finish_acked(conn: Connection, seq: int | None, now: datetime) -> set[str]:
    """End the applied acts whose effects have been read: all up to `seq`, or all there are. Gives their targets."""
    done = conn.execute(
        "SELECT id, target FROM outbox WHERE state = 'acked' AND (?1 IS NULL OR acked_seq <= ?1)", (seq,)
    ).fetchall()
    if done:
        outbox.end(conn, [row[0] for row in done], outbox.OpState.DONE, now)
    return {row[1] for row in done}


def _covered(conn: Connection, targets: Iterable[str]) -> set[str]:
    """Which of the targets have own acts or a base kept apart."""
    ids = bind(targets)
    found = conn.execute(
        f"SELECT target FROM outbox WHERE target {IN} UNION SELECT target FROM base WHERE target {IN}", (ids, ids)
    )
    return {row[0] for row in found}


def _naming(conn: Connection, applied: Applied) -> set[str]:
    """Targets of own acts that name a customer who came: what these acts do was foreseen without them."""
    came = bind(applied.put.get("contact", set()) | applied.put.get("organisation", set()))
    if came == "[]" or not _any(conn, "outbox"):
        return set()
    found = conn.execute(
        f"SELECT o.target FROM outbox o LEFT JOIN ticket t ON t.id = o.target WHERE t.contact {IN}"
        f" OR o.args ->> 'contact' {IN} OR o.args ->> 'organisation' {IN}",
        (came, came, came),
    )
    return {row[0] for row in found}


def _left_over(conn: Connection, targets: Iterable[str]) -> set[str]:
    """Which of the targets still hold rows of an own act that is over: central's lie in another queue, so they go."""
    found = conn.execute(
        f"SELECT id FROM ticket WHERE id {IN} AND ver = 0 UNION SELECT id FROM contact WHERE id {IN} AND ver = 0"
        f" UNION SELECT ticket FROM entry WHERE ticket {IN} AND ver = 0"
        f" UNION SELECT ticket FROM hop WHERE ticket {IN} AND ver = 0"
        f" UNION SELECT ticket FROM conflict WHERE ticket {IN} AND ver = 0",
        (bind(targets),) * 5,
    )
    return {row[0] for row in found}


def index_page(conn: Connection, applied: Applied) -> None:
    """Bring the full-text indexes up to what a page changed."""
    index.refresh(conn, "ticket", applied.targets)
    index.refresh(conn, "contact", applied.put.get("contact", ()))
    index.refresh(conn, "article", applied.put.get("article", ()))
