"""What a contract fixes in numbers: targets, windows, which waits stop which clock. Contract R3, R4."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .terms import Party, Priority, State, Tier, term

_RESOLUTION = {
    Priority.CRITICAL: timedelta(hours=8),
    Priority.HIGH: timedelta(hours=12),
    Priority.MEDIUM: timedelta(hours=24),
    Priority.LOW: timedelta(hours=48),
}

_PAUSES = {
    Party.CUSTOMER: frozenset({State.WAITING_CUSTOMER}),
    Party.PROVIDER: frozenset({State.WAITING_CUSTOMER, State.WAITING_VENDOR, State.WAITING_LEVEL}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One version of the rules of a contract; clocks name the version they were made under."""

    version: int = 1
    response: timedelta = timedelta(minutes=15)
    resolution: Mapping[Priority, timedelta] = field(default_factory=lambda: dict(_RESOLUTION))
    pauses: Mapping[Party, frozenset[State]] = field(default_factory=lambda: dict(_PAUSES))
    judged: Party = Party.CUSTOMER
    """Whose clock due times, warnings and the 95 % follow."""
    reopen_window: timedelta = timedelta(days=7)
    claim: timedelta = timedelta(minutes=30)
    ack_lease: timedelta = timedelta(hours=8)


_SPANS = ("response", "reopen_window", "claim", "ack_lease")
_MS = timedelta(milliseconds=1)


def policy_document(policy: Policy) -> dict[str, Any]:
    """A policy as JSON holds it: durations in milliseconds, sets as sorted lists."""
    return {
        "version": policy.version,
        **{name: getattr(policy, name) // _MS for name in _SPANS},
        "resolution": {str(priority): target // _MS for priority, target in policy.resolution.items()},
        "pauses": {str(party): sorted(states) for party, states in policy.pauses.items()},
        "judged": str(policy.judged),
    }


def policy_from(document: Mapping[str, Any]) -> Policy:
    """The policy of a document; what an older one lacks takes this version's default."""
    values: dict[str, Any] = {name: document[name] * _MS for name in _SPANS if name in document}
    if "version" in document:
        values["version"] = document["version"]
    if "resolution" in document:
        values["resolution"] = {term(Priority, key): ms * _MS for key, ms in document["resolution"].items()}
    if "pauses" in document:
        values["pauses"] = {
            term(Party, party): frozenset(term(State, state) for state in states)
            for party, states in document["pauses"].items()
        }
    if "judged" in document:
        values["judged"] = term(Party, document["judged"])
    return Policy(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Who answers for a tier or a queue, and in which hours of the day (local to the site)."""

    persons: tuple[str, ...]
    tier: Tier | None = None
    queue: str | None = None
    begins: str = "00:00"
    ends: str = "00:00"
    """`begins == ends` is round the clock."""


def roster_from(document: Mapping[str, Any]) -> tuple[Duty, ...]:
    """The duty list of a synced document: `{"rows": [{persons, tier?, queue?, begins, ends}]}`."""
    return tuple(
        Duty(
            persons=tuple(row["persons"]),
            tier=term(Tier, row["tier"]) if row.get("tier") else None,
            queue=row.get("queue"),
            begins=row["begins"],
            ends=row["ends"],
        )
        for row in document.get("rows", ())
    )


def duty(at: datetime, tier: Tier, queue: str | None, roster: tuple[Duty, ...]) -> tuple[str, ...]:
    """Persons on duty for `tier` (and `queue`, where a row names one) at `at`, in the roster's order.

    `at` must be in the site's zone: hours of duty are local.
    """
    clock = at.strftime("%H:%M")
    found: list[str] = []
    for row in roster:
        if row.tier not in (None, tier) or row.queue not in (None, queue):
            continue
        if row.begins < row.ends:
            inside = row.begins <= clock < row.ends
        else:
            inside = row.begins == row.ends or clock >= row.begins or clock < row.ends
        if inside:
            found += [person for person in row.persons if person not in found]
    return tuple(found)
