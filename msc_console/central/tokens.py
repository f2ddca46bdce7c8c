"""Opaque tokens of a session: made, judged, renewed, ended. At rest there are SHA-256 digests alone.

A session is a *family* of tokens of one person on one device. An access token is good for ten minutes; the refresh
token is rotated and bound to the device key, and the family ends twelve hours after the sign-in, whatever happens.
A successor is derived from its predecessor under the master key: a laptop that lost the reply asks again within
30 s and gets the very same tokens, and nothing readable needs to be kept.

In `session_token`, `revoked_at` with a `replaced_by` means "superseded by that family", without one "ended".
"""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from uuid_utils import uuid7

from .. import records
from ..clock import from_ms, iso, to_ms
from ..domain.model import Person
from ..domain.rights import Sight, TokenScope, granted, narrowed
from ..errors import MscError
from ..seal import verify
from ..sync.wire import Refresh, Signed, Tokens
from . import audit, endings, passes, sql
from .db import Central
from .masterkey import MasterKey
from .problems import ProblemError

ACCESS = timedelta(minutes=10)
PENDING = timedelta(minutes=5)
SETUP = timedelta(minutes=15)
"""An authenticator has to be found on the telephone, perhaps installed first."""
SESSION = timedelta(hours=12)
RETRY = timedelta(seconds=30)
KEPT = timedelta(days=1)
"""How long dead tokens are kept, so that a late caller hears why its session ended."""
SEEN_EVERY = timedelta(minutes=1)
"""How exactly `last_seen_at` is kept: a write per request would be all that a busy central does."""

_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who calls: the person as of this request, and the row of the device the token was given to."""

    family: str
    person: Person
    device: dict[str, Any]
    scopes: frozenset[TokenScope] | None = None
    """Of a script's token (`scripts`); None = a person's own session."""

    @property
    def sight(self) -> Sight:
        """What of the rows in scope this caller may see."""
        own = granted(self.person.role).sight
        return own if self.scopes is None else narrowed(own, self.scopes)


Row = dict[str, Any]


def one(conn: Connection, statement: str, **binds: Any) -> Row | None:
    """The first row of a statement as plain values, None when there is none."""
    found = conn.execute(text(statement), binds).mappings().first()
    return dict(found) if found is not None else None


def by_id(conn: Connection, table: str, id: str) -> Row:
    """A row that is known to be there."""
    return dict(conn.execute(text(f"SELECT * FROM {table} WHERE id = :id"), {"id": id}).mappings().one())


def new_token() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """How a token lies in the database."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_id() -> str:
    return str(uuid7())


def store(
    conn: Connection, *, token: str, kind: str, person: str, device: str, family: str, now: datetime, until: datetime
) -> str:
    """Keeps a token's digest; returns the row's id."""
    row = {
        "id": new_id(),
        "person": person,
        "device": device,
        "kind": kind,
        "hash": digest(token),
        "expires_at": to_ms(until),
        "family": family,
        "created_at": to_ms(now),
        "last_seen_at": to_ms(now),
    }
    conn.execute(sql.insert("session_token", tuple(row)), row)
    return str(row["id"])


def authenticate(central: Central, token: str, kind: str, now: datetime) -> Session:
    """The session of an access (or pending) token. Raises ProblemError 401."""
    if not _SHAPE.fullmatch(token):
        raise ProblemError("token_unknown")
    with central.read() as conn:
        statement = "SELECT * FROM session_token WHERE hash = :hash AND kind = :kind"
        found = one(conn, statement, hash=digest(token), kind=kind)
        if found is None:
            raise ProblemError("token_unknown")
        _refuse_dead(found, now)
        device, person = by_id(conn, "device", found["device"]), by_id(conn, "person", found["person"])
    if not person["active"] or device["state"] != "active":
        raise ProblemError("session_ended")
    if kind == "access":
        _seen(central, found, now)
    return Session(family=found["family"], person=records.from_row(Person, person), device=device)


def _refuse_dead(row: Row, now: datetime) -> None:
    if row["revoked_at"] is not None:
        raise ProblemError("session_superseded" if row["replaced_by"] else "session_ended")
    if row["expires_at"] <= to_ms(now):
        raise ProblemError("token_expired")


def _seen(central: Central, row: Row, now: datetime) -> None:
    at = to_ms(now)
    if at - row["last_seen_at"] < SEEN_EVERY // timedelta(milliseconds=1):
        return
    try:
        with central.write() as conn:
            named = {"at": at, "token": row["id"], "device": row["device"]}
            conn.execute(text("UPDATE session_token SET last_seen_at = :at WHERE id = :token"), named)
            conn.execute(text("UPDATE device SET last_seen_at = :at WHERE id = :device"), named)
    except (DBAPIError, MscError):
        pass  # a long writer holds the database: being seen a minute later harms nobody, a refused read would


def grant(conn: Connection, key: MasterKey, person: Row, device: Row, family: str, now: datetime) -> Tokens:
    """Starts a family: the first access and refresh token of a session."""
    access, refresh = new_token(), new_token()
    conn.execute(
        text("DELETE FROM session_token WHERE person = :person AND expires_at < :cut"),
        {"person": person["id"], "cut": to_ms(now - KEPT)},
    )
    common = {"person": person["id"], "device": device["id"], "family": family, "now": now}
    store(conn, token=access, kind="access", until=now + ACCESS, **common)
    store(conn, token=refresh, kind="refresh", until=now + SESSION, **common)
    counter = passes.next_counter(conn, device["id"])
    offline = passes.issue(conn, key, person, device, counter=counter, signed_in=now, at=now)
    return _tokens(access, now + ACCESS, refresh, now + SESSION, person, device, now, offline)


def active(conn: Connection, person: str, now: datetime) -> list[Row]:
    """The newest refresh token of each session that the person has open."""
    statement = text(
        "SELECT t.*, d.name AS device_name FROM session_token t JOIN device d ON d.id = t.device "
        "WHERE t.person = :person AND t.kind = 'refresh' AND t.revoked_at IS NULL AND t.replaced_by IS NULL "
        "AND t.expires_at > :now"
    )
    return [dict(row) for row in conn.execute(statement, {"person": person, "now": to_ms(now)}).mappings()]


def end(
    conn: Connection,
    person: str,
    now: datetime,
    *,
    family: str | None = None,
    device: str | None = None,
    but: str | None = None,
    successor: str | None = None,
) -> None:
    """Ends all sessions of a person, or those of one family or device, or all `but` one family; `successor` names the
    family that supersedes them."""
    only = {"family": "family = :family", "device": "device = :device", "but": "family <> :but"}
    told = {"family": family, "device": device, "but": but}
    where = ["person = :person", "revoked_at IS NULL", *(only[name] for name, value in told.items() if value)]
    statement = text(
        "UPDATE session_token SET revoked_at = :now, replaced_by = :successor "
        f"WHERE {' AND '.join(where)} RETURNING expires_at"
    )
    ended = conn.execute(statement, {"now": to_ms(now), "successor": successor, "person": person, **told}).scalars()
    if any(until > to_ms(now) for until in ended.all()):
        endings.note(conn)


def renew(central: Central, key: MasterKey, ask: Refresh, now: datetime) -> Tokens:
    """Rotates a refresh token. Raises ProblemError 401; a late reuse ends the whole session."""
    if not _SHAPE.fullmatch(ask.refresh):
        raise ProblemError("token_unknown")
    with central.write() as conn:
        outcome = _renew(conn, key, ask, now)
    if isinstance(outcome, ProblemError):
        raise outcome
    return outcome


def _renew(conn: Connection, key: MasterKey, ask: Refresh, now: datetime) -> Tokens | ProblemError:
    """In the caller's transaction; a problem is returned, because ending a family has to be committed."""
    # The update comes first: it locks the row, so that two renewals of one token queue up on every database.
    statement = "UPDATE session_token SET last_seen_at = :at WHERE hash = :hash AND kind = 'refresh' RETURNING *"
    row = one(conn, statement, at=to_ms(now), hash=digest(ask.refresh))
    if row is None:
        return ProblemError("token_unknown")
    device = by_id(conn, "device", row["device"])
    if not verify(device["public_key"], f"msc-refresh|{ask.refresh}".encode(), ask.proof):
        return ProblemError("proof_wrong")
    try:
        _refuse_dead(row, now)
    except ProblemError as problem:
        return problem
    person = by_id(conn, "person", row["person"])
    if not person["active"] or device["state"] != "active":
        return ProblemError("session_ended")
    access, refresh = _derived(key, "access", ask.refresh), _derived(key, "refresh", ask.refresh)
    until = from_ms(row["expires_at"])

    def offline(counter: int, at: datetime) -> Signed | None:
        return passes.issue(conn, key, person, device, counter=counter, signed_in=until - SESSION, at=at)

    if row["replaced_by"] is not None:
        made = _successor(conn, row["replaced_by"], now)
        if made is None:
            end(conn, row["person"], now, family=row["family"])
            audit.add(conn, now, row["person"], "session.refresh_reused", {"device": row["device"]})
            return ProblemError("refresh_reused")
        same = offline(device["pass_counter"], made)
        return _tokens(access, min(made + ACCESS, until), refresh, until, person, device, now, same)
    common = {"person": row["person"], "device": row["device"], "family": row["family"], "now": now}
    access_until = min(now + ACCESS, until)
    store(conn, token=access, kind="access", until=access_until, **common)
    new = store(conn, token=refresh, kind="refresh", until=until, **common)
    conn.execute(text("UPDATE session_token SET replaced_by = :new WHERE id = :id"), {"new": new, "id": row["id"]})
    fresh = offline(passes.next_counter(conn, device["id"]), now)
    return _tokens(access, access_until, refresh, until, person, device, now, fresh)


def _successor(conn: Connection, token: str, now: datetime) -> datetime | None:
    """When the successor was made, if the same device may still ask for it again."""
    row = one(conn, "SELECT * FROM session_token WHERE id = :id", id=token)
    if row is None or row["replaced_by"] is not None:
        return None
    made = from_ms(row["created_at"])
    return made if now - made <= RETRY else None


def _derived(key: MasterKey, kind: str, token: str) -> str:
    return base64.urlsafe_b64encode(key.derive(f"token-{kind}", token.encode())).rstrip(b"=").decode()


def _tokens(
    access: str,
    access_until: datetime,
    refresh: str,
    refresh_until: datetime,
    person: Row,
    device: Row,
    now: datetime,
    offline: Signed | None,
) -> Tokens:
    return Tokens(
        access=access,
        access_until=iso(access_until),
        refresh=refresh,
        refresh_until=iso(refresh_until),
        device=device["id"],
        device_code=device["code"],
        person=records.row_to_wire(Person, person),
        server_time=iso(now),
        offline=offline,
    )
