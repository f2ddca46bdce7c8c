"""One-time codes (RFC 6238: SHA-1, 6 digits, 30 s) and their seeds, sealed under a key outside the database."""

import base64
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from datetime import datetime

from ..clock import to_ms

STEP_MS = 30_000
DRIFT = 1
"""Steps before and after the server's own that are good (RFC 6238 5.2 advises at most one)."""
FAR = 10
"""Steps within which a code tells that a telephone's clock is off."""
SEED_BYTES = 20

_CODE = re.compile(r"[0-9]{6}", re.ASCII)
_NONCE_BYTES = 12


def new_seed() -> str:
    """160 random bits in base32: what an authenticator app takes."""
    return base64.b32encode(secrets.token_bytes(SEED_BYTES)).decode()


def uri(seed: str, login: str, site: str) -> str:
    """The `otpauth://` text of the enrolment's QR code."""
    import pyotp

    return pyotp.TOTP(seed).provisioning_uri(name=login, issuer_name=site)


def matching_step(seed: str, code: str, now: datetime) -> int | None:
    """The time step that `code` is good for at `now` (server time), None when for none.

    Whether the step was used before is for the caller to judge, in one atomic statement.
    """
    here = step_at(now)
    return _found(seed, code, range(here - DRIFT, here + DRIFT + 1))


def step_within(seed: str, code: str, now: datetime, earlier: int) -> int | None:
    """As `matching_step`, for a code that may be up to `earlier` steps old."""
    here = step_at(now)
    return _found(seed, code, range(here - earlier, here + DRIFT + 1))


def far_step(seed: str, code: str, now: datetime) -> int | None:
    """The step that `code` is of when a telephone's clock is off: two to ten steps away, the nearest one."""
    here = step_at(now)
    away = range(DRIFT + 1, FAR + 1)
    return _found(seed, code, [step for steps in reversed(away) for step in (here + steps, here - steps)])


def step_at(now: datetime) -> int:
    """The time step of a moment."""
    return to_ms(now) // STEP_MS


def seconds_off(step: int, now: datetime) -> int:
    """How far a telephone's clock is off whose code is of `step`."""
    return abs(step - step_at(now)) * STEP_MS // 1000


def _found(seed: str, code: str, steps: Iterable[int]) -> int | None:
    """The last of `steps` that `code` is of; all are looked at."""
    import pyotp

    if not _CODE.fullmatch(code):
        return None
    totp = pyotp.TOTP(seed)
    found = None
    for step in steps:
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found


def seal_seed(key: bytes, person: str, seed: str) -> str:
    """The seed as it lies in the database: base64 of nonce and ChaCha20-Poly1305 box, bound to the person."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    nonce = os.urandom(_NONCE_BYTES)
    box = ChaCha20Poly1305(key).encrypt(nonce, seed.encode(), _context(person))
    return base64.b64encode(nonce + box).decode()


def open_seed(key: bytes, person: str, sealed: str) -> str:
    """The seed of a sealed one. Raises cryptography's InvalidTag for a wrong key or another person's seed."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    raw = base64.b64decode(sealed)
    return ChaCha20Poly1305(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _context(person)).decode()


def _context(person: str) -> bytes:
    return b"msc-totp-seed|" + person.encode()
