"""Service tokens: how a script of a person here reads from central without anybody's session.

`msc_st_<id>_<secret>_<checksum>`: a prefix and a checksum, so that whoever looks for leaked secrets finds them. Central
keeps the SHA-256 of the whole. A token may do a part of what its owner may, for 90 days at most, from the address
ranges it was made for; it dies with its owner's account or right.
"""

import hmac
import json
import re
import secrets
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from sqlalchemy import Connection, text

from .. import records
from ..clock import iso_ms, to_ms
from ..domain.model import Person
from ..domain.rights import Right, TokenScope, has
from ..sync.wire import ServiceToken, TokenAsk, TokenMade
from ..text import clean
from . import audit, endings, people, sql
from .db import Central
from .problems import ProblemError
from .tokens import SEEN_EVERY, Session, by_id, digest, new_token, one

PREFIX = "msc_st_"
MOST_DAYS = 90
MOST_OF_ONE = 50
"""Living tokens of one owner."""
_LIVING = text("SELECT count(*) FROM service_token WHERE owner = :owner AND revoked_at IS NULL AND expires_at > :now")
_SHAPE = re.compile(r"msc_st_([0-9a-f]{12})_[A-Za-z0-9_-]{43}_([0-9a-f]{8})", re.ASCII)


def checksum(told: str) -> str:
    """CRC-32 of what stands before it, 8 hex digits: a slip of the hand is found without a database."""
    return f"{zlib.crc32(told.encode()):08x}"


def create(central: Central, owner: Person, ask: TokenAsk, now: datetime) -> TokenMade:
    """A new token of `owner`, told once. ProblemError 400 with the fields that are wrong."""
    wrong = [name for name, bad in _wrong(ask).items() if bad]
    if wrong:
        raise ProblemError("invalid_request", fields=wrong)
    id = secrets.token_hex(6)
    bare = f"{PREFIX}{id}_{new_token()}"
    token = f"{bare}_{checksum(bare)}"
    row = {
        "id": id,
        "hash": digest(token),
        "owner": owner.id,
        "name": clean(ask.name, line=True)[:120],
        "scopes": json.dumps(sorted(set(ask.scopes))),
        "networks": json.dumps([str(ip_network(item)) for item in ask.networks]),
        "created_at": to_ms(now),
        "expires_at": to_ms(now + timedelta(days=ask.days)),
    }

    def make(conn: Connection) -> None:
        if conn.execute(_LIVING, {"owner": owner.id, "now": to_ms(now)}).scalar_one() >= MOST_OF_ONE:
            raise ProblemError("invalid_request", detail="too many tokens", fields=["owner"])
        conn.execute(sql.insert("service_token", tuple(row)), row)
        audit.add(conn, now, owner.id, "token.create", {"token": id, "scopes": ask.scopes, "days": ask.days})

    people.change(central, make, dry_run=ask.dry_run)
    return TokenMade(token="" if ask.dry_run else token, info=_told(row))


def listed(central: Central, owner: Person) -> list[ServiceToken]:
    """The owner's tokens, the newest first."""
    with central.read() as conn:
        statement = text("SELECT * FROM service_token WHERE owner = :owner ORDER BY created_at DESC, id")
        return [_told(row) for row in sql.rows(conn, statement, owner=owner.id)]


def revoke(central: Central, owner: Person, id: str, now: datetime) -> None:
    """Ends a token of the owner for good. ProblemError `not_found` for one of somebody else, or none."""
    if not sql.storable(id):
        raise ProblemError("not_found")
    with central.write() as conn:
        statement = text(
            "UPDATE service_token SET revoked_at = coalesce(revoked_at, :now) WHERE id = :id AND owner = :owner"
        )
        if conn.execute(statement, {"now": to_ms(now), "id": id, "owner": owner.id}).rowcount != 1:
            raise ProblemError("not_found")
        endings.note(conn)
        audit.add(conn, now, owner.id, "token.revoke", {"token": id})


def authenticate(central: Central, token: str, address: str, now: datetime) -> Session:
    """Whose script calls. ProblemError 401; 403 `forbidden` from an address that the token was not made for."""
    shape = _SHAPE.fullmatch(token)
    if shape is None or checksum(token.rpartition("_")[0]) != shape[2]:
        raise ProblemError("token_unknown")
    with central.read() as conn:
        row = one(conn, "SELECT * FROM service_token WHERE id = :id", id=shape[1])
        if row is None or not hmac.compare_digest(row["hash"], digest(token)):
            raise ProblemError("token_unknown")
        owner = records.from_row(Person, by_id(conn, "person", row["owner"]))
    if row["revoked_at"] is not None or not owner.active or not has(owner.role, Right.TOKENS):
        raise ProblemError("session_ended")
    if row["expires_at"] <= to_ms(now):
        raise ProblemError("token_expired")
    if not _within(address, json.loads(row["networks"])):
        raise ProblemError("forbidden", reason="address")
    _used(central, row, address, now)
    scopes = frozenset(TokenScope(word) for word in json.loads(row["scopes"]))
    return Session(family=f"{PREFIX}{row['id']}", person=owner, device={"id": f"{PREFIX}{row['id']}"}, scopes=scopes)


def _wrong(ask: TokenAsk) -> dict[str, bool]:
    return {
        "name": not ask.name.strip(),
        "scopes": not ask.scopes or not set(ask.scopes) <= set(TokenScope),
        "networks": not ask.networks or not all(map(_network, ask.networks)),
        "days": not 1 <= ask.days <= MOST_DAYS,
    }


def _network(told: str) -> bool:
    try:
        ip_network(told)
    except ValueError:
        return False
    return True


def _within(address: str, networks: Sequence[str]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in ip_network(item) for item in networks)


def _used(central: Central, row: dict[str, Any], address: str, now: datetime) -> None:
    at = to_ms(now)
    known = row["last_address"] == address and row["last_used_at"] is not None
    if known and at - row["last_used_at"] < SEEN_EVERY // timedelta(milliseconds=1):
        return
    with central.write() as conn:
        _note(conn, row["id"], address, at)


def _note(conn: Connection, id: str, address: str, at: int) -> None:
    statement = text("UPDATE service_token SET last_used_at = :at, last_address = :address WHERE id = :id")
    conn.execute(statement, {"at": at, "address": address, "id": id})


def _told(row: Any) -> ServiceToken:
    times = {name: iso_ms(row[name]) for name in ("revoked_at", "last_used_at") if row.get(name) is not None}
    return ServiceToken(
        id=row["id"],
        name=row["name"],
        scopes=json.loads(row["scopes"]),
        networks=json.loads(row["networks"]),
        created_at=iso_ms(row["created_at"]),
        expires_at=iso_ms(row["expires_at"]),
        last_address=row.get("last_address"),
        **times,
    )
