"""A first pull in parts, one step at a time; and the timelines that it left out.

What is in is kept by the store, so any step can be the first of a process: a cut or a kill costs one part at most.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from .faults import Broken, Declined, Fault
from .ports import Intake, Transport
from .snapshots import read_part
from .wire import Problem, Snapshot, SnapshotPart

GONE = (404, 410)
"""Statuses by which central says that a snapshot is over, or a ticket not this reader's."""


class Step(NamedTuple):
    """Rows that came, and whether anything did."""

    rows: int
    moved: bool


def step(generation: str, way: Transport, intake: Intake, timeout: float | None = None) -> Step:
    """The manifest, or the next part, or the end. Raises what `way` and `intake` raise.

    A snapshot that is over is dropped before `Declined` is passed on; one of another generation is `Declined` with 409.
    """
    try:
        held = intake.held()
        if held is None:
            intake.begin(_ours(way.begin_snapshot(timeout), generation))
            return Step(0, True)
        manifest, done = held
        _ours(manifest, generation)
        todo = next((part for part in manifest.parts if part.n not in done), None)
        if todo is not None:
            body = way.part(manifest.id, todo.n, timeout)
            with _uncollected():
                return Step(_taken(todo, body, intake), True)
        if manifest.whole:
            intake.finish(manifest)
            return Step(0, True)
        again = _ours(way.snapshot(manifest.id, len(manifest.parts), timeout), generation)
        if again.id != manifest.id:
            raise Broken(Fault.NOT_OURS)
        intake.renew(again)
        return Step(0, again.whole or len(again.parts) > len(manifest.parts))
    except Declined as declined:
        if declined.problem.status in (*GONE, 409):
            intake.drop()
        raise


def fill(ticket: str, way: Transport, intake: Intake, timeout: float | None = None) -> None:
    """The timeline of a ticket; of one that central does not give any more, none."""
    try:
        lines = way.timeline(ticket, timeout)
    except Declined as declined:
        if declined.problem.status not in GONE:
            raise
        lines = ()
    intake.fill(ticket, lines)


def _taken(part: SnapshotPart, body: bytes, intake: Intake) -> int:
    rows = 0
    for lines, last in read_part(part, body):
        intake.take(lines, part.n if last else None)
        rows += len(lines)
    return rows


@contextmanager
def _uncollected() -> Iterator[None]:
    """Rows are no rings: looking for such among them costs a tenth of the time of a part."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _ours(manifest: Snapshot, generation: str) -> Snapshot:
    if manifest.generation != generation:
        raise Declined(Problem("about:blank", "Another generation", 409, "generation_changed"))
    return manifest
