"""Whoever sits at the desk, with the cache before them: what acting, reading and syncing all need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from .. import clock, records
from ..config import LOCK_MINUTES, PersonHome, Settings
from ..domain.people import Person
from ..domain.policy import Duty, Policy, policy_from, roster_from
from ..errors import NotAllowed, NotFound
from ..store import queues, reads, settings
from ..store.opening import Cache

if TYPE_CHECKING:
    from ..domain.commands import Command, Context
    from ..domain.model import Ticket

ME, INCARNATION, STATE = "me", "incarnation", "sync_state"
"""Settings of the cache: the person as central last described them, the incarnation of this copy, the engine's few
values."""


NOTHING, SAVED, LOST = WIPED = ("device_wiped", "device_wiped_saved", "device_wiped_lost")
"""What a laptop says that was revoked and has wiped itself (`wiping`): nothing was unsent; it was saved for the holders
of the recovery key; there was no such key."""

DEFAULT_ZONE = "Asia/Jakarta"


class Signer(Protocol):
    """The unlocked identity (`identity.signer.Signer`): it alone holds the device key."""

    def data_key(self) -> bytes: ...
    def seal(self, first_counter: int, prev: str, envelopes: list[dict[str, Any]], /) -> list[dict[str, Any]]: ...
    def sign_refresh(self, token: str, /) -> str: ...
    def answers(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocked:
    """An open session of a person on this laptop."""

    login: str
    person: str
    device: str
    code: str
    """Three letters: the prefix of the aliases of tickets made here."""
    signer: Signer


def new_id() -> str:
    """A UUIDv7 as lower-case text, for things and acts made here."""
    import uuid_utils

    return str(uuid_utils.uuid7())


class Seat:
    """One person at one laptop. Reads are short transactions of the caller's thread."""

    def __init__(self, home: PersonHome, chosen: Settings, cache: Cache, unlocked: Unlocked) -> None:
        self.home = home
        self.settings = chosen
        self.cache = cache
        self.unlocked = unlocked
        self._world: _World | None = None

    def leave(self) -> None:
        """Close the cache and the line to the session, which stays unlocked."""
        self.cache.close()
        close = getattr(self.unlocked.signer, "close", None)
        if close is not None:
            close()

    @property
    def person(self) -> Person:
        """Who sits here, with role, tier and queues as central last said. NotAllowed `signed_out` before that."""
        found = self.world.persons.get(self.unlocked.person) or self._described
        if found is None:
            raise NotAllowed("signed_out")
        return found

    @cached_property
    def _described(self) -> Person | None:
        with self.cache.read() as conn:
            document = settings.get(conn, ME)
        return None if document is None else records.from_wire(Person, document)

    @property
    def world(self) -> "_World":
        """People and queues as the cache has them; `forget_world` after news of either."""
        if self._world is None:
            with self.cache.read() as conn:
                site = settings.set_up(conn, "site")
                self._world = _World(
                    persons={person.id: person for person in reads.persons(conn)},
                    queues=frozenset(queue.key for queue in reads.queue_list(conn)),
                    policy=policy_from(settings.set_up(conn, "policy")),
                    roster=roster_from(settings.set_up(conn, "duty")),
                    zone=site.get("zone", DEFAULT_ZONE),
                    routes=tuple(site.get("routes", ())),
                    lock_minutes=int(site.get("lock_minutes", LOCK_MINUTES)),
                )
        return self._world

    def forget_world(self) -> None:
        self._world = None

    def context_of(self, command: "Command") -> "Context":
        """The world around an act of this laptop, provisional; `now` is when it was made."""
        from ..domain.commands import Context

        world = self.world
        actor = world.persons.get(command.actor) or self.person
        return Context(
            actor=actor,
            now=command.made_at,
            policy=world.policy,
            roster=world.roster,
            zone_offset_minutes=world.offset_minutes(command.made_at),
            persons=world.persons,
            queues=world.queues,
        )

    def now(self) -> datetime:
        """Device time corrected by the measured offset to central's clock."""
        with self.cache.read() as conn:
            return clock.now() + settings.server_time(conn)[0]

    def server_seen_at(self) -> datetime | None:
        """The server time that this laptop has last seen."""
        with self.cache.read() as conn:
            return settings.server_time(conn)[1]

    def find_ticket(self, ref: str) -> "Ticket":
        """By number, alias or the start of the id. NotFound `ticket_unknown`, UsageError `ticket_ambiguous`."""
        with self.cache.read() as conn:
            return reads.ticket(conn, ref)

    @staticmethod
    def label(ticket: "Ticket") -> str:
        """What people call the ticket."""
        return queues.label(ticket.number, ticket.alias, ticket.id)

    def person_by_login(self, login: str) -> Person:
        """NotFound `person_unknown`."""
        for person in self.world.persons.values():
            if person.login == login:
                return person
        raise NotFound("person_unknown", login=login)


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    """The set-up of the centre as this laptop has it."""

    persons: Mapping[str, Person]
    queues: frozenset[str]
    policy: Policy
    roster: tuple[Duty, ...]
    zone: str
    routes: Sequence[Mapping[str, Any]]
    """As `domain.routing` reads them."""

    lock_minutes: int = LOCK_MINUTES
    """After how many minutes without a key the site wants consoles locked."""

    def offset_minutes(self, at: datetime) -> int:
        """The site's offset from UTC at a moment: hours of duty are local."""
        from zoneinfo import ZoneInfo

        return int((at.astimezone(ZoneInfo(self.zone)).utcoffset() or timedelta()) / timedelta(minutes=1))
