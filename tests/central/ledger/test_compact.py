"""Compaction of the feed: the same caches before and after, and a horizon that is honest."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from msc_console import clock
from msc_console.central import changes, compact, feed
from msc_console.central.cursors import CursorExpired
from msc_console.central.db import Central
from msc_console.domain.model import Person
from msc_console.domain.scope import COMMON, KEEP_CLOSED
from tests.central.ledger.stage import NOW, Cache, Laptop, Stage

LATER = NOW + compact.KEEP + timedelta(days=1)
ACTS = ("create", "create aside", "note", "move", "raise", "return", "leave queue", "join queue", "compact", "pull")


class Play:
    """A centre in which acts follow each other, and laptops that pull now and then with pages of their own size."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.lead, self.rina, self.engineer = (stage.laptop(who) for who in (stage.lead, stage.rina, stage.engineer))
        self.tickets: list[str] = []
        self.people = {"rina": stage.rina, "sari": stage.sari, "lead": stage.lead, "engineer": stage.engineer}
        self.caches = {(name, size): Cache(stage.central, who) for name, who in self.people.items() for size in (1, 3)}

    def act(self, what: str, pick: int) -> None:
        ticket = self.tickets[pick % len(self.tickets)] if self.tickets else ""
        match what:
            case "create" | "create aside":
                self.tickets.append(self.lead.create("umum" if what == "create" else "khusus"))
            case "leave queue" | "join queue":
                queues = ("umum", "khusus") if what == "join queue" else ("khusus",)
                rina = self.stage.change(self.people["rina"], queues=queues)
                self.people["rina"] = rina
                for size in (1, 3):
                    self.caches["rina", size].person = rina
            case "compact":
                compact.run(self.stage.central, NOW)
            case "pull":
                name = list(self.people)[pick % len(self.people)]
                self.caches[name, 1 + pick % 2 * 2].pull(1 + pick % 2 * 2)
            case _ if ticket:
                self._work(what, ticket)

    def _work(self, what: str, ticket: str) -> None:
        row = self.stage.row("ticket", ticket)
        basis = {"ver": row["ver"], "epoch": row["owner_epoch"]}
        if what == "note":
            self.lead.do("entry.note", ticket, {"body": "catatan"})
        elif what == "move":
            queue = "khusus" if row["queue"] == "umum" else "umum"
            self.lead.do("ticket.move", ticket, {"queue": queue}, before={"queue": row["queue"]}, basis=basis)
        elif what == "raise":
            self.lead.do("escalation.raise", ticket, {"tier": "l1", "reason": "perlu ahli"}, basis=basis)
        elif what == "return":
            self.engineer.do("escalation.return", ticket, {"outcome": "selesai"})

    def half(self, who: Person) -> Cache:
        """A laptop that has read one page of one row."""
        cache = Cache(self.stage.central, who)
        page = changes.read(self.stage.central, who, "", 1, NOW)
        cache.cursor = page.cursor
        for line in page.lines:
            cache.take(line)
        return cache


@pytest.fixture
def play(stage: Stage) -> Play:
    return Play(stage)


def _feed(central: Central) -> list[tuple[str, str, str]]:
    with central.read() as conn:
        return [tuple(row) for row in conn.execute(text("SELECT group_id, entity, id FROM change_group"))]


@pytest.mark.protocol("P-160", "P-087")
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 11)), min_size=10, max_size=40))
def test_a_pull_before_or_after_compaction_gives_the_same_cache(
    central_db: Central, acts: list[tuple[str, int]]
) -> None:
    """Any acts, any moment of compaction, any cursor, pages of any size."""
    from tests.central.ledger.stage import set_up

    with central_db.write() as conn:
        for table in ("change", "change_group", "person", "queue", "ticket", "entry", "hop", "op", "op_body", "device"):
            conn.execute(text(f'DELETE FROM "{table}"'))
        conn.execute(text("UPDATE feed_head SET seq = 0, horizon = 0"))
    central_db.memory.clear()
    play = Play(set_up(central_db))
    for what, pick in acts:
        play.act(what, pick)
    whole = {}
    for name, who in play.people.items():
        whole[name] = Cache(central_db, who)
        whole[name].pull()
    halves = {name: play.half(who) for name, who in play.people.items()}
    compact.run(central_db, NOW)
    found = _feed(central_db)
    assert len(found) == len(set(found)), "one line for each row and group"
    for name, who in play.people.items():
        halves[name].pull(1)
        assert halves[name].rows == whole[name].rows, name
        for size in (1, 2, 500):
            fresh = Cache(central_db, who)
            fresh.pull(size)
            assert fresh.rows == whole[name].rows, (name, size)
    for (name, size), cache in play.caches.items():
        cache.pull(size)
        assert cache.rows == whole[name].rows, (name, size)


def _left(play: Play) -> tuple[str, Cache]:
    """A ticket that Sari's laptop holds and that has left her queue since she last pulled."""
    play.act("create aside", 0)
    held = Cache(play.stage.central, play.stage.sari)
    held.pull()
    assert held.ids("ticket") == set(play.tickets)
    play.act("move", 0)
    return play.tickets[0], held


@pytest.mark.protocol("P-161")
def test_a_leave_is_kept_for_ninety_days(play: Play) -> None:
    ticket, held = _left(play)
    removed = compact.run(play.stage.central, NOW + compact.KEEP - timedelta(days=1))
    assert removed.told == 0
    assert [(line.t, line.id) for line in held.pull()] == [("leave", ticket)]


@pytest.mark.protocol("P-161", "P-085")
def test_a_cursor_below_the_horizon_is_void_and_a_new_start_gets_there(play: Play) -> None:
    _, held = _left(play)
    current = Cache(play.stage.central, play.stage.sari)
    current.pull()
    assert compact.run(play.stage.central, LATER).told == 1
    with pytest.raises(CursorExpired):
        held.pull()
    assert current.pull() == [], "a cursor at or above the horizon stays good"
    anew = Cache(play.stage.central, play.stage.sari)
    anew.pull(1)  # its first cursors are below the horizon, but it began above
    assert anew.rows == current.rows


def lines_of(play: Play, group: str) -> dict[str, int]:
    """Entity -> lines of a group."""
    found: dict[str, int] = {}
    for held, entity, _ in _feed(play.stage.central):
        found[entity] = found.get(entity, 0) + (held == group)
    return {entity: count for entity, count in found.items() if count}


@pytest.mark.protocol("P-160")
def test_what_belongs_to_a_ticket_that_left_leaves_the_feed(play: Play) -> None:
    """Its `leave` alone stays in the group; when it comes back all of it is there again, for old and new laptops."""
    play.act("create", 0)
    play.act("note", 0)
    play.act("raise", 0)
    ticket = play.tickets[0]
    held = Cache(play.stage.central, play.stage.rina)
    held.pull()
    whole = held.ids("entry")
    assert len(whole) == 3
    play.act("move", 0)
    assert lines_of(play, "queue:umum")["entry"] > 0
    removed = compact.run(play.stage.central, NOW)
    assert removed.parted > 0
    assert lines_of(play, "queue:umum") == {"ticket": 1}
    assert lines_of(play, "queue:khusus")["entry"] == 4
    assert compact.run(play.stage.central, NOW).parted == 0
    held.pull()
    assert held.ids("ticket") == held.ids("entry") == set()
    play.act("move", 0)
    compact.run(play.stage.central, NOW)
    fresh = Cache(play.stage.central, play.stage.rina)
    fresh.pull(1)
    held.pull(1)
    assert held.rows == fresh.rows
    assert held.ids("ticket") == {ticket}
    assert whole < held.ids("entry")


@pytest.mark.protocol("P-160", "P-101")
def test_the_timeline_of_what_was_closed_long_ago_leaves_the_feed(play: Play) -> None:
    play.act("create", 0)
    play.act("note", 0)
    with play.stage.central.write() as conn:
        conn.execute(text("UPDATE ticket SET closed_at = :at, state = 'closed'"), {"at": clock.to_ms(NOW)})
    assert compact.run(play.stage.central, NOW + KEEP_CLOSED).parted == 0
    assert compact.run(play.stage.central, NOW + KEEP_CLOSED + timedelta(seconds=1)).parted == 2
    assert lines_of(play, "queue:umum") == {"ticket": 1}, "whoever leaves the group is still told"


@pytest.mark.protocol("P-161")
def test_what_was_deleted_from_the_set_up_is_forgotten_too_but_for_the_newest_line(play: Play) -> None:
    """The newest line of the common group says which copy of the set-up is good, so it outlives its ninety days."""
    central, old = play.stage.central, NOW - timedelta(days=1)
    for name in ("a", "b"):
        gone = feed.Change(entity="queue", id=name, ver=2, put_groups=frozenset({COMMON}), gone=True)
        with central.write() as conn:
            feed.announce(conn, [gone], at=old)
    newest = play.stage.scalar("SELECT max(seq) FROM change_group WHERE group_id = 'common'")
    assert compact.run(central, LATER).told == 1
    assert play.stage.scalar("SELECT max(seq) FROM change_group WHERE group_id = 'common'") == newest
    play.stage.change(play.stage.rina, name="Rina W.")
    assert compact.run(central, LATER).told == 1
    assert play.stage.scalar("SELECT count(*) FROM change_group WHERE effect = 'del'") == 0


@pytest.mark.protocol("P-160")
def test_numbers_go_on_after_compaction(play: Play) -> None:
    for turn in range(6):
        play.act("create", turn)
        play.act("note", turn)
    top = play.stage.scalar("SELECT seq FROM feed_head")
    removed = compact.run(play.stage.central, NOW)
    assert removed.superseded > 0
    assert removed.changes > 0
    assert play.stage.scalar("SELECT seq FROM feed_head") == top
    play.act("create", 0)
    newest = play.stage.scalar("SELECT min(seq) FROM change WHERE seq > :top", top=top)
    assert newest == top + 1
    assert compact.run(play.stage.central, NOW).superseded == 0


@pytest.mark.protocol("P-160")
def test_an_empty_run_changes_nothing(play: Play) -> None:
    compact.run(play.stage.central, NOW)
    assert compact.run(play.stage.central, LATER) == compact.Removed()


@pytest.mark.protocol("P-105", "P-160")
def test_what_left_with_a_group_is_told_though_its_old_lines_are_gone(play: Play) -> None:
    """Rina holds a ticket; its line moves up behind her cursor; then the queue is taken from her."""
    play.act("create", 0)
    cache = Cache(play.stage.central, play.stage.rina)
    cache.pull()
    play.act("note", 0)
    compact.run(play.stage.central, NOW)
    play.act("leave queue", 0)
    cache.person = play.people["rina"]
    lines = cache.pull()
    assert ("leave", play.tickets[0]) in {(line.t, line.id) for line in lines}
    assert cache.ids("ticket") == set()


@pytest.mark.protocol("P-160")
def test_a_serving_central_compacts_in_steps(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compact, "PORTION", 4)
    for turn in range(8):
        play.act("create" if turn == 0 else "note", 0)
    central, now = play.stage.central, NOW
    assert compact.step(central, now) == compact.Removed(), "not at the start of the process"
    now += compact.FIRST
    steps = list(_steps(central, now))
    assert len(steps) > 2
    assert max(step.superseded + step.parted + step.told + step.changes for step in steps) <= 4
    assert compact.step(central, now) == compact.Removed(), "rests until the next run is due"


def _steps(central: Central, now: object) -> Iterator[compact.Removed]:
    while (removed := compact.step(central, now)) != compact.Removed():  # type: ignore[arg-type]
        yield removed


@pytest.mark.protocol("P-160")
def test_writers_and_two_compactors_at_once(play: Play) -> None:
    """Whatever runs beside it, a laptop that reads along ends with the same rows as one that begins afterwards."""
    from threading import Thread

    for turn in range(4):
        play.act("create", turn)
    cache = Cache(play.stage.central, play.stage.lead)
    cache.pull()
    threads = [Thread(target=lambda: [compact.run(play.stage.central, NOW) for _ in range(6)]) for _ in range(2)]
    other: Laptop = play.stage.laptop(play.stage.rina)
    threads.append(
        Thread(target=lambda: [other.do("entry.note", play.tickets[n % 4], {"body": "x"}) for n in range(20)])
    )
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        cache.pull(2)
    for thread in threads:
        thread.join()
    cache.pull(2)
    compact.run(play.stage.central, NOW)
    fresh = Cache(play.stage.central, play.stage.lead)
    fresh.pull()
    assert cache.rows == fresh.rows
    assert len([key for key in fresh.rows if key[0] == "entry"]) == 24
