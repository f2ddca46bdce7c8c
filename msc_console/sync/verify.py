"""The laptop's self-check: are its rows the ones that central says it should hold? What differs is put right at once.

Three questions, each answered at one position of the feed: digests of all entities, digests of the 256 buckets of those
that differ, the rows of the buckets that differ. A difference is a fault of one of the two programs, never of a person.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from .. import clock, digest
from ..digest import Digest
from ..domain.scope import KEEP_CLOSED
from .faults import Broken, Fault
from .ports import Disk, Transport
from .verdict import Mended, Verdict
from .wire import Digested

ROWS = 2_000
"""About so many rows are fetched by one request."""
FIRST = ("ticket",)
"""Entities that are put right before the others: what belongs to a ticket is judged by it."""


def verify(way: Transport, disk: Disk, timeout: float | None = None) -> Verdict:
    """Compare and put right. Raises what `way` and `disk` raise; what was put right by then stays so."""
    cursor = disk.cursor()
    if not cursor:
        return Verdict(compared=False)
    first = way.verify(cursor, (), timeout)
    if not first.up_to_date:
        return Verdict(compared=False)
    disk.shed(_cut(first.server_time))
    here = disk.digests(_cut(first.server_time))
    known = here.keys() & first.entities.keys()
    rows = sum(first.entities[entity].count for entity in known)
    differ = sorted((entity for entity in known if here[entity] != _digest(first.entities[entity])), key=_rank)
    if not differ:
        return Verdict(compared=True, rows=rows)
    second = way.verify(cursor, differ, timeout)
    if not second.up_to_date:
        return Verdict(compared=False)
    mended = Mended()
    for entity in differ:
        told = second.entities.get(entity)
        if told is None or len(told.buckets) != digest.BUCKETS:
            raise Broken(Fault.NOT_OURS)
        for some in _portions(disk.buckets(entity, _cut(second.server_time)), told):
            page = way.verify_rows(cursor, entity, some, timeout)
            mended += disk.mend(entity, some, page.lines, _cut(page.server_time))
    return Verdict(compared=True, rows=rows, mended=mended, entities=tuple(differ))


def _portions(here: Sequence[Digest], told: Digested) -> Iterator[list[int]]:
    """The buckets that differ, in requests of about `ROWS` rows."""
    some: list[int] = []
    size = 0
    for place, (count, total) in enumerate(told.buckets):
        if here[place] == (count, _number(total)):
            continue
        if some and size + count > ROWS:
            yield some
            some, size = [], 0
        some.append(place)
        size += count
    if some:
        yield some


def _rank(entity: str) -> tuple[bool, str]:
    return entity not in FIRST, entity


def _digest(told: Digested) -> Digest:
    return Digest(told.count, _number(told.sum))


def _number(told: str) -> int:
    try:
        return int(told, 16)
    except ValueError:
        raise Broken(Fault.NOT_OURS) from None


def _cut(server_time: str) -> datetime:
    """Tickets closed before this moment have left the laptops."""
    try:
        return clock.parse(server_time) - KEEP_CLOSED
    except ValueError:
        raise Broken(Fault.NOT_OURS) from None
