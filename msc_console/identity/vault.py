"""The vault: one small file that holds a person's keys on this laptop.

Mode `password`: the password alone opens it. Mode `keyring`: a secret of the system's keyring is needed as well, so
that a copy of the disk is of no use (the idea is 1Password's two-secret key derivation).

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
from .errors import VaultDamaged, VaultLocked, VaultMissing, VaultWeak, WrongPassword
from .kdf import KEY_BYTES, NAME, Kdf, KdfPolicy
from .kdf import policy as current_policy

MAGIC = "msc-vault"
VERSION = 1
MODE_PASSWORD = "password"
MODE_KEYRING = "keyring"
MODES = (MODE_PASSWORD, MODE_KEYRING)
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
    former_key: bytes = field(default=b"", repr=False)
    """The cache's key of before, while a change of it is under way: the cache opens with one of the two."""


@dataclass(frozen=True, slots=True)
class _Header:
    """The readable first line. `raw` is what stands in the file, byte by byte."""

    raw: bytes
    salt: bytes
    kdf: Kdf
    login: str
    created: str
    mode: str


def create_vault(
    path: Path,
    login: str,
    password: str,
    secret: Secrets,
    now: datetime,
    policy: KdfPolicy | None = None,
    keyring_secret: bytes = b"",
) -> None:
    """Write a new vault of `login` at `path` (atomically, readable by this user alone), replacing any there.

    With `keyring_secret` (32 bytes) its mode is `keyring`, else `password`.
    """
    kdf = (policy or current_policy()).least(keyring=bool(keyring_secret))
    _write(path, login, clock.iso(now), password, secret, kdf, keyring_secret)


def open_vault(
    path: Path, login: str, password: str, policy: KdfPolicy | None = None, keyring_secret: bytes = b""
) -> Secrets:
    """The secrets of `login`'s vault; `keyring_secret` is used where its mode asks for one. Takes most of a second and
    256 MiB at production cost in mode `password`, a fourth of that with the keyring.

    Raises VaultMissing, VaultDamaged (also: another person's vault), VaultWeak, VaultLocked (no keyring secret was
    given where one is needed), WrongPassword.
    """
    header, sealed = _read(path, login, policy or current_policy())
    return _unseal(header, sealed, password, keyring_secret)


def check_vault(path: Path, login: str, policy: KdfPolicy | None = None) -> str:
    """The mode of `login`'s vault, after every check that needs no password. Raises as `open_vault`."""
    return _read(path, login, policy or current_policy())[0].mode


def rewrap(
    path: Path,
    login: str,
    old: str,
    new: str,
    secret: Secrets | None = None,
    policy: KdfPolicy | None = None,
    keyring_secret: bytes = b"",
    new_keyring_secret: bytes | None = None,
) -> Secrets:
    """Write the vault again under the password `new`, with the secrets it held or with `secret`; returns them.

    `keyring_secret` opens it now, `new_keyring_secret` is what opens it from now on: None = the same, empty = the
    password alone. The data key stays, so the cache isn't touched. Raises what `open_vault` raises; then the file is
    unchanged.
    """
    policy = policy or current_policy()
    header, sealed = _read(path, login, policy)
    held = _unseal(header, sealed, old, keyring_secret)
    kept = keyring_secret if header.mode == MODE_KEYRING else b""
    after = kept if new_keyring_secret is None else new_keyring_secret
    same = bool(after) == bool(kept)
    least = policy.least(keyring=bool(after))
    kdf = policy.for_rewrap(header.kdf, keyring=bool(after)) if same else least
    _write(path, login, header.created, new, secret or held, kdf, after)
    return secret or held


def _write(
    path: Path, login: str, created: str, password: str, secret: Secrets, kdf: Kdf, keyring_secret: bytes
) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    salt = secrets.token_bytes(SALT_BYTES)
    mode = MODE_KEYRING if keyring_secret else MODE_PASSWORD
    document = {
        "magic": MAGIC,
        "version": VERSION,
        "mode": mode,
        "kdf": kdf.document(),
        "salt": salt.hex(),
        "person": login,
        "created": created,
    }
    raw = json.dumps(document, separators=(",", ":")).encode("ascii")
    held = {
        "data_key": secret.data_key.hex(),
        "device_key": secret.device_key.hex(),
        "device": secret.device,
        "code": secret.code,
        "person": secret.person,
    }
    if secret.former_key:
        held["former_key"] = secret.former_key.hex()
    payload = json.dumps(held).encode("ascii")
    nonce = secrets.token_bytes(NONCE_BYTES)
    key = _key(_Header(raw, salt, kdf, login, created, mode), password, keyring_secret)
    body = raw + b"\n" + nonce + ChaCha20Poly1305(key).encrypt(nonce, payload, raw)
    files.write_private(path, body + hashlib.sha256(body).digest())


def _key(header: _Header, password: str, keyring_secret: bytes) -> bytes:
    """The key of the payload. `keyring_secret` is empty in mode `password`."""
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
    if not header.kdf.covers(policy.least(keyring=header.mode == MODE_KEYRING)):
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
    if document.get("mode") not in MODES:
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
    return _Header(raw, salt, Kdf(*numbers), login, created, document["mode"])


def _unseal(header: _Header, sealed: bytes, password: str, keyring_secret: bytes) -> Secrets:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    if header.mode == MODE_KEYRING and not keyring_secret:
        raise VaultLocked
    nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    half = keyring_secret if header.mode == MODE_KEYRING else b""
    try:
        payload = ChaCha20Poly1305(_key(header, password, half)).decrypt(nonce, text, header.raw)
    except InvalidTag:
        raise WrongPassword from None
    except ValueError:
        raise VaultDamaged("format") from None
    try:
        held = json.loads(payload)
        data_key, device_key = bytes.fromhex(held["data_key"]), bytes.fromhex(held["device_key"])
        former = bytes.fromhex(held.get("former_key", ""))
        secret = Secrets(data_key, device_key, str(held["device"]), str(held["code"]), str(held["person"]), former)
    except (KeyError, TypeError, ValueError):
        raise VaultDamaged("payload") from None
    if len(data_key) != KEY_BYTES or len(device_key) != KEY_BYTES or len(former) not in (0, KEY_BYTES):
        raise VaultDamaged("payload")
    return secret


def new_data_key() -> bytes:
    """32 random bytes for a new cache."""
    return secrets.token_bytes(KEY_BYTES)


def mode_of(path: Path) -> str | None:
    """How this vault is locked, as its header says: `password` or `keyring`. None when it can't be read."""
    try:
        with path.open("rb") as file:
            raw = file.readline(MAX_BYTES).removesuffix(b"\n")
        return str(_document(raw)["mode"])
    except (OSError, VaultDamaged):
        return None


def vault_exists(path: Path) -> bool:
    """True when this person has signed in here before."""
    return path.exists()
