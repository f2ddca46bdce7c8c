"""Signing in, on both databases: one answer for everything wrong, codes once, waits, one session, rotation."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from msc_console.central import auth as auth_room
from msc_console.central import tokens
from msc_console.central.problems import ProblemError
from msc_console.clock import to_ms
from msc_console.sync.wire import Code, Refresh, Tokens

from .accounts import audited
from .conftest import PASSWORD, Laptop, Place


def problem(call: Callable[[], Any]) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        call()
    return caught.value


@pytest.mark.protocol("P-020", "P-022")
def test_password_and_code_give_tokens(place: Place) -> None:
    laptop = Laptop.new()
    made = place.sign_in("rina", laptop)
    assert made.person["login"] == "rina"
    assert "password_hash" not in made.person
    assert len(made.device_code) == 3
    assert set(made.device_code) <= set(auth_room.LETTERS)
    session = tokens.authenticate(place.central, made.access, "access", place.hands.at)
    assert (session.person.login, session.device["id"]) == ("rina", made.device)
    with place.central.read() as conn:
        stored = conn.execute(text("SELECT hash FROM session_token")).scalars().all()
    assert made.access not in stored
    assert tokens.digest(made.access) in stored


@pytest.mark.protocol("P-022")
def test_a_known_device_keeps_its_letters(place: Place) -> None:
    laptop = Laptop.new()
    first, second = place.sign_in("rina", laptop), place.sign_in("rina", laptop)
    assert (first.device, first.device_code) == (second.device, second.device_code)
    assert place.sign_in("budi", Laptop.new()).device_code != first.device_code


@pytest.mark.protocol("P-022")
def test_letters_that_are_taken_are_not_given_twice(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth_room, "LETTERS", "AC")
    monkeypatch.setattr(auth_room, "CODE_LENGTH", 1)
    given = {place.sign_in("rina", Laptop.new(), take_over=True).device_code for _ in range(2)}
    assert given == {"A", "C"}
    assert problem(lambda: place.pending("rina", Laptop.new())).code == "unavailable"


@pytest.mark.parametrize(
    "case", ["unknown login", "wrong password", "other's device", "revoked device", "switched off"]
)
@pytest.mark.protocol("P-021")
def test_everything_wrong_has_one_answer(place: Place, case: str) -> None:
    laptop = Laptop.new()
    ask = place.ask("rina", laptop)
    if case == "unknown login":
        ask = place.ask("nobody", laptop)
    elif case == "wrong password":
        ask = place.ask("rina", laptop, "sandi yang panjang?")
    elif case == "other's device":
        place.sign_in("budi", laptop)
    elif case == "revoked device":
        place.sign_in("rina", laptop)
        with place.central.write() as conn:
            conn.execute(text("UPDATE device SET state = 'revoked'"))
    else:
        with place.central.write() as conn:
            conn.execute(text("UPDATE person SET active = 0"))
    error = problem(lambda: place.auth.sign_in(ask, "10.0.0.1", place.hands.at))
    assert (error.code, error.data, error.detail, error.headers) == ("credentials_wrong", {}, "", {})


@pytest.mark.protocol("P-021")
def test_an_unknown_login_costs_a_hash(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str | None] = []
    real = place.auth.passwords.verify

    def verify(stored: str | None, password: str) -> bool:
        verified.append(stored)
        return real(stored, password)

    monkeypatch.setattr(place.auth.passwords, "verify", verify)
    problem(lambda: place.auth.sign_in(place.ask("nobody", Laptop.new()), "10.0.0.1", place.hands.at))
    assert verified == [None]


@pytest.mark.protocol("P-020")
def test_a_wrong_code_is_the_same_answer_and_no_session(place: Place) -> None:
    token = place.pending("rina", Laptop.new())
    for wrong in (
        "000000" if place.code("rina") != "000000" else "111111",
        "12345",
        "１２３４５６",
        place.code("rina", 12),
    ):
        error = problem(lambda code=wrong: place.auth.code(token, Code(code=code), place.hands.at))  # type: ignore[misc]
        assert (error.code, error.data) == ("credentials_wrong", {})


@pytest.mark.protocol("P-020")
def test_a_person_without_a_seed_has_no_code(place: Place) -> None:
    with place.central.write() as conn:
        conn.execute(text("UPDATE person SET totp_secret = NULL"))
    token = place.pending("rina", Laptop.new())
    assert problem(lambda: place.auth.code(token, Code(code="000000"), place.hands.at)).code == "token_unknown"


@pytest.mark.protocol("P-023")
def test_a_replayed_code_is_good_at_most_once(place: Place) -> None:
    laptop = Laptop.new()
    pending = [place.pending("rina", laptop) for _ in range(8)]
    code = Code(code=place.code("rina"))

    def attempt(token: str) -> Tokens | str:
        try:
            return place.auth.code(token, code, place.hands.at)
        except ProblemError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, pending))
    assert sum(isinstance(item, Tokens) for item in outcomes) == 1
    assert {item for item in outcomes if isinstance(item, str)} <= {
        "credentials_wrong",
        "session_ended",
        "too_many_tries",
    }


@pytest.mark.protocol("P-024")
def test_wrong_codes_are_counted_over_all_sessions(place: Place) -> None:
    laptop = Laptop.new()

    def guess() -> ProblemError:
        token = place.pending("rina", laptop)
        return problem(lambda: place.auth.code(token, Code(code="nonono"), place.hands.at))

    assert [guess().code for _ in range(5)] == ["credentials_wrong"] * 5
    blocked = guess()
    assert (blocked.code, blocked.headers) == ("too_many_tries", {"Retry-After": "1"})
    token = place.pending("rina", laptop)
    assert (
        problem(lambda: place.auth.code(token, Code(code=place.code("rina")), place.hands.at)).code == "too_many_tries"
    )
    place.hands.move(seconds=1)
    assert guess().code == "credentials_wrong"
    assert guess().headers == {"Retry-After": "2"}
    place.hands.move(seconds=2)
    assert place.sign_in("rina", laptop).person["login"] == "rina"
    assert guess().code == "credentials_wrong"


@pytest.mark.protocol("P-024")
def test_parallel_guesses_dont_slip_through(place: Place) -> None:
    laptop = Laptop.new()
    pending = [place.pending("rina", laptop) for _ in range(12)]

    def guess(token: str) -> str:
        return problem(lambda: place.auth.code(token, Code(code="nonono"), place.hands.at)).code

    with ThreadPoolExecutor(6) as pool:
        codes = sorted(pool.map(guess, pending))
    assert codes == ["credentials_wrong"] * 5 + ["too_many_tries"] * 7


@pytest.mark.parametrize("login", ["rina", "nobody"])
@pytest.mark.protocol("P-021", "P-024")
def test_passwords_are_throttled_by_login_known_or_not(place: Place, login: str) -> None:
    def guess() -> ProblemError:
        return problem(lambda: place.auth.sign_in(place.ask(login, Laptop.new(), "wrong"), "10.0.0.1", place.hands.at))

    assert [guess().code for _ in range(6)] == ["credentials_wrong"] * 5 + ["too_many_tries"]


@pytest.mark.protocol("P-024")
def test_an_address_is_throttled_over_logins(place: Place) -> None:
    def guess(login: str) -> str:
        ask = place.ask(login, Laptop.new(), "wrong")
        return problem(lambda: place.auth.sign_in(ask, "10.0.0.9", place.hands.at)).code

    codes = [guess(f"user{place}") for place in range(21)]
    assert codes == ["credentials_wrong"] * 20 + ["too_many_tries"]


@pytest.mark.protocol("P-025")
def test_one_session_per_person(place: Place) -> None:
    first, second = Laptop.new(), Laptop.new()
    old = place.sign_in("rina", first)
    place.hands.move(seconds=30)
    token, code = place.pending("rina", second), place.code("rina")
    error = problem(lambda: place.auth.code(token, Code(code=code), place.hands.at))
    assert (error.code, error.data["device"]) == ("session_active", "laptop uji")
    tokens.authenticate(place.central, old.access, "access", place.hands.at)
    new = place.auth.code(token, Code(code=code, take_over=True), place.hands.at)
    assert tokens.authenticate(place.central, new.access, "access", place.hands.at).device["id"] == new.device
    assert problem(lambda: tokens.authenticate(place.central, old.access, "access", place.hands.at)).code == (
        "session_superseded"
    )
    refresh = Refresh(refresh=old.refresh, proof=first.proof(old.refresh))
    assert problem(lambda: place.auth.refresh(refresh, place.hands.at)).code == "session_superseded"


@pytest.mark.protocol("P-025")
def test_the_same_laptop_signs_in_again_without_asking(place: Place) -> None:
    laptop = Laptop.new()
    old, new = place.sign_in("rina", laptop), place.sign_in("rina", laptop)
    assert (
        problem(lambda: tokens.authenticate(place.central, old.access, "access", place.hands.at)).code
        == "session_ended"
    )
    tokens.authenticate(place.central, new.access, "access", place.hands.at)


@pytest.mark.protocol("P-026")
def test_tokens_end(place: Place) -> None:
    made = place.sign_in("rina", Laptop.new())
    start = place.hands.at

    def check(token: str, kind: str = "access") -> str:
        return problem(lambda: tokens.authenticate(place.central, token, kind, place.hands.at)).code

    assert check(made.access, "pending") == "token_unknown"
    assert check("x" * 43) == check("") == check(made.refresh) == "token_unknown"
    place.hands.at = start + tokens.ACCESS
    assert check(made.access) == "token_expired"


@pytest.mark.protocol("P-027")
def test_refresh_rotates_and_a_lost_reply_can_be_asked_for_again(place: Place) -> None:
    laptop = Laptop.new()
    first = place.sign_in("rina", laptop)
    ask = Refresh(refresh=first.refresh, proof=laptop.proof(first.refresh))
    place.hands.move(minutes=9)
    second = place.auth.refresh(ask, place.hands.at)
    place.hands.move(seconds=29)
    again = place.auth.refresh(ask, place.hands.at)
    assert (again.access, again.refresh, again.access_until) == (second.access, second.refresh, second.access_until)
    assert second.refresh != first.refresh
    assert second.refresh_until == first.refresh_until
    tokens.authenticate(place.central, second.access, "access", place.hands.at)


@pytest.mark.protocol("P-027")
def test_two_renewals_at_once_get_the_same_tokens(place: Place) -> None:
    laptop = Laptop.new()
    first = place.sign_in("rina", laptop)
    ask = Refresh(refresh=first.refresh, proof=laptop.proof(first.refresh))
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: place.auth.refresh(ask, place.hands.at), range(4)))
    assert len({(item.access, item.refresh) for item in made}) == 1


@pytest.mark.parametrize("late", ["after 31 s", "after the successor was used"])
@pytest.mark.protocol("P-027")
def test_a_used_refresh_token_ends_the_session(place: Place, late: str) -> None:
    laptop = Laptop.new()
    first = place.sign_in("rina", laptop)
    ask = Refresh(refresh=first.refresh, proof=laptop.proof(first.refresh))
    second = place.auth.refresh(ask, place.hands.at)
    if late == "after 31 s":
        place.hands.move(seconds=31)
    else:
        place.auth.refresh(Refresh(refresh=second.refresh, proof=laptop.proof(second.refresh)), place.hands.at)
    assert problem(lambda: place.auth.refresh(ask, place.hands.at)).code == "refresh_reused"
    assert problem(lambda: tokens.authenticate(place.central, second.access, "access", place.hands.at)).code == (
        "session_ended"
    )
    assert audited(place, "session.refresh_reused") == 1


@pytest.mark.protocol("P-027")
def test_a_refresh_token_is_of_no_use_without_the_device(place: Place) -> None:
    laptop, thief = Laptop.new(), Laptop.new()
    made = place.sign_in("rina", laptop)
    for proof in ("", "00" * 64, thief.proof(made.refresh), laptop.proof(made.refresh + "x")):
        ask = Refresh(refresh=made.refresh, proof=proof)
        assert problem(lambda ask=ask: place.auth.refresh(ask, place.hands.at)).code == "proof_wrong"  # type: ignore[misc]
    ask = Refresh(refresh=made.refresh, proof=laptop.proof(made.refresh))
    assert place.auth.refresh(ask, place.hands.at).refresh != made.refresh


@pytest.mark.protocol("P-026")
def test_a_session_ends_after_twelve_hours_whatever_is_renewed(place: Place) -> None:
    laptop = Laptop.new()
    made = place.sign_in("rina", laptop)
    start = place.hands.at
    place.hands.at = start + tokens.SESSION - tokens.ACCESS / 2
    made = place.auth.refresh(Refresh(refresh=made.refresh, proof=laptop.proof(made.refresh)), place.hands.at)
    assert made.access_until == made.refresh_until
    place.hands.at = start + tokens.SESSION
    ask = Refresh(refresh=made.refresh, proof=laptop.proof(made.refresh))
    assert problem(lambda: place.auth.refresh(ask, place.hands.at)).code == "token_expired"


@pytest.mark.protocol("P-026")
def test_signing_out_ends_the_session(place: Place) -> None:
    laptop = Laptop.new()
    made = place.sign_in("rina", laptop)
    session = tokens.authenticate(place.central, made.access, "access", place.hands.at)
    place.auth.sign_out(session, place.hands.at)
    assert (
        problem(lambda: tokens.authenticate(place.central, made.access, "access", place.hands.at)).code
        == "session_ended"
    )
    assert place.sign_in("rina", Laptop.new()).person["login"] == "rina"
    assert audited(place, "session.end") == 1


@pytest.mark.protocol("P-020")
def test_a_password_is_hashed_anew_when_the_costs_rose(place: Place) -> None:
    with place.central.read() as conn:
        before = conn.execute(text("SELECT password_hash FROM person WHERE login = 'rina'")).scalar_one()
    from argon2 import PasswordHasher

    stronger = PasswordHasher(time_cost=2, memory_cost=128, parallelism=1).hash(PASSWORD)
    with place.central.write() as conn:
        conn.execute(text("UPDATE person SET password_hash = :hash WHERE login = 'rina'"), {"hash": stronger})
    place.sign_in("rina", Laptop.new())
    with place.central.read() as conn:
        after = conn.execute(text("SELECT password_hash FROM person WHERE login = 'rina'")).scalar_one()
    assert after not in (before, stronger)
    assert ",t=1," in after


@pytest.mark.protocol("P-026")
def test_dead_tokens_are_swept_away(place: Place) -> None:
    laptop = Laptop.new()
    place.sign_in("rina", laptop)
    place.hands.move(days=2)
    place.sign_in("rina", laptop)
    with place.central.read() as conn:
        kinds = conn.execute(text("SELECT kind FROM session_token ORDER BY kind")).scalars().all()
    assert kinds == ["access", "pending", "refresh"]


@pytest.mark.protocol("P-026")
def test_being_seen_is_kept_by_the_minute(place: Place) -> None:
    made = place.sign_in("rina", Laptop.new())
    signed_in = place.hands.at

    def seen() -> int:
        tokens.authenticate(place.central, made.access, "access", place.hands.at)
        with place.central.read() as conn:
            return int(conn.execute(text("SELECT last_seen_at FROM device")).scalar_one())

    place.hands.move(seconds=59)
    assert seen() == to_ms(signed_in)
    place.hands.move(seconds=1)
    assert seen() == to_ms(place.hands.at)


@pytest.mark.protocol("P-020")
def test_what_the_password_gives_is_good_for_five_minutes(place: Place) -> None:
    laptop = Laptop.new()
    early, late = place.pending("rina", laptop), place.pending("rina", laptop)
    place.hands.move(minutes=4, seconds=59)
    assert place.auth.code(early, Code(code=place.code("rina")), place.hands.at).person["login"] == "rina"
    place.hands.move(seconds=31)
    error = problem(lambda: place.auth.code(late, Code(code=place.code("rina")), place.hands.at))
    assert error.code in ("token_expired", "session_ended")
    fresh = place.pending("rina", laptop)
    place.hands.move(minutes=5)
    assert problem(lambda: place.auth.code(fresh, Code(code=place.code("rina")), place.hands.at)).code == (
        "token_expired"
    )


@pytest.mark.protocol("P-029")
@pytest.mark.parametrize("change", ["UPDATE device SET state = 'revoked'", "UPDATE person SET active = 0"])
def test_who_is_no_longer_let_in_is_refused_at_the_next_request(place: Place, change: str) -> None:
    laptop = Laptop.new()
    made = place.sign_in("rina", laptop)
    tokens.authenticate(place.central, made.access, "access", place.hands.at)
    with place.central.write() as conn:
        conn.execute(text(change))
    refused = problem(lambda: tokens.authenticate(place.central, made.access, "access", place.hands.at))
    ask = Refresh(refresh=made.refresh, proof=laptop.proof(made.refresh))
    renewal = problem(lambda: place.auth.refresh(ask, place.hands.at))
    assert (refused.code, renewal.code) == ("session_ended", "session_ended")
