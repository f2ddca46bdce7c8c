"""One request to central, before it is put into HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .wire import JSON

REPLY_CAP = 1024 * 1024
"""Most bytes of a reply, after decompression. Far above what central sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `expects`: content types that the reply may have, any where it is empty. `again`: a broken
    connection is tried once more at once; only where a repeat does no harm."""

    method: str
    path: str
    expects: str = JSON
    body: bytes | None = None
    token: str | None = None
    params: Mapping[str, str | int] = field(default_factory=dict)
    cap: int = REPLY_CAP
    wait: float = 0.0
    timeout: float | None = None
    again: bool = True
    packed: bool = False
