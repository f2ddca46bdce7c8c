"""A first pull in parts is the first pull by pages: the same rows for every reader, whatever happens meanwhile."""

import hashlib
import json
import random
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from msc_console import packing
from msc_console.central import cutting, feed, snapshots, sql
from msc_console.central.access import Reader
from msc_console.central.problems import ProblemError
from msc_console.central.snapshots import Snapshots
from msc_console.domain.model import Person
from msc_console.domain.rights import WHOLE, TokenScope, narrowed
from msc_console.domain.terms import Role
from msc_console.sync.wire import PART_BYTES, Line, Snapshot
from tests.central.ledger.stage import NOW, Cache, Stage
from tests.central.ledger.test_changes import _readers, _story

pytestmark = pytest.mark.protocol("P-140")


class Times:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> Any:
        return self.at


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def cuts(stage: Stage, times: Times) -> Iterator[Snapshots]:
    found = Snapshots(stage.central, times.now)
    yield found
    found.close()


def whole(cuts: Snapshots, person: Person, id: str) -> Snapshot:
    """The manifest once everything is cut."""
    for _ in range(400):
        found = cuts.manifest(person, id)
        if found.whole:
            return found
        threading.Event().wait(0.02)
    raise AssertionError("never whole")


def lines(body: bytes) -> list[Line]:
    return msgspec.json.Decoder(Line).decode_lines(packing.unpack(body, 64 << 20))


def taken(cuts: Snapshots, stage: Stage, person: Person, id: str | None = None) -> Cache:
    """A cache that holds a snapshot and stands at its cursor."""
    found = whole(cuts, person, id or cuts.begin(person))
    cache = Cache(stage.central, person, cursor=found.cursor)
    for part in found.parts:
        body = cuts.part(person, found.id, part.n)
        assert (len(body), hashlib.sha256(body).hexdigest()) == (part.bytes, part.sha256)
        assert len(body) <= PART_BYTES
        *rows, end = lines(body)
        assert (end.t, end.rows, part.rows) == ("end", len(rows), len(rows))
        assert {line.entity for line in rows} == set(part.entities)
        for line in rows:
            assert line.t == "put"
            cache.take(line)
    return cache


def without_timelines(rows: dict[tuple[str, str], dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """`rows` as a snapshot has them: closed tickets stand alone."""
    over = {id for (entity, id), row in rows.items() if entity == "ticket" and row.get("closed_at")}
    return {key: row for key, row in rows.items() if row.get("ticket") not in over}


def closed(stage: Stage, queue: str = "umum") -> str:
    """A ticket that was noted on and closed."""
    lead = stage.laptop(stage.lead)
    ticket = lead.create(queue)
    lead.do("entry.note", ticket, {"body": "catatan lama"})
    assert lead.do("ticket.cancel", ticket, {"reason": "dobel"}, before={"state": "new"}).result == "applied"
    return ticket


def test_a_snapshot_holds_what_pages_bring(stage: Stage, cuts: Snapshots) -> None:
    list(_story(stage))
    closed(stage)
    customer = stage.change(stage.budi, role=Role.CUSTOMER)
    for who in (*_readers(stage), customer):
        pages = Cache(stage.central, who)
        pages.pull()
        cache = taken(cuts, stage, who)
        assert cache.rows == without_timelines(pages.rows), who.login
        assert cache.pull() == []


@pytest.mark.protocol("P-141")
@pytest.mark.parametrize("seed", range(4))
def test_what_happens_meanwhile_comes_with_the_feed(
    stage: Stage, cuts: Snapshots, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Snapshots taken at any moment of a story, cut as small as may be: each ends where a fresh laptop does."""
    rng = random.Random(seed)
    monkeypatch.setattr(cutting, "PART_ROWS", rng.choice([1, 2, 3, 7]))
    caches: list[Cache] = []
    for _ in _story(stage):
        caches += [taken(cuts, stage, who) for who in _readers(stage) if rng.random() < 0.5]
    for cache in caches:
        cache.pull(rng.choice([1, 2, 500]))
        fresh = Cache(stage.central, cache.person)
        fresh.pull()
        assert cache.rows == fresh.rows
    assert caches


def test_a_part_of_rows_that_do_not_pack_stays_small(stage: Stage, cuts: Snapshots) -> None:
    laptop = stage.laptop(stage.rina)
    ticket = laptop.create()
    noise = random.Random(1)
    for _ in range(80):
        body = "".join(chr(noise.randrange(0x4E00, 0x9000)) for _ in range(19_000))
        assert laptop.do("entry.note", ticket, {"body": body}).result == "applied"
    found = taken(cuts, stage, stage.rina)
    assert len(found.ids("entry")) == 81
    assert len(whole(cuts, stage.rina, cuts.begin(stage.rina)).parts) > 2


def test_own_work_and_open_tickets_come_before_closed_ones(
    stage: Stage, cuts: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cutting, "PART_ROWS", 2)
    rina = stage.laptop(stage.rina)
    old = closed(stage)
    others = [rina.create() for _ in range(3)]
    mine = rina.create(take=True)
    found = whole(cuts, stage.rina, cuts.begin(stage.rina))
    order = [
        line.id
        for part in found.parts
        for line in lines(cuts.part(stage.rina, found.id, part.n))
        if line.entity == "ticket"
    ]
    assert order[0] == mine
    assert order[-1] == old
    assert set(order) == {old, mine, *others}
    assert [part.n < 0 for part in found.parts[:2]] == [False, True]
    assert "entry" not in found.parts[-1].entities


@pytest.mark.protocol("P-142")
def test_readers_of_the_same_groups_share_a_cut_for_ten_minutes(stage: Stage, cuts: Snapshots, times: Times) -> None:
    stage.laptop(stage.rina).create(take=True)
    first = cuts.begin(stage.rina)
    whole(cuts, stage.rina, first)
    assert cuts.begin(stage.budi) == first
    assert cuts.begin(stage.lead) != first, "other groups"
    theirs = whole(cuts, stage.budi, first)
    ours = whole(cuts, stage.rina, first)
    assert [part.n for part in ours.parts if part.n < 0] == [-1]
    assert [part.n for part in theirs.parts if part.n < 0] == []
    with pytest.raises(ProblemError, match="not_found"):
        cuts.part(stage.budi, first, -1)
    for n in (2**31, -(2**31) - 1, 2**63, -(2**130)):
        with pytest.raises(ProblemError, match="not_found"):
            cuts.part(stage.rina, first, n)
    with pytest.raises(ProblemError, match="snapshot_gone"):
        cuts.part(stage.lead, first, 1)
    times.at += timedelta(minutes=11)
    assert cuts.begin(stage.rina) != first
    cuts.part(stage.rina, first, 1)
    times.at += timedelta(hours=1)
    with pytest.raises(ProblemError, match="snapshot_gone"):
        cuts.part(stage.rina, first, 1)
    cuts.begin(stage.rina)
    with stage.central.read() as conn:
        kept = conn.execute(text("SELECT count(*) FROM snapshot WHERE id = :id"), {"id": first}).scalar_one()
    assert kept == 0


@pytest.mark.protocol("P-142")
def test_any_process_serves_a_cut(stage: Stage, cuts: Snapshots, times: Times) -> None:
    stage.laptop(stage.rina).create()
    id = cuts.begin(stage.rina)
    other = Snapshots(stage.central, times.now)
    assert taken(other, stage, stage.rina, id).ids("ticket")
    other.close()


@pytest.mark.protocol("P-142")
def test_a_cut_whose_process_died_is_over(stage: Stage, cuts: Snapshots, times: Times) -> None:
    at = int(times.at.timestamp() * 1000)
    with stage.central.write() as conn:
        head = feed.head(conn)
        audience = cutting.digest(cutting.audience_of(Reader.of(stage.rina)), head.generation)
        row = {"id": "x", "audience": audience, "generation": head.generation, "seq": head.seq, "state": "cutting"}
        conn.execute(sql.insert("snapshot", (*row, "made_at", "touched_at")), row | {"made_at": at, "touched_at": at})
    assert cuts.begin(stage.rina) == "x", "it may still be alive"
    times.at += timedelta(seconds=31)
    with pytest.raises(ProblemError, match="snapshot_gone"):
        cuts.manifest(stage.rina, "x")
    assert cuts.begin(stage.rina) != "x"


@pytest.mark.protocol("P-142")
def test_too_many_bytes_push_out_the_oldest(
    stage: Stage, cuts: Snapshots, times: Times, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cuts.begin(stage.rina)
    whole(cuts, stage.rina, first)
    monkeypatch.setattr(snapshots, "MOST_BYTES", 10)
    times.at += timedelta(minutes=11)
    second = cuts.begin(stage.rina)
    assert whole(cuts, stage.rina, second).id != first
    with pytest.raises(ProblemError, match="snapshot_gone"):
        cuts.manifest(stage.rina, first)


@pytest.mark.protocol("P-143")
def test_a_reader_whose_groups_change_has_to_begin_again(stage: Stage, cuts: Snapshots) -> None:
    lead = stage.laptop(stage.lead)
    lead.create("khusus")
    id = cuts.begin(stage.lead)
    found = whole(cuts, stage.lead, id)
    less = stage.change(stage.lead, queues=("umum",))
    for part in found.parts:
        with pytest.raises(ProblemError, match="snapshot_gone"):
            cuts.part(less, id, part.n)
    assert taken(cuts, stage, less).ids("ticket") == set()


@pytest.mark.protocol("P-143")
def test_a_restored_central_has_no_snapshots(stage: Stage, cuts: Snapshots) -> None:
    id = cuts.begin(stage.rina)
    whole(cuts, stage.rina, id)
    with stage.central.write() as conn:
        conn.execute(text("UPDATE feed_head SET generation = 'lain'"))
    with pytest.raises(ProblemError, match="snapshot_gone"):
        cuts.manifest(stage.rina, id)
    assert cuts.begin(stage.rina) != id


@pytest.mark.protocol("P-143")
def test_a_cut_from_before_the_horizon_is_over_and_is_not_shared(stage: Stage, cuts: Snapshots) -> None:
    id = cuts.begin(stage.rina)
    whole(cuts, stage.rina, id)
    with stage.central.write() as conn:
        conn.execute(text("UPDATE feed_head SET horizon = seq + 1, seq = seq + 1 WHERE id = 1"))
    with pytest.raises(ProblemError, match="snapshot_gone"):
        cuts.manifest(stage.rina, id)
    with pytest.raises(ProblemError, match="snapshot_gone"):
        cuts.part(stage.rina, id, 1)
    assert cuts.begin(stage.rina) != id


def test_a_cut_that_fails_says_so(stage: Stage, cuts: Snapshots, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Iterator[Any]:
        raise OSError("disk")
        yield

    monkeypatch.setattr(cutting, "shared", broken)
    id = cuts.begin(stage.rina)
    cuts.close()
    with pytest.raises(ProblemError, match="snapshot_gone"):
        cuts.manifest(stage.rina, id)


def test_rows_travel_with_what_newer_peers_wrote(stage: Stage, cuts: Snapshots) -> None:
    ticket = stage.laptop(stage.rina).create()
    with stage.central.write() as conn:
        extra = {"extra": json.dumps({"warna": "merah"}), "id": ticket}
        conn.execute(text("UPDATE ticket SET extra = :extra WHERE id = :id"), extra)
    assert taken(cuts, stage, stage.rina).rows["ticket", ticket]["warna"] == "merah"


@pytest.mark.protocol("P-146")
def test_a_timeline_alone_is_what_pages_bring_of_it(stage: Stage) -> None:
    ticket = closed(stage)
    pages = Cache(stage.central, stage.rina)
    pages.pull()
    theirs = {key: row for key, row in pages.rows.items() if row.get("ticket") == ticket}
    reader = Reader.of(stage.rina)
    with stage.central.read() as conn:
        found = [msgspec.json.decode(line, type=Line) for line in cutting.timeline(conn, reader, ticket, NOW)]
        outside = narrowed(WHOLE, frozenset({TokenScope.CHANGES}))
        public = cutting.timeline(conn, Reader.of(stage.rina, outside), ticket, NOW)
    assert {(line.entity, line.id): line.d for line in found} == theirs
    assert len(found) == 3
    assert public == []
