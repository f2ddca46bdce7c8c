"""The audit trail: one transaction with its acts, never changed, and what was done to it is found."""

import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from msc_console import trail
from msc_console.central import audit, checkpoints, ledger, migrate
from msc_console.central.checkpoints import Anchors, Keeper
from msc_console.central.db import Central
from msc_console.central.masterkey import MasterKey
from msc_console.errors import MscError
from msc_console.trail import Finding
from tests.central.ledger.stage import NOW, Stage, new_id

KEY = MasterKey(bytes(range(32)))
UNGUARD = {
    "sqlite": ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"],
    "postgresql": ["ALTER TABLE audit DISABLE TRIGGER audit_unchanged"],
}


@pytest.fixture
def told(stage: Stage) -> Stage:
    """A centre whose site has a name, and a trail of some records."""
    with stage.central.write() as conn:
        conn.execute(text("INSERT INTO meta (key, value) VALUES ('site_id', 'situs-uji')"))
    stage.laptop(stage.rina).create()
    for number in range(5):
        with stage.central.write() as conn:
            audit.add(conn, NOW, "system", "uji", {"n": number})
    return stage


def records(central: Central) -> list[trail.Record]:
    with central.read() as conn:
        return list(audit.every(conn))


def spoil(central: Central, *statements: str) -> None:
    """What an administrator of the database can do, who takes the triggers away first."""
    with central.write() as conn:
        for statement in [*UNGUARD[central.dialect], *statements]:
            conn.execute(text(statement))


def findings(central: Central, points: str = "") -> list[Finding]:
    return checkpoints.verify(central, points, checkpoints.verifier_key(central, KEY)).findings


def test_an_act_and_its_record_are_one_transaction(stage: Stage) -> None:
    class Stop(Exception):
        pass

    before = records(stage.central)
    with pytest.raises(Stop), stage.central.write() as conn:  # noqa: PT012
        audit.add(conn, NOW, "system", "uji")
        raise Stop
    assert records(stage.central) == before


def test_each_verdict_is_recorded_without_what_was_said(stage: Stage) -> None:
    rina = stage.laptop(stage.rina)
    ticket = new_id()
    good = rina.seal("ticket.create", ticket, {"subject": "RAHASIA", "queue": "umum"})
    bad = rina.seal("ticket.move", ticket, {"queue": "RAHASIA"})
    strange = rina.seal("RAHASIA", ticket, {})
    rina.push(good, bad, strange)
    found = records(stage.central)[-3:]
    assert [record.actor for record in found] == [stage.rina.id] * 3
    assert [json.loads(record.data)["op"] for record in found] == [good.op, bad.op, strange.op]
    assert [json.loads(record.data)["result"] for record in found] == ["applied", "invalid", "unsupported"]
    assert "RAHASIA" not in repr(found)
    rina.push(good)
    assert len(records(stage.central)) == len(found), "an answer that is repeated is no new verdict"


def test_no_statement_changes_the_trail(told: Stage) -> None:
    for statement in ("UPDATE audit SET act = 'x'", "DELETE FROM audit WHERE seq = 1"):
        with pytest.raises(DBAPIError, match="never changed"), told.central.write() as conn:
            conn.execute(text(statement))
    assert findings(told.central) == []


@pytest.mark.parametrize(
    ("statements", "what", "seq"),
    [
        (["UPDATE audit SET data = '{}' WHERE seq = 3"], "edited", 3),
        (["UPDATE audit SET actor = 'x' WHERE seq = 3"], "edited", 3),
        (["DELETE FROM audit WHERE seq = 3"], "missing", 3),
        (
            [
                "UPDATE audit SET seq = -2 WHERE seq = 2",
                "UPDATE audit SET seq = 2 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = -2",
            ],
            "edited",
            2,
        ),
    ],
)
def test_what_was_done_to_the_trail_is_found(told: Stage, statements: list[str], what: str, seq: int) -> None:
    spoil(told.central, *statements)
    assert Finding(what, seq) in findings(told.central)


def test_a_cut_or_rewritten_trail_is_found_by_its_checkpoints(told: Stage) -> None:
    points = checkpoints.make(told.central, KEY, NOW, "")
    size = len(records(told.central))
    assert findings(told.central, points) == []
    spoil(told.central, f"DELETE FROM audit WHERE seq = {size}")
    assert findings(told.central) == []
    assert findings(told.central, points) == [Finding("truncated", size)]
    with told.central.write() as conn:
        conn.execute(text("DELETE FROM audit"))
        for number in range(size):
            audit.add(conn, NOW, "system", "lain", {"n": number})
    assert findings(told.central) == []
    assert findings(told.central, points) == [Finding("rewritten", size)]


def test_a_checkpoint_every_hour_also_of_silence(told: Stage, tmp_path: Path) -> None:
    file = tmp_path / "points"
    keeper = Keeper(Anchors(file), KEY)
    for minutes in (0, 30, 60, 61):
        keeper.step(told.central, NOW + timedelta(minutes=minutes))
    assert len(trail.notes(file.read_text())) == 2
    Keeper(Anchors(file), KEY).step(told.central, NOW + timedelta(hours=3))  # another process goes on from the file
    text_ = file.read_text()
    assert len(trail.notes(text_)) == 3
    assert findings(told.central, text_) == []


def test_a_checkpoint_goes_to_a_command_and_is_tried_again(told: Stage, tmp_path: Path) -> None:
    file = tmp_path / "kept"
    write = f"import pathlib,sys; pathlib.Path({str(file)!r}).open('a').write(sys.stdin.read())"
    refuses = Keeper(Anchors(command=(sys.executable, "-c", "raise SystemExit(1)")), KEY)
    refuses.step(told.central, NOW)
    refuses.anchors = Anchors(command=(sys.executable, "-c", write))
    refuses.step(told.central, NOW + timedelta(minutes=1))
    assert not file.exists()
    refuses.step(told.central, NOW + checkpoints.RETRY)
    assert findings(told.central, file.read_text("utf-8")) == []


def test_records_of_before_become_the_beginning_of_the_chain(central_url: str) -> None:
    central = Central.open(central_url)
    try:
        with central.write() as conn:
            for name in inspect(conn).get_table_names():
                conn.exec_driver_sql(f'DROP TABLE "{name}"')
            migrate.within(conn, migrate.CHAINED - 1)
            for number in range(3):
                conn.execute(
                    text("INSERT INTO audit (at, actor, act, data) VALUES (:n, 'system', 'uji', :data)"),
                    {"n": number, "data": json.dumps({"b": number, "a": [1, 2]})},
                )
        central.migrate()
        with central.write() as conn:
            audit.add(conn, NOW, "system", "uji")
        found = records(central)
        assert [record.seq for record in found] == [1, 2, 3, 4]
        assert found[1].data == '{"a":[1,2],"b":1}'
        check = trail.Check()
        check.take(found)
        assert check.done() == []
    finally:
        central.close()


def test_a_push_that_falls_back_to_single_ops_records_each_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    rina = stage.laptop(stage.rina)
    ops = [rina.seal("ticket.create", new_id(), {"subject": f"A{n}", "queue": "umum"}) for n in range(3)]
    whole = ledger.writing.write
    failed: list[int] = []

    def failing(conn, batch, answers, now):  # type: ignore[no-untyped-def]
        done = whole(conn, batch, answers, now)
        if len(answers) > 1 or (answers[0].command.id == ops[1].op and len(failed) < 2):
            failed.append(1)
            conn.execute(text("INSERT INTO feed_head (id, generation, seq, number) VALUES (1, 'x', 0, 0)"))
        return done

    monkeypatch.setattr(ledger.writing, "write", failing)
    results = rina.push(*ops)
    assert [result.result for result in results] == ["applied"] * 3
    assert [json.loads(record.data)["op"] for record in records(stage.central)] == [op.op for op in ops]


def test_a_key_of_another_kind_is_refused(told: Stage) -> None:
    points = checkpoints.make(told.central, KEY, NOW, "")
    with pytest.raises(MscError, match="verifier_key_wrong"):
        checkpoints.verify(told.central, points, "nonsense")


def test_what_a_record_is_about_is_found_by_an_index(told: Stage) -> None:
    rina = told.laptop(told.rina)
    ticket = rina.create()
    erased = [new_id(), new_id()]
    with told.central.write() as conn:
        audit.add(conn, NOW, "system", "uji", {"ops": erased, "n": 1})
    (made,) = rina.push(rina.seal("entry.note", ticket, {"body": "ada"}))

    def acts(about: str, **more: str) -> list[str]:
        with told.central.read() as conn:
            found = audit.newest(conn, sought=audit.Sought(about=about, **more))
            assert found == audit.after(conn, 0, sought=audit.Sought(about=about, **more))
        return [record.act for record in found]

    assert acts(ticket) == ["op", "op"]
    assert acts(made.op) == ["op"]
    assert acts(rina.id, by=told.rina.id) == ["op", "op"]
    assert acts(erased[1]) == ["uji"]
    assert acts(ticket, act="uji") == acts(new_id()) == acts("applied") == []
    if told.central.dialect == "sqlite":
        statement = f"EXPLAIN QUERY PLAN {audit.reading('ORDER BY seq DESC', audit.Sought(about=ticket))}"
        with told.central.read() as conn:
            binds = {"after": 0, "most": 10, "mark": audit.mark(ticket), "about": f'%"{ticket}"%'}
            plan = "\n".join(row.detail for row in conn.execute(text(statement), binds))
        assert "SEARCH audit_about" in plan
        assert "SCAN audit" not in plan


def test_records_of_before_the_index_are_found_by_it(told: Stage) -> None:
    with told.central.write() as conn:
        before = conn.execute(text("SELECT about, seq FROM audit_about ORDER BY about, seq")).all()
        conn.execute(text("DELETE FROM audit_about"))
        audit.index(conn)
        assert conn.execute(text("SELECT about, seq FROM audit_about ORDER BY about, seq")).all() == before
    assert before
