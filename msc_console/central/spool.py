"""Unsent acts that a laptop sealed to central at a sign-out, brought by whoever signed in there next.

They are judged as if their own device had pushed them: by its signature and its person's rights, in its chain. The
bringer's word counts for nothing. An act without its device's signature must not even reach the chain, which it could
move; so one such act, like one unreadable byte, refuses the whole.
"""

import base64
from datetime import datetime

import msgspec

from .. import escrow, records
from ..domain.model import Person
from ..errors import UsageError
from ..sync.wire import PUSH_OPS, Envelope, OpResult, Push
from ..sync.wire_envelopes import read
from . import audit, ledger, tokens
from .db import Central
from .envelopes import malformed, sealed_by, signed_of
from .masterkey import MasterKey
from .problems import ProblemError
from .tokens import Session


def take(central: Central, key: MasterKey, sealed: str, bringer: Session, now: datetime) -> tuple[Push, list[OpResult]]:
    """Judges the acts of a spool; what was in it, and the answers, which are the author's alone.

    Acts of a device that was revoked are not judged: there is no answer to them. Those of a person who has left are:
    none is applied, and what they might do when it was made is kept. ProblemError `spool_unreadable`.
    """
    found = opened(key, sealed)
    with central.read() as conn:
        device = tokens.one(conn, "SELECT * FROM device WHERE id = :id", id=found.device)
        if device is None or not all(_genuine(op, device) for op in found.ops):
            raise ProblemError("spool_unreadable")
        person = records.from_row(Person, tokens.by_id(conn, "person", device["person"]))
    good = device["state"] == ledger.ACTIVE or not person.active
    results = ledger.push(central, person, device, found.ops, now) if good else []
    with central.write() as conn:
        about = {"device": found.device, "ops": len(found.ops), "by": bringer.device["id"], "judged": good}
        audit.add(conn, now, bringer.person.id, "spool.bring", about)
    return found, results


def opened(key: MasterKey, sealed: str) -> Push:
    """What is in a spool. ProblemError `spool_unreadable` for what central's key doesn't open or isn't a push."""
    try:
        told = escrow.unseal(key.spool, base64.b64decode(sealed, validate=True))
        found = msgspec.convert(told, Push)
    except (UsageError, ValueError, RecursionError):  # of base64 and msgspec, too
        raise ProblemError("spool_unreadable") from None
    if not 1 <= len(found.ops) <= PUSH_OPS:
        raise ProblemError("spool_unreadable")
    return Push(found.device, [read(op) for op in told["ops"]])


def _genuine(op: Envelope, device: tokens.Row) -> bool:
    ours = op.device == device["id"] and not malformed(op)
    return ours and sealed_by(op, signed_of(op), str(device["public_key"]))
