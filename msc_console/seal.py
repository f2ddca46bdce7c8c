"""How an op is sealed: canonical JSON, body hash, chain and Ed25519 signature. Client and central share these rules.

An envelope here is a plain dict, `msgspec.to_builtins` of `sync.wire.Envelope` or what its JSON parses to.

- Signed are all its fields but `sig`, `salt`, `args` and `before`; `body` stands for the last three, so that erasure
  can delete them and every signature still verifies.
- A field that has its default counts as absent (`OPTIONAL`, `OPTIONAL_BASIS`): to write it out or to leave it out
  gives the same bytes. A field that this version doesn't know is covered, never skipped.
- Everything is hex in lower case. No float is ever signed (RFC 8785 leaves its text to ECMAScript).

`cryptography`, `rfc8785` and `msgspec` are imported when first used: none is needed before a console's first row.
Nearly every document is plain (`_plain`), and of those msgspec writes the same bytes as rfc8785, many times faster.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader keeps exact (RFC 8785, RFC 7493)."""
MAX_DEPTH = 32
"""Deepest nesting of a signed document; deeper ones are an attack on the stack, not an op."""
UNSIGNED = frozenset({"sig", "salt", "args", "before"})
OPTIONAL: Mapping[str, Any] = {"deps": [], "cause": None, "seen_at": None}
OPTIONAL_BASIS: Mapping[str, Any] = {"ver": 0, "epoch": 0, "claim": None}
SALT = re.compile(r"[0-9a-f]{32}")
SIGNATURE = re.compile(r"[0-9a-f]{128}")
PUBLIC_KEY = re.compile(r"[0-9a-f]{64}")


def canonical(value: Any) -> bytes:
    """`value` as RFC 8785 bytes. ValueError for what can't be signed; it names the place, never the content."""
    if _plain(value, 0):
        return _encoder()(value)
    import rfc8785

    _check(value, "$", 0)
    return rfc8785.dumps(value)


@cache
def _encoder() -> Callable[[Any], bytes]:
    import msgspec

    return msgspec.json.Encoder(order="sorted").encode


def _plain(value: Any, depth: int) -> bool:
    """Whether nothing about `value` needs a closer look: exact types, ASCII keys (whose order by bytes is that by
    UTF-16 units, too), sound text and integers."""
    kind = type(value)
    if kind is str:
        return bool(value.isascii() or _encodable(value))
    if kind is int:
        return bool(-MAX_INTEGER <= value <= MAX_INTEGER)
    if value is None or kind is bool:
        return True
    if depth >= MAX_DEPTH:
        return False
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                return False
            if not (type(item) is str and item.isascii()) and not _plain(item, depth + 1):
                return False
        return True
    return kind in (list, tuple) and all(_plain(item, depth + 1) for item in value)


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _check(value: Any, place: str, depth: int) -> None:
    """Refuse what JSON readers disagree about: floats, big integers, lone surrogates, keys that are no text."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} at {place}")
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        _check_text(value, place)
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise ValueError(f"integer beyond 2^53 at {place}")
    elif isinstance(value, float):
        raise ValueError(f"float at {place}")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"key that is no text at {place}")
            _check_text(key, place)
            _check(item, f"{place}.{key if key.isidentifier() else '?'}", depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _check(item, f"{place}[{index}]", depth + 1)
    else:
        raise ValueError(f"{type(value).__name__} at {place}")


def _check_text(text: str, place: str) -> None:
    if not _encodable(text):
        raise ValueError(f"lone surrogate at {place}")


def new_salt() -> str:
    """128 random bits: without them a short body could be guessed from its hash after erasure."""
    return secrets.token_hex(16)


def body_hash(salt: str, args: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """SHA-256 over the 16 bytes of `salt` and canonical `{"args": ..., "before": ...}`, as hex.

    ValueError when `salt` isn't 32 lower-case hex digits or the body isn't canonical.
    """
    if not SALT.fullmatch(salt):
        raise ValueError("salt is not 32 hex digits")
    body = canonical({"args": dict(args), "before": dict(before)})
    return hashlib.sha256(bytes.fromhex(salt) + body).hexdigest()


def _present(document: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """`document` without the fields that hold their default (of the same type: `False` is not 0)."""
    return {
        name: value
        for name, value in document.items()
        if name not in defaults or type(value) is not type(defaults[name]) or value != defaults[name]
    }


def signed_bytes(envelope: Mapping[str, Any]) -> bytes:
    """What the device signs. ValueError when a value can't be canonical."""
    covered = _present(envelope, OPTIONAL)
    basis = covered.get("basis")
    if isinstance(basis, Mapping):
        covered["basis"] = _present(basis, OPTIONAL_BASIS)
    return canonical({name: value for name, value in covered.items() if name not in UNSIGNED})


def link(envelope: Mapping[str, Any]) -> str:
    """The chain hash of a sealed op, which the next one of the same device and incarnation carries as `prev`."""
    return link_of(signed_bytes(envelope), envelope["sig"])


def link_of(signed: bytes, signature: Any) -> str:
    """`link` from an op's signed bytes. ValueError for a signature that isn't 128 hex digits."""
    if not isinstance(signature, str) or not SIGNATURE.fullmatch(signature):
        raise ValueError("signature is not 128 hex digits")
    return hashlib.sha256(signed + bytes.fromhex(signature)).hexdigest()


def new_device_key() -> tuple[bytes, str]:
    """A new Ed25519 pair: 32 private bytes and the public key as hex."""
    private = secrets.token_bytes(32)
    return private, public_key(private)


def public_key(private: bytes) -> str:
    """The public half of a device key, as hex."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw().hex()


def sign(private: bytes, message: bytes) -> str:
    """Ed25519 signature (RFC 8032) of `message`, as hex."""
    return signing(private)(message)


def signing(private: bytes) -> Callable[[bytes], str]:
    """`sign` for many messages: the key is set up once."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(private)
    return lambda message: key.sign(message).hex()


def verify(public_hex: str, message: bytes, sig_hex: str) -> bool:
    """True when `sig_hex` signs `message` under `public_hex`; False for all else, malformed hex included."""
    from cryptography.exceptions import InvalidSignature

    if not PUBLIC_KEY.fullmatch(public_hex) or not SIGNATURE.fullmatch(sig_hex):
        return False
    try:
        _public(public_hex).verify(bytes.fromhex(sig_hex), message)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=1024)
def _public(public_hex: str) -> "Ed25519PublicKey":
    """ValueError for what is no key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_hex))
