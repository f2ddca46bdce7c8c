"""An import's tickets enter the ledger once, with numbers, on the feed, and without firing anything."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from msc_console.central import sink
from msc_console.central.sink import LedgerSink
from msc_console.central.system import op_id
from msc_console.domain.model import Entry, Ticket
from msc_console.domain.terms import EntryKind, State
from tests.central.ledger.stage import NOW, Cache, Stage

LONG_AGO = NOW - timedelta(days=400)


def _pair(name: str, entries: int, *, closed: bool) -> tuple[Ticket, list[Entry]]:
    ticket = Ticket(
        id=op_id("uji", name),
        subject=name,
        queue="umum",
        state=State.CLOSED if closed else State.OPEN,
        contact_at=LONG_AGO,
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
        closed_at=LONG_AGO if closed else None,
        references={"log": name},
        source={"made_sla": "true"},
    )
    lines = [
        Entry(
            id=op_id("uji", name, str(n)),
            ticket=ticket.id,
            kind=EntryKind.IMPORTED,
            act="imported",
            made_at=LONG_AGO,
            at=LONG_AGO,
            changes={"state": (None, "open")},
        )
        for n in range(entries)
    ]
    return ticket, lines


def _batch() -> list[tuple[Ticket, list[Entry]]]:
    return [_pair(f"INC{n}", 3, closed=n % 2 == 0) for n in range(6)]


def test_a_second_run_changes_nothing(stage: Stage) -> None:
    target = LedgerSink(stage.central, NOW)
    assert target.write(_batch()) == (6, 0)
    before = stage.scalar("SELECT seq FROM feed_head"), stage.scalar("SELECT number FROM feed_head")
    assert LedgerSink(stage.central, NOW).write(_batch()) == (0, 6)
    assert (stage.scalar("SELECT seq FROM feed_head"), stage.scalar("SELECT number FROM feed_head")) == before
    assert stage.scalar("SELECT count(*) FROM ticket") == 6
    assert stage.scalar("SELECT count(*) FROM entry") == 18
    with stage.central.read() as conn:
        assert sorted(conn.execute(text("SELECT number FROM ticket")).scalars()) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("chunk", [1, 5, 9])
def test_portions_give_the_same_ledger(stage: Stage, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink, "CHUNK", chunk)
    assert LedgerSink(stage.central, NOW).write(_batch()) == (6, 0)
    assert stage.scalar("SELECT count(*) FROM change") == stage.scalar("SELECT seq FROM feed_head")
    assert stage.scalar("SELECT count(*) FROM entry") == 18


def test_only_what_is_not_long_closed_reaches_laptops(stage: Stage) -> None:
    LedgerSink(stage.central, NOW).write(_batch())
    cache = Cache(stage.central, stage.rina)
    cache.pull(2)
    assert cache.ids("ticket") == {op_id("uji", f"INC{n}") for n in (1, 3, 5)}
    assert len(cache.ids("entry")) == 9
    assert stage.scalar("SELECT count(*) FROM change_group WHERE entity = 'ticket'") == 3


def test_rows_of_a_ticket_that_stand_apart_are_joined(stage: Stage) -> None:
    ticket, entries = _pair("INC9", 3, closed=False)
    target = LedgerSink(stage.central, NOW)
    assert target.write([(ticket, entries[:1]), (ticket, entries[1:2])]) == (1, 0)
    assert target.write([(ticket, entries)]) == (1, 0)
    row = stage.row("ticket", ticket.id)
    assert (row["ver"], row["number"]) == (2, 1)
    assert stage.scalar("SELECT count(*) FROM entry") == 3


def test_nothing_fires_and_the_sources_figures_stay(stage: Stage) -> None:
    ticket, entries = _pair("INC1", 2, closed=False)
    LedgerSink(stage.central, NOW).write([(ticket, entries)])
    assert stage.scalar("SELECT count(*) FROM dispatch") == 0
    laptop = stage.laptop(stage.rina)
    assert laptop.do("entry.note", ticket.id, {"body": "catatan"}).result == "applied"
    row = stage.row("ticket", ticket.id)
    assert (row["clocks"], row["source"]) == ("[]", '{"made_sla":"true"}')
