"""Central's master key: 32 bytes in a file of its own, never in the database or its backups.

It seals one-time-code seeds and derives the successors of refresh tokens. Losing it means enrolling everybody again.
"""

import hashlib
import hmac
import os
import stat
from pathlib import Path

from .. import escrow
from ..errors import UsageError

VARIABLE = "MSC_CENTRAL_KEY_FILE"
SIZE = 32


class MasterKey:
    """The key in memory; each use has a key of its own (HMAC-SHA256 over the use's name)."""

    def __init__(self, raw: bytes) -> None:
        if len(raw) != SIZE:
            raise ValueError(f"a master key has {SIZE} bytes, not {len(raw)}")
        self._raw = raw

    def derive(self, use: str, data: bytes = b"") -> bytes:
        """32 bytes for `use` and `data`: the same every time, of no help in finding another's."""
        return hmac.new(self._raw, use.encode() + b"|" + data, hashlib.sha256).digest()

    @property
    def seeds(self) -> bytes:
        """The key that seals one-time-code seeds."""
        return self.derive("seeds")

    @property
    def spool(self) -> str:
        """The age identity to which laptops seal unsent acts at a sign-out."""
        return escrow.identity_of(self.derive("spool"))


def path_for(url: str) -> Path:
    """Where the key of the central at `url` lies: `MSC_CENTRAL_KEY_FILE`, else beside the SQLite file."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    prefix = "sqlite:///"
    if url.startswith(prefix):
        return Path(url.removeprefix(prefix) + ".key")
    raise UsageError("key_file_needed", variable=VARIABLE)


def refuse_shared(path: Path) -> None:
    """UsageError when a key file is missing or others than its owner may read it; Windows has access lists instead."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise UsageError("key_file_missing", path=str(path)) from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise UsageError("key_file_readable_by_others", path=str(path))


def load(path: Path) -> MasterKey:
    """Reads the key. Raises UsageError when it is missing, damaged or readable by other users."""
    refuse_shared(path)
    try:
        return MasterKey(bytes.fromhex(path.read_bytes().decode("ascii").strip()))
    except ValueError:
        raise UsageError("key_file_damaged", path=str(path)) from None


def create(path: Path) -> MasterKey:
    """Makes the key file (0600). An existing one is never overwritten: it is loaded."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = os.urandom(SIZE)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return load(path)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(raw.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return MasterKey(raw)
