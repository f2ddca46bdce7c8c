"""Whether a sealed op is what it says: its shape, its place in the device's chain, its body hash and signature.

Design, sync 3: counter and link are gapless per device and incarnation; the chain advances with every op that stands
in its place, whatever its answer, so that a refused op never blocks the work behind it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .. import clock, seal
from ..domain.commands import Basis, Command
from ..sync.wire import Envelope
from ..sync.wire_envelopes import Newer, document
from ..text import clean

TEXTS = frozenset({"body", "solution", "outcome"})
"""Arguments that may hold several lines; every other text is one line."""
DEPS_MAX = 50

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_WORD = re.compile(r"[\x21-\x7e]{1,200}")
_HASH = re.compile(r"[0-9a-f]{64}")


class Place(Enum):
    """Where an op stands in the chain as central knows it."""

    NEXT = "next"
    OLD = "old"
    GAP = "gap"
    FORKED = "forked"


@dataclass(slots=True)
class Chain:
    """The end of a device's chain. `former` are incarnations that an op has come from before."""

    inc: str | None
    counter: int
    link: str
    former: frozenset[str] = frozenset()

    def place(self, envelope: Envelope) -> Place:
        """A new incarnation (a cloned or restored laptop got itself one) starts its own chain at 1."""
        if envelope.inc != self.inc:
            if envelope.inc in self.former:
                return Place.FORKED
            if envelope.counter == 1 and envelope.prev == "":
                return Place.NEXT
            return Place.GAP
        if envelope.counter > self.counter + 1:
            return Place.GAP
        if envelope.counter <= self.counter:
            return Place.OLD
        return Place.NEXT if envelope.prev == self.link else Place.FORKED

    def expected(self, envelope: Envelope) -> int:
        """The counter that central waits for in the op's incarnation."""
        return self.counter + 1 if envelope.inc == self.inc else 1

    def advance(self, envelope: Envelope, link: str | None) -> None:
        """The op took its place. One whose link can't be computed leaves the chain where it is."""
        if link is None:
            return
        if self.inc is not None and envelope.inc != self.inc:
            self.former |= {self.inc}
        self.inc, self.counter, self.link = envelope.inc, envelope.counter, link


def signed_of(envelope: Envelope) -> bytes | None:
    """What the device signed; None for an envelope that has no canonical form."""
    try:
        return seal.signed_bytes(document(envelope))
    except ValueError:
        return None


def link_of(envelope: Envelope, signed: bytes | None) -> str | None:
    """What the next op of the chain has to bear as `prev`; None for an envelope that has none."""
    try:
        return None if signed is None else seal.link_of(signed, envelope.sig)
    except ValueError:
        return None


def malformed(envelope: Envelope) -> bool:
    """Whether a field holds what can't be stored or compared; a client of ours never sends such an op."""
    ids = (envelope.op, envelope.target, *envelope.deps, *filter(None, (envelope.basis.claim, envelope.cause)))
    words = (envelope.device, envelope.inc, envelope.actor, envelope.kind)
    numbers = (envelope.counter, envelope.kv, envelope.basis.ver, envelope.basis.epoch)
    return (
        len(envelope.deps) > DEPS_MAX
        or not all(_ID.fullmatch(value) for value in ids)
        or not all(_WORD.fullmatch(value) for value in words)
        or not all(0 <= value <= seal.MAX_INTEGER for value in numbers)
        or not (_HASH.fullmatch(envelope.body) and (envelope.prev == "" or _HASH.fullmatch(envelope.prev)))
        or not (seal.SALT.fullmatch(envelope.salt) and seal.SIGNATURE.fullmatch(envelope.sig))
        or not _times(envelope)
        or (isinstance(envelope, Newer) and signed_of(envelope) is None)
    )


def _times(envelope: Envelope) -> bool:
    try:
        clock.parse(envelope.made_at)
        if envelope.seen_at is not None:
            clock.parse(envelope.seen_at)
    except (ValueError, OverflowError):
        return False
    return True


def sealed_by(envelope: Envelope, signed: bytes | None, public_key: str) -> bool:
    """Whether the body is the one that was hashed and the envelope the one that the device signed."""
    if signed is None or not same_body(envelope, envelope.args, envelope.before):
        return False
    return seal.verify(public_key, signed, envelope.sig)


def same_body(envelope: Envelope, args: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether an op holds a body known from before under another salt: it was sealed again, not reused."""
    try:
        return seal.body_hash(envelope.salt, args, before) == envelope.body
    except ValueError:
        return False


def command_of(envelope: Envelope) -> Command:
    """The command that an envelope carries, its texts made harmless."""
    return Command(
        id=envelope.op,
        kind=envelope.kind,
        version=envelope.kv,
        actor=envelope.actor,
        target=envelope.target,
        basis=Basis(ver=envelope.basis.ver, epoch=envelope.basis.epoch, claim=envelope.basis.claim),
        before=envelope.before,
        args=_cleaned(envelope.args),
        deps=tuple(envelope.deps),
        cause=envelope.cause,
        made_at=clock.parse(envelope.made_at),
        seen_at=clock.parse(envelope.seen_at) if envelope.seen_at is not None else None,
    )


def _cleaned(value: Any, name: str = "") -> Any:
    if isinstance(value, str):
        return clean(value, line=name not in TEXTS)
    if isinstance(value, Mapping):
        return {clean(str(key), line=True): _cleaned(item, str(key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleaned(item, name) for item in value]
    return value
