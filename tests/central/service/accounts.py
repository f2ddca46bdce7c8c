"""What the tests of accounts have in common."""

from sqlalchemy import text

from msc_console.central import enrolling, tokens
from msc_console.domain.model import Person
from msc_console.domain.terms import Role
from msc_console.sync.wire import Pending, SignIn

from .conftest import Place

NEW_PASSWORD = "burung camar pulang petang"


def first_step(place: Place, ask: SignIn) -> Pending:
    return place.auth.sign_in(ask, "10.0.0.1", place.hands.at)


def asks_a_code(place: Place) -> None:
    with place.central.write() as conn:
        conn.execute(text("UPDATE meta SET value = 'required' WHERE key = 'site_enrolment'"))


def make_code(place: Place, login: str = "rina") -> str:
    with place.central.write() as conn:
        return enrolling.make(conn, login, "system", place.hands.at).code


def person(place: Place, login: str, role: Role | None = None) -> Person:
    """Somebody of the centre, in another role where one is given."""
    with place.central.write() as conn:
        if role is not None:
            conn.execute(text("UPDATE person SET role = :role WHERE login = :login"), {"role": role, "login": login})
        row = tokens.one(conn, "SELECT id, role FROM person WHERE login = :login", login=login)
    assert row is not None
    return Person(id=row["id"], login=login, name=login, role=Role(row["role"]))


def without_phone(place: Place, login: str = "rina") -> None:
    with place.central.write() as conn:
        conn.execute(text("UPDATE person SET totp_secret = NULL WHERE login = :login"), {"login": login})


def audited(place: Place, act: str) -> int:
    with place.central.read() as conn:
        return int(conn.execute(text("SELECT count(*) FROM audit WHERE act = :act"), {"act": act}).scalar_one())
