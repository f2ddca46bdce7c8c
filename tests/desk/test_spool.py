"""The spool of a shared laptop: what is written at a sign-out, and what whoever comes next does with it."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from msc_console import clock, escrow
from msc_console.config import Home, Settings
from msc_console.desk import Desk, conversing, opening, spool
from msc_console.domain.commands import Command
from msc_console.store import outbox
from msc_console.sync.faults import Broken, Declined, Fault
from msc_console.sync.wire import Problem, SpoolReply
from tests.identity.conftest import LOGIN, SECRET
from tests.support.passes import give

NOW = clock.parse("2026-07-02T03:04:05.678Z")
IDENTITY = escrow.identity_of(bytes(range(32)))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose pass names central's key for the spool."""
    people = Home(tmp_path / "home").make().person(LOGIN)
    give(people, SECRET, policy={"spool": escrow.public_of(IDENTITY)})
    found = opening.sit_down_with(people, Settings(), LOGIN, SECRET)
    yield found
    found.leave()


def add(desk: Desk, *numbers: int, body: str = "RAHASIA") -> None:
    with desk.cache.write() as conn:
        for n in numbers:
            command = Command(
                id=f"op-{n}", kind="entry.note", actor=SECRET.person, target=f"t-{n}", args={"body": body}, made_at=NOW
            )
            outbox.append(conn, command)


class Way:
    """Central: opens what comes. `refusals` are raised first, by place in the row of calls."""

    def __init__(self, *refusals: Exception | None) -> None:
        self.refusals = list(refusals)
        self.got: list[list[str]] = []

    def bring(self, sealed: str, timeout: float | None = None, /) -> SpoolReply:
        refused = self.refusals.pop(0) if self.refusals else None
        if refused is not None:
            raise refused
        found = escrow.unseal(IDENTITY, base64.b64decode(sealed))
        assert found["device"] == SECRET.device
        self.got.append([op["op"] for op in found["ops"]])
        return SpoolReply(len(found["ops"]))


def names(home: Home) -> list[str]:
    return sorted(path.name for path in spool.folder(home).iterdir() if path.is_file())


def _declined(status: int, code: str) -> Declined:
    return Declined(Problem("", "", status, code))


@pytest.mark.protocol("P-200", "P-205")
def test_a_sign_out_leaves_what_is_unsent_to_the_next_person(desk: Desk) -> None:
    home = spool.of(desk)
    assert conversing.sign_out(desk) == 0
    add(desk, *range(3))
    assert conversing.sign_out(desk) == 3
    assert spool.waiting(home) == spool.Waiting(files=1, acts=3, aside=0)
    assert desk.counts()[0] == 3  # they stay the author's
    for path in spool.folder(home).iterdir():
        assert path.stat().st_mode & 0o077 == 0
        for told in (b"RAHASIA", LOGIN.encode(), SECRET.device.encode(), SECRET.person.encode(), b"op-1"):
            assert told not in path.read_bytes() + path.name.encode()
    way = Way()
    assert spool.bring(home, way, NOW) == 3
    assert way.got == [["op-0", "op-1", "op-2"]]
    assert spool.waiting(home) == spool.Waiting(0, 0, 0)


def test_the_same_acts_are_written_once(desk: Desk) -> None:
    add(desk, 1, 2)
    assert [conversing.sign_out(desk) for _ in range(2)] == [2, 2]
    assert len(names(spool.of(desk))) == 1
    add(desk, 3)
    assert conversing.sign_out(desk) == 3
    assert len(names(spool.of(desk))) == 2


@pytest.mark.protocol("P-205")
def test_much_work_is_cut_into_pushes_and_comes_in_its_order(desk: Desk) -> None:
    add(desk, *range(120))
    add(desk, *range(120, 130), body="x" * 60_000)
    conversing.sign_out(desk)
    sizes = [path.stat().st_size for path in spool.folder(spool.of(desk)).iterdir()]
    assert max(sizes) <= spool.SEALED_BYTES
    way = Way()
    assert spool.bring(spool.of(desk), way, clock.now()) == 130
    assert [op for batch in way.got for op in batch] == [f"op-{n}" for n in range(130)]
    assert len(way.got) >= 4
    assert max(map(len, way.got)) == 100


def test_without_a_key_of_central_nothing_is_written(desk: Desk) -> None:
    for told in ("", "age1nonsense"):
        give(desk.home, SECRET, counter=2, policy={"spool": told})
        add(desk, len(told))
        assert conversing.sign_out(desk) == 0
    assert spool.waiting(spool.of(desk)).files == 0


def test_a_full_spool_takes_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MOST_FILES", 2)
    add(desk, *range(250))
    assert conversing.sign_out(desk) == 200
    assert len(names(spool.of(desk))) == 2
    assert desk.counts()[0] == 250


@pytest.mark.protocol("P-203")
@pytest.mark.parametrize(("status", "aside"), [(400, 1), (413, 1), (401, 0), (403, 0), (404, 0), (429, 0), (503, 0)])
def test_what_central_can_not_read_is_set_aside_and_all_else_stays(desk: Desk, status: int, aside: int) -> None:
    add(desk, *range(150))
    conversing.sign_out(desk)
    home, way = spool.of(desk), Way(_declined(status, "x"))
    assert spool.bring(home, way, clock.now()) == (50 if aside else 0)
    assert spool.waiting(home) == spool.Waiting(0 if aside else 2, 0 if aside else 150, aside)


@pytest.mark.protocol("P-205")
def test_it_ends_at_the_first_fault_and_goes_on_next_time(desk: Desk) -> None:
    add(desk, *range(250))
    conversing.sign_out(desk)
    home, way = spool.of(desk), Way(None, Broken(Fault.UNREACHABLE))
    assert spool.bring(home, way, clock.now()) == 100
    assert spool.waiting(home).acts == 150
    assert spool.bring(home, way, clock.now()) == 150
    assert [len(batch) for batch in way.got] == [100, 100, 50]


@pytest.mark.protocol("P-205")
def test_old_large_and_strange_files(desk: Desk) -> None:
    add(desk, 1)
    conversing.sign_out(desk)
    home, way = spool.of(desk), Way()
    place = spool.folder(home)
    (path,) = place.iterdir()
    (place / path.name.replace("-000-", "-001-")).write_bytes(bytes(spool.SEALED_BYTES + 1))
    (place / "notes.txt").write_text("mine")
    (place / ".half").write_bytes(b"x")
    assert spool.bring(home, way, clock.now() + spool.LONGEST + timedelta(minutes=1)) == 0
    assert not (place / ".half").exists()
    assert names(home) == ["notes.txt"]
    assert spool.waiting(home) == spool.Waiting(0, 0, 2)
    assert way.got == []


def test_a_half_written_file_is_left_to_its_writer_for_a_while(desk: Desk) -> None:
    place = spool.folder(spool.of(desk))
    place.mkdir()
    (place / ".half").write_bytes(b"x")
    spool.bring(spool.of(desk), Way(), clock.now())
    assert (place / ".half").exists()


def test_a_round_hands_the_spool_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    brought: list[Any] = []
    monkeypatch.setattr(spool, "bring", lambda home, way, now: brought.append(home) or 0)
    talk = conversing.Conversation(desk, lambda status: None, lambda ids: None)
    talk._way = object()  # type: ignore[assignment]
    status = conversing.SyncStatus
    for told in (
        status(online=True, pending=2), status(online=True), status(online=True), status(problem="unreachable"),
        status(online=False), status(online=True),
    ):  # fmt: skip
        talk._heard(told)
    assert brought == [spool.of(desk)] * 2  # once each time that central is back, behind one's own work
