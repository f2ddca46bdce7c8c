"""W10: a central that holds a million tickets and ten feed rows for each, beside one that holds a hundredth.

The rows are made by the database itself, as copies of one real ticket; one ticket in a hundred is in the reader's
queue, the others in one that the reader never sees.
"""

from collections.abc import Iterator, Sequence
from time import perf_counter

import msgspec
from sqlalchemy import Connection, text

from msc_console import clock, seal
from msc_console.central import changes, ledger, sql
from msc_console.central.db import Central
from msc_console.desk.seat import new_id
from msc_console.sync.wire import PAGE_ROWS, PUSH_OPS

from ..figures import Figure, of
from ..ledger import sealed
from ..office import fill
from .news import tickets
from .stage import Run, per, person

FEED = 10
"""Feed rows of each ticket."""
SHARE = 100
"""Every how many'th ticket is the reader's."""
PART = 100_000
TIMES = 11


def measure(run: Run) -> Iterator[Figure]:
    """Pages and pushes on each database, in this process; the small and the large in turn."""
    for kind in run.kinds:
        with run.central(kind) as (small, _), run.central(kind) as (large, _):
            begun = perf_counter()
            for place, count in ((small, run.size.stored // 100), (large, run.size.stored)):
                fill(place.central, 1, 1)
                grow(place.central, count)
            built = perf_counter() - begun
            reads = [Reads(place.central) for place in (small, large)]
            for name in ("first", "newest", "push"):
                found: list[list[float]] = [[], []]
                for _ in range(TIMES if run.size.runs > 1 else 2):
                    for values, one in zip(found, reads, strict=True):
                        values.append(getattr(one, name)() * 1000)
                yield per(
                    f"W10 {_WHAT[name]}, {kind}", found[1], found[0], "ms", to="a hundredth of it", gate=2.0,
                    note=f"{run.size.stored:,} tickets, {run.size.stored * FEED:,} feed rows",
                )  # fmt: skip
            yield of(f"W10 built, {kind}", [built], "s", "by the database itself")


_WHAT = {
    "first": f"first page of {PAGE_ROWS}",
    "newest": "page of what a push has just changed",
    "push": f"push of {PUSH_OPS} ops",
}


class Reads:
    """The timed calls on one central."""

    def __init__(self, central: Central) -> None:
        self.central, self.person = central, person(central, "rina")
        private = seal.new_device_key()
        self.private, self.device = private[0], {"id": new_id(), "public_key": private[1]}
        row = {
            **self.device,
            "person": self.person.id,
            "code": "ACD",
            "state": "active",
            "name": "w10",
            "created_at": 0,
        }
        with central.write() as conn:
            conn.execute(sql.insert("device", tuple(row)), row)
        self.prev, self.counter = "", 0
        self.cursor = self._to_the_end()

    def _to_the_end(self) -> str:
        cursor = ""
        while True:
            page = changes.read(self.central, self.person, cursor, 10 * PAGE_ROWS)
            cursor = page.cursor
            if page.up_to_date:
                return cursor

    def first(self) -> float:
        """Seconds of a new laptop's first page."""
        begun = perf_counter()
        page = changes.read(self.central, self.person, "", PAGE_ROWS)
        assert page.lines
        return perf_counter() - begun

    def push(self) -> float:
        """Seconds of a push of sealed ops."""
        ops = sealed(self.device["id"], self.private, self.prev, self.counter, self.person.id, PUSH_OPS)
        self.prev, self.counter = seal.link(msgspec.to_builtins(ops[-1])), self.counter + len(ops)
        begun = perf_counter()
        results = ledger.push(self.central, self.person, self.device, ops, clock.now())
        seconds = perf_counter() - begun
        assert all(result.result == "applied" for result in results), results[0]
        return seconds

    def newest(self) -> float:
        """Seconds of the page after a push."""
        self.push()
        begun = perf_counter()
        page = changes.read(self.central, self.person, self.cursor, PAGE_ROWS)
        seconds = perf_counter() - begun
        assert page.lines
        self.cursor = page.cursor
        return seconds


def grow(central: Central, count: int) -> None:
    """So many copies of the newest ticket, and `FEED` feed rows for each."""
    seed = tickets(central, 1)[0]
    with central.read() as conn:
        numbers = conn.execute(text("SELECT number, seq FROM feed_head")).one()
        groups = conn.execute(
            text("SELECT DISTINCT group_id FROM change_group WHERE entity = 'ticket' AND id = :seed"), {"seed": seed}
        ).scalars().all()  # fmt: skip
    first_number, first_seq = int(numbers[0]), int(numbers[1])
    for start in range(0, count, PART):
        with central.write() as conn:
            _copy(conn, central.dialect, seed, groups, (start, min(count, start + PART)), first_number, first_seq)
            moved = {"seq": min(count, start + PART) * FEED + first_seq, "number": first_number + count}
            conn.execute(text("UPDATE feed_head SET seq = :seq, number = :number"), moved)
    with central.engine.connect() as conn:
        conn.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")


def _copy(
    conn: Connection, dialect: str, seed: str, groups: Sequence[str], span: tuple[int, int], number: int, seq: int
) -> None:
    def series(begin: int, end: int) -> str:
        if dialect == "postgresql":
            return f"generate_series({begin}, {end - 1}) AS s(n)"
        numbers = f"r(n) AS (VALUES({begin}) UNION ALL SELECT n + 1 FROM r WHERE n < {end - 1})"
        return f"(WITH RECURSIVE {numbers} SELECT n FROM r) AS s"

    def named(n: str) -> str:
        if dialect == "postgresql":
            return f"'00000000-0000-7000-8000-' || lpad(({n})::text, 12, '0')"
        return f"printf('00000000-0000-7000-8000-%012d', {n})"

    mine = f"CASE WHEN s.n % {SHARE} = 0 THEN t.queue ELSE 'arsip' END"
    values = {"id": named("s.n"), "number": f"{number} + 1 + s.n", "queue": mine, "ver": str(FEED)}
    names = sql.columns("ticket")
    chosen = ", ".join(values.get(name, f't."{name}"') for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    conn.execute(
        text(f"INSERT INTO ticket ({listed}) SELECT {chosen} FROM ticket AS t, {series(*span)} WHERE t.id = :seed"),
        {"seed": seed},
    )
    begin, end = (place * FEED for place in span)
    of_ticket = named(f"s.n / {FEED}")
    conn.execute(
        text(
            "INSERT INTO change (seq, entity, id, ver, op_id, at) "
            f"SELECT {seq} + 1 + s.n, 'ticket', {of_ticket}, 1 + s.n % {FEED}, NULL, 0 FROM {series(begin, end)}"
        )
    )
    for group in groups:
        heard = f"CASE WHEN (s.n / {FEED}) % {SHARE} = 0 THEN :heard ELSE 'queue:arsip' END"
        conn.execute(
            text(
                "INSERT INTO change_group (group_id, seq, entity, id, effect, till) "
                f"SELECT {heard}, {seq} + 1 + s.n, 'ticket', {of_ticket}, 'put', {seq} + 1 + s.n "
                f"FROM {series(begin, end)}"
            ),
            {"heard": group},
        )
