"""Many laptops at work at once: desks in threads, talking in rounds or all the time, and commands that are killed."""

import json
import random
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from msc_console import clock
from msc_console.desk import Desk
from msc_console.desk.conversing import Conversation, sync_once
from msc_console.errors import ConflictError, MscError
from msc_console.identity import signin
from msc_console.store.outbox import OpState, OutboxOp
from tests.deep.centres import QUEUES
from tests.e2e.stage import PASSWORD, Laptop

PAUSE = (0.02, 0.4)
"""Seconds between two acts of one person."""
ROUND = 8.0
"""Longest round of a desk that talks now and then."""
LONGEST_LIFE = 2.5
"""Seconds that a command may live before it is killed; most are done in less."""


@dataclass
class Worker:
    """One person at work: what was kept here, and what the rules refused."""

    laptop: Laptop
    chance: random.Random
    stop: threading.Event
    kept: set[str] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)
    said: int = 0
    texts: list[str] = field(default_factory=list)
    let_go: Counter[str] = field(default_factory=Counter)
    taken_back: set[str] = field(default_factory=set)

    @contextmanager
    def at_desk(self) -> Iterator[Desk]:
        """The desk, to settle and to look into the cache."""
        with self.laptop.desk() as desk:
            yield desk

    def words(self) -> str:
        """A text that is said once in the whole test."""
        self.said += 1
        self.texts.append(f"{self.laptop.login} {self.said:04d}")
        return self.texts[-1]

    def rest(self) -> None:
        self.stop.wait(self.chance.uniform(*PAUSE))


@dataclass
class AtDesk(Worker):
    """A desk of its own in this process. `talks` all the time, as a console does, or in rounds, as commands do."""

    talks: bool = False
    desk: Desk = field(init=False)
    rounds: Counter[str] = field(default_factory=Counter)

    def sit_down(self) -> None:
        """The keys come out of the vault into this process; the session's own process ends."""
        from msc_console.desk.opening import sit_down_with

        self.laptop.leave()
        people = self.laptop.home.person(self.laptop.login)
        secret = signin.unlock(people, self.laptop.login, PASSWORD)
        self.desk = sit_down_with(people, self.laptop.settings, self.laptop.login, secret)

    @contextmanager
    def at_desk(self) -> Iterator[Desk]:
        yield self.desk

    def work(self) -> None:
        """Acts until told to stop."""
        conversation = Conversation(self.desk, lambda status: None, lambda ids: None) if self.talks else None
        if conversation is not None:
            conversation.start()
        try:
            while not self.stop.is_set():
                self._act()
                if not self.talks and self.chance.random() < 0.25:
                    self._round()
                self.rest()
        finally:
            if conversation is not None:
                conversation.stop(60)

    def _round(self) -> None:
        found = sync_once(self.desk, ROUND, patient=self.chance.random() < 0.5)
        self.rounds[str(found.problem) if found else "left to another"] += 1

    def _act(self) -> None:
        with self.desk.cache.read() as conn:
            tickets = [row["id"] for row in conn.execute("SELECT id FROM ticket ORDER BY id")]
        kind, desk = self.chance.random(), self.desk
        try:
            if kind < 0.12 or not tickets:
                queue = self.chance.choice(list(self.desk.person.queues))
                done = desk.new_ticket(self.words(), None, queue, contact_name="Pelanggan", take=kind < 0.06)
            else:
                ref = self.chance.choice(tickets)
                if kind < 0.5:
                    done = desk.note(ref, self.words())
                elif kind < 0.7:
                    done = desk.take(ref)
                elif kind < 0.85:
                    done = desk.set(ref, urgency=self.chance.choice(["low", "medium", "high"]))
                elif kind < 0.9:
                    done = desk.release(ref)
                elif kind < 0.95:
                    done = desk.move(ref, self.chance.choice(QUEUES))
                else:
                    done = desk.call(ref, "in", 2, self.words())
        except MscError as error:
            self.refused[error.key] += 1
            return
        self.kept.add(done.op)


@dataclass
class AtShell(Worker):
    """Commands in processes of their own, each killed at a moment of chance unless it has ended before."""

    tickets: list[str] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    ended: Counter[int] = field(default_factory=Counter)

    def work(self) -> None:
        while not self.stop.is_set():
            self._command()
            self.rest()

    def _command(self) -> None:
        words = self._words()
        process = self.laptop.spawn(*words, *(["--json"] if words[0] == "ticket" else []))
        try:
            out, err = process.communicate(timeout=self.chance.uniform(0.05, LONGEST_LIFE))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.killed["sync" if words[0] == "sync" else "write"] += 1
            return
        assert "Traceback" not in err, (words, err)
        self.ended[process.returncode] += 1
        if process.returncode == 0 and words[0] == "ticket":
            self.kept |= {done["op"] for done in json.loads(out)}

    def _words(self) -> tuple[str, ...]:
        ref = self.chance.choice(self.tickets)
        choice = self.chance.random()
        if choice < 0.4:
            return ("ticket", "note", ref, self.words())
        if choice < 0.55:
            return ("ticket", "take", ref)
        if choice < 0.65:
            return ("ticket", "set", ref, "--urgency", self.chance.choice(["low", "medium", "high"]))
        if choice < 0.75:
            return ("ticket", "new", self.words(), "--contact", "Pelanggan 0", "--queue", self.chance.choice(QUEUES))
        return ("sync", "now")


def settle(person: Worker, desk: Desk, seconds: float) -> None:
    """Rounds until every act of this desk has its answer.

    An act may wait behind one that was refused, for a person to decide (P-075): this person takes back what stands on
    a refused act and lets the refused go.
    """
    until, pause = clock.monotonic() + seconds, threading.Event()
    while True:
        status = sync_once(desk, 20)
        if status is not None and status.problem is None:
            if desk.counts()[0] == 0:
                return
            _decide(person, desk)
        left = until - clock.monotonic()
        assert left > 0, f"{person.laptop.login}: {desk.counts()} after {seconds} s, {status}"
        pause.wait(0.1)


def _decide(person: Worker, desk: Desk) -> None:
    """The newest first, so that nothing stands any more on what is let go."""
    acts = [act for act, _label, _title in desk.outbox()]
    refused = [act for act in acts if act.state is OpState.ATTENTION]
    waiting = {act.id: act for act in acts if act.state is OpState.OPEN}
    for act in waiting.values():
        assert any(act.target == other.target for other in refused), f"{act.id} ({act.kind}) waits for nothing"
    for act in sorted(refused, key=lambda act: act.n, reverse=True):
        try:
            desk.dismiss(act.id)
        except ConflictError as error:
            for op in error.data["ops"]:  # of `op_has_dependents`
                if op in waiting and op not in person.taken_back:
                    desk.withdraw(op)
                    person.taken_back.add(op)
            continue
        person.let_go[reason(act)] += 1


def reason(act: OutboxOp) -> str:
    """Why an act needs a person, in central's words."""
    assert act.result is not None, f"{act.id} ({act.kind}) waits without a reason"
    return f"{act.result['result']} {act.result['reason'] or ''}".strip()
