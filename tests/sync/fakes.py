"""A clock that only tests move, a disk in memory that can fail, a central behind httpx that misbehaves on demand."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx
import msgspec

from msc_console.digest import BUCKETS, NOTHING, Digest
from msc_console.errors import MscError
from msc_console.sync.driver import SyncDriver
from msc_console.sync.engine import Engine
from msc_console.sync.moves import Source
from msc_console.sync.signals import Signals
from msc_console.sync.state import EngineState
from msc_console.sync.transport import HttpTransport
from msc_console.sync.verdict import Mended
from msc_console.sync.wire import (
    Basis,
    Envelope,
    Hello,
    Line,
    OpResult,
    Problem,
    Push,
    PushReply,
    Refresh,
    Site,
    StatusAsk,
    StatusReply,
    Tokens,
)

from .tokens import FakeTokens

BEGIN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
TIME = "2026-11-24T02:00:00.000Z"
JSON, NDJSON, PROBLEM = "application/json", "application/x-ndjson", "application/problem+json"


class FakeClock:
    """Time passes when a test says so; `wall_jump` moves the wall clock alone."""

    def __init__(self) -> None:
        self.mono = 1000.0
        self.wall_jump = timedelta()

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.mono - 1000.0) + self.wall_jump

    def monotonic(self) -> float:
        return self.mono


class FakeSignals(Signals):
    """Waiting moves the clock. `script`: what happens while the driver waits, by monotonic second."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.sources: list[Source] = []
        self.script: list[tuple[float, Callable[[], object]]] = []

    def poke(self, source: Source) -> None:
        if source not in self.sources:
            self.sources.append(source)

    def take(self) -> list[Source]:
        sources, self.sources = self.sources, []
        return sources

    def wait(self, seconds: float) -> None:
        if self.sources:
            return
        self.clock.mono += max(seconds, 0.0)
        while self.script and self.script[0][0] <= self.clock.mono:
            self.script.pop(0)[1]()


class StopWhen:
    """A stop event that is set once `done` says so, or the clock has reached `limit`."""

    def __init__(self, clock: FakeClock, limit: float, done: Callable[[], bool] = lambda: False) -> None:
        self.clock, self.limit, self.done = clock, clock.mono + limit, done

    def is_set(self) -> bool:
        return self.clock.mono >= self.limit or self.done()


def envelope(op: str, counter: int, inc: str = "inc1") -> Envelope:
    return Envelope(
        op=op, device="dev", inc=inc, counter=counter, prev="", actor="p", kind="entry.note", kv=1, target="t",
        basis=Basis(), made_at=TIME, skew=0, body="", sig="", salt="", args={"body": op},
    )  # fmt: skip


class FakeDisk:
    """The store's side, by the words of `ports.Disk`. `faults`: exceptions for the next writes, None for a good one."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.sealed: list[Envelope] = []
        self.answered: dict[str, OpResult] = {}
        self.journal: dict[int, Envelope] = {}
        self.held_until: datetime | None = None
        self.rows: dict[str, Any] = {}
        self.at = ""
        self.state: dict[str, Any] | None = None
        self.resets: list[str] = []
        self.server_time: datetime | None = None
        self.faults: list[Exception | None] = []
        self.incarnation, self._counter = 1, 0

    def write(self, *ops: str) -> None:
        self.open += ops

    def _fault(self) -> None:
        if self.faults and (error := self.faults.pop(0)) is not None:
            raise error

    def batch(self, now: datetime, max_ops: int, max_bytes: int, from_counter: int | None = None) -> list[Envelope]:
        if from_counter is not None:
            if from_counter not in self.journal:
                return []
            return [self.journal[n] for n in sorted(self.journal) if n >= from_counter][:max_ops]
        held = self.held_until is not None and self.held_until > now
        self._fault()
        while self.open and not held and len(self.sealed) < max_ops:
            self._counter += 1
            self.sealed.append(envelope(self.open.pop(0), self._counter, f"inc{self.incarnation}"))
            self.journal[self._counter] = self.sealed[-1]
        return self.sealed[:max_ops]

    def rekey(self) -> None:
        self._fault()
        self.incarnation += 1
        self._counter, self.journal = 0, {}
        self.open = [*(op.op for op in self.sealed), *self.open]
        self.sealed = []

    def settle(self, reply: PushReply) -> None:
        self._fault()
        for result in reply.results:
            if result.result not in ("deferred", "gap", "forked"):
                self.answered[result.op] = result
        self.sealed = [op for op in self.sealed if op.op not in self.answered]

    def apply(self, lines: Sequence[Line], cursor: str, *, up_to_date: bool) -> None:
        self._fault()
        for line in lines:
            if line.t == "put":
                self.rows[line.id] = line.d
            else:
                self.rows.pop(line.id, None)
        self.at = cursor

    def cursor(self) -> str:
        return self.at

    def reset_cursor(self, generation: str) -> None:
        self._fault()
        self.at = ""
        self.resets.append(generation)

    def quarantined(self) -> list[str]:
        return [op for op, result in self.answered.items() if result.result == "quarantined"]

    def counts(self) -> tuple[int, int]:
        bad = [op for op, result in self.answered.items() if result.result not in ("applied", "duplicate", "merged")]
        return len(self.open) + len(self.sealed), len(bad)

    def next_hold(self) -> datetime | None:
        return self.held_until

    def note_time(self, server_time: datetime, now: datetime) -> None:
        self.server_time = server_time

    def digests(self, cut: datetime) -> dict[str, Digest]:
        """Nothing that central counts: what differs is `test_verify.py`'s."""
        return {}

    def buckets(self, entity: str, cut: datetime) -> list[Digest]:
        return [NOTHING] * BUCKETS

    def mend(self, entity: str, parts: Sequence[int], lines: Sequence[Line], cut: datetime) -> Mended:
        return Mended()

    def shed(self, cut: datetime) -> None: ...

    def load_state(self) -> dict[str, Any] | None:
        return self.state

    def save_state(self, state: dict[str, Any]) -> None:
        self.state = state


def problem(status: int, code: str, headers: dict[str, str] | None = None, **data: Any) -> httpx.Response:
    body = msgspec.json.encode(Problem("about:blank", code, status, code, "", data))
    return httpx.Response(status, content=body, headers={"content-type": PROBLEM, **(headers or {})})


def tokens(access: str, refresh: str) -> Tokens:
    return Tokens(access, TIME, refresh, TIME, "dev", "K7Q", {"name": "Rina"}, TIME)


class FakeCentral:
    """Answers as central would, except where `plan` has a fault for the next request (None: behave)."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.generation, self.version = "g1", "1.0"
        self.feed: list[tuple[str, dict[str, Any]]] = []
        self.results: dict[str, OpResult] = {}
        self.effects: Counter[str] = Counter()
        self.watermark, self.inc = 0, "inc1"
        self.former: set[str] = set()
        """Incarnations that it takes nothing from; with `*` from none."""
        self.verdicts: dict[str, str] = {}
        self.refuse_push: Callable[[Push], httpx.Response | None] = lambda push: None
        self.too_old_below = 0
        self.access, self.refresh = {"a1"}, {"r1"}
        self.plan: list[str | None] = []
        self.seen: list[tuple[float, str]] = []
        self.bodies: list[bytes] = []

    @property
    def rows(self) -> dict[str, Any]:
        return dict(self.feed)

    def count(self, path: str) -> int:
        return sum(1 for _, seen in self.seen if seen == path)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """The reply as it comes off a wire: not yet read."""
        reply = self._handle(request)
        return httpx.Response(reply.status_code, headers=reply.headers, stream=httpx.ByteStream(reply.content))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.seen.append((self.clock.mono, path))
        self.bodies.append(request.content)
        fault = self.plan.pop(0) if self.plan else None
        if fault is not None:
            return self._misbehave(fault, request)
        return self._answer(request)

    def _misbehave(self, fault: str, request: httpx.Request) -> httpx.Response:
        match fault:
            case "lost":
                raise httpx.ConnectError("no route")
            case "timeout":
                raise httpx.ReadTimeout("silence")
            case "reply_lost":
                self._answer(request)
                raise httpx.RemoteProtocolError("closed")
            case "reply_late":
                self._answer(request)
                raise httpx.ReadTimeout("too late")
            case "cut":
                whole = self._answer(request)
                kind = {"content-type": whole.headers["content-type"]}
                return httpx.Response(whole.status_code, content=whole.content[: len(whole.content) // 2], headers=kind)
            case "portal":
                return httpx.Response(200, html="<html>Sign in to the guest network</html>")
            case "redirect":
                return httpx.Response(302, headers={"location": "http://portal.example/"})
            case "wrong_type":
                return httpx.Response(
                    200, content=self._answer(request).content, headers={"content-type": "text/plain"}
                )
            case "oversize":
                return httpx.Response(200, content=b" " * (65 << 20), headers={"content-type": NDJSON})
            case "gateway":
                return httpx.Response(502, html="<h1>Bad gateway</h1>")
            case "429":
                return problem(429, "too_many_tries", {"Retry-After": "30"})
            case "503":
                return problem(503, "unavailable", {"Retry-After": "5"})
            case _:
                codes = {"401": "token_expired", "410": "cursor_unknown"}
                return problem(int(fault), codes.get(fault, f"code_{fault}"))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        match request.method, request.url.path:
            case "GET", "/v1/hello":
                hello = Hello(
                    "msc-console", self.version, max(1, self.too_old_below), 1, self.too_old_below or 1,
                    self.generation, Site("s", "Pusat", "Asia/Jakarta"), TIME,
                )  # fmt: skip
                return self._json(hello)
            case "POST", "/v1/session/refresh":
                told = msgspec.json.decode(request.content, type=Refresh)
                if told.refresh not in self.refresh or told.proof != f"signed {told.refresh}":
                    return problem(401, "token_unknown")
                n = len(self.access) + 1
                self.access.add(f"a{n}")
                self.refresh.add(f"r{n}")
                return self._json(tokens(f"a{n}", f"r{n}"))
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.access:
            return problem(401, "token_expired")
        if request.url.path == "/v1/ops/status":
            asked = msgspec.json.decode(request.content, type=StatusAsk).ops
            return self._json(StatusReply([self.results[op] for op in asked if op in self.results]))
        if request.method == "POST":
            push = msgspec.json.decode(request.content, type=Push)
            return self.refuse_push(push) or self._json(PushReply(TIME, [self._apply(op) for op in push.ops]))
        return self._page(request)

    def _json(self, message: msgspec.Struct) -> httpx.Response:
        return httpx.Response(200, content=msgspec.json.encode(message), headers={"content-type": JSON})

    def _apply(self, op: Envelope) -> OpResult:
        if op.op in self.results:
            known = self.results[op.op]
            return OpResult(op.op, "duplicate", known.seq, data={"result": known.result})
        if op.inc in self.former or "*" in self.former:
            return OpResult(op.op, "forked")
        if op.inc != self.inc and op.counter == 1:
            self.former.add(self.inc)
            self.inc, self.watermark = op.inc, 0
        if op.counter > self.watermark + 1:
            return OpResult(op.op, "gap", data={"expected": self.watermark + 1})
        if op.counter <= self.watermark:
            return OpResult(op.op, "forked")
        verdict = self.verdicts.get(op.op, "applied")
        if verdict == "deferred":
            return OpResult(op.op, "deferred")
        self.watermark = op.counter
        if verdict == "applied":
            self.effects[op.op] += 1
            self.feed.append((f"row-{op.op}", {"id": op.op, "body": op.args["body"]}))
        self.results[op.op] = OpResult(op.op, verdict, len(self.feed))
        return self.results[op.op]

    def _page(self, request: httpx.Request) -> httpx.Response:
        generation, _, after = request.url.params.get("cursor", f"{self.generation}.0").partition(".")
        if generation != self.generation:
            return problem(410, "cursor_unknown")
        start, limit = int(after), int(request.url.params["limit"])
        some = self.feed[start : start + limit]
        end = start + len(some)
        lines = [Line("put", "entry", id_, start + n + 1, d) for n, (id_, d) in enumerate(some)]
        last = Line(
            "end",
            cursor=f"{self.generation}.{end}",
            rows=len(lines),
            up_to_date=end == len(self.feed),
            server_time=TIME,
        )
        body = b"".join(msgspec.json.encode(line) + b"\n" for line in [*lines, last])
        return httpx.Response(200, content=body, headers={"content-type": NDJSON})


class World:
    """A laptop and a central on one clock."""

    def __init__(self, seed: int = 1) -> None:
        self.clock = FakeClock()
        self.signals = FakeSignals(self.clock)
        self.central = FakeCentral(self.clock)
        self.disk = FakeDisk()
        self.tokens = FakeTokens()
        self.said: list[Any] = []
        self.seed = seed
        self.start_again()

    def start_again(self) -> None:
        """A new process on the same disk."""
        self.transport = HttpTransport(
            "https://central.example", self.tokens, times=self.clock, http=httpx.MockTransport(self.central.handle)
        )
        self.engine = Engine(Random(self.seed), EngineState.load(self.disk.load_state()))
        self.driver = SyncDriver(
            self.engine, self.transport, self.disk, self.said.append, times=self.clock, signals=self.signals
        )

    def in_step(self) -> bool:
        return not self.disk.open and not self.disk.sealed and self.disk.rows == self.central.rows

    def calm(self) -> bool:
        return not self.central.plan and not self.disk.faults and self.in_step() and self.driver.status.problem is None

    def run(self, seconds: float, done: Callable[[], bool] = lambda: False) -> None:
        self.driver.run_forever(StopWhen(self.clock, seconds, done))


class DiskFull(MscError):
    def __init__(self) -> None:
        super().__init__("disk_full")
