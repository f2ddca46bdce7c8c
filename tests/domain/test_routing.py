"""Routes of the set-up: the first that fits wins."""

import pytest

from msc_console.domain.routing import FALLBACK_QUEUE, queue_for, routes_from

ROUTES = routes_from(
    [
        {"channel": "monitoring", "queue": "monitoring", "service": None, "b2b": None},
        {"b2b": True, "queue": "priority"},
        {"service": "pos", "b2b": False, "queue": "helpdesk", "colour": "red"},
        {"queue": ""},
    ]
)


@pytest.mark.parametrize(
    ("channel", "service", "b2b", "queue"),
    [
        ("monitoring", "pos", True, "monitoring"),
        ("phone", None, True, "priority"),
        ("phone", "pos", False, "helpdesk"),
        ("phone", "sign", False, FALLBACK_QUEUE),
        ("phone", None, False, FALLBACK_QUEUE),
        ("phone", "", False, FALLBACK_QUEUE),
    ],
)
def test_the_first_route_that_fits(channel: str, service: str | None, b2b: bool, queue: str) -> None:
    assert queue_for(ROUTES, channel, service, b2b) == queue


def test_a_route_without_conditions_takes_the_rest() -> None:
    assert queue_for(routes_from([{"queue": "all"}]), "email", None, False) == "all"
