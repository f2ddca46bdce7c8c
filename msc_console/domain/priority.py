"""Priority from urgency and impact: contract R2."""

from .terms import Level, Priority

MATRIX: dict[tuple[Level, Level], Priority] = {
    (Level.HIGH, Level.LOW): Priority.MEDIUM,
    (Level.HIGH, Level.MEDIUM): Priority.HIGH,
    (Level.HIGH, Level.HIGH): Priority.CRITICAL,
    (Level.MEDIUM, Level.LOW): Priority.LOW,
    (Level.MEDIUM, Level.MEDIUM): Priority.MEDIUM,
    (Level.MEDIUM, Level.HIGH): Priority.HIGH,
    (Level.LOW, Level.LOW): Priority.LOW,
    (Level.LOW, Level.MEDIUM): Priority.LOW,
    (Level.LOW, Level.HIGH): Priority.MEDIUM,
}
"""(urgency, impact) -> priority."""

RANK: dict[str, int] = {priority: place for place, priority in enumerate(Priority, start=1)}
"""Priority -> 1 (critical) .. 4 (low): the `P1` of the screens and the order of a queue."""


def priority(urgency: Level, impact: Level) -> Priority:
    """The priority that R2 gives to an urgency and an impact."""
    return MATRIX[urgency, impact]
