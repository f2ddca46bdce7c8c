"""Reads a ServiceNow incident event log, plain or gzip, incident by incident.

Rows of an incident usually stand together, and only one incident's rows are held. Rows that stand apart come as a
further part of their incident: for each incident seen, the reader keeps one short `Tail` (some 300 bytes) and no row.
A part starts over with the source's words, since the row before it is no longer there, but its places and its changes
of state, priority and queue go on from the tail.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple
from zoneinfo import ZoneInfo

from ...domain.terms import State
from ...errors import UsageError
from .lines import Bad, Reason, lines
from .rows import NEEDED, UNKNOWN, Moment, Row, Unfit, cells, moments, parse

SOURCE = "servicenow-log"
PART_ROWS = 1_000
"""Most rows of one part: an incident of more comes in several."""


class Tail(NamedTuple):
    """Where an incident stood after the rows read so far. Words are the source's."""

    rows: int
    """Rows that name the incident, bad ones too."""
    state: State | None = None
    """None while no row was fit."""
    priority: str = UNKNOWN
    group: str = UNKNOWN
    reopens: int = 0
    reassignments: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """A row with its place within the incident (from 0) and the ticket's state after it.

    A bad row takes a place too: repaired and read again it comes in where it belongs, and no other row moves.
    """

    place: int
    row: Row
    state: State


@dataclass(frozen=True, slots=True)
class Incident:
    """The rows of an incident that stood together, at least one, in the file's order."""

    number: str
    events: tuple[Event, ...]
    before: Tail | None
    """Where earlier rows had left it; None when these are its first."""


def read(source: Path | IO[bytes], zone: str = "UTC") -> Iterator[Incident | Bad]:
    """Incidents (parts of them) and bad lines as they come. Times without a zone are `zone`'s.

    `source` is a path or a seekable stream. UsageError when the zone is unknown or the file is no such log.
    """
    try:
        moment = moments(ZoneInfo(zone))
    except (LookupError, ValueError, OSError):
        raise UsageError("zone_unknown", zone=zone) from None
    return _read_file(source, moment) if isinstance(source, Path) else _read(source, moment)


def _read_file(path: Path, moment: Moment) -> Iterator[Incident | Bad]:
    with path.open("rb") as stream:
        yield from _read(stream, moment)


def _read(stream: IO[bytes], moment: Moment) -> Iterator[Incident | Bad]:
    source = lines(stream)
    header = _header(next(source, None))
    parts = _Parts()
    for line in source:
        if isinstance(line, Bad):
            yield line
            continue
        number, raw = line
        if not raw.strip():
            continue
        try:
            row = parse(header, cells(raw), moment)
        except Unfit as unfit:
            if unfit.number is not None:
                yield from parts.add(unfit.number, None)
            yield Bad(number, unfit.reason)
        else:
            yield from parts.add(row.number, row)
    yield from parts.close()


def _header(line: tuple[int, bytes] | Bad | None) -> list[str]:
    """The names of the columns. UsageError when they aren't those of a log."""
    try:
        if line is None or isinstance(line, Bad):
            raise Unfit(Reason.COLUMNS)
        names = cells(line[1].removeprefix(b"\xef\xbb\xbf"))
    except Unfit:
        raise UsageError("import_not_a_log", missing=sorted(NEEDED)) from None
    missing = NEEDED.difference(names)
    if missing or len(set(names)) != len(names):
        raise UsageError("import_not_a_log", missing=sorted(missing))
    return names


@dataclass(slots=True)
class _Parts:
    """Gathers rows into incidents."""

    tails: dict[str, Tail] = field(default_factory=dict)
    number: str | None = None
    tail: Tail = field(default_factory=lambda: Tail(0))
    """Where the open part stands."""
    events: list[Event] = field(default_factory=list)

    def add(self, number: str, row: Row | None) -> Iterator[Incident]:
        """Takes a row, None for a bad one; gives the part that it ends, if any."""
        if number != self.number or len(self.events) == PART_ROWS:
            yield from self.close()
            self.number, self.tail = number, self.tails.get(number, Tail(0))
        place = self.tail.rows
        if row is None:
            self.tail = self.tail._replace(rows=place + 1)
            return
        state = row.state or self.tail.state or State.NEW
        group = sys.intern(row.words.get("assignment_group", UNKNOWN))
        priority = sys.intern(row.words["priority"])
        self.events.append(Event(place, row, state))
        self.tail = Tail(place + 1, state, priority, group, row.reopens, row.reassignments)

    def close(self) -> Iterator[Incident]:
        """Ends the open part."""
        if self.number is None:
            return
        before = self.tails.get(self.number)
        self.tails[self.number] = self.tail
        if self.events:
            known = before if before is not None and before.state is not None else None
            yield Incident(self.number, tuple(self.events), known)
        self.number, self.events = None, []
