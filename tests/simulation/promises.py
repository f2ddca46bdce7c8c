"""The promises of the conversation, by the names that the specification gives them (P1 to P20), as checks."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from msc_console import records
from msc_console.central import changes
from msc_console.domain.model import Person
from msc_console.store.opening import Cache, Connection
from msc_console.sync.wire import Line

from . import oracle
from .laptop import Laptop
from .office import Office

ACCEPTED = ("applied", "merged")
COMMUTING = ("entry.note", "entry.call", "entry.time", "escalation.ack", "contact.create", "system.deliver")
FENCED = frozenset({
    "ticket.release", "ticket.set", "ticket.hold", "ticket.resume", "ticket.resolve", "ticket.close", "ticket.cancel",
    "entry.reply",
})  # fmt: skip
"""Kinds that nobody may do under an epoch that is over, whatever their role."""
REQUESTS = 40
"""Requests of one laptop at the end, for each round of the bound, beyond which it talks for nothing."""


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
    now = {key: int(document["ver"]) for key, document in base_of(conn).items()}
    for key, ver in seen.versions.items():
        if key in now:
            demand(now[key] >= ver, "P6", f"{name}: {key} went from version {ver} to {now[key]}")
    seen.versions = {key: ver for key, ver in now.items() if key not in again}


def base_of(conn: Connection) -> oracle.Rows:
    """What central sent: rows of the view that no act covers, and the rows kept apart."""
    found: oracle.Rows = {}
    for entity, kind in records.ENTITIES.items():
        for row in conn.execute(f'SELECT * FROM "{entity}" WHERE ver > 0').fetchall():
            found[entity, row["id"]] = records.row_to_wire(kind, row)
    for entity, id, away, document in conn.execute("SELECT entity, id, away, doc FROM base").fetchall():
        if away:
            found.pop((entity, id), None)
        else:
            found[entity, id] = json.loads(document)
    return found


def folded_again(laptop: Laptop) -> None:
    """P5: the view is base and pending acts, so folding once more changes nothing."""

    class Undo(Exception):
        pass

    replica = laptop.desk.replica
    try:
        with laptop.seen(), Cache.write(laptop.cache) as conn:
            before = _view(conn)
            targets = conn.execute("SELECT target FROM outbox UNION SELECT target FROM base").fetchall()
            for (target,) in targets:
                replica.refold(conn, target)
            after = _view(conn)
            raise Undo
    except Undo:
        pass
    if before != after:
        wrong = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        raise Violation("P5", f"{laptop.name}: {[(key, before.get(key), after.get(key)) for key in wrong[:2]]}")


def _view(conn: Connection) -> dict[tuple[str, str], Any]:
    found: dict[tuple[str, str], Any] = {}
    for entity, kind in records.ENTITIES.items():
        for row in conn.execute(f'SELECT * FROM "{entity}"').fetchall():
            found[entity, row["id"]] = records.row_to_wire(kind, row)
    for row in conn.execute("SELECT entity, id, ver, away, doc FROM base").fetchall():
        found[f"base {row[0]}", row[1]] = tuple(row)[2:]
    for row in conn.execute("SELECT id, claim FROM outbox").fetchall():
        found["claim", row[0]] = row[1]
    return found


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


def standing(laptops: Iterable[Laptop]) -> str:
    """What everybody waits for, in words for a report."""
    return "; ".join(
        f"{laptop.name} {laptop.engine.phase} {laptop.engine.problem[0]} quiet={laptop.engine.quiet} "
        + str(laptop.rows("SELECT kind, state, count(*), min(result) FROM outbox GROUP BY 1, 2") and [
            tuple(row) for row in laptop.rows("SELECT kind, state, count(*), min(result) FROM outbox GROUP BY 1, 2")
        ])
        for laptop in laptops
    )  # fmt: skip


def at_rest(office: Office, laptops: list[Laptop], memory: Memory, requests: int) -> None:
    """Everything that must be so once faults have stopped and everybody has talked."""
    demand(requests <= REQUESTS * len(laptops), "P16", f"{requests} requests to come to rest")
    feed_is_dense(office)
    for laptop in laptops:
        after_each_step(laptop, memory)
        same_as_central(office, laptop)
        own_acts(office, laptop, memory.shared)
    pages_cut_anywhere(office, laptops)
    effects_once(office)
    nothing_overwritten(office)


def same_as_central(office: Office, laptop: Laptop) -> None:
    """P4, P8: the cache is what plain SQL finds in central for this person, no more and no less."""
    with office.central.read() as conn:
        wanted = oracle.scope_of(conn, laptop.secrets.person, oracle.when(office.chance.now()))
    with laptop.cache.read() as conn:
        have = {key: _known(document) for key, document in base_of(conn).items()}
        local = {("ticket", row[0], row[0]) for row in conn.execute("SELECT id FROM ticket WHERE ver = 0")}
        for entity in oracle.OF_TICKETS:
            local |= {(entity, r[0], r[1]) for r in conn.execute(f"SELECT id, ticket FROM {entity} WHERE ver = 0")}
        made = {r[0] for r in conn.execute("SELECT target FROM outbox WHERE state IN ('open', 'sealed', 'acked')")}
        ghosts = conn.execute(
            "SELECT count(*) FROM search_ticket WHERE rowid NOT IN (SELECT n FROM ticket)"
        ).fetchone()[0]
        blind = conn.execute("SELECT count(*) FROM ticket WHERE n NOT IN (SELECT rowid FROM search_ticket)").fetchone()[
            0
        ]
    missing, beyond = wanted.keys() - have.keys(), have.keys() - wanted.keys()
    demand(not missing, "P4", f"{laptop.name} misses {sorted(missing)[:3]}")
    demand(not beyond, "P8", f"{laptop.name} holds {sorted(beyond)[:3]} outside the scope")
    for key, document in wanted.items():
        if document != have[key]:
            fields = sorted(n for n in document.keys() | have[key].keys() if document.get(n) != have[key].get(n))
            told = [(n, document.get(n), have[key].get(n)) for n in fields]
            raise Violation("P4", f"{laptop.name} has another {key}: (field, central, here) {told}")
    demand(all(ticket in made for _, _, ticket in local), "P4", f"{laptop.name}: rows of nobody's act: {sorted(local)}")
    demand(ghosts == 0, "P8", f"{laptop.name}: {ghosts} search hits without a ticket")
    demand(blind == 0, "P4", f"{laptop.name}: {blind} tickets that search does not find")


def _known(document: dict[str, Any]) -> dict[str, Any]:
    """Without what only a later version knows."""
    return {name: value for name, value in document.items() if name != "x_later"}


def own_acts(office: Office, laptop: Laptop, shared: set[str]) -> None:
    """P1, P13, P14: what the laptop believes of its acts is what central did with them."""
    with office.central.read() as conn:
        codes = {row[0]: row[1] for row in conn.execute(text("SELECT op_id, code FROM op"))}
    for op, state in laptop.rows("SELECT id, state FROM journal"):
        if state == "done":
            demand(codes.get(op) in ACCEPTED, "P1", f"{laptop.name}: {op} is done here, {codes.get(op)} at central")
        if state == "withdrawn" and op not in shared:
            demand(
                codes.get(op) not in ACCEPTED,
                "P1",
                f"{laptop.name}: {op} was withdrawn and is {codes.get(op)} at central",
            )
    for op, state, result in laptop.rows("SELECT id, state, result FROM outbox"):
        if state == "attention" and not (op in shared and json.loads(result)["reason"] == "op_id_reused"):
            code = codes.get(op)
            known = code is not None or bool(office.kept)
            demand(known and code not in ACCEPTED, "P1", f"{laptop.name}: {op} waits in vain: {code}")


def pages_cut_anywhere(office: Office, laptops: list[Laptop]) -> None:
    """P3: a reader with small pages ends with the same rows as one with large ones."""
    for person_id in sorted({laptop.secrets.person for laptop in laptops}):
        with office.central.read() as conn:
            row = conn.execute(text("SELECT * FROM person WHERE id = :id"), {"id": person_id}).mappings().one()
        person = records.from_row(Person, row)
        small, large = (_read(office, person, limit) for limit in (7, 500))
        demand(small == large, "P3", f"{person.login}: pages of 7 and of 500 differ")


def _read(office: Office, person: Person, limit: int) -> dict[tuple[str, str], Any]:
    rows: dict[tuple[str, str], Any] = {}
    cursor = ""
    while True:
        page = changes.read(office.central, person, cursor, limit, office.chance.now())
        for line in page.lines:
            _take(rows, line)
        if page.up_to_date:
            return rows
        cursor = page.cursor


def _take(rows: dict[tuple[str, str], Any], line: Line) -> None:
    if line.t == "put":
        rows[line.entity, line.id] = line.d
        return
    rows.pop((line.entity, line.id), None)
    if line.entity == "ticket":
        for key in [key for key, row in rows.items() if row.get("ticket") == line.id]:
            del rows[key]


def effects_once(office: Office) -> None:
    """P2: each applied op raised its ticket once and made its one entry; no other op left a trace."""
    with office.central.read() as conn:
        ops = conn.execute(text("SELECT op_id, kind, target, code FROM op")).all()
        tickets = {row[0]: row[1] for row in conn.execute(text("SELECT id, ver FROM ticket"))}
        entries = Counter(row[0] for row in conn.execute(text("SELECT id FROM entry")))
        traces = {
            row[0]
            for row in conn.execute(
                text("SELECT DISTINCT op_id FROM change WHERE op_id IS NOT NULL AND entity <> 'conflict'")
            )
        }
        numbers = [row[0] for row in conn.execute(text("SELECT number FROM ticket"))]
    raised = Counter(op.target for op in ops if op.code in ACCEPTED and op.kind != "op.withdraw")
    for ticket, ver in tickets.items():
        demand(raised[ticket] == ver, "P2", f"ticket {ticket} has version {ver} by {raised[ticket]} ops")
    for op in ops:
        if op.code in ACCEPTED and op.kind.startswith(("ticket.", "entry.", "escalation.")):
            demand(entries[op.op_id] == 1, "P2", f"{op.kind} {op.op_id} made {entries[op.op_id]} entries")
        if op.code not in ACCEPTED:
            demand(op.op_id not in traces | entries.keys(), "P2", f"{op.code} {op.op_id} left a trace")
    demand(len(numbers) == len(set(numbers)), "P2", "a ticket number was given twice")


def nothing_overwritten(office: Office) -> None:
    """P7, P9: every change of a field replaced what its author saw, under an ownership that still held."""
    with office.central.read() as conn:
        ops = conn.execute(
            text(
                "SELECT o.op_id, o.kind, o.target, o.actor, o.envelope, b.args, b.before, e.changes FROM op o "
                "JOIN op_body b ON b.op_id = o.op_id JOIN entry e ON e.id = o.op_id "
                "WHERE o.code IN ('applied', 'merged') ORDER BY o.seq"
            )
        ).all()
        rows = {r["id"]: records.row_to_wire(records.ENTITIES["ticket"], r) for r in conn.execute(
            text("SELECT * FROM ticket")).mappings()}  # fmt: skip
    fields: dict[tuple[str, str], Any] = {}
    epochs: dict[str, int] = {}
    claims: dict[str, int] = {}
    for op in ops:
        changed, before, args = json.loads(op.changes), json.loads(op.before), json.loads(op.args)
        if op.kind in FENCED:
            basis = json.loads(op.envelope).get("basis", {})
            stood = claims.get(basis["claim"]) if basis.get("claim") else basis.get("epoch", 0)
            now = epochs.get(op.target, 0)
            demand(stood == now, "P9", f"{op.kind} {op.op_id} was applied under epoch {stood}, it was {now}")
        for name, (old, new) in changed.items():
            key = (op.target, name)
            if op.kind != "ticket.create":
                demand(key not in fields or fields[key] == old, "P7", f"{op.op_id}: {name} was not {old}")
            if op.kind in ("ticket.set", "ticket.move", "ticket.assign") and name in args:
                demand(name in before and before[name] == old, "P7", f"{op.op_id} replaced {name} {old} unseen")
            fields[key] = new
        if "owner_epoch" in changed:
            old, new = changed["owner_epoch"]
            demand(new == old + 1, "P9", f"{op.op_id}: the epoch went from {old} to {new}")
            epochs[op.target] = claims[op.op_id] = new
    for (ticket, name), value in fields.items():
        demand(rows[ticket].get(name) in (value, None) or rows[ticket].get(name) == value, "P7",
               f"{ticket}: {name} is {rows[ticket].get(name)}, its last act made it {value}")  # fmt: skip


def digest(office: Office, laptops: list[Laptop]) -> str:
    """The state of everything in a few letters: equal histories end equal."""
    total = hashlib.sha256()
    with office.central.read() as conn:
        for table in ("ticket", "entry", "hop", "contact", "op", "change", "device"):
            for row in conn.execute(text(f"SELECT * FROM {table}")):
                total.update(repr(tuple(row)).encode())
    for laptop in laptops:
        for table in ("ticket", "entry", "outbox", "journal"):
            for row in laptop.rows(f"SELECT * FROM {table} ORDER BY id"):
                # Row ids of entries follow the order of a set, which differs from process to process.
                total.update(repr([value for name, value in dict(row).items() if name != "n"]).encode())
    return total.hexdigest()
