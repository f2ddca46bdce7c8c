"""Passwords that others were told: a first one, and one after a reset by two. They open nothing but their change."""

from typing import Any

import pyotp
import pytest
from sqlalchemy import text

from msc_console.central import people, resets, tokens
from msc_console.central.passwords import TEST, Passwords
from msc_console.domain.model import Person
from msc_console.domain.terms import Role
from msc_console.errors import NotFound
from msc_console.sync.wire import Code
from msc_console.sync.wire_accounts import Reset
from msc_console.sync.wire_people import UserNew

from .accounts import NEW_PASSWORD, audited, first_step, person
from .conftest import PASSWORD, Laptop, Place, Server
from .talk import failed
from .test_accounts import reset, two_codes
from .test_auth import problem


def told(place: Place, login: str = "rina") -> resets.Starting:
    """A password that somebody else has given, as after a reset."""
    made = resets.starting(Passwords(TEST))
    with place.central.write() as conn:
        named = {"hash": made.hash, "login": login}
        conn.execute(text("UPDATE person SET password_hash = :hash, must_change = 1 WHERE login = :login"), named)
    return made


def now_code(place: Place, login: str = "rina") -> str:
    return pyotp.TOTP(place.secrets[login]).at(place.hands.at)


@pytest.mark.protocol("P-216")
def test_it_opens_nothing_but_its_own_change(place: Place) -> None:
    made, laptop = told(place), Laptop.new()
    pending = first_step(place, place.ask("rina", laptop, made.password))
    assert (pending.change, pending.setup) == (True, False)
    code = now_code(place)

    def tried(new: str) -> str:
        return problem(lambda: place.auth.code(pending.token, Code(code, new=new), place.hands.at)).code

    assert tried("") == "password_must_change"
    assert tried("pendek") == "password_too_short"
    assert tried(made.password) == "password_guessable", "it is the one that others know"
    assert tried("rina rina rina rina") == "password_guessable"
    with place.central.read() as conn:
        assert conn.execute(text("SELECT failed FROM person WHERE login = 'rina'")).scalar_one() == 0
        assert conn.execute(text("SELECT count(*) FROM session_token WHERE kind = 'access'")).scalar_one() == 0
    done = place.auth.code(pending.token, Code(code, new=NEW_PASSWORD), place.hands.at)
    assert tokens.authenticate(place.central, done.access, "access", place.hands.at).person.login == "rina"
    assert audited(place, "person.password") == 1
    place.hands.move(minutes=1)
    old = problem(lambda: first_step(place, place.ask("rina", laptop, made.password)))
    assert old.code == "credentials_wrong"
    again = first_step(place, place.ask("rina", laptop, NEW_PASSWORD))
    assert again.change is False


@pytest.mark.protocol("P-216")
def test_a_wrong_code_leaves_it_as_it_was_and_a_stopped_person_costs_no_hash(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, laptop = told(place), Laptop.new()
    pending = first_step(place, place.ask("rina", laptop, made.password))
    wrong = problem(lambda: place.auth.code(pending.token, Code("000000", new=NEW_PASSWORD), place.hands.at))
    assert wrong.code == "credentials_wrong"
    assert first_step(place, place.ask("rina", laptop, made.password)).change
    with place.central.write() as conn:
        conn.execute(text("UPDATE person SET failed = 100 WHERE login = 'rina'"))
    monkeypatch.setattr(Passwords, "hash", lambda *_: pytest.fail("a hash was made"))
    stopped = problem(lambda: place.auth.code(pending.token, Code("000000", new=NEW_PASSWORD), place.hands.at))
    assert stopped.code == "code_stopped"


@pytest.mark.protocol("P-216")
def test_another_that_was_given_meanwhile_counts(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    made = told(place)
    pending = first_step(place, place.ask("rina", Laptop.new(), made.password))
    hashing = Passwords.hash

    def meanwhile(self: Passwords, password: str) -> str:
        found = hashing(self, password)
        monkeypatch.setattr(Passwords, "hash", hashing)
        told(place)
        return found

    monkeypatch.setattr(Passwords, "hash", meanwhile)
    late = problem(lambda: place.auth.code(pending.token, Code(now_code(place), new=NEW_PASSWORD), place.hands.at))
    assert late.code == "session_ended"


@pytest.mark.protocol("P-216", "P-221")
def test_a_new_person_takes_a_password_with_the_authenticator(place: Place) -> None:
    boss, made = person(place, "budi", Role.MANAGER), resets.starting(Passwords(TEST))
    ask = UserNew("wati", "Wati", "agent", "l0", ["triage"])
    with place.central.write() as conn:
        people.add(conn, ask, boss, made.password, made.hash, place.hands.at)
    pending = first_step(place, place.ask("wati", Laptop.new(), made.password))
    assert (pending.change, pending.setup) == (True, True)
    codes = two_codes(place, place.auth.seed(pending.token, place.hands.at).secret)

    def confirm(new: str) -> Any:
        asked = type(codes)(codes.first, codes.second, new)
        return place.auth.confirm(pending.token, asked, place.hands.at)

    assert problem(lambda: confirm("")).code == "password_must_change"
    assert len(confirm(NEW_PASSWORD).recovery) == 10


# -- a reset by two


def asked(place: Place, login: str, by: Person) -> Reset:
    with place.central.write() as conn:
        return resets.ask(conn, login, by, place.hands.at, resets.PASSWORD)


@pytest.mark.protocol("P-215", "P-216")
def test_two_others_give_a_password_to_begin_with(place: Place, server: Server) -> None:
    with place.central.write() as conn:
        for login in ("sari", "lena"):
            people.add(
                conn, UserNew(login, login.title(), "supervisor", "l0", ["triage"]),
                Person(id="0", login="x", name="X", role=Role.MANAGER), "", "hash", place.hands.at,
            )  # fmt: skip
        conn.execute(text("UPDATE person SET must_change = 0"))
    laptop = Laptop.new()
    rina = server(place.sign_in("rina", laptop).access)
    lead, other = person(place, "sari"), person(place, "lena")
    first = asked(place, "rina", lead)
    assert asked(place, "rina", other).id == first.id
    totp = reset(place, resets.ask, "rina", lead)
    assert totp.id != first.id, "the second factor is another request"
    place.hands.move(minutes=1)
    person(place, "budi", Role.MANAGER)
    boss = server(place.sign_in("budi", Laptop.new()).access)
    waiting = boss.get("/v1/resets/waiting").json()["resets"]
    assert [(one["login"], one["what"]) for one in waiting] == [("rina", "password"), ("rina", "totp")]
    done = boss.post(f"/v1/resets/{first.id}/approve").json()
    assert (done["state"], done["what"], len(done["password"])) == ("approved", "password", 32)
    failed(rina.get("/v1/changes"), 401, "session_ended")
    old = problem(lambda: first_step(place, place.ask("rina", laptop, PASSWORD)))
    assert old.code == "credentials_wrong"
    pending = first_step(place, place.ask("rina", laptop, done["password"]))
    assert (pending.change, pending.setup) == (True, False), "the authenticator is still theirs"
    code = Code(now_code(place), new=NEW_PASSWORD)
    access = place.auth.code(pending.token, code, place.hands.at).access
    notices = [one["code"] for one in server(access).get("/v1/account").json()["notices"]]
    assert notices == ["password_reset_done"]
    failed(boss.post(f"/v1/resets/{first.id}/approve"), 404, "not_found")
    with place.central.read() as conn:
        leads = conn.execute(text("SELECT count(*) FROM notice WHERE code = 'password_reset_asked'")).scalar_one()
    assert leads == 2
    assert (audited(place, "reset.ask"), audited(place, "reset.approve")) == (2, 1)


@pytest.mark.protocol("P-215")
def test_nobody_gives_a_password_to_somebody_of_more_rights(place: Place) -> None:
    lead, other = (
        person(place, "budi", Role.SUPERVISOR),
        Person(id="m", login="mira", name="Mira", role=Role.SUPERVISOR),
    )
    person(place, "rina", Role.MANAGER)
    assert problem(lambda: asked(place, "rina", lead)).code == "account_above"
    person(place, "rina", Role.AGENT)
    first = asked(place, "rina", lead)
    person(place, "rina", Role.DUKTEK)
    made = resets.starting(Passwords(TEST))

    def approve() -> Any:
        with place.central.write() as conn:
            return resets.approve(conn, first.id, other, place.hands.at, made)

    above = problem(approve)
    assert above.code == "account_above", "also when the role came meanwhile"
    assert problem(lambda: asked(place, "budi", lead)).code == "reset_own"
    with place.central.write() as conn:
        conn.execute(text("UPDATE person SET password_hash = NULL, role = 'agent' WHERE login = 'rina'"))
    with pytest.raises(NotFound):
        asked(place, "rina", other)


@pytest.mark.protocol("P-215")
def test_an_unknown_kind_of_reset_is_refused(place: Place, server: Server) -> None:
    person(place, "budi", Role.SUPERVISOR)
    lead = server(place.sign_in("budi", Laptop.new()).access)
    failed(lead.post("/v1/resets", json={"login": "rina", "what": "role"}), 400, "invalid_request")
