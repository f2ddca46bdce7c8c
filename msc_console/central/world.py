"""What every decision on central is made in: persons, queues, policy, duty list, the site's zone.

All of it is announced to the group `common`, so the newest seq of that group says whether a copy is still good.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from .. import records
from ..domain.model import Person
from ..domain.policy import Duty, Policy, policy_from, roster_from
from ..domain.scope import COMMON
from . import sql
from .db import Central

DEFAULT_ZONE = "Asia/Jakarta"
SET_UP = ("policy", "duty", "site")
"""Parts of the set-up that are synced whole, as documents without a version (`documents`)."""

_ROSTER = text("SELECT persons, tier, queue, begins, ends FROM duty ORDER BY place, id")
_SITE = text(
    "SELECT key, value FROM meta "
    "WHERE key IN ('site_id', 'site_name', 'site_zone', 'site_keyring', 'site_recovery', 'site_lock_minutes', "
    "'routes')"
)
_ANNOUNCED = text(
    "SELECT id FROM change_group WHERE group_id = :common AND entity = :entity AND effect = 'put' "
    "ORDER BY seq DESC LIMIT 1"
)
_POLICIES = sql.listed("SELECT version, body FROM policy WHERE version IN :ids")


@dataclass(frozen=True, slots=True)
class World:
    """A frozen copy of the set-up, good as of `seq`."""

    seq: int
    persons: Mapping[str, Person]
    queues: frozenset[str]
    policy: Policy
    roster: tuple[Duty, ...]
    zone: ZoneInfo

    def offset_minutes(self, at: datetime) -> int:
        """The site's offset from UTC at a moment."""
        return int((at.astimezone(self.zone).utcoffset() or timedelta()) / timedelta(minutes=1))


def load(central: Central, conn: Connection) -> World:
    """The set-up as it is now; read again only when something of it was announced since."""
    newest = conn.execute(text("SELECT max(seq) FROM change_group WHERE group_id = :common"), {"common": COMMON})
    seq = int(newest.scalar_one() or 0)
    held = cast(World | None, central.memory.get("world"))
    if held is None or held.seq != seq:
        held = _read(conn, seq)
        central.memory["world"] = held
    return held


def _read(conn: Connection, seq: int) -> World:
    persons = [records.from_row(Person, row) for row in sql.rows(conn, sql.select("person", "1 = 1"))]
    queues = conn.execute(text('SELECT "key" FROM queue')).scalars()
    body = conn.execute(text("SELECT body FROM policy ORDER BY version DESC LIMIT 1")).scalar()
    zone = sql.meta(conn, "site_zone")
    return World(
        seq=seq,
        persons={person.id: person for person in persons},
        queues=frozenset(queues),
        policy=policy_from(json.loads(body)) if body else Policy(),
        roster=roster_from(_roster(conn)),
        zone=ZoneInfo(zone or DEFAULT_ZONE),
    )


def _roster(conn: Connection) -> dict[str, Any]:
    """The duty list as one document, in its order."""
    kept = [{name: value for name, value in row.items() if value is not None} for row in sql.rows(conn, _ROSTER)]
    return {"rows": [row | {"persons": json.loads(row["persons"])} for row in kept]}


def documents(conn: Connection, entity: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The parts of the set-up that are synced whole: `policy` (id: its version), `duty` and `site` (one each)."""
    if entity == "policy":
        versions = [int(id) for id in ids if id.isdecimal()]
        return {str(row["version"]): json.loads(row["body"]) for row in sql.rows(conn, _POLICIES, ids=versions)}
    if entity == "duty":
        return dict.fromkeys(ids, _roster(conn))
    if entity == "site":
        found = {str(key): value for key, value in conn.execute(_SITE)}
        site: dict[str, Any] = {key.removeprefix("site_"): value for key, value in found.items() if key != "routes"}
        return dict.fromkeys(ids, site | {"routes": json.loads(found.get("routes", "[]"))})
    return {}


def newest(conn: Connection, entity: str) -> str | None:
    """The id of a part of the set-up as laptops were told it last; None when they never were."""
    id = conn.execute(_ANNOUNCED, {"common": COMMON, "entity": entity}).scalar()
    return None if id is None else str(id)
