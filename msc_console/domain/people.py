"""People and queues: the nouns of `model` that a list of tickets needs already, apart so that it loads them alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .terms import Role, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who works here, with what their role lets them do."""

    id: str
    ver: int = 0
    login: str
    name: str
    role: Role
    tier: Tier = Tier.L0
    queues: tuple[str, ...] = ()
    skills: Mapping[str, int] = field(default_factory=dict)
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A list of tickets that some persons work on."""

    id: str
    ver: int = 0
    key: str
    name: str
    kind: str = "regular"
    tier: Tier = Tier.L0
