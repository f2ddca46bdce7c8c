"""The promises of the conversation, by the names that the specification gives them (P1 to P20), as checks."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from msc_console import records
from msc_console.store.opening import Cache, Connection
from msc_console.sync.wire import PUSH_BYTES

from . import oracle
from .laptop import Laptop
from .office import Office


class Violation(AssertionError):
    """A promise that did not hold."""

    def __init__(self, promise: str, what: str) -> None:
        super().__init__(f"{promise}: {what}")
        self.promise = promise


def demand(held: bool, promise: str, what: str) -> None:
    """Violation unless it held."""
    if not held:
        raise Violation(promise, what)


@dataclass
class _Seen:
    """What was seen of one copy of a laptop's cache."""

    ops: set[str] = field(default_factory=set)
    sealed: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(op, device, incarnation) -> envelope."""
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    generation: str = ""
    resets: int = 0


class Memory:
    """What the checks have to remember between steps."""

    def __init__(self) -> None:
        self.of: dict[str, _Seen] = {}
        self.shared: set[str] = set()
        """Ops that more than one copy of a laptop holds: what one of them does with it the others can't know."""

    def seen(self, name: str) -> _Seen:
        return self.of.setdefault(name, _Seen())

    def copied(self, old: str, new: str) -> None:
        """The files of `old` are those of `new` too."""
        seen = self.seen(old)
        self.shared |= seen.ops
        self.of[new] = _Seen(set(seen.ops), dict(seen.sealed), dict(seen.versions), seen.generation, seen.resets)

    def lost(self, name: str) -> None:
        """The laptop is gone with all it held."""
        self.of[name] = _Seen()

    def central_restored(self) -> None:
        """Central may give versions again that it gave before."""
        for seen in self.of.values():
            seen.versions.clear()


# -- after each step


def after_each_step(laptop: Laptop, memory: Memory) -> None:
    """P1, P5, P6, P15 of one laptop as it stands."""
    seen = memory.seen(laptop.name)
    with laptop.cache.read() as conn:
        _conservation(conn, laptop.name, seen)
        _envelopes(conn, laptop.name, seen)
        _versions(conn, laptop.name, seen)
    folded_again(laptop)


def _conservation(conn: Connection, name: str, seen: _Seen) -> None:
    waiting = [row[0] for row in conn.execute("SELECT id FROM outbox").fetchall()]
    over = [row[0] for row in conn.execute("SELECT id FROM journal").fetchall()]
    there = Counter(waiting + over)
    demand(max(there.values(), default=0) <= 1, "P1", f"{name}: an op stands twice: {there.most_common(1)}")
    lost = seen.ops - there.keys()
    demand(not lost, "P1", f"{name}: ops are absent: {sorted(lost)}")
    seen.ops |= there.keys()


def _envelopes(conn: Connection, name: str, seen: _Seen) -> None:
    """A sealed op is never changed (P-047), and nothing that happens to the cursor touches it."""
    rows = conn.execute(
        "SELECT id, inc, envelope FROM outbox WHERE envelope IS NOT NULL"
        " UNION ALL SELECT id, inc, envelope FROM journal WHERE envelope IS NOT NULL"
    ).fetchall()
    for op, inc, envelope in rows:
        key = (op, json.loads(envelope)["device"], inc)
        demand(seen.sealed.setdefault(key, envelope) == envelope, "P15", f"{name}: a sealed op changed: {op}")


def _versions(conn: Connection, name: str, seen: _Seen) -> None:
    cursor, generation = conn.execute('SELECT cursor, generation FROM "cursor"').fetchone()
    if generation != seen.generation or not cursor:
        seen.versions.clear()
        seen.generation = generation
    again = {(row[0], row[1]) for row in conn.execute("SELECT entity, id FROM stale").fetchall()}
    now = _versions_of(conn)
    for key, ver in seen.versions.items():
        if key in now:
            demand(now[key] >= ver, "P6", f"{name}: {key} went from version {ver} to {now[key]}")
    seen.versions = {key: ver for key, ver in now.items() if key not in again}


def _versions_of(conn: Connection) -> dict[oracle.Key, int]:
    """The versions of what central sent: rows of the view that no act covers, and rows kept apart."""
    found: dict[oracle.Key, int] = {}
    for entity in oracle.ENTITIES:
        found |= {(entity, row[0]): row[1] for row in conn.execute(f'SELECT id, ver FROM "{entity}" WHERE ver > 0')}
    for entity, id, ver, away in conn.execute("SELECT entity, id, ver, away FROM base").fetchall():
        found.pop((entity, id), None)
        if not away:
            found[entity, id] = ver
    return found


def folded_again(laptop: Laptop) -> None:
    """P5: the view is base and pending acts, so folding once more changes nothing."""

    class Undo(Exception):
        pass

    replica = laptop.desk.replica
    try:
        with laptop.seen(), Cache.write(laptop.cache) as conn:
            targets = conn.execute("SELECT target FROM outbox UNION SELECT target FROM base").fetchall()
            before = _view(conn) if targets else {}
            for (target,) in targets:
                replica.refold(conn, target)
            after = _view(conn) if targets else {}
            raise Undo
    except Undo:
        pass
    if before != after:
        wrong = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        raise Violation("P5", f"{laptop.name}: {[(key, before.get(key), after.get(key)) for key in wrong[:2]]}")


def _view(conn: Connection) -> dict[tuple[str, str], Any]:
    """Every row as it stands, whatever row id it was given."""
    found: dict[tuple[str, str], Any] = {}
    for entity in records.ENTITIES:
        for row in conn.execute(f'SELECT * FROM "{entity}"').fetchall():
            found[entity, row["id"]] = {**row, "n": None}
    for row in conn.execute("SELECT entity, id, ver, away, doc FROM base").fetchall():
        found[f"base {row[0]}", row[1]] = tuple(row)[2:]
    for row in conn.execute("SELECT id, claim FROM outbox").fetchall():
        found["claim", row[0]] = row[1]
    return found


def poison_alone(office: Office) -> None:
    """P19: each push is within its bounds, and each of its ops gets an answer of its own: the one that central trips
    over takes no other with it."""
    for pushed in office.pushed:
        demand(pushed.octets <= PUSH_BYTES, "P19", f"a push of {pushed.octets} bytes")
        demand(len(pushed.ops) <= pushed.most, "P19", f"a push of {len(pushed.ops)} ops where {pushed.most} may come")
        demand([op for op, _ in pushed.answers] == pushed.ops, "P19", "ops without an answer of their own")
        spread = [op for op, reason in pushed.answers if reason == "op_quarantined" and op not in pushed.poison]
        demand(not spread, "P19", f"quarantined beside a poisonous op: {spread}")
    office.pushed.clear()


def feed_is_dense(office: Office) -> None:
    """P3: the feed has no hole behind the last compaction."""
    with office.central.read() as conn:
        count = conn.execute(
            text("SELECT count(*) FROM change WHERE seq > :spent"), {"spent": office.spent}
        ).scalar_one()
        high = conn.execute(text("SELECT max(seq) FROM change")).scalar_one()
        top = conn.execute(text("SELECT seq FROM feed_head WHERE id = 1")).scalar_one()
    held = count == top - office.spent and (high == top or top == office.spent)
    demand(held, "P3", f"{count} rows after {office.spent} up to {high}, head {top}")


# -- at rest


def head(office: Office) -> tuple[str, int]:
    """Generation and position of the feed."""
    with office.central.read() as conn:
        row = conn.execute(text("SELECT generation, seq FROM feed_head WHERE id = 1")).one()
        return str(row[0]), int(row[1])


def nothing_waits(laptop: Laptop) -> bool:
    """Nothing is under way: what is open waits behind an act that needs a person."""
    rows = laptop.rows("SELECT id, target, state, deps, basis FROM outbox ORDER BY n")
    stuck: set[str] = set()
    for id, target, state, deps, basis in rows:
        on = {*json.loads(deps), json.loads(basis).get("claim"), target}
        if state == "attention":
            stuck |= {id, target}
        elif state == "open" and on & stuck:
            stuck.add(id)
        else:
            return False
    return True


def starves(laptop: Laptop) -> bool:
    """P19: something waits in vain while a refused act of another ticket stands before it."""
    return not nothing_waits(laptop) and bool(laptop.rows("SELECT 1 FROM outbox WHERE state = 'attention'"))


def standing(laptops: Iterable[Laptop]) -> str:
    """What everybody waits for, in words for a report."""
    return "; ".join(
        f"{laptop.name} {laptop.engine.phase} {laptop.engine.problem[0]} quiet={laptop.engine.quiet} "
        + str(laptop.rows("SELECT kind, state, count(*), min(result) FROM outbox GROUP BY 1, 2") and [
            tuple(row) for row in laptop.rows("SELECT kind, state, count(*), min(result) FROM outbox GROUP BY 1, 2")
        ])
        for laptop in laptops
    )  # fmt: skip
