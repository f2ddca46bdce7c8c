"""Persons at laptops of their own that are signed in at a central process, in this process or in another."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, cast

from msc_console import clock
from msc_console.config import Home, KeyringPolicy, PersonHome, Settings
from msc_console.desk import Desk
from msc_console.desk.conversing import NoTokens, driver, transport
from msc_console.desk.opening import sit_down_with
from msc_console.desk.syncing import CacheDisk, CacheTokens, keep_tokens
from msc_console.domain.commands import Command, Effects
from msc_console.identity.signin import DeviceWords, SignedIn, SignIn, totp_now
from msc_console.identity.vault import MODE_PASSWORD
from msc_console.store.replica import basis
from msc_console.sync.driver import SyncDriver
from msc_console.sync.status import SyncStatus
from msc_console.sync.transport import HttpTransport
from msc_console.sync.wire import PUSH_BYTES, PUSH_OPS, Code, Envelope, OpResult, Pending, Tokens
from msc_console.sync.wire import SignIn as AskSignIn
from msc_console.sync.wire_accounts import Confirmed

from ..office import PASSWORD, Office

LONG = 3600.0
"""Seconds that no measured step comes near."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A person at a laptop that is signed in at central."""

    desk: Desk
    way: HttpTransport
    disk: CacheDisk

    def push(self) -> list[OpResult]:
        """Sends everything that waits, batch by batch as the driver does; central's answers."""
        found: list[OpResult] = []
        while batch := self.disk.batch(clock.now(), PUSH_OPS, PUSH_BYTES):
            reply = self.way.push(batch)
            self.disk.settle(reply)
            found += reply.results
        return found

    def sealed(self) -> list[Envelope]:
        """The next batch, sealed and not sent."""
        return list(self.disk.batch(clock.now(), PUSH_OPS, PUSH_BYTES))

    def talker(self, on_change: Callable[[frozenset[str]], None] = lambda ids: None) -> SyncDriver:
        """The conversation that the console would hold."""
        return driver(self.desk, self.way, lambda status: None, on_change)

    def sync(self) -> SyncStatus:
        """Everything there and back. RuntimeError when it ends in trouble."""
        status = self.talker().run_until_quiet(LONG, patient=False)
        if status.problem is not None:
            raise RuntimeError(f"sync ended in {status.problem}")
        return status

    def keep(self, commands: Sequence[Command]) -> None:
        """Does acts offline: into the outbox and the view, in one transaction."""
        with self.desk.cache.write() as conn:
            for command in commands:
                command = replace(command, basis=basis(conn, command.target, command.actor))
                outcome = self.desk.replica.record(conn, command)
                if not isinstance(outcome, Effects):
                    raise RuntimeError(f"not kept: {outcome}")

    def rows(self) -> int:
        """Tickets and entries that central has sent."""
        with self.desk.cache.read() as conn:
            return sum(_count(conn, table) for table in ("ticket", "entry"))

    def close(self) -> None:
        """Leave."""
        self.way.close()
        self.desk.cache.close()


def _count(conn: Any, table: str) -> int:
    return int(conn.execute(f"SELECT count(*) FROM {table} WHERE ver > 0").fetchone()[0])


class _Auth:
    """The sign-in of `identity` over the transport."""

    def __init__(self, way: HttpTransport) -> None:
        self._way = way

    def nonce(self) -> str:
        return self._way.hello().nonce

    def sign_in(self, login: str, password: str, device: DeviceWords) -> Pending:
        told = AskSignIn(
            login,
            password,
            device.device_key,
            device.name,
            device.vault,
            device.nonce,
            device.proof,
            device.receive_key,
        )
        return self._way.sign_in(told)

    def confirm(self, token: str, first: str, second: str, new: str = "") -> Confirmed:
        raise NotImplementedError("everybody of a bench has an authenticator")

    def code(self, token: str, *, code: str, take_over: bool, new: str = "") -> Tokens:
        return self._way.code(token, Code(code, take_over, new))

    def refresh(self, *, refresh: str, proof: str) -> Tokens:
        raise NotImplementedError("no run is as long as a token")


@dataclass(frozen=True, slots=True)
class Seat:
    """A person who is signed in on a laptop, with or without a cache yet. Can be sent to another process."""

    people: PersonHome
    chosen: Settings
    login: str
    done: SignedIn

    def sit(self, url: str | None = None) -> Worker:
        """At the cache that is there, or a new one; `url`: another way to the same central."""
        chosen = self.chosen if url is None else Settings(central=url)
        desk = sit_down_with(self.people, chosen, self.login, self.done.secret)
        keep_tokens(desk.cache, cast(Tokens, self.done.tokens))
        way = transport(chosen, CacheTokens(desk.cache, desk.unlocked))
        return Worker(desk, way, CacheDisk(desk.cache, desk.replica, desk.unlocked, None, desk.forget_world))

    def clear(self) -> None:
        """Throw the cache away."""
        for suffix in ("", "-wal", "-shm"):
            self.people.cache.with_name(self.people.cache.name + suffix).unlink(missing_ok=True)

    def disk(self) -> int:
        """Bytes of the cache's files."""
        return sum(
            file.stat().st_size
            for suffix in ("", "-wal")
            if (file := self.people.cache.with_name(self.people.cache.name + suffix)).exists()
        )


def sign_in(place: Office, url: str, login: str, folder: Path) -> Seat:
    """A new laptop of `login`, its files under `folder`."""
    chosen = Settings(central=url)
    people = Home(folder / f"{login}-{secrets.token_hex(3)}").make().person(login).make()
    way = transport(chosen, NoTokens())
    flow = SignIn(_Auth(way), people, login, laptop=KeyringPolicy.OPTIONAL, mode=MODE_PASSWORD)
    flow.begin(PASSWORD)
    done = flow.finish(totp_now(place.secrets[login], clock.now()))
    way.close()
    return Seat(people, chosen, login, done)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of `work`, and what it gave."""
    begun = perf_counter()
    found = work()
    return perf_counter() - begun, found
