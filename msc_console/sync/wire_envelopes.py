"""Ops of a newer version: what this one does not know of an envelope is kept beside what it knows (P-043).

The signature covers such fields and whoever verifies the op again needs them, so they are stored and sent on as they
came. Nobody here acts by them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import field

from .wire import Basis, Envelope

_KNOWN = frozenset(Envelope.__struct_fields__)
_KNOWN_BASIS = frozenset(Basis.__struct_fields__)


class Newer(Envelope, frozen=True):
    """An op with fields that this version does not know. `whole`: the op as it came, never part of a message."""

    whole: dict[str, Any] = field(default_factory=dict)


class _Ops(msgspec.Struct):
    ops: list[dict[str, Any]]


def read(document: dict[str, Any]) -> Envelope:
    """An op from its JSON object. msgspec's ValidationError for what is none."""
    envelope = msgspec.convert(document, Envelope)
    if _known(document):
        return envelope
    fields = {name: getattr(envelope, name) for name in Envelope.__struct_fields__}
    return Newer(**fields, whole=document)


def completed(ops: list[Envelope], push: bytes) -> list[Envelope]:
    """`ops` as they were decoded from the JSON of a `Push`, with what that left out of those of a newer version."""
    documents = msgspec.json.decode(push, type=_Ops).ops
    return ops if all(map(_known, documents)) else [read(document) for document in documents]


def document(envelope: Envelope) -> dict[str, Any]:
    """The JSON object of an op, with all that came in it. Not to be changed."""
    if isinstance(envelope, Newer):
        return envelope.whole
    return msgspec.to_builtins(envelope)  # type: ignore[no-any-return]


def encoded(device: str, ops: Iterable[Envelope]) -> bytes:
    """The JSON of a `Push`."""
    plain = [op.whole if isinstance(op, Newer) else op for op in ops]
    return msgspec.json.encode({"device": device, "ops": plain})


def _known(document: Mapping[str, Any]) -> bool:
    return document.keys() <= _KNOWN and document["basis"].keys() <= _KNOWN_BASIS
