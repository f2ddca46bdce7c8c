"""What central can say of a lost laptop: whose data, which tickets, which sessions, what was taken away, by when."""

import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from msc_console.central import incident, ledger
from msc_console.central.devices import end
from msc_console.central.system import ACTOR, SYSTEM, op_id
from msc_console.cli.central import app
from msc_console.clock import iso
from msc_console.domain.commands import Command
from msc_console.errors import Exit, NotFound, UsageError

from .conftest import Laptop, Place
from .talk import told_by_central

MARK = "Ibu Sri Rahasia"


@pytest.fixture
def lost(place: Place) -> Laptop:
    """Rina's laptop: she signed in, her queue has a ticket with a customer, and one that has left her queue since."""
    contact = Command(
        id=op_id("ana"), kind="contact.create", actor=SYSTEM.id, target=op_id("ana", "contact"),
        args={"name": MARK, "addresses": [{"channel": "email", "value": "sri@contoh.test"}]}, made_at=place.hands.at,
    )  # fmt: skip
    made = [told_by_central(place, name, queue) for name, queue in (("satu", "triage"), ("lain", "priority"))]
    moved = told_by_central(place, "pindah")
    tell(place, contact, *made, moved)
    laptop = Laptop.new()
    place.sign_in("rina", laptop)
    place.hands.move(seconds=3600)
    away = Command(
        id=op_id("m"), kind="ticket.move", actor=SYSTEM.id, target=moved.target, args={"queue": "priority"},
        before={"queue": "triage"}, made_at=place.hands.at,
    )  # fmt: skip
    tell(place, away)
    return laptop


def tell(place: Place, *commands: Command) -> None:
    results = ledger.system(place.central, commands, place.hands.at)
    assert {str(result.result) for result in results} == {"applied"}, results


def report(place: Place, hours: float = 2, **more: Any) -> dict[str, Any]:
    now = place.hands.at
    asked = incident.Asked(**({"since": now - timedelta(hours=hours), "until": now, "known": now} | more))
    with place.central.write() as conn:
        return incident.report(conn, asked, ACTOR, now)


def ticket(name: str) -> str:
    return op_id(name, "ticket")


def test_a_laptop_may_have_held_what_was_told_to_its_person(place: Place, lost: Laptop) -> None:
    found = report(place, device=lost.device)
    assert {one["id"] for one in found["tickets"]} == {ticket("satu"), ticket("pindah")}
    assert [one["id"] for one in found["contacts"]] == [op_id("ana", "contact")]
    (rina,) = found["people"]
    assert (rina["login"], rina["roles"], rina["tickets"], rina["contacts"]) == ("rina", ["agent"], 2, 1)
    assert {"contact.addresses", "entry.internal", "queue:triage"} <= {*rina["classes"], *rina["groups"]}
    assert MARK not in json.dumps(found), "ids and counts: the report is no second leak"
    assert "sri@contoh.test" not in json.dumps(found)


def test_what_had_left_before_it_began_was_not_there(place: Place, lost: Laptop) -> None:
    place.hands.move(seconds=3600)
    found = report(place, hours=0.5, device=lost.device)
    assert {one["id"] for one in found["tickets"]} == {ticket("satu")}


def test_what_came_after_it_was_over_was_not_there(place: Place, lost: Laptop) -> None:
    over = place.hands.at
    place.hands.move(seconds=60)
    tell(place, told_by_central(place, "kemudian"))
    found = report(place, until=over, person="rina")
    assert ticket("kemudian") not in {one["id"] for one in found["tickets"]}
    assert ticket("kemudian") in {one["id"] for one in report(place, person="rina")["tickets"]}


def test_a_queue_that_was_taken_away_within_the_time_counts(place: Place, lost: Laptop) -> None:
    begin = place.hands.at
    with place.central.write() as conn:
        conn.execute(text("UPDATE person SET queues = '[\"priority\"]' WHERE login = 'rina'"))
    place.hands.move(seconds=60)
    found = report(place, since=begin, device=lost.device)
    assert {one["id"] for one in found["tickets"]} >= {ticket("satu"), ticket("lain")}
    with place.central.write() as conn:
        conn.execute(text("UPDATE person SET role = 'wfm' WHERE login = 'rina'"))
    place.hands.move(seconds=60)
    later = report(place, since=place.hands.at, until=place.hands.at, device=lost.device)
    assert (later["tickets"], later["contacts"], later["people"][0]["classes"]) == ([], [], [])


def test_sessions_sign_ins_files_and_what_was_taken_away(place: Place, lost: Laptop) -> None:
    with place.central.write() as conn:
        end(conn, lost.person, ACTOR, place.hands.at)
    found = report(place, device=lost.device)
    assert [one["device"] for one in found["sessions"]] == [lost.device]
    assert found["sessions"][0]["revoked_at"] == iso(place.hands.at)
    assert [one["state"] for one in found["devices"]] == ["revoked"]
    assert "session.start" in {one["act"] for one in found["sign_ins"]}
    assert "device.revoke" in {one["act"] for one in found["ended"]}
    assert report(place, since=place.hands.at + timedelta(days=2), until=place.hands.at + timedelta(days=3),
                  device=lost.device)["sessions"] == []  # fmt: skip


def test_it_says_by_when_and_is_in_the_trail(place: Place, lost: Laptop) -> None:
    known = place.hands.at - timedelta(hours=5)
    found = report(place, device=lost.device, known=known)
    assert found["report_due"] == iso(known + timedelta(hours=72))
    with place.central.read() as conn:
        told = conn.execute(text("SELECT data FROM audit WHERE act = 'incident.report'")).scalar_one()
    assert json.loads(told)["devices"] == [lost.device]
    assert json.loads(told)["tickets"] == 2


def test_a_time_without_laptop_or_person_is_about_all_who_were_there(place: Place, lost: Laptop) -> None:
    found = report(place)
    assert [one["login"] for one in found["people"]] == ["rina"]
    assert {one["act"] for one in found["other"]} >= {"device.new"}
    assert report(place, since=place.hands.at + timedelta(days=1), until=place.hands.at + timedelta(days=2))[
        "people"
    ] == []  # fmt: skip


def test_what_is_not_there_is_said(place: Place) -> None:
    for wrong in ({"device": "ZZZ"}, {"person": "siapa"}):
        with pytest.raises(NotFound):
            report(place, **wrong)
    with pytest.raises(UsageError, match="incident_times"):
        report(place, until=place.hands.at - timedelta(days=3))


def test_two_files_for_their_owner_alone(place: Place, lost: Laptop, tmp_path: Path) -> None:
    file, since = tmp_path / "kasus.json", iso(place.hands.at - timedelta(hours=2))
    words = ["incident", str(file), "-d", place.url, "--since", since, "--until", iso(place.hands.at)]
    code = report(place, device=lost.device)["devices"][0]["code"]
    done = CliRunner().invoke(app, [*words, "--device", code.lower()])
    assert done.exit_code == Exit.OK, done.output
    assert code in done.stdout
    whole, page = json.loads(file.read_text()), (tmp_path / "kasus.txt").read_text()
    assert {one["id"] for one in whole["tickets"]} == {ticket("satu"), ticket("pindah")}
    assert "MSC-000001" in page
    assert MARK not in page
    for path in (file, tmp_path / "kasus.txt"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert CliRunner().invoke(app, [*words, "--device", code]).exit_code == Exit.USAGE, "the file is there"
    for more in (["--device", code, "--person", "rina"], ["--person", "siapa"], ["--known", "kemarin"]):
        words[1] = str(tmp_path / "lain.json")
        assert CliRunner().invoke(app, [*words, *more]).exit_code in (Exit.USAGE, Exit.FAILED)
    assert not (tmp_path / "lain.json").exists()
