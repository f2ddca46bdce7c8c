"""Every op gets its own lasting result, and a bad one never holds up its neighbours."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from msc_console import seal
from msc_console.central import ledger
from msc_console.domain import decide, shapes
from msc_console.domain.commands import Command, Context, Effects, Outcome, Situation
from msc_console.domain.terms import Op
from msc_console.errors import NotFound
from msc_console.sync.wire import Basis, OpResult
from tests.central.ledger.stage import NOW, Laptop, Stage, new_id


def _codes(results: list[OpResult]) -> list[str]:
    return [result.result for result in results]


@pytest.mark.protocol("P-060", "P-061", "P-073")
def test_an_offline_morning_arrives_in_one_push(stage: Stage) -> None:
    """Contact, ticket, a claim and what stands on it: all made before central had said anything."""
    laptop, contact, ticket = stage.laptop(stage.rina), new_id(), new_id()
    addresses = [{"channel": "email", "value": "ana@contoh.example"}]
    made = laptop.seal("contact.create", contact, {"name": "Ana", "addresses": addresses})
    opened = laptop.seal(
        "ticket.create", ticket, {"subject": "Kuota hilang", "queue": "umum", "contact": contact}, deps=[made.op]
    )
    take = laptop.seal("ticket.take", ticket, deps=[opened.op])
    reply = laptop.seal("entry.reply", ticket, {"body": "Kami periksa."}, basis=Basis(claim=take.op), deps=[take.op])
    results = laptop.push(made, opened, take, reply)
    assert _codes(results) == ["applied"] * 4
    assert results[1].number == "MSC-000001"
    assert results[2].data == {"epoch": 1}
    row = stage.row("ticket", ticket)
    assert (row["number"], row["ver"], row["owner"], row["owner_epoch"]) == (1, 3, stage.rina.id, 1)
    assert stage.scalar("SELECT address FROM dispatch WHERE entry = :id", id=reply.op) == "ana@contoh.example"
    assert [result.seq for result in results] == sorted(result.seq for result in results)
    assert results[-1].seq == stage.scalar("SELECT seq FROM feed_head")


@pytest.mark.protocol("P-062", "P-074")
def test_a_repeat_gets_the_first_answer_again(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    ops = [laptop.seal("ticket.create", new_id(), {"subject": "Satu", "queue": "umum"}),
           laptop.seal("ticket.create", new_id(), {"subject": "", "queue": "umum"})]  # fmt: skip
    first = laptop.push(*ops)
    again = laptop.push(*ops)
    assert _codes(first) == ["applied", "invalid"]
    assert _codes(again) == ["duplicate", "duplicate"]
    assert [result.data["result"] for result in again] == ["applied", "invalid"]
    assert (again[0].seq, again[0].number, again[1].reason) == (first[0].seq, first[0].number, first[1].reason)
    assert stage.scalar("SELECT count(*) FROM entry") == 1
    assert ledger.statuses(stage.central, stage.rina, [ops[1].op, new_id(), ops[0].op]) == [first[1], first[0]]
    assert ledger.statuses(stage.central, stage.budi, [ops[0].op]) == []


@pytest.mark.protocol("P-062")
def test_an_op_twice_in_one_push_is_done_once(stage: Stage) -> None:
    laptop, ticket = stage.laptop(stage.rina), new_id()
    op = laptop.seal("ticket.create", ticket, {"subject": "Satu", "queue": "umum"})
    assert _codes(laptop.push(op, op)) == ["applied", "duplicate"]


@pytest.mark.protocol("P-063")
def test_another_body_under_a_known_id_is_invalid(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    ticket = laptop.create()
    note = laptop.seal("entry.note", ticket, {"body": "benar"})
    other = laptop.seal("entry.note", ticket, {"body": "salah"}, op=note.op)
    results = laptop.push(note, other)
    assert (results[1].result, results[1].reason) == ("invalid", "op_id_reused")
    later = laptop.seal("entry.note", ticket, {"body": "lagi"}, op=note.op)
    assert laptop.push(later)[0].reason == "op_id_reused"
    assert stage.row("entry", note.op)["body"] == "benar"
    assert laptop.do("entry.note", ticket, {"body": "rantai berlanjut"}).result == "applied"


@pytest.mark.protocol("P-064")
def test_a_gap_names_what_is_expected_and_leaves_nothing(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    ticket = laptop.create()
    missing = laptop.seal("entry.note", ticket, {"body": "dua"})
    late = laptop.seal("entry.note", ticket, {"body": "tiga"})
    result = laptop.push(late)[0]
    assert (result.result, result.data) == ("gap", {"expected": 2})
    assert _codes(laptop.push(missing, late)) == ["applied", "applied"]


@pytest.mark.protocol("P-065")
def test_a_cloned_laptop_forks_and_goes_on_under_a_new_incarnation(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    ticket = laptop.create()
    counter, prev = laptop.counter, laptop.prev
    assert laptop.do("entry.note", ticket, {"body": "asli"}).result == "applied"
    laptop.counter, laptop.prev = counter, prev  # the clone wakes up where the original was copied
    op = laptop.seal("entry.note", ticket, {"body": "klon"})
    assert laptop.push(op)[0].result == "forked"
    wrong_link = laptop.seal("entry.note", ticket, {"body": "klon"}, prev="0" * 64)
    assert laptop.push(wrong_link)[0].result == "forked"
    laptop.inc, laptop.counter, laptop.prev = "i2", 0, ""
    again = laptop.seal("entry.note", ticket, {"body": "klon"}, op=op.op)
    assert laptop.push(again)[0].result == "applied"
    assert laptop.push(again)[0].result == "duplicate"
    laptop.inc, laptop.counter, laptop.prev = "i1", 0, ""
    assert laptop.do("entry.note", ticket, {"body": "inkarnasi lama"}).result == "forked"


@pytest.mark.protocol("P-063")
def test_an_op_sealed_again_under_another_salt_is_the_same_op(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    ticket = laptop.create()
    note = laptop.seal("entry.note", ticket, {"body": "sekali"})
    assert laptop.push(note)[0].result == "applied"
    laptop.inc, laptop.counter, laptop.prev = "i2", 0, ""
    again = laptop.seal("entry.note", ticket, {"body": "sekali"}, op=note.op)
    assert again.body != note.body
    assert laptop.push(again)[0].result == "duplicate"
    assert laptop.do("entry.note", ticket, {"body": "lanjut"}).result == "applied"


def _resign(laptop: Laptop, **fields: Any) -> Any:
    """Fields changed after the signature was made."""
    ticket = laptop.create()
    return msgspec.structs.replace(laptop.seal("entry.note", ticket, {"body": "asli"}), **fields)


@pytest.mark.parametrize("fields", [
    {"args": {"body": "diubah"}}, {"skew": 7}, {"sig": "0" * 128}, {"before": {"state": "new"}}, {"salt": "0" * 32},
])  # fmt: skip
@pytest.mark.protocol("P-067")
def test_what_was_changed_after_signing_is_refused_and_kept(stage: Stage, fields: dict[str, Any]) -> None:
    laptop = stage.laptop(stage.rina)
    result = laptop.push(_resign(laptop, **fields))[0]
    assert (result.result, result.reason) == ("forbidden", "bad_signature")
    assert stage.scalar("SELECT code FROM op WHERE op_id = :id", id=result.op) == "forbidden"
    assert stage.scalar("SELECT count(*) FROM entry") == 1


@pytest.mark.protocol("P-060", "P-067")
def test_the_signature_of_another_device_is_refused(stage: Stage) -> None:
    laptop, other = stage.laptop(stage.rina), stage.laptop(stage.rina)
    ticket = laptop.create()
    op = laptop.seal("entry.note", ticket, {"body": "x"})
    forged = msgspec.structs.replace(op, sig=seal.sign(other.private, seal.signed_bytes(msgspec.to_builtins(op))))
    assert laptop.push(forged)[0].reason == "bad_signature"
    assert other.push(op)[0].reason == "device_mismatch"


@pytest.mark.protocol("P-066")
def test_a_refused_op_does_not_block_the_chain(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    ticket = laptop.create()
    broken = msgspec.structs.replace(laptop.seal("entry.note", ticket, {"body": "a"}), args={"body": "b"})
    after = laptop.seal("entry.note", ticket, {"body": "c"})
    assert _codes(laptop.push(broken, after)) == ["forbidden", "applied"]


@pytest.mark.parametrize(("kind", "fields", "result", "reason"), [
    ("entry.note", {"actor": "00000000-0000-7000-8000-000000000000"}, "forbidden", "actor_mismatch"),
    ("ticket.explode", {}, "unsupported", "op_unsupported"),
    ("ticket.merge", {}, "unsupported", "op_unsupported"),
    ("entry.note", {"kv": 2}, "unsupported", "op_unsupported"),
    ("system.deliver", {}, "forbidden", "no_right"),
    ("entry.note", {"deps": ["00000000-0000-7000-8000-000000000001"]}, "deferred", "dependency_missing"),
    ("entry.note", {"made_at": "kemarin"}, "invalid", "bad_envelope"),
    ("entry.note", {"op": "bukan-id"}, "invalid", "bad_envelope"),
    ("entry.note", {"target": "x\x00"}, "invalid", "bad_envelope"),
    ("entry.note", {"kind": "entry.\x00"}, "invalid", "bad_envelope"),
    ("entry.note", {"kind": "entry.notè"}, "invalid", "bad_envelope"),
    ("entry.note", {"actor": "x" * 201}, "invalid", "bad_envelope"),
    ("entry.note", {"cause": "bukan-id"}, "invalid", "bad_envelope"),
    ("entry.note", {"basis": {"claim": "bukan-id"}}, "invalid", "bad_envelope"),
    ("entry.note", {"deps": [f"00000000-0000-7000-8000-{n:012d}" for n in range(51)]}, "invalid", "bad_envelope"),
])  # fmt: skip
@pytest.mark.protocol("P-040", "P-066", "P-067", "P-068", "P-113")
def test_refusals(stage: Stage, kind: str, fields: dict[str, Any], result: str, reason: str) -> None:
    laptop = stage.laptop(stage.rina)
    ticket = laptop.create()
    got = laptop.do(kind, ticket, {"body": "x"}, **fields)
    assert (got.result, got.reason) == (result, reason)
    assert laptop.do("entry.note", ticket, {"body": "rantai berlanjut"}).result == "applied"


@pytest.mark.protocol("P-040")
@pytest.mark.parametrize("inc", ["", "dua kata", "i" * 201, "inkarnasí", "i\n"])
def test_an_incarnation_that_is_no_word_is_invalid(stage: Stage, inc: str) -> None:
    laptop = stage.laptop(stage.rina)
    ticket = laptop.create()
    got = laptop.do("entry.note", ticket, {"body": "x"}, inc=inc)
    assert (got.result, got.reason) == ("invalid", "bad_envelope")


@pytest.mark.protocol("P-069")
def test_out_of_scope(stage: Stage) -> None:
    ticket = stage.laptop(stage.rina).create()
    outsider = stage.laptop(stage.sari)
    got = outsider.do("entry.note", ticket, {"body": "x"})
    assert (got.result, got.reason) == ("forbidden", "out_of_scope")
    assert stage.laptop(stage.engineer).do("entry.note", ticket, {"body": "x"}).reason == "out_of_scope"


@pytest.mark.parametrize(("kind", "args"), [
    ("entry.note", {"body": "x"}), ("ticket.take", {}), ("escalation.ack", {}), ("entry.note", {}),
])  # fmt: skip
@pytest.mark.protocol("P-069")
def test_what_is_out_of_scope_answers_as_what_is_not_there(stage: Stage, kind: str, args: dict[str, Any]) -> None:
    foreign, nowhere = stage.laptop(stage.rina).create(), new_id()
    outsider = stage.laptop(stage.sari)
    there, not_there = (outsider.do(kind, target, args) for target in (foreign, nowhere))
    assert (there.result, there.reason, there.data) == (not_there.result, not_there.reason, not_there.data)


@pytest.mark.protocol("P-068")
def test_a_deferred_op_is_decided_when_its_dependency_has_come(stage: Stage) -> None:
    rina, budi = stage.laptop(stage.rina), stage.laptop(stage.budi)
    ticket = rina.create()
    first = rina.seal("entry.note", ticket, {"body": "pertama"})
    second = budi.seal("entry.note", ticket, {"body": "kedua"}, deps=[first.op])
    waiting = budi.push(second)[0]
    assert (waiting.result, waiting.data) == ("deferred", {"missing": [first.op]})
    assert budi.do("entry.note", ticket, {"body": "tidak menunggu"}).result == "applied"
    assert rina.push(first)[0].result == "applied"
    assert budi.push(second)[0].result == "applied"
    assert budi.push(second)[0].result == "duplicate"
    assert stage.scalar("SELECT count(*) FROM op WHERE op_id = :id", id=second.op) == 1


@pytest.mark.protocol("P-068")
def test_what_stands_on_a_refused_op_is_told_so(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    ticket = laptop.create()
    bad = laptop.seal("entry.note", ticket, {"body": " "})
    after = laptop.seal("entry.note", ticket, {"body": "x"}, deps=[bad.op])
    results = laptop.push(bad, after)
    assert _codes(results) == ["invalid", "invalid"]
    assert (results[1].reason, results[1].data) == ("dependency_refused", {"ops": [bad.op]})


@pytest.mark.protocol("P-070")
def test_a_conflict_keeps_all_three_values(stage: Stage) -> None:
    lead = stage.laptop(stage.lead)
    ticket = lead.create()
    assert lead.do("ticket.assign", ticket, {"owner": stage.rina.id}, before={"owner": None}).result == "applied"
    other = stage.laptop(stage.lead)
    got = other.do("ticket.assign", ticket, {"owner": stage.budi.id}, before={"owner": None})
    assert got.result == "conflict"
    assert got.data["fields"] == {"owner": [None, stage.budi.id, stage.rina.id]}
    assert ledger.statuses(stage.central, stage.lead, [got.op]) == [got]


@pytest.mark.protocol("P-072")
def test_an_op_that_breaks_the_database_is_quarantined_alone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that lets a value through which no column takes: the batch is done again op by op."""
    note = decide.RULES[Op.ENTRY_NOTE]

    def careless(command: Command, situation: Situation, context: Context) -> Outcome:
        effects = note(command, situation, context)
        assert isinstance(effects, Effects)
        assert effects.ticket is not None
        return replace(effects, ticket=replace(effects.ticket, service={"no": "text"}))  # type: ignore[arg-type]

    monkeypatch.setitem(decide.RULES, Op.ENTRY_TIME, careless)
    laptop = stage.laptop(stage.rina)
    ticket = laptop.create()
    before = laptop.seal("entry.note", ticket, {"body": "sebelum"})
    bad = laptop.seal("entry.time", ticket, {"body": "racun"})
    after = laptop.seal("entry.note", ticket, {"body": "sesudah"})
    results = laptop.push(before, bad, after)
    assert _codes(results) == ["applied", "quarantined", "applied"]
    assert [result.ver for result in results] == [2, 0, 3]
    assert stage.scalar("SELECT count(*) FROM entry WHERE id = :id", id=bad.op) == 0
    assert stage.scalar("SELECT count(*) FROM op_body WHERE op_id = :id", id=bad.op) == 1
    assert _codes(laptop.push(before, bad, after)) == ["duplicate"] * 3
    assert stage.scalar("SELECT count(*) FROM change") == stage.scalar("SELECT seq FROM feed_head")


@pytest.mark.protocol("P-072")
def test_an_op_that_breaks_a_rule_is_quarantined_alone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    laptop = stage.laptop(stage.rina)
    ticket = laptop.create()

    def broken(*_: object) -> None:
        raise RuntimeError("a rule with a bug")

    monkeypatch.setitem(decide.RULES, Op.ENTRY_TIME, broken)
    results = laptop.push(laptop.seal("entry.time", ticket, {"minutes": 5}),
                          laptop.seal("entry.note", ticket, {"body": "x"}))  # fmt: skip
    assert _codes(results) == ["quarantined", "applied"]
    assert set(results[0].data) == {"reference"}


@pytest.mark.protocol("P-077")
def test_hostile_text_is_stored_clean_and_verifies_as_sent(stage: Stage) -> None:
    laptop, ticket = stage.laptop(stage.rina), new_id()
    args = {"subject": "a\x1b]0;x\x07\nb", "queue": "umum", "body": "x\u202ey\nz"}
    op = laptop.seal("ticket.create", ticket, args)
    assert laptop.push(op)[0].result == "applied"
    assert "\x1b" not in stage.row("ticket", ticket)["subject"]
    assert "\n" not in stage.row("ticket", ticket)["subject"]
    body = stage.row("entry", op.op)["body"]
    assert "\u202e" not in body
    assert "\n" in body
    assert laptop.push(op)[0].result == "duplicate"


@pytest.mark.protocol("P-060")
def test_an_unknown_device_gets_nothing(stage: Stage) -> None:
    laptop = stage.laptop(stage.rina)
    op = laptop.seal("ticket.create", new_id(), {"subject": "x", "queue": "umum"})
    with pytest.raises(NotFound, match="device_unknown"):
        ledger.push(stage.central, stage.rina, {"id": new_id(), "public_key": laptop.public}, [op], NOW)


@pytest.mark.protocol("P-062")
def test_centrals_own_commands(stage: Stage) -> None:
    """They stand on the ticket as it is, count at their own time, and are done once."""
    ticket, contact = new_id(), new_id()

    def command(kind: str, target: str, **args: Any) -> Command:
        return Command(id=new_id(), kind=kind, actor=stage.rina.id, target=target, args=args, made_at=NOW)

    commands = [
        command("contact.create", contact, name="Ana"),
        command("ticket.create", ticket, subject="Satu", queue="umum", contact=contact),
        command("ticket.take", ticket),
        command("ticket.resolve", ticket, solution="Selesai"),
    ]
    assert _codes(ledger.system(stage.central, commands)) == ["applied"] * 4
    again = ledger.system(stage.central, commands)
    assert _codes(again) == ["duplicate"] * 4
    row = stage.row("ticket", ticket)
    assert (row["state"], row["ver"], row["contact_name"]) == ("resolved", 3, "Ana")


@pytest.mark.protocol("P-052")
def test_an_applied_op_on_a_ticket_is_one_entry_of_its_own_id(stage: Stage) -> None:
    laptop, engineer = stage.laptop(stage.rina), stage.laptop(stage.engineer)
    ticket = new_id()
    results = [
        laptop.do("ticket.create", ticket, {"subject": "Satu", "queue": "umum", "take": True}),
        laptop.do("ticket.set", ticket, {"urgency": "high"}, before={"urgency": "medium"}, basis={"epoch": 1}),
        laptop.do("entry.note", ticket, {"body": "x"}),
        laptop.do("ticket.resolve", ticket, {}, basis={"epoch": 1}),
        raised := laptop.do("escalation.raise", ticket, {"tier": "l1", "reason": "perlu ahli"}, basis={"epoch": 1}),
        engineer.do("escalation.ack", ticket),
        engineer.do("escalation.return", ticket, {"outcome": "selesai"}),
    ]
    assert _codes(results) == ["applied"] * 3 + ["invalid"] + ["applied"] * 3
    with stage.central.read() as conn:
        entries = conn.execute(text("SELECT id FROM entry WHERE ticket = :id"), {"id": ticket}).scalars().all()
        hops = conn.execute(text("SELECT id FROM hop WHERE ticket = :id"), {"id": ticket}).scalars().all()
    assert sorted(entries) == sorted(result.op for result in results if result.result == "applied")
    assert hops == [raised.op]


@pytest.mark.protocol("P-051")
@pytest.mark.parametrize("kind", [kind for kind in shapes.ARGS if kind not in ("contact.create", "system.deliver")])
def test_a_contact_is_no_target_but_of_the_op_that_makes_it(stage: Stage, kind: str) -> None:
    lead, contact = stage.laptop(stage.lead), new_id()
    made = lead.do("contact.create", contact, {"name": "Ana"})
    assert made.result == "applied"
    assert stage.row("contact", contact)["name"] == "Ana"
    if kind == "ticket.create":
        return
    got = lead.do(kind, contact, {"body": "x", "reason": "x"})
    assert got.result in ("forbidden", "invalid")
    assert stage.scalar("SELECT count(*) FROM entry") == 0
