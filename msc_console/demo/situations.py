"""What customers write in about: the templates of `situations/*.toml`, read once."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from ..domain.terms import Channel, Level, TicketKind
from .people import read_toml

_FILES = ("pos", "sign", "trust", "code", "scm", "api", "monitoring", "triage")


class Audience(StrEnum):
    """Who meets a situation, and with that the queue it comes to."""

    REGULAR = "regular"
    B2B = "b2b"
    BOTH = "both"
    MONITORING = "monitoring"
    TRIAGE = "triage"


_SERVES = {
    "helpdesk": (Audience.REGULAR, Audience.BOTH),
    "priority": (Audience.B2B, Audience.BOTH),
    "monitoring": (Audience.MONITORING,),
    "triage": (Audience.TRIAGE,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One matter with its texts; each text may hold `{slots}` of `slots.fill`."""

    key: str
    audience: Audience
    service: str
    component: str | None = None
    category: str | None = None
    kind: TicketKind = TicketKind.INCIDENT
    urgency: Level
    impact: Level
    channels: tuple[Channel, ...]
    subjects: tuple[str, ...]
    bodies: tuple[str, ...]
    """Each goes with the subject in the same place; a single one goes with all."""
    findings: tuple[str, ...]
    """What an agent notes after a first look."""
    replies: tuple[str, ...]
    solution: str
    escalation: str | None = None
    outcome: str | None = None
    """What a level gives back when it solved the matter."""


def _situation(row: dict[str, Any], service: str | None) -> Situation:
    return Situation(
        key=row["key"],
        audience=Audience(row["audience"]),
        service=row["service"] if service is None else row.get("service", service),
        component=row.get("component"),
        category=row.get("category"),
        kind=TicketKind(row.get("kind", TicketKind.INCIDENT)),
        urgency=Level(row["urgency"]),
        impact=Level(row["impact"]),
        channels=tuple(Channel(channel) for channel in row["channels"]),
        subjects=tuple(row["subjects"]),
        bodies=tuple(row["bodies"]),
        findings=tuple(row["findings"]),
        replies=tuple(row["replies"]),
        solution=row["solution"],
        escalation=row.get("escalation"),
        outcome=row.get("outcome"),
    )


@cache
def situations() -> tuple[Situation, ...]:
    """All templates, in the order of the files. Raises `KeyError` or `ValueError` on a malformed one."""
    found: list[Situation] = []
    for name in _FILES:
        content = read_toml("situations", f"{name}.toml")
        found += [_situation(row, content.get("service")) for row in content["situation"]]
    return tuple(found)


def of_queue(queue: str) -> tuple[Situation, ...]:
    """The situations that come to a queue."""
    return tuple(situation for situation in situations() if situation.audience in _SERVES[queue])
