"""`msc sync list|resolve|export`: conflicts with all three values, each way on, and everything unsettled in a file."""

import json
import stat
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from msc_console import clock
from msc_console.desk import Desk
from msc_console.desk.reading import CLOCK_OFF
from msc_console.domain.model import Conflict
from msc_console.domain.terms import ConflictKind
from msc_console.errors import Exit
from msc_console.messages import refusal, sentence
from msc_console.seal import canonical
from msc_console.store import settings as kept_settings
from tests.store.world import PlainSigner

from .conftest import IDS, Msc, seed, tickets

OTHER = "0198f000-0000-7000-8000-00000000c001"


def mine(number: int, **values: Any) -> Any:
    return replace(next(ticket for ticket in tickets() if ticket.number == number), **values)


def conflict(id: str, **values: Any) -> Conflict:
    now = clock.now()
    given: dict[str, Any] = {
        "kind": ConflictKind.SAME_FIELD,
        "act": "ticket.set",
        "author": "rina",
        "author_name": "Rina",
        "made_at": now,
        "args": {"service": "pos"},
        "fields": {"service": [None, "pos", "scm"]},
        "theirs_by": "Bagus Santoso",
        "theirs_at": now - timedelta(minutes=5),
    }
    return Conflict(id=id, ticket=IDS[4], ver=1, **(given | values))


def refused(desk: Desk, kept: Conflict, result: str = "conflict", **data: Any) -> None:
    document = {"result": result, "reason": None, "data": {"conflict": kept.id, "fields": dict(kept.fields), **data}}
    with desk.cache.write() as conn:
        conn.execute("UPDATE outbox SET state = 'attention', result = ? WHERE id = ?", (json.dumps(document), kept.id))
        desk.replica.refold(conn, kept.ticket)
    seed(desk, {"conflict": [kept]})


@pytest.fixture
def own(desk: Desk) -> str:
    """Rina said `pos`, meanwhile somebody else said `scm`; the op."""
    op = desk.set("4", service="pos").op
    seed(desk, {"ticket": [mine(4, service="scm", ver=2)]})
    refused(desk, conflict(op))
    return op


def proposed(desk: Desk, **values: Any) -> str:
    kept = conflict(OTHER, author="bagus", author_name="Bagus Santoso", kind=ConflictKind.FENCED, **values)
    seed(desk, {"conflict": [kept]})
    return OTHER


def choices(desk: Desk) -> list[tuple[Any, Any]]:
    acts = [act for act, _label, _title in desk.outbox() if act.kind == "conflict.resolve"]
    return [(act.command.args["conflict"], act.command.args["choice"]) for act in acts]


def test_a_conflict_is_listed_with_all_three_values(msc: Msc, desk: Desk, own: str) -> None:
    [row] = json.loads(msc("sync", "list", "--json").out)
    assert (row["op"], row["standing"], row["conflict"], row["conflict_kind"]) == (own, "yours", own, "same_field")
    assert row["fields"] == {"service": {"base": None, "mine": "pos", "theirs": "scm"}}
    assert row["by"] == "Bagus Santoso"
    assert clock.parse(row["at"]) < clock.parse(row["made_at"])
    assert row["changed_since"] is False
    text = msc("sync", "list").out
    assert [word for word in text.split() if word in ("—", "pos", "scm")] == ["—", "pos", "scm"]
    assert "Bagus Santoso" in text


def test_what_changed_again_is_told_as_it_is_now(msc: Msc, desk: Desk, own: str) -> None:
    seed(desk, {"ticket": [mine(4, service="esign", ver=3)]})
    [row] = json.loads(msc("sync", "list", "--json").out)
    assert row["fields"]["service"]["theirs"] == "esign"
    assert row["changed_since"] is True
    assert "Bagus" not in msc("sync", "list").out


@pytest.mark.parametrize("keep", ["mine", "theirs", "note", "withdraw"])
def test_an_own_conflict_is_settled(msc: Msc, desk: Desk, own: str, keep: str) -> None:
    n = str(desk.find_act(own).n)
    dry = msc("sync", "resolve", n, "--keep", keep, "--dry-run")
    assert dry.code == Exit.OK
    assert choices(desk) == []
    ran = msc("sync", "resolve", n, "--keep", keep, "--json")
    assert ran.code == Exit.OK
    assert json.loads(ran.out)[0]["kind"] == "conflict.resolve"
    assert choices(desk) == [(own, keep)]
    assert desk.counts() == (1, 0)
    assert desk.find_ticket("4").service == ("pos" if keep == "mine" else "scm")


def test_a_fenced_act_is_left_to_the_holder(msc: Msc, desk: Desk) -> None:
    op = desk.set("4", service="pos").op
    held = mine(4, owner="bagus", owner_epoch=2, ver=2)
    seed(desk, {"ticket": [held]})
    refused(desk, conflict(op, kind=ConflictKind.FENCED), "fenced")
    assert msc("sync", "resolve", op, "--keep", "offer", "--dry-run").code == Exit.OK
    assert desk.counts() == (0, 1)
    [row] = json.loads(msc("sync", "list", "--json").out)
    assert row["ways"] == ["theirs", "note", "withdraw", "offer"]
    assert "theirs note withdraw offer" in msc("sync", "list").out
    ran = msc("sync", "resolve", op, "--keep", "mine")
    assert (ran.code, choices(desk)) == (Exit.CONFLICT, [])
    ran = msc("sync", "resolve", op, "--keep", "offer")
    assert ran.code == Exit.OK
    assert "diakhiri di sini" in ran.out
    assert "Bagus" in ran.err
    assert desk.counts() == (0, 0)
    [row] = json.loads(msc("sync", "list", "--json").out)
    assert (row["op"], row["standing"], row["n"]) == (op, "offered", None)
    assert row["ways"] == ["theirs", "note", "withdraw"]
    ran = msc("sync", "resolve", op, "--keep", "offer")
    assert (ran.code, choices(desk)) == (Exit.CONFLICT, [])
    assert msc("sync", "resolve", op[:13], "--keep", "withdraw").code == Exit.OK
    assert choices(desk) == [(op, "withdraw")]


def test_withdraw_does_what_the_key_on_the_screen_does(msc: Msc, desk: Desk) -> None:
    op = desk.set("4", service="pos").op
    seed(desk, {"ticket": [mine(4, owner="bagus", owner_epoch=2, ver=2)]})
    refused(desk, conflict(op, kind=ConflictKind.FENCED), "fenced")
    assert msc("sync", "withdraw", op).code == Exit.OK
    assert choices(desk) == [(op, "withdraw")]


def test_a_refusal_tells_what_stood_in_the_way_and_gives_no_advice_that_fails() -> None:
    told = refusal("held", {"owner_name": "Bagus", "since": "2026-11-24T02:12:00.000Z"})
    assert told == sentence("held_meanwhile", {"owner_name": "Bagus", "since": "2026-11-24T02:12:00.000Z"})
    assert refusal("op_unknown") == sentence("op_unknown")


def test_what_central_refused_for_good_is_let_go_not_taken_back(msc: Msc, desk: Desk) -> None:
    op = desk.set("4", service="pos").op
    with desk.cache.write() as conn:
        result = json.dumps({"result": "invalid", "reason": "nothing_to_set", "data": {}})
        conn.execute("UPDATE outbox SET state = 'attention', result = ? WHERE id = ?", (result, op))
    ran = msc("sync", "withdraw", op)
    assert ran.code == Exit.CONFLICT
    assert sentence("op_refused_withdraw") in ran.err
    assert desk.counts() == (0, 1)
    assert msc("sync", "dismiss", op).code == Exit.OK
    assert desk.counts() == (0, 0)


@pytest.mark.parametrize(("keep", "service"), [("mine", "pos"), ("theirs", None), ("note", None)])
def test_a_colleagues_proposal_is_adopted_declined_or_noted(
    msc: Msc, desk: Desk, keep: str, service: str | None
) -> None:
    proposed(desk)
    [row] = json.loads(msc("sync", "list", "--json").out)
    assert (row["op"], row["standing"], row["author"], row["n"]) == (OTHER, "proposal", "Bagus Santoso", None)
    assert row["ways"] == ["mine", "theirs", "note"]
    refusal = msc("sync", "resolve", OTHER, "--keep", "withdraw")
    assert refusal.code == Exit.NOT_ALLOWED
    assert "Bagus Santoso" in refusal.err
    assert msc("sync", "resolve", OTHER, "--keep", keep).code == Exit.OK
    assert choices(desk) == [(OTHER, keep)]
    assert desk.find_ticket("4").service == service


def test_what_waits_for_central_is_not_settled(msc: Msc, desk: Desk) -> None:
    desk.note("4", "catatan")
    ran = msc("sync", "resolve", "1", "nothing", "--keep", "mine", "--json")
    assert [row["error"]["key"] for row in json.loads(ran.out)] == ["op_not_refused", "op_unknown"]
    assert ran.code == Exit.CONFLICT
    assert len(desk.outbox()) == 1


def test_everything_unsettled_is_exported_and_kept(msc: Msc, desk: Desk, own: str, tmp_path: Path) -> None:
    sent = desk.note("1", "Sudah terkirim").op
    with desk.cache.write() as conn:
        from msc_console.store import sealing

        [envelope] = sealing.seal_batch(conn, PlainSigner(), "device-1", "i1", clock.now())
    waiting = desk.note("2", "Belum terkirim").op
    proposed(desk)
    file = tmp_path / "unsettled.json"
    before = [act for act, _label, _title in desk.outbox()]
    ran = msc("sync", "export", file)
    assert ran.code == Exit.OK
    assert "pelanggan" in ran.err
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = json.loads(file.read_text("utf-8"))
    assert found["format"] == "msc-unsettled-1"
    assert "pelanggan" in found["warning"]
    assert [(item["op"], canonical(item["envelope"])) for item in found["sealed"]] == [(sent, canonical(envelope))]
    assert {item["op"]: item["standing"] for item in found["open"]} == {own: "yours", waiting: "waiting"}
    assert next(item for item in found["open"] if item["op"] == waiting)["args"] == {"body": "Belum terkirim"}
    assert next(item for item in found["open"] if item["op"] == own)["fields"]["service"]["mine"] == "pos"
    assert [(item["op"], item["author"]) for item in found["proposals"]] == [(OTHER, "Bagus Santoso")]
    assert [act for act, _label, _title in desk.outbox()] == before


def test_an_export_writes_over_nothing_and_leaves_no_half_file(
    msc: Msc, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.note("4", "catatan")
    there = tmp_path / "ada.json"
    there.write_text("milik orang lain", "utf-8")
    ran = msc("sync", "export", there)
    assert ran.code == Exit.USAGE
    assert "Tidak ada yang ditulis" in ran.err
    assert there.read_text("utf-8") == "milik orang lain"

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("msc_console.saving.os.fsync", full)
    ran = msc("sync", "export", tmp_path / "baru.json")
    assert ran.code == Exit.USAGE
    assert "tetap tersimpan di laptop ini" in ran.err
    assert not (tmp_path / "baru.json").exists()


def test_every_line_has_a_reference_that_the_commands_take(msc: Msc, desk: Desk, own: str) -> None:
    """Ids of one minute begin alike; what `list` shows names one line alone, and `resolve` takes it."""
    proposed(desk)
    twin = OTHER[:-4] + "d" + OTHER[-3:]
    seed(desk, {"conflict": [conflict(twin, author="bagus", author_name="Bagus Santoso", kind=ConflictKind.FENCED)]})
    rows = {row["op"]: row["ref"] for row in json.loads(msc("sync", "list", "--json").out)}
    assert set(rows) == {own, OTHER, twin}
    assert rows[own].isdecimal()
    assert (rows[OTHER], rows[twin]) == ("c-c001", "c-d001")
    shown = msc("sync", "list").out
    assert all(ref in shown for ref in rows.values())
    longer = OTHER[:-5] + "1" + OTHER[-4:]
    seed(desk, {"conflict": [conflict(longer, author="bagus", author_name="Bagus Santoso", kind=ConflictKind.FENCED)]})
    again = {row["op"]: row["ref"] for row in json.loads(msc("sync", "list", "--json").out)}
    assert (again[OTHER], again[longer]) == ("c-0c001", "c-1c001")
    told = msc("sync", "resolve", "c-c001", "--keep", "theirs")
    assert told.code == Exit.USAGE
    assert "c-0c001" in told.err
    assert msc("sync", "resolve", again[longer], "--keep", "theirs").code == Exit.OK
    assert choices(desk) == [(longer, "theirs")]


def test_status_tells_a_clock_that_is_off(msc: Msc, desk: Desk) -> None:
    def heard(off: timedelta) -> None:
        now = clock.now()
        with desk.cache.write() as conn:
            kept_settings.hear_time(conn, now + off, now)

    heard(CLOCK_OFF - timedelta(seconds=1))
    assert "jam laptop" not in msc("sync", "status").out
    heard(timedelta(minutes=6))
    assert "jam laptop ini terlambat 6m" in msc("sync", "status").out
    assert json.loads(msc("sync", "status", "--json").out)["clock_offset"] == 360
