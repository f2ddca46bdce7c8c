"""The commit sequencer: dense, in commit order, nothing skipped, whoever writes at the same time."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from msc_console.central import changes, feed, ledger, sql
from msc_console.central.db import Central
from msc_console.central.feed import Change
from msc_console.central.system import SYSTEM, op_id
from msc_console.domain.commands import Command
from msc_console.domain.terms import Op
from tests.central.ledger.stage import NOW, Stage, new_id

GROUPS = frozenset({"common"})


def in_threads(*works: Callable[[], Any]) -> list[Any]:
    """Runs the works at once and gives their results; what one raises is raised here."""
    results: list[Any] = [None] * len(works)
    gate = threading.Barrier(len(works))

    def run(place: int) -> None:
        gate.wait(10)
        try:
            results[place] = works[place]()
        except BaseException as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(place,), daemon=True) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


class _Rollback(Exception):
    pass


@pytest.mark.protocol("P-080")
def test_four_writers_leave_no_gap(central_db: Central) -> None:
    """Every third transaction is rolled back after it took its numbers."""
    rounds = 15

    def writer(name: int) -> Callable[[], int]:
        def work() -> int:
            committed = 0
            for turn in range(rounds):
                ids = [f"{name}-{turn}-{part}" for part in range(1 + turn % 3)]
                try:
                    with central_db.write() as conn:
                        announced = [Change(entity="queue", id=id, ver=1, put_groups=GROUPS) for id in ids]
                        feed.announce(conn, announced, numbers=1, at=NOW)
                        if turn % 3 == 2:
                            raise _Rollback
                        committed += len(ids)
                except _Rollback:
                    pass
            return committed

        return work

    total = sum(in_threads(*(writer(name) for name in range(4))))
    with central_db.read() as conn:
        seqs = list(conn.execute(text("SELECT seq FROM change ORDER BY seq")).scalars())
        head = feed.head(conn)
        number = conn.execute(text("SELECT number FROM feed_head")).scalar_one()
        assert list(conn.execute(text("SELECT seq FROM change_group ORDER BY seq")).scalars()) == seqs
    assert seqs == list(range(1, total + 1))
    assert head.seq == total
    assert number == 4 * rounds * 2 // 3


@pytest.mark.protocol("P-080")
def test_a_reader_among_writers_misses_nothing(stage: Stage) -> None:
    """What a page covers is complete when it is read: a later commit never has a lower number."""
    laptops = [stage.laptop(who) for who in (stage.rina, stage.budi, stage.lead)]
    done = threading.Event()

    def write(place: int) -> Callable[[], list[str]]:
        return lambda: [laptops[place].create() for _ in range(8)]

    def read() -> set[str]:
        seen: set[str] = set()
        position, last = 0, False
        while not last:
            last = done.is_set()
            while True:
                lines, seq = changes.page(stage.central, stage.rina, position, 2, NOW)
                seen |= {line.id for line in lines if line.entity == "ticket"}
                if seq == position:
                    break
                position = seq
        return seen

    found: list[set[str]] = []
    reader = threading.Thread(target=lambda: found.append(read()), daemon=True)
    reader.start()
    made = in_threads(*(write(place) for place in range(3)))
    done.set()
    reader.join(60)
    assert found == [{ticket for tickets in made for ticket in tickets}]
    assert len(found[0]) == 24


@pytest.mark.protocol("P-073")
def test_numbers_are_given_once(stage: Stage) -> None:
    laptops = [stage.laptop(stage.rina) for _ in range(4)]
    in_threads(*((lambda laptop=laptop: [laptop.create() for _ in range(4)]) for laptop in laptops))
    with stage.central.read() as conn:
        numbers = sorted(conn.execute(text("SELECT number FROM ticket")).scalars())
    assert numbers == list(range(1, 17))


@pytest.mark.parametrize("limit", [1, 2, 3])
@pytest.mark.protocol("P-083")
def test_a_page_never_ends_inside_an_op(stage: Stage, limit: int) -> None:
    laptop = stage.laptop(stage.rina)
    for _ in range(3):
        ticket = laptop.create()
        laptop.do("ticket.take", ticket)
    with stage.central.read() as conn:
        rows = sql.rows(conn, text("SELECT op_id, max(seq) AS till FROM change GROUP BY op_id"))
        ends = {row["till"] for row in rows if row["op_id"] is not None}
        ends |= set(conn.execute(text("SELECT seq FROM change WHERE op_id IS NULL")).scalars())
    position = 0
    while True:
        _, seq = changes.page(stage.central, stage.rina, position, limit, NOW)
        if seq == position:
            break
        assert seq in ends
        position = seq
    assert position == max(ends)


@pytest.mark.protocol("P-071")
def test_two_people_take_one_ticket_at_the_same_moment(stage: Stage) -> None:
    """One wins, the other is told who; on PostgreSQL they really meet, on SQLite they queue."""
    for _ in range(5):
        rina, budi = stage.laptop(stage.rina), stage.laptop(stage.budi)
        ticket = rina.create()
        ops = [(laptop, laptop.seal("ticket.take", ticket)) for laptop in (rina, budi)]
        results = in_threads(*((lambda laptop=laptop, op=op: laptop.push(op)[0]) for laptop, op in ops))
        assert sorted(result.result for result in results) == ["applied", "fenced"]
        row = stage.row("ticket", ticket)
        winner = (stage.rina, stage.budi)[[result.result for result in results].index("applied")]
        loser = next(result for result in results if result.result == "fenced")
        assert (row["owner"], row["owner_epoch"]) == (winner.id, 1)
        assert loser.data["owner"] == winner.id


@pytest.mark.protocol("P-062")
def test_one_push_sent_twice_at_the_same_moment(stage: Stage) -> None:
    """A laptop that lost the answer sends again while central still works on the first."""
    laptop, ticket = stage.laptop(stage.rina), new_id()
    op = laptop.seal("ticket.create", ticket, {"subject": "Satu", "queue": "umum"})
    results = in_threads(lambda: laptop.push(op)[0], lambda: laptop.push(op)[0])
    assert sorted(result.result for result in results) == ["applied", "duplicate"]
    assert stage.scalar("SELECT count(*) FROM entry WHERE ticket = :id", id=ticket) == 1


@pytest.mark.protocol("P-062", "P-080")
def test_two_workers_make_the_same_system_op_once(stage: Stage) -> None:
    """Also when there is no row yet that they could wait for each other on."""
    for turn in range(5):
        command = Command(
            id=op_id("uji", str(turn)),
            kind=Op.TICKET_CREATE,
            actor=SYSTEM.id,
            target=new_id(),
            args={"subject": "Alarm", "queue": "umum", "channel": "monitoring"},
            made_at=NOW,
        )
        results = in_threads(*[lambda command=command: ledger.system(stage.central, [command], NOW)[0]] * 3)
        assert sorted(result.result for result in results) == ["applied", "duplicate", "duplicate"]
    assert stage.scalar("SELECT count(*) FROM change") == stage.scalar("SELECT seq FROM feed_head")
