"""A desk in this process with a small seeded cache, a central that answers on demand, and `msc` as a function."""

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from msgspec import structs, to_builtins

from msc_console import clock
from msc_console.cli.front import run
from msc_console.config import Home, Settings
from msc_console.desk import Desk, awaiting, conversing, opening
from msc_console.domain.commands import Command, Conflict, Outcome, Refusal
from msc_console.domain.model import Article, Contact, Entry, Hop, Queue, Service, Ticket
from msc_console.domain.terms import EntryKind, Tier, Visibility
from msc_console.identity.vault import Secrets
from msc_console.store import sealing
from msc_console.store import settings as kept
from msc_console.sync.status import SyncStatus
from msc_console.sync.wire import OpResult
from tests.store.world import ANDI, BAGUS, DEWI, HENDRA, RINA, ModelCentral, a_ticket, put

SECRET = Secrets(bytes(range(32)), bytes(range(32, 64)), "device-1", "K7Q", "rina")
IDS = [f"0198a{n:03x}-0000-7000-8000-0000000000{n:02x}" for n in range(16)]
"""Ids of the tickets; 14 and 15 begin alike."""
IDS[15] = IDS[14][:-1] + "f"


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Msc = Callable[..., Ran]


def tickets() -> list[Ticket]:
    """Numbers 1 to 4: free, free, Bagus's, mine; two without a number."""
    now = clock.now()
    common: dict[str, Any] = {"contact_at": now, "created_at": now, "updated_at": now}
    common |= {"organisation_name": "Bank Sagara", "next_due": now + timedelta(hours=3)}
    held = {"owned_at": now, "claim_until": now + timedelta(minutes=30)}
    return [
        a_ticket(IDS[1], number=1, **common),
        a_ticket(IDS[2], number=2, subject="Kuota belum masuk", **common),
        a_ticket(IDS[3], number=3, state="open", owner="bagus", owner_epoch=1, **held, **common),
        a_ticket(IDS[4], number=4, state="open", owner="rina", owner_epoch=1, **common),
        a_ticket(IDS[14], **common),
        a_ticket(IDS[15], **common),
    ]


def things() -> dict[str, list[Any]]:
    """Everything of the seeded cache, by entity."""
    now = clock.now()
    return {
        "person": [RINA, BAGUS, DEWI, HENDRA],
        "queue": [
            Queue(id="q1", ver=1, key="helpdesk", name="Helpdesk Reguler"),
            Queue(id="q2", ver=1, key="priority", name="Helpdesk Priority"),
        ],
        "service": [Service(id="s1", ver=1, key="pos", name="e-meterai POS")],
        "contact": [ANDI, Contact(id="andre", ver=1, name="Andre Wijaya", created_at=now)],
        "article": [Article(id="a1", ver=1, code="PT-017", title="Kuota terpotong", body="# Cara", updated_at=now)],
        "ticket": tickets(),
        "entry": [
            Entry(
                id="e1", ticket=IDS[4], ver=1, kind=EntryKind.NOTE, act="entry.note", author="rina",
                body="Log sudah dilihat", visibility=Visibility.INTERNAL, made_at=now, received_at=now, at=now,
            )
        ],
        "hop": [
            Hop(
                id="h1", ticket=IDS[4], ver=1, from_tier=Tier.L0, tier=Tier.L1, reason="perlu log",
                raised_by="rina", raised_at=now, asked=("rina",),
            )
        ],
    }  # fmt: skip


def seed(desk: Desk, given: dict[str, list[Any]]) -> None:
    """Put things into the cache as a page of the feed would."""
    lines = [put(entity, value) for entity, values in given.items() for value in values]
    with desk.cache.write() as conn:
        desk.replica.apply_page(conn, lines, "c", clock.now())
    desk.forget_world()


@pytest.fixture
def home() -> Home:
    """The home of the commands that run in this process."""
    return Home.locate().make()


@pytest.fixture
def desk(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Rina's desk, seeded; central is not set. Commands sit down at it."""
    people = home.person("rina").make()
    home.current.write_text("rina", "utf-8")
    desk = opening.sit_down_with(people, Settings(), "rina", SECRET)
    seed(desk, things())
    for name in ("sit_down", "sit_down_to_read"):
        monkeypatch.setattr(opening, name, lambda *_args, **_more: desk)
    with monkeypatch.context() as patch:
        patch.setattr(Desk, "leave", lambda _desk: None)  # several commands of a test share it
        yield desk
    desk.leave()


class Central(ModelCentral):
    """A central whose refusals carry what fills their sentence."""

    def decide(self, command: Command) -> Outcome:
        self.outcome = super().decide(command)
        return self.outcome

    def act(self, command: Command) -> OpResult:
        answer = super().act(command)
        if isinstance(self.outcome, Refusal):
            return structs.replace(answer, data=to_builtins(dict(self.outcome.data)))
        if isinstance(self.outcome, Conflict):
            fields = {name: list(values) for name, values in self.outcome.fields.items()}
            return structs.replace(answer, data=to_builtins({"fields": fields}))
        return answer


@dataclass
class Line:
    """The way to a central that answers as the real rules do."""

    central: Central = field(default_factory=Central)
    cut: bool = False

    def sync_once(self, desk: Desk, seconds: float = 0, *, patient: bool = True) -> SyncStatus:
        """One round: everything that waits is pushed, everything new is pulled."""
        if self.cut:
            return SyncStatus(problem="unreachable")
        now = self.central.at = clock.now()
        seen = len(self.central.feed)
        with desk.cache.write() as conn:
            inc = kept.get(conn, "incarnation")
            batch = sealing.seal_batch(conn, desk.unlocked.signer, desk.unlocked.device, inc, now)
            desk.replica.settle(conn, self.central.push(batch), now)
            lines, end, _all = self.central.page(seen, 1000)
            desk.replica.apply_page(conn, lines, str(end), now)
        return SyncStatus(online=True)


@pytest.fixture
def line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Central, as `desk` reaches it."""
    line = Line()
    line.central.rows = {
        (entity, value.id): value for entity, values in things().items() for value in values if entity != "ticket"
    }
    line.central.rows |= {("ticket", ticket.id): ticket for ticket in tickets()}
    line.central.number = 100
    monkeypatch.setattr(conversing, "sync_once", line.sync_once)
    monkeypatch.setattr(awaiting, "sync_once", line.sync_once)
    monkeypatch.setattr(desk, "settings", Settings(central="http://127.0.0.1:9"))
    return line


@pytest.fixture
def msc(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Msc:
    """`msc` in this process: exit code, standard output, standard error."""

    def call(*words: object, stdin: str | bytes = "") -> Ran:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        code: Any = 0
        with contextlib.suppress(SystemExit):
            code = run([str(word) for word in words])
        out, err = capsys.readouterr()
        return Ran(int(code), out, err)

    return call
