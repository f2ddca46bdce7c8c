"""The vault: one small file that holds a person's keys on this laptop, opened by the password.

Layout: a header (one line of JSON), 12 bytes nonce, ChaCha20-Poly1305 sealed payload with the header line as
associated data, SHA-256 of all before. Key: HKDF-SHA256(argon2id(password, salt) || keyring secret, info = header).
No hash of the password is stored: a wrong one is a failed tag. The checksum is there to tell damage from a wrong
password without asking for one; it protects nothing, an edited header with a new checksum still fails the tag.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import clock
from . import files
from .errors import VaultDamaged, VaultMissing, VaultWeak, WrongPassword
from .kdf import KEY_BYTES, NAME, Kdf, KdfPolicy
from .kdf import policy as current_policy

MAGIC = "msc-vault"
VERSION = 1
MODE_PASSWORD = "password"
SALT_BYTES = 16
NONCE_BYTES = 12
CHECKSUM_BYTES = 32
MAX_BYTES = 64 * 1024
"""A vault is a few hundred bytes; anything bigger is another file."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a vault holds. Never printed: the keys stay out of `repr`.

    `data_key`: 32 bytes, opens the cache. `device_key`: 32 private Ed25519 bytes. `device`: the id central gave to
    (this laptop, this person); `code`: its three letters, the prefix of aliases; `person`: the person's id.
    """

    data_key: bytes = field(repr=False)
    device_key: bytes = field(repr=False)
    device: str
    code: str
    person: str


@dataclass(frozen=True, slots=True)
class _Header:
    """The readable first line. `raw` is what stands in the file, byte by byte."""

    raw: bytes
    salt: bytes
    kdf: Kdf
    login: str
    created: str


def create_vault(
    path: Path, login: str, password: str, secret: Secrets, now: datetime, policy: KdfPolicy | None = None
) -> None:
    """Write a new vault of `login` at `path` (atomically, readable by this user alone), replacing any there."""
    policy = policy or current_policy()
    _write(path, login, clock.iso(now), password, secret, policy.kdf)


def open_vault(path: Path, login: str, password: str, policy: KdfPolicy | None = None) -> Secrets:
    """The secrets of `login`'s vault. Takes most of a second and 256 MiB at production cost.

    Raises VaultMissing, VaultDamaged (also: another person's vault), VaultWeak, WrongPassword.
    """
    header, sealed = _read(path, login, policy or current_policy())
    return _unseal(header, sealed, password)


def rewrap(
    path: Path,
    login: str,
    old: str,
    new: str,
    secret: Secrets | None = None,
    policy: KdfPolicy | None = None,
) -> Secrets:
    """Write the vault again under the password `new`, with the secrets it held or with `secret`; returns them.

    The data key stays, so the cache isn't touched. Raises what `open_vault` raises; then the file is unchanged.
    """
    policy = policy or current_policy()
    header, sealed = _read(path, login, policy)
    held = _unseal(header, sealed, old)
    _write(path, login, header.created, new, secret or held, policy.for_rewrap(header.kdf))
    return secret or held


def _write(path: Path, login: str, created: str, password: str, secret: Secrets, kdf: Kdf) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    salt = secrets.token_bytes(SALT_BYTES)
    document = {
        "magic": MAGIC,
        "version": VERSION,
        "mode": MODE_PASSWORD,
        "kdf": kdf.document(),
        "salt": salt.hex(),
        "person": login,
        "created": created,
    }
    raw = json.dumps(document, separators=(",", ":")).encode("ascii")
    payload = json.dumps(
        {
            "data_key": secret.data_key.hex(),
            "device_key": secret.device_key.hex(),
            "device": secret.device,
            "code": secret.code,
            "person": secret.person,
        }
    ).encode("ascii")
    nonce = secrets.token_bytes(NONCE_BYTES)
    key = _key(_Header(raw, salt, kdf, login, created), password)
    body = raw + b"\n" + nonce + ChaCha20Poly1305(key).encrypt(nonce, payload, raw)
    files.write_private(path, body + hashlib.sha256(body).digest())


def _key(header: _Header, password: str, keyring_secret: bytes = b"") -> bytes:
    """The key of the payload. Without a keyring `keyring_secret` is empty."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    material = header.kdf.derive(password, header.salt) + keyring_secret
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=header.raw).derive(material)


def _read(path: Path, login: str, policy: KdfPolicy) -> tuple[_Header, bytes]:
    """Header and sealed part (nonce and ciphertext), after every check that needs no password."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise VaultMissing from None
    raw, newline, rest = content[:-CHECKSUM_BYTES].partition(b"\n")
    if not newline or len(content) > MAX_BYTES:
        raise VaultDamaged("format")
    document = _document(raw)
    if hashlib.sha256(content[:-CHECKSUM_BYTES]).digest() != content[-CHECKSUM_BYTES:]:
        raise VaultDamaged("checksum")
    header = _header(raw, document)
    if header.login != login:
        raise VaultDamaged("person")
    if not header.kdf.covers(policy.kdf):
        raise VaultWeak(policy.name)
    if not policy.most.covers(header.kdf):
        raise VaultDamaged("kdf")
    return header, rest


def _document(raw: bytes) -> dict[str, Any]:
    """The header's JSON, known to be a vault's and of a version this code reads."""
    try:
        document = json.loads(raw)
    except ValueError:
        raise VaultDamaged("format") from None
    if not isinstance(document, dict) or document.get("magic") != MAGIC:
        raise VaultDamaged("format")
    if document.get("version") != VERSION:
        raise VaultDamaged("version")
    if document.get("mode") != MODE_PASSWORD:
        raise VaultDamaged("mode")
    return document


def _header(raw: bytes, document: dict[str, Any]) -> _Header:
    try:
        given = document["kdf"]
        salt, login, created = bytes.fromhex(document["salt"]), document["person"], document["created"]
        numbers = [given["memory_kib"], given["time"], given["parallelism"]]
    except (KeyError, TypeError, ValueError):
        raise VaultDamaged("format") from None
    if given.get("name") != NAME or not all(type(number) is int and number > 0 for number in numbers):
        raise VaultDamaged("kdf")
    if len(salt) != SALT_BYTES or not isinstance(login, str) or not isinstance(created, str):
        raise VaultDamaged("format")
    return _Header(raw, salt, Kdf(*numbers), login, created)


def _unseal(header: _Header, sealed: bytes, password: str) -> Secrets:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        payload = ChaCha20Poly1305(_key(header, password)).decrypt(nonce, text, header.raw)
    except InvalidTag:
        raise WrongPassword from None
    except ValueError:
        raise VaultDamaged("format") from None
    try:
        held = json.loads(payload)
        data_key, device_key = bytes.fromhex(held["data_key"]), bytes.fromhex(held["device_key"])
        secret = Secrets(data_key, device_key, str(held["device"]), str(held["code"]), str(held["person"]))
    except (KeyError, TypeError, ValueError):
        raise VaultDamaged("payload") from None
    if len(data_key) != KEY_BYTES or len(device_key) != KEY_BYTES:
        raise VaultDamaged("payload")
    return secret


def new_data_key() -> bytes:
    """32 random bytes for a new cache."""
    return secrets.token_bytes(KEY_BYTES)


def mode_of(path: Path) -> str | None:
    """How this vault is locked, as its header says: `password` alone protects it. None when it can't be read."""
    try:
        with path.open("rb") as file:
            raw = file.readline(MAX_BYTES).removesuffix(b"\n")
        return str(_document(raw)["mode"])
    except (OSError, VaultDamaged):
        return None


def vault_exists(path: Path) -> bool:
    """True when this person has signed in here before."""
    return path.exists()
