"""The organisation's recovery key: what is sealed to it on laptops is opened by two people together at central.

The key is an age X25519 identity (C2SP age). Its secret is never kept: at its making it is split by XOR with a random
pad into two halves, of which each alone is random bits and says nothing (a one-time pad; Shamir's scheme gives no more
for two of two). Whoever holds one half can do nothing; losing one half loses what was sealed.

`pyrage` is imported when first used. Central and laptops share this room; private keys are handed in, none is kept.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterable
from typing import Any

from .errors import UsageError

HALF = re.compile(r"msc-recovery-half-([12]) ([0-9a-f]{16}) ((?:[0-9a-f]{2}){40,120}) ([0-9a-f]{8})")
MOST_BYTES = 64 * 1024 * 1024
"""No sealed file is larger."""


def new_identity() -> tuple[str, str]:
    """(secret identity, public recipient), both age's own text."""
    from pyrage import x25519

    made = x25519.Identity.generate()
    return str(made), str(made.to_public())


def identity_of(raw: bytes) -> str:
    """The age identity whose X25519 secret is these 32 bytes: Bech32 (BIP 173) under `AGE-SECRET-KEY-`."""
    if len(raw) != 32:
        raise ValueError(f"an X25519 secret has 32 bytes, not {len(raw)}")
    bits = int.from_bytes(raw) << 4  # 256 bits and 4 of padding are 52 groups of 5
    groups = [(bits >> 5 * place) & 31 for place in reversed(range(52))]
    name = "age-secret-key-"
    spread = [ord(sign) >> 5 for sign in name] + [0] + [ord(sign) & 31 for sign in name]
    check = _polymod([*spread, *groups, *[0] * 6]) ^ 1
    groups += [(check >> 5 * place) & 31 for place in reversed(range(6))]
    return f"{name}1{''.join(_BECH32[group] for group in groups)}".upper()


_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def _polymod(values: Iterable[int]) -> int:
    """The checksum of BIP 173."""
    check = 1
    for value in values:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for place, part in enumerate(_GENERATOR):
            check ^= part if top >> place & 1 else 0
    return check


def public_of(identity: str) -> str:
    """The recipient of an identity. ValueError for a text that is none."""
    from pyrage import IdentityError, x25519

    try:
        return str(x25519.Identity.from_str(identity).to_public())
    except IdentityError:
        raise ValueError("not an age identity") from None


def is_recipient(text: str) -> bool:
    """Whether something can be sealed to `text`."""
    from pyrage import RecipientError, x25519

    try:
        x25519.Recipient.from_str(text)
    except RecipientError:
        return False
    return True


def seal_to(recipient: str, document: dict[str, Any]) -> bytes:
    """`document` as JSON, for the holder of the recipient's identity alone. ValueError for what is no recipient."""
    import pyrage

    if not is_recipient(recipient):
        raise ValueError("not an age recipient")
    sealed: bytes = pyrage.encrypt(json.dumps(document).encode("ascii"), [pyrage.x25519.Recipient.from_str(recipient)])
    return sealed


def unseal(identity: str, sealed: bytes) -> dict[str, Any]:
    """What `seal_to` sealed. UsageError `recovery_not_for_this_key` when it was for another, or was damaged."""
    import pyrage

    try:
        found = json.loads(pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(identity)]))
    except (pyrage.DecryptError, pyrage.IdentityError, ValueError):
        raise UsageError("recovery_not_for_this_key") from None
    if not isinstance(found, dict):
        raise UsageError("recovery_not_for_this_key")
    return found


def fingerprint(recipient: str) -> str:
    """16 hex digits by which people tell recovery keys apart."""
    return hashlib.sha256(recipient.encode()).hexdigest()[:16]


def split(identity: str) -> tuple[str, str]:
    """Two halves of an identity, each one line of text with a checksum against slips of the pen."""
    raw = identity.encode("ascii")
    pad = secrets.token_bytes(len(raw))
    name = fingerprint(public_of(identity))
    return _half(1, name, pad), _half(2, name, bytes(a ^ b for a, b in zip(raw, pad, strict=True)))


def _half(place: int, name: str, raw: bytes) -> str:
    line = f"msc-recovery-half-{place} {name} {raw.hex()}"
    return f"{line} {hashlib.sha256(line.encode()).hexdigest()[:8]}"


def join(one: str, other: str) -> str:
    """The identity of its two halves, in either order. UsageError `recovery_half_wrong` (`half`: the first or second
    given, or 0 when they don't belong together)."""
    found: dict[str, tuple[str, bytes]] = {}
    for place, text in enumerate((one, other), start=1):
        match = HALF.fullmatch(text.strip())
        if match is None or text.strip() != _half(int(match[1]), match[2], bytes.fromhex(match[3])):
            raise UsageError("recovery_half_wrong", half=place)
        found[match[1]] = (match[2], bytes.fromhex(match[3]))
    if len(found) != 2 or len({(name, len(raw)) for name, raw in found.values()}) != 1:
        raise UsageError("recovery_halves_unmatched")
    (name, pad), (_, rest) = found["1"], found["2"]
    identity = bytes(a ^ b for a, b in zip(pad, rest, strict=True)).decode("ascii", "replace")
    try:
        if fingerprint(public_of(identity)) == name:
            return identity
    except ValueError:
        pass
    raise UsageError("recovery_halves_unmatched")
