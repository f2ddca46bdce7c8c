"""Ops of a newer version: central verifies, keeps and repeats also what it does not know of an envelope."""

import json
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from msc_console import seal
from msc_console.sync.wire import Envelope
from msc_console.sync.wire_envelopes import completed, document, encoded, read
from tests.central.ledger.desks import At
from tests.central.ledger.stage import Laptop, Stage


def newer(laptop: Laptop, op: Envelope, **more: Any) -> Envelope:
    """`op` as a newer laptop would have sealed it: its last op, with fields of another version under the signature."""
    whole = msgspec.to_builtins(op) | {"basis": {"ver": 0, "channel": "usb"}} | more
    whole["sig"] = seal.sign(laptop.private, seal.signed_bytes(whole))
    laptop.prev = seal.link(whole)
    return read(whole)


def stored(stage: Stage, op: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Envelope and body as central keeps them."""
    with stage.central.read() as conn:
        envelope = conn.execute(text("SELECT envelope FROM op WHERE op_id = :op"), {"op": op}).scalar_one()
        body = conn.execute(text("SELECT * FROM op_body WHERE op_id = :op"), {"op": op}).mappings().one()
    return json.loads(envelope), {"salt": body["salt"], **{name: json.loads(body[name]) for name in ("args", "before")}}


@pytest.mark.protocol("P-043", "P-045", "P-047")
def test_unknown_fields_are_signed_kept_and_part_of_the_chain(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    ticket = rina.create()
    op = newer(rina, rina.seal("entry.note", ticket, {"body": "halo"}), via={"bundle": "b1", "hops": [1, 2]}, deps=[])
    assert rina.push(op)[0].result == "applied"
    envelope, body = stored(stage, op.op)
    whole = document(op)
    assert {**envelope, **body} == {"before": {}, **whole}
    assert (envelope["via"], envelope["basis"]) == ({"bundle": "b1", "hops": [1, 2]}, {"ver": 0, "channel": "usb"})
    assert seal.verify(rina.public, seal.signed_bytes(envelope), envelope["sig"])
    assert rina.do("entry.note", ticket, {"body": "lanjut"}).result == "applied", "the chain goes on over it"
    assert rina.push(op)[0].result == "duplicate"


@pytest.mark.protocol("P-043")
@pytest.mark.parametrize("change", [{"via": "another"}, {"basis": {"channel": "mail"}}, {"added": 1}])
def test_an_unknown_field_that_was_changed_breaks_the_signature(stage: Stage, change: dict[str, Any]) -> None:
    rina = stage.laptop(stage.rina)
    op = newer(rina, rina.seal("entry.note", rina.create(), {"body": "halo"}), via="b1")
    got = rina.push(read(document(op) | change))[0]
    assert (got.result, got.reason) == ("forbidden", "bad_signature")


@pytest.mark.protocol("P-041", "P-043")
@pytest.mark.parametrize("value", [0.5, 2**60, {"deep": json.loads("[" * 40 + "]" * 40)}])
def test_an_unknown_field_without_a_canonical_form_makes_it_no_op(stage: Stage, value: Any) -> None:
    rina = stage.laptop(stage.rina)
    op = rina.seal("entry.note", rina.create(), {"body": "halo"})
    got = rina.push(read(msgspec.to_builtins(op) | {"via": value}))[0]
    assert (got.result, got.reason) == ("invalid", "bad_envelope")
    assert stage.scalar("SELECT count(*) FROM op WHERE op_id = :op", op=op.op) == 0


@pytest.mark.protocol("P-043", "P-047")
def test_a_push_carries_them_byte_for_byte_past_a_reader_that_does_not_know_them(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    plain = rina.seal("entry.note", rina.create(), {"body": "halo"})
    op = newer(rina, rina.seal("entry.note", plain.target, {"body": "lagi"}), via="b1")
    push = encoded(rina.id, [plain, op])
    known = [msgspec.convert(item, Envelope) for item in json.loads(push)["ops"]]
    assert completed(known, push) == [plain, op]
    assert encoded(rina.id, completed(known, push)) == push
    alone = encoded(rina.id, [plain])
    assert completed(known[:1], alone) == [plain]
    assert type(completed(known[:1], alone)[0]) is Envelope


@pytest.mark.protocol("P-043", "P-047")
def test_a_laptop_that_went_back_a_version_offers_them_again_whole(stage: Stage) -> None:
    ticket = stage.laptop(stage.rina).create()
    at = At(stage, stage.rina)
    try:
        at.sync()
        at.desk.note(ticket, "halo")
        (op,) = at.seal()
        sent = newer(at.laptop, op, via={"bundle": "b1"})
        with at.cache.write() as conn:
            conn.execute("UPDATE outbox SET envelope = ?", (msgspec.json.encode(document(sent)).decode(),))
        assert at.seal() == [sent]
        at.sync()
        assert stored(stage, op.op)[0]["via"] == {"bundle": "b1"}
        with at.cache.read() as conn:
            assert conn.execute("SELECT count(*) FROM journal").fetchone()[0] == 1
        at.disk.reset_cursor("another")
        assert at.seal() == [sent], "a restored central is offered the op as it was signed"
    finally:
        at.close()
