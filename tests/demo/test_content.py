"""The demo's fixed content: the set-up holds together, and nobody in it can be real."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from msc_console.demo.customers import COMPANIES, CUSTOMERS, company
from msc_console.demo.fates import FATES
from msc_console.demo.library import articles
from msc_console.demo.people import centre, colleagues, handlers, resolver
from msc_console.demo.situations import situations
from msc_console.domain.terms import Channel, Role, Tier
from msc_console.text import clean

NOW = datetime(2025, 3, 4, 7, 0, tzinfo=UTC)
SERVICES = {row["key"]: row for row in centre()["service"]}
QUEUES = {row["key"] for row in centre()["queue"]}


def _keys(service: str, kind: str) -> set[str]:
    return {row["key"] for row in SERVICES[service][kind]}


def test_sixteen_people_in_eight_roles() -> None:
    assert Counter(person.role for person in colleagues()) == {
        Role.AGENT: 5,
        Role.AGENT_B2B: 2,
        Role.EOS: 2,
        Role.SUPERVISOR: 2,
        Role.MANAGER: 1,
        Role.QA: 1,
        Role.WFM: 1,
        Role.RESOLVER: 2,
    }
    assert len({person.login for person in colleagues()}) == 16
    assert colleagues()[0].login == "agent"
    assert colleagues()[0].name == "Rina Wulandari"


def test_what_the_set_up_names_exists() -> None:
    logins = {person.login for person in colleagues()}
    assert all(set(person.queues) <= QUEUES for person in colleagues())
    assert all(set(row["persons"]) <= logins for row in centre()["duty"])
    assert {row["tier"] for row in centre()["duty"]} == {"l1", "l2", "principal"}
    for route in centre()["route"]:
        assert route["queue"] in QUEUES
        assert route.get("service", "api") in SERVICES
        assert route.get("channel", "phone") in set(Channel)
    for person in centre()["person"]:
        assert set(person["skills"]) <= set(SERVICES)
    assert all(handlers(queue) for queue in QUEUES)


def test_tiers_without_accounts_have_no_resolver() -> None:
    assert resolver(Tier.L1) == "hendra"
    assert resolver(Tier.L2) == "laras"
    with pytest.raises(LookupError):
        resolver(Tier.PRINCIPAL)


def test_situations_stand_in_the_catalogue() -> None:
    found = situations()
    assert len(found) >= 45
    assert len({situation.key for situation in found}) == len(found)
    for situation in found:
        assert situation.component is None or situation.component in _keys(situation.service, "components")
        assert situation.category in _keys(situation.service, "categories")
        assert len(situation.bodies) in (1, len(situation.subjects))
        assert (situation.escalation is None) == (situation.outcome is None)


def test_fates_come_to_a_hundred_and_twenty() -> None:
    assert sum(fate.number for fate in FATES) == 120
    assert all(len(fate.queues) == fate.number for fate in FATES)


def test_thirty_customers_who_cannot_be_reached() -> None:
    assert len(CUSTOMERS) == len({customer.key for customer in CUSTOMERS}) == 30
    values = [address.value for customer in CUSTOMERS for address in customer.addresses]
    for value in values:
        assert value.endswith((".example", "_contoh")) or value.startswith(("+62812000001", "+6221000001"))
    for customer in CUSTOMERS:
        assert (company(customer) is None) == (customer.organisation is None)
        assert Channel.PHONE in customer.channels
    assert {customer.organisation for customer in CUSTOMERS} - {None} == {row.key for row in COMPANIES}
    assert any(not row.b2b for row in COMPANIES)


def test_articles_are_complete() -> None:
    found = articles(NOW)
    assert found == articles(NOW)
    assert all(piece.updated_at < NOW < piece.review_at for piece in found if piece.review_at)
    assert [piece.code for piece in found] == [f"PT-{n:03d}" for n in range(1, 13)]
    assert len({piece.title for piece in found}) == 12
    for piece in found:
        assert piece.service is not None
        assert piece.category in _keys(piece.service, "categories")
        assert piece.body.startswith(f"# {piece.title}\n")
        assert 150 <= len(piece.body.split()) <= 350
        assert "\n1. " in piece.body
        assert "Konten contoh untuk demo" in piece.body
        assert piece.body == clean(piece.body)
