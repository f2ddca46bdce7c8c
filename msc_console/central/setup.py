"""Setting a centre up and changing it later, from `centre.toml`; people and their credentials.

Every change is audited, raises the row's version and is announced on the feed, so that laptops follow.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from .. import records
from ..clock import to_ms
from ..domain.model import Person
from ..domain.policy import Duty, policy_document
from ..domain.scope import COMMON
from ..domain.terms import Role, Tier
from ..errors import MscError, UsageError
from ..text import clean
from . import audit, feed, leaving, masterkey, notices, sql, standing, tokens, totp
from .centre import LOGIN, Centre
from .db import Central
from .differences import Difference, differences, present
from .passwords import Kdf, Passwords, kdf_of_environment, refuse_unfit
from .system import ACTOR, SYSTEM

EVERYONE = frozenset({COMMON})


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a person needs to sign in besides the password. Shown once and kept nowhere in the clear."""

    login: str
    secret: str
    """Base32 seed of the authenticator app; empty where the person sets it up."""
    uri: str


def init(url: str, centre: Centre, now: datetime, kdf: Kdf | None = None) -> list[Difference]:
    """Makes the schema, the master key and the site. UsageError when this central is set up already."""
    central = Central.open(url)
    try:
        central.migrate()
        masterkey.create(masterkey.path_for(url))
        with central.write() as conn:
            if conn.execute(text("SELECT 1 FROM meta WHERE key = 'site_id'")).scalar():
                raise UsageError("central_set_up_already")
            _meta(conn, {"site_id": tokens.new_id(), "kdf": (kdf or kdf_of_environment()).name})
            return _write(central, conn, centre, now)
    finally:
        central.close()


def apply(url: str, centre: Centre, now: datetime, dry_run: bool = False) -> list[Difference]:
    """Turns the differences between file and central into audited changes; `dry_run` only says which.

    UsageError when the central isn't set up or a change can't be made; then nothing is changed.
    """
    central = Central.open(url)
    try:
        central.migrate()
        if dry_run:
            with central.read() as conn:
                require_site(conn)
                return differences(present(conn), centre)
        with central.write() as conn:
            require_site(conn)
            return _write(central, conn, centre, now)
    finally:
        central.close()


def require_site(conn: Connection) -> dict[str, str]:
    """What `meta` holds. UsageError when this central isn't set up."""
    meta = {row.key: row.value for row in conn.execute(text("SELECT key, value FROM meta"))}
    if "site_id" not in meta:
        raise UsageError("central_not_set_up")
    return meta


def passwords_of(meta: Mapping[str, str]) -> Passwords:
    """The password costs of this process. UsageError when the site was set up under others."""
    kdf = kdf_of_environment()
    if meta.get("kdf") != kdf.name:
        raise UsageError("password_costs_differ", site=meta.get("kdf"), process=kdf.name)
    return Passwords(kdf)


def _meta(conn: Connection, values: Mapping[str, str]) -> None:
    statement = (
        "INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    )
    sql.many(conn, text(statement), [{"key": key, "value": value} for key, value in values.items()])


def _write(central: Central, conn: Connection, centre: Centre, now: datetime) -> list[Difference]:
    found = differences(present(conn), centre)
    for change in found:  # before anything of the set-up changes, which giving tickets back stands on
        if change.entity == "person" and change.old is not None and change.old.active and not change.new.active:
            _off(central, conn, change.old, now)
    for change in found:
        _WRITERS.get(change.entity, _row)(conn, change, now)
        data = {"key": _known_as(change), "act": change.act, "fields": sorted(change.fields)}
        audit.add(conn, now, ACTOR, f"centre.{change.entity}", data)
    _meta(conn, {"centre_logins": json.dumps(sorted(person.login for person in centre.persons))})
    announce(conn, [told for change in found for told in _announced(change)], now)
    return found


def _off(central: Central, conn: Connection, whom: Person, now: datetime) -> None:
    """Whoever is no longer in the file has left, as by `people.switch_off` with `offboard`."""
    left = leaving.everything(central, conn, whom, SYSTEM, now)
    tokens.end(conn, whom.id, now)
    audit.add(conn, now, ACTOR, "person.offboard", {"person": whom.id})
    row = tokens.by_id(conn, "person", whom.id)
    notices.to_leads(conn, now, "person_left", row, by="centre.toml", tickets=len(left.tickets))


def _known_as(change: Difference) -> str:
    """What the trail calls it: a person by the id, since a login can't be taken out of it any more."""
    return str((change.new or change.old).id) if change.entity == "person" else change.key


def announce(conn: Connection, changes: Sequence[feed.Change], now: datetime) -> None:
    """Puts changes on the feed: the last statement of a transaction."""
    if changes:
        feed.announce(conn, changes, at=now)


def _announced(change: Difference) -> list[feed.Change]:
    """What laptops are told."""
    if change.entity in ("site", "duty"):  # one document each, an empty one too
        return [feed.Change(entity=change.entity, id=change.entity, ver=1, put_groups=EVERYONE)]
    row = change.new if change.new is not None else change.old
    return [
        feed.Change(
            entity=change.entity,
            id=getattr(row, "id", change.key),
            ver=row.version if change.entity == "policy" else row.ver,
            put_groups=EVERYONE,
            gone=change.new is None,
        )
    ]


def _row(conn: Connection, change: Difference, now: datetime) -> None:
    if change.new is None:
        conn.execute(text(f'DELETE FROM "{change.entity}" WHERE id = :id'), {"id": change.old.id})
        return
    conn.execute(sql.upsert(change.entity), records.to_row(change.new))
    if isinstance(change.new, Person):
        standing.note(conn, change.new, now)


def _write_site(conn: Connection, change: Difference, _now: datetime) -> None:
    _meta(conn, change.new)


def _write_policy(conn: Connection, change: Difference, now: datetime) -> None:
    body = json.dumps(policy_document(change.new), sort_keys=True)
    conn.execute(
        text("INSERT INTO policy (version, body, made_at) VALUES (:version, :body, :at)"),
        {"version": change.new.version, "body": body, "at": to_ms(now)},
    )


def _write_duty(conn: Connection, change: Difference, _now: datetime) -> None:
    conn.execute(text("DELETE FROM duty"))
    rows: Iterable[Duty] = change.new["duty"]
    values = [
        {
            "id": tokens.new_id(),
            "ver": 1,
            "place": place,
            "persons": json.dumps(row.persons),
            "tier": row.tier,
            "queue": row.queue,
            "begins": row.begins,
            "ends": row.ends,
        }
        for place, row in enumerate(rows)
    ]
    sql.many(conn, sql.insert("duty", ("id", "ver", "place", "persons", "tier", "queue", "begins", "ends")), values)


_WRITERS = {"site": _write_site, "policy": _write_policy, "duty": _write_duty}


def user_add(
    url: str,
    login: str,
    password: str,
    now: datetime,
    *,
    name: str | None = None,
    role: Role | None = None,
    tier: Tier = Tier.L0,
    queues: Sequence[str] = (),
    own_authenticator: bool = False,
) -> Enrolment:
    """Gives a person of the set-up file, or a new one, a password and an authenticator seed; `own_authenticator`: the
    password alone, and the person sets the authenticator up.

    A new person needs `name` and `role`. UsageError when the person can sign in already: a reset is another act.
    """
    refuse_unfit(password)
    central = Central.open(url)
    try:
        key = masterkey.load(masterkey.path_for(url))
        with central.read() as conn:
            meta = require_site(conn)
        # Hashing takes its time on purpose: not while the database is held.
        hashed = passwords_of(meta).hash(password)
        with central.write() as conn:
            person, new = person_for(conn, login, name, role, tier, queues)
            enrolment = enrol(conn, key, person, hashed, meta["site_name"], now, own_authenticator=own_authenticator)
            if new:
                standing.note(conn, person, now)
                announce(conn, [feed.Change(entity="person", id=person.id, ver=person.ver, put_groups=EVERYONE)], now)
            return enrolment
    finally:
        central.close()


def person_for(
    conn: Connection, login: str, name: str | None, role: Role | None, tier: Tier, queues: Sequence[str]
) -> tuple[Person, bool]:
    """Somebody who has no password yet: of the set-up file, or new (True), then not yet announced. UsageError."""
    found = sql.rows(conn, text("SELECT * FROM person WHERE login = :login"), login=login)
    if found:
        if found[0]["password_hash"] is not None:
            raise UsageError("user_exists", login=login)
        return records.from_row(Person, found[0]), False
    if not LOGIN.fullmatch(login):
        raise UsageError("bad_login", login=login)
    name = clean(name or "", line=True).strip()
    if not name or role is None or role is Role.SYSTEM:
        raise UsageError("user_needs_name_and_role", login=login)
    require_queues(conn, queues)
    person = Person(id=tokens.new_id(), ver=1, login=login, name=name, role=role, tier=tier, queues=tuple(queues))
    conn.execute(sql.upsert("person"), records.to_row(person))
    return person, True


def require_queues(conn: Connection, queues: Iterable[str]) -> None:
    """UsageError `queue_unknown` for the first key that no queue has."""
    known = set(conn.execute(text('SELECT "key" FROM queue')).scalars())
    for queue in queues:
        if queue not in known:
            raise UsageError("queue_unknown", queue=queue)


def enrol(
    conn: Connection,
    key: masterkey.MasterKey,
    person: Person,
    password_hash: str,
    site: str,
    now: datetime,
    *,
    own_authenticator: bool = False,
) -> Enrolment:
    """Sets a person's password and a new seed in the caller's transaction, and ends all sessions they had."""
    seed = "" if own_authenticator else totp.new_seed()
    values = {
        "hash": password_hash,
        "seed": totp.seal_seed(key.seeds, person.id, seed) if seed else None,
        "id": person.id,
    }
    changed = conn.execute(
        text(
            "UPDATE person SET password_hash = :hash, totp_secret = :seed, totp_step = 0, failed = 0, "
            "locked_until = NULL, must_change = 0 WHERE id = :id"
        ),
        values,
    )
    if changed.rowcount != 1:
        raise MscError("person_unknown", login=person.login)
    tokens.end(conn, person.id, now)
    audit.add(conn, now, ACTOR, "person.enrol", {"person": person.id})
    return Enrolment(login=person.login, secret=seed, uri=totp.uri(seed, person.login, site) if seed else "")


def user_list(url: str) -> list[dict[str, Any]]:
    """Everybody, by login: what scripts and the table of `msc central user list` show."""
    central = Central.open(url)
    try:
        with central.read() as conn:
            rows = sql.rows(conn, text("SELECT * FROM person ORDER BY login"))
        return [
            records.row_to_wire(Person, row) | {"can_sign_in": bool(row["password_hash"] and row["active"])}
            for row in rows
        ]
    finally:
        central.close()
