"""What an attacker can repeat at will stands in the trail as counts, not as rows."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from msc_console.central import devices, tally
from msc_console.central.tick import tick
from msc_console.sync.wire import Code

from .accounts import asks_a_code, audited
from .conftest import Laptop, Place
from .test_auth import problem
from .test_devices import _ask


def rows(place: Place, act: str) -> list[dict[str, Any]]:
    with place.central.read() as conn:
        found = conn.execute(text("SELECT data FROM audit WHERE act = :act ORDER BY seq"), {"act": act}).scalars()
        return [json.loads(data) for data in found]


def wrong(place: Place, login: str) -> None:
    problem(lambda: place.auth.sign_in(place.ask(login, Laptop.new(), "salah sekali"), "10.0.0.9", place.hands.at))


def test_wrong_passwords_of_an_account_are_one_row_and_one_count_per_window(place: Place) -> None:
    for _ in range(4):
        wrong(place, "rina")
    (first,) = rows(place, "session.password_wrong")
    assert first["failed"] == 1
    place.hands.move(minutes=16)
    tick(place.central, place.hands.at)
    tick(place.central, place.hands.at)
    _, later = rows(place, "session.password_wrong")
    assert later == {"person": first["person"], "count": 3, "since": later["since"]}
    wrong(place, "rina")
    assert len(rows(place, "session.password_wrong")) == 3


def test_a_window_that_nobody_closed_is_closed_by_the_next_failure(place: Place) -> None:
    for _ in range(3):
        wrong(place, "rina")
    place.hands.move(minutes=20)
    wrong(place, "rina")
    assert [row.get("count") for row in rows(place, "session.password_wrong")] == [None, 2, None]


def test_names_that_are_not_known_share_one_row(place: Place) -> None:
    for number in range(15):
        wrong(place, f"siapa{number}")
    assert [row["person"] for row in rows(place, "session.password_wrong")] == [""]


def test_wrong_codes_for_a_laptop_and_for_a_sign_in_too(place: Place) -> None:
    laptop = Laptop.new()
    place.sign_in("rina", laptop)
    token = place.pending("rina", laptop)
    for _ in range(3):
        problem(lambda: place.auth.code(token, Code(code="000000"), place.hands.at))
    assert audited(place, "session.code_wrong") == 1
    assert audited(place, "device.new") == 1
    asks_a_code(place)
    for _ in range(3):
        asked = Laptop.new().asks(place.ask("rina", laptop).nonce, "rina", "x" * 20, enrolment="A" * 26)
        assert problem(lambda asked=asked: place.auth.sign_in(asked, "10.0.0.9", place.hands.at)).code == (
            "enrolment_wrong"
        )
    assert audited(place, "device.code_wrong") == 1


@pytest.mark.protocol("P-033")
def test_a_revoked_laptop_that_keeps_calling_leaves_a_row_per_window(place: Place) -> None:
    laptop = Laptop.new()
    made = place.sign_in("rina", laptop)
    devices.revoke(place.url, made.device_code, place.hands.at)
    for minutes in (0, 5, 5, 10, 1):
        place.hands.move(minutes=minutes)
        assert place.auth.standing(_ask(laptop), "10.0.0.1", place.hands.at).wipe is not None
    found = rows(place, "device.wipe")
    assert [row.get("count") for row in found] == [None, 2, None]
    assert audited(place, "device.revoke") == 1
    assert tally.WINDOW.total_seconds() == 900
