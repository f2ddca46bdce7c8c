"""The pass under which a laptop opens with central gone: what it says, whose word it is, and whether it still holds.

All of it is enforced by the program alone: whoever has both halves of the vault's key and another program is held back
by nothing but the end of central's patience. What it does is keep honest laptops honest: a shift and two hours, not
longer by setting the clock back or by putting an older copy of the folder in place.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from .. import clock, seal
from ..errors import NotAllowed
from .vault import MODE_KEYRING

PURPOSE = "msc-pass"
SLACK = timedelta(minutes=1)
"""What the measured offset to central's clock may be off by."""


class Signed(Protocol):
    """A document of central's own (`sync.wire.Signed`)."""

    @property
    def doc(self) -> str:
        """JSON in ASCII."""

    @property
    def sig(self) -> str:
        """Ed25519 over `<purpose>|<doc>`, hex."""

    @property
    def key(self) -> str:
        """The public half, hex."""


class PassRefused(NotAllowed):
    """This laptop does not open without central. `reason`: `missing`, `forged`, `foreign`, `early`, `over` (data:
    `until`), `clock` (the clock went back; data: `seen`), `older` (a newer pass was here already)."""

    def __init__(self, reason: str, **data: Any) -> None:
        super().__init__(f"pass_{reason}", **data)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What central signed. `keyring`: the site's word; `recovery`, `spool`: the age recipients of the
    organisation and of central itself, or empty."""

    user: str
    device: str
    not_before: datetime
    not_after: datetime
    vault: str
    keyring: str
    recovery: str
    spool: str
    counter: int

    def ends(self, mode: str) -> datetime:
        """When it ends for a vault of `mode`: one that was given for two halves is worth half with one."""
        if self.vault == MODE_KEYRING and mode != MODE_KEYRING:
            return self.not_before + (self.not_after - self.not_before) / 2
        return self.not_after


def opened(signed: Signed, purpose: str, pinned: str) -> dict[str, Any]:
    """The document, if `pinned` signed it for `purpose`. PassRefused `forged` otherwise."""
    message = f"{purpose}|{signed.doc}".encode("utf-8", "surrogatepass")
    if signed.key != pinned or not seal.verify(pinned, message, signed.sig):
        raise PassRefused("forged")
    try:
        document = json.loads(signed.doc)
    except ValueError:
        raise PassRefused("forged") from None
    if not isinstance(document, dict):
        raise PassRefused("forged")
    return document


def read(signed: Signed, pinned: str) -> Pass:
    """The pass of a signed document. PassRefused `forged` for anything else."""
    document = opened(signed, PURPOSE, pinned)
    try:
        policy = document["policy"]
        return Pass(
            user=str(document["user"]),
            device=str(document["device"]),
            not_before=clock.parse(document["not_before"]),
            not_after=clock.parse(document["not_after"]),
            vault=str(policy.get("vault", "")),
            keyring=str(policy.get("keyring", "")),
            recovery=str(policy.get("recovery", "")),
            spool=str(policy.get("spool", "")),
            counter=int(document["counter"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise PassRefused("forged") from None


def judge(
    given: Pass, *, person: str, device: str, mode: str, now: datetime, latest: datetime | None, highest: int
) -> datetime:
    """Until when this laptop may be open. `now`: the device's time corrected by the last offset to central's;
    `latest`: the highest time ever stored here; `highest`: the highest counter ever seen. Raises PassRefused."""
    if given.user != person or given.device != device:
        raise PassRefused("foreign")
    if given.counter < highest:
        raise PassRefused("older")
    if latest is not None and now < latest - SLACK:
        raise PassRefused("clock", seen=clock.iso(latest))
    if now < given.not_before - SLACK:
        raise PassRefused("early")
    ends = given.ends(mode)
    if now >= ends:
        raise PassRefused("over", until=clock.iso(ends))
    return ends
