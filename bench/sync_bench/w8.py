"""W8: two people edit the same tickets offline, in the same field and by notes; what became of each of their acts."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import text

from msc_console.central.db import Central
from msc_console.sync.wire import PUSH_OPS

from ..figures import Figure, fact, of
from ..office import fill, served
from .news import WORDS, tickets
from .people import Worker, sign_in
from .stage import POUCH, Run, none

FIELD, FIRST, SECOND = "urgency", "low", "medium"


def measure(run: Run) -> Iterator[Figure]:
    """On each database, then the peer with the same edits."""
    for kind in run.kinds:
        yield from _ours(run, kind)
    if run.peer is not None:
        yield from _theirs(run)


def _edits(worker: Worker, ids: list[str], value: str) -> tuple[list[str], list[str]]:
    """One value and one note on each ticket; ids of the edits and of the notes."""
    edits = [worker.desk.set(id, urgency=value).op for id in ids]
    return edits, [worker.desk.note(id, WORDS).op for id in ids]


def _ours(run: Run, kind: str) -> Iterator[Figure]:
    with run.central(kind) as (place, folder):
        fill(place.central, run.size.conflicts, 1)
        ids = tickets(place.central)
        with served(place) as url:
            rina = sign_in(place, url, "rina", folder).sit()
            budi = sign_in(place, url, "budi", folder).sit()
            for worker in (rina, budi):
                worker.sync()
            edits, notes = _edits(rina, ids, FIRST)
            others, more = _edits(budi, ids, SECOND)
            for worker in (rina, budi, rina, budi):
                worker.sync()
            shown = budi.desk.counts()[1]
            held = _held(rina) | _held(budi)
            seen = _attention(budi)
            for worker in (rina, budi):
                worker.close()
        answers = _answers(place.central, [*edits, *others, *notes, *more])
        kept = _values(place.central)
        doubled = _doubled(place.central)
    refused = {op for op in others if answers.get(op) not in ("applied", "merged")}
    silent = sum(kept[id] != FIRST for id in ids) + len(refused - seen)
    codes = dict(Counter(answers.get(op, "none") for op in others))
    unanswered = {op for op in (*edits, *others, *notes, *more) if op not in answers}
    yield none(f"W8 lost, {kind}", len(unanswered - held), "neither answered nor in an outbox")
    yield none(f"W8 duplicated, {kind}", doubled)
    yield none(f"W8 silently overwritten, {kind}", silent, f"{len(ids)} tickets, the second's answers: {codes}")
    yield fact(f"W8 shown to whoever came second, {kind}", shown == len(refused) == len(ids), f"{shown} of {len(ids)}")
    merged = sum(answers.get(op) in ("applied", "merged") for op in (*notes, *more))
    waits = len(unanswered & held)
    said = f"{merged} of {2 * len(ids)}; {waits} wait at the laptop behind a refused act"
    yield fact(f"W8 notes of both kept, {kind}", merged == 2 * len(ids), said)


def _held(worker: Worker) -> set[str]:
    """Acts that are still in the outbox."""
    with worker.desk.cache.read() as conn:
        return {str(row[0]) for row in conn.execute("SELECT id FROM outbox").fetchall()}


def _attention(worker: Worker) -> set[str]:
    """Acts that wait for this person, their words with them."""
    with worker.desk.cache.read() as conn:
        rows = conn.execute("SELECT id FROM outbox WHERE state = 'attention' AND args LIKE ?", (f"%{SECOND}%",))
        return {str(row[0]) for row in rows.fetchall()}


def _answers(central: Central, ops: list[str]) -> dict[str, str]:
    wanted = set(ops)
    with central.read() as conn:
        found = {str(op): str(code) for op, code in conn.execute(text("SELECT op_id, code FROM op"))}
    return {op: code for op, code in found.items() if op in wanted}


def _values(central: Central) -> dict[str, str]:
    with central.read() as conn:
        return {str(id): str(value) for id, value in conn.execute(text(f"SELECT id, {FIELD} FROM ticket"))}


def _doubled(central: Central) -> int:
    """Raises of a ticket beyond its entries: each applied op makes one of both."""
    with central.read() as conn:
        more = conn.execute(
            text("SELECT t.ver - (SELECT count(*) FROM entry AS e WHERE e.ticket = t.id) FROM ticket AS t")
        ).scalars()
        return sum(abs(int(one)) for one in more)


def _theirs(run: Run) -> Iterator[Figure]:
    assert run.peer is not None
    count = run.size.conflicts
    pages = [{"_id": f"ticket:{n}", "subject": WORDS, FIELD: "medium"} for n in range(count)]
    run.peer.ask("load", db="w8", file=run.peer.file(pages))
    found = run.peer.ask("conflict", db="w8", ids=[page["_id"] for page in pages])
    yield of(f"W8 {POUCH}: silently overwritten", [float(found["silent"])], "count", f"of {count}, at a plain read")
    yield of(f"W8 {POUCH}: kept if asked for", [float(found["kept"])], "count", "as a losing revision")
    yield of(f"W8 {POUCH}: shown", [float(found["shown"])], "count", f"batches of {PUSH_OPS} at our side")
