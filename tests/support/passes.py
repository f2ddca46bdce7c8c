"""Passes for working without central, as a central of the test's own would sign them."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from msc_console import clock, seal
from msc_console.config import PersonHome
from msc_console.desk import offline
from msc_console.identity.offline_pass import PURPOSE
from msc_console.identity.vault import Secrets
from msc_console.store.opening import Cache

CENTRE = bytes(range(7, 39))
"""The signing key of the test's central."""


@dataclass(frozen=True)
class Document:
    """A signed document."""

    doc: str
    sig: str
    key: str


def signed(document: dict[str, Any], purpose: str = PURPOSE, private: bytes = CENTRE) -> Document:
    """`document` under a central's key."""
    text = json.dumps(document, sort_keys=True)
    return Document(text, seal.sign(private, f"{purpose}|{text}".encode()), seal.public_key(private))


def a_pass(secret: Secrets, now: datetime, **changes: Any) -> dict[str, Any]:
    """A pass of 14 h from `now` on; `changes` replace its fields, `policy` is added to."""
    policy = {"vault": "password", "keyring": "optional", "recovery": ""} | changes.pop("policy", {})
    return {
        "user": secret.person, "device": secret.device, "roles": ["agent"], "scope": {"tier": "l0", "queues": []},
        "not_before": clock.iso(now), "not_after": clock.iso(now + timedelta(hours=14)), "policy": policy, "counter": 1,
    } | changes  # fmt: skip


def give(people: PersonHome, secret: Secrets, now: datetime | None = None, **changes: Any) -> None:
    """Put a pass into the cache of `secret`, as a sign-in does."""
    cache = Cache.open(people.make().cache, secret.data_key)
    with cache.write() as conn:
        offline.keep(conn, signed(a_pass(secret, now or clock.now(), **changes)), pin=True)
    cache.close()
