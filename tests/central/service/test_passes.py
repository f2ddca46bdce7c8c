"""Passes for working without central, on both databases: how long, whose, and what they say."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from msc_console import escrow, seal
from msc_console.central import passes, tokens
from msc_console.clock import iso, parse
from msc_console.sync.wire import Code, Refresh, Signed, Tokens

from .conftest import Laptop, Place

HOUR = timedelta(hours=1)


def _document(signed: Signed | None) -> dict[str, Any]:
    assert signed is not None
    assert seal.verify(signed.key, f"msc-pass|{signed.doc}".encode(), signed.sig)
    found: dict[str, Any] = json.loads(signed.doc)
    return found


def _sign_in(place: Place, laptop: Laptop, vault: str) -> Tokens:
    place.hands.move(seconds=30)
    asked = msgspec.structs.replace(place.ask("rina", laptop), vault=vault)
    pending = place.auth.sign_in(asked, "10.0.0.1", place.hands.at)
    return place.auth.code(pending.token, Code(code=place.code("rina")), place.hands.at)


def _renewed(place: Place, laptop: Laptop, held: Tokens) -> Tokens:
    asked = Refresh(held.refresh, seal.sign(laptop.private, f"msc-refresh|{held.refresh}".encode()))
    return tokens.renew(place.central, place.key, asked, place.hands.at)


@pytest.mark.protocol("P-030")
def test_a_pass_says_who_where_and_for_how_long(place: Place) -> None:
    made = _sign_in(place, Laptop.new(), "keyring")
    now = place.hands.at
    assert _document(made.offline) == {
        "user": made.person["id"],
        "device": made.device,
        "roles": ["agent"],
        "scope": {"tier": "l0", "queues": ["triage"]},
        "not_before": iso(now),
        "not_after": iso(now + 14 * HOUR),
        "policy": {"vault": "keyring", "keyring": "", "recovery": "", "spool": escrow.public_of(place.key.spool)},
        "counter": 1,
    }


@pytest.mark.protocol("P-030")
@pytest.mark.parametrize(("vault", "share"), [("keyring", 1), ("password", 2), ("", 2), ("something", 2)])
def test_renewals_carry_it_to_a_day_after_the_sign_in_and_half_without_a_keyring(
    place: Place, vault: str, share: int
) -> None:
    laptop = Laptop.new()
    held = _sign_in(place, laptop, vault)
    began, ends = place.hands.at, []
    for counter in range(1, 13):
        document = _document(held.offline)
        assert document["counter"] == counter
        ends.append(parse(document["not_after"]) - began)
        place.hands.move(seconds=3600)
        if counter < 12:
            held = _renewed(place, laptop, held)
    assert ends[0] == 14 * HOUR / share
    assert ends[1] == min(1 * HOUR + 14 * HOUR / share, 24 * HOUR / share)
    assert ends[-1] == 24 * HOUR / share


@pytest.mark.protocol("P-030")
def test_asking_again_gives_the_very_same_pass(place: Place) -> None:
    laptop = Laptop.new()
    held = _sign_in(place, laptop, "keyring")
    place.hands.move(seconds=60)
    first = _renewed(place, laptop, held)
    place.hands.move(seconds=10)
    assert _renewed(place, laptop, held).offline == first.offline
    assert _document(first.offline)["counter"] == 2


@pytest.mark.protocol("P-031")
def test_a_site_that_requires_keyrings_says_so_and_gives_no_pass_without(place: Place) -> None:
    with place.central.write() as conn:
        conn.execute(text("UPDATE meta SET value = 'required' WHERE key = 'site_keyring'"))
    laptop = Laptop.new()
    assert place.auth.sign_in(place.ask("rina", laptop), "10.0.0.1", place.hands.at).keyring == "required"
    assert _sign_in(place, laptop, "password").offline is None
    assert _document(_sign_in(place, laptop, "keyring").offline)["policy"]["keyring"] == "required"


@pytest.mark.protocol("P-030")
def test_the_key_is_the_master_keys_and_serves_one_purpose_each(place: Place) -> None:
    one, other = passes.sign(place.key, "msc-pass", {"a": 1}), passes.sign(place.key, "msc-wipe", {"a": 1})
    assert (one.key, one.doc) == (other.key, other.doc)
    assert one.sig != other.sig
    assert not seal.verify(other.key, f"msc-pass|{other.doc}".encode(), other.sig)
    assert place.key.derive("signing").hex() not in one.key
