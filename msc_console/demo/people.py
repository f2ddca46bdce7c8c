"""Who works in the demo centre: what the stories need of `centre.toml`, which is the one list of people."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ..domain.terms import Role, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """One person of the set-up, as far as a story cares."""

    login: str
    name: str
    role: Role
    tier: Tier
    queues: tuple[str, ...]

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


def read_toml(*path: str) -> dict[str, Any]:
    """A TOML file of this package, by its path inside it. Raises `FileNotFoundError` where there is none."""
    return tomllib.loads(files(__package__).joinpath(*path).read_text(encoding="utf-8"))


@cache
def centre() -> dict[str, Any]:
    """`centre.toml` as plain values. Shared: not to be changed."""
    return read_toml("centre.toml")


@cache
def colleagues() -> tuple[Colleague, ...]:
    """Everyone, in the order of the file."""
    return tuple(
        Colleague(
            login=row["login"],
            name=row["name"],
            role=Role(row["role"]),
            tier=Tier(row["tier"]),
            queues=tuple(row["queues"]),
        )
        for row in centre()["person"]
    )


_HANDLERS = {"priority": Role.AGENT_B2B, "monitoring": Role.EOS}


def handlers(queue: str) -> tuple[str, ...]:
    """Logins of those who work a queue's tickets: B2B agents, engineers on site, else the agents."""
    role = _HANDLERS.get(queue, Role.AGENT)
    return tuple(person.login for person in colleagues() if person.role is role and queue in person.queues)


def resolver(tier: Tier) -> str:
    """Login of the first resolver of a tier. Raises `LookupError` where the tier has no accounts."""
    for person in colleagues():
        if person.role is Role.RESOLVER and person.tier is tier:
            return person.login
    raise LookupError(tier)
