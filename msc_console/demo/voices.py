"""The general phrases and words of `voices.toml`, and a filler that tells one ticket from the next."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from functools import cache
from random import Random
from typing import Any

from ..domain.terms import Channel
from .customers import Customer, company
from .people import read_toml

LOCAL = timezone(timedelta(hours=7))
"""WIB, the zone of the demo centre: no summer time, so no zone data is needed."""

_MONTHS = (
    *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
    *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
)
_SERIAL = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@cache
def _voices() -> dict[str, Any]:
    return read_toml("voices.toml")


def lines(name: str) -> tuple[str, ...]:
    """The phrases of one heading, such as `notes`. Raises `KeyError` for an unknown one."""
    return tuple(_voices()["lines"][name])


def _day(at: datetime) -> str:
    return f"{at.day} {_MONTHS[at.month - 1]}"


def _part_of_day(hour: int) -> str:
    for until, name in ((4, "malam"), (11, "pagi"), (15, "siang"), (18, "sore")):
        if hour < until:
            return name
    return "malam"


def slots(rng: Random, customer: Customer, contact_at: datetime) -> dict[str, str]:
    """The words of one ticket, the same through its whole life: numbers, papers, times of day (WIB), names."""
    at = contact_at.astimezone(LOCAL)
    organisation = company(customer)
    failed = rng.randrange(3, 28)
    words = {name: rng.choice(values) for name, values in _voices()["words"].items()}
    return words | {
        "n": str(failed),
        "m": str(failed + rng.randrange(2, 40)),
        "ms": str(rng.randrange(17, 92) * 100),
        "persen": str(rng.randrange(61, 98)),
        "sn": "CONTOH-" + "".join(rng.choice(_SERIAL) for _ in range(6)),
        "po": f"PO-{at:%y%m}-{rng.randrange(1, 1000):04d}",
        "inv": f"TAG-{at:%y%m%d}-{rng.randrange(100, 1000)}",
        "jam": f"{at - timedelta(minutes=rng.randrange(10, 110)):%H.%M}",
        "tgl": _day(at - timedelta(days=rng.randrange(2, 8))),
        "kelak": _day(at + timedelta(days=rng.randrange(2, 8))),
        "waktu": _part_of_day(at.hour),
        "nama": customer.name,
        "sapaan": customer.greeting,
        "org": organisation.name if organisation else customer.name,
    }


def fill(template: str, words: dict[str, str], said_at: datetime) -> str:
    """A template with its slots filled, as said at a moment: `{pukul}` is then, `{nanti}` some two hours on.

    Raises `KeyError` for a slot that `slots` doesn't know.
    """
    at = said_at.astimezone(LOCAL)
    later = at + timedelta(minutes=135 - at.minute % 15)
    return template.format_map(words | {"pukul": f"{at:%H.%M}", "nanti": f"{later:%H.%M}"})


def framed(rng: Random, channel: Channel, body: str) -> str:
    """The template of a customer's text as it comes in by a channel: with a greeting, and by mail with a signature."""
    voices = _voices()
    start = rng.choice(voices["openings"][channel])
    end = rng.choice(voices["closings"].get(channel, [""]))
    return f"{start}{body}{end}"


class Deck:
    """Phrases dealt without repeating one before all were used: neighbours don't sound alike."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._rest: dict[str, list[str]] = {}

    def deal(self, name: str, phrases: Sequence[str]) -> str:
        """The next phrase of the pile called `name`."""
        rest = self._rest.get(name)
        if not rest:
            rest = list(phrases)
            self._rng.shuffle(rest)
            self._rest[name] = rest
        return rest.pop()

    def line(self, name: str) -> str:
        """The next phrase of a heading of `voices.toml`."""
        return self.deal(name, lines(name))

    def pair(self, name: str, other: str) -> tuple[str, str]:
        """The next phrase of one heading and the phrase that stands in the same place of another."""
        phrase = self.line(name)
        return phrase, lines(other)[lines(name).index(phrase)]
