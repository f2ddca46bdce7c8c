"""What central signs for laptops: the pass under which one opens with central gone, and the order to wipe itself.

A pass is good for a shift of 12 h and 2 h of handover, 24 h after the sign-in at the very most, and half of both where
a password alone opens the laptop. Each has a counter of its device that only rises. The key is Ed25519, derived from
the master key; its public half is pinned by laptops at their sign-in.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from .. import escrow, seal
from ..clock import iso
from ..sync.wire import PASS, VAULT_KEYRING, VAULTS, WIPE, Signed
from .masterkey import MasterKey

SHIFT = timedelta(hours=12) + timedelta(hours=2)
LONGEST = timedelta(hours=24)
"""After the sign-in."""
REQUIRED = "required"

Row = Mapping[str, Any]


def site_words(conn: Connection) -> dict[str, str]:
    """`keyring` (`required`, `optional` or empty) and `recovery` (an age recipient or empty), as this site says."""
    names = {"site_keyring": "keyring", "site_recovery": "recovery"}
    found = dict.fromkeys(names.values(), "")
    for key, value in conn.execute(text("SELECT key, value FROM meta WHERE key IN ('site_keyring', 'site_recovery')")):
        found[names[str(key)]] = str(value)
    return found


def vault_of(told: str) -> str:
    """What a laptop said of its vault; a word that is not known counts as none, which is treated as the weaker."""
    return told if told in VAULTS else ""


def next_counter(conn: Connection, device: str) -> int:
    """Raises the device's count of passes; the new one's."""
    statement = text("UPDATE device SET pass_counter = pass_counter + 1 WHERE id = :id RETURNING pass_counter")
    return int(conn.execute(statement, {"id": device}).scalar_one())


def issue(
    conn: Connection, key: MasterKey, person: Row, device: Row, *, counter: int, signed_in: datetime, at: datetime
) -> Signed | None:
    """A pass for `device` from `at` on. The same arguments give the same pass. None where this site permits no vault
    like the device's."""
    words = site_words(conn)
    if words["keyring"] == REQUIRED and device["vault"] != VAULT_KEYRING:
        return None
    share = 1 if device["vault"] == VAULT_KEYRING else 2
    document = {
        "user": person["id"],
        "device": device["id"],
        "roles": [person["role"]],
        "scope": {"tier": person["tier"], "queues": json.loads(person["queues"])},
        "not_before": iso(at),
        "not_after": iso(min(at + SHIFT / share, signed_in + LONGEST / share)),
        "policy": {"vault": device["vault"], **words, "spool": escrow.public_of(key.spool)},
        "counter": counter,
    }
    return sign(key, PASS, document)


def wipe(key: MasterKey, device: Row, now: datetime) -> Signed:
    """The order that a revoked laptop obeys."""
    return sign(key, WIPE, {"device": device["id"], "at": iso(now)})


def sign(key: MasterKey, purpose: str, document: Mapping[str, Any]) -> Signed:
    """`document` under central's key, for one purpose."""
    private = key.derive("signing")
    text_ = json.dumps(document, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return Signed(doc=text_, sig=seal.sign(private, f"{purpose}|{text_}".encode("ascii")), key=seal.public_key(private))
