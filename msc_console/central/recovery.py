"""The organisation's recovery key at central: its making, and opening what laptops sealed to it.

Central's database holds the public half alone, which laptops hear with every pass and with the site's document. The
two halves of the secret leave the program at the making, each for one person; opening needs both at one moment.
"""

import base64
import binascii
import json
from datetime import datetime
from typing import Any

from sqlalchemy import text

from .. import escrow
from ..errors import UsageError
from . import audit, feed
from .db import Central
from .setup import EVERYONE, announce, require_site
from .system import ACTOR

ASK = "msc-recovery-ask"


def init(url: str, now: datetime, *, replace: bool = False) -> tuple[str, str, str]:
    """Makes the key of the site; (recipient, one half, the other half). Laptops seal to it at their next sign-in.

    UsageError `recovery_key_there` when there is one and not `replace`: what was sealed to it stays sealed to it.
    """
    central = Central.open(url)
    try:
        central.migrate()
        with central.write() as conn:
            held = require_site(conn).get("site_recovery")
            if held and not replace:
                raise UsageError("recovery_key_there", name=escrow.fingerprint(held))
            identity, recipient = escrow.new_identity()
            conn.execute(
                text(
                    "INSERT INTO meta (key, value) VALUES ('site_recovery', :value) "
                    "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
                ),
                {"value": recipient},
            )
            audit.add(conn, now, ACTOR, "recovery_key.make", {"name": escrow.fingerprint(recipient)})
            announce(conn, [feed.Change(entity="site", id="site", ver=1, put_groups=EVERYONE)], now)
        return recipient, *escrow.split(identity)
    finally:
        central.close()


def opened(content: bytes, half: str, other: str) -> tuple[str, bytes]:
    """What two people make of a file: (`answer`, for the laptop that asked) or (`work`, saved acts as JSON).

    UsageError for a wrong half, or a file of another key.
    """
    identity = escrow.join(half, other)
    request = _request(content)
    if request is None:
        return "work", json.dumps(escrow.unseal(identity, content), ensure_ascii=True, indent=2).encode("ascii")
    found = escrow.unseal(identity, request["sealed"])
    if found.get("login") != request["login"]:
        raise UsageError("recovery_other_person", login=request["login"])
    try:
        return "answer", escrow.seal_to(request["to"], found)
    except ValueError:
        raise UsageError("recovery_not_for_this_key") from None


def _request(content: bytes) -> dict[str, Any] | None:
    """A laptop's request, its sealed part as bytes; None for any other file."""
    try:
        found = json.loads(content)
        if found["kind"] != ASK:
            return None
        sealed = base64.b64decode(found["sealed"], validate=True)
        return {"login": str(found["login"]), "to": str(found["to"]), "sealed": sealed}
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None
