"""What a ticket and its timeline are made of."""

import uuid
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest

from msc_console import records
from msc_console.central.imports.mapping import entry_id, ticket_id, to_ticket
from msc_console.central.imports.servicenow import Incident, read
from msc_console.domain.clocks import figures
from msc_console.domain.model import Entry, Ticket
from msc_console.domain.policy import Policy
from msc_console.domain.priority import priority
from msc_console.domain.terms import Channel, EntryKind, Level, Priority, State, Visibility, WaitingParty
from tests.central.imports.stage import life, line, log

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def mapped(*rows: str, queue: str = "triage") -> tuple[Ticket, list[Entry]]:
    (incident,) = read(BytesIO(log(*rows)))
    assert isinstance(incident, Incident)
    return to_ticket(incident, queue, NOW)


def test_a_life_becomes_a_ticket_with_a_timeline() -> None:
    ticket, entries = mapped(*life("INC1"), queue="umum")
    assert (ticket.state, ticket.queue, ticket.priority) == (State.CLOSED, "umum", Priority.MEDIUM)
    assert ticket.references == {"servicenow-log": "INC1"}
    assert (ticket.contact_name, ticket.channel) == ("Pelapor 1", Channel.PHONE)
    assert ticket.created_at == ticket.contact_at == datetime(2026, 3, 1, 7, 0, tzinfo=UTC)
    assert ticket.resolved_at == datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    assert ticket.closed_at == ticket.updated_at == datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
    assert [entry.changes for entry in entries] == [
        {"state": [None, "new"], "priority": [None, "medium"], "queue": [None, "Grup A"]},
        {"state": ["new", "open"], "queue": ["Grup A", "Grup B"]},
        {"state": ["open", "resolved"]},
        {"state": ["resolved", "closed"]},
    ]
    for place, entry in enumerate(entries):
        assert (entry.kind, entry.act, entry.visibility) == (EntryKind.IMPORTED, "imported", Visibility.INTERNAL)
        assert (entry.ticket, entry.id, entry.data["row"]) == (ticket.id, entry_id("INC1", place), place)
        assert (entry.author, entry.author_name, entry.received_at) == (None, "Petugas 1", NOW)
        assert entry.at == entry.made_at


def test_the_sources_figures_stay_as_given() -> None:
    ticket, entries = mapped(line(reassignment_count="07", reopen_count="2", made_sla="true", contact_type="Fax"))
    assert ticket.source is not None
    assert (ticket.source["reassignment_count"], ticket.source["made_sla"]) == ("07", "true")
    assert ticket.source["contact_type"] == "Fax"
    assert "?" not in ticket.source.values()
    assert (ticket.reopened, ticket.channel) == (2, Channel.INTERNAL)
    assert figures(ticket, entries, Policy()) == ticket.clocks == ()


def test_every_row_can_be_had_back_from_the_timeline() -> None:
    rows = [
        line(assigned_to="Petugas 9"),
        line(assigned_to="?", vendor="V"),
        line(assigned_to="?", vendor="V"),
        line(assigned_to="Petugas 9"),
    ]
    _, entries = mapped(*rows)
    assert [entry.data["words"] for entry in entries[1:]] == [
        {"assigned_to": "?", "vendor": "V"},
        {},
        {"assigned_to": "Petugas 9", "vendor": "?"},
    ]
    words: dict[str, str] = {}
    for row, entry in zip(rows, entries, strict=True):
        words |= entry.data["words"]
        assert line(**words) == row
    assert [entry.data.get("whole", False) for entry in entries] == [True, False, False, False]


@pytest.mark.parametrize(
    ("words", "state", "party"),
    [
        ("New", State.NEW, None),
        ("Active", State.OPEN, None),
        ("Awaiting User Info", State.WAITING_CUSTOMER, WaitingParty.CUSTOMER),
        ("Awaiting Evidence", State.WAITING_CUSTOMER, WaitingParty.CUSTOMER),
        ("Awaiting Vendor", State.WAITING_VENDOR, WaitingParty.VENDOR),
        ("Awaiting Problem", State.WAITING_LEVEL, None),
        ("Resolved", State.RESOLVED, None),
        ("Closed", State.CLOSED, None),
        ("-100", State.NEW, None),
    ],
)
def test_states(words: str, state: State, party: WaitingParty | None) -> None:
    end = {"resolved_at": "1/3/2026 09:00", "closed_at": "6/3/2026 09:00"}
    ticket, entries = mapped(line(incident_state=words, **end))
    assert (ticket.state, ticket.waiting_party) == (state, party)
    assert entries[0].data["words"]["incident_state"] == words
    # The log is enriched: an open incident already bears the times of its end.
    assert (ticket.resolved_at is not None) == (state in (State.RESOLVED, State.CLOSED))
    assert (ticket.closed_at is not None) == (state == State.CLOSED)


def test_an_unchanged_state_is_no_change() -> None:
    ticket, entries = mapped(line(incident_state="Active"), line(incident_state="-100"), line(incident_state="Active"))
    assert ticket.state == State.OPEN
    assert [entry.changes for entry in entries[1:]] == [{}, {}]
    assert [entry.data["words"]["incident_state"] for entry in entries] == ["Active", "-100", "Active"]


def test_a_changed_priority_is_a_change_and_an_odd_one_has_its_reason() -> None:
    ticket, entries = mapped(line(), line(urgency="1 - High", priority="2 - High"))
    assert entries[1].changes == {"priority": ["medium", "high"]}
    assert (ticket.urgency, ticket.impact, ticket.priority_reason) == (Level.HIGH, Level.MEDIUM, None)
    ticket, _ = mapped(line(priority="1 - Critical"))
    assert (ticket.priority, ticket.priority_reason) == (Priority.CRITICAL, "servicenow-log")


def test_a_group_that_becomes_unknown_is_a_change() -> None:
    _, entries = mapped(line(), line(assignment_group="?"))
    assert entries[1].changes == {"queue": ["Grup A", None]}


def test_the_record_that_was_opened_at_an_unknown_time_counts_from_its_making() -> None:
    ticket, _ = mapped(line(opened_at="?", sys_created_at="1/3/2026 07:02"))
    assert ticket.created_at == datetime(2026, 3, 1, 7, 2, tzinfo=UTC)


def test_a_later_part_goes_on() -> None:
    first = life("INC1")
    parts = [p for p in read(BytesIO(log(*first[:2], *life("INC2"), *first[2:]))) if isinstance(p, Incident)]
    whole, all_entries = mapped(*first)
    ticket, entries = to_ticket(parts[2], "triage", NOW)
    assert ticket == whole
    assert [(e.id, e.changes) for e in entries] == [(e.id, e.changes) for e in all_entries[2:]]
    assert [e.data.get("whole", False) for e in entries] == [True, False]


def test_ids_are_the_same_in_every_run_and_differ_by_row() -> None:
    ids = [ticket_id("INC1"), ticket_id("INC2"), *(entry_id("INC1", n) for n in range(3)), entry_id("INC11", 0)]
    assert len(set(ids)) == len(ids)
    assert {uuid.UUID(each).version for each in ids} == {5}
    assert mapped(*life("INC1")) == mapped(*life("INC1"))


def test_a_ticket_survives_row_and_wire() -> None:
    ticket, entries = mapped(*life("INC1"))
    assert records.from_row(Ticket, records.to_row(ticket)) == ticket
    assert [records.from_wire(Entry, records.to_wire(entry)) for entry in entries] == entries


def test_the_cell_of_the_matrix_that_the_public_log_never_shows() -> None:
    """Low urgency, high impact: R2 says medium."""
    assert priority(Level.LOW, Level.HIGH) == Priority.MEDIUM
    ticket, _ = mapped(line(urgency="3 - Low", impact="1 - High", priority="3 - Moderate"))
    assert ticket.priority_reason is None
    assert ticket.updated_at - ticket.created_at == timedelta(minutes=5)
