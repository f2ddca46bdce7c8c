"""A real desk with its cache and disk at the ledger's stage: sync is a push and pulls, without a network between."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from msc_console import clock
from msc_console.central import changes, ledger
from msc_console.config import PersonHome, Settings
from msc_console.desk.seat import INCARNATION, ME, Unlocked
from msc_console.desk.syncing import CacheDisk
from msc_console.desk.whole import Desk
from msc_console.domain.model import Person
from msc_console.identity.signer import seal_chain
from msc_console.records import ENTITIES, row_to_wire, to_wire
from msc_console.store import feed, settings
from msc_console.store.opening import Cache
from msc_console.sync.wire import Envelope, Line, OpResult, PushReply
from tests.central.ledger.stage import Laptop, Stage

KEY = bytes(range(32))
PARTS = ("ticket", "entry", "hop", "conflict")


class Signer:
    """The device key of a laptop of the stage."""

    def __init__(self, laptop: Laptop) -> None:
        self._laptop = laptop

    def data_key(self) -> bytes:
        return KEY

    def seal(self, first_counter: int, prev: str, envelopes: list[dict[str, Any]], /) -> list[dict[str, Any]]:
        return seal_chain(self._laptop.private, self._laptop.id, first_counter, prev, envelopes)

    def sign_refresh(self, token: str, /) -> str:
        raise NotImplementedError


class At:
    """A person at a laptop. `sync` runs until nothing is left to push or to read."""

    def __init__(self, stage: Stage, who: Person) -> None:
        self.stage, self.laptop = stage, stage.laptop(who)
        self._folder = tempfile.TemporaryDirectory()
        home = PersonHome(Path(self._folder.name))
        self.cache = Cache.open(home.cache, KEY)
        unlocked = Unlocked(
            login=who.login, person=who.id, device=self.laptop.id, code="KTR", signer=Signer(self.laptop)
        )
        self.desk = Desk(home, Settings(central="https://pusat.example"), self.cache, unlocked)
        self.disk = CacheDisk(self.cache, self.desk.replica, unlocked, None, self.desk.forget_world)
        with self.cache.write() as conn:
            settings.put(conn, INCARNATION, "i1")
            settings.put(conn, ME, to_wire(who))

    def seal(self) -> list[Envelope]:
        return list(self.disk.batch(clock.now(), 100, 256 * 1024))

    def push(self, heard: Callable[[], bool] = lambda: True) -> bool:
        """One push; False when nothing was left to send. The answer counts only if `heard`."""
        batch = self.seal()
        if batch:
            results: list[OpResult] = ledger.push(
                self.stage.central, self.laptop.person, self.laptop.row, batch, clock.now()
            )
            if heard():
                self.disk.settle(PushReply(server_time=clock.iso(clock.now()), results=results))
        return bool(batch)

    def pull(self, limit: int = 100) -> None:
        with self.cache.read() as conn:
            cursor = feed.position(conn).cursor
        while True:
            try:
                page = changes.read(self.stage.central, self.laptop.person, cursor, limit)
            except changes.CursorExpired:
                self.disk.reset_cursor(str(self.stage.scalar("SELECT generation FROM feed_head")))
                cursor = ""
                continue
            lines = msgspec.convert(msgspec.to_builtins(page.lines), list[Line])
            self.disk.apply(lines, page.cursor, up_to_date=page.up_to_date)
            cursor = page.cursor
            if page.up_to_date:
                return

    def sync(self) -> None:
        while self.push():
            pass
        self.pull()

    def rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What the cache holds of tickets, as documents."""
        with self.cache.read() as conn:
            return {
                (entity, row["id"]): row_to_wire(ENTITIES[entity], row)
                for entity in PARTS
                for row in conn.execute(f"SELECT * FROM {entity}").fetchall()
            }

    def close(self) -> None:
        self.cache.close()
        self._folder.cleanup()
