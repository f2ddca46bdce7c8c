"""Processes that die at any moment: what the command line has confirmed is at central once, and nothing is there twice.

Sixty and more processes of two laptops are killed while they write or push, and central now and then with them.
`MSC_TEST_SEED` repeats the choices of a run; the moments are as random as the machine.
"""

import json
import os
import random
import secrets
import subprocess
import threading
from collections import Counter
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text

from msc_console import clock
from tests.e2e.accounts import TOOK, answers, cache_rows, central_rows, outbox_ids
from tests.e2e.conftest import Laptops
from tests.e2e.stage import Centre, Laptop

pytestmark = [pytest.mark.deep, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

KILLS = 60
MID_PUSH = 12
"""Of these, how many hit a push that central has just committed; central dies in every third of them."""
OFFLINE = 4
"""Acts that wait for such a push."""
SECONDS = 210.0
"""Longest the killing may take, on whatever machine."""
TICKETS = 12
"""Of each laptop, so that what is confirmed is also applied: rivals have tests of their own."""
SHARED = 2
"""Tickets that both write notes on."""
ENDS = {0, 1, 3, 5, 6}
"""Exit codes of a command that was left alone: done, refused by the rules, central away."""
ROUND = 2
"""Processes at once, often of one laptop."""


@dataclass
class Run:
    """One process: whose, and what it was to do."""

    laptop: Laptop
    words: tuple[str, ...]
    process: "subprocess.Popen[str]"
    moment: float


@dataclass
class Slaughter:
    """Starts, kills and keeps count."""

    centre: Centre
    laptops: list[Laptop]
    tickets: dict[str, list[str]]
    chance: random.Random
    confirmed: dict[str, set[str]] = field(default_factory=dict)
    said: int = 0
    offline: int = 0
    """Acts that were confirmed before a push of them died."""
    kills: Counter[str] = field(default_factory=Counter)
    longest: float = 1.0
    pause: threading.Event = field(default_factory=threading.Event)

    def act(self, login: str) -> tuple[str, ...]:
        """Something to do on a ticket of one's own; notes also on the shared ones. Each text is there once."""
        self.said += 1
        words, ref = f"nomor {self.said:04d}", self.chance.choice(self.tickets[login])
        return self.chance.choice(
            [
                ("ticket", "note", self.chance.choice([ref, *self.tickets["both"]]), words),
                ("ticket", "note", ref, words),
                ("ticket", "reply", ref, words),
                ("ticket", "call", ref, words, "--minutes", "3", "--in"),
                ("ticket", "take", ref),
                ("ticket", "set", ref, "--urgency", self.chance.choice(["low", "medium", "high"])),
                ("ticket", "hold", ref, "--for", "customer", "--reason", words),
                ("ticket", "resume", ref),
                ("ticket", "new", words, "--contact", "Pelanggan 0", "--queue", "triage"),
                ("sync", "now"),
                ("sync", "now"),
            ]
        )

    def start(self) -> Run:
        laptop = self.chance.choice(self.laptops)
        words = self.act(laptop.login)
        process = laptop.spawn(*words, *(["--json"] if words[0] == "ticket" else []))
        return Run(laptop, words, process, clock.monotonic() + self.chance.uniform(0.02, self.longest * 1.6))

    def finish(self, run: Run) -> None:
        """Lets a process live until its moment, and keeps what it has confirmed."""
        try:
            run.process.wait(max(0.0, run.moment - clock.monotonic()))
        except subprocess.TimeoutExpired:
            run.process.kill()
            self.kills["sync" if run.words[0] == "sync" else "write"] += 1
        out, err = run.process.communicate()
        code = run.process.returncode
        assert "Traceback" not in err, (run.words, err)
        if code < 0:
            return
        assert code in ENDS, (run.words, code, out, err)
        if code == 0 and run.words[0] == "ticket":
            self.confirmed[run.laptop.login] |= {done["op"] for done in json.loads(out)}

    def round(self) -> None:
        """Some processes at once, and one time in six central dies among them."""
        runs = [self.start() for _ in range(ROUND)]
        if self.chance.random() < 1 / 6:
            self.pause.wait(self.chance.uniform(0, self.longest))
            self.centre.kill()
            self.kills["central"] += 1
        for run in sorted(runs, key=lambda run: run.moment):
            self.finish(run)
        if self.centre.process is None:
            self.centre.start()

    def mid_push(self, turn: int) -> None:
        """A push dies when central has committed it and the laptop has perhaps not heard of it."""
        laptop = self.chance.choice(self.laptops)
        laptop.cut()
        for _ in range(OFFLINE):
            self.said += 1
            ref = self.chance.choice(self.tickets[laptop.login])
            (done,) = laptop.do("ticket", "note", ref, f"nomor {self.said:04d}")
            self.confirmed[laptop.login].add(done["op"])
            self.offline += 1
        laptop.mend()
        process = laptop.spawn("sync", "now")
        with self.centre.open() as central:
            while process.poll() is None:
                with central.read() as conn:
                    if conn.execute(text("SELECT 1 FROM op WHERE op_id = :op"), {"op": done["op"]}).scalar():
                        break
                self.pause.wait(0.001)
        self.kills["mid-push"] += process.poll() is None
        process.kill()
        process.communicate()
        if turn % 3 == 0:
            self.centre.kill()
            self.kills["central"] += 1
            self.centre.start()


def test_whatever_dies_nothing_is_lost_and_nothing_is_there_twice(centre: Centre, laptops: Laptops) -> None:
    seed = int(os.environ.get("MSC_TEST_SEED") or secrets.randbelow(10**6))
    print("MSC_TEST_SEED", seed)
    numbers = centre.fill(2 * TICKETS + SHARED)
    people = [laptops("rina", centre), laptops("budi", centre)]
    tickets = {"rina": numbers[:TICKETS], "budi": numbers[TICKETS:-SHARED], "both": numbers[-SHARED:]}
    run = Slaughter(centre, people, tickets, random.Random(seed), {"rina": set(), "budi": set()})
    for laptop in people:
        assert laptop.msc("sync", "now").code == 0
    begun = clock.monotonic()
    run.finish(Run(people[0], ("sync", "now"), people[0].spawn("sync", "now"), begun + 30))
    run.longest = clock.monotonic() - begun

    begun, turn = clock.monotonic(), 0
    while sum(run.kills.values()) - run.kills["central"] < KILLS and clock.monotonic() - begun < SECONDS:
        turn += 1
        if turn % 4 == 0 and turn // 4 <= MID_PUSH:
            run.mid_push(turn // 4)
        else:
            run.round()
    print("kills", dict(run.kills), "of processes that ran", round(run.longest, 2), "s; rounds", turn)
    print("confirmed", {login: len(ops) for login, ops in run.confirmed.items()})
    assert run.kills.total() - run.kills["central"] >= KILLS, run.kills
    assert min(run.kills[kind] for kind in ("write", "sync", "mid-push", "central")) > 0, run.kills

    for laptop in (*people, *people):
        said = laptop.msc("sync", "now")
        assert said.code in (0, 5), said
    with centre.open() as central:
        for laptop in people:
            ops = run.confirmed[laptop.login]
            with laptop.desk() as desk:
                kept = outbox_ids(desk)
                assert ops <= kept, "what was confirmed is in the outbox"
                codes = answers(central, kept)
                assert {codes[op] for op in ops} <= {*TOOK}
                assert desk.counts() == (0, 0)
                assert cache_rows(desk) == central_rows(central, desk.person)
                with desk.cache.read() as conn:
                    assert [row[0] for row in conn.execute("PRAGMA integrity_check")] == ["ok"]
        with central.read() as conn:
            bodies = conn.execute(text("SELECT body FROM entry")).scalars().all()
            subjects = conn.execute(text("SELECT subject FROM ticket")).scalars().all()
            assert conn.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
            dense = conn.execute(text("SELECT count(*), min(seq), max(seq) FROM change")).one()
        told = Counter(words for words in (*bodies, *subjects) if words.startswith("nomor 0"))
        assert told.total() >= run.offline >= OFFLINE
        assert told.most_common(1)[0][1] == 1, f"an act was carried out twice: {told.most_common(3)}"
        assert dense[0] == dense[2] - dense[1] + 1, dense
