"""The sequencer under every order of beginnings and ends, with real sessions, and under writers that are processes.

A reader that follows the feed with pages of one to three rows must see dense prefixes alone and never pass a row.
"""

import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from msc_console.central import changes, feed
from msc_console.central.db import Central
from tests.central.ledger.stage import NOW, Stage
from tests.central.ledger.writers import RolledBack, announce, turn, write
from tests.support.processes import eventually

ROOT = Path(__file__).parents[3]
SIZES = (1, 2, 3)
SECONDS = 30.0
TURNS = 60
"""Transactions of a process that writes."""

pytestmark = pytest.mark.protocol("P-080")
postgresql = pytest.mark.parametrize("central_url", ["postgresql"], indirect=True)


@dataclass
class Follower:
    """A reader with pages of `limit` rows. `seen` is every row that was not there when it began, in order."""

    stage: Stage
    limit: int
    position: int = field(init=False)
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        with self.stage.central.read() as conn:
            self.position = feed.head(conn).seq

    def follow(self) -> None:
        """Everything up to now. What a position covers is whole: as many rows as its number says."""
        while True:
            lines, seq = changes.page(self.stage.central, self.stage.rina, self.position, self.limit, NOW)
            self.seen += [line.id for line in lines]
            with self.stage.central.read() as conn:
                binds = {"seq": seq}
                assert conn.execute(text("SELECT count(*) FROM change WHERE seq <= :seq"), binds).scalar() == seq
            if seq == self.position:
                return
            assert seq > self.position
            self.position = seq


def dense(central: Central) -> int:
    """The feed's head, after it was seen that no number is missing or there twice."""
    with central.read() as conn:
        seqs = list(conn.execute(text("SELECT seq FROM change ORDER BY seq")).scalars())
        head = feed.head(conn).seq
    assert seqs == list(range(1, head + 1))
    return head


@contextmanager
def session(central: Central) -> Iterator[tuple[Connection, ExitStack]]:
    """A writing transaction whose end is called by hand: `stack.close()` commits."""
    with ExitStack() as stack:
        yield stack.enter_context(central.write()), stack


def roll_back(stack: ExitStack) -> None:
    """Ends a session by an error, as a request that fails does."""
    error = RolledBack()
    try:
        if not stack.__exit__(RolledBack, error, None):
            raise error
    except RolledBack:
        pass


@postgresql
@pytest.mark.parametrize("lost", [None, 0, 1, 2])
def test_every_order_of_beginnings_and_ends(stage: Stage, lost: int | None) -> None:
    """Three transactions begin and write in one order and take their numbers and end in another; one is rolled back
    after it took its numbers. Readers look between any two steps."""
    readers = [Follower(stage, limit) for limit in SIZES]
    expected: list[str] = []
    orders = list(itertools.product(itertools.permutations(range(3)), repeat=2))
    for run, (begins, ends) in enumerate(orders):
        ids = {name: [f"{run}-{name}-{part}" for part in range(name + 1)] for name in range(3)}
        with ExitStack() as all_of_them:
            open_ones = {}
            for name in begins:
                open_ones[name] = all_of_them.enter_context(session(stage.central))
                write(open_ones[name][0], ids[name])
                for reader in readers:
                    reader.follow()
            for name in ends:
                conn, stack = open_ones[name]
                announce(conn, ids[name])
                for reader in readers:
                    reader.follow()
                    assert reader.seen == expected, "a row was told before its commit"
                if name == lost:
                    roll_back(stack)
                else:
                    stack.close()
                    expected += ids[name]
                for reader in readers:
                    reader.follow()
                    assert reader.seen == expected, f"pages of {reader.limit}: rows are told once, in commit order"
    assert len(orders) == 36
    dense(stage.central)


@postgresql
@pytest.mark.parametrize("commits", [True, False])
def test_who_comes_second_waits_for_the_first_to_end(stage: Stage, commits: bool) -> None:
    """The numbers of a transaction that is rolled back are taken by the next; readers wait for nobody."""
    before = dense(stage.central)
    taken: list[feed.Reserved] = []
    reader = Follower(stage, 1)
    with session(stage.central) as (first, stack):
        write(first, ["first"])
        assert announce(first, ["first"]).first_seq == before + 1

        def second() -> None:
            with stage.central.write() as conn:
                write(conn, ["second"])
                taken.append(announce(conn, ["second"]))

        thread = threading.Thread(target=second)
        thread.start()
        eventually(lambda: _waiting(stage.central) == 1, SECONDS, "the second does not wait for the first")
        reader.follow()
        assert (reader.seen, taken) == ([], [])
        stack.close() if commits else roll_back(stack)
        thread.join(SECONDS)
    assert [item.first_seq for item in taken] == [before + 1 + commits]
    reader.follow()
    assert reader.seen == (["first", "second"] if commits else ["second"])
    assert dense(stage.central) == before + 1 + commits


def _waiting(central: Central) -> int:
    """Sessions of this database that wait for a lock."""
    with central.read() as conn:
        found = conn.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
            )
        )
        return int(found.scalar_one())


@postgresql
@pytest.mark.protocol("P-008")
def test_whoever_waits_too_long_for_the_head_has_written_nothing(stage: Stage) -> None:
    """The wait ends by `lock_timeout`, as OperationalError, which the API answers with 503."""
    before = dense(stage.central)
    with session(stage.central) as (first, stack):
        announce(first, ["first"])
        with pytest.raises(OperationalError, match="lock timeout"):
            turn(stage.central, "second", 0)
        stack.close()
    assert dense(stage.central) == before + 1
    assert stage.scalar("SELECT count(*) FROM queue WHERE id LIKE 'second%'") == 0
    assert turn(stage.central, "again", 0)["seq"] == before + 2


@pytest.mark.slow
def test_writers_in_processes_of_their_own(stage: Stage, central_url: str, tmp_path: Path) -> None:
    """Two run to their end, a third is killed at some moment: the feed is dense, readers have passed nothing."""
    before = dense(stage.central)
    readers = [Follower(stage, limit) for limit in SIZES]
    running = {name: _writer(central_url, tmp_path / name) for name in ("one", "two", "killed")}
    eventually(lambda: len(_said(tmp_path / "killed")) >= 5, SECONDS, "the third has not begun")
    running["killed"].kill()
    assert running["killed"].wait(SECONDS) != 0, "the third was done before it was killed"
    while any(process.poll() is None for process in running.values()):
        for reader in readers:
            reader.follow()
    for name in ("one", "two"):
        assert running[name].returncode == 0
        assert len(_said(tmp_path / name)) == TURNS
    heard = [told for name in running for told in _said(tmp_path / name)]
    told = {id: told["seq"] + place for told in heard for place, id in enumerate(told["ids"])}
    head = dense(stage.central)
    with stage.central.read() as conn:
        there = {
            row.id: row.seq
            for row in conn.execute(text("SELECT id, seq FROM change WHERE seq > :before"), {"before": before})
        }
    assert told.items() <= there.items(), "what a writer was told is there under that number"
    unheard = there.keys() - told.keys()
    assert all(id.startswith("killed-") for id in unheard)
    assert len({id.rpartition("-")[0] for id in unheard}) <= 1, "at most the turn that was under way"
    for reader in readers:
        reader.follow()
        assert reader.seen == sorted(there, key=there.__getitem__)
    assert head == before + len(there)


def _writer(url: str, out: Path) -> "subprocess.Popen[bytes]":
    """A process that writes, under the name of the file in which it tells what it has committed."""
    words = [sys.executable, "-m", "tests.central.ledger.writers", url, out.name, str(TURNS)]
    with out.open("wb") as file:
        return subprocess.Popen(words, cwd=ROOT, stdout=file)


def _said(out: Path) -> list[dict[str, Any]]:
    """Whole lines alone: the last may be half written."""
    return [json.loads(line) for line in out.read_text().splitlines(keepends=True) if line.endswith("\n")]
