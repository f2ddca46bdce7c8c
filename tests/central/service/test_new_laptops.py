"""New laptops on both databases: the device's proof at a sign-in, and the codes that let one in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import text

from msc_console import device_proof
from msc_console.central import enrolling, nonces, setup, spoken, tokens
from msc_console.central.centre import parse
from msc_console.central.problems import ProblemError
from msc_console.errors import NotFound
from msc_console.seal import PUBLIC_KEY
from msc_console.sync.wire import SignIn

from .accounts import asks_a_code, first_step, make_code
from .conftest import CENTRE, PASSWORD, Laptop, Place
from .test_auth import problem

# -- the device's proof


@pytest.mark.protocol("P-210")
@pytest.mark.parametrize("case", ["none", "foreign key", "other login", "old nonce", "made-up nonce", "other receiver"])
def test_a_sign_in_needs_the_devices_proof(place: Place, case: str) -> None:
    laptop, other = Laptop.new(), Laptop.new()
    ask = place.ask("rina", laptop)
    if case == "none":
        ask = SignIn(login="rina", password=PASSWORD, device_key=laptop.public)
    elif case == "foreign key":
        ask = msgspec.structs.replace(ask, proof=device_proof.prove(other.private, ask.nonce, "rina"))
    elif case == "other login":
        ask = msgspec.structs.replace(ask, login="budi")
    elif case == "old nonce":
        place.hands.move(seconds=121)
    elif case == "made-up nonce":
        nonce = "A" * 54
        ask = laptop.asks(nonce, "rina", PASSWORD)
    else:
        ask = msgspec.structs.replace(ask, receive_key=device_proof.receive_key(other.private))
    assert problem(lambda: first_step(place, ask)).code == "proof_wrong"


@pytest.mark.protocol("P-210")
def test_a_nonce_is_good_for_two_minutes_at_every_worker(place: Place) -> None:
    ask = place.ask("rina", Laptop.new())
    place.hands.move(seconds=120)
    assert nonces.good(place.key, ask.nonce, place.hands.at)
    assert first_step(place, ask).token
    assert not nonces.good(place.key, ask.nonce, place.hands.at - timedelta(minutes=3))


@pytest.mark.protocol("P-210")
def test_both_public_keys_of_a_device_are_kept(place: Place) -> None:
    laptop = Laptop.new()
    made = place.sign_in("rina", laptop)
    with place.central.read() as conn:
        row = tokens.by_id(conn, "device", made.device)
    assert (row["public_key"], row["receive_key"]) == (laptop.public, device_proof.receive_key(laptop.private))
    assert PUBLIC_KEY.fullmatch(row["receive_key"])
    assert row["receive_key"] != laptop.public


@pytest.mark.protocol("P-210")
def test_the_receive_key_opens_what_was_sealed_to_it() -> None:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    laptop, peer = Laptop.new(), X25519PrivateKey.generate()
    mine = X25519PrivateKey.from_private_bytes(device_proof.receive_secret(laptop.private))
    told = X25519PublicKey.from_public_bytes(bytes.fromhex(device_proof.receive_key(laptop.private)))
    assert mine.exchange(peer.public_key()) == peer.exchange(told)


# -- codes for new laptops


@pytest.mark.protocol("P-211")
def test_a_new_laptop_needs_a_code_and_a_known_one_none(place: Place) -> None:
    known, new = Laptop.new(), Laptop.new()
    place.sign_in("rina", known)
    asks_a_code(place)
    assert first_step(place, place.ask("rina", known)).token
    assert problem(lambda: first_step(place, place.ask("rina", new))).code == "enrolment_needed"
    code = make_code(place)
    assert len(code.replace("-", "")) == 26
    typed = code.lower().replace("-", " ")
    ask = msgspec.structs.replace(place.ask("rina", new), enrolment=typed)
    assert first_step(place, ask).token
    assert first_step(place, place.ask("rina", new)).token  # known from now on
    again = msgspec.structs.replace(place.ask("rina", Laptop.new()), enrolment=code)
    assert problem(lambda: first_step(place, again)).code == "enrolment_wrong"


@pytest.mark.protocol("P-211")
@pytest.mark.parametrize("case", ["over", "other's", "replaced", "made up", "no code"])
def test_a_code_is_good_for_its_person_and_a_quarter_of_an_hour(place: Place, case: str) -> None:
    asks_a_code(place)
    code = make_code(place, "budi" if case == "other's" else "rina")
    if case == "over":
        place.hands.move(minutes=15)
    elif case == "replaced":
        make_code(place)
    elif case == "made up":
        code = spoken.new(enrolling.SIZE)
    elif case == "no code":
        code = "ABCD"
    ask = msgspec.structs.replace(place.ask("rina", Laptop.new()), enrolment=code)
    assert problem(lambda: first_step(place, ask)).code == "enrolment_wrong"


@pytest.mark.protocol("P-211")
@pytest.mark.parametrize("password", [PASSWORD, "sandi yang salah sekali"])
@pytest.mark.parametrize("login", ["rina", "nobody"])
def test_no_answer_about_a_code_tells_of_login_or_password(place: Place, login: str, password: str) -> None:
    asks_a_code(place)
    bare = place.ask(login, Laptop.new(), password)
    assert problem(lambda: first_step(place, bare)).code == "enrolment_needed"
    made_up = msgspec.structs.replace(place.ask(login, Laptop.new(), password), enrolment=spoken.new(enrolling.SIZE))
    assert problem(lambda: first_step(place, made_up)).code == "enrolment_wrong"


@pytest.mark.protocol("P-211")
def test_a_wrong_password_does_not_use_the_code_up(place: Place) -> None:
    asks_a_code(place)
    code, laptop = make_code(place), Laptop.new()
    wrong = msgspec.structs.replace(place.ask("rina", laptop, "sandi yang salah sekali"), enrolment=code)
    assert problem(lambda: first_step(place, wrong)).code == "credentials_wrong"
    assert first_step(place, msgspec.structs.replace(place.ask("rina", laptop), enrolment=code)).token


@pytest.mark.protocol("P-024", "P-211")
def test_asking_without_a_code_does_not_set_the_count_of_wrong_passwords_back(place: Place) -> None:
    laptop = Laptop.new()
    place.sign_in("rina", laptop)
    asks_a_code(place)

    def guess() -> str:
        problem(lambda: first_step(place, place.ask("rina", Laptop.new(), "salah")))
        return problem(lambda: first_step(place, place.ask("rina", laptop, "salah"))).code

    assert [guess() for _ in range(6)] == ["credentials_wrong"] * 5 + ["too_many_tries"]


@pytest.mark.protocol("P-211")
def test_one_code_lets_one_laptop_in_of_eight_at_once(place: Place) -> None:
    asks_a_code(place)
    code = make_code(place)
    asked = [msgspec.structs.replace(place.ask("rina", Laptop.new()), enrolment=code) for _ in range(8)]
    place.auth.logins._free = 99  # the throttle is another test's

    def attempt(ask: SignIn) -> str:
        try:
            first_step(place, ask)
        except ProblemError as error:
            return error.code
        return "in"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(attempt, asked))
    assert outcomes == ["enrolment_wrong"] * 7 + ["in"]
    with place.central.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM device")).scalar_one() == 1


@pytest.mark.protocol("P-211")
def test_a_code_for_nobody_is_not_made(place: Place) -> None:
    with pytest.raises(NotFound, match="person_unknown"):
        make_code(place, "nobody")


@pytest.mark.protocol("P-211")
def test_a_site_that_says_nothing_asks_for_codes(place: Place) -> None:
    assert parse(CENTRE.replace('enrolment = "open"\n', "")).enrolment == "required"
    with place.central.write() as conn:
        assert not enrolling.required(conn)
        conn.execute(text("DELETE FROM meta WHERE key = 'site_enrolment'"))  # one set up before there was a word
        assert enrolling.required(conn)
    silent = parse(CENTRE.replace('enrolment = "open"\n', ""))
    assert [change.entity for change in setup.apply(place.url, silent, place.hands.at)] == []
    assert [change.entity for change in setup.apply(place.url, place.centre, place.hands.at)] == ["site"]
    with place.central.read() as conn:
        assert not enrolling.required(conn)
