"""One row of a ServiceNow incident event log: an update of an incident with the values it had from then on.

The log has no free text, so a line is a row. `?` is unknown; times are `d/m/yyyy hh:mm` without a zone.
"""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from ...domain.terms import Level, Priority, State
from ...text import LINE_CAP, clean
from .lines import Reason

UNKNOWN = "?"
STATES: dict[str, State | None] = {
    "New": State.NEW,
    "Active": State.OPEN,
    "Awaiting User Info": State.WAITING_CUSTOMER,
    "Awaiting Evidence": State.WAITING_CUSTOMER,
    "Awaiting Vendor": State.WAITING_VENDOR,
    "Awaiting Problem": State.WAITING_LEVEL,
    "Resolved": State.RESOLVED,
    "Closed": State.CLOSED,
    "-100": None,
}
"""The source's states; None leaves the ticket's state as it was."""
LEVELS = {"1 - High": Level.HIGH, "2 - Medium": Level.MEDIUM, "3 - Low": Level.LOW}
PRIORITIES = {
    "1 - Critical": Priority.CRITICAL,
    "2 - High": Priority.HIGH,
    "3 - Moderate": Priority.MEDIUM,
    "4 - Low": Priority.LOW,
}
DATES = ("sys_updated_at", "opened_at", "resolved_at", "closed_at", "sys_created_at")
NEEDED = frozenset(
    {"number", "incident_state", "reassignment_count", "reopen_count", "impact", "urgency", "priority", *DATES}
)
"""Columns that a log must have; the others are kept in the source's words, whatever they are."""

_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}) ([0-9]{1,2}):([0-9]{2})")
_COUNT = re.compile(r"[0-9]{1,9}")
_NUMBER = re.compile(r"[A-Z]{2,8}[0-9]{1,20}")
Moment = Callable[[str], datetime | None]


class Unfit(Exception):
    """A row that can't be taken in. `number` is its incident where that can be told."""

    def __init__(self, reason: Reason, number: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.number = number


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row that can be taken in: the source's words, cleaned, and what the product understands of them."""

    words: dict[str, str]
    number: str
    at: datetime
    """When the update was made."""
    opened_at: datetime
    resolved_at: datetime | None
    """As the source gave it: the log has the last one on every row of an incident, also on earlier ones."""
    closed_at: datetime | None
    state: State | None
    """None leaves the ticket's state as it was."""
    urgency: Level
    impact: Level
    priority: Priority
    reopens: int
    reassignments: int


def moments(zone: ZoneInfo) -> Moment:
    """A reader of the log's times in `zone`, giving UTC; None for unknown, Unfit for what is no time."""

    @lru_cache(maxsize=20_000)
    def moment(words: str) -> datetime | None:
        if words == UNKNOWN:
            return None
        found = _DATE.fullmatch(words)
        if found is None:
            raise Unfit(Reason.DATE)
        day, month, year, hour, minute = map(int, found.groups())
        try:
            return datetime(year, month, day, hour, minute, tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            raise Unfit(Reason.DATE) from None

    return moment


def cells(raw: bytes) -> list[str]:
    """The cells of a line, cleaned. Unfit for another encoding or broken quotes."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Unfit(Reason.ENCODING) from None
    try:
        values = next(csv.reader([text], strict=True), []) if '"' in text else text.split(",")
    except csv.Error:
        raise Unfit(Reason.COLUMNS) from None
    if text.isascii() and text.isprintable() and len(text) <= LINE_CAP:
        return values
    return [clean(value, line=True) for value in values]


def parse(header: Sequence[str], values: Sequence[str], moment: Moment) -> Row:
    """A line's cells as a row. Unfit with the reason."""
    place = header.index("number")
    named = values[place] if place < len(values) else ""
    number = named if _NUMBER.fullmatch(named) else None
    if len(values) != len(header):
        raise Unfit(Reason.COLUMNS, number)
    if number is None:
        raise Unfit(Reason.NUMBER)
    try:
        return _row(dict(zip(header, values, strict=True)), number, moment)
    except Unfit as unfit:
        raise Unfit(unfit.reason, number) from None


def _row(words: dict[str, str], number: str, moment: Moment) -> Row:
    updated, opened, resolved, closed, created = (moment(words[name]) for name in DATES)
    opened = opened or created
    if updated is None or opened is None:
        raise Unfit(Reason.DATE)
    if words["priority"] not in PRIORITIES:
        raise Unfit(Reason.PRIORITY)
    if words["urgency"] not in LEVELS or words["impact"] not in LEVELS:
        raise Unfit(Reason.LEVEL)
    if words["incident_state"] not in STATES:
        raise Unfit(Reason.STATE)
    counters = words["reopen_count"], words["reassignment_count"]
    if not all(_COUNT.fullmatch(counter) for counter in counters):
        raise Unfit(Reason.COUNT)
    return Row(
        words=words,
        number=number,
        at=updated,
        opened_at=opened,
        resolved_at=resolved,
        closed_at=closed,
        state=STATES[words["incident_state"]],
        urgency=LEVELS[words["urgency"]],
        impact=LEVELS[words["impact"]],
        priority=PRIORITIES[words["priority"]],
        reopens=int(counters[0]),
        reassignments=int(counters[1]),
    )
