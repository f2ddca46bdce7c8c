"""Digests of what a reader should hold: exactly what the feed gives them, whatever happened, and nothing of others."""

from collections.abc import Iterable
from datetime import timedelta
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import text

from msc_console import digest, records
from msc_console.central import compact, sql, verify
from msc_console.central.cursors import CursorExpired
from msc_console.digest import BUCKETS, Digest
from msc_console.domain.model import Person
from msc_console.domain.scope import KEEP_CLOSED
from msc_console.domain.terms import Role
from tests.central.ledger.stage import NOW, Cache, Stage, new_id, person
from tests.central.ledger.test_changes import _story

PARTS = ("entry", "hop", "conflict")
VECTOR = "1ac78d00d404b992"
BUCKET = 178


def held(cache: Cache) -> dict[str, Digest]:
    """What a laptop counts: its rows, without the timeline of closed tickets."""
    closed = {id for (entity, id), row in cache.rows.items() if entity == "ticket" and row.get("closed_at")}
    found = {}
    for entity in records.ENTITIES:
        rows = [row for (kind, _), row in cache.rows.items() if kind == entity]
        rows = [row for row in rows if entity not in PARTS or row["ticket"] not in closed]
        found[entity] = digest.whole((row["id"], row["ver"]) for row in rows)
    return found


def told(stage: Stage, who: Person, cache: Cache, **more: Any) -> dict[str, Digest]:
    sums = verify.sums(stage.central, who, cache.cursor, (), more.get("now", NOW))
    assert sums is not None
    return {entity: item.whole for entity, item in sums.items()}


def readers(stage: Stage) -> list[Person]:
    customer = person("ani", Role.CUSTOMER, ("umum",))
    with stage.central.write() as conn:
        conn.execute(sql.upsert("person"), records.to_row(customer))
    stage.change(customer)
    return [stage.rina, stage.sari, stage.lead, stage.engineer, customer]


@pytest.mark.protocol("P-165", "P-100", "P-104")
def test_the_digests_are_of_what_the_feed_gives(stage: Stage) -> None:
    """After every act of a story, for every kind of reader; compaction changes nothing of it."""
    people = readers(stage)
    seen: set[str] = set()
    for _ in _story(stage):
        for who in people:
            cache = Cache(stage.central, who)
            cache.pull()
            wanted = held(cache)
            assert told(stage, who, cache) == wanted, who.login
            seen |= {entity for entity, item in wanted.items() if item.rows}
    assert {"ticket", "entry", "hop", "contact", "person", "queue"} <= seen
    compact.run(stage.central, NOW)
    for who in people:
        cache = Cache(stage.central, who)
        cache.pull()
        assert told(stage, who, cache) == held(cache)


@pytest.mark.protocol("P-165")
def test_closed_tickets_count_for_ninety_days_and_their_timeline_not(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    ticket, other = laptop.create(), laptop.create()
    assert other != ticket
    with stage.central.write() as conn:
        conn.execute(text("UPDATE ticket SET closed_at = :at WHERE id = :id"), {"at": _ms(NOW), "id": ticket})
    cache = Cache(stage.central, stage.rina)
    cache.pull()
    sums = told(stage, stage.rina, cache)
    assert (sums["ticket"].rows, sums["entry"].rows) == (2, 1)
    assert sums == held(cache)
    late = told(stage, stage.rina, cache, now=NOW + KEEP_CLOSED)
    assert late["ticket"].rows == 2, "exactly ninety days still count"
    later = told(stage, stage.rina, cache, now=NOW + KEEP_CLOSED + timedelta(milliseconds=1))
    assert later["ticket"].rows == 1


def _ms(moment: Any) -> int:
    from msc_console.clock import to_ms

    return to_ms(moment)


@pytest.mark.protocol("P-166")
def test_nothing_is_counted_while_there_is_news(stage: Stage) -> None:
    laptop, cache = stage.laptop(stage.rina), Cache(stage.central, stage.rina)
    ticket = laptop.create()
    cache.pull()
    assert verify.sums(stage.central, stage.rina, cache.cursor, (), NOW) is not None
    stage.laptop(stage.lead).create("khusus")
    assert verify.sums(stage.central, stage.rina, cache.cursor, (), NOW) is not None, "that is no news to her"
    laptop.do("entry.note", ticket, {"body": "baru"})
    assert verify.sums(stage.central, stage.rina, cache.cursor, (), NOW) is None
    cache.pull()
    moved = stage.change(stage.rina, queues=("umum", "khusus"))
    assert verify.sums(stage.central, moved, cache.cursor, (), NOW) is None, "other groups than the cursor's"
    with pytest.raises(CursorExpired):
        verify.sums(stage.central, stage.budi, cache.cursor, (), NOW)


@pytest.mark.protocol("P-167")
def test_buckets_add_up_and_their_rows_are_all_of_them(stage: Stage) -> None:
    laptop, cache = stage.laptop(stage.rina), Cache(stage.central, stage.rina)
    for _ in range(12):
        laptop.create()
    cache.pull()
    sums = verify.sums(stage.central, stage.rina, cache.cursor, {"ticket"}, NOW)
    assert sums is not None
    assert sums["entry"].buckets == ()
    parts = sums["ticket"].buckets
    assert len(parts) == BUCKETS
    whole = sums["ticket"].whole
    assert sum(part.rows for part in parts) == whole.rows == 12
    assert sum(part.total for part in parts) % 2**64 == whole.total
    filled = [place for place, part in enumerate(parts) if part.rows]
    lines, current = _rows(stage, stage.rina, cache, "ticket", filled[:3])
    assert current
    assert {line.id for line in lines} == {id for id in cache.ids("ticket") if digest.bucket_of(id) in filled[:3]}
    assert all(line.d == cache.rows["ticket", line.id] for line in lines)
    empty = next(place for place in range(BUCKETS) if place not in filled)
    assert _rows(stage, stage.rina, cache, "ticket", [empty]) == ([], True)


def _rows(stage: Stage, who: Person, cache: Cache, entity: str, buckets: Iterable[int]) -> Any:
    return verify.rows(stage.central, who, cache.cursor, entity, set(buckets), NOW)


@pytest.mark.protocol("P-168", "P-100")
def test_no_row_of_others_is_told(stage: Stage) -> None:
    """Whatever a reader asks for, the rows are a part of what the feed gives them."""
    people = readers(stage)
    for _ in _story(stage):
        pass
    every = range(BUCKETS)
    for who in people:
        cache = Cache(stage.central, who)
        cache.pull()
        for entity in records.ENTITIES:
            lines, _ = _rows(stage, who, cache, entity, every)
            assert {line.id for line in lines} <= cache.ids(entity), (who.login, entity)
    off = stage.change(stage.rina, active=False)
    cache = Cache(stage.central, off)
    cache.pull()
    assert {item.rows for item in told(stage, off, cache).values()} == {0}
    assert all(_rows(stage, off, cache, entity, every)[0] == [] for entity in records.ENTITIES)


@pytest.mark.protocol("P-165")
def test_a_hundred_thousand_rows_take_no_second() -> None:
    """The arithmetic alone, measured at 0.2 s for both forms; the bound is wide because tests share the machine."""
    pairs = [(new_id(), place % 7 + 1) for place in range(100_000)]
    begun = perf_counter()
    whole = digest.whole(pairs)
    parts = digest.spread(pairs)
    assert perf_counter() - begun < 5
    assert whole.rows == sum(part.rows for part in parts) == 100_000
    assert whole == digest.whole(reversed(pairs)), "in whatever order"
    assert whole != digest.whole([*pairs[1:], (pairs[0][0], pairs[0][1] + 1)])


@pytest.mark.protocol("P-165")
def test_the_hash_is_written_down() -> None:
    """Vectors of docs/protocol.md: another client must come to the same."""
    id = "0197c390-1111-7000-8000-0000000000f1"
    assert digest.whole([(id, 7)]).hex == VECTOR
    assert digest.bucket_of(id) == BUCKET
    assert digest.whole([]).hex == "0" * 16
