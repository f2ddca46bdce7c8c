"""Setting up, changing, people and the demo, on both databases."""

import json
import os
import stat
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from msc_console import records
from msc_console.central import changes, masterkey, retention, seed, setup, tokens, world
from msc_console.central.centre import load, parse
from msc_console.central.db import Central
from msc_console.central.problems import ProblemError
from msc_console.clock import now as real_now
from msc_console.demo import customers, library
from msc_console.domain.model import Person, Ticket
from msc_console.domain.routing import Route, routes_from
from msc_console.domain.terms import Role, State, Tier
from msc_console.errors import UsageError
from msc_console.sync.wire import Code, Line

from .conftest import CENTRE, PASSWORD, Hands, Laptop, Place

DEMO = Path(seed.__file__).parents[1] / "demo" / "centre.toml"


def person(place: Place, login: str) -> Person:
    with place.central.read() as conn:
        row = conn.execute(text("SELECT * FROM person WHERE login = :login"), {"login": login}).mappings().one()
    return records.from_row(Person, dict(row))


def audited(place: Place) -> list[str]:
    with place.central.read() as conn:
        return list(conn.execute(text("SELECT act FROM audit ORDER BY seq")).scalars())


def apply(place: Place, config: str, dry_run: bool = False) -> dict[tuple[str, str], tuple[str, list[str]]]:
    found = setup.apply(place.url, parse(config), place.hands.at, dry_run)
    return {(change.entity, change.key): (change.act, list(change.fields)) for change in found}


def told(place: Place, login: str, cursor: str) -> tuple[list[tuple[str, str, str]], str]:
    """What a laptop hears after a cursor: (t, entity, id)."""
    heard: list[Line] = []
    while True:
        page = changes.read(place.central, person(place, login), cursor, 500, place.hands.at)
        heard, cursor = heard + page.lines, page.cursor
        if page.up_to_date:
            return [(line.t, line.entity, line.id) for line in heard], cursor


def test_a_new_centre_is_what_its_file_says(place: Place) -> None:
    with place.central.read() as conn:
        meta = {row.key: row.value for row in conn.execute(text("SELECT key, value FROM meta"))}
    assert (meta["site_name"], meta["site_zone"], meta["kdf"]) == ("Pusat Uji", "Asia/Jakarta", "test")
    assert person(place, "rina").queues == ("triage",)
    assert {"centre.site", "centre.queue", "centre.service", "centre.person", "centre.duty", "centre.policy"} <= set(
        audited(place)
    )
    assert apply(place, CENTRE) == {}
    path = Path(os.environ[masterkey.VARIABLE])
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_centre_is_set_up_once(place: Place) -> None:
    with pytest.raises(UsageError, match="central_set_up_already"):
        setup.init(place.url, place.centre, place.hands.at)


def test_an_empty_database_cant_be_changed_or_peopled(
    central_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(masterkey.VARIABLE, str(tmp_path / "central.key"))
    masterkey.create(tmp_path / "central.key")
    with pytest.raises(UsageError, match="central_not_set_up"):
        setup.apply(central_url, parse(CENTRE), real_now())
    with pytest.raises(UsageError, match="central_not_set_up"):
        setup.user_add(central_url, "rina", PASSWORD, real_now())


def test_a_dry_run_changes_nothing(place: Place) -> None:
    changed = CENTRE.replace('name = "Rina"', 'name = "Rina W."')
    before = audited(place)
    assert apply(place, changed, dry_run=True) == {("person", "rina"): ("change", ["name"])}
    assert (person(place, "rina").name, audited(place)) == ("Rina", before)
    assert apply(place, changed) == {("person", "rina"): ("change", ["name"])}
    assert (person(place, "rina").name, person(place, "rina").ver) == ("Rina W.", 2)
    assert apply(place, changed) == {}


@pytest.mark.protocol("P-103")
def test_changes_are_told_to_laptops(place: Place) -> None:
    _, cursor = told(place, "rina", "")
    changed = CENTRE.replace('name = "Budi"\nrole = "agent"\nqueues = ["triage"]', 'name = "Budi"\nrole = "supervisor"')
    changed = changed.replace('persons = ["budi"]', 'persons = ["rina", "budi"]').replace("version = 1", "version = 2")
    changed = changed.replace('[[service]]\nkey = "pos"\nname = "POS"\n', '[[service]]\nkey = "scm"\nname = "SCM"\n')
    found = apply(place, changed)
    assert found == {
        ("service", "scm"): ("add", []),
        ("service", "pos"): ("remove", []),
        ("person", "budi"): ("change", ["queues", "role"]),
        ("duty", "duty"): ("change", ["rows"]),
        ("policy", "2"): ("change", ["version"]),
    }
    heard, _ = told(place, "rina", cursor)
    assert sorted((t, entity) for t, entity, _ in heard) == [
        ("del", "service"), ("put", "duty"), ("put", "person"), ("put", "policy"), ("put", "service"),
    ]  # fmt: skip


@pytest.mark.protocol("P-103")
def test_a_duty_list_that_is_empty_now_is_told_too(place: Place) -> None:
    _, cursor = told(place, "rina", "")
    without = CENTRE.replace('[[duty]]\ntier = "l1"\npersons = ["budi"]\n', "")
    assert apply(place, without) == {("duty", "duty"): ("change", ["rows"])}
    assert told(place, "rina", cursor)[0] == [("put", "duty", "duty")]
    with place.central.read() as conn:
        assert world.documents(conn, "duty", ["duty"]) == {"duty": {"rows": []}}


@pytest.mark.protocol("P-103")
def test_a_site_change_is_told_with_zone_and_routes(place: Place) -> None:
    _, cursor = told(place, "rina", "")
    routed = CENTRE.replace("Asia/Jakarta", "Asia/Jayapura") + '\n[[route]]\nchannel = "social"\nqueue = "triage"\n'
    assert apply(place, routed) == {("site", "site"): ("change", ["routes", "site_zone"])}
    assert told(place, "rina", cursor)[0] == [("put", "site", "site")]
    with place.central.read() as conn:
        document = world.documents(conn, "site", ["site"])["site"]
    assert document["zone"] == "Asia/Jayapura"
    assert routes_from(document["routes"])[-1] == Route(channel="social", queue="triage")


@pytest.mark.protocol("P-105")
def test_queues_of_a_person_change_what_the_laptop_holds(place: Place) -> None:
    _, cursor = told(place, "rina", "")
    apply(place, CENTRE.replace('name = "Rina"\nrole = "agent"\nqueues = ["triage"]', 'name = "Rina"\nrole = "agent"'))
    heard, _ = told(place, "rina", cursor)
    assert ("put", "person", person(place, "rina").id) in heard
    assert person(place, "rina").queues == ()


@pytest.mark.protocol("P-029")
def test_who_leaves_the_file_is_switched_off_and_signed_out(place: Place) -> None:
    setup.user_add(place.url, "tamu", PASSWORD, place.hands.at, name="Tamu", role=Role.AGENT, queues=["triage"])
    made = place.sign_in("budi", Laptop.new())
    without = CENTRE.replace('[[person]]\nlogin = "budi"\nname = "Budi"\nrole = "agent"\nqueues = ["triage"]\n', "")
    without = without.replace('persons = ["budi"]', 'persons = ["rina"]')
    assert apply(place, without)["person", "budi"] == ("change", ["active"])
    assert not person(place, "budi").active
    assert person(place, "tamu").active, "who was never in the file stays"
    with pytest.raises(ProblemError, match="session_ended"):
        tokens.authenticate(place.central, made.access, "access", place.hands.at)
    assert apply(place, without) == {}
    assert apply(place, CENTRE)["person", "budi"] == ("change", ["active"])


def test_a_queue_with_open_tickets_stays(place: Place) -> None:
    ticket = Ticket(
        id="t1", subject="x", queue="priority", contact_at=place.hands.at, created_at=place.hands.at,
        updated_at=place.hands.at, state=State.OPEN,
    )  # fmt: skip
    row = records.to_row(ticket)
    with place.central.write() as conn:
        names = ", ".join(f'"{name}"' for name in row)
        conn.execute(text(f"INSERT INTO ticket ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row)
    without = CENTRE.replace('[[queue]]\nkey = "priority"\nname = "Priority"\nkind = "b2b"\n', "")
    with pytest.raises(UsageError, match="queue_not_empty"):
        apply(place, without)
    with place.central.write() as conn:
        conn.execute(text("UPDATE ticket SET state = 'closed'"))
    assert apply(place, without) == {("queue", "priority"): ("remove", [])}


def test_a_policy_needs_a_new_version(place: Place) -> None:
    with pytest.raises(UsageError, match="policy_version_not_raised"):
        apply(place, CENTRE + "response_minutes = 10\n")
    assert apply(place, CENTRE.replace("version = 1", "version = 2") + "response_minutes = 10\n") == {
        ("policy", "2"): ("change", ["response", "version"])
    }


def test_people_are_added_once(place: Place) -> None:
    with pytest.raises(UsageError, match="user_exists"):
        setup.user_add(place.url, "rina", PASSWORD, place.hands.at)
    with pytest.raises(UsageError, match="user_needs_name_and_role"):
        setup.user_add(place.url, "tamu", PASSWORD, place.hands.at)
    with pytest.raises(UsageError, match="bad_login"):
        setup.user_add(place.url, "A B", PASSWORD, place.hands.at, name="T", role=Role.AGENT)
    with pytest.raises(UsageError, match="queue_unknown"):
        setup.user_add(place.url, "tamu", PASSWORD, place.hands.at, name="T", role=Role.AGENT, queues=["vip"])
    with pytest.raises(UsageError, match="password_too_short"):
        setup.user_add(place.url, "tamu", "short", place.hands.at, name="T", role=Role.AGENT)
    made = setup.user_add(place.url, "tamu", PASSWORD, place.hands.at, name="T", role=Role.RESOLVER, tier=Tier.L2)
    assert made.uri == f"otpauth://totp/Pusat%20Uji:tamu?secret={made.secret}&issuer=Pusat%20Uji"
    place.secrets["tamu"] = made.secret
    assert place.sign_in("tamu", Laptop.new()).person["tier"] == "l2"
    listed = {row["login"]: row["can_sign_in"] for row in setup.user_list(place.url)}
    assert listed == {"budi": True, "rina": True, "tamu": True}
    with place.central.read() as conn:
        stored = json.dumps([list(map(str, row)) for row in conn.execute(text("SELECT * FROM person"))])
    assert made.secret not in stored
    assert PASSWORD not in stored


def test_test_costs_and_production_costs_dont_mix(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from msc_console.central.serve import settings_for

    assert settings_for(place.central, place.url).passwords.kdf.name == "test"
    monkeypatch.delenv("MSC_KDF")
    with pytest.raises(UsageError, match="password_costs_differ"):
        settings_for(place.central, place.url)
    with pytest.raises(UsageError, match="password_costs_differ"):
        setup.user_add(place.url, "tamu", PASSWORD, place.hands.at, name="T", role=Role.AGENT)


@pytest.mark.slow
def test_the_demo_passes_the_rules(central_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSC_KDF", "test")
    monkeypatch.setenv(masterkey.VARIABLE, str(tmp_path / "central.key"))
    now = real_now()
    setup.init(central_url, load(DEMO), now)
    report = seed.seed(central_url, now)
    assert report.refused == ()
    assert {way.login for way in report.people} >= {"agent", "sari", "hendra"}
    assert all(len(way.password) >= 15 for way in report.people)
    central = Central.open(central_url)
    try:
        with central.read() as conn:
            counts = {
                table: conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
                for table in ("ticket", "contact", "organisation", "article")
            }
            waiting = conn.execute(text("SELECT count(*) FROM dispatch WHERE state = 'queued'")).scalar_one()
            hops = conn.execute(text("SELECT count(*) FROM hop")).scalar_one()
            replies = conn.execute(text("SELECT DISTINCT delivery FROM entry WHERE kind = 'reply'")).scalars().all()
        content = {"contact": len(customers.CUSTOMERS), "organisation": len(customers.COMPANIES)}
        assert counts == {"ticket": 120, "article": len(library.articles(now))} | content
        assert (waiting, replies) == (0, ["sent"])
        assert hops >= 10
        way = next(item for item in report.people if item.login == "agent")
        place = Place(
            central_url, central, masterkey.load(tmp_path / "central.key"), _hands(now), load(DEMO),
            {"agent": way.enrolment.secret},
        )  # fmt: skip
        laptop = Laptop.new()
        token = place.auth.sign_in(place.ask("agent", laptop, way.password), "10.0.0.1", now).token
        assert place.auth.code(token, Code(code=place.code("agent")), now).person["login"] == "agent"
    finally:
        central.close()
    with pytest.raises(UsageError, match="central_not_empty"):
        seed.seed(central_url, now)


def _hands(now: datetime) -> Hands:
    hands = Hands()
    hands.at = now
    return hands


def test_laptops_are_told_after_how_long_to_lock(place: Place) -> None:
    (change,) = setup.apply(place.url, replace(place.centre, lock_minutes=5), place.hands.at)
    assert set(change.fields) == {"site_lock_minutes"}
    with place.central.read() as conn:
        assert world.documents(conn, "site", ["site"])["site"]["lock_minutes"] == "5"


def test_how_long_persons_are_kept_is_the_files_word(place: Place) -> None:
    (change,) = setup.apply(place.url, replace(place.centre, retention={"contacts": 730, "acts": 400}), place.hands.at)
    assert set(change.fields) == {retention.key("contacts"), retention.key("acts")}
    with place.central.read() as conn:
        assert retention.policy(conn) == {"contacts": 730, "acts": 400}
    assert setup.apply(place.url, replace(place.centre, retention={"contacts": 730, "acts": 400}), place.hands.at) == []
