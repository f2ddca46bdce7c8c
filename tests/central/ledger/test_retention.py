"""What the site keeps for so many days: words of tickets, bodies of acts, traces of sign-ins. Figures outlive them."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from msc_console import records, seal
from msc_console.central import privacy, retention, sql, tokens
from msc_console.clock import to_ms
from msc_console.domain.clocks import figures
from msc_console.domain.model import Entry, Ticket
from msc_console.domain.policy import Policy
from tests.central.ledger.desks import At
from tests.central.ledger.stage import NOW, Stage, new_id

from .test_erasure import SECRET, everywhere, laptop_holds, refused
from .test_privacy import cancelled, known
from .test_rights import made

pytestmark = pytest.mark.protocol("P-235")
OVER = NOW + timedelta(days=31)
SCRIPT = "id, hash, owner, name, scopes, networks, created_at, expires_at"


def says(stage: Stage, **days: int) -> None:
    """The site's word, in days by class."""
    rows = [{"key": retention.key(name), "value": str(value)} for name, value in days.items()]
    with stage.central.write() as conn:
        sql.many(conn, sql.insert("meta", ("key", "value")), rows)


def sweep(stage: Stage, now: datetime = OVER) -> dict[str, int]:
    """A whole run from its beginning, whatever the time of the last one."""
    stage.central.memory.pop("retention", None)
    while retention.sweep(stage.central, now):
        pass
    with stage.central.read() as conn:
        return dict(retention.standing(conn, now).last)


def audited(stage: Stage, act: str) -> list[Any]:
    with stage.central.read() as conn:
        rows = conn.execute(text("SELECT actor, data FROM audit WHERE act = :act ORDER BY seq"), {"act": act}).all()
    assert {row.actor for row in rows} <= {"system"}
    return [json.loads(row.data) for row in rows]


def clocks_of(stage: Stage, id: str) -> Any:
    """The figures of a ticket, computed anew from what is left of its timeline."""
    with stage.central.read() as conn:
        rows = sql.rows(conn, sql.select("entry", "ticket = :id"), id=id)
    ticket = records.from_row(Ticket, stage.row("ticket", id))
    found = figures(ticket, [records.from_row(Entry, row) for row in rows], Policy())
    return [records.to_wire(clock) for clock in found], [records.to_wire(clock) for clock in ticket.clocks]


@pytest.fixture
def rina_desk(stage: Stage) -> Iterator[At]:
    at = At(stage, stage.rina)
    yield at
    at.close()


def test_words_of_tickets_go_and_their_figures_can_be_proven(stage: Stage, rina_desk: At) -> None:
    rina = stage.laptop(stage.rina)
    contact, ticket = known(stage, rina)
    _other, running = known(stage, rina)
    cancelled(stage, rina, ticket)
    rina_desk.sync()
    before = clocks_of(stage, ticket)
    held = stage.row("ticket", ticket)
    assert sweep(stage) == {}, "without the site's word everything is kept"
    says(stage, tickets=30)
    assert sweep(stage, NOW + timedelta(days=29)) == {"tickets": 0}
    assert sweep(stage) == {"tickets": 1}
    after = stage.row("ticket", ticket)
    assert after["subject"] == after["contact_name"] == privacy.nobody(contact)
    for kept in ("state", "priority", "closed_at", "created_at", "clocks", "contact", "queue", "owner", "number"):
        assert after[kept] == held[kept], kept
    assert clocks_of(stage, ticket) == before
    assert before[0] == before[1]
    with stage.central.read() as conn:
        for table, key in (("entry", "ticket"), ("hop", "ticket"), ("ticket", "id")):
            rows = conn.execute(text(f"SELECT * FROM {table} WHERE {key} = :id"), {"id": ticket}).all()
            assert SECRET not in repr(rows), table
        envelopes = conn.execute(text("SELECT envelope FROM op WHERE target = :id ORDER BY counter"), {"id": ticket})
        for envelope in map(json.loads, envelopes.scalars()):
            bare = envelope | {"salt": "", "args": {}, "before": {}}
            assert seal.verify(rina.public, seal.signed_bytes(bare), envelope["sig"])
    assert SECRET in stage.row("contact", contact)["name"], "persons have their own word"
    assert stage.row("ticket", running)["subject"] == f"Andi {SECRET}", "it is worked on"
    assert sweep(stage) == {"tickets": 0}, "once"
    assert audited(stage, "retention.tickets") == [{"tickets": 1, "entries": 5, "ops": 5}]


def test_a_laptop_follows_and_what_comes_late_goes_too(stage: Stage, rina_desk: At) -> None:
    rina, late = stage.laptop(stage.rina), stage.laptop(stage.rina)
    _contact, ticket = known(stage, rina)
    cancelled(stage, rina, ticket)
    rina_desk.sync()
    says(stage, tickets=30)
    assert sweep(stage) == {"tickets": 1}
    rina_desk.sync()
    rows = [row for (entity, _id), row in rina_desk.rows().items() if entity in ("ticket", "entry", "hop")]
    assert rows
    assert SECRET not in repr(rows)
    assert set(laptop_holds(rina_desk)) <= {"contact"}
    assert late.do("entry.note", ticket, {"body": SECRET}).result == "applied"
    assert "entry" in everywhere(stage)
    assert sweep(stage) == {"tickets": 1}
    assert "entry" not in everywhere(stage)


def test_an_imported_ticket_keeps_what_its_source_said_of_its_clocks(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    _contact, ticket = known(stage, rina)
    cancelled(stage, rina, ticket)
    clocks = stage.row("ticket", ticket)["clocks"]
    with stage.central.write() as conn:
        source = json.dumps({"caller": SECRET})
        conn.execute(text("UPDATE ticket SET source = :source WHERE id = :id"), {"source": source, "id": ticket})
    says(stage, tickets=30)
    assert sweep(stage) == {"tickets": 1}
    row = stage.row("ticket", ticket)
    assert json.loads(row["source"]) == {"erased": True}
    assert [records.to_wire(clock) for clock in figures(records.from_row(Ticket, row), [], Policy())] == [
        records.to_wire(clock) for clock in records.from_row(Ticket, row | {"clocks": clocks}).clocks
    ]


def test_bodies_of_acts_go_and_their_seals_stay(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    ticket = rina.create(take=True)
    op = rina.seal("entry.note", ticket, {"body": SECRET})
    assert rina.push(op)[0].result == "applied"
    waits = rina.do("entry.note", ticket, {"body": SECRET}, deps=[new_id()])
    assert waits.result == "deferred"
    says(stage, acts=30)
    assert sweep(stage, NOW + timedelta(days=29)) == {"acts": 0}
    assert sweep(stage) == {"acts": 2}, "the creation and the note; what waits may still be done"
    assert stage.scalar("SELECT count(*) FROM op_body WHERE op_id = :op", op=op.op) == 0
    assert stage.scalar("SELECT count(*) FROM op_body WHERE op_id = :op", op=waits.op) == 1
    assert stage.row("entry", op.op)["body"] == SECRET, "the timeline has its own word"
    stored = json.loads(stage.scalar("SELECT envelope FROM op WHERE op_id = :op", op=op.op))
    assert seal.verify(rina.public, seal.signed_bytes(stored | {"salt": "", "args": {}, "before": {}}), stored["sig"])
    assert rina.push(op)[0].result == "duplicate"
    assert audited(stage, "retention.acts") == [{"ops": 2}]
    assert sweep(stage) == {"acts": 0}


def test_an_act_in_open_conflict_keeps_its_body(stage: Stage) -> None:
    ticket, rina, got = refused(stage)
    says(stage, acts=30)
    sweep(stage)
    assert stage.scalar("SELECT count(*) FROM op_body WHERE op_id = :op", op=got.op) == 1
    done = rina.do("conflict.resolve", ticket, {"conflict": got.op, "choice": "theirs"}, basis={"epoch": 1, "ver": 1})
    assert done.result == "applied", done
    assert sweep(stage)["acts"] >= 1
    assert "op_body" not in everywhere(stage)
    assert "op" not in everywhere(stage), "nor does its answer repeat what it said"


@pytest.mark.protocol("P-078", "P-235")
def test_an_act_that_waits_in_quarantine_keeps_its_body(stage: Stage) -> None:
    rina, ticket = stage.laptop(stage.rina), stage.laptop(stage.budi).create()
    late = rina.seal("entry.note", ticket, {"body": SECRET}, **made(2))
    rina.person = stage.change(stage.rina, NOW - timedelta(hours=1), queues=("khusus",))
    assert rina.push(late)[0].result == "quarantined"
    says(stage, acts=30)
    assert sweep(stage) == {"acts": 1}, "the creation; somebody may still let the note count"
    assert stage.scalar("SELECT count(*) FROM op_body WHERE op_id = :op", op=late.op) == 1


def test_traces_of_sign_ins_go(stage: Stage) -> None:
    rina, young = stage.laptop(stage.rina), stage.laptop(stage.budi)
    old, new = to_ms(NOW), to_ms(OVER - timedelta(days=1))
    with stage.central.write() as conn:
        for device, at in ((rina.id, old), (young.id, new)):
            common = {"person": stage.rina.id, "device": device, "family": new_id()}
            until = NOW + timedelta(milliseconds=at - old)
            tokens.store(conn, token=tokens.new_token(), kind="refresh", now=until, until=until, **common)
            named = {"at": at, "id": device, "hash": device}
            for statement in (
                "UPDATE device SET state = 'revoked', name = 'laptop-rina', last_seen_at = :at WHERE id = :id",
                "INSERT INTO enrolment (hash, person, made_by, made_at, expires_at) VALUES (:hash, 'p', 'b', :at, :at)",
                "INSERT INTO recovery_code (hash, person, made_at, used_at) VALUES (:hash, 'p', :at, :at)",
                "INSERT INTO reset (id, person, asked_by, asked_at, expires_at) VALUES (:id, 'p', 'b', :at, :at)",
                "INSERT INTO notice (id, person, code, data, made_at, seen_at) VALUES (:id, 'p', 'c', '{}', :at, :at)",
                f"INSERT INTO service_token ({SCRIPT}) VALUES (:id, :hash, 'p', 'n', '[]', '[]', :at, :at)",
            ):
                conn.execute(text(statement), named)
    with stage.central.read() as conn:
        assert retention.standing(conn, OVER).due == {}
    says(stage, sessions=30)
    with stage.central.read() as conn:
        assert retention.standing(conn, OVER).due == {"sessions": 7}
    assert sweep(stage) == {"sessions": 7}
    for table in ("session_token", "enrolment", "recovery_code", "reset", "notice", "service_token"):
        assert stage.scalar(f"SELECT count(*) FROM {table}") == 1, table
    assert stage.scalar("SELECT name FROM device WHERE id = :id", id=rina.id) == ""
    assert stage.scalar("SELECT name FROM device WHERE id = :id", id=young.id) == "laptop-rina"
    assert stage.scalar("SELECT public_key FROM device WHERE id = :id", id=rina.id) == rina.public, "acts still verify"
    assert audited(stage, "retention.sessions") == [{"rows": 7}]
    assert sweep(stage) == {"sessions": 0}


def test_a_batch_is_bounded_and_the_next_tick_goes_on(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    rina = stage.laptop(stage.rina)
    for _ in range(5):
        rina.create()
    says(stage, acts=30)
    monkeypatch.setitem(retention.AT_ONCE, "acts", 2)
    done = [retention.sweep(stage.central, OVER) for _ in range(4)]
    assert done == [2, 2, 1, 0]
    with stage.central.read() as conn:
        told = retention.standing(conn, OVER)
    assert (told.days, told.last, told.due, told.at) == ({"acts": 30}, {"acts": 5}, {"acts": 0}, OVER)
    assert len(audited(stage, "retention.acts")) == 3
    rina.create()
    assert retention.sweep(stage.central, OVER) == 0, "an hour between two runs"
    assert retention.sweep(stage.central, OVER + retention.EVERY) == 1
