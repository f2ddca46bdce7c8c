"""Acts that central has put aside, asked of central and settled there. Nothing of it is kept here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import NotFound, UsageError
from .auditing import line

if TYPE_CHECKING:
    from ..sync.transport import HttpTransport
    from ..sync.wire_quarantine import Held, Settled
    from .seat import Seat

ID = 36
"""Characters of a whole op id; people may give the end of one."""
ENDING = 4


def held(desk: "Seat") -> "list[Held]":
    """All that the person may see, the longest waiting first."""
    with _line(desk, "") as way:
        return list(_all(way))


def one(desk: "Seat", ref: str) -> "Held":
    """One of them by its op id, or an end of it that fits just one. NotFound `quarantine_unknown`, UsageError
    `op_ambiguous`."""
    with _line(desk, ref) as way:
        return way.quarantined(_id(way, ref))


def again(desk: "Seat", ref: str, *, dry_run: bool = False) -> "Settled":
    """Has it judged again as of now, in its author's name. Raises as `one`."""
    from ..sync.wire_quarantine import Again

    with _line(desk, ref) as way:
        return way.quarantine_again(_id(way, ref), Again(dry_run))


def dismiss(desk: "Seat", ref: str, reason: str, *, dry_run: bool = False) -> "Settled":
    """Lets it go for good; its author is told `reason`. Raises as `one`."""
    from ..sync.wire_quarantine import Dismissal

    with _line(desk, ref) as way:
        return way.quarantine_dismiss(_id(way, ref), Dismissal(reason, dry_run))


def ending(op: str) -> str:
    """The end of an op id, as lists show it: ids that were made in the same minute begin alike."""
    return op[-8:]


def _all(way: "HttpTransport") -> "Iterator[Held]":
    after = ""
    while True:
        page = way.quarantine(after)
        yield from page.acts
        if not (after := page.more):
            return


def _id(way: "HttpTransport", ref: str) -> str:
    told = ref.strip().lower()
    if len(told) >= ID:
        return told
    hits = [act.op for act in _all(way) if len(told) >= ENDING and act.op.endswith(told)]
    if len(hits) > 1:
        raise UsageError("op_ambiguous", ref=ref, hits=hits)
    if not hits:
        raise NotFound("quarantine_unknown", ref=ref)
    return hits[0]


@contextmanager
def _line(desk: "Seat", ref: str) -> "Iterator[HttpTransport]":
    from ..sync.faults import Declined

    try:
        with line(desk, "quarantine_needs_central") as way:
            yield way
    except Declined as declined:
        if declined.problem.status == 404:
            raise NotFound("quarantine_unknown", ref=ref) from None
        raise
