"""What the conversation knows of itself between two events: its lanes, what it wants, what went wrong.

Push and pull have lanes of their own, so what central refuses on one never stops the other; the line is what both need.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from . import moves as m
from .backoff import Guard, Pace
from .faults import TROUBLE, Fault
from .moves import Facts, Phase
from .sizes import Sizes
from .state import EngineState
from .status import Trouble, Working
from .wire import Hello, Problem

VERIFY_LATER = (20.0, 60.0)
"""Seconds until a self-check is tried again that was crossed by news, or failed."""

_OFFLINE = frozenset(Fault) - {Fault.SERVER, Fault.DISK_FULL, Fault.DISK}


class Lanes:
    """The state under the `Engine`, which alone decides what comes next."""

    def __init__(self, rng: Random, state: EngineState = EngineState()) -> None:
        self._rng = rng
        self.state = state
        self.phase = Phase.IDLE
        self.online = False
        self.since: datetime | None = None
        self.line = Pace(failures=state.failures)
        self.push = Pace()
        self.pull = Pace()
        self.disk = Pace()
        self._guard = Guard()
        self._sizes = Sizes()
        self._action: m.Action = m.Rest(None)
        self._out: str | None = None
        self._hello: Hello | None = None
        self._greeted = False
        self._refreshed = False
        self._reset = False
        self._want_push = self._want_pull = True
        self._no_push: Trouble | None = None
        self._no_pull: Trouble | None = None
        self._gap: int | None = None
        self._gap_tried: int | None = None
        self._rekey = self._rekeyed = False
        self._answered: frozenset[str] = frozenset()
        self._poll_at = 0.0
        self._verify_at = 0.0
        self._quiet = False
        self._lost = 0
        self._late: set[m.Source] = set()

    @property
    def problem(self) -> tuple[str | None, Mapping[str, Any]]:
        """The most pressing trouble and the data of its sentence."""
        if self._out is not None:
            return self._out, {}
        for pace in (self.disk, self.line):
            if pace.problem is not None:
                return pace.problem, pace.data
        if blocked := self._no_push or self._no_pull:
            return blocked, {}
        lane = self.push if self.push.problem is not None else self.pull
        return lane.problem, lane.data

    @property
    def working(self) -> Working | None:
        if self.phase in (Phase.SEAL, Phase.SEND):
            return Working.PUSH
        return Working.PULL if self.phase in (Phase.PULL, Phase.BOOT, Phase.FILL) else None

    @property
    def settled(self) -> bool:
        """Up to date and at rest: the moment to listen for news."""
        return self.phase is Phase.IDLE and self._greeted and not self._want_pull and self.line.problem is None

    @property
    def quiet(self) -> bool:
        """Settled, and no push or pull waits for a better moment: nothing is left to do now."""
        return self.settled and not self.push.failures and not self.pull.failures and not self.disk.failures

    def _progressed(self, facts: Facts, *, clears_guard: bool = True) -> None:
        if clears_guard:
            self._guard.progress()
        self.line.ok()
        if self.phase in (Phase.PULL, Phase.BOOT, Phase.FILL):
            self.pull.ok()
        self._set_online(True, facts)
        self._save_line(facts)

    def _failed(self, event: m.Failed, facts: Facts) -> None:
        pushing, pulling = self.phase is Phase.SEND, self.phase is Phase.PULL
        if self.phase is Phase.VERIFY:
            self._verify_at = facts.mono + self._rng.uniform(*VERIFY_LATER)
        self.phase, self._quiet = Phase.IDLE, False
        trouble = TROUBLE[event.kind]
        if event.kind in (Fault.DISK, Fault.DISK_FULL):
            self.disk.fail(facts.mono, self._rng, event.key or trouble)
            return
        if event.kind in (Fault.CUT, Fault.TIMEOUT):
            self._sizes.shrink(push=pushing, page=pulling)
        if event.kind in _OFFLINE:
            self._greeted = False
            self._set_online(False, facts)
        self._line_fails(facts, trouble, {}, event.retry_after)
        self._prove_line()

    def _prove_line(self) -> None:
        """A line in trouble is tried by a pull, whatever it was that failed: else its trouble would stand until the
        next poll."""
        self._want_pull = self._want_pull or self.line.problem is not None

    def _version_refused(self, phase: Phase, problem: Problem, facts: Facts) -> None:
        trouble = Trouble.TOO_NEW if problem.code == "protocol_too_new" else Trouble.TOO_OLD
        # One refusal of a push says nothing about pulls: work stays, reading goes on. Elsewhere it speaks for both.
        self._no_push = trouble
        self.push.fail(facts.mono, self._rng, trouble)
        if phase is not Phase.SEND:
            self._no_pull = trouble

    def _set_online(self, online: bool, facts: Facts) -> None:
        if online != self.online or self.since is None:
            self.online, self.since = online, facts.now

    def _line_fails(self, facts: Facts, key: str | None, data: Mapping[str, Any], retry_after: float | None) -> None:
        self.line.fail(facts.mono, self._rng, key, data, retry_after)
        self._save_line(facts)

    def _save_line(self, facts: Facts) -> None:
        wait = self.line.at - facts.mono
        next_at = facts.now + timedelta(seconds=wait) if wait > 0 else None
        self.state = replace(self.state, failures=self.line.failures, next_at=next_at)
