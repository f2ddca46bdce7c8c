"""Laptops as central knows them: listing, revoking, and what a revoked one hears when it comes.

A laptop asks how it stands by proving its device key: the signature of a refresh over its own id, a text that no token
looks like. What it gets is an order that this one device obeys, so a copied proof is of no use to anybody.
"""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from .. import seal
from ..clock import iso_ms
from ..errors import NotFound
from ..sync.wire import DeviceAsk, DeviceStanding
from . import audit, passes, tally, tokens
from .db import Central
from .ledger import ACTIVE
from .masterkey import MasterKey
from .problems import ProblemError
from .system import ACTOR

REVOKED = "revoked"
ID = re.compile(r"[0-9a-f-]{36}")


def listing(url: str) -> list[dict[str, Any]]:
    """Every device by its letters: `code`, `login`, `name`, `state`, `vault`, `last_seen` (RFC 3339 or None)."""
    central = Central.open(url)
    statement = text(
        "SELECT d.code, p.login, d.name, d.state, d.vault, d.last_seen_at FROM device d "
        "JOIN person p ON p.id = d.person ORDER BY d.code"
    )
    try:
        with central.read() as conn:
            rows = [dict(row) for row in conn.execute(statement).mappings()]
    finally:
        central.close()
    for row in rows:
        at = row.pop("last_seen_at")
        row["last_seen"] = iso_ms(at) if at is not None else None
    return rows


def revoke(url: str, code: str, now: datetime) -> None:
    """No request of this device counts from now on, and at its next contact it is told to wipe itself. NotFound
    `device_code_unknown`."""
    central = Central.open(url)
    try:
        with central.write() as conn:
            device = tokens.one(conn, "SELECT id, person FROM device WHERE code = :code", code=code.upper())
            if device is None:
                raise NotFound("device_code_unknown", code=code)
            end(conn, device["person"], ACTOR, now, code=code.upper())
    finally:
        central.close()


def end(conn: Connection, person: str, by: str, now: datetime, *, code: str | None = None) -> list[str]:
    """Revokes a person's laptops, or the one of these letters; the letters of those that were good until now."""
    only = "AND code = :code" if code is not None else ""
    statement = text(
        f"UPDATE device SET state = :state WHERE person = :person AND state <> :state {only} RETURNING id, code"
    )
    found = conn.execute(statement, {"state": REVOKED, "person": person, "code": code}).all()
    for row in found:
        tokens.end(conn, person, now, device=row.id)
        audit.add(conn, now, by, "device.revoke", {"device": row.id, "person": person})
    return sorted(row.code for row in found)


def standing(central: Central, key: MasterKey, ask: DeviceAsk, now: datetime) -> DeviceStanding:
    """How the asking device stands. ProblemError 401 `proof_wrong` for whoever doesn't hold the device's key."""
    with central.read() as conn:
        statement = "SELECT id, state, public_key FROM device WHERE id = :id"
        device = tokens.one(conn, statement, id=ask.device) if ID.fullmatch(ask.device) else None
    if device is None or not seal.verify(device["public_key"], f"msc-refresh|{ask.device}".encode(), ask.proof):
        raise ProblemError("proof_wrong")
    if device["state"] == ACTIVE:
        return DeviceStanding(state=ACTIVE)
    with central.write() as conn:
        tally.add(conn, now, ACTOR, "device.wipe", {"device": device["id"]})
    return DeviceStanding(state=REVOKED, wipe=passes.wipe(key, device, now))
