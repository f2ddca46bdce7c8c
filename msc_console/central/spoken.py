"""Codes that people copy from paper or hear on the telephone: base32 in groups of four, kept as SHA-256 alone.

They have 120 bits and more, so a plain hash is enough (OWASP ASVS 5.0, 6.5.2: from 112 bits).
"""

import base64
import hashlib
import secrets

_HEARD = str.maketrans("018", "OIB")
"""Digits that base32 lacks, for the letters that they are taken for."""
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def new(size: int) -> str:
    """A code of `size` random bytes."""
    text = base64.b32encode(secrets.token_bytes(size)).decode().rstrip("=")
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def digest(code: str, size: int) -> str | None:
    """How a code of `size` bytes lies in the database, however it was typed; None for what is none."""
    text = "".join(code.upper().translate(_HEARD).replace("-", " ").split())
    if len(text) != -(-size * 8 // 5) or not _LETTERS.issuperset(text):
        return None
    return hashlib.sha256(text.encode()).hexdigest()
