"""A person's new password: who may, what ends, what is counted."""

from typing import Any

import pytest
from sqlalchemy import text

from msc_console.central import tokens
from msc_console.sync.wire import PasswordChange

from .conftest import PASSWORD, Laptop, Place
from .test_auth import problem

NEW = "sandi yang lain lagi"


def _session(place: Place, access: str) -> tokens.Session:
    return tokens.authenticate(place.central, access, "access", place.hands.at)


@pytest.mark.protocol("P-035")
def test_the_new_one_counts_and_every_other_session_ends(place: Place) -> None:
    laptop, other = Laptop.new(), Laptop.new()
    place.sign_in("rina", other)
    waiting = place.pending("rina", other)
    here = place.sign_in("rina", laptop, take_over=True)
    place.auth.change_password(_session(place, here.access), PasswordChange(PASSWORD, NEW), place.hands.at)
    assert _session(place, here.access).person.login == "rina"
    late = problem(lambda: tokens.authenticate(place.central, waiting, "pending", place.hands.at))
    assert late.code in ("session_ended", "session_superseded")
    old = problem(lambda: place.auth.sign_in(place.ask("rina", laptop), "10.0.0.1", place.hands.at))
    assert old.code == "credentials_wrong"
    assert place.auth.sign_in(place.ask("rina", laptop, NEW), "10.0.0.1", place.hands.at).token


@pytest.mark.protocol("P-035")
def test_the_old_one_is_asked_for_and_wrong_ones_are_counted(place: Place) -> None:
    session = _session(place, place.sign_in("rina", Laptop.new()).access)

    def tried() -> str:
        return problem(
            lambda: place.auth.change_password(session, PasswordChange("not this one at all", NEW), place.hands.at)
        ).code

    codes = [tried() for _ in range(8)]
    assert codes[0] == "credentials_wrong"
    assert codes[-1] == "too_many_tries"


@pytest.mark.protocol("P-035")
@pytest.mark.parametrize(("new", "code"), [("x" * 14, "password_too_short"), ("x" * 1025, "password_too_long")])
def test_an_unfit_one_is_refused_before_anything_is_looked_at(place: Place, new: str, code: str) -> None:
    session = _session(place, place.sign_in("rina", Laptop.new()).access)
    for _ in range(10):
        found = problem(lambda: place.auth.change_password(session, PasswordChange("wrong", new), place.hands.at))
        assert found.code == code


@pytest.mark.protocol("P-020")
def test_a_password_that_was_kept_as_typed_opens_as_any_keyboard_writes_it_from_then_on(place: Place) -> None:
    composed, apart = "caf\u00e9 di tepi kali besar", "cafe\u0301 di tepi kali besar"
    kept = place.auth.passwords._hasher.hash(apart.encode())
    with place.central.write() as conn:
        conn.execute(text("UPDATE person SET password_hash = :hash WHERE login = 'rina'"), {"hash": kept})
    laptop = Laptop.new()

    def begin(typed: str) -> Any:
        return place.auth.sign_in(place.ask("rina", laptop, typed), "10.0.0.1", place.hands.at)

    assert problem(lambda: begin(composed)).code == "credentials_wrong"
    for typed in (apart, composed, apart):
        begin(typed)
