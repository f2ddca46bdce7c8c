"""Somebody leaves: everything that is theirs ends in one transaction, and their tickets go back to their queues.

The laptops are ordered to wipe themselves at their next contact, unsent work is saved for the holders of the recovery
key before that (`devices`). What the person did and central has not heard is judged by what they were then and are now.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from ..clock import iso_ms, to_ms
from ..domain.model import Person
from ..domain.terms import HopState
from ..domain.workflow import ACTIVE
from ..sync.wire_people import LeftTicket
from . import audit, devices, endings, ledger, recovery_codes, sql, system
from .db import Central

_SHOWN = "t.id, t.number, t.queue, t.state, t.priority, t.next_due, t.owner_epoch"
_ORDER = "ORDER BY CASE WHEN t.next_due IS NULL THEN 1 ELSE 0 END, t.next_due, t.number"
"""What presses most comes first."""
_HELD = sql.listed(f"SELECT {_SHOWN} FROM ticket t WHERE t.owner = :person AND t.state IN :ids {_ORDER}")
_ACKNOWLEDGED = text(
    f"SELECT {_SHOWN} FROM hop h JOIN ticket t ON t.id = h.ticket WHERE h.acked_by = :person AND h.state = :state "
    f"{_ORDER}"
)
_TOKENS = text("UPDATE service_token SET revoked_at = :now WHERE owner = :person AND revoked_at IS NULL RETURNING id")
_CODES = text("DELETE FROM enrolment WHERE used_at IS NULL AND (person = :person OR made_by = :person)")
_RESETS = text("DELETE FROM reset WHERE approved_by IS NULL AND (person = :person OR asked_by = :person)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What ended, and what lies there for others."""

    devices: list[str] = field(default_factory=list)
    """Letters of the laptops."""
    tokens: int = 0
    codes: int = 0
    tickets: list[LeftTicket] = field(default_factory=list)
    escalations: list[LeftTicket] = field(default_factory=list)


def everything(central: Central, conn: Connection, whom: Person, by: Person, now: datetime) -> Left:
    """Ends it all but the account and its sessions, which are the caller's. Done again it finds what came since."""
    laptops = devices.end(conn, whom.id, by.id, now)
    named = {"person": whom.id, "now": to_ms(now)}
    tokens = conn.execute(_TOKENS, named).scalars().all()
    if tokens:
        endings.note(conn)
    for token in tokens:
        audit.add(conn, now, by.id, "token.revoke", {"token": token})
    codes = conn.execute(_CODES, {"person": whom.id}).rowcount
    conn.execute(_RESETS, {"person": whom.id})
    recovery_codes.forget(conn, whom.id)
    return Left(
        devices=laptops,
        tokens=len(tokens),
        codes=codes,
        tickets=_given_back(central, conn, whom, now),
        escalations=[_told(row) for row in sql.rows(conn, _ACKNOWLEDGED, person=whom.id, state=HopState.ACKNOWLEDGED)],
    )


def _given_back(central: Central, conn: Connection, whom: Person, now: datetime) -> list[LeftTicket]:
    """Central's own acts, whose ids are made of what they are about: the same ticket goes back once."""
    held = sql.rows(conn, _HELD, person=whom.id, ids=sorted(ACTIVE))
    commands = [system.give_back(row["id"], whom.id, row["owner_epoch"], now) for row in held]
    if commands:
        ledger.system_within(central, conn, commands, now)
    return [_told(row) for row in held]


def _told(row: Mapping[str, Any]) -> LeftTicket:
    return LeftTicket(
        id=row["id"],
        number=row["number"],
        queue=row["queue"],
        state=row["state"],
        priority=row["priority"],
        due=iso_ms(row["next_due"]) if row["next_due"] is not None else None,
    )
