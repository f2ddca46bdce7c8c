"""Somebody who has left is erased: the name is nowhere, the login is free, nothing lets them in, their acts verify."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from msc_console import seal
from msc_console.central import enrolling, former, people, privacy, recovery_codes, setup, sql, tokens
from msc_console.central.centre import parse
from msc_console.domain.model import Person
from msc_console.domain.terms import Role
from msc_console.errors import NotFound
from msc_console.sync.wire_people import Former
from tests.central.ledger.desks import At
from tests.central.ledger.stage import NOW, Laptop, Stage, set_up

from .accounts import audited, make_code, person
from .conftest import CENTRE, Place, Server
from .conftest import Laptop as Machine
from .talk import failed
from .test_auth import problem
from .test_people import acts, off

NAME = "Rina Wulandari"


@pytest.fixture
def stage(place: Place) -> Stage:
    """The ledger's people at a central that has sessions, one of them with a name of her own."""
    with place.central.write() as conn:
        for table in ("person", "queue", "standing"):
            conn.execute(text(f"DELETE FROM {table}"))
        conn.execute(text("UPDATE meta SET value = '[]' WHERE key = 'centre_logins'"))
    found = set_up(place.central)
    found.rina = found.change(found.rina, name=NAME)
    return found


@pytest.fixture
def budi_desk(stage: Stage) -> Iterator[At]:
    at = At(stage, stage.budi)
    yield at
    at.close()


def erase(place: Place, login: str, by: Person, *, dry_run: bool = False) -> Former:
    done: Former = acts(
        place, lambda conn: people.erase(place.central, conn, login, by, place.hands.at), dry_run=dry_run
    )
    return done


def everywhere(stage: Stage, word: str) -> list[str]:
    """Tables of central in which a word still stands."""
    found = []
    with stage.central.read() as conn:
        names = (
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            if stage.central.dialect == "sqlite"
            else "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
        )
        for table in conn.execute(text(names)).scalars().all():
            rows = conn.execute(text(f'SELECT * FROM "{table}"')).all()
            found += [table for row in rows if word in repr(tuple(row))]
    return sorted(set(found))


def holds(at: At, word: str) -> list[str]:
    """Tables of a laptop's cache in which a word still stands."""
    with at.cache.read() as conn:
        names = [row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
        plain = [name for name in names if "fts" not in name and not name.startswith(("sqlite_", "search_"))]
        rows = [
            (name, repr(tuple(row))) for name in plain for row in conn.execute(f'SELECT * FROM "{name}"').fetchall()
        ]
    return sorted({name for name, row in rows if word in row})


def worked(stage: Stage, desk: At) -> Laptop:
    """Rina notes and takes a ticket, budi's take is fenced by hers; what met a conflict is kept as a note."""
    rina = stage.laptop(stage.rina)
    ticket = rina.create()
    assert rina.do("entry.note", ticket, {"body": "dilihat"}).result == "applied"
    desk.sync()
    desk.desk.take(ticket)
    row = stage.row("ticket", ticket)
    taken = rina.do("ticket.take", ticket, before={"owner": None}, basis={"epoch": 0, "ver": row["ver"]})
    assert taken.result == "applied", taken
    desk.sync()
    stale = {"epoch": 1, "ver": stage.row("ticket", ticket)["ver"]}
    clash = rina.do("ticket.set", ticket, {"subject": "Lagi"}, before={"subject": "Lama"}, basis=stale)
    assert clash.result == "conflict"
    kept = rina.do("conflict.resolve", ticket, {"conflict": clash.op, "choice": "note"}, basis=stale)
    assert kept.result == "applied", kept
    desk.sync()
    return rina


@pytest.mark.protocol("P-224")
def test_no_copy_of_the_name_is_left_and_acts_still_verify(place: Place, stage: Stage, budi_desk: At) -> None:
    rina = worked(stage, budi_desk)
    boss = replace(stage.lead, role=Role.MANAGER)
    assert {"person", "entry", "conflict", "op"} <= set(everywhere(stage, NAME))
    assert {"person", "entry", "outbox"} <= set(holds(budi_desk, NAME))
    off(place, "rina", boss, offboard=True)
    tried = erase(place, "rina", boss, dry_run=True)
    assert "entry" in everywhere(stage, NAME)
    done = erase(place, "rina", boss)
    pseudonym = privacy.nobody(stage.rina.id)
    assert done == tried == Former(was="rina", login=pseudonym, entries=done.entries)
    assert done.entries >= 4
    while former.step(place.central, NOW):
        pass
    assert everywhere(stage, NAME) == []
    assert stage.scalar("SELECT count(*) FROM entry WHERE author_name = :name", name=pseudonym) == done.entries
    budi_desk.sync()
    assert holds(budi_desk, NAME) == []
    with stage.central.read() as conn:
        rows = sql.rows(conn, text("SELECT envelope FROM op WHERE device = :device ORDER BY counter"), device=rina.id)
    for row in rows:
        envelope = json.loads(row["envelope"])
        bare = envelope | {"salt": "", "args": {}, "before": {}}
        assert seal.verify(rina.public, seal.signed_bytes(bare), envelope["sig"])
    assert [audited(place, act) for act in ("person.erase", "person.unnamed")] == [1, 1]
    assert former.step(place.central, NOW) == 0


@pytest.mark.protocol("P-224")
def test_copies_go_in_portions_and_a_new_process_goes_on(
    place: Place, stage: Stage, budi_desk: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked(stage, budi_desk)
    boss = replace(stage.lead, role=Role.MANAGER)
    off(place, "rina", boss, offboard=True)
    erase(place, "rina", boss)
    monkeypatch.setattr(former, "AT_ONCE", 2)
    assert former.step(place.central, NOW) == 2
    place.central.memory.clear()
    steps = []
    while step := former.step(place.central, NOW):
        steps.append(step)
    assert max(steps[:-1]) == 2
    assert everywhere(stage, NAME) == []


@pytest.mark.protocol("P-224")
def test_every_way_in_is_gone_and_the_login_is_free(place: Place, server: Server) -> None:
    rina, boss = person(place, "rina"), person(place, "budi", Role.MANAGER)
    place.sign_in("rina", Machine.new())
    make_code(place)
    with place.central.write() as conn:
        recovery_codes.make(conn, rina.id, place.hands.at)
        enrolling.make(conn, "rina", boss.id, place.hands.at)
        conn.execute(text("UPDATE meta SET value = '[]' WHERE key = 'centre_logins'"))
    off(place, "rina", boss, offboard=True)
    lead = server(place.sign_in("budi", Machine.new()).access)
    told = lead.post("/v1/users/rina/erase", json={}).json()
    row = stage_row(place, rina.id)
    for name in ("password_hash", "totp_secret", "totp_pending", "locked_until", "extra"):
        assert row[name] is None, name
    assert (row["login"], row["name"], row["queues"], row["skills"]) == (told["login"], told["login"], "[]", "{}")
    for table, key in (
        ("session_token", "person"), ("recovery_code", "person"), ("enrolment", "person"), ("reset", "person"),
        ("notice", "person"), ("service_token", "owner"),
    ):  # fmt: skip
        with place.central.read() as conn:
            found = conn.execute(text(f"SELECT count(*) FROM {table} WHERE {key} = :id"), {"id": rina.id})
            assert found.scalar_one() == 0, table
    with place.central.read() as conn:
        assert [tokens.by_id(conn, "device", device)["name"] for device in _devices(conn, rina.id)] == [""]
        told_others = conn.execute(text("SELECT data FROM notice WHERE code = 'person_left'")).scalars().all()
    assert not [data for data in told_others if "rina" in data]
    assert [user["login"] for user in lead.get("/v1/users").json()["users"]] == ["budi"]
    failed(lead.get(f"/v1/users/{told['login'].replace('#', '%23')}"), 404, "not_found")
    failed(lead.post("/v1/users/rina/erase", json={}), 404, "not_found")
    new = {"login": "rina", "name": "Rina Lain", "role": "agent", "queues": ["triage"]}
    assert lead.post("/v1/users", json=new).json()["user"]["name"] == "Rina Lain"


def _devices(conn: Any, person_id: str) -> list[str]:
    return list(conn.execute(text("SELECT id FROM device WHERE person = :id"), {"id": person_id}).scalars())


def stage_row(place: Place, id: str) -> dict[str, Any]:
    with place.central.read() as conn:
        return tokens.by_id(conn, "person", id)


@pytest.mark.protocol("P-224")
def test_nobody_is_erased_who_has_not_left_or_stands_in_the_file(place: Place) -> None:
    boss = person(place, "budi", Role.MANAGER)
    technician = Person(id="0", login="teknisi", name="Teknisi", role=Role.DUKTEK)
    place.sign_in("rina", Machine.new())
    assert problem(lambda: erase(place, "rina", boss)).code == "erase_not_offboarded"
    off(place, "rina", boss)
    assert problem(lambda: erase(place, "rina", boss)).code == "erase_not_offboarded", "the laptop is still good"
    off(place, "rina", boss, offboard=True)
    assert problem(lambda: erase(place, "rina", boss)).code == "erase_in_file"
    setup.apply(place.url, parse(CENTRE.replace(RINA, "")), place.hands.at)
    person(place, "rina", Role.MANAGER)
    assert problem(lambda: erase(place, "rina", technician)).code == "account_above"
    with pytest.raises(NotFound):
        erase(place, "siapa", boss)
    assert audited(place, "person.erase") == 0
    assert erase(place, "rina", boss).was == "rina"


RINA = '[[person]]\nlogin = "rina"\nname = "Rina"\nrole = "agent"\nqueues = ["triage"]\n'


@pytest.mark.protocol("P-224")
def test_the_trail_names_nobody_by_login(place: Place) -> None:
    setup.apply(place.url, parse(CENTRE.replace('name = "Rina"', 'name = "Rina W."')), place.hands.at)
    with place.central.read() as conn:
        told = conn.execute(text("SELECT data FROM audit WHERE act = 'centre.person'")).scalars().all()
    assert told
    assert not [data for data in told if "rina" in data]
