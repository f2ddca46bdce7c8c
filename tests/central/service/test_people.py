"""People for those who look after them: who sees and changes whom, off-boarding, and that one administrator stays."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from msc_console.central import (
    enrolling,
    ledger,
    own_account,
    people,
    recovery_codes,
    resets,
    scripts,
    setup,
    spool,
    tokens,
)
from msc_console.central.centre import parse
from msc_console.central.system import SYSTEM, op_id
from msc_console.clock import iso
from msc_console.domain.commands import Command
from msc_console.domain.model import Person
from msc_console.domain.terms import Role
from msc_console.errors import NotFound
from msc_console.sync.wire import TokenAsk
from msc_console.sync.wire_people import Ended, RoleAsk, UserMade, UserNew

from .accounts import audited, first_step, person
from .conftest import CENTRE, Laptop, Place, Server
from .talk import create, failed, pull, push
from .test_auth import problem
from .test_spool import _sealed, _signed_in


def acts(place: Place, act: Callable[[Connection], Any], *, dry_run: bool = False) -> Any:
    """One change; where a lock was waited for too long it is asked again, as a laptop does at 503."""
    while True:
        try:
            return people.change(place.central, act, dry_run=dry_run)
        except OperationalError:
            continue


def add(place: Place, login: str, role: Role, *queues: str, by: Person | None = None) -> UserMade:
    lead = by or Person(id=SYSTEM.id, login="pendiri", name="Pendiri", role=Role.MANAGER)
    ask = UserNew(login, login.title(), str(role), "l0", list(queues))
    made: UserMade = acts(place, lambda conn: people.add(conn, ask, lead, "sandi", "hash", place.hands.at))
    return made


def off(place: Place, login: str, by: Person, *, offboard: bool = False, dry_run: bool = False) -> Ended:
    def act(conn: Connection) -> Ended:
        return people.switch_off(place.central, conn, login, by, place.hands.at, offboard=offboard)

    done: Ended = acts(place, act, dry_run=dry_run)
    return done


def give(place: Place, login: str, role: Role, by: Person) -> Any:
    ask = RoleAsk(str(role))
    return acts(place, lambda conn: people.change_role(place.central, conn, login, ask, by, place.hands.at))


def count(place: Place, statement: str, **binds: Any) -> int:
    with place.central.read() as conn:
        return int(conn.execute(text(statement), binds).scalar_one())


# -- who sees and changes whom


@pytest.mark.protocol("P-220")
def test_a_supervisor_looks_after_the_front_line_of_the_own_queues(place: Place) -> None:
    add(place, "wati", Role.AGENT_B2B, "priority")
    add(place, "qori", Role.QA, "triage")
    lead = replace(person(place, "budi", Role.SUPERVISOR), queues=("triage",))
    with place.central.read() as conn:
        seen = [user.login for user in people.listed(conn, lead, place.hands.at)]
        assert seen == ["budi", "rina"]
        with pytest.raises(NotFound):
            people.page(conn, "qori", lead, place.hands.at)
        everybody = people.listed(conn, person_of(Role.DUKTEK), place.hands.at)
    assert [user.login for user in everybody] == ["budi", "qori", "rina", "wati"]


def person_of(role: Role) -> Person:
    return Person(id="0", login="siapa", name="Siapa", role=role)


@pytest.mark.protocol("P-221")
def test_nobody_changes_an_account_of_more_rights(place: Place) -> None:
    technician = person_of(Role.DUKTEK)
    code = place.sign_in("rina", Laptop.new()).device_code
    person(place, "rina", Role.MANAGER)

    def revoke(conn: Connection) -> Any:
        return people.revoke(place.central, conn, code, technician, place.hands.at)

    tried: list[Callable[[], Any]] = [
        lambda: off(place, "rina", technician),
        lambda: give(place, "rina", Role.AGENT, technician),
        lambda: give(place, "budi", Role.MANAGER, technician),
        lambda: add(place, "baru", Role.SUPERVISOR, by=technician),
        lambda: acts(place, revoke),
    ]
    assert [problem(act).code for act in tried] == ["account_above"] * len(tried)
    assert count(place, "SELECT count(*) FROM person") == 2
    assert count(place, "SELECT count(*) FROM person WHERE login = 'rina' AND active = 1") == 1


@pytest.mark.protocol("P-222")
def test_the_last_who_may_change_accounts_stays(place: Place) -> None:
    lead = person(place, "budi", Role.MANAGER)
    tried: list[Callable[[], Any]] = [
        lambda: off(place, "budi", lead),
        lambda: off(place, "budi", lead, offboard=True),
        lambda: give(place, "budi", Role.AGENT, lead),
    ]
    assert [problem(act).code for act in tried] == ["last_administrator"] * len(tried)
    assert count(place, "SELECT count(*) FROM person WHERE login = 'budi' AND active = 1 AND role = 'manager'") == 1
    with place.central.write() as conn:  # one of the set-up file, to whom nobody has given a password yet
        conn.execute(text("UPDATE person SET role = 'duktek', password_hash = NULL WHERE login = 'rina'"))
    assert problem(tried[2]).code == "last_administrator"
    with place.central.write() as conn:
        conn.execute(text("UPDATE person SET password_hash = 'x' WHERE login = 'rina'"))
    assert tried[2]().role == "agent"


@pytest.mark.protocol("P-222")
def test_two_who_switch_each_other_off_at_once_leave_one(place: Place) -> None:
    for turn in range(10):
        rina, budi = person(place, "rina", Role.MANAGER), person(place, "budi", Role.MANAGER)
        with place.central.write() as conn:
            conn.execute(text("UPDATE person SET active = 1"))

        def first(by: Person = rina) -> Any:
            return off(place, "budi", by)

        def other(by: Person = budi, odd: int = turn % 2) -> Any:
            return off(place, "rina", by) if odd else give(place, "rina", Role.AGENT, by)

        with ThreadPoolExecutor(2) as pool:
            errors = [done.exception() for done in [pool.submit(first), pool.submit(other)]]
        assert [str(error) for error in errors if error is not None] == ["last_administrator"]
        assert count(place, "SELECT count(*) FROM person WHERE active = 1 AND role = 'manager'") == 1


@pytest.mark.protocol("P-221")
def test_two_changes_of_one_account_at_once_are_both_made(place: Place) -> None:
    lead = person(place, "budi", Role.MANAGER)
    for _ in range(10):
        with place.central.write() as conn:
            conn.execute(text("UPDATE person SET active = 1, role = 'agent' WHERE login = 'rina'"))
        with ThreadPoolExecutor(2) as pool:
            made = [pool.submit(off, place, "rina", lead), pool.submit(give, place, "rina", Role.EOS, lead)]
        assert [done.exception() for done in made] == [None, None]
        assert count(place, "SELECT count(*) FROM person WHERE login = 'rina' AND active = 0 AND role = 'eos'") == 1


# -- on, off, new, another role


@pytest.mark.protocol("P-029", "P-221")
def test_an_account_goes_off_and_on_over_http(place: Place, server: Server) -> None:
    person(place, "budi", Role.MANAGER)
    laptop = Laptop.new()
    lead = server(place.sign_in("budi", Laptop.new()).access)
    rina = server(place.sign_in("rina", laptop).access)
    tried = lead.post("/v1/users/rina/disable", json={"dry_run": True}).json()
    assert (tried["user"]["active"], tried["sessions"]) == (False, 1)
    pull(rina)
    done = lead.post("/v1/users/rina/disable", json={})
    assert (done.status_code, done.json()) == (200, tried)
    failed(rina.get("/v1/changes"), 401, "session_ended")
    assert lead.post("/v1/users/rina/disable", json={}).json()["sessions"] == 0
    assert audited(place, "person.disable") == 1
    assert lead.post("/v1/users/rina/enable", json={}).json()["active"] is True
    assert audited(place, "person.enable") == 1
    pull(server(place.sign_in("rina", laptop).access))
    failed(lead.get("/v1/users/tidak-ada"), 404, "not_found")


@pytest.mark.protocol("P-220")
def test_sessions_of_somebody_are_seen_and_ended(place: Place, server: Server) -> None:
    person(place, "budi", Role.MANAGER)
    made = place.sign_in("rina", Laptop.new())
    lead = server(place.sign_in("budi", Laptop.new()).access)
    page = lead.get("/v1/users/rina").json()
    assert [(one["device"], one["name"]) for one in page["sessions"]] == [(made.device_code, "laptop uji")]
    assert [one["code"] for one in page["devices"]] == [made.device_code]
    assert lead.post("/v1/users/rina/sessions/end", json={}).json()["sessions"] == 1
    failed(server(made.access).get("/v1/changes"), 401, "session_ended")
    assert lead.get("/v1/users/rina").json()["sessions"] == []
    assert audited(place, "person.sessions_end") == 1


@pytest.mark.protocol("P-221")
def test_a_new_person_signs_in_with_the_first_password_and_sets_the_authenticator_up(
    place: Place, server: Server
) -> None:
    person(place, "budi", Role.MANAGER)
    lead = server(place.sign_in("budi", Laptop.new()).access)
    ask = {"login": "wati", "name": "Wati", "role": "agent", "queues": ["triage"]}
    tried = lead.post("/v1/users", json={**ask, "dry_run": True}).json()
    assert (tried["password"], count(place, "SELECT count(*) FROM person")) == ("", 2)
    made = lead.post("/v1/users", json=ask).json()
    pending = first_step(place, place.ask("wati", Laptop.new(), made["password"]))
    assert pending.setup
    failed(lead.post("/v1/users", json=ask), 409, "user_exists")
    failed(lead.post("/v1/users", json={**ask, "login": "x y"}), 400, "bad_login")
    failed(lead.post("/v1/users", json={**ask, "login": "baru", "queues": ["tidak"]}), 400, "queue_unknown")
    failed(lead.post("/v1/users", json={**ask, "login": "baru", "role": "system"}), 400, "invalid_request")
    for nameless in ({"login": "baru"}, {**ask, "login": "baru", "name": "  "}):
        failed(lead.post("/v1/users", json=nameless), 400, "user_needs_name_and_role")
    assert audited(place, "person.add") == 1


@pytest.mark.protocol("P-221")
def test_another_role_counts_from_the_next_request_on(place: Place, server: Server) -> None:
    person(place, "budi", Role.MANAGER)
    lead = server(place.sign_in("budi", Laptop.new()).access)
    rina = server(place.sign_in("rina", Laptop.new()).access)
    failed(rina.get("/v1/users"), 403, "forbidden")
    asked = {"role": "supervisor", "queues": ["priority"]}
    assert lead.post("/v1/users/rina/role", json=asked).json()["queues"] == ["priority"]
    assert [user["login"] for user in rina.get("/v1/users").json()["users"]] == ["rina"]
    failed(lead.post("/v1/users/rina/role", json={"role": "raja"}), 400, "invalid_request")
    failed(lead.post("/v1/users/rina/role", json={"role": "agent", "queues": ["x"]}), 400, "queue_unknown")
    assert count(place, "SELECT count(*) FROM standing WHERE role = 'supervisor'") == 1
    assert audited(place, "person.role") == 1
    rina_session = tokens.authenticate(
        place.central, rina.headers["Authorization"].split()[1], "access", place.hands.at
    )
    notices = own_account.look(place.auth, rina_session).notices
    assert [(item.code, item.data) for item in notices] == [("role_changed", {"by": "budi", "role": "supervisor"})]


@pytest.mark.protocol("P-221")
def test_the_set_up_file_switches_nobody_on_whom_somebody_switched_off(place: Place) -> None:
    lead = person(place, "budi", Role.MANAGER)
    off(place, "rina", lead)
    with place.central.write() as conn:  # as the file has it
        conn.execute(text("UPDATE person SET role = 'agent' WHERE login = 'budi'"))
    assert setup.apply(place.url, parse(CENTRE), place.hands.at) == []
    rina = '[[person]]\nlogin = "rina"\nname = "Rina"\nrole = "agent"\nqueues = ["triage"]\n'
    setup.apply(place.url, parse(CENTRE.replace(rina, "")), place.hands.at)
    setup.apply(place.url, parse(CENTRE), place.hands.at)
    assert count(place, "SELECT active FROM person WHERE login = 'rina'") == 1, "back in the file, so back"


@pytest.mark.protocol("P-221", "P-223")
def test_whoever_is_taken_out_of_the_set_up_file_leaves_as_by_off_boarding(place: Place) -> None:
    session = _signed_in(place, "rina")[1]
    boss, rina = person(place, "budi", Role.MANAGER), session.person
    held, kept = holding(place, "Satu", rina.id), holding(place, "Punya Budi", boss.id)
    with place.central.write() as conn:
        enrolling.make(conn, "rina", boss.id, place.hands.at)
        recovery_codes.make(conn, rina.id, place.hands.at)
    line = '[[person]]\nlogin = "rina"\nname = "Rina"\nrole = "agent"\nqueues = ["triage"]\n'
    without = parse(CENTRE.replace(line, ""))
    tried = setup.apply(place.url, without, place.hands.at, dry_run=True)
    assert {change.key for change in tried} == {"rina", "budi"}
    assert count(place, "SELECT count(*) FROM ticket WHERE owner = :id", id=rina.id) == 1
    setup.apply(place.url, without, place.hands.at)
    with place.central.read() as conn:
        rows = {row.id: row for row in conn.execute(text("SELECT id, owner, owner_epoch FROM ticket"))}
        assert recovery_codes.left(conn, rina.id) == 0
        notices = conn.execute(text("SELECT data FROM notice WHERE code = 'person_left'")).scalars().all()
    assert [(rows[id].owner, rows[id].owner_epoch) for id in (held, kept)] == [(None, 2), (boss.id, 1)]
    assert count(place, "SELECT count(*) FROM device WHERE person = :id AND state = 'active'", id=rina.id) == 0
    assert count(place, "SELECT count(*) FROM enrolment") == 0
    assert count(place, "SELECT active FROM person WHERE login = 'rina'") == 0
    assert [audited(place, act) for act in ("person.offboard", "device.revoke")] == [1, 1]
    assert [json.loads(data) for data in notices] == [{"by": "centre.toml", "login": "rina", "tickets": 1}]
    assert setup.apply(place.url, without, place.hands.at) == []
    assert audited(place, "person.offboard") == 1


# -- leaving


def holding(place: Place, name: str, owner: str, *, solved: bool = False) -> str:
    """A ticket in triage that somebody holds; its id."""
    at, ticket = place.hands.at, op_id(name, "ticket")
    told: dict[str, Any] = {
        "subject": name, "queue": "triage", "urgency": "high", "impact": "low", "channel": "email",
        "kind": "incident", "contact_at": iso(at), "take": True,
    }  # fmt: skip
    commands = [Command(id=op_id(name), kind="ticket.create", actor=owner, target=ticket, args=told, made_at=at)]
    if solved:
        args = {"solution": "Beres"}
        done = Command(
            id=op_id(name, "x"), kind="ticket.resolve", actor=owner, target=ticket, args=args, made_at=at,
            before={"state": "open"},
        )  # fmt: skip
        commands.append(done)
    results = ledger.system(place.central, commands, at)
    assert [result.result for result in results] == ["applied"] * len(commands), results
    return ticket


@pytest.mark.protocol("P-223")
def test_whoever_leaves_leaves_nothing_open(place: Place, server: Server) -> None:
    laptop, session, _access = _signed_in(place, "rina")
    lead = person(place, "budi", Role.MANAGER)
    rina = session.person
    held = [holding(place, name, rina.id) for name in ("Satu", "Dua")]
    solved = holding(place, "Beres", rina.id, solved=True)
    holding(place, "Punya Budi", lead.id)
    late = laptop.op("entry.note", held[0], {"body": "dari luar jaringan"}, place.hands.at)
    person(place, "rina", Role.SUPERVISOR)
    ask = TokenAsk(name="skrip", scopes=["changes"], networks=["127.0.0.0/8"], days=1)
    token = scripts.create(place.central, rina, ask, place.hands.at).token
    with place.central.write() as conn:
        enrolling.make(conn, "rina", lead.id, place.hands.at)
        enrolling.make(conn, "budi", rina.id, place.hands.at)
        resets.ask(conn, "budi", rina, place.hands.at)
        recovery_codes.make(conn, rina.id, place.hands.at)
    boss = server(place.sign_in("budi", Laptop.new()).access)
    tried = boss.post("/v1/users/rina/disable", json={"offboard": True, "dry_run": True})
    assert count(place, "SELECT count(*) FROM ticket WHERE owner = :id", id=rina.id) == 3
    done = boss.post("/v1/users/rina/disable", json={"offboard": True})
    assert (done.status_code, done.json()) == (200, tried.json())
    told = msgspec.convert(done.json(), Ended)
    assert (told.user.active, told.sessions, len(told.devices), told.tokens, told.codes) == (False, 1, 1, 1, 2)
    assert {(one.id, one.queue, one.state) for one in told.tickets} == {(id, "triage", "open") for id in held}
    assert all(one.number and one.due for one in told.tickets)
    assert [one.due for one in told.tickets] == sorted(str(one.due) for one in told.tickets)
    with place.central.read() as conn:
        rows = {row.id: row for row in conn.execute(text("SELECT id, owner, owner_epoch FROM ticket"))}
    assert [(rows[id].owner, rows[id].owner_epoch) for id in held] == [(None, 2)] * 2
    assert rows[solved].owner == rina.id, "who solved it stays known"
    given_back = {op_id(rina.id, "leaves", id, "1") for id in held}
    with place.central.read() as conn:
        found = conn.execute(text("SELECT op_id FROM op WHERE kind = 'ticket.release'")).scalars().all()
        assert resets.waiting(conn, place.hands.at).resets == []
        assert recovery_codes.left(conn, rina.id) == 0
    assert set(found) == given_back
    failed(server(token).get("/v1/changes"), 401, "session_ended")
    assert count(place, "SELECT count(*) FROM device WHERE person = :id AND state = 'active'", id=rina.id) == 0
    assert [audited(place, act) for act in ("person.offboard", "device.revoke", "token.revoke")] == [1, 1, 1]
    ops = count(place, "SELECT count(*) FROM op")
    again = boss.post("/v1/users/rina/disable", json={"offboard": True}).json()
    assert (again["tickets"], again["devices"], again["tokens"], again["sessions"]) == ([], [], 0, 0)
    assert (count(place, "SELECT count(*) FROM op"), audited(place, "person.offboard")) == (ops, 1)
    place.hands.move(seconds=30)
    brought = spool.take(
        place.central, place.key, _sealed(place, laptop.device, [late]),
        tokens.authenticate(place.central, boss.headers["Authorization"].split()[1], "access", place.hands.at),
        place.hands.at,
    )[1]  # fmt: skip
    assert [(item.result, item.reason) for item in brought] == [("quarantined", "rights_gone")]


@pytest.mark.protocol("P-223")
def test_a_failure_half_way_leaves_everything_as_it_was(place: Place) -> None:
    _laptop, session, access = _signed_in(place, "rina")
    person(place, "rina", Role.MANAGER)
    rina = replace(session.person, role=Role.MANAGER)
    ticket = holding(place, "Satu", rina.id)
    assert problem(lambda: off(place, "rina", rina, offboard=True)).code == "last_administrator"
    assert tokens.authenticate(place.central, access, "access", place.hands.at).person.active
    assert count(place, "SELECT count(*) FROM ticket WHERE id = :id AND owner = :p", id=ticket, p=rina.id) == 1
    assert count(place, "SELECT count(*) FROM device WHERE state = 'revoked'") == 0


@pytest.mark.protocol("P-223")
def test_the_supervisors_hear_of_it_and_what_comes_later_goes_back_too(place: Place) -> None:
    lead = person(place, "budi", Role.MANAGER)
    _laptop, session, _access = _signed_in(place, "rina")
    holding(place, "Satu", session.person.id)
    off(place, "rina", lead, offboard=True)
    late = holding(place, "Dua", lead.id)
    with place.central.write() as conn:  # given to them at the same moment by somebody else
        named = {"owner": session.person.id, "id": late}
        conn.execute(text("UPDATE ticket SET owner = :owner WHERE id = :id"), named)
    assert len(off(place, "rina", lead, offboard=True).tickets) == 1
    with place.central.read() as conn:
        told = conn.execute(text("SELECT person, data FROM notice WHERE code = 'person_left'")).all()
    assert [row.person for row in told] == [lead.id] * 2


@pytest.mark.protocol("P-223")
def test_the_laptop_of_a_leaver_pushes_nothing_any_more(place: Place, server: Server) -> None:
    lead = person(place, "budi", Role.MANAGER)
    laptop, _session, access = _signed_in(place, "rina")
    client = server(access)
    push(client, laptop, [create(place, laptop)])
    off(place, "rina", lead, offboard=True)
    body = {"device": laptop.device, "ops": msgspec.to_builtins([create(place, laptop)])}
    failed(client.post("/v1/push", json=body), 401, "session_ended")
