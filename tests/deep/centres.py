"""A centre of twenty people on a PostgreSQL of its own, served by several workers behind lines that can be cut."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field

from msc_console import clock
from msc_console.central import setup
from msc_console.central.centre import parse
from msc_console.central.passwords import TEST
from tests.e2e.stage import PASSWORD, Centre
from tests.support.cluster import Cluster
from tests.support.processes import workers_of
from tests.support.tcp_proxy import TcpProxy

QUEUES = ("triage", "priority")
SCOPES = (["triage"], ["triage", "priority"], ["priority"])
"""Queues of one person after the other."""
LOGINS = tuple(f"orang{number:02d}" for number in range(20))


def _person(place: int, login: str) -> str:
    queues = SCOPES[place % len(SCOPES)]
    return f'[[person]]\nlogin = "{login}"\nname = "{login}"\nrole = "agent"\nqueues = {json.dumps(queues)}\n'


SET_UP = """
[site]
name = "Pusat Ramai"
zone = "Asia/Jakarta"
enrolment = "open"
[[queue]]
key = "triage"
name = "Triase"
[[queue]]
key = "priority"
name = "Priority"
kind = "b2b"
[policy]
version = 1
""" + "".join(_person(place, login) for place, login in enumerate(LOGINS))


@dataclass
class BusyCentre(Centre):
    """Served by `workers` processes. `url` is the database as the test sees it, `served` as central does."""

    served: str = ""
    workers: int = 2

    def set_up(self) -> None:
        now = clock.now()
        setup.init(self.url, parse(SET_UP), now, TEST)
        self.secrets = {login: setup.user_add(self.url, login, PASSWORD, now).secret for login in LOGINS}

    def start(self) -> None:
        words = ["central", "serve", "-d", self.served, "--port", str(self.port), "--workers", str(self.workers)]
        with (self.folder / "central.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "msc_console", *words], stdout=subprocess.PIPE, stderr=log
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (self.folder / "central.log").read_text()
        assert json.loads(line)["url"] == self.address


@dataclass
class Trouble:
    """What goes wrong in turn, each kind at least once. `hits` counts it."""

    centre: BusyCentre
    cluster: Cluster
    line: TcpProxy
    """Between the laptops and central."""
    backstage: TcpProxy
    """Between central and its database."""
    chance: random.Random
    hits: Counter[str] = field(default_factory=Counter)

    def kinds(self) -> list[str]:
        """One round of troubles in an order of chance, with the restart of the cluster in the middle."""
        found = ["worker", "worker", "cut", "half cut", "blackhole", "delay", "database line", "answer of the database"]
        self.chance.shuffle(found)
        found.insert(len(found) // 2, "cluster")
        return found

    def begin(self, kind: str) -> None:
        """Lets it happen; `end` puts the lines right again."""
        self.hits[kind] += 1
        if kind == "worker":
            assert self.centre.process is not None
            living = workers_of(self.centre.process.pid)
            if living:
                os.kill(self.chance.choice(living), signal.SIGKILL)
        elif kind == "cluster":
            self.cluster.restart("immediate")
        elif kind == "cut":
            self.line.cut()
        elif kind == "half cut":
            self.line.half_cut(self.chance.choice([0, 20, 300, 1_000]))
        elif kind == "blackhole":
            self.line.blackhole()
        elif kind == "delay":
            self.line.delay(0.05)
        elif kind == "database line":
            self.backstage.cut()
        else:
            self.backstage.half_cut(self.chance.choice([2_000, 20_000]))

    def end(self) -> None:
        self.line.restore()
        self.backstage.restore()
