"""Figures of a log as the product holds it: from tickets and their imported entries, nothing from the file.

What a ticket has of its own (state, priority, times, reopened) is taken from there, the rest from its `source` and
from the source's words on its entries, out of which every row is made again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from msc_console.domain.model import Entry, Ticket
from msc_console.domain.priority import MATRIX
from msc_console.domain.terms import Level, Priority, State

STATE = {State.CLOSED: "Closed"}
LEVEL = {Level.HIGH: "1 - High", Level.MEDIUM: "2 - Medium", Level.LOW: "3 - Low"}
PRIORITY = {
    Priority.CRITICAL: "1 - Critical",
    Priority.HIGH: "2 - High",
    Priority.MEDIUM: "3 - Moderate",
    Priority.LOW: "4 - Low",
}
DISTINCT = (
    "assignment_group", "assigned_to", "caller_id", "category", "subcategory", "location", "u_symptom", "cmdb_ci",
    "resolved_by", "closed_code", "opened_by", "problem_id", "rfc", "vendor", "caused_by",
)  # fmt: skip
UNKNOWN = "?"


def quantile(ordered: Sequence[int], percent: int) -> Fraction:
    """By linear interpolation."""
    place = Fraction((len(ordered) - 1) * percent, 100)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def spread(minutes: Sequence[int]) -> dict[str, int | Fraction]:
    """Size, mean, quantiles and maximum, in hours and exact."""
    ordered = sorted(minutes)
    found = {f"p{percent}": quantile(ordered, percent) / 60 for percent in (10, 25, 50, 75, 90, 95)}
    mean = Fraction(sum(ordered), len(ordered) * 60)
    return {"n": len(ordered), "mean": mean, **found, "max": Fraction(ordered[-1], 60)}


def agrees(found: Any, stated: Any) -> bool:
    """Whether a figure is the stated one; exact ones may differ by its rounding to three decimals, ties either way."""
    if isinstance(found, dict):
        return found.keys() == stated.keys() and all(agrees(found[key], stated[key]) for key in found)
    if isinstance(found, Fraction):
        return abs(found - Fraction(str(stated))) <= Fraction(5, 10_000)
    return bool(found == stated)


def minutes_between(start: datetime, end: datetime) -> int:
    """The log's times are whole minutes."""
    return (end - start) // timedelta(minutes=1)


class Figures:
    """Takes tickets one by one; `document` has the keys and shapes of the data set's own figures."""

    def __init__(self) -> None:
        self.count: dict[str, Counter[Any]] = {}
        self.lists: dict[str, list[int]] = {}
        self.seen: dict[str, set[str]] = {name: set() for name in DISTINCT}
        self.totals: Counter[str] = Counter()
        self.opened: list[datetime] = []
        self.closed: list[datetime] = []

    def _up(self, name: str, key: Any) -> None:
        self.count.setdefault(name, Counter())[key] += 1

    def _add(self, name: str, value: int) -> None:
        self.lists.setdefault(name, []).append(value)

    def take(self, ticket: Ticket, entries: Sequence[Entry]) -> None:
        """One ticket with its whole timeline, in order."""
        rows = list(rebuilt(entries))
        assert ticket.source is not None
        assert {name: word for name, word in rows[-1].items() if word != UNKNOWN} == ticket.source
        assert replayed(entries) == (str(ticket.state), str(ticket.priority))
        self._rows(rows)
        self._last(ticket, ticket.source, rows)
        self._times(ticket)

    def _rows(self, rows: Sequence[Mapping[str, str]]) -> None:
        self._add("rows", len(rows))
        self._up("first_state", rows[0]["incident_state"])
        for row in rows:
            self._up("state_rows", row["incident_state"])
            self._up("made_sla_rows", row["made_sla"])
            self._up("matrix_rows", (row["impact"], row["urgency"], row["priority"]))
            for name in DISTINCT:
                if (word := row.get(name, UNKNOWN)) == UNKNOWN:
                    self.totals[f"{name} unknown"] += 1
                else:
                    self.seen[name].add(word)
        for name in ("sys_mod_count", "reassignment_count"):
            self.totals[f"{name} last is most"] += int(rows[-1][name]) == max(int(row[name]) for row in rows)
        self.totals["priority changed"] += len({row["priority"] for row in rows}) > 1
        self.totals["sla changed"] += len({row["made_sla"] for row in rows}) > 1
        self.totals["sla any false"] += any(row["made_sla"] == "false" for row in rows)

    def _last(self, ticket: Ticket, source: Mapping[str, Any], rows: Sequence[Mapping[str, str]]) -> None:
        impact, urgency, priority = LEVEL[ticket.impact], LEVEL[ticket.urgency], PRIORITY[ticket.priority]
        self._up("last_state", STATE[ticket.state])
        self._up("impact_last", impact)
        self._up("urgency_last", urgency)
        self._up("priority_last", priority)
        self._up("matrix_last", (impact, urgency, priority))
        self._up("made_sla_last", source["made_sla"])
        self._up("made_sla_by_priority", (priority, source["made_sla"]))
        self._up("reopen", ticket.reopened)
        self._add("reassign", int(source["reassignment_count"]))
        for name in ("contact_type", "knowledge", "u_priority_confirmation"):
            self._up(f"{name}_last", source[name])
        self._up("top_groups_last", source.get("assignment_group", UNKNOWN))
        self._up("top_category", source.get("category", UNKNOWN))

    def _times(self, ticket: Ticket) -> None:
        assert ticket.closed_at is not None
        self.opened.append(ticket.created_at)
        self.closed.append(ticket.closed_at)
        self._add("close_hours_all", minutes_between(ticket.created_at, ticket.closed_at))
        if ticket.resolved_at is None:
            self.totals["resolved missing"] += 1
            return
        taken = minutes_between(ticket.created_at, ticket.resolved_at)
        self.totals["resolved before opened"] += taken < 0
        self._add("resolution_hours_all", taken)
        self._add(f"resolution {PRIORITY[ticket.priority]}", taken)
        self._add("close_minus_resolve_hours", minutes_between(ticket.resolved_at, ticket.closed_at))

    def document(self) -> dict[str, Any]:
        """Everything that the product can answer for."""
        rows, reassign = self.lists["rows"], sorted(self.lists["reassign"])
        sla, reopen, n = self.count["made_sla_last"], self.count["reopen"], len(self.opened)
        plain = (
            "state_rows", "last_state", "first_state", "made_sla_rows", "made_sla_last", "priority_last",
            "impact_last", "urgency_last", "contact_type_last", "knowledge_last", "u_priority_confirmation_last",
        )  # fmt: skip
        return {
            **{name: dict(self.count[name]) for name in plain},
            **{name: {" | ".join(key): k for key, k in self.count[name].items()} for name in
               ("matrix_rows", "matrix_last")},
            **{name: dict(self.count[name].most_common(10)) for name in ("top_groups_last", "top_category")},
            **{name: spread(self.lists[name]) for name in
               ("resolution_hours_all", "close_hours_all", "close_minus_resolve_hours")},
            "rows": sum(rows),
            "incidents": n,
            "rows_per_incident": {"mean": round(sum(rows) / n, 4), "max": max(rows), "min": min(rows),
                                  "median": float(quantile(sorted(rows), 50))},
            "last_row_is_max_sys_mod": self.totals["sys_mod_count last is most"],
            "last_is_max_reassign": self.totals["reassignment_count last is most"],
            "made_sla_last_share": round(sla["true"] / n, 6),
            "made_sla_any_false": self.totals["sla any false"],
            "made_sla_by_priority": {
                word: self._met(self.count["made_sla_by_priority"], word) for word in PRIORITY.values()
            },
            "reassign": {
                "total": sum(reassign), "mean": round(sum(reassign) / n, 4), "zero": reassign.count(0),
                **{f"ge{least}": sum(value >= least for value in reassign) for least in (1, 2, 4)},
                "max": reassign[-1], "median": float(quantile(reassign, 50)), "p90": float(quantile(reassign, 90)),
                "p95": float(quantile(reassign, 95)),
            },
            "reopen": {
                "total": sum(value * k for value, k in reopen.items()), "incidents": n - reopen[0],
                "share": round((n - reopen[0]) / n, 6), "max": max(reopen),
                "dist": {str(value): k for value, k in reopen.items()},
            },
            "resolved_missing": self.totals["resolved missing"],
            "resolved_before_opened": self.totals["resolved before opened"],
            "closed_missing": n - len(self.closed),
            "resolution_hours_by_priority": {
                word: spread(self.lists[f"resolution {word}"]) for word in PRIORITY.values()
            },
            "distinct": {
                name: {"values_excl_?": len(self.seen[name]), "rows_?": self.totals[f"{name} unknown"]}
                for name in DISTINCT
            },
            "opened_min": f"{min(self.opened):%Y-%m-%d %H:%M:%S}",
            "opened_max": f"{max(self.opened):%Y-%m-%d %H:%M:%S}",
            "closed_max": f"{max(self.closed):%Y-%m-%d %H:%M:%S}",
            "opened_per_month": dict(Counter(f"{at:%Y-%m}" for at in self.opened)),
            "incidents_with_priority_change": self.totals["priority changed"],
            "incidents_with_sla_change": self.totals["sla changed"],
        }  # fmt: skip

    @staticmethod
    def _met(counted: Counter[tuple[str, str]], word: str) -> dict[str, float]:
        met, all_ = counted[word, "true"], counted[word, "true"] + counted[word, "false"]
        return {"n": all_, "true": met, "share": round(met / all_, 4)}

    def off_matrix(self) -> dict[tuple[str, str, str], int]:
        """Rows whose priority is not the one that R2 gives."""
        agreed = {(LEVEL[i], LEVEL[u], PRIORITY[priority]) for (u, i), priority in MATRIX.items()}
        return {cell: n for cell, n in self.count["matrix_rows"].items() if cell not in agreed}


def rebuilt(entries: Sequence[Entry]) -> Iterable[dict[str, str]]:
    """The source's rows, made again from the words on the entries."""
    words: dict[str, str] = {}
    for place, entry in enumerate(entries):
        assert entry.data["row"] == place
        words = words | entry.data["words"]
        yield words


def replayed(entries: Sequence[Entry]) -> tuple[str, str]:
    """State and priority as the changes on the entries lead to them; each starts from where the last ended."""
    now: dict[str, Any] = {}
    for entry in entries:
        for name, (old, new) in entry.changes.items():
            assert now.get(name) == old
            now[name] = new
    return now["state"], now["priority"]
