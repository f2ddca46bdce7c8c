"""Snapshots through the real transport and the served routes; and parts that are not what the manifest says."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import zstandard

from msc_console import packing
from msc_console.desk.syncing import CacheDisk
from msc_console.desk.taking import CacheIntake
from msc_console.domain.decide import decide
from msc_console.store.opening import Cache
from msc_console.store.replica import Replica
from msc_console.sync import snapshots
from msc_console.sync.driver import SyncDriver
from msc_console.sync.faults import Broken, Declined, Fault
from msc_console.sync.snapshots import checked, read_part
from msc_console.sync.wire import Line, Snapshot, SnapshotPart
from tests.central.service.conftest import Laptop, Place, place, running
from tests.central.service.talk import create
from tests.store.world import KEY, context_of

from .test_against_central import PATIENCE, Outbox, sign_in

__all__ = ["place"]
pytestmark = pytest.mark.protocol("P-140")


@pytest.fixture
def url(place: Place) -> Iterator[str]:
    with running(place) as found:
        yield found


def test_a_first_pull_over_http(place: Place, url: str, tmp_path: Path) -> None:
    rina, outbox = Laptop.new(), Outbox()
    way = sign_in(place, url, "rina", rina)
    ops = [create(place, rina, f"Meterai gagal {n}") for n in range(3)]
    outbox.sealed = list(ops)
    assert SyncDriver.open(way, outbox).run_until_quiet(PATIENCE).pending == 0
    way.close()
    budi = sign_in(place, url, "budi", Laptop.new())
    cache = Cache.open(tmp_path / "cache.db", KEY)
    replica = Replica(decide, context_of)
    disk = CacheDisk(cache, replica, cast(Any, None))
    status = SyncDriver.open(budi, disk, intake=CacheIntake(cache, replica)).run_until_quiet(PATIENCE)
    assert status.problem is None
    with cache.read() as conn:
        here = {row[0] for row in conn.execute("SELECT id FROM ticket")}
    assert here == {op.target for op in ops}
    with pytest.raises(Declined) as caught:
        budi.part("0" * 32, 1)
    assert (caught.value.problem.status, caught.value.key) == (410, "snapshot_gone")
    found = budi.begin_snapshot()
    with pytest.raises(Declined) as caught:
        budi.part(found.id, 999)
    assert caught.value.problem.status == 404
    assert {line.entity for line in budi.timeline(ops[0].target)} == {"entry"}
    with pytest.raises(Declined) as caught:
        budi.timeline("tidak/ada")
    assert caught.value.problem.status == 404
    budi.close()
    cache.close()


def packed(*lines: Line, raw: bytes | None = None) -> tuple[SnapshotPart, bytes]:
    """A part as central would send it, and its place in the manifest."""
    body = packing.pack(msgspec.json.Encoder().encode_lines(list(lines)) if raw is None else raw)
    rows = next((line.rows for line in lines if line.t == "end"), 0)
    return SnapshotPart(1, rows, len(body), hashlib.sha256(body).hexdigest(), ["ticket"]), body


PUT = Line("put", "ticket", "t1", d={"subject": "a"})


def taken(part: SnapshotPart, body: bytes) -> list[Line]:
    return [line for lines, _ in read_part(part, body) for line in lines]


@pytest.mark.parametrize("piece", [1, 7, 64, 10_000])
def test_a_part_is_read_whole_at_any_size_of_pieces(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "PIECE", piece)
    part, body = packed(PUT, msgspec.structs.replace(PUT, id="t2"), Line("later", "x", "y"), Line("end", rows=3))
    assert [line.id for line in taken(part, body)] == ["t1", "t2"]
    assert [last for _, last in read_part(part, body)].count(True) == 1


@pytest.mark.parametrize(
    "lines",
    [
        [PUT], [Line("end", rows=1)], [PUT, Line("end", rows=2)], [PUT, Line("end", rows=1), PUT],
        [Line("end", rows=0), PUT, Line("end", rows=2)], [],
    ],
    ids=["no end", "row lost", "miscounted", "end early", "two ends", "empty"],
)  # fmt: skip
@pytest.mark.parametrize("piece", [8, 10_000])
def test_a_part_that_contradicts_itself_is_cut(lines: list[Line], piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "PIECE", piece)
    with pytest.raises(Broken) as caught:
        taken(*packed(*lines))
    assert caught.value.kind is Fault.CUT


def test_a_body_that_is_not_the_manifests_gives_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    part, body = packed(PUT, Line("end", rows=1))
    for other in (body[:-1], body + b"x", packed(PUT, PUT, Line("end", rows=2))[1], b""):
        with pytest.raises(Broken) as caught:
            next(read_part(part, other))
        assert caught.value.kind is Fault.CUT
    bomb = zstandard.ZstdCompressor().compress(b" " * 100_000)
    told = SnapshotPart(1, 0, len(bomb), hashlib.sha256(bomb).hexdigest(), [])
    monkeypatch.setattr(snapshots, "UNPACKED_MOST", 50_000)
    with pytest.raises(Broken) as caught:
        taken(told, bomb)
    assert caught.value.kind is Fault.NOT_OURS
    junk = b"not zstd"
    with pytest.raises(Broken) as caught:
        taken(SnapshotPart(1, 0, len(junk), hashlib.sha256(junk).hexdigest(), []), junk)
    assert caught.value.kind is Fault.CUT


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "../x"}, {"id": ""}, {"cursor": "\u00e9"}, {"parts": [SnapshotPart(1, 1, 5 << 20, "", [])]},
        {"parts": [SnapshotPart(1, 1, 1, "", []), SnapshotPart(1, 1, 1, "", [])]},
    ],
    ids=["path", "no id", "cursor", "too large", "twice"],
)  # fmt: skip
def test_a_manifest_that_cannot_be_ours_is_refused(changes: dict[str, Any]) -> None:
    sound = Snapshot("ab12", "g", 1, "c", True, [SnapshotPart(1, 1, 1, "", ["ticket\x1b"])])
    assert checked(sound).parts[0].entities == ["ticket\u241b"]
    with pytest.raises(Broken):
        checked(msgspec.structs.replace(sound, **changes))
