"""Real laptops and a real central in one process, without HTTP between them; processes that can be killed."""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import msgspec

from msc_console import clock
from msc_console.central import changes, cutting
from msc_console.central.access import Reader
from msc_console.central.cursors import CursorExpired
from msc_console.central.db import Central
from msc_console.central.delta import visible_tickets
from msc_console.central.problems import CODES, ProblemError
from msc_console.central.snapshots import Snapshots
from msc_console.desk.syncing import CacheDisk
from msc_console.desk.taking import CacheIntake
from msc_console.domain.decide import decide
from msc_console.domain.model import Person
from msc_console.store.opening import Cache
from msc_console.store.replica import Replica
from msc_console.sync import snapshots
from msc_console.sync.driver import SyncDriver
from msc_console.sync.faults import Declined
from msc_console.sync.pages import Page, read_page, read_whole
from msc_console.sync.wire import SNAPSHOTS, Envelope, Hello, Line, Problem, PushReply, Site, Snapshot, StatusReply
from tests.central.ledger.stage import NOW, Stage, set_up
from tests.store.world import KEY, context_of

TABLES = ("ticket", "entry", "hop", "contact", "organisation", "person", "queue", "service", "article")


class Killed(BaseException):
    """The process ends here."""


class Way:
    """`Transport` straight into central's own functions; whole replies go through the real readers.

    `before`: called with the name of each request; what it raises, the request meets.
    """

    def __init__(self, central: Central, cuts: Snapshots, person: Person) -> None:
        self.central, self.cuts, self.person = central, cuts, person
        self.features = [SNAPSHOTS]
        self.before: Callable[[str], None] = lambda name: None
        self.asked: list[str] = []

    def _ask(self, name: str) -> None:
        self.asked.append(name)
        self.before(name)

    def hello(self, timeout: float | None = None) -> Hello:
        with self.central.read() as conn:
            generation = changes.feed.head(conn).generation
        time = clock.iso(NOW)
        return Hello("msc-console", "1", 1, 1, 1, generation, Site("s", "s", "UTC"), time, features=self.features)

    def push(self, ops: Sequence[Envelope], timeout: float | None = None) -> PushReply:
        raise AssertionError("nothing to push")

    def statuses(self, ops: Sequence[str], timeout: float | None = None) -> StatusReply:
        raise AssertionError("nothing was put aside")

    def changes(self, cursor: str, limit: int, wait: int = 0, timeout: float | None = None) -> Page:
        self._ask("changes")
        try:
            page = changes.read(self.central, self.person, cursor, limit, NOW)
        except CursorExpired:
            raise self._declined("cursor_expired") from None
        end = Line(
            "end", cursor=page.cursor, rows=len(page.lines), up_to_date=page.up_to_date, server_time=clock.iso(NOW)
        )
        return read_page(msgspec.json.Encoder().encode_lines([*page.lines, end]))

    def begin_snapshot(self, timeout: float | None = None) -> Snapshot:
        self._ask("begin")
        return self._manifest(self.cuts.begin(self.person), 0)

    def snapshot(self, id: str, have: int, timeout: float | None = None) -> Snapshot:
        self._ask("manifest")
        return self._manifest(id, have)

    def part(self, id: str, n: int, timeout: float | None = None) -> bytes:
        self._ask("part")
        try:
            return self.cuts.part(self.person, id, n)
        except ProblemError as error:
            raise self._declined(error.code) from None

    def timeline(self, ticket: str, timeout: float | None = None) -> Sequence[Line]:
        self._ask("timeline")
        reader = Reader.of(self.person)
        with self.central.read() as conn:
            if not visible_tickets(conn, reader, [ticket], NOW):
                raise self._declined("not_found")
            lines = cutting.timeline(conn, reader, ticket, NOW)
        return read_whole(b"\n".join([*lines, msgspec.json.encode(Line("end", rows=len(lines)))]))[0]

    def renew(self, timeout: float | None = None) -> None:
        raise AssertionError("no tokens here")

    def _manifest(self, id: str, have: int) -> Snapshot:
        try:
            for _ in range(1000):
                found = self.cuts.manifest(self.person, id)
                if found.whole or len(found.parts) > have:
                    return snapshots.checked(found)
            return snapshots.checked(found)
        except ProblemError as error:
            raise self._declined(error.code) from None

    def _declined(self, code: str) -> Declined:
        return Declined(Problem("about:blank", code, CODES[code][0], code))


class Laptop:
    """A cache on disk, and processes that come and go."""

    def __init__(self, folder: Path, way: Way) -> None:
        self.path, self.way = folder / f"{uuid4()}.db", way
        self.cache = Cache.open(self.path, KEY)
        self.heard: set[str] = set()
        self.driver = self._begin()

    def _begin(self) -> SyncDriver:
        replica = Replica(decide, context_of)
        disk = CacheDisk(self.cache, replica, cast(Any, None))
        taking = CacheIntake(self.cache, replica, self.heard.update)
        return SyncDriver.open(cast(Any, self.way), disk, intake=taking)

    def sync(self) -> None:
        """All there is, by a process of its own."""
        self.driver = self._begin()
        status = self.driver.run_until_quiet(60)
        assert status.problem is None, status

    def sync_killed(self, at: int) -> bool:
        """Syncs in a process that is killed at its request number `at`; whether it came that far."""
        counted = itertools.count()

        def before(name: str) -> None:
            if next(counted) == at:
                raise Killed

        self.way.before = before
        try:
            self.sync()
            return False
        except Killed:
            self.cache.close()
            self.cache = Cache.open(self.path, KEY)
            self.driver = self._begin()
            return True
        finally:
            self.way.before = lambda name: None

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that central has sent, whatever row ids it was given here."""
        found = {}
        with self.cache.read() as conn:
            for table in TABLES:
                names = [row["name"] for row in conn.execute(f"PRAGMA table_info({table})") if row["name"] != "n"]
                listed = ", ".join(f'"{name}"' for name in names)
                found[table] = [tuple(row) for row in conn.execute(f"SELECT {listed} FROM {table} ORDER BY id")]
        return found

    def timelines(self) -> None:
        """Opens every ticket, so that all timelines come."""
        with self.cache.write() as conn:
            conn.execute("UPDATE thin SET wanted = 1")
        self.sync()

    def one(self, sql: str, *binds: Any) -> Any:
        with self.cache.read() as conn:
            return conn.execute(sql, binds).fetchone()[0]


class Office:
    """A central, its cutter, and laptops; thrown away at the end."""

    def __init__(self, central: Central, folder: Path) -> None:
        self.central, self.folder = central, folder
        self.stage: Stage = set_up(central)
        self.cuts = Snapshots(central, lambda: NOW)

    def laptop(self, person: Person, *, parts: bool = True) -> Laptop:
        way = Way(self.central, self.cuts, person)
        if not parts:
            way.features = []
        return Laptop(self.folder, way)

    def fill(self, tickets: int = 4) -> list[str]:
        """Open tickets with notes; one in two is closed again."""
        rina = self.stage.laptop(self.stage.rina)
        made = []
        for n in range(tickets):
            ticket = rina.create(subject=f"Stempel gagal {n}")
            rina.do("entry.note", ticket, {"body": f"log pertama\nbaris kata{n}x"})
            if n % 2:
                assert (
                    rina.do("ticket.cancel", ticket, {"reason": "dobel"}, before={"state": "new"}).result == "applied"
                )
            made.append(ticket)
        return made

    def same(self, laptop: Laptop, person: Person) -> None:
        """The laptop holds what plain pages bring to a fresh one."""
        plain = self.laptop(person, parts=False)
        plain.sync()
        laptop.sync()
        laptop.timelines()
        assert laptop.rows() == plain.rows()
        assert laptop.one("SELECT count(*) FROM stale") == 0
        assert laptop.one("SELECT count(*) FROM thin") == 0
