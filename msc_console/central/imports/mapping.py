"""An incident of a ServiceNow log as a ticket with its timeline. What the source counted stays as it gave it."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...domain.model import Entry, Ticket
from ...domain.priority import priority
from ...domain.terms import Channel, EntryKind, State
from ...domain.workflow import HOLD_PARTY
from .rows import PRIORITIES, UNKNOWN, Row
from .servicenow import SOURCE, Event, Incident

ACT = "imported"
CHANNELS = {"Phone": Channel.PHONE, "IVR": Channel.PHONE, "Email": Channel.EMAIL}
"""Contact types of the source that are channels here; all others count as internal and keep their word."""
_SPACE = uuid.UUID("b0f1c8d4-52a7-5c0e-a3f2-7d9e4b6a1c35")


def ticket_id(number: str) -> str:
    """The same for an incident in every run (UUIDv5)."""
    return str(uuid.uuid5(_SPACE, f"{SOURCE}|{number}"))


def entry_id(number: str, place: int) -> str:
    """The same for an incident's row in every run (UUIDv5)."""
    return str(uuid.uuid5(_SPACE, f"{SOURCE}|{number}|{place}"))


def to_ticket(
    incident: Incident, queue: str = "triage", received_at: datetime | None = None
) -> tuple[Ticket, list[Entry]]:
    """The ticket as its last row left it, and an entry a row.

    It was created when the source opened it: resolution counts from there. `received_at` is the time of the import.
    """
    last = incident.events[-1]
    return _ticket(last, queue), list(_entries(incident, received_at))


def _ticket(last: Event, queue: str) -> Ticket:
    row, words = last.row, last.row.words
    return Ticket(
        id=ticket_id(row.number),
        subject=_subject(row),
        contact_name=_known(words, "caller_id") or "",
        queue=queue,
        state=last.state,
        waiting_party=HOLD_PARTY.get(last.state),
        urgency=row.urgency,
        impact=row.impact,
        priority=row.priority,
        priority_reason=None if row.priority == priority(row.urgency, row.impact) else SOURCE,
        channel=CHANNELS.get(words.get("contact_type", UNKNOWN), Channel.INTERNAL),
        contact_at=row.opened_at,
        created_at=row.opened_at,
        updated_at=row.at,
        # An open incident already bears the times of its end, since the log was enriched afterwards.
        resolved_at=row.resolved_at if last.state in (State.RESOLVED, State.CLOSED) else None,
        closed_at=row.closed_at if last.state == State.CLOSED else None,
        reopened=row.reopens,
        references={SOURCE: row.number},
        source=_kept(words),
    )


@dataclass(slots=True)
class _Before:
    """What the row before left behind; None where nothing did."""

    state: State | None = None
    priority: str | None = None
    group: str | None = None
    words: dict[str, str] | None = None


def _entries(incident: Incident, received_at: datetime | None) -> Iterator[Entry]:
    tail = incident.before
    before = _Before(tail.state, tail.priority, _group(tail.group)) if tail is not None else _Before()
    ticket = ticket_id(incident.number)
    for event in incident.events:
        row = event.row
        now = _Before(event.state, row.words["priority"], _known(row.words, "assignment_group"), row.words)
        yield Entry(
            id=entry_id(incident.number, event.place),
            ticket=ticket,
            kind=EntryKind.IMPORTED,
            act=ACT,
            author_name=_known(row.words, "sys_updated_by") or "",
            made_at=row.at,
            received_at=received_at,
            at=row.at,
            changes=_changes(before, now),
            data=_data(event.place, before.words, row.words),
        )
        before = now


def _changes(before: _Before, now: _Before) -> dict[str, list[Any]]:
    """What changed in the product's words; the queue in the source's, whose groups are not queues here."""
    pairs = {
        "state": (before.state and str(before.state), str(now.state)),
        "priority": (_priority(before.priority), _priority(now.priority)),
        "queue": (before.group, now.group),
    }
    return {name: [old, new] for name, (old, new) in pairs.items() if old != new}


def _data(place: int, before: dict[str, str] | None, words: dict[str, str]) -> dict[str, Any]:
    """The source's words that differ from the row before, also those that became unknown; of a part's first row all
    known ones, marked `whole`. Every row can be had back from these.
    """
    if before is None:
        return {"row": place, "whole": True, "words": _kept(words)}
    return {"row": place, "words": {name: word for name, word in words.items() if word != before[name]}}


def _kept(words: dict[str, str]) -> dict[str, str]:
    return {name: word for name, word in words.items() if word != UNKNOWN}


def _known(words: dict[str, str], name: str) -> str | None:
    return _group(words.get(name, UNKNOWN))


def _group(word: str) -> str | None:
    return None if word in (UNKNOWN, "") else word


def _priority(word: str | None) -> str | None:
    return None if word is None else str(PRIORITIES[word])


def _subject(row: Row) -> str:
    """The log has no subject: number, category and symptom stand for it."""
    about = [word for name in ("category", "subcategory", "u_symptom") if (word := _known(row.words, name))]
    return f"{row.number}: {', '.join(about)}" if about else row.number
