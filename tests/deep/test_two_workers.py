"""Two API processes on one PostgreSQL, six laptops that push and pull through both at once, and one process dies.

The laptops are the protocol alone (`docs/protocol.md`): a chain of sealed ops, a push sent again until it is answered,
pages applied in the order in which they come.
"""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pyotp
import pytest
from sqlalchemy import text
from uuid_utils import uuid7

from msc_console import clock, records
from msc_console.central import setup
from msc_console.central.centre import parse
from msc_console.central.passwords import TEST
from msc_console.clock import iso
from msc_console.domain.model import Person
from msc_console.domain.terms import Result
from msc_console.sync.wire import Envelope, Line, OpResult, PushReply, Tokens
from tests.central.service.conftest import Laptop
from tests.central.service.talk import lines
from tests.e2e.accounts import TOOK, central_rows
from tests.e2e.stage import PASSWORD, Centre, new_id

pytestmark = pytest.mark.deep

LOGINS = ("ani", "beni", "cici", "doni", "evi", "feri")
CENTRE = """
[site]
name = "Pusat Ramai"
zone = "Asia/Jakarta"
enrolment = "open"
[[queue]]
key = "triage"
name = "Triase"
[policy]
version = 1
""" + "".join(f'[[person]]\nlogin = "{one}"\nname = "{one}"\nrole = "agent"\nqueues = ["triage"]\n' for one in LOGINS)
TURNS = 60
"""Pushes of each laptop, with a pull after each."""
SHARED = 4
"""Tickets that everybody writes on and wants to take."""
SECONDS = 90.0
PAUSE = 0.02
COMPARED = ("ticket", "entry", "hop", "contact")


@dataclass
class Workers:
    """The two processes, and the database behind them."""

    centres: list[Centre]
    secrets: dict[str, str]


@pytest.fixture
def workers(cheap: None, postgres_url: str, tmp_path: Path) -> Iterator[Workers]:
    now = clock.now()
    setup.init(postgres_url, parse(CENTRE), now, TEST)
    secrets = {login: setup.user_add(postgres_url, login, PASSWORD, now).secret for login in LOGINS}
    centres = [Centre(postgres_url, tmp_path) for _ in range(2)]
    for centre in centres:
        centre.start()
    yield Workers(centres, secrets)
    for centre in centres:
        centre.kill()


@dataclass
class Crowd:
    """What the laptops share: how far they are, and when to give up."""

    end: float
    shared: list[str]
    pushed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    broken: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass
class Peer:
    """One laptop at work: everything it has sent, been told and holds."""

    login: str
    addresses: list[str]
    crowd: Crowd
    chance: random.Random
    laptop: Laptop = field(default_factory=Laptop.new)
    person: dict[str, Any] = field(default_factory=dict)
    own: list[str] = field(default_factory=list)
    answers: dict[str, OpResult] = field(default_factory=dict)
    rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    cursor: str = ""

    def __post_init__(self) -> None:
        self.http = httpx.Client(trust_env=False, timeout=20)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request, to either process, again and again until one of them answers it."""
        while True:
            assert clock.monotonic() < self.crowd.end, f"{self.login}: no answer to {method} {path}"
            try:
                reply = self.http.request(method, self.chance.choice(self.addresses) + path, **more)
            except httpx.TransportError:
                self.crowd.broken.release()
            else:
                if reply.status_code != 503:
                    assert reply.is_success, (self.login, path, reply.text)
                    return reply
            self.crowd.stop.wait(PAUSE)

    def sign_in(self, secret: str) -> None:
        nonce = self.ask("GET", "/v1/hello").json()["nonce"]
        body = msgspec.to_builtins(self.laptop.asks(nonce, self.login, PASSWORD))
        pending = self.ask("POST", "/v1/session", json=body).json()["token"]
        code, bearer = pyotp.TOTP(secret).at(clock.now()), {"Authorization": f"Bearer {pending}"}
        reply = self.ask("POST", "/v1/session/code", json={"code": code}, headers=bearer)
        tokens = msgspec.json.decode(reply.content, type=Tokens)
        self.laptop.device, self.laptop.person, self.person = tokens.device, tokens.person["id"], tokens.person
        self.http.headers["Authorization"] = f"Bearer {tokens.access}"

    def work(self) -> None:
        """All turns; a push that broke off goes again as it was."""
        for turn in range(TURNS):
            batch = self._acts(turn)
            body = {"device": self.laptop.device, "ops": msgspec.to_builtins(batch)}
            reply = msgspec.json.decode(self.ask("POST", "/v1/push", json=body).content, type=PushReply)
            assert [result.op for result in reply.results] == [envelope.op for envelope in batch]
            self.answers |= {result.op: result for result in reply.results}
            self.crowd.pushed.release()
            self.pull()
            assert {("entry", op) for op, code in self.codes().items() if code in TOOK} <= self.rows.keys(), (
                "a pull after the answer holds what was answered"
            )

    def _acts(self, turn: int) -> list[Envelope]:
        now, mine = clock.now(), new_id()
        self.own.append(mine)
        made = {
            "subject": f"{self.login} {turn}", "queue": "triage", "urgency": "high", "impact": "low",
            "kind": "incident", "channel": "phone", "contact_at": iso(now), "body": "",
        }  # fmt: skip
        shared = self.chance.choice(self.crowd.shared)
        asked: list[tuple[str, str, dict[str, Any]]] = [
            ("ticket.create", mine, made),
            ("entry.note", mine, {"body": f"{self.login} {turn} a"}),
            ("ticket.take", mine, {}),
            ("entry.note", self.chance.choice(self.own), {"body": f"{self.login} {turn} b"}),
            ("entry.note", shared, {"body": f"{self.login} {turn} c"}),
            ("ticket.take", shared, {}),
        ]
        return [self.laptop.op(kind, target, args, now) for kind, target, args in asked]

    def pull(self) -> None:
        """Everything up to now, page by page."""
        while True:
            reply = self.ask("GET", "/v1/changes", params={"cursor": self.cursor, "limit": 200})
            *found, end = lines(reply.content)
            assert (end.t, end.rows) == ("end", len(found))
            for line in found:
                self._take(line)
            self.cursor = end.cursor
            if end.up_to_date:
                return

    def _take(self, line: Line) -> None:
        if line.t == "put":
            assert isinstance(line.d, dict)
            self.rows[line.entity, line.id] = line.d
        else:
            self.rows.pop((line.entity, line.id), None)

    def codes(self) -> dict[str, str]:
        """Op id -> what became of it, however often it was asked."""
        return {
            op: result.data["result"] if result.result == Result.DUPLICATE else result.result
            for op, result in self.answers.items()
        }

    def holds(self) -> dict[str, dict[str, dict[str, Any]]]:
        return {kind: {id: row for (of, id), row in self.rows.items() if of == kind} for kind in COMPARED}


def test_six_laptops_two_processes_and_one_dies(workers: Workers) -> None:
    first, second = workers.centres
    numbers = first.fill(SHARED)
    with first.open() as central, central.read() as conn:
        shared = list(conn.execute(text("SELECT id FROM ticket")).scalars())
    assert len(numbers) == len(shared) == SHARED
    crowd = Crowd(clock.monotonic() + SECONDS, shared)
    seed = int(uuid7().int % 10**6)
    print("seed", seed)
    addresses = [first.address, second.address]
    peers = [Peer(login, addresses, crowd, random.Random(f"{seed} {login}")) for login in LOGINS]
    with ThreadPoolExecutor(len(peers)) as pool:
        list(pool.map(lambda peer: peer.sign_in(workers.secrets[peer.login]), peers))
        at_work = [pool.submit(peer.work) for peer in peers]
        for _ in range(TURNS * len(peers) // 2):
            assert crowd.pushed.acquire(timeout=SECONDS)
        first.kill()
        for future in at_work:
            future.result(SECONDS)
    assert crowd.broken.acquire(blocking=False), "nobody has noticed that a process died"
    for peer in peers:
        peer.pull()
        peer.http.close()

    with second.open() as central:
        with central.read() as conn:
            ops = conn.execute(text("SELECT op_id, code, seq FROM op WHERE device IS NOT NULL")).all()
            entries = Counter(conn.execute(text("SELECT id FROM entry")).scalars())
            seqs = list(conn.execute(text("SELECT seq FROM change ORDER BY seq")).scalars())
            head = conn.execute(text("SELECT seq, number FROM feed_head WHERE id = 1")).one()
            given = sorted(conn.execute(text("SELECT number FROM ticket")).scalars())
            bodies = Counter(conn.execute(text("SELECT body FROM entry WHERE kind = 'note'")).scalars())
            owners = conn.execute(text("SELECT id, owner, owner_epoch FROM ticket")).all()
        told = {op: code for peer in peers for op, code in peer.codes().items()}
        assert len(told) == len(peers) * TURNS * 6
        print("answers", Counter(told.values()), "head", head)
        assert {row.op_id: row.code for row in ops} == told, "central keeps what it has told"
        assert {op: entries[op] for op in told} == {op: int(code in TOOK) for op, code in told.items()}
        assert bodies == Counter(
            {f"{peer.login} {turn} {part}": 1 for peer in peers for turn in range(TURNS) for part in "abc"}
        )
        assert seqs == list(range(1, head.seq + 1)), "the feed has no gap and nothing twice"
        assert max(row.seq for row in ops) <= head.seq
        assert given == list(range(1, head.number + 1))
        assert len(given) == SHARED + len(peers) * TURNS
        for row in owners:
            assert (row.owner, row.owner_epoch) != (None, 0), "somebody was the first to take it"
        everywhere = central_rows(central, records.from_wire(Person, peers[0].person))
        assert len(everywhere["ticket"]) == len(given)
        for peer in peers:
            assert peer.holds() == everywhere, peer.login
