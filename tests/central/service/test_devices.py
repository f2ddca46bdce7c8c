"""Revoked laptops: what stops at once, and the order that only the holder of the device's key gets."""

import json

import pytest
from sqlalchemy import text

from msc_console import seal
from msc_console.central import devices, tokens
from msc_console.clock import iso
from msc_console.errors import NotFound
from msc_console.sync.wire import DeviceAsk, DeviceStanding

from .conftest import Laptop, Place
from .test_auth import problem


def _ask(laptop: Laptop, key: bytes | None = None) -> DeviceAsk:
    return DeviceAsk(
        device=laptop.device, proof=seal.sign(key or laptop.private, f"msc-refresh|{laptop.device}".encode())
    )


@pytest.mark.protocol("P-033")
def test_a_revoked_device_hears_the_signed_order_and_its_session_is_over(place: Place) -> None:
    laptop = Laptop.new()
    made = place.sign_in("rina", laptop)
    assert place.auth.standing(_ask(laptop), "10.0.0.1", place.hands.at) == DeviceStanding(state="active")
    devices.revoke(place.url, made.device_code.lower(), place.hands.at)
    assert problem(lambda: tokens.authenticate(place.central, made.access, "access", place.hands.at)).code == (
        "session_ended"
    )
    told = place.auth.standing(_ask(laptop), "10.0.0.1", place.hands.at)
    assert told.state == "revoked"
    assert told.wipe is not None
    assert made.offline is not None
    assert told.wipe.key == made.offline.key
    assert seal.verify(told.wipe.key, f"msc-wipe|{told.wipe.doc}".encode(), told.wipe.sig)
    assert json.loads(told.wipe.doc) == {"device": laptop.device, "at": iso(place.hands.at)}


@pytest.mark.protocol("P-033")
def test_nobody_else_hears_how_a_device_stands(place: Place) -> None:
    laptop, other = Laptop.new(), Laptop.new()
    made = place.sign_in("rina", laptop)
    place.sign_in("budi", other)
    devices.revoke(place.url, made.device_code, place.hands.at)
    wrong = [
        _ask(laptop, other.private),
        DeviceAsk(laptop.device, laptop.proof(made.refresh)),
        DeviceAsk("nobody", "x"),
        DeviceAsk("\x00" * 36, "00" * 64),
    ]
    for ask in wrong:
        assert problem(lambda ask=ask: place.auth.standing(ask, "10.0.0.2", place.hands.at)).code == "proof_wrong"


@pytest.mark.protocol("P-033")
def test_a_long_row_of_wrong_proofs_has_to_wait(place: Place) -> None:
    def tried() -> str:
        return problem(lambda: place.auth.standing(DeviceAsk("nobody", "x"), "10.0.0.3", place.hands.at)).code

    codes = [tried() for _ in range(30)]
    assert codes[0] == "proof_wrong"
    assert codes[-1] == "too_many_tries"


@pytest.mark.protocol("P-033")
def test_the_list_says_which_laptops_there_are(place: Place) -> None:
    made = place.sign_in("rina", Laptop.new())
    (row,) = devices.listing(place.url)
    assert row == {
        "code": made.device_code, "login": "rina", "name": "laptop uji", "state": "active", "vault": "",
        "last_seen": iso(place.hands.at),
    }  # fmt: skip
    devices.revoke(place.url, made.device_code, place.hands.at)
    assert devices.listing(place.url)[0]["state"] == "revoked"
    with place.central.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM audit WHERE act = 'device.revoke'")).scalar() == 1


@pytest.mark.protocol("P-033")
def test_letters_that_nobody_has_are_an_error(place: Place) -> None:
    with pytest.raises(NotFound):
        devices.revoke(place.url, "ZZZ", place.hands.at)
