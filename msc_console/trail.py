"""The audit trail's chain and its checkpoints: the one place that both central and an auditor's laptop compute by.

Record `seq` (1, 2, 3 ...) carries SHA-256 over `msc-audit/v1|PREV|SEQ|RECORD`: the hash before it as 64 hex digits
(`BEGINNING` for the first), its number in decimal, and the record's canonical JSON (RFC 8785). An edited, missing or
reordered record breaks the chain where it stands. One that was cut short, or computed anew from some record on, holds
in itself; that is what checkpoints kept elsewhere are for.

A checkpoint is a signed note (C2SP signed-note, tlog-checkpoint): origin, number of records, base64 of the last hash,
then our extension lines `time ISO` and `prev HEX` (SHA-256 of the note before, so that a missing one shows).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import seal

DOMAIN = b"msc-audit/v1"
BEGINNING = hashlib.sha256(DOMAIN).hexdigest()
"""What stands before the first record."""
RESTORE = "central.restore"
"""The act that begins a restored trail; records that the backup did not hold are lost from there on."""

_SIGNED = re.compile(r"\u2014 (\S+) (\S+)")
_ED25519 = b"\x01"


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it is stored. `at`: UTC milliseconds; `data`: canonical JSON of ids, counts and field names."""

    seq: int
    at: int
    actor: str
    act: str
    data: str
    hash: str


def link(prev: str, seq: int, at: int, actor: str, act: str, data: str) -> str:
    """A record's hash. `data` is canonical JSON already, so the whole is put together without reading it again."""
    who, what = seal.canonical(actor), seal.canonical(act)
    record = b'{"act":%b,"actor":%b,"at":%d,"data":%b}' % (what, who, at, data.encode())
    return hashlib.sha256(b"%b|%b|%d|%b" % (DOMAIN, prev.encode(), seq, record)).hexdigest()


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong at a record, or at a checkpoint for so many records.

    `what`: edited, missing, truncated, rewritten, forged, checkpoint_missing, lost.
    """

    what: str
    seq: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A note that was signed: `size` records, the last with `root`."""

    origin: str
    size: int
    root: str
    at: str
    prev: str
    digest: str
    """SHA-256 of the note's text, which the next one names as `prev`."""


def key_name(site: str) -> str:
    """The name under which a site signs, and the origin of its checkpoints."""
    return f"msc-audit/{site}"


def verifier_key(name: str, public: str) -> str:
    """An Ed25519 key in the form that is handed to auditors: `NAME+HASH+KEY`."""
    raw = _ED25519 + bytes.fromhex(public)
    return f"{name}+{_key_hash(name, public).hex()}+{base64.b64encode(raw).decode()}"


def _key_hash(name: str, public: str) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + bytes.fromhex(public)).digest()[:4]


def read_verifier_key(told: str) -> tuple[str, str]:
    """(name, public key as hex) of a verifier key. ValueError when it is none, or its hash does not fit."""
    name, hashed, encoded = told.strip().split("+", 2)
    raw = base64.b64decode(encoded, validate=True)
    if raw[:1] != _ED25519 or len(raw) != 33 or _key_hash(name, raw[1:].hex()).hex() != hashed:
        raise ValueError("not a verifier key")
    return name, raw[1:].hex()


def checkpoint(name: str, private: bytes, size: int, root: str, at: str, prev: str) -> str:
    """A signed note. `prev` is the `digest` of the one before, empty for the first."""
    text = f"{name}\n{size}\n{base64.b64encode(bytes.fromhex(root)).decode()}\ntime {at}\nprev {prev or '-'}\n"
    signature = _key_hash(name, seal.public_key(private)) + bytes.fromhex(seal.sign(private, text.encode()))
    return f"{text}\n\u2014 {name} {base64.b64encode(signature).decode()}\n"


def digest(note: str) -> str:
    """What the checkpoint after this one names as `prev`."""
    return _sha256(_parts(note)[0])


def _parts(note: str) -> tuple[str, str]:
    """A note's text, with the line end that is signed, and its signatures."""
    text, _gap, signatures = note.partition("\n\n")
    return text + "\n", signatures


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read_checkpoint(note: str, public: str) -> Checkpoint | None:
    """A note whose signature holds under the key; None for any other text."""
    text, signatures = _parts(note)
    origin, *rest = text.split("\n")
    for line in signatures.splitlines():
        found = _SIGNED.fullmatch(line)
        if found and found[1] == origin and _holds(text, origin, found[2], public):
            return _read(origin, rest, text)
    return None


def _holds(text: str, name: str, encoded: str, public: str) -> bool:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    return raw[:4] == _key_hash(name, public) and seal.verify(public, text.encode(), raw[4:].hex())


def _read(origin: str, rest: list[str], text: str) -> Checkpoint | None:
    try:
        size, root, time, prev = rest[:4]
        told = base64.b64decode(root, validate=True).hex()
        return Checkpoint(
            origin, int(size), told, time.removeprefix("time "), prev.removeprefix("prev ").removeprefix("-"),
            _sha256(text),
        )  # fmt: skip
    except ValueError:
        return None


def notes(text: str) -> list[str]:
    """The notes of a file that holds one after the other."""
    found: list[str] = []
    pending: list[str] = []
    for line in text.splitlines():
        pending.append(line)
        if line.startswith("\u2014 "):
            found.append("\n".join(pending) + "\n")
            pending = []
        elif pending == [""]:
            pending = []
    return [*found, "\n".join(pending)] if any(pending) else found


@dataclass
class Check:
    """Goes through a trail record by record, then says what is wrong. `upto`: the number of records seen."""

    checkpoints: list[Checkpoint] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    restores: list[int] = field(default_factory=list)
    """Numbers of the records that say that the trail was restored from a backup."""
    upto: int = 0
    head: str = BEGINNING

    def __post_init__(self) -> None:
        self._wanted = {point.size for point in self.checkpoints}
        self._roots: dict[int, str] = {0: BEGINNING}

    @classmethod
    def against(cls, text: str, name: str, public: str) -> "Check":
        """A check that also compares with the checkpoints in `text`, signed by the key of that name."""
        points: list[Checkpoint] = []
        findings: list[Finding] = []
        for note in notes(text):
            point = read_checkpoint(note, public)
            if point is None or point.origin != name:
                findings.append(Finding("forged", points[-1].size if points else 0))
                continue
            if points and point.prev != points[-1].digest:
                findings.append(Finding("checkpoint_missing", point.size))
            points.append(point)
        return cls(points, findings)

    def take(self, records: Iterable[Record]) -> None:
        """The next records, in the order of their numbers."""
        for record in records:
            if record.seq != self.upto + 1:
                self.findings.append(Finding("missing", self.upto + 1))
            elif self._hash(record) != record.hash:
                self.findings.append(Finding("edited", record.seq))
            if record.act == RESTORE:
                self.restores.append(record.seq)
            self.upto, self.head = record.seq, record.hash
            if record.seq in self._wanted:
                self._roots[record.seq] = record.hash

    def _hash(self, record: Record) -> str:
        return link(self.head, record.seq, record.at, record.actor, record.act, record.data)

    def done(self) -> list[Finding]:
        """All that is wrong, once every record was taken. A checkpoint that a restore has made void is `lost`."""
        since = self.restores[0] if self.restores else None
        for point in self.checkpoints:
            if self._roots.get(point.size) == point.root:
                continue
            gone = "truncated" if point.size > self.upto else "rewritten"
            self.findings.append(Finding("lost" if since is not None and point.size >= since else gone, point.size))
        return self.findings


def as_document(record: Record) -> Mapping[str, Any]:
    """A record for scripts and exports; `data` stays the text that was hashed."""
    return {name: getattr(record, name) for name in Record.__slots__}
