"""The pass: whose word it is, and when it no longer holds."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from msc_console import clock, seal
from msc_console.identity.offline_pass import Pass, PassRefused, judge, read
from msc_console.messages import SENTENCES
from tests.identity.conftest import SECRET
from tests.support.passes import CENTRE, Document, a_pass, signed

NOW = clock.parse("2026-07-02T03:04:05.678Z")
PINNED = seal.public_key(CENTRE)
HOUR = timedelta(hours=1)


def _judge(given: Pass, **changes: Any) -> datetime:
    told = {
        "person": SECRET.person,
        "device": SECRET.device,
        "mode": "password",
        "now": NOW,
        "latest": None,
        "highest": 0,
    }
    return judge(given, **(told | changes))


def _given(**changes: Any) -> Pass:
    return read(signed(a_pass(SECRET, NOW, **changes)), PINNED)


def _reason(given: Pass, **changes: Any) -> str:
    with pytest.raises(PassRefused) as caught:
        _judge(given, **changes)
    assert caught.value.key in SENTENCES
    SENTENCES[caught.value.key].format(**caught.value.data)
    return caught.value.reason


def test_it_holds_until_its_end() -> None:
    assert _judge(_given()) == NOW + 14 * HOUR
    assert _judge(_given(), now=NOW + 14 * HOUR - timedelta(milliseconds=1)) == NOW + 14 * HOUR
    assert _reason(_given(), now=NOW + 14 * HOUR) == "over"


def test_it_is_worth_half_when_a_half_of_the_key_was_given_up() -> None:
    two = _given(policy={"vault": "keyring"})
    assert _judge(two, mode="keyring") == NOW + 14 * HOUR
    assert _judge(two, mode="password") == NOW + 7 * HOUR
    assert _judge(_given(policy={"vault": "password"}), mode="password") == NOW + 14 * HOUR


def test_a_clock_that_went_back_is_refused_and_a_measuring_error_is_not() -> None:
    for back, refused in ((timedelta(days=1), True), (timedelta(seconds=61), True), (timedelta(seconds=59), False)):
        latest = NOW + HOUR + back
        if refused:
            assert _reason(_given(), now=NOW + HOUR, latest=latest) == "clock"
        else:
            assert _judge(_given(), now=NOW + HOUR, latest=latest)
    assert _reason(_given(), now=NOW - timedelta(minutes=2)) == "early"


def test_an_older_pass_is_refused() -> None:
    assert _judge(_given(counter=7), highest=7)
    assert _reason(_given(counter=6), highest=7) == "older"


def test_it_is_one_persons_on_one_laptop() -> None:
    assert _reason(_given(user="person-2")) == "foreign"
    assert _reason(_given(device="device-2")) == "foreign"


@pytest.mark.parametrize(
    "document",
    [
        signed(a_pass(SECRET, NOW), private=bytes(32)),
        signed(a_pass(SECRET, NOW), purpose="msc-wipe"),
        Document(
            signed(a_pass(SECRET, NOW)).doc.replace("device-1", "device-2"), signed(a_pass(SECRET, NOW)).sig, PINNED
        ),
        Document("\ud800", "00" * 64, PINNED),
        signed({}),
        signed(a_pass(SECRET, NOW) | {"policy": 7}),
        signed(a_pass(SECRET, NOW) | {"counter": "x"}),
        signed(a_pass(SECRET, NOW) | {"not_after": "never"}),
    ],
)
def test_whatever_central_did_not_sign_as_a_pass_is_none(document: Document) -> None:
    with pytest.raises(PassRefused) as caught:
        read(document, PINNED)
    assert caught.value.reason == "forged"
