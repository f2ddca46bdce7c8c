"""What a set-up file says against what a central holds: computed here, written by `setup`.

Nothing with a history is deleted: a person who left the file has left (`setup`). A person who was never in it
(`msc central user add`) is none of the file's business, and who stands in it and was switched off by somebody stays
off. Queues and services are removed, a queue only while nothing lies in it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import Connection, text

from .. import records
from ..config import LOCK_MINUTES
from ..domain.model import Named, Person, Queue, Service
from ..domain.policy import Duty, Policy, policy_document, policy_from
from ..errors import UsageError
from . import retention, sql
from .centre import KEPT, Centre, EnrolmentPolicy
from .tokens import new_id

FINISHED = "('closed', 'merged', 'cancelled')"
_UNSAID = {
    "site_keyring": "",
    "site_enrolment": str(EnrolmentPolicy.REQUIRED),
    "site_lock_minutes": str(LOCK_MINUTES),
    **{retention.key(name): "0" for name in KEPT},
}
"""What holds where the database says nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing to change. `old` None = new, `new` None = removed; both are values of the entity's class."""

    entity: str
    key: str
    """What people call it: login, queue key, policy version."""
    old: Any
    new: Any

    @property
    def act(self) -> str:
        return "add" if self.old is None else "remove" if self.new is None else "change"

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        """Field -> (old, new) of a change, in the wire's plain types."""
        if self.old is None or self.new is None:
            return {}
        old, new = _plain(self.old), _plain(self.new)
        names = sorted({*old, *new} - {"duty"})  # stands beside "rows", for the writer
        return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


def _plain(value: Any) -> dict[str, Any]:
    if isinstance(value, Policy):
        return policy_document(value)
    if isinstance(value, Mapping):
        return dict(value)
    document = records.to_wire(value)
    return {name: item for name, item in document.items() if name not in ("id", "ver")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What a central holds of its set-up."""

    meta: Mapping[str, str]
    queues: Mapping[str, Queue]
    services: Mapping[str, Service]
    persons: Mapping[str, Person]
    """By login."""
    duty: tuple[Duty, ...]
    """With ids of persons."""
    policy: Policy | None
    busy_queues: frozenset[str]
    """Keys of queues with tickets that aren't finished."""


def present(conn: Connection) -> Present:
    """Reads it all in the caller's transaction."""
    body = conn.execute(text("SELECT body FROM policy ORDER BY version DESC LIMIT 1")).scalar()
    duties = sql.rows(conn, text("SELECT persons, tier, queue, begins, ends FROM duty ORDER BY place, id"))
    busy = conn.execute(text(f"SELECT DISTINCT queue FROM ticket WHERE state NOT IN {FINISHED}")).scalars()
    return Present(
        meta={row.key: row.value for row in conn.execute(text("SELECT key, value FROM meta"))},
        queues={row["key"]: records.from_row(Queue, row) for row in sql.rows(conn, sql.select("queue", "1 = 1"))},
        services={row["key"]: records.from_row(Service, row) for row in sql.rows(conn, sql.select("service", "1 = 1"))},
        persons={row["login"]: records.from_row(Person, row) for row in sql.rows(conn, sql.select("person", "1 = 1"))},
        duty=tuple(
            Duty(
                persons=tuple(json.loads(r["persons"])),
                tier=r["tier"],
                queue=r["queue"],
                begins=r["begins"],
                ends=r["ends"],
            )
            for r in duties
        ),
        policy=policy_from(json.loads(body)) if body else None,
        busy_queues=frozenset(busy),
    )


def differences(have: Present, centre: Centre) -> list[Difference]:
    """What has to change so that `have` is as the file says. UsageError for a change that can't be made."""
    queues = _compare("queue", have.queues, {spec.key: _queue(spec, have) for spec in centre.queues})
    services = _compare("service", have.services, {spec.key: _service(spec, have) for spec in centre.services})
    persons = _persons(have, centre)
    for change in queues:
        if change.new is None and change.key in have.busy_queues:
            raise UsageError("queue_not_empty", queue=change.key)
    ids = {login: person.id for login, person in have.persons.items()}
    ids |= {change.key: change.new.id for change in persons}
    return [*_site(have, centre), *queues, *services, *persons, *_duty(have, centre, ids), *_policy(have, centre)]


def _compare(entity: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    keys: Iterable[str] = dict.fromkeys([*new, *old])
    found = [Difference(entity=entity, key=key, old=old.get(key), new=new.get(key)) for key in keys]
    return [change for change in found if change.old is None or change.new is None or change.fields]


def _identity(value: Any) -> dict[str, Any]:
    """Id and next version of a row that may exist already."""
    return {"id": value.id, "ver": value.ver + 1} if value else {"id": new_id(), "ver": 1}


def _queue(spec: Any, have: Present) -> Queue:
    told = {item.name: getattr(spec, item.name) for item in fields(spec)}
    return Queue(**_identity(have.queues.get(spec.key)), **told)


def _service(spec: Any, have: Present) -> Service:
    def named(pairs: tuple[tuple[str, str], ...]) -> tuple[Named, ...]:
        return tuple(Named(key=key, name=name) for key, name in pairs)

    return Service(
        **_identity(have.services.get(spec.key)),
        key=spec.key,
        name=spec.name,
        components=named(spec.components),
        categories=named(spec.categories),
    )


def _persons(have: Present, centre: Centre) -> list[Difference]:
    new = {}
    of_the_file = json.loads(have.meta.get("centre_logins", "[]"))
    for spec in centre.persons:
        told = {item.name: getattr(spec, item.name) for item in fields(spec)}
        held = have.persons.get(spec.login)
        switched_off = held is not None and not held.active and spec.login in of_the_file
        new[spec.login] = Person(**_identity(held), **told, active=not switched_off)
    for login in of_the_file:
        if login not in new and login in have.persons:
            person = have.persons[login]
            new[login] = replace(person, ver=person.ver + 1, active=False)
    return _compare("person", {login: have.persons[login] for login in new if login in have.persons}, new)


def _site(have: Present, centre: Centre) -> list[Difference]:
    routes = json.dumps([{f.name: getattr(r, f.name) for f in fields(r)} for r in centre.routes], sort_keys=True)
    new = {
        "site_name": centre.name,
        "site_zone": centre.zone,
        "site_keyring": centre.keyring,
        "site_enrolment": str(centre.enrolment),
        "site_lock_minutes": str(centre.lock_minutes),
        **{retention.key(name): str(centre.retention.get(name, 0)) for name in KEPT},
        "routes": routes,
    }
    old = {key: have.meta.get(key, _UNSAID.get(key)) for key in new}
    return [Difference(entity="site", key="site", old=old, new=new)] if old != new else []


def _duty(have: Present, centre: Centre, ids: Mapping[str, str]) -> list[Difference]:
    """The list as a whole: its rows have no names by which one could be told from another."""
    new = tuple(replace(row, persons=tuple(ids[login] for login in row.persons)) for row in centre.duty)
    if new == have.duty:
        return []
    old_rows, new_rows = ([records.to_wire(row) for row in rows] for rows in (have.duty, new))
    return [Difference(entity="duty", key="duty", old={"rows": old_rows}, new={"rows": new_rows, "duty": new})]


def _policy(have: Present, centre: Centre) -> list[Difference]:
    new = centre.policy
    if have.policy is not None:
        if have.policy == new:
            return []
        if new.version <= have.policy.version:
            raise UsageError("policy_version_not_raised", version=new.version, held=have.policy.version)
    return [Difference(entity="policy", key=str(new.version), old=have.policy, new=new)]
