"""Nonces of sign-ins: made without being kept, so that every worker knows those of the others.

A nonce is the time and 16 random bytes under a MAC of the master key, good for two minutes. Replaying one brings
nothing without the password and an unused one-time code.
"""

import base64
import hmac
import re
import secrets
from datetime import datetime, timedelta

from ..clock import to_ms
from .masterkey import MasterKey

GOOD_FOR = timedelta(minutes=2)
_TIME, _RANDOM, _MAC = 8, 16, 16
_SHAPE = re.compile(r"[A-Za-z0-9_-]{54}", re.ASCII)


def new(key: MasterKey, now: datetime) -> str:
    """One that is good from `now` on."""
    told = to_ms(now).to_bytes(_TIME, "big") + secrets.token_bytes(_RANDOM)
    return base64.urlsafe_b64encode(told + _mac(key, told)).rstrip(b"=").decode()


def good(key: MasterKey, nonce: str, now: datetime) -> bool:
    """Whether this central made it within the last two minutes."""
    if not _SHAPE.fullmatch(nonce):
        return False
    raw = base64.urlsafe_b64decode(nonce + "==")
    told, mac = raw[: _TIME + _RANDOM], raw[_TIME + _RANDOM :]
    if not hmac.compare_digest(mac, _mac(key, told)):
        return False
    age = to_ms(now) - int.from_bytes(told[:_TIME], "big")
    return 0 <= age <= GOOD_FOR // timedelta(milliseconds=1)


def _mac(key: MasterKey, told: bytes) -> bytes:
    return key.derive("sign-in-nonce", told)[:_MAC]
