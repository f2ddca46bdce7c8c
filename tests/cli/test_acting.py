"""Acts from the command line: what is kept, what central says, exit codes, several tickets at once."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from msc_console import clock
from msc_console.desk import Desk, awaiting, conversing
from msc_console.domain.terms import State
from msc_console.errors import Exit
from msc_console.messages import sentence
from msc_console.store import settings as kept
from msc_console.store.outbox import OpState
from msc_console.sync.status import SyncStatus

from .conftest import IDS, Line, Msc

HOUR = timedelta(hours=1)
WRITES = (
    "ticket new Uji --contact andi",
    "ticket take 1",
    "ticket release 4",
    "ticket assign 4 --to bagus",
    "ticket move 4 --to priority",
    "ticket set 4 --urgency high --impact high",
    "ticket note 4 Catatan",
    "ticket reply 4 Balasan --channel email",
    "ticket call 4 --in --minutes 4 Bicara",
    "ticket time 4 --minutes 10",
    "ticket hold 4 --for customer --reason bukti",
    "ticket resolve 4 Sudah",
    "ticket cancel 4 --reason ganda",
    "ticket escalate 4 --tier l2 --reason log",
    "escalation ack 4 --proxy Hendra",
    "escalation return 4 Selesai --proxy Hendra",
    "contact new Budi --phone 021555 --email b@x.example",
)


def cache_now(desk: Desk) -> list[Any]:
    """Everything that an act could touch."""
    with desk.cache.read() as conn:
        return [
            [tuple(row) for row in conn.execute(f"SELECT * FROM {table} ORDER BY 1")]
            for table in ("ticket", "entry", "hop", "contact", "outbox", "journal", "base", "setting")
        ]


def one(out: str) -> dict[str, Any]:
    """The only result."""
    results: list[dict[str, Any]] = json.loads(out)
    assert len(results) == 1
    return results[0]


@pytest.mark.parametrize("words", WRITES)
def test_every_write_is_kept_and_said(msc: Msc, desk: Desk, words: str) -> None:
    ran = msc(*words.split(), "--json")
    assert ran.code == Exit.OK, ran.err
    result = one(ran.out)
    assert {"ref", "label", "op", "kind", "target", "dry_run", "changes", "state", "result"} == set(result)
    assert (result["state"], result["result"]) == ("open", None)
    assert [act.id for act, _label, _title in desk.outbox()] == [result["op"]]
    assert "Tersimpan di sini" in ran.err or "tersimpan di sini" in ran.err


@pytest.mark.parametrize("words", WRITES)
def test_a_dry_run_writes_nothing(msc: Msc, desk: Desk, words: str) -> None:
    before = cache_now(desk)
    ran = msc(*words.split(), "--dry-run", "--json")
    assert ran.code == Exit.OK, ran.err
    assert one(ran.out)["dry_run"] is True
    assert cache_now(desk) == before
    assert ran.err == ""


def test_a_dry_run_says_what_would_change(msc: Msc, desk: Desk) -> None:
    ran = msc("ticket", "take", "1", "--dry-run")
    assert "keadaan: baru → terbuka" in ran.out
    assert "pemegang: - → Rina Wulandari" in ran.out


def test_resume_close_and_reopen(msc: Msc, desk: Desk) -> None:
    for words, state in (
        ("hold 4 --for vendor --reason suku", State.WAITING_VENDOR),
        ("resume 4", State.OPEN),
        ("resolve 4 Beres", State.RESOLVED),
        ("close 4", State.CLOSED),
        ("reopen 4 --reason lagi", State.OPEN),
    ):
        assert msc("ticket", *words.split()).code == Exit.OK
        assert desk.find_ticket("4").state == state


def test_several_tickets_have_a_result_each(msc: Msc, desk: Desk) -> None:
    ran = msc("ticket", "take", "1", "3", "99", "2", "--json")
    results = json.loads(ran.out)
    assert [result["ref"] for result in results] == ["1", "3", "99", "2"]
    assert [result.get("error", {}).get("key") for result in results] == [None, "held", "ticket_unknown", None]
    assert ran.code == max(result["error"]["exit"] for result in results if "error" in result)
    assert desk.find_ticket("1").owner == desk.find_ticket("2").owner == "rina"
    plain = msc("ticket", "release", "1", "2", "99", "-q")
    assert plain.out.split() == ["MSC-000001", "MSC-000002"]
    assert plain.err.startswith("99: ")
    assert plain.code == Exit.FAILED


def test_refusals_have_their_exit_codes(msc: Msc, desk: Desk) -> None:
    assert msc("ticket", "take", "99").code == Exit.FAILED
    assert msc("ticket", "take", IDS[14][:-1]).code == Exit.USAGE
    assert msc("ticket", "note", "3").code == Exit.USAGE
    assert msc("ticket", "set", "4", "--priority", "critical", "--priority-reason", "penting").code == Exit.NOT_ALLOWED
    assert msc("ticket", "hold", "4", "--for", "customer").code == Exit.USAGE
    assert msc("ticket", "new", "x", "--contact", "and").code == Exit.USAGE
    assert msc("ticket", "new", "x", "--contact", "andi", "--contact-at", "kemarin").code == Exit.USAGE
    assert msc("ticket", "call", "4", "--minutes", "3").code == Exit.USAGE
    assert desk.outbox() == []


def test_words_from_a_file_and_from_standard_input(msc: Msc, desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "balasan.txt"
    file.write_bytes("\ufeffBaris satu\nBaris dua é\n".encode())
    assert msc("ticket", "note", "4", "--file", file).code == Exit.OK
    assert msc("ticket", "note", "4", "-", stdin=b"dari pipa \xff\n").code == Exit.OK
    bodies = [act.command.args["body"] for act, _label, _title in desk.outbox()]
    assert bodies == ["Baris satu\nBaris dua é", "dari pipa \ufffd"]
    assert msc("ticket", "note", "4", "x", "--file", file).code == Exit.USAGE
    assert msc("ticket", "note", "4", "--file", tmp_path / "none").code == Exit.USAGE
    assert msc("ticket", "note", "4", "").code == Exit.FAILED
    assert len(desk.outbox()) == 2


def test_a_new_ticket_has_an_alias_until_central_gives_a_number(msc: Msc, line: Line) -> None:
    line.cut = True
    assert msc("ticket", "new", "Uji", "--contact", "andi", "-q").out == "~K7Q-1\n"
    assert msc("ticket", "note", "~K7Q-1", "catatan").code == Exit.OK
    line.cut = False
    ran = msc("ticket", "new", "Lagi", "--contact", "andi", "--take", "-q")
    assert ran.out == "MSC-000102\n"
    assert ran.err == ""
    assert one(msc("ticket", "note", "101", "x", "--json").out)["label"] == "MSC-000101"


def test_central_answers_at_once_where_it_can(msc: Msc, line: Line) -> None:
    ran = msc("ticket", "take", "1", "--json")
    result = one(ran.out)
    assert (result["state"], result["result"]["result"]) == ("done", "applied")
    assert (ran.code, ran.err) == (Exit.OK, "")


def test_waiting_runs_out(msc: Msc, line: Line) -> None:
    line.cut = True
    kept = msc("ticket", "take", "1")
    assert kept.code == Exit.OK
    waited = msc("ticket", "note", "1", "x", "--wait", "0.2")
    assert waited.code == Exit.UNREACHABLE
    assert "tersimpan di sini" in waited.out
    line.cut = False
    assert msc("ticket", "note", "1", "y", "--wait").code == Exit.OK


def test_waiting_while_another_window_talks(msc: Msc, line: Line, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def other_window(desk: Desk, seconds: float) -> None:
        calls.append(seconds)
        if len(calls) == 3:
            line.sync_once(desk)

    monkeypatch.setattr(awaiting, "sync_once", other_window)
    monkeypatch.setattr(awaiting, "LOOK_SECONDS", 0.001)
    ran = msc("ticket", "take", "1", "--wait=20")
    assert ran.code == Exit.OK
    assert len(calls) == 3


def test_somebody_was_faster(msc: Msc, line: Line, desk: Desk) -> None:
    ticket = line.central.rows["ticket", IDS[1]]
    line.central.rows["ticket", IDS[1]] = replace(
        ticket,
        state=State.OPEN,
        owner="bagus",
        owner_epoch=1,
        ver=2,
        owned_at=clock.now(),
        claim_until=clock.now() + HOUR,
    )
    ran = msc("ticket", "take", "1", "--wait", "5", "--json")
    assert ran.code == Exit.CONFLICT
    result = one(ran.out)
    assert result["state"] == OpState.ATTENTION
    assert result["error"]["exit"] == Exit.CONFLICT
    assert "Bagus" in result["error"]["message"]
    waiting = json.loads(msc("sync", "list", "--json").out)
    assert [act["op"] for act in waiting] == [result["op"]]
    assert "Bagus" in msc("sync", "list").out
    assert msc("sync", "dismiss", waiting[0]["n"]).code == Exit.OK
    assert desk.counts()[1] == 0


def test_a_three_way_difference_is_a_conflict(msc: Msc, line: Line) -> None:
    ticket = line.central.rows["ticket", IDS[4]]
    line.central.rows["ticket", IDS[4]] = replace(ticket, service="scm", ver=2)
    ran = msc("ticket", "set", "4", "--service", "pos", "--wait", "5")
    assert ran.code == Exit.CONFLICT
    assert "service" in ran.err


def test_acts_are_taken_back_by_number(msc: Msc, desk: Desk) -> None:
    msc("ticket", "take", "1")
    msc("ticket", "note", "1", "x")
    first, second = (str(act.n) for act, _label, _title in desk.outbox())
    ran = msc("sync", "withdraw", second, "77", "--json")
    assert [row["error"] for row in json.loads(ran.out)] == [None, "op_unknown"]
    assert ran.code == Exit.FAILED
    assert msc("sync", "retry", first).code == Exit.CONFLICT
    assert msc("sync", "withdraw", first).code == Exit.OK
    assert desk.outbox() == []
    assert desk.find_ticket("1").owner is None


def test_ctrl_c_while_waiting_keeps_the_act(msc: Msc, line: Line, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def impatient(desk: Desk, seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(awaiting, "sync_once", impatient)
    ran = msc("ticket", "take", "1", "--wait", "-q")
    assert (ran.code, ran.out) == (Exit.INTERRUPTED, "MSC-000001\n")
    assert len(desk.outbox()) == 1


def test_what_only_a_person_can_mend_is_said_instead_of_a_promise(
    desk: Desk, line: Line, msc: Msc, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = SyncStatus(online=True, problem="session_superseded")
    monkeypatch.setattr(conversing, "sync_once", lambda *_args, **_more: ended)
    ran = msc("ticket", "note", "MSC-000004", "x")
    assert ran.code == 0
    assert ran.err.strip() == sentence("session_superseded")


def test_a_held_reply_waits_by_the_clock_of_this_laptop(desk: Desk) -> None:
    with desk.cache.write() as conn:
        kept.hear_time(conn, clock.now() + timedelta(hours=1), clock.now())
    desk.reply("MSC-000004", "Sebentar, Pak.", hold=timedelta(seconds=10))
    ((act, *_),) = desk.outbox()
    assert act.hold_until is not None
    assert act.hold_until - clock.now() <= timedelta(seconds=10)
    assert act.command.made_at - clock.now() > timedelta(minutes=59)
