"""The cache's key under the organisation's recovery key: how unsent work outlives a lost password or keyring.

At each sign-in and unlocking the data key is sealed to the recipient that central's signed pass names, into a file
beside the vault. The device key is not in it: nobody can act in this person's name. To open it two people take part:

1. The laptop writes a request: the sealed file and a one-time recipient of its own.
2. At central, with both halves of the recovery key, it is opened and sealed again, to that recipient.
3. The laptop opens the answer; the person signs in anew, with a new device key, over the old cache.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from .. import clock, escrow
from ..config import PersonHome
from ..errors import UsageError
from . import files
from .kdf import KEY_BYTES
from .vault import Secrets

ASK = "msc-recovery-ask"


@dataclass(frozen=True, slots=True)
class Recovered:
    """The cache's key, and the one of before where a change was under way."""

    data_key: bytes = field(repr=False)
    former_key: bytes = field(default=b"", repr=False)


def seal(people: PersonHome, login: str, secret: Secrets, recipient: str, now: datetime) -> bool:
    """Seal the keys of the cache to `recipient`, unless that is done already. False when there is no recipient."""
    if not recipient or not escrow.is_recipient(recipient):
        return False
    about = {"recipient": recipient, "keys": _mark(secret)}
    if sealed_to(people) == about:
        return True
    document = {
        "login": login,
        "person": secret.person,
        "device": secret.device,
        "made_at": clock.iso(now),
        "data_key": secret.data_key.hex(),
        "former_key": secret.former_key.hex(),
    }
    head = json.dumps(about).encode("ascii")
    files.write_private(people.recovery, head + b"\n" + escrow.seal_to(recipient, document))
    return True


def sealed_to(people: PersonHome) -> dict[str, str] | None:
    """`recipient` and `keys` (a mark of the sealed keys, of no help in finding them); None without a sealed file."""
    try:
        with people.recovery.open("rb") as file:
            found = json.loads(file.readline(4096))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def is_current(people: PersonHome, secret: Secrets, recipient: str) -> bool:
    """Whether what is sealed opens this very cache with today's recovery key."""
    return sealed_to(people) == {"recipient": recipient, "keys": _mark(secret)}


def _mark(secret: Secrets) -> str:
    return hashlib.sha256(b"msc-recovery|" + secret.data_key + secret.former_key).hexdigest()[:16]


def ask(people: PersonHome, login: str) -> bytes:
    """The request that goes to the holders of the recovery key. UsageError `recovery_not_sealed` when this laptop never
    sealed anything."""
    try:
        _, _, sealed = people.recovery.read_bytes().partition(b"\n")
    except FileNotFoundError:
        raise UsageError("recovery_not_sealed") from None
    identity, recipient = escrow.new_identity()
    files.write_private(_own(people), identity.encode("ascii"))
    asked = {"kind": ASK, "login": login, "to": recipient, "sealed": base64.b64encode(sealed).decode("ascii")}
    return json.dumps(asked).encode("ascii") + b"\n"


def answered(people: PersonHome, login: str, answer: bytes) -> Recovered:
    """The keys in an answer to this laptop's own request. UsageError `recovery_not_asked`, `recovery_not_for_this_key`,
    `recovery_other_person`."""
    try:
        identity = _own(people).read_text("ascii")
    except FileNotFoundError:
        raise UsageError("recovery_not_asked") from None
    found = escrow.unseal(identity, answer)
    if found.get("login") != login:
        raise UsageError("recovery_other_person", login=login)
    try:
        data, former = bytes.fromhex(found["data_key"]), bytes.fromhex(found["former_key"])
    except (KeyError, TypeError, ValueError):
        raise UsageError("recovery_not_for_this_key") from None
    if len(data) != KEY_BYTES or len(former) not in (0, KEY_BYTES):
        raise UsageError("recovery_not_for_this_key")
    return Recovered(data, former)


def finished(people: PersonHome) -> None:
    """Forget the one-time key: the answer is of no use from now on."""
    _own(people).unlink(missing_ok=True)


def _own(people: PersonHome) -> Path:
    return people.folder / "recovery.ask"
