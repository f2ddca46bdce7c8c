"""Ways into central, on both databases: the authenticator's set-up, recovery codes, passwords, resets."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import text

from msc_console.central import auth as auth_room
from msc_console.central import own_account, recovery_codes, resets, spoken, tokens
from msc_console.central.problems import ProblemError
from msc_console.domain.model import Person
from msc_console.domain.terms import Role
from msc_console.errors import NotFound
from msc_console.sync.wire import Code, PasswordChange, Tokens
from msc_console.sync.wire_accounts import AuthenticatorLeft, Confirm, Confirmed, NoticesSeen, Seed

from .accounts import NEW_PASSWORD, audited, first_step, person, without_phone
from .conftest import PASSWORD, Laptop, Place
from .test_auth import problem

# -- setting the authenticator up


def begun(place: Place, login: str = "rina") -> tuple[str, Seed]:
    without_phone(place, login)
    pending = first_step(place, place.ask(login, Laptop.new()))
    assert pending.setup
    return pending.token, place.auth.seed(pending.token, place.hands.at)


def two_codes(place: Place, seed: str, steps: int = 0) -> Confirm:
    """The code of now, and the next one when its time has come."""
    at = place.hands.at + timedelta(seconds=30 * steps)
    found = Confirm(pyotp.TOTP(seed).at(at), pyotp.TOTP(seed).at(at + timedelta(seconds=30)))
    place.hands.move(seconds=30)
    return found


def set_up(place: Place, login: str = "rina") -> Confirmed:
    token, seed = begun(place, login)
    done = place.auth.confirm(token, two_codes(place, seed.secret), place.hands.at)
    place.secrets[login] = seed.secret
    return done


@pytest.mark.protocol("P-212")
def test_two_codes_of_the_new_seed_begin_the_session(place: Place) -> None:
    done = set_up(place)
    assert tokens.authenticate(place.central, done.tokens.access, "access", place.hands.at).person.login == "rina"
    assert len(set(done.recovery)) == 10
    assert {len(code.replace("-", "")) for code in done.recovery} == {24}
    assert place.sign_in("rina", Laptop.new(), take_over=True).person["login"] == "rina"


@pytest.mark.protocol("P-212")
@pytest.mark.parametrize("case", ["same twice", "backwards", "another seed", "no digits", "long ago"])
def test_only_two_codes_of_different_steps_in_order_confirm(place: Place, case: str) -> None:
    token, seed = begun(place)
    good = two_codes(place, seed.secret)
    bad = {
        "same twice": Confirm(good.first, good.first),
        "backwards": Confirm(good.second, good.first),
        "another seed": Confirm("000000", "000001"),
        "no digits": Confirm("１２３４５６", good.second),
        "long ago": two_codes(place, seed.secret, -40),
    }[case]
    assert problem(lambda: place.auth.confirm(token, bad, place.hands.at)).code == "credentials_wrong"
    with place.central.read() as conn:
        assert conn.execute(text("SELECT totp_secret FROM person WHERE login = 'rina'")).scalar() is None


@pytest.mark.protocol("P-212")
def test_a_telephone_whose_clock_is_off_is_named_at_the_set_up(place: Place) -> None:
    token, seed = begun(place)
    error = problem(lambda: place.auth.confirm(token, two_codes(place, seed.secret, 6), place.hands.at))
    assert (error.code, error.data) == ("code_clock", {"seconds": 180})


@pytest.mark.protocol("P-212")
def test_a_seed_that_counts_is_never_told(place: Place) -> None:
    token, seed = begun(place)
    other = place.auth.seed(token, place.hands.at)
    assert other.secret != seed.secret
    place.auth.confirm(token, two_codes(place, other.secret), place.hands.at)
    assert problem(lambda: place.auth.seed(token, place.hands.at)).code in ("session_ended", "totp_set_up_already")
    late = tokens.new_token()
    with place.central.write() as conn:
        row = tokens.one(conn, "SELECT * FROM session_token WHERE kind = 'setup'")
        assert row is not None
        tokens.store(
            conn, token=late, kind="setup", person=row["person"], device=row["device"], family="f",
            now=place.hands.at, until=place.hands.at + timedelta(minutes=1),
        )  # fmt: skip
    assert problem(lambda: place.auth.seed(late, place.hands.at)).code == "totp_set_up_already"
    again = two_codes(place, other.secret, 3)
    assert problem(lambda: place.auth.confirm(late, again, place.hands.at)).code == "totp_set_up_already"


@pytest.mark.protocol("P-212")
def test_the_set_ups_token_opens_nothing_else(place: Place) -> None:
    token, _seed = begun(place)
    assert problem(lambda: place.auth.code(token, Code(code="000000"), place.hands.at)).code == "token_unknown"
    assert problem(lambda: tokens.authenticate(place.central, token, "access", place.hands.at)).code == "token_unknown"
    usual = place.pending("budi", Laptop.new())
    assert problem(lambda: place.auth.seed(usual, place.hands.at)).code == "token_unknown"


# -- recovery codes


@pytest.mark.protocol("P-213")
def test_a_recovery_code_is_good_once_and_others_hear_of_it(place: Place) -> None:
    codes = set_up(place).recovery
    lead = person(place, "budi", Role.SUPERVISOR)
    token = place.pending("rina", Laptop.new())
    typed = codes[3].lower().replace("-", " ")
    taken = place.auth.code(token, Code(code=typed, take_over=True), place.hands.at)
    assert taken.person["login"] == "rina"
    session = tokens.authenticate(place.central, taken.access, "access", place.hands.at)
    assert own_account.look(place.auth, session).recovery_left == 9
    mine = own_account.look(place.auth, replace(session, person=lead))
    assert [(item.code, item.data) for item in mine.notices] == [("recovery_used", {"left": 9, "login": "rina"})]
    token = place.pending("rina", Laptop.new())
    again = Code(code=codes[3], take_over=True)
    assert problem(lambda: place.auth.code(token, again, place.hands.at)).code == "credentials_wrong"


@pytest.mark.protocol("P-213")
def test_the_question_about_taking_over_does_not_use_a_recovery_code_up(place: Place) -> None:
    codes = set_up(place).recovery
    token = place.pending("rina", Laptop.new())
    assert problem(lambda: place.auth.code(token, Code(code=codes[0]), place.hands.at)).code == "session_active"
    assert place.auth.code(token, Code(code=codes[0], take_over=True), place.hands.at).access


@pytest.mark.protocol("P-213")
def test_one_recovery_code_eight_times_at_once_is_good_once(place: Place) -> None:
    code = Code(code=set_up(place).recovery[0], take_over=True)
    laptop = Laptop.new()
    pending = [place.pending("rina", laptop) for _ in range(8)]

    def attempt(token: str) -> bool:
        try:
            place.auth.code(token, code, place.hands.at)
        except ProblemError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, pending)) == 1


@pytest.mark.protocol("P-213")
def test_codes_lie_hashed_and_are_nobody_elses(place: Place) -> None:
    codes = set_up(place).recovery
    with place.central.read() as conn:
        stored = conn.execute(text("SELECT hash FROM recovery_code")).scalars().all()
        assert {spoken.digest(code, recovery_codes.SIZE) for code in codes} == set(stored)
    token = place.pending("budi", Laptop.new())
    assert problem(lambda: place.auth.code(token, Code(code=codes[0]), place.hands.at)).code == "credentials_wrong"


@pytest.mark.protocol("P-213")
def test_new_codes_need_the_password_and_end_the_former(place: Place) -> None:
    done = set_up(place)
    session = tokens.authenticate(place.central, done.tokens.access, "access", place.hands.at)
    wrong = problem(lambda: own_account.new_recovery_codes(place.auth, session, "salah", place.hands.at))
    assert wrong.code == "credentials_wrong"
    new = own_account.new_recovery_codes(place.auth, session, PASSWORD, place.hands.at).recovery
    assert not set(new) & set(done.recovery)
    token = place.pending("rina", Laptop.new())
    old = Code(code=done.recovery[0], take_over=True)
    assert problem(lambda: place.auth.code(token, old, place.hands.at)).code == "credentials_wrong"


@pytest.mark.protocol("P-213")
@pytest.mark.parametrize("kind", ["one-time", "recovery"])
def test_another_telephone_needs_password_and_code_and_ends_everything(place: Place, kind: str) -> None:
    done = set_up(place)
    place.hands.move(seconds=60)
    session = tokens.authenticate(place.central, done.tokens.access, "access", place.hands.at)
    code = place.code("rina") if kind == "one-time" else done.recovery[0]

    def leave(password: str, code: str) -> None:
        own_account.leave_authenticator(place.auth, session, AuthenticatorLeft(password, code), place.hands.at)

    assert problem(lambda: leave("salah", code)).code == "credentials_wrong"
    assert problem(lambda: leave(PASSWORD, "000000")).code == "credentials_wrong"
    leave(PASSWORD, code)
    ended = problem(lambda: tokens.authenticate(place.central, done.tokens.access, "access", place.hands.at))
    assert ended.code == "session_ended"
    assert first_step(place, place.ask("rina", Laptop.new())).setup
    with place.central.read() as conn:
        assert recovery_codes.left(conn, session.person.id) == 0


# -- counting, and telephones whose clock is off


@pytest.mark.protocol("P-024")
def test_ten_wrong_codes_are_told_and_a_hundred_end_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = person(place, "budi", Role.MANAGER)
    laptop = Laptop.new()

    def guess(code: str = "nonono") -> str:
        place.hands.move(minutes=15)
        token = place.pending("rina", laptop)
        return problem(lambda: place.auth.code(token, Code(code=code), place.hands.at)).code

    assert {guess() for _ in range(9)} == {"credentials_wrong"}
    assert audited(place, "session.many_codes_wrong") == 0
    assert {guess() for _ in range(91)} == {"credentials_wrong"}
    assert audited(place, "session.many_codes_wrong") == 1
    place.hands.move(minutes=15)
    token = place.pending("rina", laptop)
    right = problem(lambda: place.auth.code(token, Code(code=place.code("rina")), place.hands.at))
    assert right.code == "code_stopped"
    with place.central.read() as conn:
        assert [item.code for item in auth_room.notices.unseen(conn, lead.id)] == ["many_wrong_codes"]


@pytest.mark.protocol("P-214")
@pytest.mark.parametrize("steps", [-10, -2, 2, 10])
def test_a_code_of_another_time_says_so_after_the_password(place: Place, steps: int) -> None:
    token = place.pending("rina", Laptop.new())
    error = problem(lambda: place.auth.code(token, Code(code=place.code("rina", steps)), place.hands.at))
    assert (error.code, error.data) == ("code_clock", {"seconds": abs(steps) * 30})


@pytest.mark.protocol("P-214")
@pytest.mark.parametrize("steps", [-11, 11])
def test_a_code_of_longer_ago_is_wrong(place: Place, steps: int) -> None:
    token = place.pending("rina", Laptop.new())
    error = problem(lambda: place.auth.code(token, Code(code=place.code("rina", steps)), place.hands.at))
    assert (error.code, error.data) == ("credentials_wrong", {})


@pytest.mark.protocol("P-214")
def test_a_code_that_is_yet_to_come_is_used_up_by_the_hint(place: Place) -> None:
    token, early = place.pending("rina", Laptop.new()), place.code("rina", 4)
    assert problem(lambda: place.auth.code(token, Code(code=early), place.hands.at)).code == "code_clock"
    place.hands.move(seconds=120)
    token = place.pending("rina", Laptop.new())
    assert problem(lambda: place.auth.code(token, Code(code=early), place.hands.at)).code == "credentials_wrong"
    place.hands.move(seconds=30)
    assert place.sign_in("rina", Laptop.new()).access


# -- the password


@pytest.mark.protocol("P-035")
@pytest.mark.parametrize(
    "new",
    [
        PASSWORD,
        "password123password",
        "qwertyuiop12345",
        "Rina Rina Rina 2026",
        "P4ssw0rd!P4ssw0rd!",
        "aaaaaaaaaaaaaaaaaa",
        "Pusat Uji 2026 2027",
        "indonesiadministrator",
        "sayangaruda2026",
    ],
)
def test_a_password_that_would_be_guessed_is_refused(place: Place, new: str) -> None:
    made = place.sign_in("rina", Laptop.new())
    session = tokens.authenticate(place.central, made.access, "access", place.hands.at)
    error = problem(lambda: place.auth.change_password(session, PasswordChange(PASSWORD, new), place.hands.at))
    assert error.code == "password_guessable"


@pytest.mark.protocol("P-035")
def test_the_person_is_told_of_a_changed_password(place: Place) -> None:
    made = place.sign_in("rina", Laptop.new())
    session = tokens.authenticate(place.central, made.access, "access", place.hands.at)
    place.auth.change_password(session, PasswordChange(PASSWORD, NEW_PASSWORD), place.hands.at)
    (told,) = own_account.look(place.auth, session).notices
    assert told.code == "password_changed"
    for nobodys in ([], ["\0"]):
        own_account.seen(place.auth, session, NoticesSeen(nobodys), place.hands.at)
    assert own_account.look(place.auth, session).notices == [told]
    own_account.seen(place.auth, session, NoticesSeen([told.id]), place.hands.at)
    assert own_account.look(place.auth, session).notices == []


# -- resets by two persons


def reset(place: Place, step: Any, *args: Any) -> Any:
    with place.central.write() as conn:
        return step(conn, *args, place.hands.at)


@pytest.mark.protocol("P-215")
def test_two_others_set_a_second_factor_back(place: Place) -> None:
    made: Tokens = set_up(place).tokens
    lead, second = person(place, "budi", Role.SUPERVISOR), Person(id="m", login="mira", name="M", role=Role.MANAGER)
    asked = reset(place, resets.ask, "rina", lead)
    assert reset(place, resets.ask, "rina", second).id == asked.id
    tokens.authenticate(place.central, made.access, "access", place.hands.at)
    assert reset(place, resets.approve, asked.id, second).state == "approved"
    ended = problem(lambda: tokens.authenticate(place.central, made.access, "access", place.hands.at))
    assert ended.code == "session_ended"
    pending = first_step(place, place.ask("rina", Laptop.new()))
    assert pending.setup
    mine = person(place, "rina")
    with place.central.read() as conn:
        told = auth_room.notices.unseen(conn, mine.id)
        assert recovery_codes.left(conn, mine.id) == 0
    assert [(item.code, item.data) for item in told] == [("reset_done", {"asked": "budi", "approved": "mira"})]
    with pytest.raises(NotFound, match="reset_unknown"):
        reset(place, resets.approve, asked.id, second)


@pytest.mark.protocol("P-215")
def test_nobody_resets_alone_or_the_own_one(place: Place) -> None:
    lead, other = person(place, "budi", Role.SUPERVISOR), person(place, "rina", Role.MANAGER)
    asked = reset(place, resets.ask, "rina", lead)
    assert problem(lambda: reset(place, resets.approve, asked.id, lead)).code == "reset_alone"
    assert problem(lambda: reset(place, resets.approve, asked.id, other)).code == "reset_own"
    assert problem(lambda: reset(place, resets.ask, "budi", lead)).code == "reset_own"
    with pytest.raises(NotFound, match="person_unknown"):
        reset(place, resets.ask, "nobody", lead)
    with place.central.read() as conn:
        assert conn.execute(text("SELECT totp_secret FROM person WHERE login = 'rina'")).scalar()


@pytest.mark.protocol("P-215")
def test_a_request_waits_for_a_shift(place: Place) -> None:
    lead, second = person(place, "budi", Role.SUPERVISOR), Person(id="m", login="mira", name="M", role=Role.MANAGER)
    asked = reset(place, resets.ask, "rina", lead)
    place.hands.move(hours=8)
    with pytest.raises(NotFound, match="reset_unknown"):
        reset(place, resets.approve, asked.id, second)
    assert reset(place, resets.ask, "rina", second).id != asked.id


@pytest.mark.protocol("P-215")
def test_a_reset_opens_a_stopped_account(place: Place) -> None:
    lead, second = person(place, "budi", Role.SUPERVISOR), Person(id="m", login="mira", name="M", role=Role.MANAGER)
    with place.central.write() as conn:
        conn.execute(text("UPDATE person SET failed = 100 WHERE login = 'rina'"))
    asked = reset(place, resets.ask, "rina", lead)
    reset(place, resets.approve, asked.id, second)
    assert first_step(place, place.ask("rina", Laptop.new())).setup
