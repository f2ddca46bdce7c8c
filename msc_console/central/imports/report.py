"""What an import came to: counts for people and scripts."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .lines import Bad, Reason
from .servicenow import Incident

LISTED = 100
"""Most bad lines listed one by one; all are counted."""


@dataclass(slots=True)
class Report:
    """Counts of one run. Figures 'last' are those of each incident's last row."""

    rows: int = 0
    """Rows taken in."""
    incidents: int = 0
    continued: int = 0
    """Times that an incident came again after it had been written, since its rows stood apart."""
    imported: int = 0
    unchanged: int = 0
    """Tickets written and left alone: together `incidents` + `continued`."""
    by_state: Counter[str] = field(default_factory=Counter)
    """Rows by the source's state, `-100` under its own name."""
    by_priority: Counter[str] = field(default_factory=Counter)
    """Incidents by the source's priority, last."""
    reopens: int = 0
    """Total, last."""
    reassignments: int = 0
    """Total, last."""
    bad: Counter[Reason] = field(default_factory=Counter)
    bad_lines: list[Bad] = field(default_factory=list)
    """The first LISTED of them."""

    @property
    def complete(self) -> bool:
        """Whether the file could be read to its end."""
        return Reason.DAMAGED not in self.bad

    def take(self, item: Incident | Bad) -> None:
        """Counts what the reader gave."""
        if isinstance(item, Bad):
            self.bad[item.reason] += 1
            if len(self.bad_lines) < LISTED:
                self.bad_lines.append(item)
            return
        last = item.events[-1].row
        self.rows += len(item.events)
        self.by_state.update(event.row.words["incident_state"] for event in item.events)
        if item.before is None:
            self.incidents += 1
        else:
            self.by_priority[item.before.priority] -= 1
            self.reopens -= item.before.reopens
            self.reassignments -= item.before.reassignments
        self.by_priority[last.words["priority"]] += 1
        self.reopens += last.reopens
        self.reassignments += last.reassignments

    def document(self) -> dict[str, Any]:
        """The report in JSON's types; the commonest first."""
        return {
            "rows": self.rows,
            "incidents": self.incidents,
            "continued": self.continued,
            "imported": self.imported,
            "unchanged": self.unchanged,
            "complete": self.complete,
            "bad": {
                "count": self.bad.total(),
                "by_reason": {str(reason): n for reason, n in self.bad.most_common()},
                "lines": [{"line": bad.line, "reason": str(bad.reason)} for bad in self.bad_lines],
            },
            "by_state": dict(self.by_state.most_common()),
            "by_priority": {word: n for word, n in self.by_priority.most_common() if n},
            "reopens": self.reopens,
            "reassignments": self.reassignments,
        }
