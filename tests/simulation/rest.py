"""The promises that must hold once faults have stopped and everybody has talked, by the names of the specification."""

import hashlib
import json
from collections import Counter
from random import Random
from typing import Any

from sqlalchemy import text

from msc_console import records
from msc_console.central import changes
from msc_console.domain.model import Person, Ticket
from msc_console.store.opening import Cache, Connection
from msc_console.sync.wire import Line

from . import oracle
from .laptop import Laptop
from .office import Office
from .promises import Memory, after_each_step, demand, feed_is_dense, poison_alone
from .setting import FIRST, WORDS

ACCEPTED = ("applied", "merged")
FENCED = frozenset({
    "ticket.release", "ticket.set", "ticket.hold", "ticket.resume", "ticket.resolve", "ticket.close", "ticket.cancel",
    "entry.reply",
})  # fmt: skip
"""Kinds that nobody may do under an epoch that is over, whatever their role."""
_TICKETS = text("SELECT * FROM ticket")
PATIENCE_MS = 60_000
"""After this even what central asked to wait for is over (`Retry-After`)."""
REQUESTS = 60
"""Requests of one laptop at the end beyond which it talks for nothing."""


def at_rest(office: Office, laptops: list[Laptop], memory: Memory, requests: int) -> None:
    """All of them. `requests`: how many it took to come to rest."""
    demand(requests <= REQUESTS * len(laptops), "P16", f"{requests} requests to come to rest")
    feed_is_dense(office)
    poison_alone(office)
    for laptop in laptops:
        after_each_step(laptop, memory)
        same_as_central(office, laptop)
        own_acts(office, laptop, memory.shared)
        demand(laptop.engine.state.mended == 0, "P20", f"{laptop.name}: the self-check had to mend rows")
    pages_cut_anywhere(office, laptops)
    effects_once(office)
    nothing_overwritten(office)
    later_words_stay(office)


def same_as_central(office: Office, laptop: Laptop) -> None:
    """P4, P8: the cache is what plain SQL finds in central for this person, no more and no less. Of closed tickets
    that came in a snapshot the timeline may be missing (`thin`), in whole or in part."""
    with office.central.read() as conn:
        wanted = oracle.scope_of(conn, laptop.secrets.person, office.chance.now())
        set_up = oracle.set_up(conn) if wanted else {}
    with laptop.cache.read() as conn:
        have = oracle.held(conn)
        thin = {row[0] for row in conn.execute("SELECT ticket FROM thin")}
        asked = conn.execute("SELECT count(*) FROM thin WHERE wanted = 1").fetchone()[0]
        own = _own_rows(conn)
        made = {r[0] for r in conn.execute("SELECT target FROM outbox WHERE state IN ('open', 'sealed', 'acked')")}
        set_up_held = oracle.set_up_held(conn)
        _search_is_whole(conn, laptop.name)
    missing = {key for key in wanted.keys() - have.keys() if wanted[key].get("ticket") not in thin}
    beyond = have.keys() - wanted.keys()
    demand(not missing, "P4", f"{laptop.name} misses {sorted(missing)[:3]}")
    demand(not beyond, "P8", f"{laptop.name} holds {sorted(beyond)[:3]} outside the scope")
    for key, row in have.items():
        told = oracle.differences(wanted[key], row)
        demand(not told, "P4", f"{laptop.name} has another {key}: (column, central, here) {told}")
    for ticket in thin:
        closed = wanted.get(("ticket", ticket), {}).get("closed_at") is not None
        demand(closed, "P4", f"{laptop.name}: the timeline of {ticket} is missing, which is not closed")
    demand(asked == 0, "P16", f"{laptop.name}: {asked} timelines were asked for and did not come")
    demand(own <= made, "P4", f"{laptop.name}: rows of nobody's act on {sorted(own - made)}")
    demand(not set_up or set_up == set_up_held, "P4", f"{laptop.name}: set-up {set_up_held}, central {set_up}")


def _own_rows(conn: Connection) -> set[str]:
    """Targets of rows that central does not know: each must be an own act's doing."""
    found = {
        row[0] for row in conn.execute("SELECT id FROM ticket WHERE ver = 0 UNION SELECT id FROM contact WHERE ver = 0")
    }
    for entity in oracle.OF_TICKETS:
        found |= {row[0] for row in conn.execute(f"SELECT ticket FROM {entity} WHERE ver = 0")}
    return found


def _search_is_whole(conn: Connection, name: str) -> None:
    ghosts = "SELECT count(*) FROM search_ticket WHERE rowid NOT IN (SELECT n FROM ticket)"
    blind = "SELECT count(*) FROM ticket WHERE n NOT IN (SELECT rowid FROM search_ticket)"
    demand(conn.execute(ghosts).fetchone()[0] == 0, "P8", f"{name}: search hits without a ticket")
    demand(conn.execute(blind).fetchone()[0] == 0, "P4", f"{name}: tickets that search does not find")


def later_words_stay(office: Office) -> None:
    """P18: what a later version wrote into a row is still there, whatever this one has done to the row since."""
    with office.central.read() as conn:
        rows = conn.execute(text("SELECT id, ver, extra FROM ticket")).all()
    for id, ver, extra in rows:
        if id in FIRST:
            demand(json.loads(extra or "{}") == WORDS, "P18", f"ticket {id} has lost words by version {ver}: {extra}")


# -- the self-check


def checks_itself(office: Office, laptops: list[Laptop], most: int) -> None:
    """P20: the self-check finds nothing where nothing is wrong, and what was spoilt by hand is found and mended by
    one. Then all timelines are asked for, and the caches must be whole."""
    office.chance.ms += PATIENCE_MS
    for place, laptop in enumerate(laptops):
        _check(laptop, most, 0)
        spoilt = _spoil(laptop, Random(f"{laptop.name} {office.chance.ms} {place}"))
        _check(laptop, most, spoilt)
        same_as_central(office, laptop)
        for row in laptop.rows("SELECT ticket FROM thin ORDER BY ticket"):
            laptop.desk.want_timeline(row[0])
            laptop.poke()
            laptop.talk(most)
        same_as_central(office, laptop)
        demand(not laptop.rows("SELECT 1 FROM thin"), "P4", f"{laptop.name}: timelines that can't be had")


def _check(laptop: Laptop, most: int, wrong: int) -> None:
    laptop.driver.verdict = None
    laptop.driver.want_verify()
    for _pause in range(3):  # who has just asked much waits a moment before asking more
        laptop.poke()
        laptop.talk(most)
        if laptop.driver.verdict is not None:
            break
        laptop.chance.ms += 60_000
    verdict = laptop.driver.verdict
    demand(verdict is not None and verdict.compared, "P20", f"{laptop.name}: nothing was compared")
    assert verdict is not None
    found = verdict.mended.rows + verdict.mended.kept
    demand(found == wrong, "P20", f"{laptop.name}: {wrong} rows were spoilt, the check says {verdict}")


def _spoil(laptop: Laptop, dice: Random) -> int:
    """Make a row of each entity wrong, as a fault of the program would: how many differences that makes. It is gone,
    of another version, or under another id. What own acts cover is left alone, and the timeline of closed tickets."""
    made = 0
    with laptop.seen(), Cache.write(laptop.cache) as conn:
        for entity in oracle.ENTITIES:
            ticket = "ticket" if entity in oracle.OF_TICKETS else "id"
            free = (
                "ver > 0 AND id NOT IN (SELECT id FROM base)"
                f" AND {ticket} NOT IN"
                " (SELECT target FROM outbox UNION SELECT id FROM ticket WHERE closed_at IS NOT NULL)"
            )
            ids = [row[0] for row in conn.execute(f'SELECT id FROM "{entity}" WHERE {free} ORDER BY id')]
            if ids:
                made += _SPOILERS[how := dice.choice(sorted(_SPOILERS))]
                _spoil_row(conn, entity, dice.choice(ids), how)
    return made


_SPOILERS = {"gone": 1, "lower": 1, "higher": 1, "renamed": 2}
"""What befalls a row -> the differences that it makes. `renamed`: one row is missing and another too many."""


def _spoil_row(conn: Connection, entity: str, id: str, how: str) -> None:
    if how == "gone":
        conn.execute(f'DELETE FROM "{entity}" WHERE id = ?', (id,))
    elif how == "renamed":
        conn.execute(f'UPDATE "{entity}" SET id = ? WHERE id = ?', ("0" + id[1:-4] + "ffff", id))
    else:
        by = 1 if how == "higher" else -1
        conn.execute(f'UPDATE "{entity}" SET ver = ver + ?, extra = ? WHERE id = ?', (by, '{"x_kept": "basi"}', id))


def own_acts(office: Office, laptop: Laptop, shared: set[str]) -> None:
    """P1, P13, P14: what the laptop believes of its acts is what central did with them."""
    with office.central.read() as conn:
        codes = {row[0]: row[1] for row in conn.execute(text("SELECT op_id, code FROM op"))}
    for op, state, kept in laptop.rows("SELECT id, state, envelope IS NOT NULL FROM journal"):
        if state == "done" and (kept or op in codes):  # what was erased is not offered to a central that was set back
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
        bodies = set(conn.execute(text("SELECT op_id FROM op_body")).scalars())
        numbers = [row[0] for row in conn.execute(text("SELECT number FROM ticket"))]
    raised = Counter(op.target for op in ops if op.code in ACCEPTED and op.kind != "op.withdraw")
    unsaid = Counter(op.target for op in ops if op.kind.startswith("escalation.") and op.op_id not in bodies)
    for ticket, ver in tickets.items():
        more = ver - raised[ticket]  # erasing an escalation takes its reason from the ticket, too
        demand(0 <= more <= unsaid[ticket], "P2", f"ticket {ticket} has version {ver} by {raised[ticket]} ops")
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
                "LEFT JOIN op_body b ON b.op_id = o.op_id JOIN entry e ON e.id = o.op_id "
                "WHERE o.code IN ('applied', 'merged') ORDER BY o.seq"
            )
        ).all()
        rows = {row["id"]: records.row_to_wire(Ticket, row) for row in conn.execute(_TICKETS).mappings()}
        bodies = set(conn.execute(text("SELECT op_id FROM op_body")).scalars())
    fields: dict[tuple[str, str], Any] = {}
    epochs: dict[str, int] = {}
    claims: dict[str, int] = {}
    for op in ops:
        before, args = json.loads(op.before or "{}"), json.loads(op.args or "{}")
        changed, settled = json.loads(op.changes), args.get("conflict")
        whole = op.args is not None and (settled is None or settled in bodies)  # else a body was erased
        if not whole:  # what it made of the ticket's texts is no longer told
            fields = {key: value for key, value in fields.items() if key[0] != op.target}
        if op.kind in FENCED:
            basis = json.loads(op.envelope).get("basis", {})
            stood = claims.get(basis["claim"]) if basis.get("claim") else basis.get("epoch", 0)
            now = epochs.get(op.target, 0)
            demand(stood == now, "P9", f"{op.kind} {op.op_id} was applied under epoch {stood}, it was {now}")
        for name, (old, new) in changed.items():
            key = (op.target, name)
            if op.kind != "ticket.create":
                demand(key not in fields or fields[key] == old, "P7", f"{op.op_id}: {name} was not {old}")
            named = op.kind in ("ticket.set", "ticket.move", "ticket.assign") and name in args
            if whole and (named or (op.kind == "conflict.resolve" and name in before)):
                demand(name in before and before[name] == old, "P7", f"{op.op_id} replaced {name} {old} unseen")
            fields[key] = new
        if "owner_epoch" in changed:
            old, new = changed["owner_epoch"]
            demand(new == old + 1, "P9", f"{op.op_id}: the epoch went from {old} to {new}")
            epochs[op.target] = claims[op.op_id] = new
    for (ticket, name), value in fields.items():
        now = rows[ticket].get(name)
        demand(now == value, "P7", f"{ticket}: {name} is {now}, its last act made it {value}")


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
