"""The cache's key under the recovery key: sealed when needed, opened by two, answered to one laptop alone."""

import json
from dataclasses import replace

import pytest

from msc_console import clock, escrow
from msc_console.central import recovery as at_central
from msc_console.config import Home, PersonHome
from msc_console.errors import UsageError
from msc_console.identity import recovery
from msc_console.identity.recovery import Recovered
from tests.identity.conftest import LOGIN, SECRET

NOW = clock.parse("2026-07-02T03:04:05.678Z")


@pytest.fixture
def people(home: Home) -> PersonHome:
    return home.person(LOGIN).make()


@pytest.fixture
def key() -> tuple[str, tuple[str, str]]:
    """The recipient and the two halves."""
    identity, recipient = escrow.new_identity()
    return recipient, escrow.split(identity)


def _refused(key: str, call: object, *given: object) -> None:
    with pytest.raises(UsageError) as caught:
        call(*given)  # type: ignore[operator]
    assert caught.value.key == key


def test_asked_and_answered(people: PersonHome, key: tuple[str, tuple[str, str]]) -> None:
    recipient, halves = key
    changing = replace(SECRET, data_key=bytes(32), former_key=SECRET.data_key)
    for secret in (SECRET, changing):
        assert recovery.seal(people, LOGIN, secret, recipient, NOW)
        kind, answer = at_central.opened(recovery.ask(people, LOGIN), *halves)
        assert kind == "answer"
        assert recovery.answered(people, LOGIN, answer) == Recovered(secret.data_key, secret.former_key)


def test_no_key_of_the_vault_lies_open_in_file_request_or_answer(
    people: PersonHome, key: tuple[str, tuple[str, str]]
) -> None:
    recipient, halves = key
    recovery.seal(people, LOGIN, SECRET, recipient, NOW)
    asked = recovery.ask(people, LOGIN)
    _, answer = at_central.opened(asked, *halves)
    identity = escrow.join(*halves)
    inside = escrow.unseal(identity, people.recovery.read_bytes().partition(b"\n")[2])
    assert SECRET.device_key.hex() not in json.dumps(inside)
    for content in (people.recovery.read_bytes(), asked, answer):
        assert SECRET.data_key not in content
        assert SECRET.data_key.hex().encode() not in content


def test_it_is_sealed_once_and_anew_for_another_key(people: PersonHome, key: tuple[str, tuple[str, str]]) -> None:
    recipient, _ = key
    recovery.seal(people, LOGIN, SECRET, recipient, NOW)
    before = people.recovery.read_bytes()
    recovery.seal(people, LOGIN, SECRET, recipient, NOW)
    assert people.recovery.read_bytes() == before
    assert recovery.is_current(people, SECRET, recipient)
    for secret, to in ((replace(SECRET, data_key=bytes(32)), recipient), (SECRET, escrow.new_identity()[1])):
        assert not recovery.is_current(people, secret, to)
        recovery.seal(people, LOGIN, secret, to, NOW)
        assert recovery.is_current(people, secret, to)


@pytest.mark.parametrize("recipient", ["", "age1nobody"])
def test_without_a_recovery_key_nothing_is_sealed(people: PersonHome, recipient: str) -> None:
    assert not recovery.seal(people, LOGIN, SECRET, recipient, NOW)
    assert recovery.sealed_to(people) is None
    _refused("recovery_not_sealed", recovery.ask, people, LOGIN)


def test_an_answer_is_one_laptops_and_one_requests(people: PersonHome, key: tuple[str, tuple[str, str]]) -> None:
    recipient, halves = key
    recovery.seal(people, LOGIN, SECRET, recipient, NOW)
    _refused("recovery_not_asked", recovery.answered, people, LOGIN, b"")
    _, answer = at_central.opened(recovery.ask(people, LOGIN), *halves)
    _refused("recovery_other_person", recovery.answered, people, "bagus", answer)
    recovery.ask(people, LOGIN)
    _refused("recovery_not_for_this_key", recovery.answered, people, LOGIN, answer)
    recovery.finished(people)
    _refused("recovery_not_asked", recovery.answered, people, LOGIN, answer)


def test_a_request_for_another_person_than_the_sealed_one_is_refused(
    people: PersonHome, key: tuple[str, tuple[str, str]]
) -> None:
    recipient, halves = key
    recovery.seal(people, LOGIN, SECRET, recipient, NOW)
    asked = json.loads(recovery.ask(people, LOGIN)) | {"login": "bagus"}
    _refused("recovery_other_person", at_central.opened, json.dumps(asked).encode(), *halves)


def test_a_recipient_that_is_none_is_refused(people: PersonHome, key: tuple[str, tuple[str, str]]) -> None:
    recipient, halves = key
    recovery.seal(people, LOGIN, SECRET, recipient, NOW)
    asked = json.loads(recovery.ask(people, LOGIN)) | {"to": "age1nobody"}
    _refused("recovery_not_for_this_key", at_central.opened, json.dumps(asked).encode(), *halves)
