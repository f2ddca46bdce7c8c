"""W3: ops that were made offline, sealed and sent; one op a ticket, then fifty a ticket. W9: bytes of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from sqlalchemy import text

from msc_console.central.db import Central
from msc_console.sync.wire import PUSH_OPS

from ..figures import Figure, against, of
from ..office import fill, served
from .news import WORDS, notes, tickets
from .peer import Document, Peer, documents
from .people import Seat, Worker, sign_in, timed
from .stage import POUCH, Run, none, per, person
from .wires import Counted, counted

MANY = 50
NOTES = 1


def measure(run: Run) -> Iterator[Figure]:
    """Both shapes of work on each database."""
    for kind in run.kinds:
        for each in (1, MANY):
            yield from _pushed(run, kind, each)


def _pushed(run: Run, kind: str, each: int) -> Iterator[Figure]:
    ops = run.size.ops
    with run.central(kind) as (place, folder):
        fill(place.central, max(1, ops // each), NOTES)
        ids = tickets(place.central)
        database = f"w3-{kind.lower()}-{each}"
        rows = documents(place.central, person(place.central, "rina"))
        if run.peer is not None:
            run.peer.ask("load", db=database, file=run.peer.file(rows))
            run.peer.ask("cold", db=database, name=database)
        ours, theirs, back = [], [], []
        made: set[str] = set()
        taken = 0
        with served(place) as url:
            worker = sign_in(place, url, "rina", folder).sit()
            worker.sync()
            for turn in range(run.size.runs):
                commands = list(notes([id for id in ids for _ in range(each)], worker.desk.person.id, ops))
                worker.keep(commands)
                seconds, results = timed(worker.push)
                ours.append(seconds * 1e6 / ops)
                made |= {command.id for command in commands}
                taken += sum(result.result in ("applied", "merged") for result in results)
                back.append(timed(worker.sync)[0] * 1e6 / ops)
                if run.peer is not None:
                    theirs.append(_theirs(run.peer, database, rows, ops, turn))
            twice = _again(worker, ids)
            worker.close()
        lost, doubled = effects(place.central, made)
    speed = f"{1e6 / median(ours):,.0f} sealed ops/s, {ops:,} ops by {PUSH_OPS}"
    title = f"W3 push, {each} op{'s' if each > 1 else ''} a ticket, {kind}"
    yield per(title, ours, theirs, "us/op", gate=1.0, note=speed)
    yield of(f"{title}, then pulled", back, "us/op", "their effects, as central tells them")
    yield none(f"{title}, lost", lost + len(made) - taken, "ops without a lasting effect")
    yield none(f"{title}, duplicated", doubled + twice, "among them ops whose answer was lost and that were sent again")


def _theirs(peer: Peer, database: str, rows: Sequence[Document], ops: int, turn: int) -> float:
    """Microseconds an op, where one is what it changes here: a new entry, and its ticket as it is at the end."""
    made = _written(peer, database, rows, ops, f"{turn}")
    found = peer.ask("push", db=database, name=database)
    if found["docs"] != made:
        raise RuntimeError(f"{POUCH} sent {found['docs']} of {made} documents")
    return float(found["ms"]) * 1000 / ops


def _written(peer: Peer, name: str, rows: Sequence[Document], ops: int, mark: str) -> int:
    """Does the same work in the peer's local database; how many documents it has to send."""
    entry = next(row for row in rows if row["_id"].startswith("entry:"))
    named = [row["_id"] for row in rows if row["_id"].startswith("ticket:")][:ops]
    made = [{**entry, "_id": f"entry:{mark}-{n}", "id": f"{mark}-{n}", "body": WORDS} for n in range(ops)]
    peer.ask("write", name=name, file=peer.file(made))
    peer.ask("edit", name=name, ids=named, value=f"v{mark}")
    return ops + len(named)


def _again(worker: Worker, ids: list[str]) -> int:
    """A batch whose answer is lost is sent twice more: how many ops had another effect than once."""
    worker.keep(list(notes(ids, worker.desk.person.id, PUSH_OPS)))
    batch = worker.sealed()
    worker.way.push(batch)
    second = worker.way.push(batch).results
    worker.push()
    worker.sync()
    return sum(result.result != "duplicate" for result in second) + worker.desk.counts()[0]


def effects(central: Central, made: set[str]) -> tuple[int, int]:
    """(ops without one entry on central, ops that raised their ticket more than once)."""
    with central.read() as conn:
        entries = set(conn.execute(text("SELECT id FROM entry")).scalars())
        raised = conn.execute(
            text("SELECT t.ver - (SELECT count(*) FROM entry AS e WHERE e.ticket = t.id) FROM ticket AS t")
        ).scalars()
        return len(made - entries), sum(abs(int(more)) for more in raised)


def measure_bytes(run: Run) -> Iterator[Figure]:
    """W9: a first sync and a push through a counting line, and the files that they leave. SQLite."""
    count = run.size.bootstrap[0]
    with run.central("SQLite") as (place, folder):
        fill(place.central, count, NOTES)
        rows = documents(place.central, person(place.central, "rina"))
        ids = tickets(place.central)
        with served(place) as url, counted(url) as line:
            seat = sign_in(place, url, "rina", folder)
            first, sent, wrote, stored = _ours(seat, line, ids, run.size.ops, folder)
        theirs = _their_bytes(run, rows, run.size.ops)
    total = len(rows)
    names = (
        ("W9 first sync, bytes on the wire", "B/row", first / total),
        ("W9 push, bytes on the wire", "B/op", sent / run.size.ops),
        ("W9 laptop's files", "B/row", stored / total),
    )
    for place_, (name, unit, value) in enumerate(names):
        other = theirs[place_] if theirs else None
        yield of(name, [value], unit) if other is None else against(name, [value], POUCH, [other], unit)
    yield of("W9 push, bytes that came back", [wrote / run.size.ops], "B/op")


def _ours(seat: Seat, line: Counted, ids: list[str], ops: int, folder: Path) -> tuple[int, int, int, int]:
    worker = seat.sit(line.url)
    before = line.total()
    worker.sync()
    first = line.total() - before
    worker.desk.cache.close()
    stored = seat.disk()
    worker = seat.sit(line.url)
    worker.keep(list(notes(ids, worker.desk.person.id, ops)))
    up, down = line.up, line.down
    worker.push()
    sent, came = line.up - up, line.down - down
    worker.close()
    return first, sent + came, came, stored


def _their_bytes(run: Run, rows: Sequence[Document], ops: int) -> tuple[float, float, float] | None:
    if run.peer is None:
        return None
    run.peer.ask("load", db="w9", file=run.peer.file(rows))
    with counted(run.peer.url) as line:
        run.peer.ask("via", url=line.url)
        run.peer.ask("cold", db="w9", name="w9")
        first = line.total()
        stored = run.peer.ask("size", name="w9")["bytes"]
        _written(run.peer, "w9", rows, ops, "w9")
        before = line.total()
        run.peer.ask("push", db="w9", name="w9")
        pushed = line.total() - before
        run.peer.ask("via", url=run.peer.url)
    return first / len(rows), pushed / ops, stored / len(rows)
