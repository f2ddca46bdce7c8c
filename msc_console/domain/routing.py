"""Which queue a new ticket belongs to, as the set-up of the centre says (`[[route]]` of centre.toml)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

FALLBACK_QUEUE = "triage"
"""Where a ticket lands that no route names; every centre has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What fits goes to `queue`; None fits anything."""

    queue: str
    channel: str | None = None
    service: str | None = None
    b2b: bool | None = None

    def fits(self, channel: str, service: str | None, b2b: bool) -> bool:
        """Whether a ticket with these goes this way. A ticket without a service fits no route that wants one."""
        return self.channel in (None, channel) and self.service in (None, service or None) and self.b2b in (None, b2b)


def routes_from(rows: Iterable[Mapping[str, Any]]) -> tuple[Route, ...]:
    """The routes of the site's document, in their order; members that this version doesn't know are passed over."""
    return tuple(
        Route(queue=row["queue"], channel=row.get("channel"), service=row.get("service"), b2b=row.get("b2b"))
        for row in rows
        if row.get("queue")
    )


def queue_for(routes: Iterable[Route], channel: str, service: str | None, b2b: bool) -> str:
    """The queue of the first route that fits, else `FALLBACK_QUEUE`."""
    return next((route.queue for route in routes if route.fits(channel, service, b2b)), FALLBACK_QUEUE)
