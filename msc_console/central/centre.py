"""`centre.toml`, the set-up of a centre: read, checked, and turned into plain values.

Whoever writes the file is no programmer: an error names the file, the table (by place and key) and the key.
Nothing is guessed: an unknown key is an error, because it is a misspelt one.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from ..config import LOCK_MINUTES, KeyringPolicy
from ..domain.policy import Duty, Policy
from ..domain.routing import FALLBACK_QUEUE
from ..domain.terms import Channel, Party, Priority, Role, State, Tier
from ..errors import UsageError

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

BARE = Path(__file__).with_name("bare.toml")
"""A centre with the one queue that every centre has: enough to import into, and to grow by `apply`."""
KEPT = ("contacts", "tickets", "acts", "sessions")
"""Classes of what is kept, each with days of its own (`retention`)."""
QUEUE_KINDS = ("regular", "b2b", "monitoring")

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_HOUR = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class CentreError(UsageError):
    """Something in a set-up file is wrong. `data`: file, table, name (of the key), why."""

    def __init__(self, file: str, table: str, name: str, why: str) -> None:
        super().__init__("centre_file_wrong", file=file, table=table, name=name, why=why)
        self.file, self.table, self.name, self.why = file, table, name, why

    def __str__(self) -> str:
        place = " ".join(part for part in (self.table, self.name) if part)
        return f"{self.file}: {place}: {self.why}" if place else f"{self.file}: {self.why}"


class EnrolmentPolicy(StrEnum):
    """What a laptop that central doesn't know needs besides password and one-time code."""

    REQUIRED = "required"
    """A code for new laptops."""
    OPEN = "open"
    """Nothing: for demos and tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSpec:
    key: str
    name: str
    kind: str = "regular"
    tier: Tier = Tier.L0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    key: str
    name: str
    components: tuple[tuple[str, str], ...] = ()
    """(key, name)."""
    categories: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSpec:
    """Which queue an interaction goes to; None = any."""

    queue: str
    channel: str | None = None
    service: str | None = None
    b2b: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSpec:
    login: str
    name: str
    role: Role
    tier: Tier = Tier.L0
    queues: tuple[str, ...] = ()
    skills: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """A whole set-up. Persons are named by login in `duty` and carry no ids yet."""

    name: str
    zone: str
    queues: tuple[QueueSpec, ...]
    keyring: str = ""
    """Whether laptops need the system's keyring: required, optional, or no word."""
    enrolment: EnrolmentPolicy = EnrolmentPolicy.REQUIRED
    lock_minutes: int = LOCK_MINUTES
    """After how many minutes without a key consoles lock themselves."""
    retention: Mapping[str, int] = field(default_factory=dict)
    """Class (`KEPT`) -> days after which it is erased; a class that is not named is kept."""
    services: tuple[ServiceSpec, ...] = ()
    routes: tuple[RouteSpec, ...] = ()
    persons: tuple[PersonSpec, ...] = ()
    duty: tuple[Duty, ...] = ()
    policy: Policy = field(default_factory=Policy)


class _Table:
    """One table of the file: each read names its key, and `done` finds the keys that nobody read."""

    def __init__(self, file: str, name: str, values: Any) -> None:
        self.file, self.name = file, name
        if not isinstance(values, dict):
            raise CentreError(file, name, "", "must be a table")
        self._values = values
        self._read: set[str] = set()

    def wrong(self, key: str, why: str) -> CentreError:
        return CentreError(self.file, self.name, key, why)

    def get(self, key: str, kind: type[T], default: T | None = None) -> T:
        self._read.add(key)
        value = self._values.get(key, default)
        if value is None:
            raise self.wrong(key, "is missing")
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.wrong(key, f"must be {_KINDS.get(kind, kind.__name__)}, not {value!r}")
        return value

    def optional(self, key: str, kind: type[T]) -> T | None:
        self._read.add(key)
        return self.get(key, kind) if key in self._values else None

    def text(self, key: str, default: str | None = None, most: int = 120) -> str:
        value = self.get(key, str, default).strip()
        if not value or len(value) > most or not value.isprintable():
            raise self.wrong(key, f"must be 1 to {most} printable characters")
        return value

    def key(self, key: str, shape: re.Pattern[str] = _KEY) -> str:
        value = self.get(key, str)
        if not shape.fullmatch(value):
            raise self.wrong(key, f"must be lower-case letters, digits, '-', '_' (at most 40), not {value!r}")
        return value

    def choice(self, key: str, kind: type[E], default: E | None = None) -> E:
        value = self.get(key, str, str(default) if default is not None else None)
        try:
            return kind(value)
        except ValueError:
            raise self.wrong(key, f"must be one of {', '.join(kind)}, not {value!r}") from None

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.get(key, list, [])
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(key, "must be a list of texts")
        if len(set(values)) != len(values):
            raise self.wrong(key, "names something twice")
        return tuple(values)

    def whole(self, key: str, default: int, most: int) -> int:
        value = self.get(key, int, default)
        if not 0 < value <= most:
            raise self.wrong(key, f"must be a whole number from 1 to {most}, not {value}")
        return value

    def tables(self, key: str) -> "list[_Table]":
        rows = self.get(key, list, [])
        prefix = f"{self.name}.{key}" if self.name else key
        return [_Table(self.file, f"{prefix}[{place}]", row) for place, row in enumerate(rows, start=1)]

    def table(self, key: str) -> "_Table":
        return _Table(self.file, f"{self.name}.{key}" if self.name else key, self.get(key, dict, {}))

    def each(self, kind: type[T]) -> dict[str, T]:
        """All keys of a table whose keys are free, each value of `kind`."""
        return {key: self.get(key, kind) for key in self._values}

    def only(self, *keys: str) -> None:
        """Refuses other keys at once: a misspelt table would otherwise be called missing."""
        self._read.update(keys)
        self.done()

    def done(self) -> None:
        for key in self._values:
            if key not in self._read:
                raise self.wrong(key, "is not known here")


_KINDS = {str: "a text", int: "a whole number", list: "a list", dict: "a table", bool: "true or false"}


def load(path: Path) -> Centre:
    """Reads and checks a set-up file. Raises CentreError (UsageError)."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        raise CentreError(str(path), "", "", "there is no such file") from None
    except UnicodeDecodeError:
        raise CentreError(str(path), "", "", "is not UTF-8 text") from None


def parse(text: str, file: str = "centre.toml") -> Centre:
    """Checks the text of a set-up file; `file` is what errors call it."""
    try:
        top = _Table(file, "", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise CentreError(file, "", "", str(error)) from None
    top.only("site", "queue", "service", "route", "person", "duty", "policy", "retention")
    site = top.table("site")
    name, zone = site.text("name"), site.text("zone")
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise site.wrong("zone", f"is no IANA time zone: {zone!r}") from None
    keyring = site.choice("keyring", KeyringPolicy) if site.optional("keyring", str) is not None else ""
    enrolment = site.choice("enrolment", EnrolmentPolicy, EnrolmentPolicy.REQUIRED)
    lock_minutes = site.whole("lock_minutes", LOCK_MINUTES, 60)
    site.done()
    retention = top.table("retention")
    kept = {name: retention.whole(name, 36_500, 36_500) for name in KEPT if retention.optional(name, int) is not None}
    retention.done()
    queues = _unique(top.tables("queue"), _queue, "key")
    keys = {queue.key for queue in queues}
    if FALLBACK_QUEUE not in keys:
        raise CentreError(file, "queue", "key", f"there must be a queue {FALLBACK_QUEUE!r}")
    services = _unique(top.tables("service"), _service, "key")
    persons = _unique(top.tables("person"), lambda row: _person(row, keys), "login")
    logins = {person.login for person in persons}
    return Centre(
        name=name,
        zone=zone,
        keyring=str(keyring),
        enrolment=enrolment,
        lock_minutes=lock_minutes,
        retention=kept,
        queues=queues,
        services=services,
        routes=tuple(_route(row, keys, {service.key for service in services}) for row in top.tables("route")),
        persons=persons,
        duty=tuple(_duty(row, keys, logins) for row in top.tables("duty")),
        policy=_policy(top.table("policy")),
    )


def _unique(rows: list[_Table], make: Callable[[_Table], T], key: str) -> tuple[T, ...]:
    made: dict[str, T] = {}
    for row in rows:
        value = make(row)
        name = getattr(value, key)
        if name in made:
            raise row.wrong(key, f"is taken already: {name!r}")
        made[name] = value
    return tuple(made.values())


def _known(row: _Table, key: str, values: tuple[str, ...], known: set[str], what: str) -> tuple[str, ...]:
    for value in values:
        if value not in known:
            raise row.wrong(key, f"there is no {what} {value!r}")
    return values


def _queue(row: _Table) -> QueueSpec:
    queue = QueueSpec(
        key=row.key("key"),
        name=row.text("name"),
        kind=row.text("kind", "regular"),
        tier=row.choice("tier", Tier, Tier.L0),
    )
    if queue.kind not in QUEUE_KINDS:
        raise row.wrong("kind", f"must be one of {', '.join(QUEUE_KINDS)}, not {queue.kind!r}")
    row.done()
    return queue


def _service(row: _Table) -> ServiceSpec:
    service = ServiceSpec(
        key=row.key("key"),
        name=row.text("name"),
        components=_named(row, "components"),
        categories=_named(row, "categories"),
    )
    row.done()
    return service


def _named(row: _Table, key: str) -> tuple[tuple[str, str], ...]:
    named: dict[str, str] = {}
    for part in row.tables(key):
        part_key = part.key("key")
        if part_key in named:
            raise part.wrong("key", f"is taken already: {part_key!r}")
        named[part_key] = part.text("name")
        part.done()
    return tuple(named.items())


def _route(row: _Table, queues: set[str], services: set[str]) -> RouteSpec:
    channel = row.choice("channel", Channel) if row.optional("channel", str) is not None else None
    service = row.optional("service", str)
    route = RouteSpec(queue=row.key("queue"), channel=channel, service=service, b2b=row.optional("b2b", bool))
    _known(row, "queue", (route.queue,), queues, "queue")
    if service is not None:
        _known(row, "service", (service,), services, "service")
    row.done()
    return route


def _person(row: _Table, queues: set[str]) -> PersonSpec:
    skills = row.table("skills").each(int)
    person = PersonSpec(
        login=row.key("login", LOGIN),
        name=row.text("name"),
        role=row.choice("role", Role),
        tier=row.choice("tier", Tier, Tier.L0),
        queues=_known(row, "queues", row.texts("queues"), queues, "queue"),
        skills=skills,
    )
    if person.role is Role.SYSTEM:
        raise row.wrong("role", "'system' is central itself, never a person")
    row.done()
    return person


def _duty(row: _Table, queues: set[str], logins: set[str]) -> Duty:
    tier = row.choice("tier", Tier) if row.optional("tier", str) is not None else None
    queue = row.optional("queue", str)
    if tier is None and queue is None:
        raise row.wrong("tier", "or 'queue' must be given")
    if queue is not None:
        _known(row, "queue", (queue,), queues, "queue")
    hours = {}
    for key in ("begins", "ends"):
        hours[key] = row.get(key, str, "00:00")
        if not _HOUR.fullmatch(hours[key]):
            raise row.wrong(key, f"must be an hour like 07:30, not {hours[key]!r}")
    persons = _known(row, "persons", row.texts("persons"), logins, "person")
    row.done()
    return Duty(persons=persons, tier=tier, queue=queue, begins=hours["begins"], ends=hours["ends"])


def _policy(row: _Table) -> Policy:
    """Durations are whole minutes, hours or days, as the key says; what is left out is the contract's own figure."""
    plain = Policy()
    hours = row.table("resolution_hours")
    resolution = {
        step: timedelta(hours=hours.whole(step, plain.resolution[step] // timedelta(hours=1), 10_000))
        for step in Priority
    }
    hours.done()
    pauses = dict(plain.pauses)
    if not row.get("customer_waits_pause", bool, True):
        pauses = {party: states - {State.WAITING_CUSTOMER} for party, states in pauses.items()}
    policy = Policy(
        version=row.whole("version", plain.version, 1_000_000),
        response=timedelta(minutes=row.whole("response_minutes", plain.response // timedelta(minutes=1), 100_000)),
        resolution=resolution,
        pauses=pauses,
        judged=row.choice("judged", Party, plain.judged),
        reopen_window=timedelta(days=row.whole("reopen_window_days", plain.reopen_window.days, 3650)),
        claim=timedelta(minutes=row.whole("claim_minutes", plain.claim // timedelta(minutes=1), 100_000)),
        ack_lease=timedelta(hours=row.whole("ack_lease_hours", plain.ack_lease // timedelta(hours=1), 1_000)),
    )
    row.done()
    return policy
