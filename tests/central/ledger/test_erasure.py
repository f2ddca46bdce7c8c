"""Erasure: the words of an op are gone from every table, answer and laptop; chain, signature and figures stay."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from msc_console import seal
from msc_console.central import erasure, ledger
from msc_console.errors import NotFound
from msc_console.store import outbox
from msc_console.store.outbox import OpState
from msc_console.sync.wire import Envelope
from tests.central.ledger.desks import At
from tests.central.ledger.stage import NOW, Stage, new_id

SECRET = "NIK3174092503900007"


def everywhere(stage: Stage) -> list[str]:
    """Tables of central in which the secret still stands."""
    found = []
    with stage.central.read() as conn:
        for table in ("op", "op_body", "conflict", "entry", "ticket", "hop", "audit", "dispatch", "contact"):
            rows = conn.execute(text(f'SELECT * FROM "{table}"')).all()
            found += [table for row in rows if SECRET in repr(tuple(row))]
    return found


def erase(stage: Stage, *ops: str) -> erasure.Erased:
    return erasure.erase(stage.central, ops, "system", NOW)


def refused(stage: Stage) -> tuple[str, Any, Any]:
    """A change that met a conflict, its three values secrets but for `theirs`; the ticket, its laptop, the answer."""
    rina = stage.laptop(stage.rina)
    ticket = rina.create(take=True)
    got = rina.do(
        "ticket.set", ticket, {"subject": f"Mine {SECRET}"}, basis={"epoch": 1}, before={"subject": f"Base {SECRET}"}
    )
    assert got.result == "conflict"
    return ticket, rina, got


@pytest.mark.protocol("P-190", "P-047")
def test_no_copy_of_a_refused_op_is_left_and_its_chain_verifies(stage: Stage) -> None:
    ticket, rina, got = refused(stage)
    told = rina.do("conflict.resolve", ticket, {"conflict": got.op, "choice": "note"}, basis={"epoch": 1, "ver": 1})
    assert told.result == "applied"
    assert set(everywhere(stage)) == {"op", "op_body", "conflict", "entry"}
    assert erase(stage, got.op) == erasure.Erased(ops=1, conflicts=1, entries=1)
    assert everywhere(stage) == []
    row = stage.row("conflict", got.op)
    assert (row["state"], row["ver"], json.loads(row["args"]), json.loads(row["fields"])) == ("erased", 3, {}, {})
    stored = json.loads(stage.scalar("SELECT envelope FROM op WHERE op_id = :op", op=got.op))
    bare = stored | {"salt": "", "args": {}, "before": {}}
    assert seal.verify(rina.public, seal.signed_bytes(bare), stored["sig"])
    assert rina.do("entry.note", ticket, {"body": "lanjut"}).result == "applied", "the chain goes on"
    assert erase(stage, got.op) == erasure.Erased(ops=1, conflicts=0, entries=0)


@pytest.mark.protocol("P-190", "P-062")
def test_a_repeat_of_an_erased_op_is_a_duplicate_under_any_seal(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    ticket = rina.create(take=True)
    op = rina.seal("entry.note", ticket, {"body": SECRET})
    assert rina.push(op)[0].result == "applied"
    erase(stage, op.op)
    again = rina.push(op)[0]
    assert (again.result, again.data["result"], again.data["erased"]) == ("duplicate", "applied", True)
    rina.inc, rina.counter, rina.prev = "i2", 0, ""
    resealed = rina.seal("entry.note", ticket, {"body": SECRET}, op=op.op)
    assert rina.push(resealed)[0].result == "duplicate"
    assert everywhere(stage) == []


@pytest.mark.protocol("P-190")
def test_an_erased_op_that_waited_is_never_done(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    ticket, missing = rina.create(take=True), new_id()
    op = rina.seal("entry.note", ticket, {"body": SECRET}, deps=[missing])
    assert rina.push(op)[0].result == "deferred"
    erase(stage, op.op)
    first = rina.seal("entry.note", ticket, {"body": "ada"}, op=missing)
    assert [item.result for item in rina.push(first, op)] == ["applied", "duplicate"]
    assert everywhere(stage) == []
    assert ledger.statuses(stage.central, stage.rina, [op.op])[0].reason == "body_erased"


@pytest.mark.protocol("P-190")
def test_a_reply_that_was_erased_on_its_way_is_not_sent(stage: Stage) -> None:
    rina, contact = stage.laptop(stage.rina), new_id()
    address = {"channel": "email", "value": "a@b.example", "verified": True}
    assert rina.do("contact.create", contact, {"name": "Andi", "addresses": [address]}).result == "applied"
    ticket = rina.create(take=True, contact=contact)
    sent = rina.do("entry.reply", ticket, {"body": SECRET}, basis={"epoch": 1})
    assert sent.result == "applied", sent
    erase(stage, sent.op)
    assert stage.scalar("SELECT state FROM dispatch WHERE entry = :op", op=sent.op) == "failed"
    assert everywhere(stage) == []


@pytest.mark.protocol("P-190")
def test_what_is_unknown_stops_the_whole_erasure(stage: Stage) -> None:
    _, _, got = refused(stage)
    with pytest.raises(NotFound):
        erase(stage, got.op, new_id())
    assert "op_body" in everywhere(stage)


@pytest.fixture
def rina_desk(stage: Stage) -> Iterator[At]:
    at = At(stage, stage.rina)
    yield at
    at.close()


def laptop_holds(at: At) -> list[str]:
    """Tables of the cache in which the secret still stands."""
    with at.cache.read() as conn:
        names = [row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
        plain = [name for name in names if "fts" not in name and not name.startswith("sqlite_")]
        return [
            name
            for name in plain
            for row in conn.execute(f'SELECT * FROM "{name}"').fetchall()
            if SECRET in repr(tuple(row))
        ]


@pytest.mark.protocol("P-190", "P-189")
def test_the_laptop_of_the_author_forgets_a_refused_act(stage: Stage, rina_desk: At) -> None:
    ticket = stage.laptop(stage.rina).create(take=True)
    rina_desk.sync()
    op = rina_desk.desk.set(ticket, subject=f"Mine {SECRET}").op
    lead = stage.laptop(stage.lead)
    current = stage.row("ticket", ticket)
    given = lead.do(
        "ticket.assign", ticket, {"owner": stage.budi.id}, before={"owner": stage.rina.id},
        basis={"ver": current["ver"], "epoch": current["owner_epoch"]},
    )  # fmt: skip
    assert given.result == "applied"
    rina_desk.sync()
    with rina_desk.cache.read() as conn:
        assert outbox.get(conn, op).state is OpState.ATTENTION
    assert {"outbox", "conflict"} <= set(laptop_holds(rina_desk))
    erasure.erase(stage.central, [op], "system", NOW + timedelta(minutes=1))
    rina_desk.sync()
    assert laptop_holds(rina_desk) == []
    with rina_desk.cache.read() as conn:
        assert outbox.get(conn, op).state is OpState.RESOLVED
        assert outbox.listing(conn) == []


@pytest.mark.protocol("P-190")
def test_the_journal_forgets_an_applied_act_and_offers_it_no_more(stage: Stage, rina_desk: At) -> None:
    ticket = stage.laptop(stage.rina).create(take=True)
    rina_desk.sync()
    op = rina_desk.desk.note(ticket, SECRET).op
    rina_desk.sync()
    assert "journal" in laptop_holds(rina_desk)
    erase(stage, op)
    rina_desk.sync()
    assert laptop_holds(rina_desk) == []
    rina_desk.disk.reset_cursor("another")
    assert [envelope.op for envelope in rina_desk.seal()] == []


@pytest.mark.protocol("P-190")
def test_an_answer_that_says_erased_is_enough(stage: Stage, rina_desk: At) -> None:
    """The answer to the push was lost, and the op is erased before it is asked for again."""
    ticket = stage.laptop(stage.rina).create(take=True)
    rina_desk.sync()
    op = rina_desk.desk.set(ticket, subject=f"Mine {SECRET}").op
    with stage.central.write() as conn:
        conn.execute(text("UPDATE ticket SET subject = 'Lain' WHERE id = :id"), {"id": ticket})
    assert rina_desk.push(heard=lambda: False)
    envelope = msgspec.convert(msgspec.to_builtins(rina_desk.seal()[0]), Envelope)
    assert envelope.op == op
    erase(stage, op)
    rina_desk.sync()
    assert laptop_holds(rina_desk) == []
