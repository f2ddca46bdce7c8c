"""What persons were at a time: their role, tier, queues and whether their account was on, from each change on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, text

from .. import clock
from ..domain.model import Person
from ..domain.terms import Role, Tier, term

_HISTORY = text("SELECT since, role, tier, queues, active FROM standing WHERE person = :id ORDER BY since")
_NOTE = text(
    "INSERT INTO standing (person, since, role, tier, queues, active) "
    "VALUES (:person, :since, :role, :tier, :queues, :active) ON CONFLICT (person, since) DO UPDATE SET "
    "role = excluded.role, tier = excluded.tier, queues = excluded.queues, active = excluded.active"
)


@dataclass(frozen=True, slots=True)
class History:
    """One person's standings, the oldest first; never empty."""

    standings: Sequence[tuple[int, Person]]

    def at(self, moment: datetime) -> Person:
        """The person as of then; of a time before all that is known, as they first were."""
        reached = [person for since, person in self.standings if since <= clock.to_ms(moment)]
        return reached[-1] if reached else self.standings[0][1]


def of(conn: Connection, person: Person, now: datetime) -> History:
    """The history of a person who is `person` now. A change that nobody noted is noted here."""
    found = [
        (
            int(row.since),
            replace(
                person,
                role=term(Role, row.role),
                tier=term(Tier, row.tier),
                queues=tuple(json.loads(row.queues)),
                active=bool(row.active),
            ),
        )
        for row in conn.execute(_HISTORY, {"id": person.id})
    ]
    if not found or found[-1][1] != person:
        note(conn, person, now)
        found.append((clock.to_ms(now), person))
    return History(found)


def note(conn: Connection, person: Person, now: datetime) -> None:
    """Keeps what a person is from `now` on, in the transaction that makes it so."""
    row = {"person": person.id, "since": clock.to_ms(now), "role": str(person.role), "tier": str(person.tier)}
    conn.execute(_NOTE, row | {"queues": json.dumps(list(person.queues)), "active": int(person.active)})
