"""Twenty laptops, several workers, one PostgreSQL, and everything that can break does: nothing is lost, nothing twice.

Sixteen desks in threads and four laptops whose commands are killed write through a line that is cut, swallowed, slowed
and broken off in mid-reply; workers are killed; the database is stopped as by a power cut and its line to central
breaks between a commit and its answer. `MSC_TEST_SEED` repeats the choices; the moments are as random as the machine.
"""

import gc
import os
import random
import secrets
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from msc_console import clock
from msc_console.central.db import Central
from msc_console.config import Home
from msc_console.domain.terms import Result
from msc_console.errors import Exit
from msc_console.store.outbox import OpState
from msc_console.sync.transport import HttpTransport
from msc_console.sync.wire import OpResult, PushReply
from tests.deep.centres import LOGINS, BusyCentre, Trouble
from tests.deep.crowd import AtDesk, AtShell, Worker, reason, settle
from tests.e2e.accounts import TOOK, answers, cache_rows, central_rows, outbox_ids
from tests.e2e.stage import Laptop
from tests.support import cluster as clusters
from tests.support.cluster import Cluster, running_cluster
from tests.support.tcp_proxy import Line, proxied

pytestmark = [pytest.mark.deep, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

SHELLS = (0, 1, 3, 4)
"""Places of the laptops whose commands are killed: people of the queue where the first tickets lie."""
TALKERS = 8
"""Of the others, who talk all the time; the rest talks in rounds."""
TICKETS = 40
TROUBLE_SECONDS = 1.2
CALM_SECONDS = (1.0, 2.5)
SETTLE_SECONDS = 60.0


@dataclass
class Told:
    """What central has told the desks of this process about ops, as it came over the line."""

    answers: dict[str, list[OpResult]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hear(self, reply: PushReply) -> None:
        with self.lock:
            for result in reply.results:
                self.answers.setdefault(result.op, []).append(result)

    def codes(self) -> dict[str, set[str]]:
        """Op id -> every lasting answer that was ever given to it."""
        found: dict[str, set[str]] = {}
        for op, results in self.answers.items():
            codes = {
                str(result.data["result"]) if result.result == Result.DUPLICATE else str(result.result)
                for result in results
            } - {Result.GAP, Result.FORKED, Result.DEFERRED, Result.UNSUPPORTED}
            if codes:
                found[op] = codes
        return found


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Every push of this process is overheard."""
    heard, real = Told(), HttpTransport.push

    def push(self: HttpTransport, *args: Any, **more: Any) -> PushReply:
        reply = real(self, *args, **more)
        heard.hear(reply)
        return reply

    monkeypatch.setattr(HttpTransport, "push", push)
    return heard


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    reason = clusters.missing()
    if reason:
        pytest.skip(reason)
    with running_cluster() as found:
        yield found


@dataclass
class Stage:
    """Everything that is there before the first act."""

    centre: BusyCentre
    trouble: Trouble
    desks: list[AtDesk]
    shells: list[AtShell]
    stop: threading.Event

    @property
    def people(self) -> list[Worker]:
        return [*self.desks, *self.shells]


def _stage(stack: ExitStack, cluster: Cluster, folder: Path, workers: int, chance: random.Random, seed: int) -> Stage:
    backstage = stack.enter_context(proxied(cluster.port))
    served = make_url(cluster.url).set(port=backstage.port).render_as_string(hide_password=False)
    centre = BusyCentre(cluster.url, folder, served=served, workers=workers)
    centre.set_up()
    numbers = centre.fill(TICKETS)
    centre.start()
    stack.callback(centre.kill)
    line = stack.enter_context(proxied(centre.port))
    laptops = [Laptop(Home(folder / login), login, centre, line.address) for login in LOGINS]
    for laptop in laptops:
        stack.callback(laptop.leave)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Laptop.sign_in, laptops))
    stop = threading.Event()

    def dice(login: str) -> random.Random:
        return random.Random(f"{seed} {login}")

    shells = [
        AtShell(laptop, dice(laptop.login), stop, tickets=numbers) for laptop in (laptops[place] for place in SHELLS)
    ]
    others = [laptop for place, laptop in enumerate(laptops) if place not in SHELLS]
    desks = [AtDesk(laptop, dice(laptop.login), stop, talks=place < TALKERS) for place, laptop in enumerate(others)]
    for desk in desks:
        desk.sit_down()
        stack.callback(desk.desk.leave)
    return Stage(centre, Trouble(centre, cluster, line, backstage, chance), desks, shells, stop)


@pytest.mark.protocol("P-061", "P-062", "P-080", "P-087")
@pytest.mark.parametrize("workers", [2, 4])
def test_whatever_breaks_nothing_is_lost_and_nothing_is_there_twice(
    cheap: None, own_cluster: Cluster, told: Told, tmp_path: Path, workers: int
) -> None:
    seed = int(os.environ.get("MSC_TEST_SEED") or secrets.randbelow(10**6))
    print("MSC_TEST_SEED", seed, "workers", workers)
    chance = random.Random(seed)
    begun = clock.monotonic()
    with ExitStack() as stack:
        stage = _stage(stack, own_cluster, tmp_path, workers, chance, seed)
        print(f"set up in {clock.monotonic() - begun:.1f} s")
        _play(stage, chance)
        for person in (*stage.people, *stage.people):  # what the last ones send, the first must hear of too
            with person.at_desk() as desk:
                settle(person, desk, SETTLE_SECONDS)
        print(f"settled after {clock.monotonic() - begun:.1f} s")
        _check(stage, told)
        print(f"all in {clock.monotonic() - begun:.1f} s")
    gc.collect()


def _play(stage: Stage, chance: random.Random) -> None:
    """People work while one thing after the other goes wrong; when they stop, everything is whole again."""
    trouble, pause = stage.trouble, threading.Event()
    with ThreadPoolExecutor(len(stage.people)) as pool:
        at_work = [pool.submit(person.work) for person in stage.people]
        try:
            for kind in trouble.kinds():
                pause.wait(chance.uniform(*CALM_SECONDS))
                trouble.begin(kind)
                pause.wait(TROUBLE_SECONDS)
                trouble.end()
            pause.wait(CALM_SECONDS[1])
        finally:
            trouble.end()
            stage.stop.set()
        for future in at_work:
            future.result(120)
    hit = {line.value: trouble.line.faults[line] for line in Line if trouble.line.faults[line]}
    behind = {line.value: trouble.backstage.faults[line] for line in Line if trouble.backstage.faults[line]}
    print("troubles", dict(trouble.hits), "| connections hit", hit, "| database connections hit", behind)
    assert {Line.CUT, Line.HALF_CUT, Line.BLACKHOLE} <= trouble.line.faults.keys()
    assert {Line.CUT, Line.HALF_CUT} <= trouble.backstage.faults.keys()


def _check(stage: Stage, told: Told) -> None:
    with stage.centre.open() as central:
        codes = _ops(central, stage, told)
        _feed(central)
        _caches(central, stage)
        _texts(central, stage)
    print("answers", dict(Counter(codes.values())))
    print("refused here", dict(_sum(person.refused for person in stage.people)))
    print("killed commands", dict(_sum(shell.killed for shell in stage.shells)))
    ended = _sum(shell.ended for shell in stage.shells)
    print("ended commands by exit code", dict(ended))
    assert ended.keys() <= set(map(int, Exit)) - {Exit.USAGE}
    print("rounds", dict(_sum(desk.rounds for desk in stage.desks)))
    assert _sum(shell.killed for shell in stage.shells).total() > 0
    assert len(codes) > 100
    assert {*codes.values()} > {Result.APPLIED}


def _sum(counts: Iterable[Counter[Any]]) -> Counter[Any]:
    return sum(counts, Counter())


def _ops(central: Central, stage: Stage, told: Told) -> dict[str, str]:
    """Every act that was kept has one answer, the one that its laptop heard, and left one entry or none."""
    codes: dict[str, str] = {}
    for person in stage.people:
        with person.at_desk() as desk:
            kept = outbox_ids(desk)
        assert person.kept <= kept, f"{person.laptop.login}: an act that was confirmed is not in the outbox"
        codes |= answers(central, kept - person.taken_back)
    heard = told.codes()
    again = sum(result.result == Result.DUPLICATE for results in told.answers.values() for result in results)
    print("acts", len(codes), "answers heard at desks", len(heard), "of these after the first was lost", again)
    assert again > 0, "no answer was ever lost: the lines were not cut in the right moments"
    for op, answered in heard.items():
        assert answered == {codes[op]}, f"{op}: told {answered}, kept {codes[op]}"
    with central.read() as conn:
        there = set(conn.execute(text("SELECT op_id FROM op WHERE device IS NOT NULL")).scalars())
    assert there == codes.keys(), "central has exactly what the laptops have kept"
    return codes


def _feed(central: Central) -> None:
    with central.read() as conn:
        seqs = list(conn.execute(text("SELECT seq FROM change ORDER BY seq")).scalars())
        head = conn.execute(text("SELECT seq, number FROM feed_head WHERE id = 1")).one()
        numbers = sorted(conn.execute(text("SELECT number FROM ticket")).scalars())
        last = conn.execute(text("SELECT max(seq) FROM op")).scalar_one()
    assert seqs == list(range(1, head.seq + 1)), "the feed has no gap and nothing twice"
    assert numbers == list(range(1, head.number + 1))
    assert last <= head.seq
    print("feed", head.seq, "tickets", head.number)


def _caches(central: Central, stage: Stage) -> None:
    """Each laptop holds what central holds for it, and what waits there has a reason."""
    attention: Counter[str] = Counter()
    for person in stage.people:
        with person.at_desk() as desk:
            assert desk.counts()[0] == 0, person.laptop.login
            acts = [act for act, _label, _title in desk.outbox() if act.state is OpState.ATTENTION]
            assert len(acts) == desk.counts()[1]
            attention.update(reason(act) for act in acts)
            held, wanted = cache_rows(desk), central_rows(central, desk.person)
            for kind, rows in wanted.items():
                assert held[kind] == rows, f"{person.laptop.login}: {kind}"
    print("for a person to decide", dict(attention), "| let go", dict(_sum(person.let_go for person in stage.people)))
    assert not {word.split()[0] for word in attention} & {*TOOK}


def _texts(central: Central, stage: Stage) -> None:
    """A text stands for one act: it is there once or, where the act was refused or never kept, not at all."""
    with central.read() as conn:
        bodies = Counter(conn.execute(text("SELECT body FROM entry WHERE kind IN ('note', 'call')")).scalars())
        subjects = Counter(conn.execute(text("SELECT subject FROM ticket")).scalars())
    for person in stage.people:
        for words in person.texts:
            assert bodies[words] + subjects[words] <= 1, words
