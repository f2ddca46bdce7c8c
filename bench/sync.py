"""The conversation with a real central process: what a laptop sends and fetches in a second, disk and signatures
included."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from msc_console import clock
from msc_console.config import Home, PersonHome, Settings
from msc_console.desk import Desk
from msc_console.desk.conversing import NoTokens, transport
from msc_console.desk.opening import sit_down_with
from msc_console.desk.syncing import CacheDisk, CacheTokens, keep_tokens
from msc_console.domain.commands import Effects
from msc_console.identity.signin import SignedIn, SignIn, totp_now
from msc_console.store.replica import basis
from msc_console.sync.transport import HttpTransport
from msc_console.sync.wire import PAGE_ROWS, PUSH_BYTES, PUSH_OPS, Code, Pending, Tokens
from msc_console.sync.wire import SignIn as AskSignIn

from .figures import Figure, of, seconds
from .office import NOTES, PASSWORD, Office, acts, fill, office, served

RUNS = 7
OPS = 500
ROWS = 5_000
PULLED = ROWS // (2 + NOTES) + 1
"""Tickets that make that many rows."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A person at a laptop that is signed in at central."""

    desk: Desk
    way: HttpTransport
    disk: CacheDisk

    def push(self) -> int:
        """Everything that waits; how many ops."""
        sent = 0
        while batch := self.disk.batch(clock.now(), PUSH_OPS, PUSH_BYTES):
            self.disk.settle(self.way.push(batch))
            sent += len(batch)
        return sent

    def pull(self) -> int:
        """Everything that is new; how many rows."""
        came = 0
        while True:
            page = self.way.changes(self.disk.cursor(), PAGE_ROWS)
            self.disk.apply(page.lines, page.cursor, up_to_date=page.up_to_date)
            came += len(page.lines)
            if page.up_to_date:
                return came

    def close(self) -> None:
        """Leave."""
        self.way.close()
        self.desk.cache.close()


class _Auth:
    """The sign-in of `identity` over the transport."""

    def __init__(self, way: HttpTransport) -> None:
        self._way = way

    def sign_in(self, *, login: str, password: str, device_key: str, device_name: str) -> Pending:
        return self._way.sign_in(AskSignIn(login, password, device_key, device_name))

    def code(self, token: str, *, code: str, take_over: bool) -> Tokens:
        return self._way.code(token, Code(code, take_over))

    def refresh(self, *, refresh: str, proof: str) -> Tokens:
        raise NotImplementedError("no run is as long as a token")


@dataclass(frozen=True, slots=True)
class Seat:
    """A person who is signed in on a laptop, with or without a cache yet."""

    people: PersonHome
    chosen: Settings
    login: str
    done: SignedIn

    def sit(self) -> Worker:
        """At the cache that is there, or a new one."""
        desk = sit_down_with(self.people, self.chosen, self.login, self.done.secret)
        keep_tokens(desk.cache, cast(Tokens, self.done.tokens))
        way = transport(self.chosen, CacheTokens(desk.cache, desk.unlocked))
        return Worker(desk, way, CacheDisk(desk.cache, desk.replica, desk.unlocked, None, desk.forget_world))

    def sit_anew(self) -> Worker:
        """At an empty cache."""
        for suffix in ("", "-wal", "-shm"):
            self.people.cache.with_name(self.people.cache.name + suffix).unlink(missing_ok=True)
        return self.sit()


def sign_in(place: Office, url: str, login: str, folder: Path) -> Seat:
    """A new laptop of `login`."""
    chosen = Settings(central=url)
    people = Home(folder).make().person(login).make()
    way = transport(chosen, NoTokens())
    flow = SignIn(_Auth(way), people, login)
    flow.begin(PASSWORD)
    done = flow.finish(totp_now(place.secrets[login], clock.now()))
    way.close()
    return Seat(people, chosen, login, done)


def write(worker: Worker, ops: int) -> None:
    """So many open acts in the outbox: new tickets with notes."""
    person = worker.desk.person.id
    with worker.desk.cache.write() as conn:
        for command in acts(ops // (1 + NOTES), person, clock.now()):
            command = replace(command, basis=basis(conn, command.target, person))
            outcome = worker.desk.replica.record(conn, command)
            assert isinstance(outcome, Effects), outcome


def measure() -> Iterator[Figure]:
    """First pulls of `ROWS` rows by one person, pushes of `OPS` ops by another."""
    pushes, pulls = [], []
    with office() as place, TemporaryDirectory(prefix="msc-bench-", ignore_cleanup_errors=True) as folder:
        rows_made = fill(place.central, PULLED)
        with served(place) as url:
            seat = sign_in(place, url, "budi", Path(folder) / "budi")
            for _ in range(RUNS + 1):
                reader = seat.sit_anew()
                came: list[int] = []
                taken = seconds(lambda reader=reader, came=came: came.append(reader.pull()))  # type: ignore[misc]
                pulls.append(came[0] / taken)
                reader.close()
            writer = sign_in(place, url, "rina", Path(folder) / "rina").sit()
            writer.pull()
            for _ in range(RUNS + 1):
                write(writer, OPS)
                pushes.append(OPS / seconds(writer.push))
            writer.close()
    yield of("push to a central process", pushes[1:], "ops/s", f"{OPS} ops in {-(-OPS // PUSH_OPS)} requests, SQLite")
    yield of("pull from a central process", pulls[1:], "rows/s", f"{rows_made} rows, indexed, SQLCipher")
