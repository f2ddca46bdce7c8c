"""A simulated laptop: the real cache, desk, engine and driver, with a disk that fails and dies at its commits."""

import errno
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import httpx

from msc_console import clock
from msc_console.config import PersonHome, Settings
from msc_console.desk.opening import _same_incarnation
from msc_console.desk.seat import Unlocked
from msc_console.desk.syncing import CacheDisk, CacheTokens, keep_tokens
from msc_console.desk.taking import CacheIntake
from msc_console.desk.whole import Desk
from msc_console.identity.signer import InProcess
from msc_console.store.failures import DiskFull
from msc_console.store.opening import Cache, Connection, create
from msc_console.sync import moves as m
from msc_console.sync.driver import SyncDriver
from msc_console.sync.engine import Engine
from msc_console.sync.moves import Phase, Source
from msc_console.sync.signals import Signals
from msc_console.sync.state import EngineState
from msc_console.sync.transport import HttpTransport

from .chance import Chance
from .office import Office
from .setting import CACHE_KEY

DISK = ("full", "error", "kill_before", "kill_after")
"""What may befall a commit: refused, or the process dies just before or just after it."""


class Killed(BaseException):
    """The process of this laptop is dead."""


@cache
def _template() -> Path:
    path = Path(tempfile.mkdtemp(prefix="msc-sim-")) / "cache.db"
    create(path, CACHE_KEY)
    return path


class FailingCache(Cache):
    """The cache over a disk with a plan: one entry for each coming commit."""

    def __init__(self, path: Path, key: bytes, *, read_only: bool = False) -> None:
        self.plan: list[str | None] = []
        self.struck: Counter[str] = Counter()
        self.commits = 0
        super().__init__(path, key, read_only=read_only)

    @contextmanager
    def write(self, *, comes_again: bool = False) -> Iterator[Connection]:
        fault = self.plan.pop(0) if self.plan else None
        if fault is not None:
            self.struck[fault] += 1
        with super().write(comes_again=comes_again) as conn:
            yield conn
            if fault == "full":
                raise DiskFull("disk_full", path=str(self.path))
            if fault == "error":
                raise OSError(errno.EIO, "the disk does not answer")
            if fault == "kill_before":
                raise Killed
        self.commits += 1
        if fault == "kill_after":
            raise Killed


class Waits(Signals):
    """Nobody waits in a simulation; a jump of the wall clock happens while the driver rests."""

    def __init__(self) -> None:
        super().__init__()
        self.jump = lambda: None

    def wait(self, seconds: float) -> None:
        self.jump()


class Laptop:
    """One copy of a person's cache with its process. `skew`: how wrong its wall clock is."""

    def __init__(self, name: str, login: str, folder: Path, chance: Chance, office: Office) -> None:
        self.name, self.login = name, login
        self.folder = folder
        self.chance, self.office = chance, office
        self.skew = timedelta()
        self.pending_jump = timedelta()
        self.online = True
        self.faults: list[str | None] = []
        self.disk_struck: Counter[str] = Counter()
        self.lives = 0
        self._looked_at = (0, 0)
        self.copies: list[Path] = []
        self.secrets = office.secrets(login)

    @classmethod
    def new(cls, name: str, login: str, folder: Path, chance: Chance, office: Office) -> "Laptop":
        """A fresh cache of a person who has just signed in."""
        laptop = cls(name, login, folder, chance, office)
        folder.mkdir(parents=True)
        shutil.copyfile(_template(), folder / "cache.db")
        laptop.start()
        laptop.sign_in()
        return laptop

    # -- the process

    def start(self) -> None:
        """The process begins on what the disk holds."""
        with self.seen():
            home = PersonHome(self.folder)
            self.cache = FailingCache(home.cache, CACHE_KEY)
            self.cache.struck = self.disk_struck
            _same_incarnation(self.cache, home.incarnation)
            unlocked = Unlocked(
                login=self.login,
                person=self.secrets.person,
                device=self.secrets.device,
                code=self.secrets.code,
                signer=InProcess(self.secrets),
            )
            self.desk = Desk(home, Settings(central="https://central.example"), self.cache, unlocked)
            self.tokens = CacheTokens(self.cache, unlocked)
            way = HttpTransport(
                "https://central.example", self.tokens, times=clock, http=httpx.MockTransport(self._request)
            )
            self.disk = CacheDisk(
                self.cache, self.desk.replica, unlocked, None, self.desk.forget_world, home.incarnation
            )
            self.lives += 1
            rng = Random(f"{self.name} {self.lives}")
            self.engine = Engine(rng, EngineState.load(self.disk.load_state()))
            self.signals = Waits()
            self.signals.jump = self._jump
            intake = CacheIntake(self.cache, self.desk.replica, None, self.desk.forget_world)
            self.driver = SyncDriver(
                self.engine, way, self.disk, times=clock, signals=self.signals, rng=rng, intake=intake
            )
            self.action: m.Action = self.driver._step(m.Start())

    def sign_in(self) -> None:
        """The person has signed in again."""
        with self.seen():
            if self.office.active(self.login):
                with self.chance.seen_by(timedelta()):
                    given = self.office.sign_in(self.login)
                keep_tokens(self.cache, given)
                self.driver.poke(Source.SIGNED_IN)

    def close(self) -> None:
        self.cache.close()

    def die(self) -> None:
        """The process is gone; another one begins on the files as they lie on the disk, unfinished log and all."""
        fresh = self.office.place(self.name)
        self.copy_to(fresh)
        self.cache.close()
        self.folder = fresh
        while True:
            try:
                return self.start()
            except Killed:
                self.cache.close()

    def copy_to(self, folder: Path) -> None:
        """The files of this laptop as they are now, in a new folder."""
        folder.mkdir()
        for name in ("cache.db", "cache.db-wal", "incarnation"):
            if (self.folder / name).exists():
                shutil.copyfile(self.folder / name, folder / name)

    # -- time

    @contextmanager
    def seen(self) -> Iterator[None]:
        """Within the block the wall clock is this laptop's."""
        with self.chance.seen_by(self.skew):
            yield

    def _jump(self) -> None:
        if self.pending_jump:
            self.skew += self.pending_jump
            self.chance.skew = self.skew
            self.pending_jump = timedelta()

    # -- the conversation

    def _request(self, request: httpx.Request) -> httpx.Response:
        if not self.online:
            raise httpx.ConnectError("no route")
        return self.office.way.serve(self.name, self.faults, request)

    def step(self) -> bool:
        """One action of the driver. False when it rests and nothing is due."""
        with self.seen():
            if isinstance(self.action, (m.Rest, m.Stop)):
                before = self.action
                self.action = self.driver._rest(self.action) if isinstance(before, m.Rest) else before
                return self.action is not before
            self.action = self.driver._advance(self.action, None)
            return True

    def talk(self, most: int) -> int:
        """Steps until it rests, at most `most`. How many were made."""
        for n in range(most):
            if not self.step():
                return n
        return most

    @property
    def out(self) -> bool:
        """Nobody is signed in."""
        return self.engine.phase is Phase.OUT

    def poke(self, source: Source = Source.LOCAL) -> None:
        self.driver.poke(source)

    def written(self) -> bool:
        """Whether its files have changed since somebody asked: another process, or another commit of this one."""
        now = (self.lives, self.cache.commits)
        before, self._looked_at = self._looked_at, now
        return now != before

    def rows(self, statement: str, *binds: Any) -> list[Any]:
        """Plain SQL over the cache."""
        with self.cache.read() as conn:
            return conn.execute(statement, binds).fetchall()
