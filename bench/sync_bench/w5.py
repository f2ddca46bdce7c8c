"""W5, persons who log in together; W6, consoles that come back after central was restarted."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from msc_console import clock, device_proof, seal
from msc_console.central.passwords import PRODUCTION
from msc_console.digest import Digest
from msc_console.identity.signin import totp_now
from msc_console.sync.driver import SyncDriver
from msc_console.sync.faults import Declined
from msc_console.sync.transport import HttpTransport
from msc_console.sync.verdict import Mended
from msc_console.sync.wire import PAGE_ROWS, Code, Envelope, Line, PushReply, SignIn, Tokens

from ..figures import Figure, fact, of, percentile
from ..office import PASSWORD, Office, served
from .stage import Run, none
from .wires import Statuses

PATIENCE = 60.0
"""Seconds until everybody has to be back, or in."""


@dataclass(slots=True)
class Keys:
    """A `TokenStore` in memory."""

    device_key: bytes
    tokens: Tokens | None = None

    def access(self) -> str | None:
        return self.tokens.access if self.tokens else None

    def refresh_token(self) -> str | None:
        return self.tokens.refresh if self.tokens else None

    def sign_refresh(self, token: str) -> str:
        return seal.sign(self.device_key, f"msc-refresh|{token}".encode())

    def save(self, tokens: Tokens) -> None:
        self.tokens = tokens


@dataclass(slots=True)
class Memory:
    """A `Disk` that keeps no more than its place on the feed."""

    place: str
    pages: int = 0
    state: dict[str, Any] | None = None
    counted: tuple[int, int] = (0, 0)
    sent: list[Envelope] = field(default_factory=list)

    def batch(self, now: datetime, max_ops: int, max_bytes: int, from_counter: int | None = None) -> Sequence[Envelope]:
        return self.sent

    def settle(self, reply: PushReply) -> None:
        self.sent.clear()

    def apply(self, lines: Sequence[Line], cursor: str, *, up_to_date: bool) -> None:
        self.place, self.pages = cursor, self.pages + 1

    def cursor(self) -> str:
        return self.place

    def reset_cursor(self, generation: str) -> None:
        """The first greeting names the generation; the place stays."""

    def rekey(self) -> None:
        """There is no chain."""

    def quarantined(self) -> Sequence[str]:
        return ()

    def counts(self) -> tuple[int, int]:
        return self.counted

    def next_hold(self) -> datetime | None:
        return None

    def note_time(self, server_time: datetime, now: datetime) -> None:
        """No clock here."""

    def digests(self, cut: datetime) -> dict[str, Digest]:
        """Nothing to compare: rows are counted, not kept."""
        return {}

    def buckets(self, entity: str, cut: datetime) -> list[Digest]:
        return []

    def shed(self, cut: datetime) -> None:
        """Nothing is here."""

    def mend(self, entity: str, parts: Sequence[int], lines: Sequence[Line], cut: datetime) -> Mended:
        return Mended()

    def load_state(self) -> dict[str, Any] | None:
        return self.state

    def save_state(self, state: dict[str, Any]) -> None:
        self.state = state


class Console:
    """One person's line to central, without a cache: many of them fit into one process."""

    def __init__(self, place: Office, url: str, login: str, counts: Counter[int]) -> None:
        self.private, self.public = seal.new_device_key()
        self.keys, self.login, self.place = Keys(self.private), login, place
        self.way = HttpTransport(url, self.keys, http=Statuses(counts))
        self.disk = Memory("")

    def log_in(self) -> None:
        """Password, code and the first page, as often as central asks for patience."""
        pending = self._patiently(lambda: self.way.sign_in(self._first_step()))
        code = totp_now(self.place.secrets[self.login], clock.now())
        self.keys.save(self._patiently(lambda: self.way.code(pending.token, Code(code))))
        self.way.hello()
        self.disk.place = self.way.changes("", PAGE_ROWS).cursor

    def _first_step(self) -> SignIn:
        nonce = self.way.hello().nonce
        told = {"nonce": nonce, "proof": device_proof.prove(self.private, nonce, self.login)}
        return SignIn(
            self.login, PASSWORD, self.public, "bench", receive_key=device_proof.receive_key(self.private), **told
        )

    def _patiently(self, ask: Any) -> Any:
        while True:
            try:
                return ask()
            except Declined as declined:
                if declined.retry_after is None:
                    raise
                threading.Event().wait(declined.retry_after)

    def come_back(self) -> bool:
        """What a console does when its line was cut: its own driver, with its own back-off."""
        before = self.disk.pages
        driver = SyncDriver.open(self.way, self.disk, rng=Random(self.login))
        status = driver.run_until_quiet(PATIENCE)
        return status.problem is None and self.disk.pages > before


def logins(count: int) -> list[str]:
    """Their names."""
    return [f"agen{n:03}" for n in range(count)]


def at_once(consoles: Sequence[Console], work: Any, over: float = 0.0) -> list[float]:
    """Each console's work in a thread of its own, begun evenly over so many seconds; seconds of each, inf = failed."""
    found = [float("inf")] * len(consoles)

    def one(place: int) -> None:
        threading.Event().wait(over * place / len(consoles))
        begun = perf_counter()
        try:
            if work(consoles[place]) is not False:
                found[place] = perf_counter() - begun
        except Exception as error:
            threading.current_thread().name = f"failed: {type(error).__name__}"

    threads = [threading.Thread(target=one, args=(place,), daemon=True) for place in range(len(consoles))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(3 * PATIENCE)
    return found


def measure_log_in(run: Run) -> Iterator[Figure]:
    """W5 on each database."""
    for kind in run.kinds:
        yield from _log_in(run, kind)


def measure_come_back(run: Run) -> Iterator[Figure]:
    """W6 on each database."""
    for kind in run.kinds:
        yield from _come_back(run, kind)


def _log_in(run: Run, kind: str) -> Iterator[Figure]:
    names, counts = logins(run.size.consoles), Counter[int]()
    with run.central(kind, names, PRODUCTION) as (place, _), served(place) as url:
        consoles = [Console(place, url, name, counts) for name in names]
        begun = perf_counter()
        found = at_once(consoles, Console.log_in, run.size.arrival)
        whole = perf_counter() - begun
        for console in consoles:
            console.way.close()
    said = f"{len(names)} persons over {run.size.arrival:g} s, full password costs, statuses {dict(counts)}"
    yield of(f"W5 log in, {kind}, median", found, "s", said)
    yield of(f"W5 log in, {kind}, p95", [percentile(0.95)(found)], "s")
    yield fact(
        f"W5 all in within {PATIENCE:g} s, {kind}", max(found) < float("inf") and whole < PATIENCE, f"{whole:.1f} s"
    )


def _come_back(run: Run, kind: str) -> Iterator[Figure]:
    names, counts = logins(run.size.reconnects), Counter[int]()
    with run.central(kind, names) as (place, _):
        with served(place) as url:
            port = int(urlsplit(url).port or 0)
            consoles = [Console(place, url, name, Counter()) for name in names]
            for console in consoles:
                console.log_in()
                console.way.close()
        for console in consoles:
            console.way = HttpTransport(url, console.keys, http=Statuses(counts))
        with ExitStack() as after:
            starting = threading.Timer(1.0, lambda: after.enter_context(served(place, port)))
            starting.start()
            begun = perf_counter()
            found = at_once(consoles, Console.come_back)
            whole = perf_counter() - begun
            starting.join()
            for console in consoles:
                console.way.close()
    others = sum(count for status, count in counts.items() if status not in (200, 503))
    yield of(f"W6 come back, {kind}, all", [whole], "s", f"{len(names)} consoles, central away for 1 s and its start")
    yield of(f"W6 come back, {kind}, p95", [percentile(0.95)(found)], "s")
    yield none(f"W6 not back within {PATIENCE:g} s, {kind}", sum(one == float("inf") for one in found))
    yield none(f"W6 statuses but 200 and 503, {kind}", others, str(dict(counts)))
