"""Waiting for central's answer to acts: what a command with `--wait` does."""

import threading
from collections.abc import Sequence

from .. import clock
from ..store.outbox import OpState, OutboxOp
from . import Desk
from .conversing import sync_once

LOOK_SECONDS = 0.1

_stays = threading.Event()
"""Never set: a wait that Ctrl+C ends at once."""


def answered(act: OutboxOp) -> bool:
    """Whether central has answered an act, or a person has ended it."""
    return act.state not in (OpState.OPEN, OpState.SEALED)


def await_answers(desk: Desk, ops: Sequence[str], seconds: float) -> list[OutboxOp]:
    """Where these acts (ids) stand once central has answered them all, or `seconds` later at most.

    Where another process of this person talks to central, its progress is watched. It is over sooner when central
    can't be reached and the next try would come too late.
    """
    until = clock.monotonic() + seconds
    while True:
        left = until - clock.monotonic()
        status = sync_once(desk, max(left, 0.0))
        acts = [desk.act(op) for op in ops]
        if status is not None or left <= 0 or all(map(answered, acts)):
            return acts
        _stays.wait(min(LOOK_SECONDS, left))
