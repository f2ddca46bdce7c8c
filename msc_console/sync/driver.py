"""Carries out what the engine asks for: one thread, one request at a time, the disk before the next step.

A page or a result that did not reach the disk never reached the engine either, so it is asked for again and nothing is
lost. Statuses go out through a callback; the thread that receives them is this one.
"""

import errno
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from random import Random

from .. import clock
from ..domain.terms import Result
from ..errors import MscError
from . import bootstrap, verify
from . import moves as m
from .engine import Engine
from .faults import Broken, Declined, Fault
from .moves import Facts, Source
from .ports import Clock, Disk, Intake, Stop, Transport, Waiting
from .signals import Signals
from .state import EngineState
from .status import SyncStatus, Trouble
from .verdict import Verdict
from .wire import Envelope, Problem, PushReply

SLICE = 1.0
"""Longest uninterrupted wait: the stop event and the clocks are looked at this often, in seconds."""
JUMP = 10.0
"""Wall and monotonic clock differing by more than this over one wait: the laptop slept, or its clock was set."""

ASK_EVERY = 60.0
"""Seconds between two questions after acts that central has put aside."""

log = logging.getLogger("msc.sync")


class _DiskFailed(Exception):
    def __init__(self, fault: Fault, key: str | None) -> None:
        super().__init__(key or fault)
        self.fault = fault
        self.key = key


class SyncDriver:
    """The conversation of one person on one laptop. `run_until_quiet` and `run_forever` are called by one thread;
    `poke`, `sign_out`, `status` and `listen_from` by any."""

    def __init__(
        self,
        engine: Engine,
        transport: Transport,
        disk: Disk,
        on_status: Callable[[SyncStatus], None] | None = None,
        *,
        times: Clock = clock,
        signals: Signals | None = None,
        rng: Random | None = None,
        intake: Intake | None = None,
    ) -> None:
        """`intake`: where a first pull in parts goes; without one it comes in pages."""
        self._engine = engine
        self._intake = intake
        self._transport = transport
        self._disk = disk
        self._on_status = on_status
        self._clock = times
        self._signals = signals or Signals()
        self._rng = rng or Random()
        self._batch: Sequence[Envelope] = ()
        self._counts = (0, 0)
        self._saved = engine.state
        self._ask_at = float("-inf")
        self._leaving = False
        self._listen_from: str | None = None
        self.status = SyncStatus()
        """The latest status."""
        self.verdict: Verdict | None = None
        """What the last self-check of this driver found."""

    @classmethod
    def open(
        cls,
        transport: Transport,
        disk: Disk,
        on_status: Callable[[SyncStatus], None] | None = None,
        *,
        times: Clock = clock,
        rng: Random | None = None,
        intake: Intake | None = None,
    ) -> "SyncDriver":
        """A driver whose engine goes on where the last process left off."""
        engine = Engine(rng or Random(), EngineState.load(disk.load_state()))
        return cls(engine, transport, disk, on_status, times=times, intake=intake)

    def poke(self, source: Source = Source.LOCAL) -> None:
        """There is something to do: a local write, news at central, a new sign-in."""
        self._signals.poke(source)

    def sign_out(self) -> None:
        """The person signs out: end the conversation after the request under way."""
        self._leaving = True
        self._signals.poke(Source.LOCAL)

    def listen_from(self) -> str | None:
        """The cursor from which a long poll makes sense; None while the laptop is not up to date or not online."""
        return self._listen_from

    def run_until_quiet(self, seconds: float, *, patient: bool = True) -> SyncStatus:
        """Push and pull until nothing is left to do, `seconds` have passed or trying again must wait longer than that;
        unless `patient`, also at the first failure.

        A person or a script asked for it, so an earlier back-off is put aside (a `Retry-After` is not).
        """
        until = self._clock.monotonic() + seconds
        self._step(m.Start())
        action = self._step(m.Poked(Source.LOCAL))
        while not isinstance(action, m.Stop):
            left = until - self._clock.monotonic()
            if left <= 0:
                break
            if isinstance(action, m.Rest):
                if self._engine.quiet or not patient or action.until is None or action.until > until:
                    break
                action = self._rest(action)
            else:
                action = self._advance(action, left)
        return self.status

    def want_verify(self) -> None:
        """Compare the cache with central as soon as it is up to date. Before `run_until_quiet`, by its thread."""
        self._engine.want_verify()

    def run_forever(self, stop: Stop) -> None:
        """Keep the laptop in step with central until `stop` is set or the person signs out."""
        action: m.Action = m.Rest(None)
        begun = False
        while not stop.is_set() and not isinstance(action, m.Stop):
            try:
                if not begun:
                    begun, action = True, self._step(m.Start())
                else:
                    action = self._rest(action) if isinstance(action, m.Rest) else self._advance(action, None)
            except Exception as error:
                log.error("the conversation begins anew: %s", type(error).__name__)
                begun = False
                self._begin_anew()
        self._listen_from = None

    def _begin_anew(self) -> None:
        """Another engine in place of one that has lost its way; patience grows with each that does."""
        failures = self._engine.line.failures
        self._engine = Engine(self._rng, self._engine.state)
        self._engine.line.failures = failures
        self._engine.line.fail(self._clock.monotonic(), self._rng, Trouble.INTERNAL)
        self._signals.take()
        self._signals.wait(SLICE)  # whatever goes wrong at each step must not become a loop

    # -- one action

    def _advance(self, action: m.Action, timeout: float | None) -> m.Action:
        self._listen_from = None
        if self._leaving:
            return self._step(m.SignedOut())
        event = self._carry_out(action, timeout)
        for source in self._signals.take():
            self._engine.step(m.Poked(source), self._facts())
        return self._step(event)

    def _carry_out(self, action: m.Action, timeout: float | None) -> m.Event:
        try:
            return self._do(action, timeout)
        except Broken as broken:
            return m.Failed(broken.kind, broken.retry_after)
        except Declined as declined:
            return m.Refused(declined.problem, declined.retry_after)
        except _DiskFailed as failed:
            return m.Failed(failed.fault, key=failed.key)
        except MscError as error:  # the tokens could not be read, the device key is locked away
            return m.Failed(Fault.DISK, key=error.key)
        except Exception as error:  # no fault of ours may end the conversation for the rest of the shift
            log.error("%s failed: %s", type(action).__name__, type(error).__name__)
            return m.Failed(Fault.DISK, key=Trouble.INTERNAL)

    def _do(self, action: m.Action, timeout: float | None) -> m.Event:
        match action:
            case m.Greet():
                hello = self._transport.hello(timeout)
                self._note_time(hello.server_time)
                return m.Greeted(hello)
            case m.Reset(generation):
                with _disk():
                    self._disk.reset_cursor(generation)
                return m.WasReset()
            case m.Rekey():
                with _disk():
                    self._disk.rekey()
                return m.Rekeyed()
            case m.Push(max_ops, max_bytes, from_counter):
                with _disk():
                    self._batch = self._disk.batch(self._clock.now(), max_ops, max_bytes, from_counter)
                return m.Sealed(len(self._batch))
            case m.Send():
                reply = self._transport.push(self._batch, timeout)
                with _disk():
                    self._disk.settle(reply)
                self._note_time(reply.server_time)
                return m.Pushed(reply)
            case m.Pull(limit):
                with _disk():
                    cursor = self._disk.cursor()
                page = self._transport.changes(cursor, limit, timeout=timeout)
                with _disk():
                    self._disk.apply(page.lines, page.cursor, up_to_date=page.up_to_date)
                if page.up_to_date:
                    self._note_time(page.server_time)
                    self._ask_again(page.server_time, timeout)
                return m.Pulled(len(page.lines), page.cursor != cursor, page.up_to_date)
            case m.Verify():
                return m.Verified(self._verify(timeout))
            case m.Bootstrap() | m.Fill() | m.Index() if self._intake is not None:
                return self._first(action, self._intake, timeout)
            case m.Refresh():
                return self._renew(timeout)
            case _:
                raise ValueError(f"nothing to carry out: {action}")

    def _ask_again(self, server_time: str, timeout: float | None) -> None:
        """What has come of acts that central had put aside. Without an answer the next page asks again."""
        if self._ask_at > self._clock.monotonic():
            return
        with _disk():
            ops = self._disk.quarantined()
        if not ops:
            return
        self._ask_at = self._clock.monotonic() + ASK_EVERY
        try:
            results = self._transport.statuses(ops, timeout).results
        except (Broken, Declined):
            return
        if settled := [result for result in results if result.result != Result.QUARANTINED]:
            with _disk():
                self._disk.settle(PushReply(server_time, settled))

    def _verify(self, timeout: float | None) -> Verdict:
        self.verdict = verdict = verify.verify(self._transport, self._disk, timeout)
        if verdict.mended.rows or verdict.mended.kept:
            names = ", ".join(verdict.entities)
            log.error("the cache was not what central says, and is mended (%s): %s", names, verdict.mended)
        return verdict

    def _first(self, action: m.Bootstrap | m.Fill | m.Index, intake: Intake, timeout: float | None) -> m.Event:
        """Steps of a first pull and of what it leaves to be done."""
        match action:
            case m.Bootstrap(generation):
                step = bootstrap.step(generation, self._transport, intake, timeout)
                return m.Booted(step.rows, step.moved)
            case m.Fill(ticket):
                bootstrap.fill(ticket, self._transport, intake, timeout)
                return m.Filled()
            case m.Index():
                with _disk():
                    intake.index()
                return m.Indexed()

    def _renew(self, timeout: float | None) -> m.Event:
        try:
            self._transport.renew(timeout)
        except (Broken, Declined):
            raise
        except MscError as error:
            # The device key is locked away, for instance: only a person can help, as after a lost session.
            return m.Refused(Problem("about:blank", "Sign in first", 401, error.key))
        return m.Refreshed()

    # -- rest

    def _rest(self, rest: m.Rest) -> m.Action:
        """Wait for a poke, the time or a jump of the clocks; at most one slice. The same rest goes on if none came."""
        self._listen()
        wall, mono = self._clock.now(), self._clock.monotonic()
        wait = SLICE if rest.until is None else min(SLICE, rest.until - mono)
        self._signals.wait(wait)
        jump = (self._clock.now() - wall).total_seconds() - (self._clock.monotonic() - mono)
        if abs(jump) > JUMP:
            self._signals.poke(Source.WAKE)
        if self._leaving:
            return self._step(m.SignedOut())
        action: m.Action = rest
        for source in self._signals.take():
            action = self._step(m.Poked(source))
        if action is rest and rest.until is not None and self._clock.monotonic() >= rest.until:
            action = self._step(m.Tick())
        return action

    def _listen(self) -> None:
        if not self._engine.settled:
            self._listen_from = None
        elif self._listen_from is None:
            try:
                with _disk():
                    self._listen_from = self._disk.cursor() or None
            except _DiskFailed:
                self._listen_from = None

    # -- around each step

    def _step(self, event: m.Event) -> m.Action:
        action = self._engine.step(event, self._facts())
        if self._engine.state.differs(self._saved):
            try:
                with _disk():
                    self._disk.save_state(self._engine.state.dump())
                self._saved = self._engine.state
            except _DiskFailed:
                pass  # tried again at the next step; a lost back-off costs one request
        self._say()
        return action

    def _facts(self) -> Facts:
        hold: datetime | None = None
        try:
            with _disk():
                hold = self._disk.next_hold()
        except _DiskFailed:
            pass  # the next poll looks again
        waiting = Waiting()
        try:
            with _disk():
                waiting = self._intake.waiting() if self._intake is not None else waiting
        except _DiskFailed:
            pass
        return Facts(
            now=self._clock.now(),
            mono=self._clock.monotonic(),
            next_hold=hold,
            pending=self._counts[0],
            fresh=waiting.fresh,
            wanted=waiting.wanted,
            unindexed=waiting.unindexed,
        )

    def _say(self) -> None:
        try:
            with _disk():
                self._counts = self._disk.counts()
        except _DiskFailed:
            pass  # the last known counts stand
        problem, data = self._engine.problem
        status = SyncStatus(
            online=self._engine.online,
            since=self._engine.since,
            pending=self._counts[0],
            attention=self._counts[1],
            last_sync=self._engine.state.last_sync,
            problem=problem,
            data=data,
            working=self._engine.working,
            mended=self._engine.state.mended,
        )
        if status != self.status:
            self.status = status
            try:
                if self._on_status is not None:
                    self._on_status(status)
            except Exception as error:  # a screen that is going away
                log.error("the status was not taken: %s", type(error).__name__)

    def _note_time(self, server_time: str) -> None:
        """Central's clock, for the skew of later ops. A time that can't be read is no reason to stop."""
        try:
            moment = clock.parse(server_time)
        except ValueError:
            return
        try:
            with _disk():
                self._disk.note_time(moment, self._clock.now())
        except _DiskFailed:
            pass  # the next answer tells the time again


@contextmanager
def _disk() -> Iterator[None]:
    """Whatever the store raises becomes one fault: the transaction did not happen and is tried again."""
    try:
        yield
    except MscError as error:
        fault = Fault.DISK_FULL if error.key == Trouble.DISK_FULL else Fault.DISK
        raise _DiskFailed(fault, error.key) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
        raise _DiskFailed(Fault.DISK_FULL if full else Fault.DISK, None) from error
    except Exception as error:
        log.error("the cache did not take it: %s", type(error).__name__)  # its text may hold a customer's words
        raise _DiskFailed(Fault.DISK, None) from error
