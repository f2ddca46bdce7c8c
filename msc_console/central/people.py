"""People as those see and change them who look after them: accounts, their sessions and laptops.

Each function works in its caller's transaction. Whom the caller does not look after is not there (NotFound).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, text

from .. import records
from ..clock import iso_ms, to_ms
from ..domain.accounts import KEEPERS, oversees, reaches
from ..domain.model import Person
from ..domain.terms import Role, Tier
from ..domain.workflow import ACTIVE
from ..errors import NotFound, UsageError
from ..sync.wire_people import Device, Ended, Former, OpenSession, RoleAsk, User, UserMade, UserNew, UserPage
from . import audit, devices, feed, former, leaving, notices, setup, sql, standing, tokens
from .db import Central
from .problems import ProblemError

T = TypeVar("T")

_SESSIONS = text(
    "SELECT person, count(*) FROM session_token WHERE kind = 'refresh' AND revoked_at IS NULL AND replaced_by IS NULL "
    "AND expires_at > :now GROUP BY person"
)
_DEVICES = text("SELECT person, count(*) FROM device WHERE state = 'active' GROUP BY person")
_LAPTOPS = text(
    "SELECT d.code, p.login, d.name, d.state, d.vault, d.last_seen_at FROM device d JOIN person p ON p.id = d.person "
    "ORDER BY d.code"
)
_HELD = sql.listed("SELECT count(*) FROM ticket WHERE owner = :person AND state IN :ids")
_TOKENS = text("SELECT count(*) FROM service_token WHERE owner = :p AND revoked_at IS NULL AND expires_at > :now")


class _Rehearsed(Exception):
    """Rolls back what was only tried."""


def change(central: Central, act: Callable[[Connection], T], *, dry_run: bool) -> T:
    """Does `act` in one transaction and gives its answer; a dry run is done too, and then undone."""
    found: list[T] = []
    try:
        with central.write() as conn:
            found.append(act(conn))
            if dry_run:
                raise _Rehearsed
    except _Rehearsed:
        pass
    return found[0]


# -- looking


def listed(conn: Connection, by: Person, now: datetime) -> list[User]:
    """Everybody whom `by` looks after, by login."""
    rows = [
        dict(row)
        for row in conn.execute(text("SELECT * FROM person WHERE erased_at IS NULL ORDER BY login")).mappings()
    ]
    return _users(conn, [row for row in rows if oversees(by, records.from_row(Person, row))], now)


def page(conn: Connection, login: str, by: Person, now: datetime) -> UserPage:
    """One person with sessions and laptops."""
    row, _whom = _found(conn, login, by)
    own = conn.execute(text("SELECT id, code FROM device WHERE person = :p"), {"p": row["id"]})
    codes = {str(device.id): str(device.code) for device in own}
    sessions = [
        OpenSession(
            device=codes.get(item["device"], ""),
            name=item["device_name"] or "",
            since=iso_ms(item["created_at"]),
            last_seen=_time(item["last_seen_at"]),
        )
        for item in tokens.active(conn, row["id"], now)
    ]
    held = conn.execute(_HELD, {"person": row["id"], "ids": sorted(ACTIVE)}).scalar_one()
    living = conn.execute(_TOKENS, {"p": row["id"], "now": to_ms(now)}).scalar_one()
    return UserPage(
        user=_users(conn, [row], now)[0],
        sessions=sessions,
        devices=[device for device in laptops(conn, by) if device.login == login],
        tickets=int(held),
        tokens=int(living),
    )


def laptops(conn: Connection, by: Person) -> list[Device]:
    """The laptops of those whom `by` looks after, by their letters."""
    people = [records.from_row(Person, row) for row in sql.rows(conn, sql.select("person", "erased_at IS NULL"))]
    seen = {person.login for person in people if oversees(by, person)}
    return [
        Device(
            code=row["code"],
            login=row["login"],
            name=row["name"],
            state=row["state"],
            vault=row["vault"],
            last_seen=_time(row["last_seen_at"]),
        )
        for row in sql.rows(conn, _LAPTOPS)
        if row["login"] in seen
    ]


# -- changing


def add(conn: Connection, ask: UserNew, by: Person, password: str, hashed: str, now: datetime) -> UserMade:
    """Gives a new person, or one of the set-up file who has none, a first password; at the first sign-in they take
    another and set the authenticator up. ProblemError `account_above`, `user_exists`, `bad_login`, `queue_unknown`,
    `user_needs_name_and_role`."""
    role = _role(by, ask.role) if ask.role else None
    try:
        person, new = setup.person_for(conn, ask.login, ask.name, role, _tier(ask.tier), ask.queues)
    except UsageError as unfit:
        raise ProblemError(unfit.key, **unfit.data) from None
    _reached(by, person.role)
    statement = text(
        "UPDATE person SET password_hash = :hash, must_change = 1 WHERE id = :id AND password_hash IS NULL"
    )
    if conn.execute(statement, {"hash": hashed, "id": person.id}).rowcount != 1:
        raise ProblemError("user_exists", login=ask.login)
    audit.add(conn, now, by.id, "person.add", {"person": person.id, "role": str(person.role), "new": new})
    notices.tell(conn, now, [person.id], "password_first", by=by.login)
    if new:
        _announce(conn, person, now)
    return UserMade(user=_user(conn, person.login, now), password=password)


def switch_off(central: Central, conn: Connection, login: str, by: Person, now: datetime, *, offboard: bool) -> Ended:
    """The account is off and its sessions end; with `offboard` everything else of theirs does too. Twice is once.
    ProblemError `account_above`, `last_administrator`."""
    row, whom = _locked(central, conn, login, by)
    sessions = len(tokens.active(conn, whom.id, now))
    left = leaving.everything(central, conn, whom, by, now) if offboard else leaving.Left()
    tokens.end(conn, whom.id, now)
    if whom.active:
        _write(conn, replace(whom, active=False), now)
        _one_stays(conn, whom)
        audit.add(conn, now, by.id, "person.offboard" if offboard else "person.disable", {"person": whom.id})
    if offboard and (whom.active or left.tickets):
        notices.to_leads(conn, now, "person_left", row, by=by.login, tickets=len(left.tickets))
    return Ended(
        user=_user(conn, login, now),
        sessions=sessions,
        devices=left.devices,
        tokens=left.tokens,
        codes=left.codes,
        tickets=left.tickets,
        escalations=left.escalations,
    )


def switch_on(central: Central, conn: Connection, login: str, by: Person, now: datetime) -> User:
    """The account is on again; laptops that were revoked stay so. ProblemError `account_above`."""
    _row, whom = _locked(central, conn, login, by)
    if not whom.active:
        _write(conn, replace(whom, active=True), now)
        audit.add(conn, now, by.id, "person.enable", {"person": whom.id})
    return _user(conn, login, now)


def change_role(central: Central, conn: Connection, login: str, ask: RoleAsk, by: Person, now: datetime) -> User:
    """Another role, tier or queues, from the next request on. ProblemError `account_above`, `last_administrator`,
    `queue_unknown`."""
    _row, whom = _locked(central, conn, login, by)
    role, tier = _role(by, ask.role), whom.tier if ask.tier is None else _tier(ask.tier)
    queues = whom.queues if ask.queues is None else tuple(ask.queues)
    try:
        setup.require_queues(conn, queues)
    except UsageError as unfit:
        raise ProblemError(unfit.key, **unfit.data) from None
    changed = replace(whom, role=role, tier=tier, queues=queues)
    if changed != whom:
        _write(conn, changed, now)
        _one_stays(conn, whom)
        fields = [name for name in ("role", "tier", "queues") if getattr(changed, name) != getattr(whom, name)]
        audit.add(conn, now, by.id, "person.role", {"person": whom.id, "role": str(role), "fields": fields})
        notices.tell(conn, now, [whom.id], "role_changed", by=by.login, role=str(role))
    return _user(conn, login, now)


def erase(central: Central, conn: Connection, login: str, by: Person, now: datetime) -> Former:
    """A pseudonym in place of somebody who has left, whose login is free from now on (`former`). ProblemError
    `account_above`, 409 `erase_not_offboarded`, `erase_in_file`."""
    _row, whom = _locked(central, conn, login, by)
    nameless, told = former.bare(conn, whom, by, now)
    _write(conn, nameless, now)
    return told


def end_sessions(conn: Connection, login: str, by: Person, now: datetime) -> Ended:
    """Signs a person out everywhere; the account stays on."""
    row, whom = _found(conn, login, by)
    sessions = len(tokens.active(conn, whom.id, now))
    tokens.end(conn, whom.id, now)
    if sessions:
        audit.add(conn, now, by.id, "person.sessions_end", {"person": row["id"], "sessions": sessions})
        notices.tell(conn, now, [whom.id], "sessions_ended", by=by.login)
    return Ended(user=_user(conn, login, now), sessions=sessions)


def revoke(central: Central, conn: Connection, code: str, by: Person, now: datetime) -> Device:
    """No request of this laptop counts from now on; at its next contact it saves what is unsent and wipes itself. Twice
    is once. ProblemError `account_above`."""
    found = [device for device in laptops(conn, by) if device.code == code.upper()]
    if not found:
        raise NotFound("device_code_unknown", code=code)
    _row, whom = _locked(central, conn, found[0].login, by)
    devices.end(conn, whom.id, by.id, now, code=found[0].code)
    return next(device for device in laptops(conn, by) if device.code == found[0].code)


# -- what these share


def _users(conn: Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> list[User]:
    sessions = {str(person): int(count) for person, count in conn.execute(_SESSIONS, {"now": to_ms(now)})}
    devices = {str(person): int(count) for person, count in conn.execute(_DEVICES)}
    return [
        User(
            login=row["login"],
            name=row["name"],
            role=row["role"],
            tier=row["tier"],
            queues=list(records.from_row(Person, row).queues),
            active=bool(row["active"]),
            can_sign_in=bool(row["active"] and row["password_hash"]),
            sessions=sessions.get(row["id"], 0),
            devices=devices.get(row["id"], 0),
        )
        for row in rows
    ]


def _user(conn: Connection, login: str, now: datetime) -> User:
    row = tokens.one(conn, "SELECT * FROM person WHERE login = :login", login=login)
    assert row is not None
    return _users(conn, [row], now)[0]


def _found(conn: Connection, login: str, by: Person, lock: str = "") -> tuple[tokens.Row, Person]:
    statement = f"SELECT * FROM person WHERE login = :login AND erased_at IS NULL{lock}"
    row = tokens.one(conn, statement, login=login) if sql.storable(login) else None
    if row is None or not oversees(by, whom := records.from_row(Person, row)):
        raise NotFound("person_unknown", login=login)
    return row, whom


def _locked(central: Central, conn: Connection, login: str, by: Person) -> tuple[tokens.Row, Person]:
    """The person, held until the transaction ends, so that no change is made to what another has changed meanwhile."""
    row, whom = _found(conn, login, by, central.for_update)
    _reached(by, whom.role)
    return row, whom


def _reached(by: Person, role: Role) -> None:
    if not reaches(by, role):
        raise ProblemError("account_above", role=str(role))


def _one_stays(conn: Connection, changed: Person) -> None:
    """Of those who may change accounts and can sign in, after one of them was changed. Called when that is announced:
    whoever changes another account at this moment waits for the feed's head."""
    left = "SELECT count(*) FROM person WHERE active = 1 AND password_hash IS NOT NULL AND role IN :ids"
    if changed.role in KEEPERS and not conn.execute(sql.listed(left), {"ids": sorted(KEEPERS)}).scalar_one():
        raise ProblemError("last_administrator")


def _write(conn: Connection, person: Person, now: datetime) -> None:
    changed = replace(person, ver=person.ver + 1)
    conn.execute(sql.upsert("person"), records.to_row(changed))
    _announce(conn, changed, now)


def _announce(conn: Connection, person: Person, now: datetime) -> None:
    standing.note(conn, person, now)
    told = feed.Change(entity="person", id=person.id, ver=person.ver, put_groups=setup.EVERYONE)
    setup.announce(conn, [told], now)


def _role(by: Person, word: str) -> Role:
    role = next((role for role in Role if role == word), None)
    if role is None or role is Role.SYSTEM:
        raise ProblemError("invalid_request", fields=["role"])
    _reached(by, role)
    return role


def _tier(word: str) -> Tier:
    tier = next((tier for tier in Tier if tier == word), None)
    if tier is None:
        raise ProblemError("invalid_request", fields=["tier"])
    return tier


def _time(at: int | None) -> str | None:
    return iso_ms(at) if at is not None else None
