"""The conversation with central as a state machine without I/O: events in, one action out.

It never reads a clock, a disk or a socket, so a simulator can play any fault at it from one seed. It is
level-triggered: each wake asks the store for a batch anew (`Push`, answered by `Sealed`), so no lost wake-up matters.
Order at reconnect: hello, push until nothing more can leave, pull until up to date, rest. Push and pull have lanes of
their own, so what central refuses on one never stops the other; the line is what both need.
"""

from dataclasses import replace

from ..domain.terms import Result
from . import moves as m
from .backoff import RETRY_AFTER_LONGEST
from .lanes import VERIFY_LATER, Lanes
from .moves import Facts, Phase
from .status import Trouble
from .verdict import Verdict
from .wire import PROTOCOL, SNAPSHOTS, VERIFY, Hello, Problem

POLL = (45.0, 75.0)
"""Seconds between pulls that nothing asked for, drawn from this range so that laptops spread."""
VERIFY_EVERY = (2700.0, 4500.0)
"""Seconds between two self-checks of the cache, drawn from this range."""
ASKED = float("-inf")
"""In place of the time of the next self-check: a person wants one."""
HOLD_AGAIN = 1.0
"""Seconds until the store is asked again for an op whose hold is over and that still did not leave."""
SNAPSHOTS_LOST = 3
"""Snapshots in a row that may come to nothing (taken away under way, or their cursor void) before it falls back to
plain pages, which can be gone on with at any time."""

_OPEN = frozenset({Result.DEFERRED, Result.GAP, Result.FORKED})
_SETTLED = frozenset(result.value for result in Result if result not in _OPEN)


class Engine(Lanes):
    """One laptop's side of the conversation. Call `step` with each event and carry out the action it returns.

    One action is under way at most. A poke is welcome at any time: meanwhile it only leaves its mark, `step` repeats
    the action, and the mark outlasts the answer, which may be older. Any other event out of turn is a ValueError.
    """

    def step(self, event: m.Event, facts: Facts) -> m.Action:
        """Take in one event; the action to carry out next."""
        under_way = self.phase not in (Phase.IDLE, Phase.OUT, Phase.STOPPED)
        match event:
            case m.SignedOut():
                self.phase = Phase.STOPPED
            case m.Start():
                self._started(facts)
            case m.Poked():
                if under_way:
                    self._late.add(event.source)
                    return self._action
                self._poked(event.source)
                self._want_pull = True
            case m.Tick():
                if under_way:
                    return self._action
                self._want_push = True
                if self._poll_at <= facts.mono:
                    self._want_pull = True
                    if self._no_push or self._no_pull:
                        self._greeted = False
            case m.Failed():
                self._turn(under_way, event)
                self._failed(event, facts)
            case m.Refused():
                self._turn(under_way, event)
                self._refused(event, facts)
            case _:
                self._answer(event, facts)
        while self._late:
            self._poked(self._late.pop())
        self._action = self._decide(facts)
        return self._action

    def want_verify(self) -> None:
        """A person wants the cache compared with central, now; also while own acts wait."""
        self._verify_at = ASKED

    def _turn(self, right: bool, event: m.Event) -> None:
        if not right:
            raise ValueError(f"{type(event).__name__} out of turn while {self.phase}")

    # -- what an event means

    def _started(self, facts: Facts) -> None:
        self.phase, self._out, self._greeted, self._refreshed = Phase.IDLE, None, False, False
        self._lost = 0
        self._want_push = self._want_pull = True
        if self.state.verified_at is not None and self._verify_at == 0.0:
            since = (facts.now - self.state.verified_at).total_seconds()
            self._verify_at = facts.mono + self._rng.uniform(*VERIFY_EVERY) - min(max(since, 0.0), VERIFY_EVERY[1])
        if self.state.next_at is not None:
            wait = (self.state.next_at - facts.now).total_seconds()
            # A wall clock that was set back since must not silence the laptop for a day.
            if 0 < wait <= RETRY_AFTER_LONGEST:
                self.line.at = facts.mono + wait

    def _poked(self, source: m.Source) -> None:
        self._want_push = True
        # A local write is pulled after its push; the other sources may know of rows that no page has brought yet.
        self._want_pull = self._want_pull or source is not m.Source.LOCAL
        if source is m.Source.SIGNED_IN and self.phase is Phase.OUT:
            self.phase, self._out, self._refreshed = Phase.IDLE, None, False
        if source is m.Source.SIGNED_IN:
            self._verify_at = 0.0
        if source is m.Source.WAKE:
            self._greeted = False
        if source is not m.Source.CENTRAL:
            for pace in (self.line, self.push, self.pull, self.disk):
                pace.hasten()

    def _answer(self, event: m.Event, facts: Facts) -> None:
        match event, self.phase:
            case m.Greeted(hello), Phase.GREET:
                self._hail(hello, facts)
            case m.WasReset(), Phase.RESET:
                self._reset = False
                self._answered = frozenset()  # what is offered again may be answered again
                self._want_pull = True
                if self._hello is not None:  # not before: a crash in between must not hide that central was restored
                    self.state = replace(self.state, generation=self._hello.generation)
            case m.Rekeyed(), Phase.REKEY:
                self._rekey, self._rekeyed, self._want_push = False, True, True
            case m.Sealed(n), Phase.SEAL:
                if n > 0:
                    self.phase = Phase.SEND
                    return
                self._want_push = False
                if self._gap is not None:
                    self._gap = None
                    self._chain_broken(facts, Trouble.CHAIN_GAP)
            case m.Pushed(), Phase.SEND:
                self._pushed(event, facts)
            case m.Pulled(), Phase.PULL:
                self._pulled(event, facts)
            case m.Verified(verdict), Phase.VERIFY:
                self._verified(verdict, facts)
            case m.Booted(), Phase.BOOT:
                self._booted(event, facts)
            case m.Filled(), Phase.FILL:
                self._refreshed = False
                self.disk.ok()
                self._progressed(facts)
            case m.Indexed(), Phase.INDEX:
                self.disk.ok()
            case m.Refreshed(), Phase.REFRESH:
                self._refreshed = True
            case _:
                self._turn(False, event)
        self.phase = Phase.IDLE

    def _hail(self, hello: Hello, facts: Facts) -> None:
        self._hello, self._greeted = hello, True
        self._set_online(True, facts)
        self._sizes.offer(hello.limits)
        # Whoever refused this version may have been another than who greets now: central was replaced, or is being.
        self._no_push = _barred(hello, hello.protocol_oldest_push)
        self._no_pull = _barred(hello, hello.protocol_oldest_pull)
        self._want_push = self._want_pull = True
        if self.state.generation == "":
            self.state = replace(self.state, generation=hello.generation)
        elif self.state.generation != hello.generation:
            self._reset = True

    def _pushed(self, event: m.Pushed, facts: Facts) -> None:
        results = event.reply.results
        settled = frozenset(result.op for result in results if result.result in _SETTLED)
        gaps = [result.data.get("expected") for result in results if result.result == Result.GAP]
        progress = not settled <= self._answered
        self._answered = settled
        self._refreshed = False
        self.disk.ok()
        self._gap = None
        self._want_pull = True
        if progress:
            self._progressed(facts)
            self._gap_tried, self._rekeyed = None, False
            self._sizes.push_grows()
        if any(result.result == Result.FORKED for result in results):
            self._chain_broken(facts, Trouble.FORKED)
        elif gaps:
            expected = gaps[0]
            if isinstance(expected, int) and expected != self._gap_tried:
                self._gap = self._gap_tried = expected
            else:
                self._chain_broken(facts, Trouble.CHAIN_GAP)
        elif progress:
            self.push.ok()
        else:
            # Only deferred: central has yet to see what they stand on. No trouble, but no reason to hurry.
            self.push.fail(facts.mono, self._rng, None)

    def _chain_broken(self, facts: Facts, trouble: Trouble) -> None:
        """Begin a new chain; once only, until central has taken something of it."""
        if self._rekeyed:
            self.push.fail(facts.mono, self._rng, trouble)
        self._rekey = not self._rekeyed

    def _pulled(self, event: m.Pulled, facts: Facts) -> None:
        self._refreshed = False
        self.disk.ok()
        if event.rows > 0 and event.moved:
            self._progressed(facts)
            self._sizes.page_grows()
        self._quiet = event.up_to_date
        if event.up_to_date:
            self._want_pull, self._lost = False, 0
            self._progressed(facts, clears_guard=False)
            self.state = replace(self.state, last_sync=facts.now)
        elif not event.moved:
            self.pull.fail(facts.mono, self._rng, Trouble.NO_PROGRESS)

    def _verified(self, verdict: Verdict, facts: Facts) -> None:
        self._refreshed = False
        self.line.ok()
        self._set_online(True, facts)
        if not verdict.compared:
            self._want_pull = True
            self._verify_at = facts.mono + self._rng.uniform(*VERIFY_LATER)
            return
        self._guard.progress()
        self._verify_at = facts.mono + self._rng.uniform(*VERIFY_EVERY)
        mended = self.state.mended + verdict.mended.rows
        self.state = replace(self.state, verified_at=facts.now, mended=mended)

    def _booted(self, event: m.Booted, facts: Facts) -> None:
        self._refreshed = False
        self.disk.ok()
        if event.moved:
            self._progressed(facts)

    def _refused(self, event: m.Refused, facts: Facts) -> None:
        phase, self.phase, self._quiet = self.phase, Phase.IDLE, False
        problem, status = event.problem, event.problem.status
        data = {**problem.data, "status": status}
        if phase is Phase.VERIFY:
            self._verify_at = facts.mono + self._rng.uniform(*(VERIFY_LATER if status in (401, 410) else VERIFY_EVERY))
        key: str = Trouble.SERVER if status >= 500 or not problem.code else problem.code
        self._set_online(True, facts)
        if status == 401 or (phase is Phase.REFRESH and status in (400, 403)):
            self._unauthorised(phase, problem, facts)
        elif status == 426 and phase is not Phase.GREET:
            self._version_refused(phase, problem, facts)
        elif status in (429, 503) and phase is Phase.VERIFY and event.retry_after is not None:
            self.line.hold(facts.mono, self._rng, event.retry_after)
            self._save_line(facts)
        elif status in (429, 503):
            self._line_fails(facts, Trouble.BUSY, data, event.retry_after)
        elif status == 410 and phase in (Phase.PULL, Phase.VERIFY):
            self._greeted, self._reset = False, True
            self._lost += 1
        elif status in (404, 410) and phase is Phase.BOOT:
            self._lost += 1
        elif status == 409:
            self._greeted = False
        elif phase is Phase.SEND:
            smaller = self._sizes.shrink(push=True)
            if status in (400, 413, 422):
                if smaller:
                    return
                key = Trouble.OP_REFUSED
            self.push.fail(facts.mono, self._rng, key, data, event.retry_after)
        elif phase is Phase.VERIFY:
            pass  # a self-check that central can't answer stops nothing; it is asked for again later
        elif phase in (Phase.PULL, Phase.BOOT, Phase.FILL):
            self.pull.fail(facts.mono, self._rng, key, data, event.retry_after)
        else:
            self._line_fails(facts, key, data, event.retry_after)
        self._prove_line()

    def _unauthorised(self, phase: Phase, problem: Problem, facts: Facts) -> None:
        superseded = problem.code == "session_superseded"
        if superseded or self._refreshed or phase is Phase.REFRESH:
            self.phase = Phase.OUT
            self._out = problem.code if superseded else Trouble.SIGNED_OUT
            return
        self._request(m.Refresh(), Phase.REFRESH, facts)

    # -- what to do next

    def _decide(self, facts: Facts) -> m.Action:
        if self.phase is Phase.STOPPED:
            return m.Stop()
        if self.phase is Phase.OUT:
            return m.Rest(None)
        if self.phase is Phase.REFRESH:
            return self._action
        if self.phase is Phase.SEND:
            return self._request(m.Send(), Phase.SEND, facts)
        for pace in (self.line, self.disk):
            if pace.waits(facts.mono):
                return m.Rest(pace.at)
        if not self._greeted:
            return self._request(m.Greet(), Phase.GREET, facts)
        if self._reset:
            self.phase = Phase.RESET
            return m.Reset(self._hello.generation if self._hello is not None else self.state.generation)
        if self._rekey:
            self.phase = Phase.REKEY
            return m.Rekey()
        if self._want_push and self._no_push is None and not self.push.waits(facts.mono):
            self.phase = Phase.SEAL
            return m.Push(self._sizes.ops, self._sizes.octets, self._gap)
        if self._want_pull and self._no_pull is None and not self.pull.waits(facts.mono):
            if facts.fresh and self._may_boot():
                return self._request(m.Bootstrap(self.state.generation), Phase.BOOT, facts)
            return self._request(m.Pull(self._sizes.page), Phase.PULL, facts)
        if facts.wanted is not None and self._no_pull is None and not self.pull.waits(facts.mono) and self._snapshots():
            return self._request(m.Fill(facts.wanted), Phase.FILL, facts)
        if facts.unindexed:
            self.phase = Phase.INDEX
            return m.Index()
        if self._may_verify(facts) and self._verify_at <= facts.mono:
            return self._request(m.Verify(), Phase.VERIFY, facts)
        return self._rest(facts)

    def _snapshots(self) -> bool:
        return self._hello is not None and SNAPSHOTS in self._hello.features

    def _may_boot(self) -> bool:
        """In parts as long as central can, and does not lose them time and again."""
        return self._snapshots() and self._lost < SNAPSHOTS_LOST

    def _may_verify(self, facts: Facts) -> bool:
        """Only what is up to date can be compared, and by itself only once own acts are answered."""
        able = self._hello is not None and VERIFY in self._hello.features
        calm = facts.pending == 0 or self._verify_at == ASKED
        return able and calm and not self._want_pull and not self._no_pull

    def _request(self, action: m.Action, phase: Phase, facts: Facts) -> m.Action:
        """`action`, unless five requests have just achieved nothing: then patience, however we came here."""
        opens = self._guard.opens_at(facts.mono)
        if opens is not None:
            self.phase = Phase.IDLE
            trouble = None if self._quiet else self.line.problem or Trouble.NO_PROGRESS
            self._line_fails(facts, trouble, {}, None)
            self.line.at = max(self.line.at, opens)
            self._save_line(facts)
            return m.Rest(self.line.at)
        self._guard.note(facts.mono)
        self.phase, self._action = phase, action
        return action

    def _rest(self, facts: Facts) -> m.Rest:
        if self._poll_at <= facts.mono:
            self._poll_at = facts.mono + self._rng.uniform(*POLL)
        times = [self._poll_at]
        times += [pace.at for pace in (self.push, self.pull) if pace.waits(facts.mono)]
        if self._may_verify(facts):
            times.append(self._verify_at)
        if facts.next_hold is not None:
            wait = (facts.next_hold - facts.now).total_seconds()
            # One that is over but did not leave waits for something else: no reason to look all the time.
            times.append(facts.mono + (wait if wait > 0 else HOLD_AGAIN))
        return m.Rest(min(times))


def _barred(hello: Hello, oldest: int) -> Trouble | None:
    """Why central won't understand this version; None when it says it will."""
    if oldest > PROTOCOL:
        return Trouble.TOO_OLD
    return Trouble.TOO_NEW if hello.protocol < PROTOCOL else None
